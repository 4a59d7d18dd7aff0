"""What the settings of a config do that become no object of their own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .explain_types import arguments_of, brief

TRAINER, CALLBACK, STRATEGY, LOGGER, MODULE, DATA, ENVIRONMENT, NOTHING = (
    "Trainer",
    "callback",
    "strategy",
    "logger",
    "module",
    "datamodule",
    "environment",
    "nothing",
)
"""Where a key can go."""

_Sentence = Callable[[Any], str]


def _call(value: Any) -> str:
    return arguments_of(value) if isinstance(value, dict) else brief(value)


def _launcher(value: Any) -> str:
    if value in (None, "none"):
        return "one process, unless trainer.devices says otherwise"
    return f"the processes that {value} started, connected before anything is built"


def _load_from(value: Any) -> str:
    return f"its weights are loaded from {value}" if value else "no weights are loaded"


def _resume(value: Any) -> str:
    return (
        "goes on from load_from, or the newest checkpoint in work_dir" if value else "begins anew"
    )


def _scaling(value: Any) -> str:
    if not isinstance(value, dict) or not dict.get(value, "enable"):
        return f"{brief(value)}: off, learning rates stay as they are"
    base = dict.get(value, "base_batch_size")
    return f"learning rates times the batch size of all processes / {base}"


def _imports(value: Any) -> str:
    imports = dict.get(value, "imports") if isinstance(value, dict) else value
    names = [imports] if isinstance(imports, str) else imports or []
    return f"imported before anything else: {', '.join(map(str, names))}"


def _compiled(value: Any) -> str:
    if not value:
        return "not compiled"
    return f"its steps go through torch.compile({'' if value is True else _call(value)})"


def _test_time(value: Any) -> str:
    return "no part of a run reads it, but mmlight.hooks.build_runner_with_tta does"


def _processes(value: Any) -> str:
    return f"mmlight.utils.set_multi_processing({_call(value)})"


SENTENCES: dict[str, tuple[str, _Sentence]] = {
    "_scope_": (ENVIRONMENT, lambda value: f"types of the runner are looked up in {value!r}"),
    "auto_scale_lr": (MODULE, _scaling),
    "compile": (MODULE, _compiled),
    "custom_imports": (ENVIRONMENT, _imports),
    "default_scope": (ENVIRONMENT, lambda value: f"types are looked up in {value!r} first"),
    "efficient_conv_bn_eval": (MODULE, lambda value: f"pairs of convolution and norm: {value!r}"),
    "experiment_name": (LOGGER, lambda value: f"the run is called {value!r} and its start"),
    "find_unused_parameters": (
        STRATEGY,
        lambda value: f"DistributedDataParallel(find_unused_parameters={value!r})",
    ),
    "launcher": (STRATEGY, _launcher),
    "load_from": (MODULE, _load_from),
    "log_level": (LOGGER, lambda value: f"records from level {value!r} on are shown"),
    "resume": (TRAINER, _resume),
    "sync_bn": (STRATEGY, lambda value: f"batch norms become those of {value!r} over processes"),
    "tta_model": (NOTHING, _test_time),
    "tta_pipeline": (NOTHING, _test_time),
    "work_dir": (TRAINER, lambda value: f"Trainer(default_root_dir={value!r}): all files of a run"),
}
"""By key, where it goes and what says of its value what it does."""

INSIDE: dict[tuple[str, str], tuple[str, _Sentence]] = {
    ("env_cfg", "cudnn_benchmark"): (
        ENVIRONMENT,
        lambda value: f"torch.backends.cudnn.benchmark = {bool(value)}",
    ),
    ("env_cfg", "dist_cfg"): (
        STRATEGY,
        lambda value: f"with a launcher: mmlight.dist.init_dist({_call(value)})",
    ),
    ("env_cfg", "mp_cfg"): (ENVIRONMENT, _processes),
    ("env_cfg", "resource_limit"): (ENVIRONMENT, lambda value: f"{value} open files a process"),
    ("env_cfg", "weights_only"): (
        MODULE,
        lambda value: f"checkpoints are read with weights_only={value!r}",
    ),
    ("randomness", "deterministic"): (
        ENVIRONMENT,
        lambda value: "torch is deterministic" if value else "torch may choose its algorithms",
    ),
    ("randomness", "diff_rank_seed"): (
        ENVIRONMENT,
        lambda value: f"each process has {'a seed of its own' if value else 'the same seed'}",
    ),
    ("randomness", "seed"): (
        ENVIRONMENT,
        lambda value: (
            "a seed is drawn" if value is None else f"mmlight.runner.set_random_seed({value!r})"
        ),
    ),
}
"""The same for keys inside others."""


def unread(value: Any) -> str:
    """Say of a value that it has no effect."""
    return f"no part of a run reads {brief(value)}"
