"""The documented events in a Trainer whose loops are Lightning's own."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint
from lightning.pytorch.trainer.states import TrainerFn

from mmlight.bridge.callbacks import callbacks_of
from mmlight.bridge.fit_loop import RunnerFitLoop
from mmlight.bridge.gathering import gather_hooks
from mmlight.bridge.missing_parts import warn_of_missing_parts_in_trainer
from mmlight.bridge.step_values import StepValues
from mmlight.bridge.trainer_face import TrainerFace


def attach_hooks(trainer: Trainer) -> None:
    """Have all hooks among ``callbacks`` called in order of priority, as one callback.

    Nothing happens when that was done before, or when a documented loop calls the hooks itself.

    Raises:
        TypeError: If the Trainer is not Lightning's (``pytorch_lightning`` has one of its own).
    """
    if not isinstance(trainer, Trainer):
        kind = type(trainer)
        raise TypeError(
            f"mmlight's hooks are callbacks of lightning.pytorch.Trainer, but this is "
            f"{kind.__module__}.{kind.__qualname__}: write `import lightning.pytorch as pl` "
            "instead of `import pytorch_lightning as pl`"
        )
    callbacks = callbacks_of(trainer)
    if isinstance(trainer.fit_loop, RunnerFitLoop):
        return
    events = next((one for one in callbacks if isinstance(one, HookEvents)), None)
    if events is None:
        events = HookEvents(TrainerFace(trainer))
        # Behind the others, for Lightning calls callbacks in this order, and a checkpoint has to
        # know what they have done; but a run begins before anybody is set up.
        others = [one for one in callbacks if not isinstance(one, Checkpoint)]
        callbacks[len(others) :] = [events, *callbacks[len(others) :]]
    events.setup(trainer, trainer.lightning_module, trainer.state.fn or "fit")


class HookEvents(Callback):
    """Turns Lightning's events into the documented points, in their order.

    Args:
        runner: The face through which hooks see the run.
    """

    def __init__(self, runner: TrainerFace) -> None:
        self.runner = runner
        self._begun = False
        self._epoch_is_open = False
        self._evaluated = 0
        self._known_metrics: dict[str, Any] = {}
        self._logged = StepValues()

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """``before_run``, before Lightning loads any weights."""
        if self._begun:
            return
        self._begun = True
        gathered = gather_hooks(trainer, before=self)
        self.runner.take_hooks(gathered, training=trainer.state.fn == TrainerFn.FITTING)
        self.runner.current_run.enter()
        self.runner.begin(trainer, stage)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """``after_run``."""
        if self._begun:
            self._begun = False
            self.runner.call_hook("after_run")
            self.runner.current_run.leave()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Close what is open and give back what was current."""
        self._begun = self._epoch_is_open = False
        progress = self.runner.progress
        progress.batch_is_over = progress.epoch_is_over = 0
        self.runner.current_run.leave()

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """``before_train``, and ``before_train_epoch`` when an epoch is continued."""
        resumed_from, self.runner.resumed_from = self.runner.resumed_from, None
        if resumed_from is not None:
            warn_of_missing_parts_in_trainer(self.runner, resumed_from)
        self.runner.call_hook("before_train")
        if self.runner.progress.in_epoch:
            self.on_train_epoch_start(trainer, pl_module)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """``before_train_epoch``."""
        self._epoch_is_open = True
        self.runner.call_hook("before_train_epoch")

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """``before_train_iter``."""
        runner = self.runner
        runner.call_hook("before_train_iter", batch_idx=runner.iter, data_batch=batch)

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
    ) -> None:
        """``after_train_iter``, and ``after_train_epoch`` behind the last batch."""
        runner = self.runner
        if pl_module.automatic_optimization and trainer.accumulate_grad_batches > 1:
            # Lightning has divided it for the gradients.
            outputs = _times(outputs, trainer.accumulate_grad_batches)
        values = _named(outputs, self._logged.new_values(trainer))
        runner.call_hook(
            "after_train_iter", batch_idx=runner.iter, data_batch=batch, outputs=values
        )
        if trainer.is_last_batch:
            runner.progress.batch_is_over = 1
            self._close_epoch()
            runner.progress.batch_is_over = 0

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """``after_train_epoch`` if the epoch ended early."""
        if self._epoch_is_open:
            self.runner.progress.epoch_is_over = -1  # Lightning has counted it already
        self._close_epoch()
        self.runner.progress.epoch_is_over = 0

    def _close_epoch(self) -> None:
        if self._epoch_is_open:
            self._epoch_is_open = False
            self.runner.call_hook("after_train_epoch")
            # From here on the epoch counts as done, though Lightning validates before it counts.
            self.runner.progress.epoch_is_over = 1

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """``after_train``."""
        self.runner.call_hook("after_train")

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """``before_val``."""
        self._evaluation_starts(trainer, "val")

    def on_test_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """``before_test``."""
        self._evaluation_starts(trainer, "test")

    def on_validation_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """``before_val_iter``."""
        self._evaluation_batch(trainer, "before_val_iter", data_batch=batch)

    def on_test_batch_start(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """``before_test_iter``."""
        self._evaluation_batch(trainer, "before_test_iter", data_batch=batch)

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """``after_val_iter``."""
        self._evaluation_batch(trainer, "after_val_iter", data_batch=batch, outputs=outputs)
        self._evaluated += 1

    def on_test_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """``after_test_iter``."""
        self._evaluation_batch(trainer, "after_test_iter", data_batch=batch, outputs=outputs)
        self._evaluated += 1

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """``after_val_epoch`` and ``after_val``: only now has Lightning reduced the metrics."""
        self._evaluation_ends(trainer, "val")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """``after_test_epoch`` and ``after_test``."""
        self._evaluation_ends(trainer, "test")

    def _evaluation_starts(self, trainer: Trainer, mode: str) -> None:
        if not trainer.sanity_checking:
            self._evaluated = 0
            self._known_metrics = dict(trainer.callback_metrics)
            self.runner.call_hook(f"before_{mode}")
            self.runner.call_hook(f"before_{mode}_epoch")

    def _evaluation_batch(self, trainer: Trainer, point: str, **kwargs: Any) -> None:
        if not trainer.sanity_checking:
            self.runner.call_hook(point, batch_idx=self._evaluated, **kwargs)

    def _evaluation_ends(self, trainer: Trainer, mode: str) -> None:
        if trainer.sanity_checking:
            return
        # Metrics of the training stand among them, untouched by this evaluation.
        metrics = {
            name: value
            for name, value in trainer.callback_metrics.items()
            if self._known_metrics.get(name) is not value
        }
        if trainer.world_size > 1:
            # Each process has values of its own unless the module asks for `sync_dist`, and hooks
            # that decided otherwise than those beside them would wait for them for ever.
            metrics = trainer.strategy.broadcast({name: metrics[name].cpu() for name in metrics})
        self.runner.call_hook(f"after_{mode}_epoch", metrics=metrics)
        self.runner.call_hook(f"after_{mode}")


def _times(outputs: Any, factor: int) -> Any:
    if isinstance(outputs, dict):
        return {**outputs, "loss": outputs["loss"] * factor}
    return None if outputs is None else outputs * factor


def _named(outputs: Any, logged: dict[str, Any]) -> dict[str, Any]:
    """Return as the documents have it what a training step returned and what it logged."""
    if isinstance(outputs, dict):
        return {**outputs, **logged}
    return logged if outputs is None else {"loss": outputs, **logged}
