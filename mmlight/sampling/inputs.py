"""The images that a model is given: files, or items of the config's dataset."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain, islice, zip_longest
from pathlib import PurePosixPath
from typing import Any

from torch import Tensor, nn

from mmlight.fileio import exists, get_file_backend, isdir
from mmlight.generative.datasets.image_files import join, list_images
from mmlight.generative.datasets.transforms import LoadImageFromFile
from mmlight.generative.datasets.transforms.packing import to_tensor
from mmlight.registry import TRANSFORMS, DefaultScope
from mmlight.runner.dataloader import build_dataloader
from mmlight.sampling.images import order_of, transforms_of

# Settings of a dataloader that go with workers, or with batches of a size.
_OF_A_TRAINING = ("persistent_workers", "prefetch_factor", "batch_sampler", "sampler")


def paths_of(inputs: str | Sequence[str]) -> list[str]:
    """List the files that are meant.

    Args:
        inputs (str | Sequence[str]): A folder with images, a file, or several; of any storage
            that :mod:`mmlight.fileio` knows.

    Returns:
        list[str]: The files, those of a folder sorted by name.

    Raises:
        FileNotFoundError: If there is no such file or folder, or no image in the folder.
    """
    if not isinstance(inputs, str):
        return [str(path) for path in inputs]
    # Some storages, as http, have no folders.
    if not hasattr(get_file_backend(inputs), "isdir"):
        return [inputs]
    if isdir(inputs):
        return [join(inputs, name) for name in sorted(list_images(inputs))]
    if not exists(inputs):
        raise FileNotFoundError(
            f"input: there is no file or folder {inputs}; give an image or a folder of images"
        )
    return [inputs]


def stems_of(inputs: str | Sequence[str], num: int | None = None) -> list[str]:
    """Give the names of the files without folder and suffix.

    Args:
        inputs (str | Sequence[str]): As for :func:`paths_of`.
        num (int, optional): How many at most. Defaults to None, all.

    Returns:
        list[str]: The names.

    Example:
        >>> stems_of(["photos/a.png", "b.jpg"])
        ['a', 'b']
    """
    return [PurePosixPath(path).stem for path in paths_of(inputs)[:num]]


def read_images(
    model: nn.Module, inputs: str | Sequence[str], num: int | None = None, resize: bool = False
) -> list[Tensor]:
    """Read images as the config's pipeline reads those of the dataset.

    Args:
        model (nn.Module): The model, with its config as ``cfg`` if that is known.
        inputs (str | Sequence[str]): As for :func:`paths_of`.
        num (int, optional): How many at most. Defaults to None, all.
        resize (bool): Whether the images are made as large as the pipeline of the test or the
            validation makes them. Defaults to False.

    Returns:
        list[Tensor]: uint8 ``(C, H, W)``, with the number and the order of channels that the
        model has.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If one is no image.
    """
    load = LoadImageFromFile(
        "img",
        color_type="grayscale" if _channels(model) == 1 else "color",
        channel_order=order_of(model),
    )
    change = _resize_of(model) if resize else None
    images = []
    for path in paths_of(inputs)[:num]:
        read: Any = load({"img_path": path})
        images.append(to_tensor((change(read) if change else read)["img"], "img"))
    return images


def _channels(model: nn.Module) -> int:
    """Number of channels that the first convolution of the generator takes."""
    networks: Any = getattr(model, "generators", None) or getattr(model, "generator", model)
    result: int = next(weight.shape[1] for weight in networks.parameters() if weight.ndim == 4)
    return result


def _resize_of(model: Any) -> Any:
    for transform in transforms_of(model, ("test", "val")):
        kind = str(transform.get("type"))
        if kind.rpartition(".")[2] == "Resize" and isinstance(transform.get("scale"), Sequence):
            with DefaultScope.overwrite_default_scope(model.cfg.get("default_scope")):
                return TRANSFORMS.build({**transform, "keys": ["img"]})
    return None


def batches_of(model: Any, num: int) -> Iterator[Any]:
    """Give items of the config's test dataset, or else of its validation dataset.

    Args:
        model (nn.Module): The model, with its config as ``cfg``.
        num (int): How many at most, spread over the dataset; of several datasets in turn.

    Yields:
        Any: A batch of one item.

    Raises:
        ValueError: If the config has no such dataset.
        FileNotFoundError: If its files are not there.
    """
    cfg = getattr(model, "cfg", None) or {}
    loaders = cfg.get("test_dataloader") or cfg.get("val_dataloader")
    if not loaders:
        raise ValueError(
            f"{type(model).__name__} makes images from images: give some as input, for the config "
            "has neither a test_dataloader nor a val_dataloader to take them from"
        )
    loaders = loaders if isinstance(loaders, (list, tuple)) else [loaders]
    with DefaultScope.overwrite_default_scope(cfg.get("default_scope")):
        items = [_items(loader, num) for loader in loaders]
        in_turn = chain.from_iterable(zip_longest(*items))
        yield from islice((batch for batch in in_turn if batch is not None), num)


def _items(loader: dict[str, Any], num: int) -> Iterator[Any]:
    settings = {name: value for name, value in loader.items() if name not in _OF_A_TRAINING}
    try:
        built = build_dataloader({**settings, "num_workers": 0, "batch_size": 1})
    except FileNotFoundError as error:
        raise FileNotFoundError(
            f"{error}: the config's images are not there, but others can be given as input"
        ) from error
    dataset: Any = built.dataset
    for index in range(min(num, len(dataset))):
        yield built.collate_fn([dataset[index * len(dataset) // min(num, len(dataset))]])
