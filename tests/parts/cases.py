"""What each documented part does: how it is used in a config and in a Trainer, and its effect."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch

from mmlight import engine, hooks, optim
from mmlight.bridge.loggers import VisBackendLogger
from mmlight.dist import all_gather
from mmlight.engine import GenLogProcessor, GenVisualizer
from mmlight.evaluator import BaseMetric, DumpResults, Evaluator
from mmlight.generative.evaluation import GenMetric
from mmlight.hooks import EvaluatorCallback, LoggerHook, ParamSchedulerHook
from mmlight.runner import LogProcessor
from mmlight.visualization import LocalVisBackend, Visualizer
from tests.engine.hooks import test_pggan_fetch_data_hook as growing_config
from tests.engine.hooks import test_pggan_fetch_data_hook_in_a_trainer as growing_trainer
from tests.engine.toys import gan_runner
from tests.engine.toys import loader as gan_loader
from tests.optim.scheduler_cases import CASES
from tests.parts.project import (
    BATCHES,
    EPOCHS,
    SGD,
    Images,
    Run,
    in_a_config,
    in_a_trainer,
    is_main,
    launched,
    loader_config,
)

ACCURACY = {"type": "MulticlassAccuracy", "num_classes": 2, "average": "micro"}
STEPS = BATCHES * EPOCHS


@dataclass
class Part:
    """A part at work; both ways fail if it has not done what it is for."""

    config: Callable[[Path], Any]
    trainer: Callable[[Path, bool], Any]


PARTS: dict[str, Part] = {}


def hook_case(
    name: str,
    make: Callable[[Path], Any],
    works: Callable[[Run], Any],
    **changes: Any,
) -> None:
    """Register a hook that works without anything else."""

    def config(folder: Path) -> None:
        assert works(in_a_config(folder, make(folder), **changes))

    def trainer(folder: Path, automatic: bool) -> None:
        assert works(in_a_trainer(folder, automatic, make(folder)))

    PARTS[name] = Part(config, trainer)


def recorded(run: Run, name: str) -> bool:
    return name in run.face.message_hub.log_scalars


def written(run: Run, pattern: str) -> bool:
    """Whether there is such a file, which the main process alone writes."""
    return bool(list(run.folder.rglob(pattern))) or not is_main()


hook_case(
    "CheckpointHook",
    lambda folder: hooks.CheckpointHook(interval=1),
    lambda run: written(run, "epoch_2.pth") and written(run, "last_checkpoint"),
)
hook_case("EMAHook", lambda folder: hooks.EMAHook(), lambda run: run.hook.ema_model.steps == STEPS)
hook_case(
    "LoggerHook",
    lambda folder: LoggerHook(interval=2),
    lambda run: written(run, "scalars.json") or written(run, "*.log"),
)
hook_case(
    "NaiveVisualizationHook",
    lambda folder: hooks.NaiveVisualizationHook(),
    lambda run: "0.png" in run.drawn or not is_main(),
)
hook_case(
    "RuntimeInfoHook",
    lambda folder: hooks.RuntimeInfoHook(),
    lambda run: recorded(run, "train/lr") or recorded(run, "train/lr-SGD"),
)
hook_case(
    "DistSamplerSeedHook",
    lambda folder: hooks.DistSamplerSeedHook(),
    lambda run: run.sampler.epoch == EPOCHS - 1,
)
hook_case(
    "IterTimerHook", lambda folder: hooks.IterTimerHook(), lambda run: recorded(run, "train/time")
)


def same_statistics(run: Run) -> bool:
    means = all_gather(run.module.generator.norm.running_mean)
    return all(torch.equal(mean, means[0]) for mean in means)


hook_case("SyncBuffersHook", lambda folder: hooks.SyncBuffersHook(), same_statistics)
hook_case(
    "EmptyCacheHook",
    lambda folder: hooks.EmptyCacheHook(after_iter=True),
    lambda run: len(run.curve) == STEPS,
)
hook_case(
    "BasicVisualizationHook",
    lambda folder: engine.BasicVisualizationHook(),
    lambda run: "0" in run.drawn or not is_main(),
)
hook_case(
    "ExponentialMovingAverageHook",
    lambda folder: engine.ExponentialMovingAverageHook("generator_ema", interval=1),
    lambda run: (
        not torch.equal(run.module.generator_ema.last.weight, run.module.generator.last.weight)
    ),
)
hook_case(
    "GenIterTimerHook",
    lambda folder: engine.GenIterTimerHook(),
    lambda run: recorded(run, "train/time"),
)


def pickled(run: Run) -> bool:
    if not is_main():
        return True
    (file,) = run.folder.rglob("*.pkl")
    return pickle.loads(file.read_bytes())["scales"] == [4, 8]


hook_case(
    "PickleDataHook",
    lambda folder: engine.PickleDataHook("pickled", ["scales"], after_run=True),
    pickled,
)


def pictures(name: str) -> None:
    """Register a hook that generates pictures; in a config it is that of a GAN."""
    make = partial(
        getattr(engine, name), interval=1, fixed_input=True, vis_kwargs_list={"type": "Noise"}
    )

    def config(folder: Path) -> None:
        gan_runner(folder, 2, custom_hooks=[make()], **launched(several=True)).train()
        assert list(folder.rglob("*.png")) or not is_main()

    def trainer(folder: Path, automatic: bool) -> None:
        assert written(in_a_trainer(folder, automatic, make()), "*.png")

    PARTS[name] = Part(config, trainer)


pictures("VisualizationHook")
pictures("GenVisualizationHook")


# Schedulers: the curve is that of the same scheduler stepped by hand.


def by_hand(make: Callable[[Any], Any], setting: str) -> list[float]:
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1, momentum=0.9)
    scheduler, curve = make(sgd), []
    for _ in range(STEPS):
        curve.append(sgd.param_groups[0][setting])
        sgd.step()
        scheduler.step()
    return curve


def stepping(returned: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """What configure_optimizers returns with a scheduler of the first optimizer."""

    def configure(module: Any) -> Any:
        parts = [module] if module.automatic_optimization else [module.generator]
        parts += [] if module.automatic_optimization else [module.discriminator]
        optimizers = [torch.optim.SGD(p.parameters(), lr=0.1, momentum=0.9) for p in parts]
        return optimizers, [returned(optimizers[0])]

    return configure


def scheduler_case(name: str, cls: Any, arguments: dict[str, Any], setting: str) -> None:
    """Register a scheduler that counts iterations."""
    arguments = {**arguments, "by_epoch": False}
    expected = partial(by_hand, lambda sgd: cls(sgd, **arguments), setting)

    def config(folder: Path) -> None:
        run = in_a_config(folder, setting=setting, param_scheduler={"type": name, **arguments})
        assert run.curve == expected()

    def trainer(folder: Path, automatic: bool) -> None:
        run = in_a_trainer(
            folder,
            automatic,
            *([] if automatic else [ParamSchedulerHook()]),
            returned=stepping(lambda optimizer: cls(optimizer, **arguments)),
            setting=setting,
        )
        assert run.curve == expected()
        assert len(set(run.curve)) > 1

    PARTS[name] = Part(config, trainer)


for _family, _arguments in CASES:
    scheduler_case(f"{_family}LR", getattr(optim, f"{_family}LR"), _arguments, "lr")
    if _family != "OneCycle":
        _cls = getattr(optim, f"{_family}Momentum")
        scheduler_case(f"{_family}Momentum", _cls, _arguments, "momentum")
    _named = {"param_name": "lr", **_arguments}
    scheduler_case(
        f"{_family}ParamScheduler", getattr(optim, f"{_family}ParamScheduler"), _named, "lr"
    )
scheduler_case("LinearLrInterval", engine.LinearLrInterval, {"end": 8, "interval": 2}, "lr")


def reduce_lr(folder: Path, hook: Any, *, automatic: bool | None, **arguments: Any) -> None:
    if automatic is None:
        by_iteration = {"by_epoch": False, **arguments}
        run = in_a_config(
            folder,
            default_hooks={"param_scheduler": hook, "checkpoint": None, "logger": None},
            param_scheduler={"type": "ReduceLR", "patience": 0, "threshold": 9.0, **by_iteration},
        )
    else:
        run = in_a_trainer(
            folder,
            automatic,
            *([hook] if hook else []),
            returned=stepping(
                lambda sgd: engine.ReduceLR(sgd, patience=0, threshold=9.0, **arguments)
            ),
            max_epochs=4,
        )
    assert min(run.curve) < 0.1


PARTS["ReduceLR"] = Part(
    lambda folder: reduce_lr(
        folder, {"type": "ReduceLRSchedulerHook", "by_epoch": False}, automatic=None
    ),
    lambda folder, automatic: reduce_lr(
        folder, None if automatic else ParamSchedulerHook(), automatic=automatic, monitor="val_loss"
    ),
)


def reduce_lr_hook(folder: Path, automatic: bool) -> None:
    reduce_lr(folder, engine.ReduceLRSchedulerHook(by_epoch=False), automatic=automatic)


PARTS["ReduceLRSchedulerHook"] = Part(PARTS["ReduceLR"].config, reduce_lr_hook)


def param_scheduler_hook(folder: Path, automatic: bool) -> None:
    returned = stepping(lambda sgd: optim.StepLR(sgd, 1, gamma=0.5))
    run = in_a_trainer(folder, automatic, ParamSchedulerHook(), returned=returned)
    assert run.curve == [0.1] * BATCHES + [0.05] * BATCHES


PARTS["ParamSchedulerHook"] = Part(PARTS["StepLR"].config, param_scheduler_hook)


# Optimizer wrappers and what constructs them.


def wrapper_case(name: str, cfg: dict[str, Any], returned: Callable[[Any], Any]) -> None:
    """Register what gives wrappers; all that they have to update moves."""

    def config(folder: Path) -> None:
        run = in_a_config(folder, optim_wrapper=cfg)
        assert run.moved("generator.blocks.0")

    def trainer(folder: Path, automatic: bool) -> None:
        run = in_a_trainer(folder, automatic, returned=returned)
        assert run.moved("generator.blocks.0")
        assert run.trainer.global_step % STEPS == 0
        assert run.trainer.global_step >= STEPS

    PARTS[name] = Part(config, trainer)


def build(cfg: dict[str, Any]) -> Callable[[Any], Any]:
    return lambda module: optim.build_optim_wrapper(module, cfg)


CLIPPED = {"optimizer": SGD, "clip_grad": {"max_norm": 1.0}}
wrapper_case("OptimWrapper", CLIPPED, build(CLIPPED))
AMP = {"type": "AmpOptimWrapper", "optimizer": SGD, "dtype": "bfloat16"}
wrapper_case("AmpOptimWrapper", AMP, build(AMP))
PARAMWISE = {"optimizer": SGD, "paramwise_cfg": {"custom_keys": {"last": {"lr_mult": 0.1}}}}
wrapper_case("DefaultOptimWrapperConstructor", PARAMWISE, build(PARAMWISE))
for _name in ("MultiOptim", "PGGANOptim", "SinGANOptim"):
    _cfg = {
        "constructor": f"{_name}WrapperConstructor",
        "generator": {"optimizer": SGD},
        "discriminator": {"optimizer": SGD},
    }
    wrapper_case(f"{_name}WrapperConstructor", _cfg, build(_cfg))
PARTS["OptimWrapperDict"] = PARTS["MultiOptimWrapperConstructor"]


# Loops and evaluators.


class Samples(BaseMetric):
    """Counts samples."""

    default_prefix = "counted"

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results += data_samples

    def compute_metrics(self, results: list) -> dict[str, float]:
        return {"samples": float(len(results))}


def all_samples() -> int:
    return len(Images())


def evaluated(folder: Path, metrics: Any, name: str) -> Run:
    run = in_a_config(folder, val_evaluator=metrics, test_evaluator=metrics)
    assert name in run.metrics
    return run


def evaluator_callback(folder: Path, automatic: bool, metrics: Any, name: str) -> Run:
    run = in_a_trainer(folder, automatic, EvaluatorCallback(metrics))
    assert name in run.metrics
    return run


def several_loaders(folder: Path, automatic: bool) -> None:
    several = {"near": Evaluator(ACCURACY), "far": [ACCURACY, Samples()]}
    run = in_a_trainer(folder, automatic, EvaluatorCallback(several), loaders=2)
    assert {"near/MulticlassAccuracy", "far/MulticlassAccuracy"} <= run.metrics.keys()
    assert float(run.metrics["far/counted/samples"]) == all_samples()


def several_in_a_config(folder: Path) -> None:
    evaluators = [{**ACCURACY, "prefix": "near"}, {**ACCURACY, "prefix": "far"}]
    loaders = [loader_config(), loader_config()]
    run = in_a_config(
        folder,
        val_dataloader=loaders,
        test_dataloader=loaders,
        val_cfg={"type": "MultiValLoop"},
        test_cfg={"type": "MultiTestLoop"},
        val_evaluator=evaluators,
        test_evaluator=evaluators,
    )
    assert {"near/MulticlassAccuracy", "far/MulticlassAccuracy"} <= run.metrics.keys()


def iterations(folder: Path) -> None:
    run = in_a_config(
        folder,
        train_cfg={"type": "IterBasedTrainLoop", "max_iters": 6, "val_interval": 3},
        log_processor={"by_epoch": False},
    )
    assert len(run.curve) == 6


class Light(GenMetric):
    """Mean level of the generated images."""

    default_prefix = "light"

    def prepare(self, module: Any, dataloader: Any) -> None:
        """Take nothing of the real images."""

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results += [self.fake_image(sample).mean() for sample in data_samples]

    def compute_metrics(self, results: list) -> dict[str, float]:
        return {"mean": float(sum(results) / len(results)), "count": float(len(results))}


def generated(folder: Path) -> None:
    """Both loops of generative models, in one run."""
    kinds = {"val": "GenValLoop", "test": "GenTestLoop"}
    changes: dict[str, Any] = {}
    for mode, kind in kinds.items():
        metric = Light(fake_nums=4, sample_model="orig")
        changes[f"{mode}_dataloader"] = gan_loader(shuffle=False)
        changes[f"{mode}_cfg"] = {"type": kind}
        changes[f"{mode}_evaluator"] = {"type": "GenEvaluator", "metrics": [metric]}
    runner = gan_runner(folder, 2, **changes, **launched(several=True))
    runner.train()
    assert runner.test()["light/count"] >= 4
    assert runner.message_hub.log_scalars["val/light/count"].current() >= 4


class DictOfLists(Evaluator):
    """An evaluator of one's own."""


def trainers_limits(folder: Path, automatic: bool) -> None:
    assert len(in_a_trainer(folder / "epochs", automatic).curve) == STEPS
    steps = 6 if automatic else 12  # one for each optimizer
    assert len(in_a_trainer(folder / "steps", automatic, max_epochs=-1, max_steps=steps).curve) == 6


_accuracy = partial(evaluated, metrics=ACCURACY, name="MulticlassAccuracy")
PARTS["EvaluatorCallback"] = Part(
    _accuracy, partial(evaluator_callback, metrics=ACCURACY, name="MulticlassAccuracy")
)
PARTS["Trainer"] = Part(lambda folder: in_a_config(folder), trainers_limits)
PARTS["EpochBasedTrainLoop"] = Part(
    lambda folder: in_a_config(folder, train_cfg={"type": "EpochBasedTrainLoop", "max_epochs": 1}),
    trainers_limits,
)
PARTS["IterBasedTrainLoop"] = Part(iterations, trainers_limits)
PARTS["ValLoop"] = PARTS["TestLoop"] = Part(_accuracy, PARTS["EvaluatorCallback"].trainer)
PARTS["MultiValLoop"] = PARTS["MultiTestLoop"] = Part(several_in_a_config, several_loaders)
PARTS["GenValLoop"] = PARTS["GenTestLoop"] = Part(generated, PARTS["EvaluatorCallback"].trainer)
PARTS["Evaluator"] = Part(
    lambda folder: evaluated(folder, DictOfLists(ACCURACY), "MulticlassAccuracy"),
    lambda folder, automatic: evaluator_callback(
        folder, automatic, DictOfLists(ACCURACY), "MulticlassAccuracy"
    ),
)


def counted(run: Run) -> None:
    assert float(run.metrics["counted/samples"]) == all_samples()


PARTS["BaseMetric"] = Part(
    lambda folder: counted(evaluated(folder, [Samples()], "counted/samples")),
    lambda folder, automatic: counted(
        evaluator_callback(folder, automatic, Samples(), "counted/samples")
    ),
)


def dumped(folder: Path, run: Callable[[Any], Any]) -> None:
    file = folder / "predictions.pkl"
    folder.mkdir(parents=True, exist_ok=True)
    run([ACCURACY, DumpResults(str(file))])
    if is_main():
        assert len(pickle.loads(file.read_bytes())) == all_samples()


PARTS["DumpResults"] = Part(
    lambda folder: dumped(folder, partial(evaluated, folder, name="MulticlassAccuracy")),
    lambda folder, automatic: dumped(
        folder, partial(evaluator_callback, folder, automatic, name="MulticlassAccuracy")
    ),
)


# Logs and pictures.


def log_processor_case(name: str, cls: Any) -> None:
    largest = {
        "data_src": "loss",
        "method_name": "max",
        "window_size": "global",
        "log_name": "largest",
    }

    def logged(run: Run) -> None:
        logs = list(run.folder.rglob("*.log"))
        assert not is_main() or "largest: " in logs[0].read_text()

    def config(folder: Path) -> None:
        hooks_ = {"logger": {"type": "LoggerHook", "interval": 2}, "checkpoint": None}
        processor = {"type": name, "custom_cfg": [largest]}
        logged(in_a_config(folder, default_hooks=hooks_, log_processor=processor))

    def trainer(folder: Path, automatic: bool) -> None:
        processor = cls(custom_cfg=[{**largest, "data_src": "train_loss"}])
        logged(in_a_trainer(folder, automatic, LoggerHook(interval=2, log_processor=processor)))

    PARTS[name] = Part(config, trainer)


log_processor_case("LogProcessor", LogProcessor)
log_processor_case("GenLogProcessor", GenLogProcessor)


def visualizer_case(name: str, cls: Any) -> None:
    def config(folder: Path) -> None:
        backends = [LocalVisBackend(str(folder / "own"))]
        run = in_a_config(
            folder,
            visualizer=cls(name=f"{name} config", vis_backends=backends),
            default_hooks={"logger": {"type": "LoggerHook", "interval": 2}, "checkpoint": None},
        )
        assert written(run, "own/scalars.json")

    def trainer(folder: Path, automatic: bool) -> None:
        backends = [LocalVisBackend(str(folder / "own"))]
        shown = cls(name=f"{name} trainer {automatic}", vis_backends=backends)
        run = in_a_trainer(folder, automatic, LoggerHook(2), visualizer=shown)
        assert written(run, "own/scalars.json")

    PARTS[name] = Part(config, trainer)


visualizer_case("Visualizer", Visualizer)
visualizer_case("GenVisualizer", GenVisualizer)


def backend_case(name: str, pattern: str, **arguments: Any) -> None:
    def backend(folder: Path) -> dict[str, Any]:
        return {"type": name, "save_dir": str(folder / "own"), **arguments}

    def config(folder: Path) -> None:
        run = in_a_config(
            folder,
            visualizer={"type": "Visualizer", "vis_backends": [backend(folder)]},
            default_hooks={"logger": {"type": "LoggerHook", "interval": 2}, "checkpoint": None},
        )
        assert written(run, pattern)

    def trainer(folder: Path, automatic: bool) -> None:
        logger = VisBackendLogger(backend(folder))
        run = in_a_trainer(folder, automatic, logger=logger, log_every_n_steps=1)
        assert written(run, pattern)

    PARTS[name] = Part(config, trainer)


backend_case("LocalVisBackend", "scalars.json")
backend_case("TensorboardVisBackend", "events.out.tfevents*")
backend_case("WandbVisBackend", "own", init_kwargs={"mode": "disabled"})


# A dataset that grows with the model.


def growing(folder: Path) -> None:
    module = growing_config.run(folder, 9, **launched(several=True))
    assert [shape[-1] for shape, _ in module.seen] == [4] * 4 + [8] * 4 + [16]


def growing_in_a_trainer(folder: Path, automatic: bool) -> None:
    module = growing_trainer.fit(folder, automatic)
    assert {scale for *_, scale in module.seen} == {4, 8, 16}


PARTS["PGGANFetchDataHook"] = Part(growing, growing_in_a_trainer)
