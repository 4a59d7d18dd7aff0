"""Stand-ins for what a check of a config does not read: datasets, and what asks them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

from torch.utils.data import Dataset

from mmlight.dataset import BaseDataset
from mmlight.evaluator import BaseMetric
from mmlight.registry import DATA_SAMPLERS, DATASETS, TRANSFORMS
from mmlight.registry.build_functions import check_cfg
from mmlight.registry.place import part

_WRAPPED = ("dataset", "datasets")
_SAMPLERS = {"sampler": ("dataset", "seed"), "batch_sampler": ("sampler", "batch_size")}
_OURS = ("mmlight", "torch", "lightning", "torchmetrics")


class UnreadData(Dataset):
    """A dataset of which nothing is known but that it is large."""

    metainfo: dict = {}

    def __len__(self) -> int:
        return 1 << 20

    def __getitem__(self, index: int) -> Any:
        raise RuntimeError("a check of a config reads no data")


class UnknownMetric(BaseMetric):
    """A metric of which nothing is known, so that its values may have any name."""

    default_prefix = ""

    def process(self, data_batch: Any, data_samples: Any) -> None:
        """Take nothing."""

    def compute_metrics(self, results: list) -> dict:
        """Give nothing."""
        return {}


def is_ours(kind: Any) -> bool:
    """Tell whether a class asks no more of its surroundings than is documented."""
    return str(getattr(kind, "__module__", "")).split(".")[0] in _OURS


def dataset_faults(cfg: Any) -> Iterator[Exception]:
    """Check the config of a dataset with its transforms, and build what reads no file.

    Args:
        cfg (dict): The config.

    Yields:
        Exception: What is wrong.
    """
    kind, before = None, []
    try:
        kind = check_cfg(cfg, DATASETS)
    except Exception as err:
        before.append(err)
    before += [*_inner_faults(cfg), *_transform_faults(cfg)]
    yield from before
    if not before and _can_be_lazy(kind, cfg):
        try:
            DATASETS.build({**cfg, "lazy_init": True})
        except Exception as err:
            yield err


def _inner_faults(cfg: dict) -> Iterator[Exception]:
    for key in _WRAPPED:
        inner = cfg.get(key)
        for one in inner if isinstance(inner, list | tuple) else [inner]:
            if isinstance(one, dict) and "type" in one:
                with part(one):
                    yield from dataset_faults(one)


def _transform_faults(cfg: dict) -> Iterator[Exception]:
    pipeline = cfg.get("pipeline")
    for transform in pipeline if isinstance(pipeline, list | tuple) else ():
        if isinstance(transform, dict):
            try:
                with part(transform):
                    TRANSFORMS.build(transform)
            except Exception as err:
                yield err


def _can_be_lazy(kind: Any, cfg: dict) -> bool:
    if not (inspect.isclass(kind) and issubclass(kind, BaseDataset)):
        return False
    parameters = inspect.signature(kind).parameters.values()
    takes_it = any(p.name == "lazy_init" or p.kind is p.VAR_KEYWORD for p in parameters)
    return takes_it and not any(key in cfg for key in _WRAPPED)


def sampler_faults(cfg: dict) -> Iterator[tuple[str, Exception | None]]:
    """Check the samplers of a dataloader.

    Args:
        cfg (dict): Config of the dataloader.

    Yields:
        tuple[str, Exception or None]: The key of a sampler that cannot be built without its data,
        and what is wrong with it, None for one that may ask a dataset for more than its length.
    """
    for key, more in _SAMPLERS.items():
        sampler = cfg.get(key)
        if not isinstance(sampler, dict):
            continue
        try:
            with part(sampler):
                kind = check_cfg(sampler, DATA_SAMPLERS, dict.fromkeys(more))
            if not is_ours(kind):
                yield key, None
        except Exception as err:
            yield key, err
