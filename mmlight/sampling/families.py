"""How each family of models is sampled, and how its images are laid out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any, NamedTuple

from torch import Tensor, nn

from mmlight.generative.models import (
    BaseEditModel,
    BaseGAN,
    BaseTranslationModel,
    ProgressiveGrowingGAN,
    SinGAN,
)
from mmlight.sampling import edits, noise, pyramid, translations

Images = dict[str, list[Tensor]]
Rows = list[list[Tensor]]


class Family(NamedTuple):
    """What can be done with the models of a class."""

    kind: type[nn.Module]
    """The class."""
    sample: Callable[..., Images]
    """Makes images of a model and of the options that it names."""
    layout: Callable[[Images], dict[str, Rows]]
    """Gives rows of images for each picture, by the picture's name."""


# The first whose class a model has.
_FAMILIES = (
    Family(SinGAN, pyramid.sample, pyramid.layout),
    Family(ProgressiveGrowingGAN, noise.sample_scales, noise.layout),
    Family(BaseGAN, noise.sample, noise.layout),
    Family(BaseTranslationModel, translations.sample, translations.layout),
    Family(BaseEditModel, edits.sample, edits.layout),
)


def family_of(model: nn.Module) -> Family:
    """Find out how a model is sampled.

    Args:
        model (nn.Module): The model.

    Returns:
        Family: How.

    Raises:
        TypeError: If it is none of a family that makes images.
    """
    for family in _FAMILIES:
        if isinstance(model, family.kind):
            return family
    kinds = ", ".join(family.kind.__name__ for family in _FAMILIES)
    raise TypeError(
        f"{type(model).__name__} cannot be sampled: it is none of the generative models {kinds}, "
        "nor derived from one"
    )


def sample(
    model: nn.Module,
    num: int | None = None,
    seed: int | None = None,
    sample_model: str | None = None,
    inputs: str | Sequence[str] | None = None,
    domain: str | None = None,
) -> Images:
    """Make images with a generative model, the same ones for the same seed.

    Random numbers and modes of modules are afterwards as they were.

    Args:
        model (nn.Module): What :func:`load_model` gives, or any model of the families.
        num (int, optional): Number of images; of those that are read, at most so many. Defaults
            to None: 16, or all of ``inputs``.
        seed (int, optional): Seed of the random numbers. Defaults to None, 0.
        sample_model (str, optional): ``ema``, ``orig`` or ``ema/orig``, for models that start
            from noise. Defaults to None, the moving average if there is one.
        inputs (str | Sequence[str], optional): A folder with images, an image, or several, for
            models that start from an image. Defaults to None, those of the config's
            ``test_dataloader`` or ``val_dataloader``.
        domain (str, optional): The domain to translate to, for models with several. Defaults to
            None: all, or the model's default for ``inputs``.

    Returns:
        dict[str, list[Tensor]]: uint8 images ``(3, H, W)``, red, green, blue, of each kind. From
        noise: ``ema`` or ``orig``, of a model that grows ``ema_8`` for 8 x 8 pixels and so on. Of
        SinGAN ``recon_0``, ``rand_0`` and so on by scale. Of a translation ``img_<domain>`` and
        ``fake_<domain>``, otherwise ``input``, ``output`` and perhaps ``gt``.

    Raises:
        TypeError: If the model is of no such family.
        ValueError: If an option is not one of its family, or has a value that is not possible.

    Example:
        >>> from mmlight.generative.models import DCGAN
        >>> net = dict(type="DCGANGenerator", output_scale=8, out_channels=1, base_channels=8)
        >>> images = sample(DCGAN(net, noise_size=4), num=2)["orig"]
        >>> len(images), images[0].shape, images[0].dtype
        (2, torch.Size([3, 8, 8]), torch.uint8)
    """
    given = {
        "num": num,
        "seed": seed,
        "sample_model": sample_model,
        "inputs": inputs,
        "domain": domain,
    }
    options = {name: value for name, value in given.items() if value is not None}
    if num is not None and num < 1:
        raise ValueError(f"num must be positive, got {num}")
    make = family_of(model).sample
    check_options(model, options, make)
    return make(model, **options)


def check_options(model: nn.Module, options: dict[str, Any], make: Callable[..., Any]) -> None:
    """Refuse options that do not go with a model.

    Args:
        model (nn.Module): The model.
        options (dict): The options.
        make (Callable): What takes them.

    Raises:
        ValueError: If it does not take one.
    """
    _, *known = signature(make).parameters
    for name in options:
        if name not in known:
            raise ValueError(
                f"{type(model).__name__} is not sampled with {name}; it takes {', '.join(known)}"
            )
