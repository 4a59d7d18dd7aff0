"""What a Trainer is told counts, in a Runner and in a Trainer of one's own.

20 samples in batches of 4, 3 epochs (or as many iterations), 3 validation batches: the numbers are
those of plain Lightning. Iteration-based, the training is one epoch of 15 batches.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping, LambdaCallback, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger

import mmlight
from mmlight.config import Config
from mmlight.hooks import EMAHook, Hook
from mmlight.runner import Runner

from .parts import Accuracy, Points, config, loader

BATCHES = 5


class Count(Hook):
    """Counts batches, and notes what was trained on and when validations began."""

    def __init__(self) -> None:
        self.train = self.val = self.test = 0
        self.batches: list[torch.Tensor] = []
        self.validated_at: list[int] = []

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        self.train += 1
        self.batches.append(data_batch["index"])

    def before_val(self, runner: Any) -> None:
        self.validated_at.append(runner.iter)

    def after_val_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        self.val += 1

    def after_test_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        self.test += 1

    @property
    def counts(self) -> str:
        return f"{self.train}/{self.val}"


class Numbered(Points):
    """Points that bear their index."""

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {**super().__getitem__(index), "index": index}


def cfg_of(work_dir: Path, by_epoch: bool, **changes: Any) -> dict[str, Any]:
    train = {**loader(), "dataset": Numbered(20)}
    val = {**loader(shuffle=False), "dataset": Points(12)}
    extent = {"max_epochs": 3} if by_epoch else {"max_iters": 15, "val_interval": 5}
    return config(
        work_dir,
        train_dataloader=train,
        train_cfg={"by_epoch": by_epoch, **extent},
        val_dataloader=val,
        test_dataloader=val,
        test_cfg={},
        test_evaluator=config(work_dir)["val_evaluator"],
        model={"type": "IndexedClassifier"},
        **changes,
    )


class IndexedClassifier(mmlight.registry.MODELS.get("Classifier") or object):  # type: ignore[misc]
    """Takes batches that bear the indices of their samples."""

    def forward(self, inputs: Any, labels: Any, index: Any = None, mode: str = "tensor") -> Any:
        return super().forward(inputs, labels, mode)


mmlight.registry.MODELS.register_module(module=IndexedClassifier, force=True)


def in_runner(tmp_path: Path, by_epoch: bool, verb: str = "train", **given: Any) -> Count:
    count = Count()
    cfg = cfg_of(tmp_path, by_epoch, custom_hooks=[count])
    cfg["trainer"] = {**cfg["trainer"], **given}
    getattr(Runner.from_cfg(cfg), verb)()
    return count


def in_own_trainer(tmp_path: Path, by_epoch: bool, verb: str = "train", **given: Any) -> Count:
    count = Count()
    ported = mmlight.from_config(Config(cfg_of(tmp_path, by_epoch)))
    quiet = {
        "accelerator": "cpu",
        "logger": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "num_sanity_val_steps": 0,
        "enable_checkpointing": False,
        "default_root_dir": tmp_path,
    }
    callbacks = [count, *given.pop("callbacks", [])]
    trainer = pl.Trainer(**{**quiet, **given}, callbacks=callbacks)
    if verb == "train":
        trainer.fit(ported.module, ported.datamodule)
    else:
        trainer.test(ported.module, ported.datamodule, verbose=False)
    return count


WAYS = pytest.mark.parametrize("way", [in_runner, in_own_trainer])

BY_EPOCH: list[tuple[dict[str, Any], str]] = [
    ({}, "15/9"),
    ({"fast_dev_run": True}, "1/1"),
    ({"fast_dev_run": 3}, "3/3"),
    ({"limit_train_batches": 2}, "6/9"),
    ({"limit_train_batches": 0.4}, "6/9"),
    ({"limit_train_batches": 0}, "0/0"),
    ({"limit_val_batches": 1}, "15/3"),
    ({"limit_val_batches": 0.34}, "15/3"),
    ({"limit_val_batches": 0}, "15/0"),
    ({"overfit_batches": 2}, "6/6"),
    ({"overfit_batches": 0.4}, "6/3"),
    ({"max_steps": 7}, "7/3"),
    ({"max_epochs": 1}, "5/3"),
    ({"max_epochs": 9}, "45/27"),
    ({"max_steps": 30}, "30/18"),
    ({"max_steps": -1}, "15/9"),
    ({"max_steps": 0}, "0/0"),
    ({"max_epochs": 0}, "0/0"),
    ({"val_check_interval": 2}, "15/18"),
    ({"val_check_interval": 0.4}, "15/18"),
    ({"check_val_every_n_epoch": 2}, "15/3"),
    ({"check_val_every_n_epoch": None, "val_check_interval": 4}, "15/9"),
    ({"val_check_interval": {"days": 1}}, "15/0"),
]

BY_ITERATION: list[tuple[dict[str, Any], str]] = [
    ({}, "15/9"),
    ({"fast_dev_run": True}, "1/1"),
    ({"fast_dev_run": 3}, "3/3"),
    ({"limit_train_batches": 2}, "2/3"),
    ({"limit_train_batches": 0.4}, "6/6"),
    ({"limit_train_batches": 0}, "0/0"),
    ({"limit_val_batches": 1}, "15/3"),
    ({"limit_val_batches": 0.34}, "15/3"),
    ({"limit_val_batches": 0}, "15/0"),
    ({"overfit_batches": 2}, "2/2"),
    ({"max_steps": 7}, "7/6"),
    ({"max_epochs": 1}, "15/9"),
    ({"max_epochs": 2}, "30/18"),
    ({"max_epochs": 0}, "0/0"),
    ({"max_steps": 0}, "0/0"),
    ({"max_steps": -1}, "15/9"),
    ({"val_check_interval": 2}, "15/21"),
    ({"val_check_interval": 0.4}, "15/6"),
    ({"check_val_every_n_epoch": None, "val_check_interval": 4}, "15/9"),
]


@WAYS
@pytest.mark.parametrize(("given", "counts"), BY_EPOCH, ids=str)
def test_epochs(way: Callable, given: dict, counts: str, tmp_path: Path) -> None:
    assert way(tmp_path, True, **given).counts == counts


@WAYS
@pytest.mark.parametrize(("given", "counts"), BY_ITERATION, ids=str)
def test_iterations(way: Callable, given: dict, counts: str, tmp_path: Path) -> None:
    assert way(tmp_path, False, **given).counts == counts


@WAYS
@pytest.mark.parametrize(("given", "batches"), [(2, 2), (0.34, 1), (1.0, 3)])
def test_limit_test_batches(way: Callable, given: float, batches: int, tmp_path: Path) -> None:
    assert way(tmp_path, True, "test", limit_test_batches=given).test == batches


@WAYS
def test_every_four_batches_through_all_epochs(way: Callable, tmp_path: Path) -> None:
    count = way(tmp_path, True, check_val_every_n_epoch=None, val_check_interval=4)
    assert count.validated_at == [4, 8, 12]


@WAYS
@pytest.mark.parametrize("by_epoch", [True, False])
def test_a_default_of_lightnings_that_the_config_names_counts(
    way: Callable, by_epoch: bool, tmp_path: Path
) -> None:
    if way is in_own_trainer:
        pytest.skip("Lightning does not tell a default that was written from one that was not")
    count = way(tmp_path, by_epoch, check_val_every_n_epoch=1)
    assert count.validated_at == ([5, 10, 15] if by_epoch else [15])


@WAYS
def test_overfitting_takes_the_same_samples_in_order(way: Callable, tmp_path: Path) -> None:
    count = way(tmp_path, True, overfit_batches=2)
    assert [batch.tolist() for batch in count.batches] == 3 * [[0, 1, 2, 3], [4, 5, 6, 7]]


@WAYS
@pytest.mark.parametrize("by_epoch", [True, False])
@pytest.mark.parametrize(
    ("given", "iterations"), [({}, 10), ({"min_epochs": 3}, 15), ({"min_steps": 12}, 12)], ids=str
)
def test_early_stopping_waits(
    way: Callable, given: dict, iterations: int, by_epoch: bool, tmp_path: Path
) -> None:
    if not by_epoch and "min_epochs" in given:
        given = {"min_steps": 15}
    stop = EarlyStopping("points/accuracy", mode="max", min_delta=10.0, patience=1)
    assert way(tmp_path, by_epoch, callbacks=[stop], **given).train == iterations


@WAYS
@pytest.mark.parametrize("by_epoch", [True, False])
def test_callbacks_see_the_documented_validations(
    way: Callable, by_epoch: bool, tmp_path: Path
) -> None:
    files = ModelCheckpoint(tmp_path / "best", "{step}", monitor="points/accuracy", save_top_k=-1)
    way(tmp_path, by_epoch, callbacks=[files], enable_checkpointing=True)
    names = sorted(path.name for path in (tmp_path / "best").iterdir())
    assert names == ["step=10.ckpt", "step=15.ckpt", "step=5.ckpt"]


@WAYS
@pytest.mark.parametrize("by_epoch", [True, False])
def test_a_rehearsal_writes_nothing(way: Callable, by_epoch: bool, tmp_path: Path) -> None:
    way(tmp_path, by_epoch, fast_dev_run=True)
    written = [path.name for path in tmp_path.rglob("*") if path.is_file()]
    if way is in_own_trainer:  # whose config was read before anybody knew of the Trainer
        written = [name for name in written if not name.endswith((".log", ".py"))]
    assert written == []


EVENTS = {
    "on_train_batch_start": 15,
    "on_before_backward": 15,
    "on_after_backward": 15,
    "on_before_optimizer_step": 15,
    "on_train_batch_end": 15,
    "on_validation_batch_end": 9,
    "on_train_epoch_end": 3,
    "on_validation_end": 3,
    "on_fit_start": 1,
    "on_fit_end": 1,
    "teardown": 1,
}


@WAYS
@pytest.mark.parametrize("precision", ["32-true", "bf16-mixed", "64-true"])
def test_events_of_callbacks_that_are_set_on_the_instance(
    way: Callable, precision: Any, tmp_path: Path
) -> None:
    seen = dict.fromkeys(EVENTS, 0)

    def note(event: str) -> Callable:
        def call(*args: Any, **kwargs: Any) -> None:
            seen[event] += 1

        return call

    callback = LambdaCallback(**{event: note(event) for event in EVENTS})
    way(tmp_path, True, callbacks=[callback], precision=precision)
    assert seen == EVENTS


@WAYS
@pytest.mark.parametrize("every", [1, 4])
def test_values_reach_the_loggers_on_the_trainers_steps(
    way: Callable, every: int, tmp_path: Path
) -> None:
    logger = CSVLogger(tmp_path, name="csv")
    way(tmp_path, True, logger=logger, log_every_n_steps=every)
    header, *rows = (Path(logger.log_dir) / "metrics.csv").read_text().splitlines()
    names = header.split(",")
    assert {"loss", "lr", "time", "points/accuracy", "step"} <= set(names)
    table = [dict(zip(names, row.split(","), strict=True)) for row in rows]
    steps = [int(row["step"]) for row in table if row["loss"]]
    assert steps == [step for step in range(15) if (step + 1) % every == 0]
    assert [int(row["step"]) for row in table if row["points/accuracy"]] == [4, 9, 14]


@WAYS
@pytest.mark.parametrize("precision", ["64-true", "bf16-true"])
def test_true_precisions_convert_batches_and_averages(
    way: Callable, precision: Any, tmp_path: Path
) -> None:
    average = EMAHook()
    count = way(tmp_path, True, precision=precision, callbacks=[average])
    assert count.counts == "15/9"
    dtype = {"64-true": torch.float64, "bf16-true": torch.bfloat16}[precision]
    assert {weight.dtype for weight in average.ema_model.parameters()} == {dtype}


@WAYS
def test_a_validation_that_would_never_come_is_refused(way: Callable, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="would leave out every validation"):
        way(tmp_path, False, check_val_every_n_epoch=2)


@WAYS
@pytest.mark.parametrize("profiler", ["simple", "advanced", "pytorch"])
def test_profilers_see_fetching_and_steps(
    way: Callable, profiler: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kinds = {
        "simple": pl.profilers.SimpleProfiler,
        "advanced": pl.profilers.AdvancedProfiler,
        "pytorch": pl.profilers.PyTorchProfiler,
    }
    made = kinds[profiler](dirpath=tmp_path, filename="profile")
    way(tmp_path, True, profiler=made)
    steps = ["training_step", "validation_step"]
    if profiler == "pytorch":  # its report has the longest rows alone; a trace is named after each
        traces = " ".join(path.name for path in tmp_path.glob("*.pt.trace.json"))
        assert not [step for step in steps if step not in traces]
        return
    (report,) = tmp_path.glob("fit-profile*.txt")
    rows = [*steps, "train_dataloader_next", "val_dataloader_next", "run_training_batch"]
    assert not [row for row in rows if row not in report.read_text()]


def test_data_are_loaded_anew(tmp_path: Path) -> None:
    made: list[int] = []

    class Fresh(Numbered):
        def __init__(self) -> None:
            super().__init__(20)
            made.append(1)

    mmlight.registry.DATASETS.register_module(module=Fresh, force=True)
    cfg = cfg_of(tmp_path, True)
    cfg["train_dataloader"] = {**cfg["train_dataloader"], "dataset": {"type": "Fresh"}}
    cfg["trainer"]["reload_dataloaders_every_n_epochs"] = 2
    Runner.from_cfg(cfg).train()
    assert len(made) == 2


@WAYS
@pytest.mark.parametrize("mode", ["val", "test"])
@pytest.mark.parametrize(("limit", "batches"), [(2, 3), (0.5, 1), (1.0, 4)], ids=str)
def test_each_of_several_datasets_is_limited(
    way: Callable, mode: str, limit: float, batches: int, tmp_path: Path
) -> None:
    count = Count()
    sets = [{**loader(shuffle=False), "dataset": Points(size)} for size in (12, 4)]
    evaluators = [[Accuracy(prefix="first")], [Accuracy(prefix="second")]]
    changes = {
        f"{mode}_dataloader": sets,
        f"{mode}_cfg": {"type": f"Multi{mode.title()}Loop"},
        f"{mode}_evaluator": evaluators,
    }
    cfg = {**cfg_of(tmp_path, True, custom_hooks=[count]), **changes}
    given = {f"limit_{mode}_batches": limit}
    verb = "val" if mode == "val" else "test"
    if limit == 0.5:  # of one batch there is no half
        del cfg[f"{mode}_dataloader"][1], cfg[f"{mode}_evaluator"][1]
    if way is in_runner:
        cfg["trainer"] = {**cfg["trainer"], **given}
        getattr(Runner.from_cfg(cfg), verb)()
    else:
        ported = mmlight.from_config(Config(cfg))
        trainer = ported.trainer(**given)
        run = trainer.validate if mode == "val" else trainer.test
        run(ported.module, ported.datamodule, verbose=False)
    assert getattr(count, mode) == batches
