"""What is done with mmagic on MMEngine and with mmlight alone, and has to come out equal."""

from __future__ import annotations

import copy
import importlib
import random
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))


def run(engine: str, folder: str, task: str, work_dir: str, **kwargs: Any) -> Any:
    """Carry out one of the tasks below, with mmagic's parts or with ours."""
    if task == "train":
        kwargs.update(folder=folder, work_dir=work_dir)
    elif task in ("evaluators", "niqe", "shapes"):
        kwargs.update(folder=folder)
    elif task == "metrics":
        kwargs.update(work_dir=work_dir)
    if engine == "mmengine":
        import mmagic_runs

        mmagic_runs.TASKS["kit"] = lambda work_dir: register("mmagic")
        mmagic_runs.run(engine, folder, "kit", work_dir)
        parts = "mmagic"
    else:
        parts = "mmlight"
        register(parts)
    return TASKS[task](parts, **kwargs)


def register(parts: str) -> None:
    if parts == "mmagic":
        importlib.import_module("mmagic.utils").register_all_modules()
    else:
        importlib.import_module("mmlight.registry").init_default_scope("mmagic")


def registry(parts: str, name: str) -> Any:
    return getattr(importlib.import_module(f"{parts}.registry"), name)


def seed(number: int) -> None:
    random.seed(number)
    np.random.seed(number)
    torch.manual_seed(number)


def plain(value: Any) -> Any:
    """Turn what either side made into what can be compared."""
    if hasattr(value, "metainfo"):
        return {"data": plain(dict(value.items())), "meta": plain(value.metainfo)}
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value


def transforms(parts: str, cases: list[tuple[dict, list[dict]]], ignored: list[str]) -> list:
    """Run transforms on entries, one after the other, and see how many numbers they drew."""
    return [transform(parts, cfg, entries, ignored) for cfg, entries in cases]


def transform(parts: str, cfg: dict, entries: list[dict], ignored: list[str]) -> tuple:
    seed(0)
    built = registry(parts, "TRANSFORMS").build(cfg)
    # Copies: mmagic flips the arrays that it was given.
    outcomes = [plain(built(copy.deepcopy(entry))) for entry in entries]
    for outcome in outcomes:
        for key in ignored:
            outcome.pop(key, None)
    return outcomes, random.random(), np.random.rand(), torch.rand(1)


def datasets(parts: str, cases: list[dict], scales: list[int]) -> list:
    """Read the first entries of datasets twice, after seeding once."""
    return [dataset(parts, cfg, scales) for cfg in cases]


def dataset(parts: str, cfg: dict, scales: list[int]) -> tuple:
    seed(0)
    built = registry(parts, "DATASETS").build(cfg)
    result = []
    for scale in scales if hasattr(built, "update_annotations") else [0]:
        if scale:
            built.update_annotations(scale)
        indices = [*range(min(len(built), 40))] * 2
        result.append((len(built), [plain(built[i]) for i in indices]))
    return result, built.metainfo, np.random.rand()


def mend_known_faults() -> None:
    """Two methods of mmagic 1.2.0 fail on any engine today."""
    import mmagic_runs
    from mmagic.models.base_models import base_translation_model
    from mmagic.models.editors.dcgan import dcgan_discriminator

    dcgan_discriminator.DCGANDiscriminator.init_weights = mmagic_runs.normal_weights
    base_translation_model.BaseTranslationModel.init_weights = networks_start


def networks_start(model: Any) -> None:
    """What the method that fails is there for: each network starts as its own init_cfg says."""
    for networks in (model.generators, model.discriminators):
        for network in networks.values():
            network.init_weights()


def train(parts: str, folder: str, work_dir: str, family: str, images: str) -> dict[str, Any]:
    """Train a config of mmagic's zoo, made small: losses, metrics and weights."""
    import kit_families

    engine = importlib.import_module("mmengine" if parts == "mmagic" else "mmlight")
    if parts == "mmagic":
        mend_known_faults()
    path, shrink, iterations = kit_families.FAMILIES[family]
    Config = importlib.import_module(f"{engine.__name__}.config").Config
    Runner = importlib.import_module(f"{engine.__name__}.runner").Runner
    Hook = importlib.import_module(f"{engine.__name__}.hooks").Hook
    cfg = Config.fromfile(Path(folder, "mmagic", ".mim", "configs", path))
    cfg.work_dir, cfg.randomness = work_dir, {"seed": 1}
    shrink(cfg, Path(images))
    cfg.train_cfg["max_iters"] = iterations
    cfg.default_hooks["logger"]["interval"] = 1
    cfg.default_hooks["checkpoint"].update(interval=3, out_dir=work_dir)
    cfg.env_cfg["cudnn_benchmark"] = False

    class Record(Hook):
        priority = "LOWEST"

        def __init__(self) -> None:
            self.losses: list[dict] = []
            self.metrics: list[dict] = []

        def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None) -> None:
            self.losses.append(kit_families.numbers(outputs))

        def after_val_epoch(self, runner, metrics=None) -> None:
            self.metrics.append(kit_families.numbers(metrics))

    record = Record()
    runner = Runner.from_cfg(cfg)
    runner.register_hook(record)
    runner.train()
    return {
        "losses": record.losses,
        "metrics": record.metrics,
        "rates": runner.optim_wrapper.get_lr(),
        "weights": dict(runner.model.state_dict()),
        "pictures": len(list(Path(work_dir).rglob("*.png"))),
    }


def shapes(parts: str, folder: str, family: str) -> dict[str, dict[str, tuple[int, ...]]]:
    """Build the models of all configs of a family: names and shapes of their weights."""
    engine = "mmengine" if parts == "mmagic" else "mmlight"
    Config = importlib.import_module(f"{engine}.config").Config
    found = {}
    for path in sorted(Path(folder, "mmagic", ".mim", "configs", family).glob("*.py")):
        with torch.device("meta"):
            model = registry(parts, "MODELS").build(Config.fromfile(path).model)
        found[path.name] = {name: tuple(value.shape) for name, value in model.state_dict().items()}
    return found


def evaluators(parts: str, folder: str, family: str) -> dict[str, list[str]]:
    """Build the test evaluators of all configs of a family: the classes of their metrics."""
    engine = "mmengine" if parts == "mmagic" else "mmlight"
    Config = importlib.import_module(f"{engine}.config").Config
    found = {}
    for path in sorted(Path(folder, "mmagic", ".mim", "configs", family).glob("*.py")):
        evaluator = registry(parts, "EVALUATOR").build(Config.fromfile(path).test_evaluator)
        found[path.name] = [type(metric).__name__ for metric in evaluator.metrics]
    return found


def metrics(parts: str, **kwargs: Any) -> list[dict[str, float]]:
    """Evaluate metrics of generated images on given ones."""
    import kit_metrics

    return kit_metrics.values(parts, **kwargs)


def niqe(parts: str, **kwargs: Any) -> list[list[float]]:
    """Evaluate the quality of photographs."""
    import kit_metrics

    return kit_metrics.niqe(parts, **kwargs)


TASKS: dict[str, Callable] = {
    "metrics": metrics,
    "niqe": niqe,
    "evaluators": evaluators,
    "shapes": shapes,
    "train": train,
    "transforms": transforms,
    "datasets": datasets,
}
