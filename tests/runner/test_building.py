"""The build_* methods of the Runner: every form they take, and what they refuse."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import BatchSampler

from mmlight.evaluator import Evaluator
from mmlight.hooks import CheckpointHook, EmptyCacheHook, Hook
from mmlight.logging import MessageHub
from mmlight.optim import OptimWrapper, OptimWrapperDict, StepLR
from mmlight.registry import DATA_SAMPLERS, LOOPS, METRICS, MODELS
from mmlight.runner import (
    EpochBasedTrainLoop,
    IterBasedTrainLoop,
    LogProcessor,
    Priority,
    Runner,
    TestLoop,
    ValLoop,
)
from mmlight.visualization import Visualizer
from tests.hooks.toy import Net, Scores, loader, runner_of

SGD = {"type": "SGD", "lr": 1.0}
STEP = {"type": "StepLR", "step_size": 1}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    data = {"test_dataloader": loader(6, 2), "test_cfg": {}, "test_evaluator": [Scores([])]}
    return runner_of(tmp_path, [{"acc": 1.0}] * 3, **data)


# ------------------------------------------------------------------------------------ model


def test_a_model_that_is_built_stays(runner: Runner) -> None:
    model = Net()
    assert runner.build_model(model) is model
    with pytest.raises(TypeError, match=r"model should be a nn\.Module or a dict, but got str"):
        runner.build_model("Net")


def test_data_preprocessor_is_for_models_without_one(tmp_path: Path) -> None:
    given = {"type": "ImgDataPreprocessor", "pad_size_divisor": 4}
    own = {"type": "BaseDataPreprocessor", "non_blocking": True}
    for model, expected in (
        ({"type": Preprocessing}, "ImgDataPreprocessor"),
        ({"type": Preprocessing, "data_preprocessor": own}, "BaseDataPreprocessor"),
    ):
        built = runner_of(tmp_path, model=model, data_preprocessor=given).model
        assert type(built.data_preprocessor).__name__ == expected


class Preprocessing(Net):
    """A model that builds its data preprocessor."""

    def __init__(self, data_preprocessor: Any = None) -> None:
        super().__init__()
        if data_preprocessor is not None:
            self.data_preprocessor = MODELS.build(data_preprocessor)


def test_batch_norm_of_many_processes_becomes_one_of_a_single_process(runner: Runner) -> None:
    model = nn.Sequential(nn.SyncBatchNorm(3))
    assert not any(
        isinstance(m, nn.SyncBatchNorm) for m in runner.wrap_model(None, model).modules()
    )


# ------------------------------------------------------------------------------- optimizers


def test_one_optimizer(runner: Runner) -> None:
    built = torch.optim.SGD(runner.model.parameters(), lr=0.3)
    for given in ({"optimizer": SGD}, {"type": "OptimWrapper", "optimizer": SGD}):
        assert type(runner.build_optim_wrapper(given)) is OptimWrapper
    assert runner.build_optim_wrapper({"optimizer": built}).optimizer is built
    wrapper = OptimWrapper(built)
    assert runner.build_optim_wrapper(wrapper) is wrapper


def test_several_optimizers_that_are_built(runner: Runner) -> None:
    one = OptimWrapper(torch.optim.SGD(runner.model.parameters(), lr=0.3))
    several = runner.build_optim_wrapper({"a": one, "b": one})
    assert isinstance(several, OptimWrapperDict) and list(several) == ["a", "b"]
    assert runner.build_optim_wrapper(several) is several


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (3, TypeError, "optim_wrapper should be"),
        ({"a": {"optimizer": SGD}}, ValueError, "'a' is a dict"),
        ({"type": "OptimWrapper"}, ValueError, "'type' is a str"),
    ],
)
def test_optimizers_that_cannot_be_meant(
    given: Any, error: type, message: str, runner: Runner
) -> None:
    with pytest.raises(error, match=message):
        runner.build_optim_wrapper(given)


def rates(wrapper: OptimWrapper) -> list[float]:
    return [group["lr"] for group in wrapper.param_groups]


@pytest.mark.parametrize(
    ("auto_scale_lr", "expected"),
    [
        (None, 1.0),
        ({"base_batch_size": 4}, 1.0),
        ({"base_batch_size": 4, "enable": False}, 1.0),
        ({"base_batch_size": 4, "enable": True}, 0.5),
    ],
)
def test_learning_rate_follows_the_batch_size(
    auto_scale_lr: Any, expected: float, runner: Runner
) -> None:
    wrapper = runner.build_optim_wrapper({"optimizer": SGD})
    runner.scale_lr(wrapper, auto_scale_lr)
    assert rates(wrapper) == [expected]


def test_learning_rates_of_several_optimizers_follow_it_too(runner: Runner) -> None:
    several = OptimWrapperDict(
        **{name: runner.build_optim_wrapper({"optimizer": SGD}) for name in "ab"}
    )
    runner.scale_lr(several, {"base_batch_size": 4, "enable": True})
    assert [rates(wrapper) for wrapper in several.values()] == [[0.5], [0.5]]


def test_learning_rate_follows_a_batch_sampler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(DATA_SAMPLERS._module_dict, "BatchSampler", BatchSampler)
    data = loader(8, 2, batch_sampler={"type": "BatchSampler", "drop_last": False})
    runner = runner_of(
        tmp_path, train_dataloader=data, auto_scale_lr={"base_batch_size": 8, "enable": True}
    )
    runner.train()
    assert rates(runner.optim_wrapper) == [0.025]
    runner.train()  # nothing is left to train, and the rates stay
    assert rates(runner.optim_wrapper) == [0.025]


def test_scaling_refuses_what_is_no_wrapper(runner: Runner) -> None:
    wrapper = runner.build_optim_wrapper({"optimizer": SGD})
    with pytest.raises(AssertionError, match="base_batch_size"):
        runner.scale_lr(wrapper, {"enable": True})
    with pytest.raises(AssertionError, match="build_optim_wrapper"):
        runner.scale_lr({"optimizer": SGD}, {"enable": True, "base_batch_size": 4})


# ------------------------------------------------------------------------------- schedulers


def built(runner: Runner, scheduler: Any) -> Any:
    runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
    return runner.build_param_scheduler(scheduler)


def test_schedulers_of_one_optimizer(runner: Runner) -> None:
    for given in (STEP, [STEP], (STEP,)):
        (scheduler,) = built(runner, given)
        assert isinstance(scheduler, StepLR) and scheduler.end == 3
    assert built(runner, [scheduler]) == built(runner, scheduler) == [scheduler]
    converted = {**STEP, "convert_to_iter_based": True}
    by_iter, _ = built(runner, [{**STEP, "by_epoch": False}, converted])
    assert by_iter.end == 12 and not by_iter.by_epoch


def test_schedulers_of_several_optimizers(runner: Runner) -> None:
    wrapper = runner.build_optim_wrapper({"optimizer": SGD})
    runner.optim_wrapper = OptimWrapperDict(a=wrapper, b=wrapper)
    for given, lengths in (
        ([STEP, STEP], {"a": 2, "b": 2}),
        (STEP, {"a": 1, "b": 1}),
        ({"a": STEP, "b": [STEP, STEP]}, {"a": 1, "b": 2}),
        ({"b": STEP}, {"b": 1}),
    ):
        schedulers = runner.build_param_scheduler(given)
        assert {name: len(some) for name, some in schedulers.items()} == lengths


def test_schedulers_that_cannot_be_built(runner: Runner) -> None:
    with pytest.raises(AssertionError, match="build_optim_wrapper"):
        runner.build_param_scheduler(STEP)
    with pytest.raises(TypeError, match=r"param_scheduler should be .* found a int"):
        built(runner, [STEP, 3])


# -------------------------------------------------------------------- evaluators and loops


class Named(Scores):
    """Takes its results from nowhere."""

    def __init__(self, name: str = "") -> None:
        super().__init__([])


@pytest.mark.parametrize(
    ("given", "metrics"),
    [
        ({"type": "Named"}, 1),
        ([{"type": "Named"}, {"type": "Named"}], 2),
        ([Named(), Named()], 2),
        ({"metrics": Named()}, 1),
        ({"metrics": [Named()]}, 1),
        ({"type": "Evaluator", "metrics": {"type": "Named"}}, 1),
        ([], 0),
    ],
)
def test_documented_forms_of_an_evaluator(
    given: Any, metrics: int, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(METRICS._module_dict, "Named", Named)
    evaluator = runner.build_evaluator(given)
    assert type(evaluator) is Evaluator and len(evaluator.metrics) == metrics
    assert runner.build_evaluator(evaluator) is evaluator


@pytest.mark.parametrize("given", [3, "Named", None, Named()])
def test_what_is_no_evaluator(given: Any, runner: Runner) -> None:
    with pytest.raises(TypeError, match="evaluator should be a dict, a list of dicts or an Eval"):
        runner.build_evaluator(given)


class Short(EpochBasedTrainLoop):
    """A loop of one's own."""


@pytest.mark.parametrize(
    ("mode", "given", "expected"),
    [
        ("train", {"by_epoch": True, "max_epochs": 3}, EpochBasedTrainLoop),
        ("train", {"by_epoch": False, "max_iters": 3}, IterBasedTrainLoop),
        ("train", {"type": "Short", "max_epochs": 2}, Short),
        ("train", {"type": Short, "max_epochs": 2}, Short),
        ("val", {}, ValLoop),
        ("val", {"type": "ValLoop", "fp16": True}, ValLoop),
        ("test", {}, TestLoop),
        ("test", {"type": "ValLoop"}, ValLoop),
    ],
)
def test_documented_forms_of_a_loop(
    mode: str, given: dict, expected: type, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(LOOPS._module_dict, "Short", Short)
    build = getattr(runner, f"build_{mode}_loop")
    loop = build(given)
    assert type(loop) is expected and build(loop) is loop


@pytest.mark.parametrize(
    ("mode", "given", "error", "message"),
    [
        ("train", 3, TypeError, "train_loop should be a loop or a dict, but got int"),
        ("val", None, TypeError, "val_loop should be"),
        ("test", "TestLoop", TypeError, "test_loop should be"),
        ("train", {"type": "Short", "by_epoch": True}, RuntimeError, "`type` or `by_epoch`"),
        ("train", {"by_epoch": True}, TypeError, "max_epochs"),
        ("train", {"by_epoch": False, "max_epochs": 2}, TypeError, "max_epochs"),
        ("train", {"by_epoch": True, "max_epochs": 1.5}, AssertionError, "max_epochs"),
        ("train", {"type": "ShortLoop", "max_epochs": 2}, KeyError, "ShortLoop"),
    ],
)
def test_loops_that_cannot_be_meant(
    mode: str, given: Any, error: type, message: str, runner: Runner
) -> None:
    with pytest.raises(error, match=message):
        getattr(runner, f"build_{mode}_loop")(given)


# ----------------------------------------------------------------------------------- logging


def test_parts_of_logging(runner: Runner) -> None:
    assert type(runner.build_log_processor({})) is LogProcessor
    assert runner.build_log_processor({"window_size": 3}).window_size == 3
    processor = LogProcessor()
    assert runner.build_log_processor(processor) is processor
    assert runner.build_message_hub() is runner.message_hub
    assert runner.build_message_hub({"name": "other"}) is MessageHub.get_instance("other")
    assert runner.build_visualizer(runner.visualizer) is runner.visualizer
    other = runner.build_visualizer({"type": "Visualizer", "name": "other", "vis_backends": None})
    assert type(other) is Visualizer and other.instance_name == "other"


@pytest.mark.parametrize("part", ["log_processor", "message_hub", "visualizer"])
def test_what_is_no_part_of_logging(part: str, runner: Runner) -> None:
    with pytest.raises(TypeError, match=f"{part} should be"):
        getattr(runner, f"build_{part}")(3)


# ------------------------------------------------------------------------------------- hooks


class Low(Hook):
    priority = "LOW"


def names(runner: Runner) -> list[str]:
    return [type(hook).__name__ for hook in runner.hooks]


def test_priority_of_the_argument_then_of_the_config_then_of_the_class(runner: Runner) -> None:
    runner.register_hook(Low(), priority="HIGHEST")
    runner.register_hook({"type": "EmptyCacheHook", "priority": "LOWEST"})
    runner.register_hook({"type": "EmptyCacheHook", "priority": "LOWEST"}, Priority.VERY_HIGH)
    runner.register_hook(Low(), 55)
    runner.register_hook(Low())
    assert names(runner) == [
        *("Low", "RuntimeInfoHook", "EmptyCacheHook", "IterTimerHook", "DistSamplerSeedHook"),
        *("Low", "LoggerHook", "ParamSchedulerHook", "Low", "CheckpointHook", "EmptyCacheHook"),
    ]


def test_default_hooks_are_changed_by_name(tmp_path: Path) -> None:
    runner = runner_of(
        tmp_path,
        default_hooks={
            "timer": None,
            "logger": {"interval": 3},
            "checkpoint": CheckpointHook(interval=7),
            "cache": {"type": "EmptyCacheHook"},
        },
        custom_hooks=[EmptyCacheHook()],
    )
    assert names(runner) == [
        *("RuntimeInfoHook", "DistSamplerSeedHook", "EmptyCacheHook", "EmptyCacheHook"),
        *("LoggerHook", "ParamSchedulerHook", "CheckpointHook"),
    ]
    intervals = {type(hook).__name__: getattr(hook, "interval", None) for hook in runner.hooks}
    assert intervals["LoggerHook"] == 3 and intervals["CheckpointHook"] == 7


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"default_hooks": {"chekpoint": None}}, AssertionError, "mean 'checkpoint'"),
        ({"default_hooks": [{"type": "EmptyCacheHook"}]}, TypeError, "default_hooks should be"),
        ({"custom_hooks": [3]}, TypeError, "hook must be a Hook or the config of one"),
        ({"custom_hooks": {"type": "EmptyCacheHook"}}, TypeError, "custom_hooks should be"),
        ({"custom_hooks": [{}]}, KeyError, "type"),
        ({"custom_hooks": [{"type": "EmptyCacheHook", "priority": "HI"}]}, KeyError, "HI"),
        ({"custom_hooks": [{"type": "EmptyCacheHook", "priority": 101}]}, ValueError, "101"),
    ],
)
def test_hooks_that_cannot_be_meant(
    changes: dict, error: type, message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        runner_of(tmp_path, **changes)


def test_hooks_info_lists_who_is_called_when(runner: Runner) -> None:
    runner.register_hook({"type": "SyncBuffersHook", "priority": 3})
    info = runner.get_hooks_info()
    block = next(
        part for part in info.split(" -------------------- ") if "after_train_epoch" in part
    )
    assert [line.split() for line in block.strip().splitlines()] == [
        ["after_train_epoch:"],
        ["(3", ")", "SyncBuffersHook"],
        ["(NORMAL", ")", "IterTimerHook"],
        ["(LOW", ")", "ParamSchedulerHook"],
        ["(VERY_LOW", ")", "CheckpointHook"],
    ]


class Stream(torch.utils.data.IterableDataset):
    """Batches without an end that anybody knows."""

    def __iter__(self) -> Any:
        return iter(torch.arange(24.0).reshape(8, 3).sin())


def test_schedulers_need_no_length_of_the_data(tmp_path: Path) -> None:
    data = torch.utils.data.DataLoader(
        Stream(), 2, collate_fn=lambda rows: {"inputs": torch.stack(rows)}
    )
    by_iter = {"type": "LinearLR", "start_factor": 0.1, "by_epoch": False, "end": 4}
    runner = runner_of(
        tmp_path,
        train_dataloader=data,
        train_cfg={"by_epoch": False, "max_iters": 6},
        param_scheduler=by_iter,
    )
    runner.train()
    assert runner.iter == 6 and rates(runner.optim_wrapper) == pytest.approx([0.1])
