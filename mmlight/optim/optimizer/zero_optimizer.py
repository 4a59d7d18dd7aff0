"""An optimizer whose state is spread over processes."""

from __future__ import annotations

from typing import Any

import torch
from torch.distributed.optim import ZeroRedundancyOptimizer as TorchZeroRedundancyOptimizer

from mmlight.dist import is_main_process
from mmlight.registry import OPTIMIZERS
from mmlight.utils.near_names import did_you_mean


@OPTIMIZERS.register_module()
class ZeroRedundancyOptimizer(TorchZeroRedundancyOptimizer):
    """Keep the state of a ``torch.optim`` optimizer in parts, one on each process.

    As in *ZeRO: Memory Optimizations Toward Training Trillion Parameter Models*
    (https://arxiv.org/abs/1910.02054), stage 1.

    Args:
        params: Parameters, or groups of them.
        optimizer_type (str): Name of an optimizer in ``torch.optim``.
        **kwargs: Arguments of :class:`torch.distributed.optim.ZeroRedundancyOptimizer` and of the
            optimizer.

    Raises:
        AttributeError: If ``torch.optim`` has no such optimizer.
    """

    def __init__(self, params: Any, optimizer_type: str, **kwargs: Any) -> None:
        optimizer_class = getattr(torch.optim, optimizer_type, None)
        if optimizer_class is None:
            hint = did_you_mean(optimizer_type, dir(torch.optim))
            raise AttributeError(f"torch.optim has no optimizer {optimizer_type!r}.{hint}")
        super().__init__(params, optimizer_class=optimizer_class, **kwargs)

    def state_dict(self) -> dict[str, Any]:
        """Gather the state of all processes on the main one.

        Returns:
            dict: The whole state on the main process, an empty one elsewhere.
        """
        self.consolidate_state_dict()
        return super().state_dict() if is_main_process() else {}
