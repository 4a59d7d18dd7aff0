"""Data parallel training of a model whose parts are updated by turns."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from mmlight.device import get_device
from mmlight.model.wrappers.distributed import MMDistributedDataParallel
from mmlight.registry import MODEL_WRAPPERS

if TYPE_CHECKING:
    from mmlight.optim import OptimWrapperDict


@MODEL_WRAPPERS.register_module()
class MMSeparateDistributedDataParallel(DistributedDataParallel):
    """Wraps each part of a model in a :class:`MMDistributedDataParallel` of its own.

    A GAN needs this: one ``DistributedDataParallel`` around all of it would wait for gradients of
    the generator while the discriminator is trained. Parts without trainable parameters are only
    moved to the device.

    Args:
        module (nn.Module): The model; its parts are replaced by their wrappers.
        broadcast_buffers (bool): As in ``DistributedDataParallel``.
        find_unused_parameters (bool): As in ``DistributedDataParallel``.
        **kwargs: Other arguments of :class:`MMDistributedDataParallel`.

    Example:
        >>> import torch.distributed as dist
        >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
        >>> gan = nn.ModuleDict({"generator": nn.Linear(1, 1), "activation": nn.ReLU()})
        >>> wrapped = MMSeparateDistributedDataParallel(gan)
        >>> type(wrapped.module["generator"]).__name__
        'MMDistributedDataParallel'
        >>> dist.destroy_process_group()
    """

    def __init__(
        self,
        module: nn.Module,
        broadcast_buffers: bool = False,
        find_unused_parameters: bool = False,
        **kwargs: Any,
    ) -> None:
        # A DistributedDataParallel by kind, but the work is done by those around the parts.
        nn.Module.__init__(self)
        self.module = module
        device = get_device()
        for name, part in module.named_children():
            part = part.to(device)
            if any(param.requires_grad for param in part.parameters()):
                part = MMDistributedDataParallel(
                    module=part,
                    broadcast_buffers=broadcast_buffers,
                    find_unused_parameters=find_unused_parameters,
                    **kwargs,
                )
            module._modules[name] = part

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the model.

        Args:
            *args: Positional arguments of the model.
            **kwargs: Keyword arguments of the model.

        Returns:
            Any: What the model returns.
        """
        return self.module(*args, **kwargs)

    def train_step(
        self, data: dict[str, Any] | tuple[Any, ...] | list[Any], optim_wrapper: OptimWrapperDict
    ) -> dict[str, torch.Tensor]:
        """Run one training iteration of the model.

        Args:
            data (dict | tuple | list): A batch, as the dataloader gives it.
            optim_wrapper (OptimWrapperDict): Updates the parameters of each part.

        Returns:
            dict[str, Tensor]: What the model wants logged.
        """
        result: dict[str, torch.Tensor] = self.module.train_step(data, optim_wrapper)
        return result

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

    @contextmanager
    def no_sync(self) -> Iterator[None]:
        """Accumulate gradients without averaging them over the processes, in all parts.

        Yields:
            None: Nothing.
        """
        with ExitStack() as stack:
            for part in self.module.children():
                if isinstance(part, DistributedDataParallel):
                    stack.enter_context(part.no_sync())
            yield

    def train(self, mode: bool = True) -> MMSeparateDistributedDataParallel:
        """Set the model to training or to evaluation.

        Args:
            mode (bool): True for training.

        Returns:
            MMSeparateDistributedDataParallel: Itself.
        """
        self.training = mode
        self.module.train(mode)
        return self
