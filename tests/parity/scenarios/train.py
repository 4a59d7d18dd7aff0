"""Train one of the configs of ``parts`` and return everything that must not differ."""

from __future__ import annotations

import importlib
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any

import parts
import torch


def run(
    engine: str,
    kind: str,
    *,
    work_dir: str,
    resume: bool | str = False,
    kill_at: int | None = None,
    kill_in_save: int | None = None,
    kill_with: int = signal.SIGKILL,
    at_prompt: bool = False,
    change: dict[str, Any] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Train ``kind``, or go on with a run in ``work_dir``.

    Args:
        engine: ``"mmengine"`` or ``"mmlight"``.
        kind: A key of ``parts.CONFIGS``.
        work_dir: Where the run writes.
        resume: True for the latest checkpoint in ``work_dir``, or a path.
        kill_at: The process sends itself a signal when this many iterations are done.
        kill_with: The signal.
        at_prompt: The process is an interactive session; after Ctrl-C its user calls ``train()``
            again.
        kill_in_save: It kills itself in the first checkpoint written after so many iterations.
        change: Keys of the config to replace.
        options: Given to the config's function (``workers``, ``noise``, ...).
    """
    found = parts.install(engine)
    parts.install_constructor(engine)
    config = parts.CONFIGS[kind](work_dir, **options) | (change or {})
    recorder = found.Recorder(kill_at, kill_in_save, kill_with)
    config["custom_hooks"] = [*config.get("custom_hooks", []), recorder]
    config["resume"] = bool(resume)
    config["load_from"] = resume if isinstance(resume, str) else None
    runner = importlib.import_module(f"{engine}.runner").Runner(**config)
    if at_prompt:
        train_at_prompt(runner)
    runner.train()
    result = {"train": recorder.train, "metrics": recorder.metrics, **final_state(runner)}
    if os.environ.get("RANK", "0") == "0":  # files are the first process's, which may be at them
        result["files"] = files(Path(work_dir))
        result["log"] = log_lines(Path(work_dir)) if not resume else []
        result["scalars"] = scalars(Path(work_dir)) if not resume else []
    return result


def train_at_prompt(runner: Any) -> None:
    """Train until Ctrl-C, which must leave everything as it was."""
    sys.ps1 = ">>> "
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        runner.train()
    except KeyboardInterrupt:
        assert handlers == (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM))
        return
    raise AssertionError("nobody interrupted the training")


def final_state(runner: Any) -> dict[str, Any]:
    """Weights, optimizers, schedulers, moving averages, history, files: all that a run leaves."""
    state = {
        "weights": clone(runner.model.state_dict()),
        "optimizer": clone(runner.optim_wrapper.state_dict()),
        "schedulers": schedulers(runner.param_schedulers),
        "history": history(runner.message_hub),
        "info": {
            key: value
            for key, value in runner.message_hub.runtime_info.items()
            if key in ("iter", "epoch", "max_iters", "max_epochs", "best_score")
        },
        "counters": {"iter": runner.iter, "epoch": runner.epoch},
        "draw": torch.randn(3),
    }
    for hook in runner.hooks:
        if hasattr(hook, "ema_model"):
            state["ema"] = clone(hook.ema_model.state_dict())
    return state


def files(work_dir: Path) -> dict[str, Any]:
    """Every kept checkpoint with its weights, and which one counts as the last."""
    kept = {
        path.name: torch.load(path, weights_only=False)["state_dict"]
        for path in work_dir.glob("*.pth")
    }
    return {**kept, "last": Path((work_dir / "last_checkpoint").read_text().strip()).name}


def log_lines(work_dir: Path) -> list[str]:
    """The progress lines of the text log, but for times and memory."""
    (log,) = work_dir.glob("*/*.log")
    lines = [line for line in log.read_text().splitlines() if re.search(r"(Iter|Epoch)\(", line)]
    volatile = r"^\S+ \S+|\beta: [^ ]+( day[^ ]*, [^ ]+)?|\b(data_)?time: \S+|memory: \d+"
    return [re.sub(volatile, "", line).replace("mmlight", "mmengine") for line in lines]


def scalars(work_dir: Path) -> list[dict[str, Any]]:
    """What the local backend has written, but for times and memory."""
    (path,) = work_dir.glob("*/vis_data/scalars.json")
    volatile = re.compile("(.*/)?(data_time|time|memory|eta)")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    for row in rows:
        if "iter" not in row:  # MMEngine's rows of a validation lack it
            row.pop("epoch", None)
    return [{k: v for k, v in row.items() if not volatile.fullmatch(k)} for row in rows]


def clone(state: Any) -> Any:
    """A deep copy of a state dict with its own tensors."""
    if isinstance(state, torch.Tensor):
        return state.detach().clone()
    if isinstance(state, dict):
        return {key: clone(value) for key, value in state.items()}
    if isinstance(state, (list, tuple)):
        return [clone(value) for value in state]
    return state


def schedulers(built: Any) -> Any:
    """State of all schedulers, reduced to plain values."""
    if built is None:
        return []
    if isinstance(built, dict):
        return {name: schedulers(value) for name, value in built.items()}
    keep = ("last_step", "_global_step", "_last_value", "base_values", "by_epoch")
    return [{k: v for k, v in s.state_dict().items() if k in keep} for s in built]


def history(hub: Any) -> dict[str, Any]:
    """All logged scalars with their counts, but for those that are times."""
    return {
        key: tuple(torch.as_tensor(part, dtype=torch.float64) for part in buffer.data)
        for key, buffer in hub.log_scalars.items()
        if "time" not in key
    }
