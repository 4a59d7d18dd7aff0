"""The base class of models that train, validate and test themselves."""

from __future__ import annotations

from abc import abstractmethod
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from mmlight.model.base_module import BaseModule
from mmlight.model.wrappers.utils import run_forward
from mmlight.registry import MODELS

if TYPE_CHECKING:
    from mmlight.optim import OptimWrapper


class BaseModel(BaseModule):
    """A model that says how a batch becomes losses, predictions or raw tensors.

    A subclass implements :meth:`forward`; the loops call :meth:`train_step`, :meth:`val_step` and
    :meth:`test_step`. The data preprocessor follows the model to whatever device it is moved to.

    Args:
        data_preprocessor (dict | nn.Module, optional): Config or instance of a
            :class:`BaseDataPreprocessor`; that class itself when left out.
        init_cfg (dict | list[dict], optional): See :class:`BaseModule`.

    Raises:
        TypeError: If ``data_preprocessor`` is neither a dict nor a module.

    Example:
        >>> class Regression(BaseModel):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.fc = nn.Linear(2, 1)
        ...
        ...     def forward(self, inputs, data_samples=None, mode="tensor"):
        ...         out = self.fc(inputs)
        ...         return {"loss": (out - data_samples).square()} if mode == "loss" else out
        >>> Regression().val_step({"inputs": torch.zeros(4, 2)}).shape
        torch.Size([4, 1])
    """

    def __init__(
        self,
        data_preprocessor: dict[str, Any] | nn.Module | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if data_preprocessor is None:
            data_preprocessor = {"type": "BaseDataPreprocessor"}
        if isinstance(data_preprocessor, dict):
            data_preprocessor = MODELS.build(data_preprocessor)
        elif not isinstance(data_preprocessor, nn.Module):
            raise TypeError(
                "data_preprocessor should be a `dict` or `nn.Module` instance, but got "
                f"{type(data_preprocessor)}"
            )
        self.data_preprocessor: Any = data_preprocessor

    def train_step(
        self, data: dict[str, Any] | tuple[Any, ...] | list[Any], optim_wrapper: OptimWrapper
    ) -> dict[str, torch.Tensor]:
        """Run one training iteration: forward, sum of the losses, update of the parameters.

        Args:
            data (dict | tuple | list): A batch, as the dataloader gives it.
            optim_wrapper (OptimWrapper): Updates the parameters.

        Returns:
            dict[str, Tensor]: What :meth:`parse_losses` wants logged; values stay on the device.

        Raises:
            ValueError: If :meth:`forward` returned nothing whose name contains ``loss``.
        """
        with optim_wrapper.optim_context(self):
            data = self.data_preprocessor(data, True)
            losses = self._run_forward(data, mode="loss")
        parsed_loss, log_vars = self.parse_losses(losses)
        if not isinstance(parsed_loss, torch.Tensor):
            raise ValueError(_no_loss(self, losses))
        optim_wrapper.update_params(parsed_loss)
        return log_vars

    def val_step(self, data: dict[str, Any] | tuple[Any, ...] | list[Any]) -> list[Any]:
        """Predict on a validation batch.

        Args:
            data (dict | tuple | list): A batch, as the dataloader gives it.

        Returns:
            list: Predictions, as :meth:`forward` gives them in mode ``predict``.
        """
        data = self.data_preprocessor(data, False)
        result: list[Any] = self._run_forward(data, mode="predict")
        return result

    def test_step(self, data: dict[str, Any] | tuple[Any, ...] | list[Any]) -> list[Any]:
        """Predict on a test batch.

        Args:
            data (dict | tuple | list): A batch, as the dataloader gives it.

        Returns:
            list: Predictions, as :meth:`forward` gives them in mode ``predict``.
        """
        data = self.data_preprocessor(data, False)
        result: list[Any] = self._run_forward(data, mode="predict")
        return result

    def parse_losses(
        self, losses: dict[str, torch.Tensor | list[torch.Tensor]]
    ) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
        """Reduce each entry to a scalar and sum up those whose name contains ``loss``.

        Args:
            losses (dict[str, Tensor | list[Tensor]]): Losses, and whatever else should be logged.

        Returns:
            tuple[Tensor, dict[str, Tensor]]: The sum, to be differentiated, and the values to log:
            ``loss`` first, which is the sum unless an entry has that name, then each entry's mean,
            or the sum of the means of a list.

        Raises:
            TypeError: If an entry is neither a tensor nor a list of tensors.
        """
        log_vars: dict[str, Any] = OrderedDict(loss=None)
        total: Any = None
        only = ""  # name of the loss if it is the only one
        for name, value in losses.items():
            if isinstance(value, torch.Tensor):
                scalar = _mean(value)
            elif isinstance(value, list) and all(isinstance(v, torch.Tensor) for v in value):
                scalar = sum(_mean(v) for v in value)  # type: ignore[assignment]
            else:
                raise TypeError(f"{name} is not a tensor or list of tensors, but {value!r}")
            # What is logged later must not be what the model writes to in its next step, as CUDA
            # graphs do, nor the loss that somebody scales in place.
            log_vars[name] = scalar.clone() if scalar is value else scalar
            if "loss" in name:
                total, only = (scalar, name) if total is None else (total + scalar, "")
        if only and log_vars[only] is total and isinstance(total, torch.Tensor):
            log_vars[only] = total.clone()
        total = 0 if total is None else total
        if "loss" not in losses:
            log_vars["loss"] = log_vars[only] if only else total
        return total, log_vars

    @abstractmethod
    def forward(
        self, inputs: torch.Tensor, data_samples: list[Any] | None = None, mode: str = "tensor"
    ) -> dict[str, torch.Tensor] | list[Any] | tuple[Any, ...] | torch.Tensor:
        """Compute what ``mode`` asks for.

        Args:
            inputs (Tensor): Batch of inputs, first dimension the batch.
            data_samples (list, optional): What goes with each input, labels for instance.
            mode (str): ``loss``, ``predict`` or ``tensor``.

        Returns:
            dict[str, Tensor] | list | tuple | Tensor: Losses by name in mode ``loss``, a list of
            predictions in mode ``predict``, tensors in mode ``tensor``.
        """

    def _run_forward(self, data: dict[str, Any] | tuple[Any, ...] | list[Any], mode: str) -> Any:
        return run_forward(self, data, mode)


def _mean(value: torch.Tensor) -> torch.Tensor:
    # The mean of a scalar is itself; taking it would cost an operation forward and one backward.
    return value.mean() if value.dim() else value


def _no_loss(model: nn.Module, losses: dict[str, Any]) -> str:
    return (
        f"{type(model).__name__}.forward returned no loss in mode 'loss': a key must contain "
        f"'loss', but the keys are {list(losses)}"
    )
