"""What the parts of the Runner share."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Any

from lightning.pytorch import Callback
from torch import nn

from mmlight.bridge.current import CurrentRun
from mmlight.bridge.face import RunnerFace
from mmlight.config import Config
from mmlight.logging import MessageHub, MMLogger
from mmlight.registry import root_config
from mmlight.registry.account import Account


class RunnerState(RunnerFace):
    """Names and types of what :class:`~mmlight.runner.Runner` and its parts keep.

    A loop, a wrapper or a scheduler is a config until it is needed, hence ``Any``.
    """

    cfg: Config
    account: Account
    current_run: CurrentRun
    model: nn.Module
    message_hub: MessageHub
    logger: MMLogger
    visualizer: Any
    log_processor: Any
    lightning_callbacks: list[Callback]
    hook_keys: list[tuple[Any, tuple[str, ...]]]
    optim_wrapper: Any
    param_schedulers: Any
    auto_scale_lr: dict | None
    diff_rank_seed: bool
    exact_state: dict[str, Any] | None
    _given: dict[str, Any]
    _seed: int
    _work_dir: str
    _log_dir: str
    _timestamp: str
    _experiment_name: str
    _launcher: str
    _model_name: str
    _load_from: str | None
    _resume: bool
    _has_loaded: bool
    _train_dataloader: Any
    _val_dataloader: Any
    _test_dataloader: Any
    _train_loop: Any
    _val_loop: Any
    _test_loop: Any
    _val_evaluator: Any
    _test_evaluator: Any

    def _root_config(self) -> AbstractContextManager[None]:
        """Let errors of what is built name key and file, and keep account of keys."""
        return root_config(self.cfg, self._given, self.account)

    @property
    def work_dir(self) -> str:
        """Folder for checkpoints and logs."""
        return self._work_dir

    @property
    def log_dir(self) -> str:
        """Folder for the logs of this run, inside the work_dir."""
        return self._log_dir

    @property
    def timestamp(self) -> str:
        """When the experiment began, as ``YYYYmmdd_HHMMSS``."""
        return self._timestamp

    @property
    def experiment_name(self) -> str:
        """Name of the experiment."""
        return self._experiment_name

    @property
    def launcher(self) -> str:
        """What started the processes."""
        return self._launcher

    @property
    def max_epochs(self) -> int:
        """Epochs of the training; 0 without one."""
        return getattr(self.train_loop, "max_epochs", 0)

    @property
    def max_iters(self) -> int:
        """Iterations of the training; 0 without one."""
        return getattr(self.train_loop, "max_iters", 0)

    @property
    def train_dataloader(self) -> Any:
        """The dataloader for training."""
        return getattr(self.train_loop, "dataloader", None)

    @property
    def seed(self) -> int:
        """The number that the random generators were seeded with."""
        return self._seed

    @property
    def train_loop(self) -> Any:
        """The training loop, built when it is first asked for."""
        raise NotImplementedError
