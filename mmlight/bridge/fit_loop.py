"""Lightning's loops, replaced by the documented ones in every Trainer that has a module of ours.

Stock Lightning spends as much time around a batch as a small model spends on it. Here Lightning
sets up and tears down (devices, strategy, precision, loggers, callbacks), and in between hands
over to ``runner.train_loop.run()``, ``val_loop.run()`` or ``test_loop.run()``, which call only
what somebody overrides (:mod:`mmlight.bridge.callbacks`) and obey the Trainer's limits
(:mod:`mmlight.bridge.schedule`).
"""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loops import _EvaluationLoop  # no public base class of a loop exists
from lightning.pytorch.loops.fit_loop import _FitLoop  # the same
from lightning.pytorch.loops.utilities import _no_grad_context  # knows where inference mode works
from lightning.pytorch.trainer.states import RunningStage, TrainerFn

from mmlight.bridge.logged import numbers_of
from mmlight.bridge.schedule import limited
from mmlight.bridge.stepper import connect


class RunnerFitLoop(_FitLoop):
    """Runs ``runner.train_loop`` where Lightning would run its own epochs."""

    def __init__(self, trainer: Trainer, runner: Any, documented_schedule: bool) -> None:
        stock = trainer.fit_loop
        super().__init__(trainer, stock.min_epochs, stock.max_epochs)
        self.epoch_loop = stock.epoch_loop  # has the limits in steps, and counts batches
        self.epoch_progress = stock.epoch_progress
        self.epoch_loop.val_loop = RunnerEvaluationLoop(trainer, runner, "val", TrainerFn.FITTING)
        self._data_source = stock._data_source  # the Trainer asks it whether there are data
        self.runner = runner
        self.documented_schedule = documented_schedule
        self.has_begun = False

    def run(self) -> None:
        """Run the documented training loop between the strategy's start and end."""
        trainer: Any = self.trainer
        runner = self.runner
        self.max_batches = runner.stages.batches_of_epoch()
        if self.max_batches == 0:
            runner.logger.warning("nothing is trained: the Trainer is limited to 0 batches")
            return
        if runner.stages.is_done:
            runner.logger.warning("nothing is left to train: the run has all its iterations")
        torch.set_grad_enabled(True)
        self.epoch_loop.val_loop.setup_data()  # progress bars ask how many batches it has
        runner.refresh_callbacks()
        connect(trainer, runner.optim_wrapper)
        # Not before: a strategy that sets up may drop gradients.
        runner.checkpoints.restore_accumulation()
        trainer.strategy.on_train_start()
        with trainer.profiler.profile("run_training_epoch"), runner.interrupts.heeded():
            runner.train_loop.run()
        trainer.strategy.on_train_end()

    def load_state_dict(self, state_dict: dict[str, Any], prefix: str = "") -> None:
        """Leave the counters alone: the module has restored them, with the position in the data."""


class RunnerEvaluationLoop(_EvaluationLoop):
    """Runs ``runner.val_loop`` or ``runner.test_loop`` where Lightning would run its own."""

    def __init__(self, trainer: Trainer, runner: Any, mode: str, fn: TrainerFn) -> None:
        stage = RunningStage.VALIDATING if mode == "val" else RunningStage.TESTING
        stock = {"val": trainer.validate_loop, "test": trainer.test_loop}[mode]
        super().__init__(trainer, fn, stage, stock.verbose, inference_mode=stock.inference_mode)
        if fn == TrainerFn.FITTING:
            stock = trainer.fit_loop.epoch_loop.val_loop
        self._data_source = stock._data_source  # the Trainer asks it whether there are data
        self.runner = runner
        self.mode = mode
        self.metrics: dict[str, Any] = {}

    @property
    def loop(self) -> Any:
        """The documented loop."""
        return self.runner.val_loop if self.mode == "val" else self.runner.test_loop

    def setup_data(self) -> None:
        """Find out how many batches there are, which the loops number from first to last."""
        lengths = [] if self.loop is None else self.loop.lengths()
        self._max_batches = [sum(limited(self.trainer, self.mode, length) for length in lengths)]

    def run(self) -> list[dict[str, Any]]:
        """Run the documented loop and keep its metrics, which Lightning would make numbers."""
        self.setup_data()
        if sum(self._max_batches) == 0:
            return []
        self.runner.refresh_callbacks()
        if self.trainer.sanity_checking:
            self.loop.check()
            return []
        self.metrics = self._infer() if self.inference_mode else self.loop.run()
        scalars = numbers_of(self.metrics)
        if self.verbose and self.trainer.is_global_zero:
            self._print_results([scalars], self._stage.value)
        return [scalars]

    @_no_grad_context
    def _infer(self) -> dict[str, Any]:
        result: dict[str, Any] = self.loop.run()
        return result

    def load_state_dict(self, state_dict: dict[str, Any], prefix: str = "") -> None:
        """Begin anew: an evaluation is never continued."""


def own_loops(trainer: Trainer, runner: Any, documented_schedule: bool) -> None:
    """Put the loops of a run into ``trainer``.

    Args:
        trainer: The Trainer.
        runner: The Runner that has the documented loops.
        documented_schedule: Whether validations come when the training loop says.
    """
    trainer.fit_loop = RunnerFitLoop(trainer, runner, documented_schedule)
    trainer.validate_loop = RunnerEvaluationLoop(trainer, runner, "val", TrainerFn.VALIDATING)
    trainer.test_loop = RunnerEvaluationLoop(trainer, runner, "test", TrainerFn.TESTING)
