"""The ``runner`` that hooks see in a Trainer and a LightningModule that know nothing of mmlight."""

from __future__ import annotations

import math
import os
import os.path as osp
from collections import Counter
from functools import cached_property
from typing import Any

from lightning.pytorch import LightningModule, Trainer

from mmlight.bridge.current import CurrentRun, new_timestamp
from mmlight.bridge.face import RunnerFace
from mmlight.bridge.lr_schedulers import left_to_hooks
from mmlight.bridge.plain_checkpoint import Wanted, save_plain_checkpoint, share_checkpoints
from mmlight.config import Config
from mmlight.fileio import join_path
from mmlight.logging import MessageHub, MMLogger
from mmlight.registry import LOG_PROCESSORS
from mmlight.utils.priority import get_priority
from mmlight.visualization import Visualizer


class TrainerFace(RunnerFace):
    """A read-only view of a Trainer, its module and its data under the documented names.

    Args:
        trainer: The Trainer.
    """

    numbers_all_batches = True
    cfg = Config()
    val_evaluator = test_evaluator = None
    wanted = Wanted()
    """What the checkpoint that is being written shall hold."""
    resumed_from: dict[str, Any] | None = None
    """What the checkpoint holds that the training goes on from, until it begins."""

    def __init__(self, trainer: Trainer) -> None:
        super().__init__()
        self.bind(trainer)
        # The script has seeded the generators and given the Trainer its switches.
        self.current_run = CurrentRun(self, own_randomness=False)
        self.timestamp = new_timestamp()
        self.experiment_name = f"{type(trainer.lightning_module).__name__}_{self.timestamp}"
        self.train_loop = self._train_loop = _TrainLoopFace(self)
        self.val_loop = _EvaluationLoopFace(self, "val")
        self.test_loop = _EvaluationLoopFace(self, "test")

    def take_hooks(self, hooks: list[Any], training: bool) -> None:
        """Call these hooks from now on; an evaluation leaves out those of a training alone."""
        self._dispatcher.clear()
        for hook in hooks:
            if training or not hook.training_only:
                self._dispatcher.add(hook, get_priority(hook.priority))

    def begin(self, trainer: Trainer, stage: str) -> None:
        """Announce ``before_run``, with the model where it will stay."""
        module = trainer.lightning_module.to(trainer.strategy.root_device)
        # What a hook copies is of the type that the weights will have; Lightning does it later.
        trainer.precision_plugin.convert_module(module)
        share_checkpoints(trainer.lightning_module, self)
        self.call_hook("before_run")

    @property
    def model(self) -> LightningModule:
        """The LightningModule."""
        return self.trainer.lightning_module

    @property
    def param_schedulers(self) -> list[Any] | None:
        """The schedulers that Lightning leaves to hooks; it steps the others itself."""
        return left_to_hooks(self.trainer)

    @property
    def _resume(self) -> bool:
        return self.trainer.ckpt_path is not None

    @property
    def work_dir(self) -> str:
        """The Trainer's ``default_root_dir``."""
        return osp.abspath(self.trainer.default_root_dir)

    @cached_property
    def log_dir(self) -> str:
        """Where the Trainer's logger writes, or else a folder of this run in the work_dir."""
        own = self.trainer.log_dir if self.trainer.loggers else None
        return own or osp.join(self.work_dir, self.timestamp)

    @property
    def _log_dir(self) -> str:
        return self.log_dir

    @property
    def seed(self) -> int | None:
        """What ``seed_everything`` was called with."""
        seed = os.environ.get("PL_GLOBAL_SEED")
        return None if seed is None else int(seed)

    @property
    def max_epochs(self) -> int | None:
        """Epochs of the training; None without a limit."""
        epochs = self.trainer.max_epochs
        return None if epochs in (None, -1) else epochs

    @property
    def max_iters(self) -> float:
        """Iterations of the training; infinite without a limit."""
        limits = [float("inf")]
        if self.trainer.max_steps != -1:
            limits.append(_iterations_of(self.trainer, self.trainer.max_steps))
        if self.max_epochs is not None:
            limits.append(self.max_epochs * self.trainer.num_training_batches)
        least = min(limits)
        return least if least == float("inf") else int(least)

    def publish(self, values: dict[str, Any]) -> None:
        """Leave to the module what callbacks and the progress bar see."""

    @property
    def validates(self) -> bool:
        """Whether a training has validations."""
        return self.trainer.enable_validation

    @property
    def val_interval(self) -> int | None:
        """Epochs between two validations."""
        return self.trainer.check_val_every_n_epoch

    @property
    def val_begin(self) -> int:
        """First epoch after which validation may run."""
        return 1

    @property
    def train_dataloader(self) -> Any:
        """The training data."""
        return self.trainer.train_dataloader

    @property
    def val_dataloader(self) -> Any:
        """The validation data."""
        return self.val_loop.dataloader

    @property
    def test_dataloader(self) -> Any:
        """The test data."""
        return self.test_loop.dataloader

    @cached_property
    def optim_wrapper(self) -> _Optimizers:
        """The optimizers, read-only."""
        return _Optimizers(self.trainer)

    @cached_property
    def message_hub(self) -> MessageHub:
        """The message hub of this Trainer."""
        return MessageHub.get_instance(self.experiment_name)

    @cached_property
    def logger(self) -> MMLogger:
        """A logger to the terminal and to ``<log_dir>/<timestamp>.log``."""
        log_file = osp.join(self.log_dir, f"{self.timestamp}.log")
        return MMLogger.get_instance(
            self.experiment_name, logger_name="mmlight", log_file=log_file, log_level="INFO"
        )

    @cached_property
    def visualizer(self) -> Visualizer:
        """The module's ``self.visualizer``, or else one that writes files into ``log_dir``.

        Loggers of the Trainer get its images alone: what they show of numbers is the module's own,
        on the Trainer's steps.
        """
        own = getattr(self.model, "visualizer", None)
        visualizer = (
            own
            if isinstance(own, Visualizer)
            else Visualizer.get_instance(
                self.experiment_name,
                vis_backends=[{"type": "LocalVisBackend"}],
                save_dir=self.log_dir,
            )
        )
        visualizer.join_loggers(self.trainer.loggers)
        return visualizer

    @cached_property
    def log_processor(self) -> Any:
        """A log processor with its default settings."""
        return LOG_PROCESSORS.build({"type": "LogProcessor"})

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        file_client_args: dict[str, Any] | None = None,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        meta: dict[str, Any] | None = None,
        by_epoch: bool = True,
        backend_args: dict[str, Any] | None = None,
    ) -> None:
        """Write a checkpoint; arguments as in :meth:`mmlight.runner.Runner.save_checkpoint`."""
        backend_args = backend_args or file_client_args
        path = join_path(out_dir, filename, backend_args=backend_args)
        wanted = Wanted(save_optimizer, save_param_scheduler, meta, by_epoch)
        save_plain_checkpoint(self, path, wanted, backend_args)


class _TrainLoopFace:
    """The training loop of a Trainer under the documented names."""

    by_epoch = True

    def __init__(self, face: TrainerFace) -> None:
        self._face = face

    @property
    def dataloader(self) -> Any:
        return self._face.trainer.train_dataloader

    def lengths(self) -> list[float]:
        return [self._face.trainer.num_training_batches]

    @property
    def iter(self) -> int:
        return self._face.iter

    @property
    def epoch(self) -> int:
        return self._face.epoch

    @property
    def max_iters(self) -> float:
        return self._face.max_iters

    @property
    def max_epochs(self) -> int | None:
        return self._face.max_epochs

    @property
    def stop_training(self) -> bool:
        return self._face.trainer.should_stop

    @stop_training.setter
    def stop_training(self, stop: bool) -> None:
        self._face.trainer.should_stop = stop


class _EvaluationLoopFace:
    """The validation or test loop of a Trainer under the documented names."""

    evaluator = None

    def __init__(self, face: TrainerFace, mode: str) -> None:
        self._face = face
        self._mode = mode

    @property
    def dataloader(self) -> Any:
        loaders = getattr(self._face.trainer, f"{self._mode}_dataloaders")
        return loaders[0] if isinstance(loaders, list | tuple) and loaders else loaders

    def lengths(self) -> list[float]:
        return list(getattr(self._face.trainer, f"num_{self._mode}_batches"))


class _Optimizers:
    """What hooks ask an optimizer wrapper for, of the optimizers of a Trainer."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer
        self._named: list[Any] = []
        self._names: list[str] = []

    @property
    def optimizers(self) -> list[Any]:
        return self._trainer.optimizers

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        return [group for optimizer in self._trainer.optimizers for group in optimizer.param_groups]

    def get_lr(self) -> dict[str, list[float]]:
        optimizers = self.optimizers
        if self._named != optimizers:
            self._named, self._names = list(optimizers), _names_of_rates(self._trainer)
        return {
            name: [group["lr"] for group in optimizer.param_groups]
            for name, optimizer in zip(self._names, optimizers, strict=True)
        }

    def state_dict(self) -> dict[str, Any]:
        states = [optimizer.state_dict() for optimizer in self._trainer.optimizers]
        return states[0] if len(states) == 1 else {str(i): state for i, state in enumerate(states)}


def _names_of_rates(trainer: Trainer) -> list[str]:
    """Name the rates of several optimizers as Lightning's ``LearningRateMonitor`` does."""
    optimizers = trainer.optimizers
    if len(optimizers) == 1:
        return ["lr"]
    given = {
        id(config.scheduler.optimizer): config.name
        for config in trainer.lr_scheduler_configs
        if config.name
    }
    seen: Counter[str] = Counter()
    names = []
    for optimizer in optimizers:
        kind = type(optimizer).__name__
        name = given.get(id(optimizer))
        if name is None:
            name = f"lr-{kind}-{seen[kind]}" if seen[kind] else f"lr-{kind}"
            seen[kind] += 1
        names.append(name)
    return names


def _iterations_of(trainer: Trainer, steps: int) -> float:
    """Iterations that so many steps of optimizers take; the Trainer itself counts steps."""
    if trainer.lightning_module.automatic_optimization:
        accumulated, batches = trainer.accumulate_grad_batches, trainer.num_training_batches
        if batches == math.inf:
            return steps * accumulated
        # The last step of an epoch may be made of fewer batches.
        epochs, rest = divmod(steps, math.ceil(batches / accumulated))
        return epochs * batches + min(rest * accumulated, batches)
    batches_begun: Any = trainer.fit_loop.epoch_loop.batch_progress.total
    done = batches_begun.processed
    return math.ceil(steps * done / trainer.global_step) if done and trainer.global_step else steps
