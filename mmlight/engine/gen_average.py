"""The moving average of generative models."""

from __future__ import annotations

import torch
from torch import Tensor

from mmlight.model import ExponentialMovingAverage


class GenExponentialMovingAverage(ExponentialMovingAverage):
    """The exponential moving average with MMagic's rounding.

    MMagic's ``(1 - momentum) * averaged + momentum * source`` is two steps, which differ in the
    last bit from the one step of the base.

    The arguments are those of :class:`~mmlight.model.ExponentialMovingAverage`.

    Example:
        >>> net = torch.nn.Linear(1, 1, bias=False)
        >>> ema = GenExponentialMovingAverage(net, momentum=0.25)
        >>> for weight in (0.0, 4.0):
        ...     _ = torch.nn.init.constant_(net.weight, weight)
        ...     ema.update_parameters(net)
        >>> ema.module.weight.item()
        1.0
    """

    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: int) -> None:
        self.avg_tensors([averaged_param], [source_param], steps)

    def avg_tensors(self, averaged: list[Tensor], sources: list[Tensor], steps: int) -> None:
        momentum = self.momentum_at(steps)
        torch._foreach_mul_(averaged, 1 - momentum)
        torch._foreach_add_(averaged, sources, alpha=momentum)
