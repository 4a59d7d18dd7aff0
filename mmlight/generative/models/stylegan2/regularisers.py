"""What keeps StyleGAN2's networks smooth."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

NORM_MODES = ("pixel", "HWC")
PATH_DECAY = 0.01


def r1_penalty(
    discriminator: Callable[[Tensor], Tensor],
    real_images: Tensor,
    norm_mode: str = "pixel",
    scale: Callable[[Tensor], Tensor] | None = None,
) -> Tensor:
    """Compute how steep the discriminator is at real images (R1).

    Source: Mescheder, Geiger, Nowozin, "Which Training Methods for GANs do actually Converge?",
    ICML 2018.

    Args:
        discriminator (Callable): Scores images: ``(N, C, H, W)`` to ``(N, 1)``.
        real_images (Tensor): ``(N, C, H, W)``.
        norm_mode (str): What counts as one: each image (``HWC``, as in the paper) or each of its
            pixels (``pixel``). Defaults to ``pixel``.
        scale (Callable, optional): Scales scores while they are differentiated, lest gradients
            of half precision vanish. Defaults to None.

    Returns:
        Tensor: The mean of the squared length of the gradients.

    Example:
        >>> images = torch.rand(2, 3, 4, 4)
        >>> r1_penalty(lambda x: 2 * x.sum((1, 2, 3)), images, "HWC").item()  # 48 times 2 squared
        192.0
    """
    real_images = real_images.clone().requires_grad_()
    scores = discriminator(real_images)
    weights = torch.ones_like(scores)
    if scale is not None:
        weights = scale(weights)
    (gradients,) = torch.autograd.grad(scores, real_images, weights, create_graph=True)
    if scale is not None:
        gradients = gradients / scale(torch.ones((), device=scores.device))
    if norm_mode == "HWC":
        return gradients.pow(2).flatten(1).sum(1).mean()
    result: Tensor = gradients.norm(2, dim=1).pow(2).mean()
    return result


def path_lengths(images: Tensor, latents: Tensor) -> Tensor:
    """Compute how far images move when their styles do.

    Source: Karras et al., "Analyzing and Improving the Image Quality of StyleGAN", CVPR 2020,
    section 3.2.

    Args:
        images (Tensor): Images ``(N, C, H, W)`` that depend on the styles.
        latents (Tensor): The styles of all layers ``(N, L, S)``.

    Returns:
        Tensor: ``(N,)``, the length of a random direction's gradient, over the layers.

    Example:
        >>> latents = torch.ones(2, 3, 1, requires_grad=True)
        >>> images = 5 * latents.sum(1)[:, :, None, None]  # one pixel
        >>> noise = torch.randn(2, generator=torch.manual_seed(0)).abs()
        >>> _ = torch.manual_seed(0)
        >>> torch.allclose(path_lengths(images, latents), 5 * noise)
        True
    """
    noise = torch.randn_like(images) / math.sqrt(images.shape[2] * images.shape[3])
    (gradients,) = torch.autograd.grad((images * noise).sum(), latents, create_graph=True)
    return gradients.pow(2).sum(2).mean(1).sqrt()


def path_penalty(lengths: Tensor, mean_length: Tensor) -> tuple[Tensor, Tensor]:
    """Compute how much lengths of paths differ from their running mean.

    Args:
        lengths (Tensor): ``(N,)``, see :func:`path_lengths`.
        mean_length (Tensor): The mean so far, ``()``.

    Returns:
        tuple[Tensor, Tensor]: The penalty, and the new mean, through which it has gradients too.

    Example:
        >>> penalty, mean = path_penalty(torch.tensor([1.0, 3.0]), torch.tensor(0.0))
        >>> penalty, mean
        (tensor(4.9204), tensor(0.0200))
    """
    mean = mean_length + PATH_DECAY * (lengths.mean() - mean_length)
    return (lengths - mean).pow(2).mean(), mean
