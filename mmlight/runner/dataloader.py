"""Build a dataloader from its config."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from torch.utils.data import DataLoader, Dataset, Subset

from mmlight.dataset import worker_init_fn as default_worker_init_fn
from mmlight.dist import get_rank, get_world_size
from mmlight.registry import DATA_SAMPLERS, DATASETS, FUNCTIONS, resolve_type
from mmlight.registry.diagnostics import check_arguments
from mmlight.registry.place import part
from mmlight.utils.checks import flags, whole
from mmlight.utils.near_names import did_you_mean

_NO_ARGUMENTS = ("num_batch_per_epoch", "disable_subprocess_warning")


def build_dataloader(
    dataloader: DataLoader[Any] | dict[str, Any],
    seed: int | None = None,
    diff_rank_seed: bool = False,
) -> DataLoader[Any]:
    """Build a dataloader with its dataset, sampler and collate function.

    Args:
        dataloader: Config: ``dataset``, ``sampler``, ``batch_sampler``, ``collate_fn``,
            ``worker_init_fn``, ``num_batch_per_epoch`` and the arguments of
            :class:`torch.utils.data.DataLoader`. A dataloader is returned as it is.
        seed: Seed of the sampler and of the workers.
        diff_rank_seed: Whether the ranks' samplers draw a common seed instead.

    Raises:
        TypeError: If ``dataloader`` is neither a DataLoader nor a dict.
        KeyError: If it has no ``dataset``.

    Example:
        >>> from mmlight.runner import Runner
        >>> loader = Runner.build_dataloader(dict(
        ...     dataset=[0, 1, 2, 3], batch_size=2, num_workers=0,
        ...     sampler=dict(type="DefaultSampler", shuffle=False)))
        >>> list(loader)
        [[0, 1], [2, 3]]
    """
    if isinstance(dataloader, DataLoader):
        return dataloader
    with part(dataloader):
        return _build(dataloader, seed, diff_rank_seed)


def _build(dataloader: Any, seed: int | None, diff_rank_seed: bool) -> DataLoader[Any]:
    if not isinstance(dataloader, dict):
        raise TypeError(
            f"dataloader should be a DataLoader or a dict, but got {type(dataloader).__name__}"
        )
    for key in ("dataset", "sampler") if get_world_size() > 1 else ("dataset",):
        if key not in dataloader and not (key == "sampler" and "batch_sampler" in dataloader):
            raise KeyError(f"the config of a dataloader needs a {key!r}, but has {[*dataloader]}")
    cfg = {**dataloader}
    arguments = {key: value for key, value in cfg.items() if key not in _NO_ARGUMENTS}
    check_arguments(DataLoader, arguments, dataloader)  # before any data is read
    _check(cfg)
    with part(dataloader, "dataset"):
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
    with part(dataloader, "collate_fn"):
        collate_fn = build_collate_fn(cfg.pop("collate_fn", {"type": "pseudo_collate"}))
    return DataLoader(
        dataset=dataset,
        sampler=sampler if batch_sampler is None else None,
        batch_sampler=batch_sampler,
        collate_fn=collate_fn,
        worker_init_fn=_worker_init_fn(cfg, seed),
        **cfg,
    )


def _check(cfg: dict[str, Any]) -> None:
    """Refuse arguments that torch would find fault with in other words, or late, or not at all."""
    for key, least in (("batch_size", 1), ("num_workers", 0), ("num_batch_per_epoch", 1)):
        if cfg.get(key) is not None:
            whole("a dataloader", least, **{key: cfg[key]})
    switches = ("drop_last", "pin_memory", "persistent_workers", "disable_subprocess_warning")
    flags("a dataloader", **{key: cfg[key] for key in switches if key in cfg})
    for key in ("dataset", "sampler", "batch_sampler"):
        if isinstance(cfg.get(key), str) or (key == "dataset" and cfg[key] is None):
            raise TypeError(
                f"{key} of a dataloader must be an object or a config, got {cfg[key]!r}"
            )


def _build_dataset(dataset: Any) -> Any:
    if not isinstance(dataset, dict):
        return dataset
    built = DATASETS.build(dataset)
    if hasattr(built, "full_init"):
        built.full_init()
    return built


def _first_samples(dataset: Any, count: int) -> Dataset[Any]:
    subset = Subset(dataset, range(min(count, len(dataset))))
    if hasattr(dataset, "metainfo"):
        subset.metainfo = dataset.metainfo  # type: ignore[attr-defined]
    return subset


def build_collate_fn(cfg: Any) -> Callable[..., Any] | None:
    """Find the function that makes a batch of samples.

    Args:
        cfg: A function, a dict with its name or itself as ``type`` and further arguments of it, or
            None, which stays None.

    Raises:
        KeyError: If no function has that name.
        TypeError: If ``cfg`` is anything else.

    Example:
        >>> import mmlight.dataset
        >>> build_collate_fn({"type": "pseudo_collate"})([{"a": 1}, {"a": 2}])
        {'a': [1, 2]}
    """
    if cfg is None:
        return None
    return _function("collate_fn", cfg)


def _worker_init_fn(cfg: dict[str, Any], seed: int | None) -> Any:
    given = cfg.pop("worker_init_fn", None)
    quiet = cfg.pop("disable_subprocess_warning", False)
    if given is not None:
        return _function("worker_init_fn", given)
    if seed is None:
        return None
    return partial(
        default_worker_init_fn,
        num_workers=cfg.get("num_workers", 0),
        rank=get_rank(),
        seed=seed,
        disable_subprocess_warning=quiet,
    )


def _function(key: str, cfg: Any) -> Callable[..., Any]:
    """The function that a config names under ``type``, with its further keys as arguments."""
    if callable(cfg):
        function: Callable[..., Any] = cfg
        return function
    if not isinstance(cfg, dict):
        raise TypeError(f"{key} should be a dict or a function, but got {cfg!r}")
    args = {**cfg}
    if "type" not in args:
        raise KeyError(f'{key} needs a "type", but has {[*args]}')
    kind, _ = args.pop("type"), args.pop("_scope_", None)
    function = resolve_type(cfg, FUNCTIONS)
    if not callable(function):
        hint = did_you_mean(str(kind), FUNCTIONS.known_names())
        raise KeyError(f"{key}: there is no function {kind!r}.{hint}")
    return partial(function, **args)
