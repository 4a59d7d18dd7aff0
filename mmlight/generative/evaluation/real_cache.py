"""What a metric may know of real images before it reads them."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from torch import nn
from torch.hub import get_dir

_ADDRESS = re.compile(r" at 0x[0-9a-f]+>")


def channel_order(dataloader: Any, key: str) -> str:
    """Say in which order the channels of a dataset's images are.

    Args:
        dataloader (DataLoader): The dataloader.
        key (str): Name of the images in a sample.

    Returns:
        str: ``BGR`` or ``RGB``: what the first sample took note of, else what the pipeline's loader
        says, else ``RGB``.

    Example:
        >>> from torch.utils.data import DataLoader
        >>> from mmlight.generative.datasets.data_sample import DataSample
        >>> samples = [dict(data_samples=DataSample(metainfo=dict(gt_channel_order="bgr")))]
        >>> channel_order(DataLoader(samples), "gt_img")
        'BGR'
    """
    dataset: Any = getattr(dataloader, "dataset", None)
    noted = None
    if hasattr(dataset, "__getitem__"):
        sample = dataset[0]
        sample = sample.get("data_samples") if isinstance(sample, dict) else None
        stem = key.removesuffix("_img") or key
        metainfo = getattr(sample, "metainfo", {})
        noted = metainfo.get(f"{stem}_channel_order") or metainfo.get(f"{key}_channel_order")
    if noted is None:
        transforms = getattr(getattr(_innermost(dataset), "pipeline", None), "transforms", ())
        orders = (getattr(one, "channel_order", None) for one in transforms)
        noted = next((order for order in orders if isinstance(order, str)), "RGB")
    return str(noted).upper()


def _innermost(dataset: Any) -> Any:
    while not hasattr(dataset, "pipeline") and hasattr(dataset, "dataset"):
        dataset = dataset.dataset
    return dataset


def cache_file(dataloader: Any, network: nn.Module, *what: Any) -> Path | None:
    """Name the file in which is kept what a network says of a dataset.

    Another file, another date of a file, another transform or another weight is another name.

    Args:
        dataloader (DataLoader): The dataset's dataloader.
        network (nn.Module): The network.
        what (Any): What else the content depends on.

    Returns:
        Path or None: The file, in torch's cache; None for a dataset whose entries and transforms
        do not say what they are.
    """
    dataset: Any = getattr(dataloader, "dataset", None)
    digest = hashlib.blake2b(repr(what).encode(), digest_size=16)
    while not hasattr(dataset, "pipeline") and hasattr(dataset, "dataset"):
        digest.update(f"{type(dataset).__qualname__} {len(dataset)}".encode())
        dataset = dataset.dataset
    if not hasattr(dataset, "get_data_info") or not hasattr(dataset, "pipeline"):
        return None
    pipeline = repr(dataset.pipeline)
    if _ADDRESS.search(pipeline):
        return None
    digest.update(f"{type(dataset).__qualname__} {pipeline}".encode())
    for line in _entries(dataset):
        digest.update(line.encode())
    digest.update(f"{type(network).__qualname__} {network!r}".encode())
    for name, weight in network.state_dict().items():
        digest.update(name.encode())
        digest.update(weight.cpu().contiguous().numpy().tobytes())
    return Path(get_dir(), "real_images", f"{digest.hexdigest()}.pth")


def _entries(dataset: Any) -> Iterator[str]:
    for index in range(len(dataset)):
        info = dataset.get_data_info(index)
        for key in sorted(info):
            yield f"{key}={info[key]!r}"
            if key.endswith("_path") and isinstance(info[key], str) and os.path.isfile(info[key]):
                state = os.stat(info[key])
                yield f"{state.st_size} {state.st_mtime_ns}"
