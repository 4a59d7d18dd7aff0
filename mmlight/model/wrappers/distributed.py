"""Data parallel training of a model by several processes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmlight.model.utils import detect_anomalous_params
from mmlight.model.wrappers.utils import run_forward
from mmlight.registry import MODEL_WRAPPERS

if TYPE_CHECKING:
    from mmlight.optim import OptimWrapper


@MODEL_WRAPPERS.register_module()
class MMDistributedDataParallel(DistributedDataParallel):
    """``DistributedDataParallel`` of a model that has steps for training, validation and test.

    The losses are computed by ``DistributedDataParallel.forward``, so that the gradients are
    averaged over the processes; predictions are the model's own affair.

    Args:
        module (nn.Module): The model, usually a ``BaseModel``.
        detect_anomalous_params (bool): Whether to log, in each iteration, the parameters that the
            loss does not depend on; slow, for debugging.
        **kwargs: Arguments of ``torch.nn.parallel.DistributedDataParallel``.

    Example:
        >>> import torch.distributed as dist
        >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
        >>> MMDistributedDataParallel(nn.Linear(1, 1))(torch.ones(1)).shape
        torch.Size([1])
        >>> dist.destroy_process_group()
    """

    def __init__(
        self, module: nn.Module, detect_anomalous_params: bool = False, **kwargs: Any
    ) -> None:
        super().__init__(module=module, **kwargs)
        self.detect_anomalous_params = detect_anomalous_params

    def train_step(
        self, data: dict[str, Any] | tuple[Any, ...] | list[Any], optim_wrapper: OptimWrapper
    ) -> dict[str, torch.Tensor]:
        """Run one training iteration: forward, sum of the losses, update of the parameters.

        Args:
            data (dict | tuple | list): A batch, as the dataloader gives it.
            optim_wrapper (OptimWrapper): Updates the parameters.

        Returns:
            dict[str, Tensor]: What the model wants logged.
        """
        with optim_wrapper.optim_context(self):
            data = self.module.data_preprocessor(data, training=True)
            losses = self._run_forward(data, mode="loss")
        log_vars: dict[str, torch.Tensor]
        parsed_loss, log_vars = self.module.parse_losses(losses)
        if self.detect_anomalous_params:
            detect_anomalous_params(parsed_loss, model=self)
        optim_wrapper.update_params(parsed_loss)
        return log_vars

    def val_step(self, data: dict[str, Any] | tuple[Any, ...] | list[Any]) -> list[Any]:
        """Predict on a validation batch.

        Args:
            data (dict | tuple | list): A batch, as the dataloader gives it.

        Returns:
            list: Predictions of the model.
        """
        result: list[Any] = self.module.val_step(data)
        return result

    def test_step(self, data: dict[str, Any] | tuple[Any, ...] | list[Any]) -> list[Any]:
        """Predict on a test batch.

        Args:
            data (dict | tuple | list): A batch, as the dataloader gives it.

        Returns:
            list: Predictions of the model.
        """
        result: list[Any] = self.module.test_step(data)
        return result

    def _run_forward(self, data: dict[str, Any] | tuple[Any, ...] | list[Any], mode: str) -> Any:
        return run_forward(self, data, mode)
