"""Mixed precision training with one optimizer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn
from torch.amp import GradScaler
from torch.distributed.fsdp.sharded_grad_scaler import ShardedGradScaler
from torch.optim import Optimizer

from mmlight.registry import OPTIM_WRAPPERS
from mmlight.utils.checks import number

from .optimizer_wrapper import OptimWrapper, Stepper


class _SteppedOptimizer:
    """What the scaler unscales and steps when a stepper stands before the optimizer."""

    def __init__(self, optimizer: Optimizer, stepper: Stepper) -> None:
        self.param_groups = optimizer.param_groups
        self._optimizer = optimizer
        self._stepper = stepper

    def step(self, **kwargs: Any) -> None:
        self._stepper.step(self._optimizer, **kwargs)


@OPTIM_WRAPPERS.register_module()
class AmpOptimWrapper(OptimWrapper):
    """Run forward passes in lower precision, and scale losses so that gradients do not vanish.

    Works on every device that :class:`torch.autocast` supports. ``bfloat16`` has the range of
    ``float32``, so with it the default ``loss_scale`` leaves losses as they are: no update waits
    for the host to look for infinite gradients.

    A plain LightningModule that returns it from ``configure_optimizers`` has manual optimization;
    with automatic optimization ``Trainer(precision=...)`` does the same for an ``OptimWrapper``.

    Args:
        loss_scale (float or str or dict): ``'dynamic'`` for a scale that follows the gradients, a
            number for the first scale, or arguments of :class:`torch.amp.GradScaler`.
        dtype (str or torch.dtype, optional): ``'float16'``, ``'bfloat16'``, ``'float32'`` or
            ``'float64'`` for
            the forward passes. None is the device's default: float16, and bfloat16 on the CPU.
        use_fsdp (bool): Whether parameters are sharded, so that ranks must agree on the scale.
        **kwargs: Arguments of :class:`OptimWrapper`.

    Raises:
        AssertionError: If ``dtype`` is none of those.
        TypeError: If ``loss_scale`` is of another type.
        ValueError: If it is not positive.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(2, 1)
        >>> sgd = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> optim_wrapper = AmpOptimWrapper(dtype='bfloat16', optimizer=sgd)
        >>> with optim_wrapper.optim_context(model):
        ...     loss = model(torch.ones(1, 2)).sum()
        >>> loss.dtype
        torch.bfloat16
        >>> optim_wrapper.update_params(loss)
    """

    valid_dtypes = ("float16", "bfloat16", "float32", "float64")

    def __init__(
        self,
        loss_scale: float | str | dict[str, Any] = "dynamic",
        dtype: str | torch.dtype | None = None,
        use_fsdp: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.cast_dtype = self._check_dtype(dtype)
        scaler_type = ShardedGradScaler if use_fsdp else GradScaler
        self.loss_scaler = scaler_type(**self._scaler_kwargs(loss_scale))
        self._scale_always = loss_scale != "dynamic"

    def _check_dtype(self, dtype: str | torch.dtype | None) -> torch.dtype | None:
        if dtype is None:
            return None
        name = str(dtype).rpartition(".")[-1]
        if name not in self.valid_dtypes:
            raise AssertionError(f"dtype should be any of {self.valid_dtypes}, but got {dtype!r}")
        result: torch.dtype | None = getattr(torch, name)
        return result

    def _scaler_kwargs(self, loss_scale: float | str | dict[str, Any]) -> dict[str, Any]:
        kwargs: dict[str, Any] = {"device": self._device_type()}
        if loss_scale == "dynamic":
            return kwargs
        if isinstance(loss_scale, (int, float)) and not isinstance(loss_scale, bool):
            number(self, above=0, loss_scale=loss_scale)
            return {**kwargs, "init_scale": float(loss_scale)}
        if isinstance(loss_scale, dict):
            return {**kwargs, **loss_scale}
        raise TypeError(
            'loss_scale must be a number, a dict or "dynamic", '
            f"but got {loss_scale!r} of type {type(loss_scale).__name__}"
        )

    def _device_type(self) -> str:
        result: str = self.optimizer.param_groups[0]["params"][0].device.type
        return result

    def _autocast_dtype(self) -> torch.dtype:
        return self.cast_dtype or torch.get_autocast_dtype(self._device_type())

    def _scales(self) -> bool:
        return self._scale_always or self._autocast_dtype() is not torch.bfloat16

    def backward(self, loss: torch.Tensor, **kwargs: Any) -> None:
        """Compute gradients of the scaled ``loss`` and count it.

        Args:
            loss (Tensor): Scalar to differentiate.
            **kwargs: Arguments for :meth:`torch.Tensor.backward`.
        """
        super().backward(self.loss_scaler.scale(loss) if self._scales() else loss, **kwargs)

    def step(self, **kwargs: Any) -> None:
        """Unscale and clip the gradients, and apply them unless they are infinite or NaN.

        Args:
            **kwargs: Arguments for :meth:`torch.optim.Optimizer.step`.
        """
        if not self._scales():
            super().step(**kwargs)
            return
        target: Any = self.optimizer
        if self.stepper is not None:
            target = _SteppedOptimizer(self.optimizer, self.stepper)
        if self.clip_grad_kwargs:
            self.loss_scaler.unscale_(target)
            self._clip_grad()
        self.loss_scaler.step(target, **kwargs)
        self.loss_scaler.update()

    def state_dict(self) -> dict[str, Any]:
        """Collect the state of the optimizer and of the loss scale.

        Returns:
            dict: The optimizer's state, with ``loss_scaler`` in it.
        """
        state = super().state_dict()
        state["loss_scaler"] = self.loss_scaler.state_dict()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned.

        Args:
            state_dict (dict): State of this wrapper, or of one without a ``loss_scaler``; it is
                not changed.
        """
        state = dict(state_dict)
        loss_scaler = state.pop("loss_scaler", None)
        if loss_scaler:
            self.loss_scaler.load_state_dict(loss_scaler)
        super().load_state_dict(state)

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Give the context for a forward pass: lower precision, and no needless synchronization.

        Args:
            model (nn.Module): The model.

        Yields:
            None: Nothing; the context is entered.
        """
        device = self._device_type()
        with super().optim_context(model), torch.autocast(device, dtype=self._autocast_dtype()):
            yield
