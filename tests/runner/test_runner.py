"""Runner: arguments, properties and what train, val and test do from call to call."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.config import Config
from mmlight.hooks import Hook
from mmlight.logging import MMLogger
from mmlight.registry import DATASETS, METRICS, MODELS
from mmlight.runner import EpochBasedTrainLoop, Runner
from tests.hooks.toy import Net, Numbers, Record, Scores, iteration_based, loader, log_of, runner_of


class Size(Scores):
    """Number of samples."""

    def __init__(self) -> None:
        super().__init__([])

    def compute_metrics(self, results: list) -> dict[str, Any]:
        return {"size": sum(results)}


TEST = {
    "test_dataloader": loader(6, 2),
    "test_cfg": {},
    "test_evaluator": [Size()],
}


@pytest.fixture
def runner(tmp_path: Path) -> Runner:
    return runner_of(tmp_path, [{"acc": n / 10} for n in range(9)], **TEST)


def test_documented_example(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for registry, name, part in (
        (MODELS, "ToyModel", Net),
        (DATASETS, "ToyDataset", lambda: Numbers(4)),
        (METRICS, "ToyEvaluator", Size),
    ):
        monkeypatch.setitem(registry._module_dict, name, part)

    def data(shuffle: bool) -> dict[str, Any]:
        sampler = {"type": "DefaultSampler", "shuffle": shuffle}
        cfg = {"dataset": {"type": "ToyDataset"}, "batch_size": 2, "num_workers": 0}
        return {**cfg, "sampler": sampler, "collate_fn": {"type": "default_collate"}}

    cfg = {
        "model": {"type": "ToyModel"},
        "work_dir": str(tmp_path / "work_dir"),
        "train_dataloader": data(shuffle=True),
        "val_dataloader": data(shuffle=False),
        "test_dataloader": data(shuffle=False),
        "auto_scale_lr": {"base_batch_size": 16, "enable": False},
        "optim_wrapper": {"type": "OptimWrapper", "optimizer": {"type": "SGD", "lr": 0.01}},
        "param_scheduler": {"type": "MultiStepLR", "milestones": [1, 2]},
        "val_evaluator": {"type": "ToyEvaluator"},
        "test_evaluator": {"type": "ToyEvaluator"},
        "train_cfg": {"by_epoch": True, "max_epochs": 3, "val_interval": 1},
        "val_cfg": {},
        "test_cfg": {},
        "custom_hooks": [],
        "default_hooks": {
            "timer": {"type": "IterTimerHook"},
            "checkpoint": {"type": "CheckpointHook", "interval": 1},
            "logger": {"type": "LoggerHook"},
            "param_scheduler": {"type": "ParamSchedulerHook"},
        },
        "launcher": "none",
        "env_cfg": {"dist_cfg": {"backend": "nccl"}},
        "log_processor": {"window_size": 20},
        "visualizer": {
            "type": "Visualizer",
            "vis_backends": [{"type": "LocalVisBackend", "save_dir": str(tmp_path / "temp_dir")}],
        },
    }
    runner = Runner.from_cfg(cfg)
    assert isinstance(runner.train(), Net)
    assert runner.test() == {"size": 4}
    assert runner.iter == 6
    rates = runner.message_hub.get_scalar("train/lr").data[0]
    assert rates.tolist() == pytest.approx([1e-2] * 2 + [1e-3] * 2 + [1e-4] * 2)
    assert list((tmp_path / "temp_dir").rglob("scalars.json"))


DOCUMENTED = (
    *("setup_env", "set_randomness", "build_logger", "build_message_hub", "build_visualizer"),
    *("build_log_processor", "build_model", "wrap_model", "_init_model_weights", "scale_lr"),
    *("register_hooks", "register_default_hooks", "register_custom_hooks", "register_hook"),
    *("get_hooks_info", "dump_config", "build_train_loop", "build_val_loop", "build_test_loop"),
    *("build_dataloader", "build_evaluator", "build_optim_wrapper", "build_param_scheduler"),
    *("load_or_resume", "resume", "load_checkpoint", "save_checkpoint", "call_hook"),
    *("train", "val", "test"),
)


def test_methods_that_a_subclass_overrides_are_the_ones_that_are_called(tmp_path: Path) -> None:
    called: set[str] = set()

    def overriding(name: str) -> Any:
        def method(self: Any, *args: Any, **kwargs: Any) -> Any:
            called.add(name)
            return getattr(super(Own, self), name)(*args, **kwargs)

        return method

    class Own(Runner):
        """Overrides all that is documented."""

    for name in DOCUMENTED:
        setattr(Own, name, overriding(name))
    cfg = {
        "model": Net(),
        "work_dir": str(tmp_path),
        "train_dataloader": loader(8, 2),
        "train_cfg": {"by_epoch": True, "max_epochs": 2},
        "optim_wrapper": {"optimizer": {"type": "SGD", "lr": 0.1}},
        "param_scheduler": {"type": "ConstantLR", "factor": 0.5},
        "auto_scale_lr": {"base_batch_size": 4, "enable": True},
        "val_dataloader": loader(6, 2),
        "val_cfg": {},
        "val_evaluator": [Size()],
        **TEST,
        "custom_hooks": [Hook()],
        "trainer": {"enable_progress_bar": False, "accelerator": "cpu"},
    }
    runner = Own.from_cfg(cfg)
    runner.train()
    runner.val()
    runner.test()
    again = Own.from_cfg({**cfg, "resume": True})
    again.load_or_resume()
    assert again.iter == runner.iter
    assert {*DOCUMENTED} - called == set()


# ------------------------------------------------------------------------------- properties


def test_properties_before_anything_ran(runner: Runner, tmp_path: Path) -> None:
    assert (runner.epoch, runner.iter) == (0, 0)
    assert (runner.max_epochs, runner.max_iters) == (3, 12)
    assert (runner.val_begin, runner.val_interval) == (1, 1)
    assert (runner.rank, runner.world_size, runner.distributed) == (0, 1, False)
    assert (runner.launcher, runner.deterministic, runner.seed) == ("none", False, 0)
    assert runner.model_name == "Net"
    assert runner.work_dir == str(tmp_path)
    assert runner.log_dir == str(tmp_path / runner.timestamp)
    assert runner.experiment_name == runner.timestamp


def test_loops_data_and_evaluators_are_built_when_asked_for(runner: Runner) -> None:
    for mode in ("train", "val", "test"):
        loop = getattr(runner, f"{mode}_loop")
        assert loop is getattr(runner, f"{mode}_loop")
        assert getattr(runner, f"{mode}_dataloader") is loop.dataloader
    for mode in ("val", "test"):
        loop = getattr(runner, f"{mode}_loop")
        assert getattr(runner, f"{mode}_evaluator") is loop.evaluator


def test_a_model_alone_is_enough(tmp_path: Path) -> None:
    runner = Runner(model=Net(), work_dir=str(tmp_path))
    assert (runner.max_epochs, runner.max_iters) == (0, 0)
    assert runner.train_loop is runner.val_loop is runner.test_loop is None
    assert runner.train_dataloader is runner.val_evaluator is None
    assert not len(runner.cfg) and not list(tmp_path.glob("*.py"))
    for task in ("train", "val", "test"):
        with pytest.raises(RuntimeError, match=f"{task}_dataloader"):
            getattr(runner, task)()


def test_an_iteration_based_run_is_one_epoch(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, train_cfg=iteration_based(7, val_interval=3))
    assert (runner.max_epochs, runner.max_iters, runner.val_interval) == (1, 7, 3)


# ------------------------------------------------------------------------ train, val and test


def test_one_runner_for_all_tasks(runner: Runner) -> None:
    model = runner.train()
    assert model is runner.model and (runner.epoch, runner.iter) == (3, 12)
    history = runner.message_hub.get_scalar("val/acc").data[0]
    assert history.tolist() == [0.0, 0.1, 0.2]
    assert runner.val() == {"acc": 0.2} and runner.test() == {"size": 6}
    assert (runner.epoch, runner.iter) == (3, 12)


def test_training_again_has_nothing_left_to_do(runner: Runner) -> None:
    weights = {name: value.clone() for name, value in runner.train().state_dict().items()}
    runner.train()
    assert runner.iter == 12
    for name, value in runner.model.state_dict().items():
        assert torch.equal(value, weights[name])


def test_evaluation_opens_no_training_data(tmp_path: Path) -> None:
    def fail() -> None:
        raise AssertionError("training data was opened")

    runner = runner_of(tmp_path, **TEST, train_dataloader={"dataset": fail})
    runner.test()
    assert isinstance(runner._train_loop, dict)


# --------------------------------------------------------------------------- loading, resuming


def test_resuming_where_there_is_nothing_starts_anew(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, resume=True)
    runner.train()
    assert runner.iter == 12
    assert "no file last_checkpoint" in log_of(runner)


@pytest.mark.parametrize(
    ("change", "begins"),
    [
        ({"resume": True}, 12),
        ({"resume": True, "load_from": "epoch_1.pth"}, 4),
        ({"load_from": "epoch_1.pth"}, 0),
        ({}, 0),
    ],
)
def test_where_a_second_run_begins(change: dict, begins: int, tmp_path: Path) -> None:
    runner_of(tmp_path).train()
    if "load_from" in change:
        change = {**change, "load_from": str(tmp_path / change["load_from"])}
    runner = runner_of(tmp_path, **change)
    begun: list[int] = []
    runner.register_hook(Record("before_train", lambda runner: begun.append(runner.iter)))
    runner.train()
    assert begun == [begins] and runner.iter == 12


def test_resume_as_a_method(tmp_path: Path) -> None:
    step = {"type": "StepLR", "step_size": 1}
    runner_of(tmp_path, param_scheduler=step).train()
    whole = runner_of(tmp_path, param_scheduler=step)
    whole.resume(str(tmp_path / "epoch_2.pth"))
    assert (whole.epoch, whole.iter) == (2, 8)
    whole.train()
    assert whole.iter == 12 and whole.optim_wrapper.get_lr() == {"lr": pytest.approx([1e-3])}

    weights = runner_of(tmp_path, param_scheduler=step)
    weights.resume(
        str(tmp_path / "epoch_2.pth"), resume_optimizer=False, resume_param_scheduler=False
    )
    weights.train()
    assert weights.iter == 12 and weights.optim_wrapper.get_lr() == {"lr": pytest.approx([1e-2])}


def test_loading_is_done_once(tmp_path: Path) -> None:
    runner_of(tmp_path).train()
    runner = runner_of(tmp_path, load_from=str(tmp_path / "epoch_3.pth"), **TEST)
    runner.load_or_resume()
    first = next(runner.model.parameters())
    with torch.no_grad():
        first.fill_(7.0)
    runner.test()
    assert bool((first == 7.0).all())


def test_what_is_not_built_is_not_saved(tmp_path: Path) -> None:
    scheduler = {"type": "LinearLR", "end": 4}
    for schedulers in (scheduler, [scheduler]):
        runner = runner_of(tmp_path, param_scheduler=schedulers)
        with pytest.raises(TypeError, match=r"runner.optim_wrapper .* give save_optimizer=False"):
            runner.save_checkpoint(str(tmp_path), "a.pth")
        with pytest.raises(TypeError, match="give save_param_scheduler=False"):
            runner.save_checkpoint(str(tmp_path), "a.pth", save_optimizer=False)
    runner.save_checkpoint(str(tmp_path), "a.pth", save_optimizer=False, save_param_scheduler=False)
    assert torch.load(tmp_path / "a.pth")["state_dict"].keys() == runner.model.state_dict().keys()


def test_saving_takes_arguments_of_one_kind(runner: Runner, tmp_path: Path) -> None:
    runner.train()
    runner.save_checkpoint(str(tmp_path), "own.pth", meta={"note": "mine"}, save_optimizer=False)
    saved = torch.load(tmp_path / "own.pth", weights_only=False)
    assert saved["meta"]["note"] == "mine" and "optimizer" not in saved
    with pytest.raises(TypeError, match="meta"):
        runner.save_checkpoint(str(tmp_path), "own.pth", meta=3)
    with pytest.raises(ValueError, match="file_client_args and backend_args"):
        runner.save_checkpoint(str(tmp_path), "own.pth", file_client_args={}, backend_args={})


# ----------------------------------------------------------------------- config, log and hooks


def test_config_is_dumped_under_its_name(tmp_path: Path) -> None:
    file = tmp_path / "dcgan.py"
    file.write_text(f"base = dict(a=[1, (2, 3)])\nwork_dir = {str(tmp_path / 'run')!r}\n")
    cfg = Config.fromfile(file)
    cfg.model = Net()
    runner = Runner.from_cfg(cfg)
    assert Config.fromfile(tmp_path / "run" / "dcgan.py").base == {"a": [1, (2, 3)]}
    assert runner.experiment_name == f"dcgan_{runner.timestamp}"
    assert (Path(runner.log_dir) / "vis_data" / "config.py").exists()


def test_log_level_and_logger(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, log_level="ERROR")
    runner.logger.info("unheard")
    runner.logger.error("heard")
    assert "unheard" not in log_of(runner) and "heard" in log_of(runner)
    other = runner.build_logger(log_level=logging.DEBUG, name="other", log_file=None)
    assert isinstance(other, MMLogger) and other is MMLogger.get_instance("other")


def test_hooks_may_have_points_of_their_own(runner: Runner) -> None:
    seen: list[Any] = []

    class Own(Hook):
        def before_growing(self, runner: Runner, scale: int) -> None:
            seen.append((runner, scale))

    runner.register_hook(Own())
    runner.call_hook("before_growing", scale=4)
    assert seen == [(runner, 4)]


def test_environment(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = min(soft + 8, hard) if hard != resource.RLIM_INFINITY else soft + 8
    try:
        runner_of(
            tmp_path,
            env_cfg={
                "cudnn_benchmark": True,
                "mp_cfg": {"mp_start_method": "fork", "opencv_num_threads": 0},
                "dist_cfg": {"backend": "nccl"},
                "resource_limit": wanted,
            },
        )
        assert resource.getrlimit(resource.RLIMIT_NOFILE)[0] == wanted
        assert torch.backends.cudnn.benchmark
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_deterministic_goes_before_the_benchmark(tmp_path: Path) -> None:
    runner = runner_of(
        tmp_path,
        env_cfg={"cudnn_benchmark": True},
        randomness={"seed": 5, "deterministic": True},
    )
    assert runner.deterministic and runner.seed == 5
    assert torch.backends.cudnn.deterministic and not torch.backends.cudnn.benchmark


def test_scalars_of_a_run_are_written(runner: Runner) -> None:
    runner.train()
    (path,) = Path(runner.log_dir).glob("vis_data/scalars.json")
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    assert [row["acc"] for row in rows if "acc" in row] == [0.0, 0.1, 0.2]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"launcher": "ssh"}, ValueError, "launcher"),
        ({"train_cfg": None}, ValueError, "train_cfg"),
        ({"optim_wrapper": None}, ValueError, "optim_wrapper"),
        ({"test_cfg": {}}, ValueError, "test_dataloader"),
        ({"param_scheduler": "StepLR"}, TypeError, "param_scheduler"),
        ({"param_scheduler": {"generator": 3}}, TypeError, "param_scheduler"),
        ({"model": 3}, TypeError, "model should be"),
        ({"log_processor": 3}, TypeError, "log_processor should be"),
        ({"visualizer": 3}, TypeError, "visualizer should be"),
        ({"randomness": {"sead": 3}}, TypeError, "sead"),
    ],
)
def test_arguments_that_cannot_be_meant(
    change: dict, error: type, message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        runner_of(tmp_path, **change)


def test_a_config_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="cfg must be a dict, a Config or None, but got int"):
        Runner(model=Net(), work_dir=str(tmp_path), cfg=3)  # type: ignore[arg-type]


def test_a_scheduler_needs_an_optimizer(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="param_scheduler should be None when optim_wrapper is"):
        Runner(Net(), str(tmp_path), param_scheduler={"type": "StepLR", "step_size": 1})


def test_a_loop_that_is_built_is_taken_as_it_is(runner: Runner) -> None:
    loop = EpochBasedTrainLoop(runner, loader(4, 2), max_epochs=2)
    assert runner.build_train_loop(loop) is loop
    assert (loop.max_epochs, loop.max_iters) == (2, 4)
