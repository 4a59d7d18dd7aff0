"""The part of a Runner that runs: it trains, validates and tests."""

from __future__ import annotations

from typing import Any

from torch import nn

from mmlight.bridge.progress import OwnCounters
from mmlight.bridge.schedule import schedule_of
from mmlight.hooks.length import length_of
from mmlight.model.bare_model import bare_model
from mmlight.model.efficient_conv_bn_eval import turn_on_efficient_conv_bn_eval
from mmlight.registry.place import section

from .parts import RunnerPart
from .train_loop import TrainLoop

KEYS = {
    "train": ("training", ("train_dataloader", "train_cfg", "optim_wrapper")),
    "val": ("validation", ("val_dataloader", "val_cfg", "val_evaluator")),
    "test": ("testing", ("test_dataloader", "test_cfg", "test_evaluator")),
}
"""What each of the three is called, and which keys of a config it needs."""


class Stages(RunnerPart):
    """Trains, validates and tests, and does what must be done before each."""

    _scaled: Any = None

    def train(self) -> nn.Module:
        """Train and return the model.

        A training that was broken off, by an error or Ctrl-C, goes on where it was.

        Raises:
            RuntimeError: If the Runner has nothing to train with.
            SystemExit: With status 143 or 130, if SIGTERM or Ctrl-C came and the run was saved.
            KeyboardInterrupt: If Ctrl-C came in an interactive session.
        """
        runner = self.runner
        self._need("train")
        with runner.current_run, runner.interrupts.handled():
            runner.trainer.fit(runner.module, datamodule=runner.datamodule)
        model: nn.Module = runner.model
        return model

    def val(self) -> dict[str, Any]:
        """Validate and return the metrics by name.

        Raises:
            RuntimeError: If the Runner has nothing to validate with.
        """
        return self._evaluate("val", "validate")

    def test(self) -> dict[str, Any]:
        """Test and return the metrics by name.

        Raises:
            RuntimeError: If the Runner has nothing to test with.
        """
        return self._evaluate("test", "test")

    def _evaluate(self, mode: str, verb: str) -> dict[str, Any]:
        self._need(mode)
        runner, trainer = self.runner, self.runner.trainer
        with runner.current_run:
            getattr(trainer, verb)(runner.module, datamodule=runner.datamodule, verbose=False)
        metrics: dict[str, Any] = getattr(trainer, f"{verb}_loop").metrics
        return metrics

    def _need(self, mode: str) -> None:
        if getattr(self.runner, f"_{mode}_loop") is None:
            *others, last = KEYS[mode][1]
            raise RuntimeError(
                f"runner.{mode}() needs {', '.join(others)} and {last}, and this Runner has none "
                "of them: add these keys to the config"
            )

    def begin(self, stage: str) -> None:
        """Build what a Trainer needs that is about to ``fit``, ``validate``, ... (``stage``)."""
        runner = self.runner
        for backend in runner.visualizer.join_loggers(runner.trainer.loggers):
            if runner.trainer.enable_autolog_hparams:
                backend.add_config(runner.cfg)
        with runner.root_config():
            if stage == "fit":
                self._prepare_training()
                return
            mode = "val" if stage == "validate" else "test"
            loop = getattr(runner, f"{mode}_loop")  # built now, before anything is announced
            runner.account.tell(runner.logger)
            runner.call_hook("before_run")
            runner.load_or_resume()
            if loop is not None:
                runner.builders.compile(f"{mode}_step")

    def _prepare_training(self) -> None:
        """Do all that comes before the first event of training, in the documented order."""
        runner = self.runner
        if runner.interrupts.goes_on:  # all of it was done, and no run has ended since
            runner.interrupts.goes_on = False
            return
        runner._train_loop = runner.build_train_loop(runner._train_loop)
        self.limit_training()
        runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        if runner.optim_wrapper is not self._scaled:  # a second training goes on with these rates
            runner.scale_lr(runner.optim_wrapper, runner.auto_scale_lr)
            self._scaled = runner.optim_wrapper
        if runner.param_schedulers is not None:
            runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
        if runner._val_loop is not None:
            runner._val_loop = runner.build_val_loop(runner._val_loop)
        if runner.cfg.get("efficient_conv_bn_eval"):
            with section("efficient_conv_bn_eval"):
                turn_on_efficient_conv_bn_eval(
                    bare_model(runner.model), runner.cfg["efficient_conv_bn_eval"]
                )
        runner.account.tell(runner.logger)
        runner.call_hook("before_run")
        runner._init_model_weights()
        runner.load_or_resume()
        runner.builders.compile("train_step")

    def limit_training(self) -> None:
        """Settle how far the training goes; a loop of a user's own counts for itself."""
        runner = self.runner
        loop = runner._train_loop
        if isinstance(loop, TrainLoop):
            runner.schedule = schedule_of(runner.trainer, loop)
        else:
            runner._progress = OwnCounters(runner.trainer, loop)

    @property
    def is_done(self) -> bool:
        """Whether a documented training loop has no iteration left."""
        schedule = self.runner.schedule
        return schedule is not None and self.runner.iter >= schedule.last_iter

    def batches_of_epoch(self) -> float:
        """Batches of an epoch of training; an iteration-based training is one epoch."""
        loop, schedule = self.runner.train_loop, self.runner.schedule
        batches: float
        if not loop.by_epoch and (schedule is None or schedule.batches):
            batches = loop.max_iters
        else:
            batches = length_of(loop.dataloader) if schedule is None else schedule.batches
        return batches

    def reload_data(self) -> None:
        """Build the datasets and dataloaders of training and validation anew."""
        runner = self.runner
        for mode, loop in (("train", runner.train_loop), ("val", runner.val_loop)):
            given = getattr(runner, f"_{mode}_dataloader")
            if isinstance(given, dict) and loop is not None:
                loop.use(runner.build_dataloader(given, runner.seed, runner.diff_rank_seed))
