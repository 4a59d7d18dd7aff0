"""The documented loops. :mod:`mmlight.bridge.events` has the order of events on one page.

A Runner runs them inside ``Trainer.fit`` (``validate``, ``test``), in place of Lightning's own
loops. With ``mmlight.from_config`` and a Trainer of the user's, Lightning's loops run instead and
ask these for what they know: dataloaders, intervals, :meth:`ValLoop.run_iter`.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.utils.data import DataLoader

from mmlight.bridge.rng import set_rng_state
from mmlight.evaluator import Evaluator
from mmlight.logging import print_log
from mmlight.registry import LOOPS

from .amp import autocast
from .base_loop import BaseLoop
from .endless import EndlessLoader
from .evaluation_losses import EvaluationLosses
from .resumable_loader import ResumableLoader
from .utils import calc_dynamic_intervals

Intervals = list[tuple[int, int]]


class TrainLoop(BaseLoop):
    """What both training loops share: counters, the validation schedule, the training step."""

    by_epoch: bool
    drives_itself = False

    def __init__(
        self,
        runner: Any,
        dataloader: DataLoader | dict,
        val_begin: int,
        val_interval: int,
        dynamic_intervals: Intervals | None,
    ) -> None:
        super().__init__(runner, dataloader)
        self.val_begin = val_begin
        self.val_interval = val_interval
        self.stop_training = False
        self.dynamic_milestones, self.dynamic_intervals = calc_dynamic_intervals(
            val_interval, dynamic_intervals
        )

    @property
    def iter(self) -> int:
        """Iterations done: the 0-based index of the running one."""
        return self.runner.progress.iter

    @property
    def _iter(self) -> int:
        return self.runner.progress.iter

    @_iter.setter
    def _iter(self, value: int) -> None:
        self.runner.progress.iter = value

    def _step(self, idx: int, data_batch: Any) -> None:
        runner = self._runner
        progress = runner.progress
        progress.start_batch()
        runner.call_hook("before_train_iter", batch_idx=idx, data_batch=data_batch)
        outputs = runner.train_step(data_batch, idx)
        runner.call_hook("after_train_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs)
        progress.end_batch()

    def val_due(self, done: int, end: int) -> bool:
        """Tell whether a validation follows ``done`` epochs (or iterations) of ``end``."""
        self._decide_current_val_interval(done)
        if self.runner.val_loop is None or done < self.val_begin:
            return False
        return done % self.val_interval == 0 or done == end

    def _restore_validation(self, exact: dict[str, Any]) -> None:
        """Let the next validation use random numbers as if this were still the saved process."""
        stream, state = getattr(self.runner.val_loop, "stream", None), exact.get("val_loader")
        if stream is not None and state is not None:
            stream.next_pass(state)

    def _decide_current_val_interval(self, done: int) -> None:
        """Take the interval that the milestones give for what comes after ``done``."""
        step = bisect.bisect(self.dynamic_milestones, done + 1)
        self.val_interval = self.dynamic_intervals[step - 1]

    epoch: Any
    stream: Any


@LOOPS.register_module()
class EpochBasedTrainLoop(TrainLoop):
    """Train for a number of passes over the data.

    Args:
        runner: The Runner.
        dataloader: Dataloader or its config.
        max_epochs: Passes over the data.
        val_begin: First epoch (counted from 1) after which validation may run.
        val_interval: Epochs between two validations.
        dynamic_intervals: Pairs ``(milestone, interval)``: from epoch ``milestone`` on,
            validation runs every ``interval`` epochs.

    Raises:
        AssertionError: If ``max_epochs`` is no whole number.
    """

    by_epoch = True

    def __init__(
        self,
        runner: Any,
        dataloader: DataLoader | dict,
        max_epochs: int,
        val_begin: int = 1,
        val_interval: int = 1,
        dynamic_intervals: Intervals | None = None,
    ) -> None:
        super().__init__(runner, dataloader, val_begin, val_interval, dynamic_intervals)
        assert int(max_epochs) == max_epochs, f"max_epochs should be an integer, got {max_epochs}"
        self._max_epochs = int(max_epochs)
        self._max_iters = self._max_epochs * len(self.dataloader)
        self.stream = ResumableLoader(self.dataloader)
        _share_metainfo(runner, self.dataloader)

    @property
    def max_epochs(self) -> int:
        """Epochs in all."""
        return self._max_epochs

    @property
    def max_iters(self) -> int:
        """Iterations in all."""
        return self._max_iters

    @property
    def epoch(self) -> int:
        """Epochs done: the 0-based index of the running one."""
        return self.runner.progress.epoch

    @property
    def _epoch(self) -> int:
        return self.runner.progress.epoch

    @_epoch.setter
    def _epoch(self, value: int) -> None:
        self.runner.progress.epoch = value

    def run(self) -> nn.Module:
        """Train, with validations in between, and return the model."""
        self.runner.call_hook("before_train")
        self._finish_interrupted_epoch()
        while self.epoch < self._max_epochs:
            if self.stop_training or self.runner.trainer.should_stop:
                break
            self.run_epoch()
            self._validate_if_due()
            self.runner.finish_epoch()
        self.runner.call_hook("after_train")
        return self.runner.model

    def _finish_interrupted_epoch(self) -> None:
        exact = self.runner.exact_state
        if exact is None:
            return
        self._restore_validation(exact)
        phase = exact["position"]["phase"]
        if phase == "iter":
            self.stream.load_state_dict(exact["loader"])
            return
        self.runner.exact_state = None
        self.stream.next_pass(exact["loader"])
        set_rng_state(exact["rng"])
        if phase == "epoch":
            self._validate_if_due()

    def _validate_if_due(self) -> None:
        if self.val_due(self.epoch, self._max_epochs):
            self.runner.val_loop.run()

    def run_epoch(self) -> None:
        """Train on every batch of one pass, or on those that an interrupted run left over."""
        progress = self.runner.progress
        exact, self.runner.exact_state = self.runner.exact_state, None
        progress.batch_in_epoch = exact["position"]["batch_in_epoch"] if exact else 0
        self.runner.call_hook("before_train_epoch")
        self.runner.model.train()
        batches = self.stream.begin()
        if exact is not None:
            set_rng_state(exact["rng"])
        for idx, data_batch in enumerate(batches, progress.batch_in_epoch):
            self.run_iter(idx, data_batch)
            if self._runner.trainer.should_stop:
                break
        self.runner.call_hook("after_train_epoch")
        progress.process_epoch()

    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Train on one batch.

        Args:
            idx: Index of the batch in its epoch.
            data_batch: What the dataloader yields.
        """
        self._step(idx, data_batch)


@LOOPS.register_module()
class IterBasedTrainLoop(TrainLoop):
    """Train for a number of iterations, beginning the data anew as often as needed.

    Args:
        runner: The Runner.
        dataloader: Dataloader or its config.
        max_iters: Iterations.
        val_begin: First iteration (counted from 1) after which validation may run.
        val_interval: Iterations between two validations.
        dynamic_intervals: Pairs ``(milestone, interval)``: from iteration ``milestone`` on,
            validation runs every ``interval`` iterations.

    Raises:
        AssertionError: If ``max_iters`` is no whole number.
    """

    by_epoch = False

    def __init__(
        self,
        runner: Any,
        dataloader: DataLoader | dict,
        max_iters: int,
        val_begin: int = 1,
        val_interval: int = 1000,
        dynamic_intervals: Intervals | None = None,
    ) -> None:
        super().__init__(runner, dataloader, val_begin, val_interval, dynamic_intervals)
        assert int(max_iters) == max_iters, f"max_iters should be an integer, got {max_iters}"
        self._max_iters = int(max_iters)
        self._max_epochs = 1
        self._epoch = 0
        _share_metainfo(runner, self.dataloader)
        self.dataloader_iterator = EndlessLoader(self.dataloader)

    @property
    def stream(self) -> Any:
        """The endless iterator over the data."""
        return self.dataloader_iterator

    @property
    def max_epochs(self) -> int:
        """Epochs in all: the whole training counts as one."""
        return self._max_epochs

    @property
    def max_iters(self) -> int:
        """Iterations in all."""
        return self._max_iters

    @property
    def epoch(self) -> int:
        """Epochs done."""
        return self._epoch

    def run(self) -> nn.Module:
        """Train, with validations in between, and return the model."""
        runner = self.runner
        runner.call_hook("before_train")
        runner.call_hook("before_train_epoch")
        self._continue_interrupted_run()
        progress, trainer = runner.progress, runner.trainer
        validates = runner.val_loop is not None
        while progress.iter < self._max_iters:
            if self.stop_training or trainer.should_stop:
                break
            if not runner.model.training:
                runner.model.train()
            self.run_iter(next(self.dataloader_iterator))
            if validates:
                self._validate_if_due()
        runner.call_hook("after_train_epoch")
        runner.call_hook("after_train")
        return runner.model

    def _continue_interrupted_run(self) -> None:
        exact, self.runner.exact_state = self.runner.exact_state, None
        if exact is not None:
            self._restore_validation(exact)
            self.dataloader_iterator.load_state_dict(exact["loader"])
            set_rng_state(exact["rng"])
            if exact["position"]["phase"] == "iter":
                self._validate_if_due()
        elif self.iter > 0:
            self.dataloader_iterator.seek(self.iter)

    def _validate_if_due(self) -> None:
        if self.val_due(self.iter, self._max_iters):
            self.runner.val_loop.run()

    def run_iter(self, data_batch: Sequence[dict]) -> None:
        """Train on one batch.

        Args:
            data_batch: What the dataloader yields.
        """
        self._step(self.runner.progress.iter, data_batch)


class _EvaluationLoop(BaseLoop):
    """What validation and test share."""

    mode: str

    def __init__(
        self,
        runner: Any,
        dataloader: DataLoader | dict,
        evaluator: Evaluator | dict | list,
        fp16: bool = False,
    ) -> None:
        super().__init__(runner, dataloader)
        if isinstance(evaluator, dict | list):
            self.evaluator = runner.build_evaluator(evaluator)
        elif isinstance(evaluator, Evaluator):
            self.evaluator = evaluator
        else:
            raise TypeError(
                "evaluator must be a dict, a list or an Evaluator, "
                f"but got {type(evaluator).__name__}"
            )
        dataset: Any = getattr(self.dataloader, "dataset", None)
        if hasattr(dataset, "metainfo"):
            self.evaluator.dataset_meta = dataset.metainfo
        _share_metainfo(runner, self.dataloader)
        self.stream = ResumableLoader(self.dataloader)
        self.fp16 = fp16
        self._losses = EvaluationLosses(self.mode)

    @property
    def drives_itself(self) -> bool:  # type: ignore[override]
        """Whether a subclass has a ``run`` of its own."""
        return type(self).run not in (ValLoop.run, TestLoop.run)

    def _run(self) -> dict:
        mode, runner = self.mode, self.runner
        runner.call_hook(f"before_{mode}")
        runner.call_hook(f"before_{mode}_epoch")
        runner.model.eval()
        if self.stream.dataloader is not self.dataloader:
            self.stream = ResumableLoader(self.dataloader)
        for idx, data_batch in enumerate(self.stream.begin()):
            self.run_iter(idx, data_batch)
        metrics = self.evaluate()
        runner.call_hook(f"after_{mode}_epoch", metrics=metrics)
        runner.call_hook(f"after_{mode}")
        return metrics

    def evaluate(self) -> dict:
        """Return the metrics of all batches since the last call, and the losses among them."""
        metrics = self.evaluator.evaluate(len(self.dataloader.dataset))
        return {**metrics, **self._losses.finish()}

    @torch.no_grad()
    def run_iter(self, idx: int, data_batch: Sequence[dict]) -> None:
        """Predict one batch and hand the predictions to the evaluator.

        Args:
            idx: Index of the batch in the pass.
            data_batch: What the dataloader yields.
        """
        mode, runner = self.mode, self.runner
        runner.call_hook(f"before_{mode}_iter", batch_idx=idx, data_batch=data_batch)
        step = runner.model.val_step if mode == "val" else runner.model.test_step
        with autocast() if self.fp16 else runner.evaluation_context():
            outputs = self._losses.take(step(data_batch))
        self.evaluator.process(data_samples=outputs, data_batch=data_batch)
        runner.call_hook(
            f"after_{mode}_iter", batch_idx=idx, data_batch=data_batch, outputs=outputs
        )


@LOOPS.register_module()
class ValLoop(_EvaluationLoop):
    """Validate with ``model.val_step``.

    Losses that the model returns too become metrics (:mod:`mmlight.runner.evaluation_losses`).

    Args:
        runner: The Runner.
        dataloader: Dataloader or its config.
        evaluator: Evaluator, or the config of one, or of its metrics.
        fp16: Whether to predict in half precision.

    Raises:
        TypeError: If ``evaluator`` is of another type.
    """

    mode = "val"

    def run(self) -> dict:
        """Validate once and return the metrics by name."""
        return self._run()


@LOOPS.register_module()
class TestLoop(_EvaluationLoop):
    """Test with ``model.test_step``; arguments as in :class:`ValLoop`."""

    mode = "test"
    __test__ = False  # no test case, whatever pytest thinks of the name

    def run(self) -> dict:
        """Test once and return the metrics by name."""
        return self._run()


def _share_metainfo(runner: Any, dataloader: Any) -> None:
    dataset: Any = getattr(dataloader, "dataset", None)
    if hasattr(dataset, "metainfo"):
        runner.visualizer.dataset_meta = dataset.metainfo
    else:
        print_log(
            f"Dataset {type(dataset).__name__} has no metainfo. "
            "``dataset_meta`` in visualizer will be None.",
            logger="current",
            level=30,
        )
