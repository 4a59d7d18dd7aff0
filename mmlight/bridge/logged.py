"""What a run sends to the loggers of its Trainer, and what callbacks log beside it."""

from __future__ import annotations

from typing import Any

from lightning.pytorch.trainer.states import TrainerFn


def numbers_of(metrics: dict[str, Any]) -> dict[str, Any]:
    """Return those of ``metrics`` that are single numbers, on the host or on a device."""
    return {
        name: value
        for name, value in metrics.items()
        if isinstance(value, int | float) or getattr(value, "ndim", None) == 0
    }


class LoggedValues:
    """Losses, rates, times and metrics of a run for ``trainer.loggers``, on the Trainer's steps.

    Args:
        trainer: The Trainer.
    """

    def __init__(self, trainer: Any) -> None:
        self._trainer = trainer
        # `LightningModule.log` is the public way, and works in Lightning's own loops alone.
        self._connector: Any = trainer._logger_connector
        self._every = 1 if trainer.fast_dev_run else trainer.log_every_n_steps

    def begin(self, event: str) -> None:
        """Let callbacks call ``self.log`` at an event of Lightning's."""
        # What `self.log` takes its defaults from; Lightning's loops set both around each call.
        self._trainer.lightning_module._current_fx_name = event
        self._connector._first_loop_iter = False if "batch" in event else None

    def end(self) -> None:
        """Close what :meth:`begin` opened, and let other callbacks see what was logged."""
        self._trainer.lightning_module._current_fx_name = None
        if results := self._trainer._results:  # of the loop that runs, as `self.log` left them
            metrics = results.metrics(self._connector._first_loop_iter is not None)
            self._connector._callback_metrics.update(metrics["callback"])
            self._connector._progress_bar_metrics.update(metrics["pbar"])
            self._connector._logged_metrics.update(metrics["log"])

    def after_train_iter(
        self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Log every ``log_every_n_steps`` iterations what the run and its callbacks recorded."""
        if not self._every or (runner.iter + 1) % self._every:
            return
        values = {
            name: value
            for name, value in (outputs or {}).items()
            if getattr(value, "ndim", None) == 0
        }
        for name, history in runner.message_hub.log_scalars.items():
            mode, _, short = name.partition("/")
            if mode == "train":
                values[short] = float(history.current())
        if results := self._trainer._results:
            values.update(results.metrics(True)["log"])
        self._connector.log_metrics(values)

    def after_evaluation(self, metrics: dict[str, Any]) -> None:
        """Log the metrics of an evaluation: in a training at the step that came before it."""
        values = numbers_of(metrics)
        if results := self._trainer._results:
            values.update(results.metrics(False)["log"])
        if not values or self._trainer.state.fn != TrainerFn.FITTING:
            self._connector.log_metrics(values)
            return
        values.setdefault("epoch", self._trainer.current_epoch)
        self._connector.log_metrics(values, step=max(self._trainer.global_step - 1, 0))
