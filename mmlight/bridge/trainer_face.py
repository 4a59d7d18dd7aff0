"""The ``runner`` that hooks see in a Trainer and a LightningModule that know nothing of mmlight."""

from __future__ import annotations

import os
import os.path as osp
from functools import cached_property
from typing import Any

from lightning.pytorch import LightningModule, Trainer

from mmlight.bridge.checkpoint import save_checkpoint
from mmlight.bridge.current import CurrentRun, new_timestamp
from mmlight.bridge.face import RunnerFace
from mmlight.config import Config
from mmlight.fileio import join_path
from mmlight.logging import MessageHub, MMLogger
from mmlight.registry import HOOKS, LOG_PROCESSORS
from mmlight.utils.priority import get_priority
from mmlight.visualization import Visualizer


class TrainerFace(RunnerFace):
    """A read-only view of a Trainer, its module and its data under the documented names.

    Args:
        trainer: The Trainer.
        hooks: The hooks among its callbacks; those they depend on are added.
    """

    cfg = Config()
    val_evaluator = test_evaluator = None
    param_schedulers = None
    """Lightning steps the schedulers of a LightningModule itself."""

    def __init__(self, trainer: Trainer, hooks: list[Any]) -> None:
        super().__init__()
        self.bind(trainer)
        # The script has seeded the generators and given the Trainer its switches.
        self.current_run = CurrentRun(self, own_randomness=False)
        self.timestamp = new_timestamp()
        self.experiment_name = f"{type(trainer.lightning_module).__name__}_{self.timestamp}"
        self.train_loop = self._train_loop = _TrainLoopFace(self)
        self.val_loop = _EvaluationLoopFace(self, "val_dataloaders")
        self.test_loop = _EvaluationLoopFace(self, "test_dataloaders")
        for hook in (*hooks, *_companions(hooks)):
            self._dispatcher.add(hook, get_priority(hook.priority))

    def begin(self, trainer: Trainer, stage: str) -> None:
        """Announce ``before_run``, with the model where it will stay."""
        trainer.lightning_module.to(trainer.strategy.root_device)
        _announce_loading(trainer.lightning_module, self)
        self.call_hook("before_run")

    @property
    def model(self) -> LightningModule:
        """The LightningModule."""
        return self.trainer.lightning_module

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
            limits.append(self.trainer.max_steps)
        if self.max_epochs is not None:
            limits.append(self.max_epochs * self.trainer.num_training_batches)
        least = min(limits)
        return least if least == float("inf") else int(least)

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
        return MMLogger.get_instance(self.experiment_name, log_file=log_file, log_level="INFO")

    @cached_property
    def visualizer(self) -> Visualizer:
        """A visualizer that writes files into ``log_dir`` and to the Trainer's loggers."""
        return Visualizer.get_instance(
            self.experiment_name,
            vis_backends=[{"type": "LocalVisBackend"}, *self.trainer.loggers],
            save_dir=self.log_dir,
        )

    @cached_property
    def log_processor(self) -> Any:
        """A log processor with its default settings."""
        return LOG_PROCESSORS.build({"type": "LogProcessor"})

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        file_client_args: dict | None = None,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        meta: dict | None = None,
        by_epoch: bool = True,
        backend_args: dict | None = None,
    ) -> None:
        """Write a checkpoint; arguments as in :meth:`mmlight.runner.Runner.save_checkpoint`."""
        backend_args = backend_args or file_client_args
        save_checkpoint(
            self,
            join_path(out_dir, filename, backend_args=backend_args),
            backend_args=backend_args,
            save_optimizer=save_optimizer,
            save_param_scheduler=save_param_scheduler,
            meta=meta,
            by_epoch=by_epoch,
        )


class _TrainLoopFace:
    """The training loop of a Trainer under the documented names."""

    by_epoch = True

    def __init__(self, face: TrainerFace) -> None:
        self._face = face

    @property
    def dataloader(self) -> Any:
        return self._face.trainer.train_dataloader

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

    drives_itself = False
    evaluator = None

    def __init__(self, face: TrainerFace, source: str) -> None:
        self._face = face
        self._source = source

    @property
    def dataloader(self) -> Any:
        loaders = getattr(self._face.trainer, self._source)
        return loaders[0] if isinstance(loaders, list | tuple) and loaders else loaders


class _Optimizers:
    """What hooks ask an optimizer wrapper for, of the optimizers of a Trainer."""

    def __init__(self, trainer: Trainer) -> None:
        self._trainer = trainer

    @property
    def optimizers(self) -> list[Any]:
        return self._trainer.optimizers

    @property
    def param_groups(self) -> list[dict]:
        return [group for optimizer in self._trainer.optimizers for group in optimizer.param_groups]

    def get_lr(self) -> dict[str, list[float]]:
        return {"lr": [group["lr"] for group in self.param_groups]}

    def state_dict(self) -> dict[str, Any]:
        states = [optimizer.state_dict() for optimizer in self._trainer.optimizers]
        return states[0] if len(states) == 1 else {str(i): state for i, state in enumerate(states)}


def _companions(hooks: list[Any]) -> list[Any]:
    """Build the hooks that others need and that are not there."""
    present = {type(hook).__name__ for hook in hooks}
    wanted = dict.fromkeys(name for hook in hooks for name in hook.companions)
    return [HOOKS.build({"type": name}) for name in wanted if name not in present]


def _announce_loading(module: LightningModule, face: TrainerFace) -> None:
    """Call ``after_load_checkpoint`` before the module takes its weights from a checkpoint."""
    # Of a module that was trained before, what an earlier run has put there goes.
    load = getattr(module.on_load_checkpoint, "announced", module.on_load_checkpoint)

    def announce_and_load(checkpoint: dict[str, Any]) -> None:
        if face.current_run.is_executing:
            face.call_hook("after_load_checkpoint", checkpoint=checkpoint)
        load(checkpoint)

    announce_and_load.announced = load  # type: ignore[attr-defined]
    # Lightning shows a checkpoint to callbacks only after the weights are loaded.
    module.on_load_checkpoint = announce_and_load  # type: ignore[method-assign]
