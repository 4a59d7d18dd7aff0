"""Build a dataloader from its config."""

from __future__ import annotations

from functools import partial
from typing import Any

from torch.utils.data import DataLoader, Dataset, Subset

from mmlight.dataset import worker_init_fn as default_worker_init_fn
from mmlight.dist import get_rank, get_world_size
from mmlight.registry import DATA_SAMPLERS, DATASETS, FUNCTIONS


def build_dataloader(
    dataloader: DataLoader | dict, seed: int | None = None, diff_rank_seed: bool = False
) -> DataLoader:
    """Build what :meth:`mmlight.runner.Runner.build_dataloader` documents."""
    if isinstance(dataloader, DataLoader):
        return dataloader
    cfg = {**dataloader}
    dataset = _build_dataset(cfg.pop("dataset"))
    batches = cfg.pop("num_batch_per_epoch", None)
    if batches is not None:
        dataset = _first_samples(dataset, batches * cfg["batch_size"] * get_world_size())
    sampler = cfg.pop("sampler", None)
    if isinstance(sampler, dict):
        sampler_seed = None if diff_rank_seed else seed
        sampler = DATA_SAMPLERS.build(
            sampler, default_args={"dataset": dataset, "seed": sampler_seed}
        )
    batch_sampler = cfg.pop("batch_sampler", None)
    if isinstance(batch_sampler, dict):
        batch_sampler = DATA_SAMPLERS.build(
            batch_sampler,
            default_args={"sampler": sampler, "batch_size": cfg.pop("batch_size")},
        )
    return DataLoader(
        dataset=dataset,
        sampler=sampler if batch_sampler is None else None,
        batch_sampler=batch_sampler,
        collate_fn=_collate_fn(cfg.pop("collate_fn", {"type": "pseudo_collate"})),
        worker_init_fn=_worker_init_fn(cfg, seed),
        **cfg,
    )


def _build_dataset(dataset: Any) -> Any:
    if not isinstance(dataset, dict):
        return dataset
    built = DATASETS.build(dataset)
    if hasattr(built, "full_init"):
        built.full_init()
    return built


def _first_samples(dataset: Any, count: int) -> Dataset:
    subset = Subset(dataset, range(min(count, len(dataset))))
    if hasattr(dataset, "metainfo"):
        subset.metainfo = dataset.metainfo  # type: ignore[attr-defined]
    return subset


def _collate_fn(cfg: Any) -> Any:
    if not isinstance(cfg, dict):
        return cfg
    cfg = {**cfg}
    kind = cfg.pop("type")
    function = FUNCTIONS.get(kind) if isinstance(kind, str) else kind
    return partial(function, **cfg)


def _worker_init_fn(cfg: dict, seed: int | None) -> Any:
    given = cfg.pop("worker_init_fn", None)
    quiet = cfg.pop("disable_subprocess_warning", False)
    if given is not None and not isinstance(given, dict):
        return given
    if given is not None:
        given = {**given}
        kind = given.pop("type")
        function = FUNCTIONS.get(kind) if isinstance(kind, str) else kind
        return partial(function, **given)
    if seed is None:
        return None
    return partial(
        default_worker_init_fn,
        num_workers=cfg.get("num_workers", 0),
        rank=get_rank(),
        seed=seed,
        disable_subprocess_warning=quiet,
    )
