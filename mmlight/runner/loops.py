"""The documented loops. :mod:`mmlight.bridge.events` has the order of events on one page.

They run inside ``Trainer.fit`` (``validate``, ``test``), in place of Lightning's own loops, in the
Runner's Trainer and in any other; how far they go, :mod:`mmlight.bridge.schedule` says.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from itertools import islice
from typing import Any

from torch import nn
from torch.utils.data import DataLoader

from mmlight.bridge.rng import set_rng_state
from mmlight.hooks.length import length_of
from mmlight.registry import LOOPS
from mmlight.utils.checks import is_whole, whole

from .base_loop import refuse_endless, share_metainfo
from .endless import EndlessLoader
from .evaluation_loop import EvaluationLoop
from .resumable_loader import ResumableLoader
from .train_loop import Intervals, TrainLoop

_InfiniteDataloaderIterator = EndlessLoader  # what packages such as mmagic put in a loop's place


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
        TypeError: If another argument is of the wrong type.
        ValueError: If a number is too small, or the data are empty or have no end.
    """

    by_epoch = True

    def __init__(
        self,
        runner: Any,
        dataloader: DataLoader[Any] | dict[str, Any],
        max_epochs: int,
        val_begin: int = 1,
        val_interval: int = 1,
        dynamic_intervals: Intervals | None = None,
    ) -> None:
        self._max_epochs = _extent(self, max_epochs=max_epochs)
        super().__init__(runner, dataloader, val_begin, val_interval, dynamic_intervals)
        refuse_endless(self, self.dataloader)
        self._max_iters = self._max_epochs * len(self.dataloader)
        self.stream = ResumableLoader(self.dataloader)
        share_metainfo(runner, self.dataloader)

    def documented_length(self) -> float:
        """Return the batches of a pass over the data."""
        return length_of(self.dataloader)

    def use(self, dataloader: DataLoader[Any]) -> None:
        """Train on other data from the next epoch on."""
        self.dataloader = dataloader
        self.stream = ResumableLoader(dataloader)

    @property
    def epoch(self) -> int:
        """Epochs done: the 0-based index of the running one."""
        result: int = self.runner.progress.epoch
        return result

    @property
    def _epoch(self) -> int:
        result: int = self.runner.progress.epoch
        return result

    @_epoch.setter
    def _epoch(self, value: int) -> None:
        self.runner.progress.epoch = value

    def run(self) -> nn.Module:
        """Train, with validations in between, and return the model."""
        self.runner.call_hook("before_train")
        self._finish_interrupted_epoch()
        while self.epoch < self._max_epochs:
            interrupted = self.runner.exact_state is not None
            if self._must_stop() or (self.iter >= self._max_iters and not interrupted):
                break
            self.runner.schedule.begin_epoch(self.epoch)
            self.run_epoch()
            self._validate_if_due()
            self.runner.finish_epoch()
        self.runner.call_hook("after_train")
        result: nn.Module = self.runner.model
        return result

    def _finish_interrupted_epoch(self) -> None:
        exact = self.runner.exact_state
        if exact is None:
            return
        self._restore_validation(exact)
        phase = exact["position"]["phase"]
        if phase in ("iter", "within"):
            self.stream.load_state_dict(exact["loader"])
            return
        self.runner.exact_state = None
        self.stream.next_pass(exact["loader"] or {})
        set_rng_state(exact["rng"])
        if phase == "epoch":
            self.runner.progress.batch_in_epoch = exact["position"]["batch_in_epoch"]
            self._validate_if_due(resumed=True)

    def _validate_if_due(self, resumed: bool = False) -> None:
        batch = self.runner.progress.batch_in_epoch
        if self.runner.schedule.validates_after_epoch(batch, self.iter, self.epoch):
            self._validate(resumed)

    def run_epoch(self) -> None:
        """Train on every batch of one pass, or on those that an interrupted run left over."""
        runner, progress = self.runner, self.runner.progress
        exact, runner.exact_state = runner.exact_state, None
        progress.batch_in_epoch = exact["position"]["batch_in_epoch"] if exact else 0
        runner.call_hook("before_train_epoch")
        runner.model.train()
        batches = runner.fetched(self.stream.begin(), "train")
        if exact is not None:
            self._continue_epoch(exact)
        schedule, trainer = runner.schedule, runner.trainer
        left = schedule.batches_left(progress.batch_in_epoch, progress.iter)
        for idx, data_batch in enumerate(islice(batches, left), progress.batch_in_epoch):
            self.run_iter(idx, data_batch)
            if schedule.within_epoch:
                self._validate_within_epoch(idx + 1)
            if trainer.should_stop and schedule.may_stop:
                break
        runner.call_hook("after_train_epoch")
        progress.process_epoch()

    def _continue_epoch(self, exact: dict[str, Any]) -> None:
        set_rng_state(exact["rng"])
        if self.runner.schedule.within_epoch and exact["position"]["phase"] == "iter":
            self._validate_within_epoch(self.runner.progress.batch_in_epoch)

    def _validate_within_epoch(self, batch: int) -> None:
        schedule = self.runner.schedule
        if batch < schedule.batches and schedule.validates_after_batch(
            batch, self.iter, self.epoch + 1
        ):
            self._validate()
            self.runner.model.train()

    def run_iter(self, idx: int, data_batch: Sequence[dict[str, Any]]) -> None:
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
        fast_forward_on_resume: Configs of MMEngine's fork have it; a resumed run always goes on
            at the batch where it was, and reads nothing of what comes before.

    Raises:
        AssertionError: If ``max_iters`` is no whole number.
        TypeError: If another argument is of the wrong type.
        ValueError: If a number is too small, or the data are empty.
    """

    by_epoch = False

    def __init__(
        self,
        runner: Any,
        dataloader: DataLoader[Any] | dict[str, Any],
        max_iters: int,
        val_begin: int = 1,
        val_interval: int = 1000,
        dynamic_intervals: Intervals | None = None,
        fast_forward_on_resume: bool = True,
    ) -> None:
        self._iters_of_config = self._max_iters = _extent(self, max_iters=max_iters)
        super().__init__(runner, dataloader, val_begin, val_interval, dynamic_intervals)
        if not fast_forward_on_resume:
            warnings.warn(
                "train_cfg.fast_forward_on_resume=False changes nothing: a resumed run goes on at "
                "the batch where it was",
                stacklevel=2,
            )
        self._max_epochs = 1
        self._epoch = 0
        share_metainfo(runner, self.dataloader)
        self.dataloader_iterator = EndlessLoader(self.dataloader)

    @property
    def stream(self) -> Any:
        """The endless iterator over the data."""
        return self.dataloader_iterator

    def documented_length(self) -> float:
        """Return the iterations of the config: the whole training is one epoch."""
        return self._iters_of_config

    def use(self, dataloader: DataLoader[Any]) -> None:
        """Train on other data from the next iteration on."""
        self.dataloader = dataloader
        self.dataloader_iterator = EndlessLoader(dataloader)

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
        fetch = runner.profiled_next if runner.profiles else next
        validates = runner.val_loop is not None
        while progress.iter < self._max_iters:
            if (self.stop_training or trainer.should_stop) and runner.schedule.may_stop:
                break
            if not runner.model.training:
                runner.model.train()
            self.run_iter(fetch(self.dataloader_iterator))
            if validates:
                self._validate_if_due()
        runner.call_hook("after_train_epoch")
        runner.call_hook("after_train")
        result: nn.Module = runner.model
        return result

    def _continue_interrupted_run(self) -> None:
        exact, self.runner.exact_state = self.runner.exact_state, None
        if exact is not None:
            self._restore_validation(exact)
            if exact["loader"] is not None and hasattr(self.stream, "load_state_dict"):
                self.stream.load_state_dict(exact["loader"])
            else:
                self._skip_done()
            set_rng_state(exact["rng"])
            if exact["position"]["phase"] == "iter":
                self._validate_if_due(resumed=True)
        elif self.iter > 0:
            self._skip_done()

    def _skip_done(self) -> None:
        """Leave out what was trained on; an iterator that a hook has put here has to read it."""
        if hasattr(self.stream, "seek"):
            self.stream.seek(self.iter)
            return
        for _ in range(self.iter):
            next(self.dataloader_iterator)

    def _validate_if_due(self, resumed: bool = False) -> None:
        if self.runner.schedule.validates_after_iteration(self.iter):
            self._validate(resumed)

    def run_iter(self, data_batch: Sequence[dict[str, Any]]) -> None:
        """Train on one batch.

        Args:
            data_batch: What the dataloader yields.
        """
        self._step(self.runner.progress.iter, data_batch)


@LOOPS.register_module()
class ValLoop(EvaluationLoop):
    """Validate with ``model.val_step``.

    Losses that the model returns too become metrics (:mod:`mmlight.runner.evaluation_losses`).

    Args:
        runner: The Runner.
        dataloader: Dataloader or its config.
        evaluator: Evaluator, or the config of one, or of its metrics.
        fp16: Whether to predict in half precision.

    Raises:
        TypeError: If ``evaluator`` or ``fp16`` is of another type.
        ValueError: If there is no metric, two would have one name, or the data are empty or have no
            end.
    """

    mode = "val"

    def run(self) -> dict[str, Any]:
        """Validate once and return the metrics by name."""
        return self._run()


@LOOPS.register_module()
class TestLoop(EvaluationLoop):
    """Test with ``model.test_step``; arguments as in :class:`ValLoop`."""

    mode = "test"
    __test__ = False  # no test case, whatever pytest thinks of the name

    def run(self) -> dict[str, Any]:
        """Test once and return the metrics by name."""
        return self._run()


def _extent(loop: TrainLoop, **given: Any) -> int:
    """Return the epochs or iterations of a training, once they are sure to be some."""
    ((name, value),) = given.items()
    if not is_whole(value):
        raise AssertionError(f"{name} should be an integer, got {value!r}")
    whole(loop, **given)
    return int(value)
