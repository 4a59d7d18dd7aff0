"""A run in a Trainer: its loops, its hooks and its beginning, whoever built the Trainer."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import Checkpoint, ProgressBar
from lightning.pytorch.plugins.io import TorchCheckpointIO

from mmlight.bridge.callbacks import callbacks_of
from mmlight.bridge.checkpoint_io import AtomicCheckpointIO
from mmlight.bridge.fit_loop import RunnerFitLoop, own_loops
from mmlight.bridge.gathering import number_states
from mmlight.bridge.loop_limits import refuse_limits
from mmlight.bridge.progress_bar import RunnerProgressBar
from mmlight.bridge.schedule import mirror
from mmlight.bridge.sharded_strategies import adopt
from mmlight.bridge.trainer_arguments import keep_samplers, refuse_unsupported


def attach(trainer: Trainer, runner: Any) -> None:
    """Let ``trainer`` run ``runner``: its loops replace Lightning's, its hooks take part.

    Called whenever the module of the run meets a Trainer, before that sets anything up. What the
    Trainer was given stays: its callbacks, its loggers, its limits.

    Args:
        trainer: The Trainer, the Runner's own or a user's.
        runner: The Runner.

    Raises:
        ValueError: If the Trainer has an argument or a callback that cannot be obeyed.
    """
    adopt(trainer)
    known = isinstance(trainer.fit_loop, RunnerFitLoop) and trainer.fit_loop.runner is runner
    if not known:
        given = runner.trainer_arguments
        refuse_limits(trainer, runner)
        documented = mirror(trainer, runner.train_cfg, runner.validates, given)
        own_loops(trainer, runner, documented)
        if type(trainer.strategy.checkpoint_io) is TorchCheckpointIO:
            trainer.strategy.checkpoint_io = AtomicCheckpointIO()
    if not known or runner.trainer is not trainer:
        runner.bind(trainer)
    _join_callbacks(trainer, runner)
    refuse_unsupported(trainer)


def _join_callbacks(trainer: Trainer, runner: Any) -> None:
    """Put the run's hooks and callbacks behind the Trainer's, and its hooks into the run."""
    callbacks = callbacks_of(trainer)
    for callback in list(callbacks):
        if hasattr(callback, "get_triggered_stages") and not _among(callback, runner.hooks):
            runner.register_hook(callback)
    for callback in (*runner.hooks, *runner.lightning_callbacks):
        if not _among(callback, callbacks):
            callbacks.append(callback)
    bars = [callback for callback in callbacks if isinstance(callback, ProgressBar)]
    if len(bars) > 1:  # the Runner's own makes room for one of the user's
        callbacks[:] = [one for one in callbacks if not isinstance(one, RunnerProgressBar)]
    last = [callback for callback in callbacks if isinstance(callback, Checkpoint)]
    others = [one for one in callbacks if not isinstance(one, Checkpoint | RunBeginning)]
    # The run begins before any callback is set up; checkpoints see what all others have done.
    callbacks[:] = [RunBeginning(runner), *others, *last]
    number_states(callbacks)


def _among(callback: Any, callbacks: list[Any]) -> bool:
    return any(callback is one for one in callbacks)


class TrainingPlan:
    """What a config says of a training, so that it begins anew in each Trainer.

    Args:
        runner: The Runner, before it has built what trains.
    """

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._given = {
            name: getattr(runner, name)
            for name in ("_train_loop", "optim_wrapper", "param_schedulers")
        }
        self._has_begun = False

    def begin_in(self, trainer: Any) -> None:
        """Give loop, optimizers and schedulers back to the config for a Trainer's first training.

        What the config has as an object goes on as it is, and so does the model.
        """
        if self._has_begun and not trainer.fit_loop.has_begun:
            for name, given in self._given.items():
                setattr(self._runner, name, given)
            self._runner.exact_state = None
        self._has_begun = trainer.fit_loop.has_begun = True


class RunBeginning(Callback):
    """Builds what a run needs when its Trainer sets up, and ends the run with it.

    Args:
        runner: The Runner.
    """

    def __init__(self, runner: Any) -> None:
        self.runner = runner

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Build loops and optimizers, announce ``before_run``, load or resume."""
        self.runner.current_run.enter()
        if stage == "fit":
            self.runner.module.plan.begin_in(trainer)
        self.runner.datamodule.follow(trainer, stage)
        keep_samplers(trainer)
        self.runner.environment.share_seed()
        vars(self.runner).pop("config_text", None)  # it may have changed since another run
        # What a hook copies is of the type that the weights will have; Lightning does it later.
        trainer.precision_plugin.convert_module(self.runner.model)
        self.runner.stages.begin(stage)

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Announce ``after_run``."""
        self.runner.call_hook("after_run")
        self.runner.current_run.leave()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Close what is open and give back what was current."""
        self.runner.hook_list.blame(exception)
        self.runner.current_run.leave()
