"""Lightning's loops, replaced in a Trainer that the Runner owns by the documented ones.

Stock Lightning spends as much time around a batch as a small model spends on it. Here Lightning
sets up and tears down (devices, strategy, precision, loggers, callbacks), and in between hands
over to ``runner.train_loop.run()``, ``val_loop.run()`` or ``test_loop.run()``, which call only
what somebody overrides (:mod:`mmlight.bridge.callbacks`).
"""

from __future__ import annotations

from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loops import _EvaluationLoop  # no public base class of a loop exists
from lightning.pytorch.loops.fit_loop import _FitLoop  # the same
from lightning.pytorch.trainer.states import RunningStage, TrainerFn


class RunnerFitLoop(_FitLoop):
    """Runs ``runner.train_loop`` where Lightning would run its own epochs."""

    def __init__(self, trainer: Trainer, runner: Any) -> None:
        super().__init__(trainer)
        self.runner = runner

    def run(self) -> None:
        """Run the documented training loop between the strategy's start and end."""
        torch.set_grad_enabled(True)
        trainer = self.trainer
        train_loop = self.runner.train_loop
        self.max_batches = _batches_of_epoch(train_loop)
        if self.runner.val_loop is not None:
            # Progress bars ask the Trainer for these numbers.
            self.epoch_loop.val_loop._max_batches = [_batches_of_pass(self.runner.val_loop)]
        trainer.strategy.on_train_start()
        train_loop.run()
        trainer.strategy.on_train_end()


class RunnerEvaluationLoop(_EvaluationLoop):
    """Runs ``runner.val_loop`` or ``runner.test_loop`` where Lightning would run its own."""

    def __init__(self, trainer: Trainer, runner: Any, mode: str) -> None:
        stage = RunningStage.VALIDATING if mode == "val" else RunningStage.TESTING
        fn = TrainerFn.VALIDATING if mode == "val" else TrainerFn.TESTING
        super().__init__(trainer, fn, stage, verbose=False, inference_mode=False)
        self.runner = runner
        self.mode = mode
        self.metrics: dict[str, Any] = {}

    def run(self) -> list[dict[str, Any]]:
        """Run the documented loop and keep its metrics, which Lightning would make numbers."""
        loop = self.runner.val_loop if self.mode == "val" else self.runner.test_loop
        self._max_batches = [_batches_of_pass(loop)]
        self.metrics = loop.run()
        return []


def _batches_of_epoch(train_loop: Any) -> int:
    """Return how many batches an epoch has, as Lightning counts: one epoch if by iterations."""
    return len(train_loop.dataloader) if train_loop.by_epoch else train_loop.max_iters


def _batches_of_pass(loop: Any) -> int:
    """Return how many batches a validation or test has; some do not count by their dataloader."""
    total = getattr(loop, "total_length", None)
    return len(loop.dataloader) if total is None else total


def own_loops(trainer: Trainer, runner: Any) -> None:
    """Put the Runner's loops into ``trainer``."""
    max_epochs, max_steps = trainer.fit_loop.max_epochs, trainer.fit_loop.epoch_loop.max_steps
    trainer.fit_loop = RunnerFitLoop(trainer, runner)
    trainer.fit_loop.max_epochs = max_epochs
    trainer.fit_loop.epoch_loop.max_steps = max_steps
    trainer.validate_loop = RunnerEvaluationLoop(trainer, runner, "val")
    trainer.test_loop = RunnerEvaluationLoop(trainer, runner, "test")
