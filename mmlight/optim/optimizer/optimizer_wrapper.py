"""One optimizer with gradient accumulation and clipping."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Protocol

import torch
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.nn.utils import clip_grad_norm_, clip_grad_value_
from torch.optim import Optimizer

from mmlight.logging import MessageHub, print_log
from mmlight.registry import OPTIM_WRAPPERS
from mmlight.utils.checks import is_whole, number

from .base import BaseOptimWrapper

_NO_CONTEXT: AbstractContextManager[Any] = nullcontext()
_NO_ARGUMENTS: dict[str, Any] = {}
_CLIP_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "norm": clip_grad_norm_,
    "value": clip_grad_value_,
}


class Stepper(Protocol):
    """What may stand between a wrapper and torch: a training strategy or a precision plugin."""

    def backward(self, loss: torch.Tensor, **kwargs: Any) -> None:
        """Compute gradients of ``loss``."""

    def step(self, optimizer: Optimizer, **kwargs: Any) -> None:
        """Apply the gradients of ``optimizer``."""

    def no_sync(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Give a context in which ``model`` does not synchronize gradients."""


@OPTIM_WRAPPERS.register_module()
class OptimWrapper(BaseOptimWrapper):
    """Update parameters from a loss, with gradient accumulation and clipping.

    A plain LightningModule may return it from ``configure_optimizers``: with manual optimization
    ``self.optimizers().update_params(loss)`` goes through strategy and precision; with automatic
    optimization ``clip_grad`` works, and accumulation is that of the Trainer.

    A subclass may override :meth:`backward`, :meth:`step`, :meth:`zero_grad` and
    :meth:`optim_context`; :meth:`update_params` calls them. An overridden :meth:`backward` must
    add one to ``_inner_count``.

    Args:
        optimizer (Optimizer): The optimizer that updates the parameters.
        accumulative_counts (int): Number of losses whose gradients make up one update.
        clip_grad (dict, optional): Arguments of :func:`torch.nn.utils.clip_grad_norm_`, or with
            ``type='value'`` of :func:`torch.nn.utils.clip_grad_value_`. The norm of the gradients
            goes to the message hub as ``train/grad_norm``; it is that of the whole gradients also
            where the model given to :meth:`optim_context` is a ``FullyShardedDataParallel``.

    Raises:
        AssertionError: If ``accumulative_counts`` is no integer of 1 or more, or ``clip_grad`` is
            no dict of arguments.
        TypeError: If ``clip_grad`` lacks an argument or has an unknown one, or one that is no
            number.
        ValueError: If the ``type`` in ``clip_grad`` is neither ``norm`` nor ``value``, or a bound
            is not positive.

    Example:
        >>> import torch
        >>> model = torch.nn.Linear(1, 1)
        >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        >>> optim_wrapper = OptimWrapper(optimizer, accumulative_counts=2)
        >>> for batch in torch.ones(4, 1, 1):
        ...     with optim_wrapper.optim_context(model):
        ...         loss = model(batch).mean()
        ...     optim_wrapper.update_params(loss)
        >>> optim_wrapper.inner_count
        4
    """

    def __init__(
        self,
        optimizer: Optimizer,
        accumulative_counts: int = 1,
        clip_grad: dict[str, Any] | None = None,
    ) -> None:
        if not is_whole(accumulative_counts) or accumulative_counts < 1:
            raise AssertionError(
                f"accumulative_counts must be an int of 1 or more, but got {accumulative_counts!r}"
            )
        super().__init__(optimizer)
        self._accumulative_counts = accumulative_counts
        self.clip_grad_kwargs: dict[str, Any] | None = None
        if clip_grad is not None:
            self._set_clipping(clip_grad)
        self.message_hub = MessageHub.get_current_instance()
        self.stepper: Stepper | None = None
        self._sharded: FullyShardedDataParallel | None = None
        self._inner_count = 0
        self._max_counts = -1
        self._remainder_counts = -1
        self._restored_count: int | None = None

    def _set_clipping(self, clip_grad: dict[str, Any]) -> None:
        kwargs = dict(clip_grad) if isinstance(clip_grad, dict) else {}
        kind = kwargs.pop("type", "norm")
        if not kwargs:
            raise AssertionError(
                "clip_grad must be a dict of arguments of torch.nn.utils.clip_grad_norm_ or "
                f"clip_grad_value_, such as dict(max_norm=1.0), but got {clip_grad!r}"
            )
        if kind not in _CLIP_FUNCTIONS:
            raise ValueError(f'type of clip_grad must be "norm" or "value", but got {kind!r}')
        try:
            inspect.signature(_CLIP_FUNCTIONS[kind]).bind([], **kwargs)
        except TypeError as error:
            raise TypeError(
                f"clip_grad {clip_grad!r} does not fit clip_grad_{kind}_: {error}"
            ) from error
        for name in ("max_norm", "norm_type", "clip_value"):
            if name in kwargs:
                number("clip_grad", above=0, finite=False, **{name: kwargs[name]})
        self.clip_grad_kwargs = kwargs
        self.clip_func = _CLIP_FUNCTIONS[kind]
        self.grad_name = f"grad_{kind}"

    def update_params(
        self,
        loss: torch.Tensor,
        step_kwargs: dict[str, Any] | None = None,
        zero_kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Back-propagate ``loss`` and, when an update is due, step and clear the gradients.

        Args:
            loss (Tensor): Scalar to minimize.
            step_kwargs (dict, optional): Arguments for :meth:`step`.
            zero_kwargs (dict, optional): Arguments for :meth:`zero_grad`.
        """
        self.backward(self.scale_loss(loss))
        if self.should_update():
            self.step(**(step_kwargs or _NO_ARGUMENTS))
            self.zero_grad(**(zero_kwargs or _NO_ARGUMENTS))

    def backward(self, loss: torch.Tensor, **kwargs: Any) -> None:
        """Compute gradients of ``loss`` and count it.

        Args:
            loss (Tensor): Scalar to differentiate.
            **kwargs: Arguments for :meth:`torch.Tensor.backward`.
        """
        if self.stepper is None:
            loss.backward(**kwargs)
        else:
            self.stepper.backward(loss, **kwargs)
        self._inner_count += 1

    def zero_grad(self, **kwargs: Any) -> None:
        """Clear the gradients.

        Args:
            **kwargs: Arguments for :meth:`torch.optim.Optimizer.zero_grad`.
        """
        self.optimizer.zero_grad(**kwargs)

    def step(self, **kwargs: Any) -> None:
        """Clip the gradients if asked to, and apply them.

        Args:
            **kwargs: Arguments for :meth:`torch.optim.Optimizer.step`.
        """
        if self.clip_grad_kwargs:
            self._clip_grad()
        if self.stepper is None:
            self.optimizer.step(**kwargs)
        else:
            self.stepper.step(self.optimizer, **kwargs)

    def _clip_grad(self) -> None:
        total = self._clipped_norm()
        if total is not None:
            self.message_hub.update_scalar(f"train/{self.grad_name}", total)

    def _clipped_norm(self) -> torch.Tensor | None:
        kwargs: dict[str, Any] = self.clip_grad_kwargs or {}
        if self._sharded is not None and self.clip_func is clip_grad_norm_:
            # A process has only parts of the gradients, and perhaps none at all.
            return self._sharded.clip_grad_norm_(**kwargs)
        params = [
            param
            for group in self.optimizer.param_groups
            for param in group["params"]
            if param.requires_grad and param.grad is not None
        ]
        total: Any = self.clip_func(params, **kwargs) if params else None
        # Of parameters that are split over the processes (DTensor), so is their norm.
        result: torch.Tensor | None = (
            total.full_tensor() if hasattr(total, "full_tensor") else total
        )
        return result

    def optim_context(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Give the context for a forward pass: no gradient synchronization without an update.

        Args:
            model (nn.Module): The model; its ``no_sync`` is used if it has one.

        Returns:
            AbstractContextManager: The context.
        """
        if self.clip_grad_kwargs:
            self._sharded = model if isinstance(model, FullyShardedDataParallel) else None
        if self.should_sync():
            return _NO_CONTEXT
        if self.stepper is not None:
            return self.stepper.no_sync(model)
        no_sync = getattr(model, "no_sync", None)
        return _NO_CONTEXT if no_sync is None else no_sync()

    def initialize_count_status(self, model: nn.Module, init_counts: int, max_counts: int) -> None:
        """Say which losses are to come, so that the last ones make a whole update too.

        With 10 losses and ``accumulative_counts=3``, the last update has a single loss, which is
        then divided by 1 instead of 3.

        Args:
            model (nn.Module): The model; normalization over batches is warned about.
            init_counts (int): Losses already counted, above 0 after a resume. The count that
                :meth:`load_accumulation_state` restored just before goes first.
            max_counts (int): All losses of the training, or -1 if unknown.
        """
        restored = self._restored_count == self._inner_count
        self._restored_count = None
        if not restored:
            self._inner_count = init_counts
        self._max_counts = max_counts
        self._remainder_counts = max_counts % self._accumulative_counts
        if self._accumulative_counts == 1:
            return
        if init_counts % self._accumulative_counts != 0 and not restored:
            print_log(
                f"Training goes on at iteration {init_counts}, in the middle of an accumulation "
                f"of {self._accumulative_counts}, and without the gradients accumulated before: "
                "the next update may differ slightly.",
                logger="current",
                level=logging.WARNING,
            )
        if any(isinstance(m, nn.modules.batchnorm._BatchNorm) for m in model.modules()):
            print_log(
                "The model has BatchNorm layers, whose statistics see single batches: gradient "
                "accumulation may cost a little accuracy.",
                logger="current",
                level=logging.WARNING,
            )

    def should_update(self) -> bool:
        """Tell whether the loss just counted completes an update.

        Returns:
            bool: True every ``accumulative_counts`` losses and at the very last one.
        """
        count = self._inner_count
        return count % self._accumulative_counts == 0 or count == self._max_counts

    def should_sync(self) -> bool:
        """Tell whether the next loss completes an update, so that gradients must be synchronized.

        Returns:
            bool: True if :meth:`should_update` will be true after the next loss.
        """
        count = self._inner_count + 1
        return count % self._accumulative_counts == 0 or count == self._max_counts

    def scale_loss(self, loss: torch.Tensor) -> torch.Tensor:
        """Divide ``loss`` by the number of losses that share its update.

        Args:
            loss (Tensor): The loss.

        Returns:
            Tensor: The loss's share of the update.

        Raises:
            AssertionError: If more losses came than ``max_counts`` promised.
        """
        factor = self._accumulative_counts
        if factor == 1:
            return loss
        first_of_the_rest = self._max_counts - self._remainder_counts
        if self._max_counts != -1 and self._inner_count >= first_of_the_rest:
            factor = self._remainder_counts
        if factor <= 0:
            raise AssertionError(
                f"loss number {self._inner_count + 1} came, but initialize_count_status was told "
                f"that there are only {self._max_counts}"
            )
        return loss / factor

    @property
    def inner_count(self) -> int:
        """int: Number of losses counted so far."""
        return self._inner_count

    def _params(self) -> list[nn.Parameter]:
        return [param for group in self.optimizer.param_groups for param in group["params"]]

    def _gradients(self) -> dict[int, torch.Tensor]:
        grads = ((index, param.grad) for index, param in enumerate(self._params()))
        return {index: grad for index, grad in grads if grad is not None}

    def accumulation_state(self) -> dict[str, Any]:
        """Collect what an exact resume needs between two updates.

        Returns:
            dict: ``inner_count`` (int) and ``gradients``, the pending gradient of each parameter
            by its index over all groups. Empty if nothing was counted and nothing is pending.

        Example:
            >>> import torch
            >>> weight = torch.nn.Parameter(torch.ones(1))
            >>> wrapper = OptimWrapper(torch.optim.SGD([weight], lr=0.1), accumulative_counts=2)
            >>> wrapper.update_params(3 * weight.sum())
            >>> wrapper.accumulation_state()
            {'inner_count': 1, 'gradients': {0: tensor([1.5000])}}
        """
        gradients = self._gradients()
        if not gradients and self._inner_count == 0:
            return {}
        return {
            "inner_count": self._inner_count,
            "gradients": {index: grad.detach().clone() for index, grad in gradients.items()},
        }

    def load_accumulation_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`accumulation_state` returned.

        Args:
            state (dict): The state. An empty one clears count and gradients.

        Raises:
            ValueError: If a gradient has no parameter of its shape here.
        """
        params = self._params()
        gradients = state.get("gradients", {})
        for index, grad in gradients.items():
            if not 0 <= index < len(params) or params[index].shape != grad.shape:
                raise ValueError(
                    f"the saved gradient of parameter {index} has the shape {tuple(grad.shape)}, "
                    "but the optimizer has no such parameter"
                )
        for index, param in enumerate(params):
            grad = gradients.get(index)
            param.grad = None if grad is None else grad.to(param.device, param.dtype, copy=True)
        self._inner_count = state.get("inner_count", 0)
        self._restored_count = self._inner_count if state else None

    def __repr__(self) -> str:
        return (
            f"Type: {type(self).__name__}\n"
            f"_accumulative_counts: {self._accumulative_counts}\n"
            f"optimizer: \n{self.optimizer!r}\n"
        )
