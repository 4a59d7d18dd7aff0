"""Images that are made from noise."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from mmlight.engine.samplers import sampling
from mmlight.generative.models import BaseGAN, ProgressiveGrowingGAN, SinGAN, StyleGANv2Generator
from mmlight.generative.models.sampling import requested_model
from mmlight.sampling.images import grid_rows, rgb

# Images made at once: it also fixes the order of random numbers, so it is no option.
_BATCH = 16


def sample(
    model: BaseGAN, num: int = 16, seed: int = 0, sample_model: str | None = None
) -> dict[str, list[Tensor]]:
    """Make images of random noise.

    Args:
        model (BaseGAN): The model.
        num (int): Number of images. Defaults to 16.
        seed (int): Seed. Defaults to 0.
        sample_model (str, optional): ``ema``, ``orig`` or ``ema/orig``, of the same noise.
            Defaults to None, the average if there is one.

    Returns:
        dict[str, list[Tensor]]: uint8 images ``(3, H, W)`` by ``ema`` or ``orig``.

    Raises:
        ValueError: If there is no such generator.
    """
    wanted = requested_model({"sample_model": sample_model}, model.with_ema_gen)
    return {name: _sample_one(model, num, seed, name, {}) for name in wanted.split("/")}


def sample_scales(
    model: ProgressiveGrowingGAN, num: int = 16, seed: int = 0, sample_model: str | None = None
) -> dict[str, list[Tensor]]:
    """Make images of the same noise at each scale that the model has reached.

    Args:
        model (ProgressiveGrowingGAN): The model.
        num (int): Number of images a scale. Defaults to 16.
        seed (int): Seed. Defaults to 0.
        sample_model (str, optional): As for :func:`sample`. Defaults to None.

    Returns:
        dict[str, list[Tensor]]: uint8 images ``(3, H, W)`` by ``ema_4``, ``ema_8`` and so on.

    Raises:
        ValueError: If there is no such generator.
    """
    wanted = requested_model({"sample_model": sample_model}, model.with_ema_gen)
    reached = model.generator_arguments()["curr_scale"]
    whole: dict[str, Any] = {"transition_weight": 1.0}
    return {
        f"{name}_{side}": _sample_one(
            model, num, seed, name, {} if side == reached else {"curr_scale": side, **whole}
        )
        for name in wanted.split("/")
        for side, _ in model.scales
        if side <= reached
    }


def _sample_one(
    model: BaseGAN, num: int, seed: int, name: str, kwargs: dict[str, Any]
) -> list[Tensor]:
    with sampling(model, seed):
        noise = model.noise_fn(num_batches=num)
        return _images(model, noise, name, kwargs)


def _images(model: BaseGAN, noise: Tensor, name: str, kwargs: dict[str, Any]) -> list[Tensor]:
    made: list[Tensor] = []
    for part in noise.split(_BATCH):
        samples = model({"noise": part, "sample_model": name, "sample_kwargs": kwargs})
        made += rgb(model, [sample.fake_img for sample in samples])
    return made


def layout(images: dict[str, list[Tensor]]) -> dict[str, list[list[Tensor]]]:
    """Lay the images of each kind out as a square.

    Args:
        images (dict): What :func:`sample` or :func:`sample_scales` gave.

    Returns:
        dict: Rows of images, by the name of the picture.
    """
    return {f"samples_{name}": grid_rows(column) for name, column in images.items()}


def interpolate(
    model: BaseGAN,
    num: int = 4,
    seed: int = 0,
    sample_model: str | None = None,
    frames: int = 32,
) -> list[list[Tensor]]:
    """Let images pass through four random ones each, and return to the first.

    The noise turns from one vector to the next, with its length between theirs; where noise
    becomes styles, as in StyleGAN2, the styles move along straight lines instead.

    Args:
        model (BaseGAN): A model that starts from a vector of noise.
        num (int): Number of images that move. Defaults to 4.
        seed (int): Seed. Defaults to 0.
        sample_model (str, optional): ``ema`` or ``orig``; of ``ema/orig`` the average. Defaults
            to None, the average if there is one.
        frames (int): Number of moments. Defaults to 32.

    Returns:
        list[list[Tensor]]: For each moment ``num`` uint8 images ``(3, H, W)``.

    Raises:
        TypeError: If the model does not start from a vector of noise.
        ValueError: If there is no such generator.

    Example:
        >>> from mmlight.generative.models import DCGAN
        >>> net = dict(type="DCGANGenerator", output_scale=8, out_channels=1, base_channels=8)
        >>> moments = interpolate(DCGAN(net, noise_size=4), num=2, frames=8)
        >>> len(moments), len(moments[0])
        (8, 2)
    """
    if not moves(model):
        raise TypeError(
            f"{type(model).__name__} does not start from a vector of noise that could move"
        )
    name = requested_model({"sample_model": sample_model}, model.with_ema_gen).split("/")[0]
    styled = isinstance(model.generator, StyleGANv2Generator)
    with sampling(model, seed):
        stops = model.noise_fn(num_batches=4 * num)
        if styled:
            generator: Any = model.generator_ema if name == "ema" else model.generator
            stops = generator(stops, return_latent_only=True)
        ways = _between(stops.unflatten(0, (4, num)), frames, straight=styled)
        # Noise inside of the generator would flicker.
        kwargs = {"input_is_latent": True, "randomize_noise": False} if styled else {}
        made = _images(model, ways.flatten(0, 1), name, kwargs)
    return [made[start : start + num] for start in range(0, len(made), num)]


def moves(model: Any) -> bool:
    """Tell whether a model starts from a vector of noise, which can move.

    Args:
        model (nn.Module): The model.

    Returns:
        bool: Whether it does.
    """
    return isinstance(model, BaseGAN) and not isinstance(model, SinGAN)


def _between(stops: Tensor, frames: int, straight: bool) -> Tensor:
    """Go round from stop to stop: of ``(stops, ...)`` make ``(frames, ...)``."""
    mix = torch.lerp if straight else _turn
    moments = []
    for frame in range(frames):
        stop, part = divmod(frame * len(stops) / frames, 1)
        start, end = stops[int(stop)], stops[(int(stop) + 1) % len(stops)]
        moments.append(mix(start, end, part))
    return torch.stack(moments)


def _turn(start: Tensor, end: Tensor, part: float) -> Tensor:
    """Turn vectors ``(N, C)`` towards others; random ones are almost at right angles."""
    first, last = (torch.linalg.vector_norm(one, dim=-1, keepdim=True) for one in (start, end))
    towards = start / first, end / last
    angle = (towards[0] * towards[1]).sum(-1, keepdim=True).clamp(-1, 1).acos()
    turned = ((1 - part) * angle).sin() * towards[0] + (part * angle).sin() * towards[1]
    turned = turned / angle.sin() * torch.lerp(first, last, part)
    return torch.where(angle.sin() > 1e-3, turned, torch.lerp(start, end, part))
