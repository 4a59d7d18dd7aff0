"""Mixed precision training with NVIDIA's apex."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module
from typing import Any

import torch
from torch import nn

from mmlight.model.bare_model import bare_model
from mmlight.registry import OPTIM_WRAPPERS

from .optimizer_wrapper import OptimWrapper


@OPTIM_WRAPPERS.register_module()
class ApexOptimWrapper(OptimWrapper):
    """Train in mixed precision through ``apex.amp``.

    The model and the optimizer are handed to ``apex.amp.initialize`` at the first
    :meth:`optim_context`. :class:`AmpOptimWrapper` needs no further package.

    Args:
        opt_level (str): Which operations run in lower precision: ``O0``, ``O1``, ``O2``, ``O3``.
        loss_scale (float or str, optional): ``'dynamic'`` or a fixed scale.
        enabled (bool, optional): Whether to do anything.
        cast_model_type (torch.dtype, optional): Type of parameters and buffers.
        patch_torch_functions (bool, optional): Whether to patch torch's functions.
        keep_batchnorm_fp32 (bool or str, optional): Whether BatchNorm weights stay float32.
        master_weights (bool, optional): Whether to keep float32 copies of the weights.
        cast_model_outputs (torch.dtype, optional): Type of the model's outputs.
        num_losses (int): Number of losses.
        verbosity (int): 0 silences apex.
        min_loss_scale (float, optional): Lower bound of a dynamic scale.
        max_loss_scale (float, optional): Upper bound of a dynamic scale.
        **kwargs: Arguments of :class:`OptimWrapper`.

    Raises:
        ImportError: If apex is not installed.
    """

    def __init__(
        self,
        opt_level: str = "O1",
        loss_scale: float | str | None = "dynamic",
        enabled: bool | None = True,
        cast_model_type: torch.dtype | None = None,
        patch_torch_functions: bool | None = None,
        keep_batchnorm_fp32: bool | str | None = None,
        master_weights: bool | None = None,
        cast_model_outputs: torch.dtype | None = None,
        num_losses: int = 1,
        verbosity: int = 1,
        min_loss_scale: float | None = None,
        max_loss_scale: float | None = 2.0**24,
        **kwargs: Any,
    ) -> None:
        try:
            self._amp: Any = import_module("apex.amp")
        except ImportError as error:
            raise ImportError(
                f"ApexOptimWrapper needs the package 'apex': {error}. Install it as "
                "https://github.com/NVIDIA/apex#linux says, or use AmpOptimWrapper."
            ) from error
        super().__init__(**kwargs)
        self._amp_options = {
            "opt_level": opt_level,
            "loss_scale": loss_scale,
            "enabled": enabled,
            "cast_model_type": cast_model_type,
            "patch_torch_functions": patch_torch_functions,
            "keep_batchnorm_fp32": keep_batchnorm_fp32,
            "master_weights": master_weights,
            "cast_model_outputs": cast_model_outputs,
            "num_losses": num_losses,
            "verbosity": verbosity,
            "min_loss_scale": min_loss_scale,
            "max_loss_scale": max_loss_scale,
        }
        self._is_initialized = False
        self._saved_amp_state: dict[str, Any] | None = None

    def backward(self, loss: torch.Tensor, **kwargs: Any) -> None:
        """Compute gradients of the scaled ``loss`` and count it."""
        with self._amp.scale_loss(loss, self.optimizer) as scaled_loss:
            super().backward(scaled_loss, **kwargs)

    def state_dict(self) -> dict[str, Any]:
        """Collect the state of the optimizer and of apex.

        Returns:
            dict: The optimizer's state, with ``apex_amp`` in it.
        """
        state = super().state_dict()
        state["apex_amp"] = self._amp.state_dict()
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned.

        Args:
            state_dict (dict): The state. That of apex is loaded once apex is initialized.
        """
        state = dict(state_dict)
        self._saved_amp_state = state.pop("apex_amp", None)
        super().load_state_dict(state)
        if self._is_initialized:
            self._load_amp_state()

    def _load_amp_state(self) -> None:
        if self._saved_amp_state is not None:
            self._amp.load_state_dict(self._saved_amp_state)
            self._saved_amp_state = None

    def optim_context(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Give the context for a forward pass; the first call initializes apex."""
        if not self._is_initialized:
            _, self.optimizer = self._amp.initialize(
                bare_model(model), self.optimizer, **self._amp_options
            )
            self._is_initialized = True
            self._load_amp_state()
        return super().optim_context(model)
