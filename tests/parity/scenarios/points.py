"""Record the order in which an engine calls the 22 points of a hook, with the counters it shows."""

from __future__ import annotations

import importlib
from typing import Any

import parts
import torch

POINTS = (
    "before_run",
    "after_load_checkpoint",
    "before_train",
    "before_train_epoch",
    "before_train_iter",
    "after_train_iter",
    "after_train_epoch",
    "before_val",
    "before_val_epoch",
    "before_val_iter",
    "after_val_iter",
    "after_val_epoch",
    "after_val",
    "before_save_checkpoint",
    "after_train",
    "before_test",
    "before_test_epoch",
    "before_test_iter",
    "after_test_iter",
    "after_test_epoch",
    "after_test",
    "after_run",
)


def tracer(engine: str, priority: str, trace: list) -> Any:
    """A hook that notes every point at which it is called, in ``trace``."""

    def note(point: str) -> Any:
        def called(self: Any, runner: Any, *args: Any, **kwargs: Any) -> None:
            given = {k: v for k, v in kwargs.items() if k in ("batch_idx", "metrics")}
            told = {k: k in kwargs and kwargs[k] is not None for k in ("data_batch", "outputs")}
            # Not "optimizer": MMEngine leaves it out of its best checkpoints.
            keys = sorted(set(kwargs.get("checkpoint", {})) & {"state_dict", "meta"})
            trace.append((priority, point, runner.iter, runner.epoch, len(args), given, told, keys))

        return called

    hook = importlib.import_module(f"{engine}.hooks").Hook
    members = {point: note(point) for point in POINTS} | {"priority": priority}
    return type(f"Tracer{priority}", (hook,), members)()


def run(
    engine: str,
    kind: str,
    task: str,
    *,
    work_dir: str,
    change: dict[str, Any] | None = None,
    load: str | None = None,
    noise: bool = True,
) -> dict[str, Any]:
    """Run ``task`` (``"train"``, ``"val"`` or ``"test"``) and return what the tracers saw.

    Two tracers, of the highest and the lowest priority, stand around the default hooks. Weights
    are written to ``load`` and loaded from it where that is given.
    """
    found = parts.install(engine)
    if load:
        torch.manual_seed(0)
        torch.save({"state_dict": found.Regressor().state_dict(), "meta": {}}, load)
    parts.install_constructor(engine)
    config = parts.CONFIGS[kind](work_dir, noise=noise) | (change or {})
    config["load_from"] = load
    trace: list = []
    config["custom_hooks"] = [
        tracer(engine, priority, trace) for priority in ("HIGHEST", "LOWEST")
    ] + config.get("custom_hooks", [])
    if task == "test":
        config["test_dataloader"] = config["val_dataloader"]
        config["test_evaluator"], config["test_cfg"] = config["val_evaluator"], {}
    runner = importlib.import_module(f"{engine}.runner").Runner(**config)
    result = getattr(runner, task)()
    order = [type(hook).__name__ for hook in runner.hooks]
    counters = {"iter": runner.iter, "epoch": runner.epoch}
    metrics = result if task != "train" else None
    return {"trace": trace, "hooks": order, "metrics": metrics, "counters": counters}
