"""When a run trains, validates and stops: what its Trainer says, over what its loop documents."""

from __future__ import annotations

import math
import time
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.trainer.connectors.data_connector import (
    _parse_num_batches,  # what a limit makes of a number of batches has no public name
)
from lightning.pytorch.trainer.states import RunningStage
from lightning.pytorch.utilities.data import _update_dataloader

from mmlight.dataset import DefaultSampler

_STAGES = {
    "train": RunningStage.TRAINING,
    "val": RunningStage.VALIDATING,
    "test": RunningStage.TESTING,
}


def limited(trainer: Trainer, mode: str, length: float) -> float:
    """Return how many of ``length`` batches a pass has under the Trainer's limits.

    Args:
        trainer: The Trainer, with its ``limit_{mode}_batches``.
        mode: ``train``, ``val`` or ``test``.
        length: Batches without a limit; infinite for a stream.

    Raises:
        MisconfigurationException: If a share of the batches is less than one batch.

    Example:
        >>> trainer = Trainer(limit_val_batches=0.4, logger=False, accelerator="cpu")
        >>> limited(trainer, "val", 5)
        2
    """
    limit = getattr(trainer, f"limit_{mode}_batches")
    batches = _parse_num_batches(_STAGES[mode], length, limit)
    return min(batches, trainer.num_sanity_val_steps) if trainer.sanity_checking else batches


def mirror(trainer: Any, train_cfg: Any, validates: bool, given: dict[str, Any]) -> bool:
    """Let ``trainer`` have the documented extent and validation schedule where it has no other.

    Callbacks such as EarlyStopping ask the Trainer when validations come.

    Args:
        trainer: A Trainer that has not run yet.
        train_cfg: The training loop or its config.
        validates: Whether the run has a validation.
        given: What the config's ``trainer`` says; a default that stands there counts.

    Returns:
        bool: Whether validations come when the loop says.
    """
    extent = documented(train_cfg)
    by_epoch = "max_iters" not in extent
    fit_loop = trainer.fit_loop
    if trainer.max_steps == -1 and trainer.max_epochs is None:
        fit_loop.max_epochs = extent.get("max_epochs", 1)
    elif _steps_alone(trainer, given):
        fit_loop.max_epochs = -1
    # Lightning's defaults: a Trainer that was told nothing. It has no interval in batches at all if
    # it was given one in time.
    interval = getattr(trainer, "val_check_interval", None)
    untouched = trainer.check_val_every_n_epoch == 1 and interval == 1.0
    named = {"check_val_every_n_epoch", "val_check_interval"} & given.keys()
    if trainer.fast_dev_run or not untouched or named:
        return False
    interval = extent.get("val_interval", 1 if by_epoch else 1000)
    if validates and by_epoch:
        trainer.check_val_every_n_epoch = interval
    elif validates:
        trainer.check_val_every_n_epoch, trainer.val_check_interval = None, interval
    return True


def _steps_alone(trainer: Any, given: dict[str, Any]) -> bool:
    """Tell whether a config limits the steps, and so, as in Lightning, not the epochs."""
    limited = trainer.max_steps != -1 and not trainer.fast_dev_run
    return limited and "max_steps" in given and "max_epochs" not in given


def schedule_of(trainer: Any, loop: Any) -> Schedule:
    """Return the schedule of a documented training loop in ``trainer``, its data in order.

    With ``overfit_batches`` the loop gets its data unshuffled.
    """
    if trainer.overfit_batches:
        loop.use(_in_order(loop.dataloader))
    return Schedule(trainer, loop, trainer.fit_loop.documented_schedule)


def _in_order(dataloader: Any) -> Any:
    sampler = DefaultSampler(dataloader.dataset, shuffle=False)
    # Rebuilds any dataloader around another sampler; Lightning has no public name for it.
    return _update_dataloader(dataloader, sampler, mode=RunningStage.TRAINING)


def documented(train_cfg: Any) -> dict[str, Any]:
    """Return what a training loop, or its config, says of its extent and its validations."""
    if train_cfg is None or isinstance(train_cfg, dict):
        return train_cfg or {}
    names = ["max_epochs" if train_cfg.by_epoch else "max_iters", "val_interval"]
    return {name: getattr(train_cfg, name) for name in names if hasattr(train_cfg, name)}


class Schedule:
    """The limits of a training and the times of its validations.

    Args:
        trainer: The Trainer.
        loop: The training loop, whose ``max_epochs`` and ``max_iters`` become what they really are.
        documented: Whether validations come when the loop says, rather than the Trainer.

    Raises:
        ValueError: If the Trainer would validate after more batches than an epoch has.
    """

    def __init__(self, trainer: Any, loop: Any, documented: bool) -> None:
        self._trainer = trainer
        self._fit_loop: Any = trainer.fit_loop
        self._loop = loop
        self._documented = documented
        self._loaded_in = loop.epoch
        # Its only trace of an interval in time; Lightning 2.5 has no such intervals.
        self._seconds: float | None = getattr(trainer, "_val_check_time_interval", None)
        self._validated_at = time.monotonic()
        self._length = loop.documented_length()
        self.batches = limited(trainer, "train", self._length)
        self.last_iter = self._limit_loop()
        self._every = self._batches_between_validations()
        trainer.val_check_batch = self._every
        self.within_epoch = not documented and (
            trainer.check_val_every_n_epoch is None
            or self._every < self.batches
            or self._seconds is not None
        )
        """Whether a validation may come before an epoch is over."""

    def _limit_loop(self) -> float:
        """Tell the loop its extent; return the number of the last iteration."""
        trainer, batches = self._trainer, self.batches
        epochs = math.inf if trainer.max_epochs in (None, -1) else trainer.max_epochs
        steps = math.inf if trainer.max_steps == -1 else trainer.max_steps
        last = min(epochs * batches, steps) if batches else 0
        self._epochs = epochs
        if not self._loop.by_epoch:
            epochs = 1
        elif epochs == math.inf and last != math.inf:
            epochs = math.ceil(last / batches) if batches else 0
        if last or not self._loop.max_iters:
            self._loop.limit(epochs, last)
        else:  # schedulers and the like are still built for what the config says
            self.batches = 0
        return last

    def _batches_between_validations(self) -> float:
        trainer = self._trainer
        interval: float = getattr(trainer, "val_check_interval", 1.0)
        if not self._loop.by_epoch and (trainer.check_val_every_n_epoch or 0) > self._epochs:
            raise ValueError(
                f"check_val_every_n_epoch={trainer.check_val_every_n_epoch} (config key: "
                "trainer.check_val_every_n_epoch) would leave out every validation, since an "
                "iteration-based training is one epoch: use train_cfg.val_interval, or "
                "val_check_interval with check_val_every_n_epoch=None"
            )
        if self._documented or (interval == 1.0 and isinstance(interval, float)):
            return self.batches
        if isinstance(interval, float):
            return max(1, int(self.batches * interval))
        if (
            interval > self.batches
            and trainer.check_val_every_n_epoch is not None
            and trainer.limit_val_batches > 0
        ):
            raise ValueError(
                f"val_check_interval={interval} (config key: trainer.val_check_interval) is more "
                f"than the {self.batches} training batches of an epoch: with "
                "check_val_every_n_epoch=None it counts through all epochs"
            )
        return interval

    @property
    def may_stop(self) -> bool:
        """Whether ``min_epochs`` and ``min_steps`` are reached, so that who asks may stop it."""
        trainer = self._trainer
        if self._loop.by_epoch or trainer.min_steps is None:
            # Public only in `done`, which also logs.
            may_stop: bool = self._fit_loop._can_stop_early
        else:
            # Lightning makes `min_steps` imply a whole epoch, which here is the whole training.
            may_stop = trainer.global_step >= trainer.min_steps
        return may_stop

    def batches_left(self, batches_done: int, iterations_done: int) -> int | None:
        """Return how many batches of a running epoch are left; None for all that there are."""
        left = min(self.batches - batches_done, self.last_iter - iterations_done)
        return None if left + batches_done == self._length else max(0, int(left))

    def count_on(self, iteration: int, epochs_done: int, batches_done: int) -> None:
        """Let the run end with its last epoch, though those before were of another length.

        Args:
            iteration: Iterations done.
            epochs_done: Epochs done.
            batches_done: Batches done of the running epoch, counted in batches of today.
        """
        if not self._loop.by_epoch or self._loop.max_epochs == math.inf:
            return
        left = (self._loop.max_epochs - epochs_done) * self.batches - batches_done
        steps = self._trainer.max_steps
        self.last_iter = iteration + left if steps == -1 else min(iteration + left, steps)
        self._loop.limit(self._loop.max_epochs, self.last_iter)

    def begin_epoch(self, epochs_done: int) -> None:
        """Load the data anew if ``reload_dataloaders_every_n_epochs`` says so."""
        every = self._trainer.reload_dataloaders_every_n_epochs
        if every and epochs_done - self._loaded_in >= every:
            self._loaded_in = epochs_done
            runner = self._loop.runner
            runner.datamodule.follow(self._trainer, "fit")
            runner.stages.reload_data()

    def validates_after_iteration(self, iteration: int) -> bool:
        """Tell whether a validation follows an iteration, the training being one epoch."""
        if self._documented:
            return bool(self._trainer.limit_val_batches) and self._loop.val_due(
                iteration, self._loop.max_iters
            )
        epoch, batch = divmod(iteration - 1, self.batches)
        return self.validates_after_batch(int(batch) + 1, iteration, int(epoch) + 1)

    def validates_after_batch(self, batch: int, iteration: int, epoch: int) -> bool:
        """Tell whether a validation follows a batch.

        Args:
            batch: Its number in the epoch, from 1.
            iteration: Its number in the run, from 1.
            epoch: The number of the epoch, from 1.
        """
        trainer = self._trainer
        if not trainer.limit_val_batches or self._loop.runner.val_loop is None:
            return False
        epochs = trainer.check_val_every_n_epoch
        if epochs is not None and epoch % epochs:
            return False
        if self._seconds is not None:
            return self._time_is_over(self._seconds)
        return (iteration if epochs is None else batch) % self._every == 0

    def _time_is_over(self, seconds: float) -> bool:
        now = time.monotonic()
        if now - self._validated_at < seconds:
            return False
        self._validated_at = now
        return True

    def validates_after_epoch(self, batch: int, iteration: int, epoch: int) -> bool:
        """Tell whether a validation follows an epoch that ended with this batch."""
        if not self._documented:
            return self.validates_after_batch(batch, iteration, epoch)
        cut_short = iteration >= self.last_iter and batch < self.batches
        if cut_short or not self._trainer.limit_val_batches:
            return False
        result: bool = self._loop.val_due(epoch, self._loop.max_epochs)
        return result
