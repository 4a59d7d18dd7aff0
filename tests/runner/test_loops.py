"""The documented loops, their schedules, and loops of one's own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.evaluator import Evaluator
from mmlight.fileio.checkpoint_file import read_checkpoint
from mmlight.registry import LOOPS
from mmlight.runner import (
    BaseLoop,
    EpochBasedTrainLoop,
    IterBasedTrainLoop,
    Runner,
    TestLoop,
    ValLoop,
)
from tests.hooks.toy import Net, Numbers, Record, Scores, loader, log_of, runner_of

BY_EPOCH = {"by_epoch": True}
BY_ITER = {"by_epoch": False}


@pytest.mark.parametrize(
    ("train_cfg", "expected"),
    [
        ({**BY_EPOCH, "max_epochs": 3}, [4, 8, 12]),
        ({**BY_EPOCH, "max_epochs": 6, "val_interval": 2, "val_begin": 3}, [16, 24]),
        ({**BY_EPOCH, "max_epochs": 3, "val_interval": 9}, [12]),
        ({**BY_EPOCH, "max_epochs": 3, "val_begin": 9}, []),
        (
            {**BY_EPOCH, "max_epochs": 5, "val_interval": 4, "dynamic_intervals": [(4, 1)]},
            [12, 16, 20],
        ),
        ({**BY_ITER, "max_iters": 7}, [7]),
        ({**BY_ITER, "max_iters": 9, "val_interval": 3, "val_begin": 5}, [6, 9]),
        (
            {**BY_ITER, "max_iters": 12, "val_interval": 4, "dynamic_intervals": [(8, 2), (11, 1)]},
            [4, 8, 10, 11, 12],
        ),
    ],
)
def test_when_validations_come(train_cfg: dict, expected: list[int], tmp_path: Path) -> None:
    seen: list[int] = []
    runner = runner_of(
        tmp_path, [{"acc": 1.0}] * 9, train_cfg=train_cfg, val_evaluator=[Always([])]
    )
    runner.register_hook(Record("before_val", lambda runner: seen.append(runner.iter)))
    runner.train()
    assert seen == expected


class Always(Scores):
    """The same result at any iteration."""

    def compute_metrics(self, results: list) -> dict[str, Any]:
        return {"acc": 1.0}


@pytest.mark.parametrize(
    ("train_cfg", "ends"),
    [({**BY_EPOCH, "max_epochs": 3}, 8), ({**BY_ITER, "max_iters": 12}, 6)],
)
def test_a_run_can_be_stopped(train_cfg: dict, ends: int, tmp_path: Path) -> None:
    runner = runner_of(tmp_path, train_cfg=train_cfg)

    def stop(runner: Runner) -> None:
        runner.train_loop.stop_training |= runner.iter == 5

    runner.register_hook(Record("after_train_iter", stop))
    runner.train()
    assert runner.iter == ends, "an epoch that has begun is finished"


def test_what_a_training_loop_knows(tmp_path: Path) -> None:
    runner = runner_of(tmp_path)
    epochs = EpochBasedTrainLoop(runner, loader(8, 2), max_epochs=2.0, val_begin=2)  # type: ignore[arg-type]
    assert (epochs.max_epochs, epochs.max_iters, epochs.epoch, epochs.iter) == (2, 8, 0, 0)
    assert (epochs.val_begin, epochs.val_interval, epochs.stop_training) == (2, 1, False)
    with pytest.warns(UserWarning, match="fast_forward_on_resume=False changes nothing"):
        IterBasedTrainLoop(runner, loader(8, 2), max_iters=5, fast_forward_on_resume=False)
    iters = IterBasedTrainLoop(runner, loader(8, 2), max_iters=5, fast_forward_on_resume=True)
    assert (iters.max_epochs, iters.max_iters, iters.epoch, iters.iter) == (1, 5, 0, 0)
    assert (iters.val_begin, iters.val_interval) == (1, 1000)
    for kind in (EpochBasedTrainLoop, IterBasedTrainLoop):
        with pytest.raises(AssertionError, match=r"should be an integer, got 1\.5"):
            kind(runner, loader(8, 2), 1.5)
        with pytest.raises(AssertionError, match="list of tuples"):
            kind(runner, loader(8, 2), 3, dynamic_intervals=[2])  # type: ignore[list-item]


@pytest.mark.parametrize("kind", [ValLoop, TestLoop])
def test_evaluation_loops_take_evaluators_and_their_configs(kind: type, tmp_path: Path) -> None:
    runner = runner_of(tmp_path)
    evaluator = Evaluator([Always([])])
    data = torch.utils.data.DataLoader(Numbers(4), 2)
    loop = kind(runner, data, evaluator)
    assert loop.dataloader is data and loop.evaluator is evaluator
    assert evaluator.dataset_meta == runner.visualizer.dataset_meta == Numbers.metainfo
    assert isinstance(kind(runner, loader(4, 2), [Always([])]).evaluator, Evaluator)
    with pytest.raises(TypeError, match="evaluator must be a dict, a list or an Evaluator"):
        kind(runner, data, 3)


def test_half_precision(tmp_path: Path) -> None:
    seen: list[torch.dtype] = []

    class Watched(Net):
        def forward(self, inputs: Any, mode: str = "tensor") -> Any:
            seen.append(self.layers(inputs).dtype)
            return super().forward(inputs, mode)

    for fp16 in (False, True):
        runner_of(
            tmp_path,
            [],
            model=Watched(),
            val_evaluator=[Always([])],
            val_cfg={"fp16": fp16},
        ).val()
    assert set(seen[:3]) == {torch.float32} and set(seen[3:]) == {torch.bfloat16}


# ---------------------------------------------------------------------------- loops of one's own


def test_overridden_methods_are_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    class Epochs(EpochBasedTrainLoop):
        def run_epoch(self) -> None:
            seen.append(("epoch", self._epoch))
            super().run_epoch()

        def run_iter(self, idx: int, data_batch: Any) -> None:
            seen.append(("iter", idx, self._iter))
            super().run_iter(idx, data_batch)

    class Val(ValLoop):
        def run(self) -> dict:
            seen.append("val")
            return super().run()

        def run_iter(self, idx: int, data_batch: Any) -> None:
            seen.append(("val iter", idx))
            super().run_iter(idx, data_batch)

    for kind in (Epochs, Val):
        monkeypatch.setitem(LOOPS._module_dict, kind.__name__, kind)
    runner_of(
        tmp_path,
        [{"acc": 1.0}],
        train_dataloader=loader(8, 4),
        train_cfg={"type": "Epochs", "max_epochs": 2, "val_interval": 2},
        val_cfg={"type": "Val"},
        val_evaluator=[Always([])],
        val_dataloader=loader(4, 2),
    ).train()
    assert seen == [
        *(("epoch", 0), ("iter", 0, 0), ("iter", 1, 1)),
        *(("epoch", 1), ("iter", 0, 2), ("iter", 1, 3)),
        *("val", ("val iter", 0), ("val iter", 1)),
    ]


class Own(BaseLoop):
    """A training loop from nothing but the base class, which counts for itself."""

    def __init__(self, runner: Any, dataloader: Any, max_epochs: int) -> None:
        super().__init__(runner, dataloader)
        self.max_epochs = max_epochs
        self.max_iters = max_epochs * len(self.dataloader)
        self._iter = self._epoch = 0

    @property
    def iter(self) -> int:
        return self._iter

    @property
    def epoch(self) -> int:
        return self._epoch

    def run(self) -> Any:
        runner = self.runner
        runner.call_hook("before_train")
        while self._epoch < self.max_epochs:
            runner.call_hook("before_train_epoch")
            runner.model.train()
            for idx, batch in enumerate(self.dataloader):
                runner.call_hook("before_train_iter", batch_idx=idx, data_batch=batch)
                outputs = runner.model.train_step(batch, runner.optim_wrapper)
                runner.call_hook(
                    "after_train_iter", batch_idx=idx, data_batch=batch, outputs=outputs
                )
                self._iter += 1
            runner.call_hook("after_train_epoch")
            self._epoch += 1
        runner.call_hook("after_train")
        return runner.model


def test_a_loop_that_counts_for_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LOOPS._module_dict, "Own", Own)
    step = {"type": "StepLR", "step_size": 1}
    ours = runner_of(tmp_path / "ours", param_scheduler=step)
    expected = ours.train().state_dict()

    cfg = {"train_cfg": {"type": "Own", "max_epochs": 3}, "param_scheduler": step}
    runner = runner_of(tmp_path / "own", **cfg, default_hooks={"logger": {"interval": 2}})
    weights = runner.train().state_dict()
    assert (runner.iter, runner.epoch) == (12, 3)
    assert "Epoch(train) [3][4/4]" in log_of(runner)
    meta = read_checkpoint(tmp_path / "own" / "epoch_2.pth")["meta"]
    assert (meta["epoch"], meta["iter"]) == (2, 8)
    for name, value in expected.items():
        assert torch.equal(weights[name].cpu(), value.cpu()), name

    path = str(tmp_path / "own" / "epoch_2.pth")
    by_config = runner_of(tmp_path / "by_config", **cfg, resume=True, load_from=path)
    by_method = runner_of(tmp_path / "by_method", **cfg)
    by_method.resume(path)
    for resumed in (by_config, by_method):
        resumed.train()
        assert (resumed.iter, resumed.epoch) == (12, 3)
        assert resumed.message_hub.get_scalar("train/loss").data[0].size == 12


def test_a_loop_must_run(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="abstract"):
        BaseLoop(runner_of(tmp_path), loader(4, 2))  # type: ignore[abstract]


class Cycled:
    """An iterator as a hook of another package may put it in a loop's place."""

    def __init__(self, dataloader: Any) -> None:
        self.batches = iter(list(dataloader) * 10)

    def __next__(self) -> Any:
        return next(self.batches)


def use_own_iterator(runner: Any) -> None:
    runner.train_loop.dataloader_iterator = Cycled(runner.train_loop.dataloader)


def test_a_run_on_an_iterator_of_another_make_is_saved_and_resumed(tmp_path: Path) -> None:
    hooks = {"custom_hooks": [Record("before_train", use_own_iterator)]}
    first, whole = {**BY_ITER, "max_iters": 3}, {**BY_ITER, "max_iters": 6}
    uninterrupted = runner_of(tmp_path / "whole", train_cfg=whole, **hooks)
    uninterrupted.train()
    runner_of(tmp_path / "run", train_cfg=first, **hooks).train()
    resumed = runner_of(tmp_path / "run", train_cfg=whole, resume=True, **hooks)
    resumed.train()
    theirs = uninterrupted.model.state_dict()
    assert all(torch.equal(value, theirs[k]) for k, value in resumed.model.state_dict().items())


def test_the_iterator_that_packages_import_is_that_of_the_loop(tmp_path: Path) -> None:
    from mmlight.runner.loops import _InfiniteDataloaderIterator

    def renew(runner: Any) -> None:
        loop = runner.train_loop
        loop.dataloader_iterator = _InfiniteDataloaderIterator(loop.dataloader)

    plain, renewed = (
        runner_of(
            tmp_path / name,
            train_cfg={**BY_ITER, "max_iters": 4},
            custom_hooks=[Record("before_train", function)],
        )
        for name, function in {"plain": lambda runner: None, "renewed": renew}.items()
    )
    plain.train()
    renewed.train()
    theirs = plain.model.state_dict()
    assert all(torch.equal(value, theirs[k]) for k, value in renewed.model.state_dict().items())


def test_a_loop_with_dataloaders_and_no_single_one(tmp_path: Path) -> None:
    lengths: list[list[float]] = []

    class Several(BaseLoop):
        def __init__(self, runner: Any, dataloader: Any, evaluator: Any) -> None:
            self._runner = runner
            self.dataloaders = [runner.build_dataloader(dataloader)] * 2

        def run(self) -> None:
            lengths.append(self.lengths())

    runner_of(tmp_path, [{}], val_cfg={"type": Several}).train()
    assert lengths == [[3, 3]] * 3
