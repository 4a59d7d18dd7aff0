"""Images of one domain that are made from images of another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from torch import Tensor

from mmlight.engine.samplers import sampling
from mmlight.generative.models import BaseTranslationModel
from mmlight.sampling.images import rgb
from mmlight.sampling.inputs import batches_of, read_images


def sample(
    model: BaseTranslationModel,
    num: int | None = None,
    seed: int = 0,
    inputs: str | Sequence[str] | None = None,
    domain: str | None = None,
) -> dict[str, list[Tensor]]:
    """Translate images.

    Args:
        model (BaseTranslationModel): The model.
        num (int, optional): How many at most. Defaults to None: 16, or all of ``inputs``.
        seed (int): Seed of the dropout. Defaults to 0.
        inputs (str | Sequence[str], optional): Images of the domain that ``domain`` is made from,
            which are made as large as the config's pipeline makes them. Defaults to None, those
            of the config's dataset.
        domain (str, optional): The domain to translate to. Defaults to None: all that can be
            reached, or the default one for ``inputs``.

    Returns:
        dict[str, list[Tensor]]: For each domain ``img_<source>_for_<domain>`` and
        ``fake_<domain>``, uint8 images ``(3, H, W)``.

    Raises:
        ValueError: If the domain cannot be reached, or the config has no images.
    """
    if domain is not None:
        model.source_of(domain)  # which knows the domains
    with sampling(model, seed):
        if inputs is not None:
            return _translate(model, read_images(model, inputs, num, resize=True), domain)
        return _translate_data(model, 16 if num is None else num, domain)


def _translate(model: Any, images: Sequence[Tensor], domain: str | None) -> dict[str, list[Tensor]]:
    target = model.default_domain if domain is None else domain
    key = f"img_{model.source_of(target)}"
    made = []
    for image in images:
        batch = model.data_preprocessor({"inputs": {key: [image]}}, False)["inputs"][key]
        result = model(batch, test_mode=True, target_domain=target)["target"]
        made.append(model.data_preprocessor.destruct(result, None, key)[0])
    return {f"{key}_for_{target}": rgb(model, images), f"fake_{target}": rgb(model, made)}


def _translate_data(model: Any, num: int, domain: str | None) -> dict[str, list[Tensor]]:
    targets = model.reachable_domains if domain is None else [domain]
    found: dict[str, list[Tensor]] = {}
    for batch in batches_of(model, num):
        (sample,) = model.test_step(batch)
        for target in targets:
            key = f"img_{model.source_of(target)}"
            for name, image in (
                (f"{key}_for_{target}", batch["inputs"][key][0]),
                (f"fake_{target}", sample.get(f"fake_{target}")),
            ):
                found.setdefault(name, []).extend(rgb(model, [image]))
    return found


def layout(images: dict[str, list[Tensor]]) -> dict[str, list[list[Tensor]]]:
    """Lay out what was translated beside what it became, one row an image.

    Args:
        images (dict): What :func:`sample` gave.

    Returns:
        dict: Rows of images, by the name of the picture.
    """
    names = [*images]
    return {
        f"to_{made.removeprefix('fake_')}": [
            list(row) for row in zip(images[given], images[made], strict=True)
        ]
        for given, made in zip(names[::2], names[1::2], strict=True)
    }
