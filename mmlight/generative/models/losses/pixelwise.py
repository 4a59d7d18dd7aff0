"""Losses that compare two images value by value."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any

from torch import Tensor, nn

from mmlight.registry import MODELS

REDUCTIONS = ("none", "mean", "sum")


class _PixelwiseLoss(nn.Module, ABC):
    """What the losses share: the weight of each value, and how the values become a number.

    Args:
        loss_weight (float): Factor of the loss. Defaults to 1.0.
        reduction (str): ``mean`` over all values, or over their weights where weights are given;
            ``sum``; or ``none``. Defaults to ``mean``.
        sample_wise (bool): With weights and ``mean``: take the mean of each image first, then of
            the images. Defaults to False.

    Raises:
        ValueError: If the reduction is not known.
    """

    def __init__(
        self, loss_weight: float = 1.0, reduction: str = "mean", sample_wise: bool = False
    ) -> None:
        super().__init__()
        if reduction not in REDUCTIONS:
            raise ValueError(f"reduction must be one of {', '.join(REDUCTIONS)}, got {reduction!r}")
        self.loss_weight = loss_weight
        self.reduction = reduction
        self.sample_wise = sample_wise

    @abstractmethod
    def compare(self, pred: Tensor, target: Tensor) -> Tensor:
        """Loss of each value, of the shape of both images."""

    def forward(
        self, pred: Tensor, target: Tensor, weight: Tensor | None = None, **kwargs: Any
    ) -> Tensor:
        """Compute the loss.

        Args:
            pred (Tensor): Images ``(N, C, H, W)``.
            target (Tensor): What they should be, of the same shape.
            weight (Tensor, optional): Weight of each value, ``(N, C, H, W)`` or ``(N, 1, H, W)``.
                Defaults to None.

        Returns:
            Tensor: One number, or the shape of the images with ``reduction="none"``.
        """
        loss = self.compare(pred, target)
        if weight is not None:
            weight = weight.expand_as(loss)
            loss = loss * weight
        if self.reduction == "sum":
            loss = loss.sum()
        elif self.reduction == "mean":
            loss = loss.mean() if weight is None else self._weighted_mean(loss, weight)
        return self.loss_weight * loss

    def _weighted_mean(self, loss: Tensor, weight: Tensor) -> Tensor:
        tiny = 1e-12  # where nothing has weight, the loss is zero
        if self.sample_wise:
            return (loss.flatten(1).sum(1) / (weight.flatten(1).sum(1) + tiny)).mean()
        return loss.sum() / (weight.sum() + tiny)


@MODELS.register_module()
class L1Loss(_PixelwiseLoss):
    """The absolute difference.

    The arguments are ``loss_weight``, ``reduction`` and ``sample_wise``; a weight of each value
    may be given with the images.

    Example:
        >>> import torch
        >>> L1Loss(loss_weight=2.0)(torch.zeros(1, 3, 4, 4), torch.ones(1, 3, 4, 4))
        tensor(2.)
    """

    def compare(self, pred: Tensor, target: Tensor) -> Tensor:
        """The absolute difference of each value."""
        return nn.functional.l1_loss(pred, target, reduction="none")


@MODELS.register_module()
class MSELoss(_PixelwiseLoss):
    """The squared difference.

    The arguments are ``loss_weight``, ``reduction`` and ``sample_wise``; a weight of each value
    may be given with the images.

    Example:
        >>> import torch
        >>> MSELoss(reduction="sum")(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 2.0))
        tensor(16.)
    """

    def compare(self, pred: Tensor, target: Tensor) -> Tensor:
        """The squared difference of each value."""
        return nn.functional.mse_loss(pred, target, reduction="none")


@MODELS.register_module()
class CharbonnierLoss(_PixelwiseLoss):
    """The square root of the squared difference plus a small constant: smooth where they meet.

    Source: P. Charbonnier et al., "Two Deterministic Half-Quadratic Regularization Algorithms for
    Computed Imaging", 1994.

    Args:
        loss_weight (float): Factor of the loss. Defaults to 1.0.
        reduction (str): ``mean``, ``sum`` or ``none``. Defaults to ``mean``.
        sample_wise (bool): With weights: the mean of each image first. Defaults to False.
        eps (float): The constant. Defaults to 1e-12.

    Example:
        >>> import torch
        >>> CharbonnierLoss()(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 3.0))
        tensor(3.)
    """

    def __init__(
        self,
        loss_weight: float = 1.0,
        reduction: str = "mean",
        sample_wise: bool = False,
        eps: float = 1e-12,
    ) -> None:
        super().__init__(loss_weight, reduction, sample_wise)
        self.eps = eps

    def compare(self, pred: Tensor, target: Tensor) -> Tensor:
        """The smoothed absolute difference of each value."""
        return ((pred - target) ** 2 + self.eps).sqrt()
