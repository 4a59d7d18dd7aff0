"""What ``mmlight sample`` writes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn

from mmlight.fileio import join_path
from mmlight.sampling.families import family_of, sample
from mmlight.sampling.images import grid_rows
from mmlight.sampling.inputs import stems_of
from mmlight.sampling.noise import interpolate, moves
from mmlight.sampling.pictures import picture, write_gif, write_png

_MOVING = 4


def write_samples(
    model: nn.Module, folder: str, frames: int | None = None, **options: Any
) -> Iterator[str]:
    """Write pictures of what a model makes: grids, what moves, and results for given images.

    Args:
        model (nn.Module): The model.
        folder (str): Where: a folder, or the URL of one that :mod:`mmlight.fileio` knows.
        frames (int, optional): Moments of ``interpolation.gif``; 0 for no such file. Defaults to
            None: 32 for models that start from a vector of noise.
        **options: Of :func:`~mmlight.sampling.sample`.

    Yields:
        str: Path of a file that has been written.

    Raises:
        TypeError: If the model makes no images, or there is nothing that could move.
        ValueError: If an option is not one of its family, or has a value that is not possible.
    """
    if frames is not None and frames < 0:
        raise ValueError(f"frames must be 0 or more, got {frames}")
    layout = family_of(model).layout
    images = sample(model, **options)
    for name, rows in layout(images).items():
        yield write_png(picture(rows), folder, name)
    if options.get("inputs") is not None:
        yield from _write_results(images, folder, options)
    if frames or (frames is None and moves(model)):
        yield _write_moving(model, folder, 32 if frames is None else frames, options)


def _write_results(
    images: dict[str, list[Tensor]], folder: str, options: dict[str, Any]
) -> Iterator[str]:
    """Write what became of each given image under its name."""
    names = stems_of(options["inputs"], options.get("num"))
    if len({*names}) < len(names):
        names = [f"{index}_{name}" for index, name in enumerate(names)]
    (made,) = (
        column for kind, column in images.items() if kind == "output" or kind.startswith("fake_")
    )
    for name, image in zip(names, made, strict=True):
        yield write_png(image.permute(1, 2, 0).numpy(), str(join_path(folder, "results")), name)


def _write_moving(model: Any, folder: str, frames: int, options: dict[str, Any]) -> str:
    given = {name: options.get(name) for name in ("seed", "sample_model")}
    moments = interpolate(
        model,
        min(options.get("num") or _MOVING, _MOVING),
        frames=frames,
        **{name: value for name, value in given.items() if value is not None},
    )
    pictures = [picture(grid_rows(images)) for images in moments]
    return write_gif(pictures, folder, "interpolation")
