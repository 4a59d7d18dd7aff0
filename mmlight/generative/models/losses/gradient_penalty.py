"""The gradient penalty, which keeps a critic's slope near one."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

NORM_MODES = ("pixel", "HWC")


def gradient_penalty_loss(
    discriminator: Callable[[Tensor], Tensor],
    real_data: Tensor,
    fake_data: Tensor,
    norm_mode: str = "pixel",
) -> Tensor:
    """Compute how far the slope of a critic between real and generated images is from one.

    Source: Gulrajani et al., "Improved Training of Wasserstein GANs", NeurIPS 2017.

    Args:
        discriminator (Callable): The critic, which scores images ``(N, C, H, W)``.
        real_data (Tensor): Real images ``(N, C, H, W)``.
        fake_data (Tensor): As many generated images of the same shape.
        norm_mode (str): What has slope one: each whole image (``HWC``, as in the paper) or each
            of its pixels (``pixel``). Defaults to ``pixel``.

    Returns:
        Tensor: The mean of ``(|gradient| - 1)^2`` at a random point between each pair.

    Raises:
        ValueError: If the mode is not known.

    Example:
        >>> images = torch.rand(2, 3, 4, 4)
        >>> penalty = gradient_penalty_loss(lambda x: 2 * x.sum((1, 2, 3)), images, images)
        >>> round(penalty.item(), 4)  # (2 * 3 ** 0.5 - 1) ** 2
        6.0718
    """
    if norm_mode not in NORM_MODES:
        raise ValueError(f"norm_mode must be one of {', '.join(NORM_MODES)}, got {norm_mode!r}")
    share = torch.rand(len(real_data), 1, 1, 1, device=real_data.device)
    between = (share * real_data + (1 - share) * fake_data).detach().requires_grad_()
    scores = discriminator(between)
    (gradients,) = torch.autograd.grad(scores, between, torch.ones_like(scores), create_graph=True)
    if norm_mode == "HWC":
        gradients = gradients.flatten(1)
    result: Tensor = ((gradients.norm(2, dim=1) - 1) ** 2).mean()
    return result
