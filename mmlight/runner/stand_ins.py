"""Stand-ins for what a check of a config does not read or cannot build."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmlight.dataset import BaseDataset
from mmlight.evaluator import BaseMetric
from mmlight.model import BaseModel
from mmlight.registry import DATA_SAMPLERS, DATASETS, TRANSFORMS
from mmlight.registry.build_functions import check_cfg
from mmlight.registry.place import part

from .dataloader import build_dataloader

_WRAPPED = ("dataset", "datasets")
_SAMPLERS = {"sampler": ("dataset", "seed"), "batch_sampler": ("sampler", "batch_size")}
_OF_WORKERS = ("multiprocessing_context", "persistent_workers", "prefetch_factor", "timeout")
_OURS = ("mmlight", "torch", "lightning", "torchmetrics")


class UnreadData(Dataset[Any]):
    """A dataset of which nothing is known but that it is large."""

    metainfo: dict[str, Any] = {}

    def __len__(self) -> int:
        return 1 << 20

    def __getitem__(self, index: int) -> Any:
        raise RuntimeError("a check of a config reads no data")


class UnknownMetric(BaseMetric):
    """A metric of which nothing is known, so that its values may have any name."""

    default_prefix = ""

    def process(self, data_batch: Any, data_samples: Any) -> None:
        """Take nothing."""

    def compute_metrics(self, results: list[Any]) -> dict[str, Any]:
        """Give nothing."""
        return {}


class BlankModel(BaseModel):
    """Stands for a model that cannot be built."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, inputs: Any, data_samples: Any = None, mode: str = "tensor") -> Any:
        return inputs


def unread_dataloader() -> DataLoader[Any]:
    """Return a dataloader of data of which nothing is known."""
    return build_dataloader({"dataset": UnreadData(), "batch_size": 1})


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


def _inner_faults(cfg: dict[str, Any]) -> Iterator[Exception]:
    for key in _WRAPPED:
        inner = cfg.get(key)
        for one in inner if isinstance(inner, list | tuple) else [inner]:
            if isinstance(one, dict) and "type" in one:
                with part(one):
                    yield from dataset_faults(one)


def _transform_faults(cfg: dict[str, Any]) -> Iterator[Exception]:
    pipeline = cfg.get("pipeline")
    for transform in pipeline if isinstance(pipeline, list | tuple) else ():
        if isinstance(transform, dict):
            try:
                with part(transform):
                    TRANSFORMS.build(transform)
            except Exception as err:
                yield err


def _can_be_lazy(kind: Any, cfg: dict[str, Any]) -> bool:
    if not (inspect.isclass(kind) and issubclass(kind, BaseDataset)):
        return False
    parameters = inspect.signature(kind).parameters.values()
    takes_it = any(p.name == "lazy_init" or p.kind is p.VAR_KEYWORD for p in parameters)
    return takes_it and not any(key in cfg for key in _WRAPPED)


def sampler_faults(cfg: dict[str, Any]) -> Iterator[tuple[str, Exception | None]]:
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


def without_workers(cfg: dict[str, Any]) -> dict[str, Any]:
    """Leave out of the config of a dataloader what would start processes."""
    return {**{k: v for k, v in cfg.items() if k not in _OF_WORKERS}, "num_workers": 0}


def without_names(cfg: Any) -> Any:
    """Leave out of the config of an optimizer wrapper what names parts of the model.

    Args:
        cfg (dict): The config; of several wrappers the first one is taken.
    """
    if not isinstance(cfg, dict):
        return cfg
    single = cfg if "optimizer" in cfg else next(filter(_has_optimizer, cfg.values()), cfg)
    return {
        key: value
        for key, value in single.items()
        if key not in ("constructor", "paramwise_cfg", "modules")
    }


def _has_optimizer(cfg: Any) -> bool:
    return isinstance(cfg, dict) and "optimizer" in cfg
