"""Several processes under a Runner: those that a launcher started, or that its Trainer starts.

Models, samplers and hooks ask :mod:`mmlight.dist` how many processes there are, so a Runner needs
them connected before it builds anything, which is long before Lightning would connect them.
"""

from __future__ import annotations

import os
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.plugins.environments import LightningEnvironment
from lightning.pytorch.strategies import DDPStrategy, Strategy

# Lightning has no public name for what tells a strategy whose processes run the script anew.
from lightning.pytorch.strategies.launchers import _SubprocessScriptLauncher
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel
from torch.nn.parallel import DistributedDataParallel

from mmlight.bridge.sharded_strategies import adopt
from mmlight.dist import get_rank, get_world_size
from mmlight.registry import MODEL_WRAPPERS, resolve_type


class LaunchedProcesses(LightningEnvironment):
    """Processes that a launcher started and :func:`mmlight.dist.init_dist` connected."""

    @property
    def creates_processes_externally(self) -> bool:
        """Always True: the Trainer has none to start."""
        return True

    def world_size(self) -> int:
        """Return the number of processes."""
        return get_world_size()

    def global_rank(self) -> int:
        """Return the index of this process among all of them."""
        return get_rank()

    def local_rank(self) -> int:
        """Return the index of this process among those of its machine."""
        return int(os.environ.get("LOCAL_RANK", get_rank()))

    def node_rank(self) -> int:
        """Return the index of this process's machine."""
        return get_rank() // processes_per_machine()

    def teardown(self) -> None:
        """Leave the variables of the launcher as they are; a later run needs them too."""


def processes_per_machine() -> int:
    """Return how many processes the launcher has started on each machine."""
    for name in ("LOCAL_WORLD_SIZE", "SLURM_NTASKS_PER_NODE", "OMPI_COMM_WORLD_LOCAL_SIZE"):
        if name in os.environ:
            return int(os.environ[name])
    return get_world_size()


class ModelWrapperStrategy(DDPStrategy):
    """DDP of the model inside the LightningModule, as a whole or part by part.

    The documented wrappers (:class:`~mmlight.model.MMDistributedDataParallel` and those beside it)
    run ``train_step`` themselves. A second wrapper around the LightningModule would wait for
    gradients of a generator while its discriminator is trained.
    """

    def configure_ddp(self) -> None:
        """Leave the LightningModule as it is: the Runner has wrapped the model in it."""

    def wrap(self, model: nn.Module, cfg: dict[str, Any]) -> nn.Module:
        """Wrap a model that is on its device.

        Args:
            model: The model.
            cfg: Config of the wrapper, which is ``MMDistributedDataParallel`` without a ``type``.

        Raises:
            ValueError: If the wrapper shards the model.
        """
        cfg = {"type": "MMDistributedDataParallel", **cfg}
        default_args: dict[str, Any] = {"module": model}
        kind = resolve_type(cfg, MODEL_WRAPPERS)
        if isinstance(kind, type) and issubclass(kind, FullyShardedDataParallel):
            raise ValueError(
                f"{kind.__name__} needs a strategy that shards (config key: "
                "model_wrapper_cfg.type): use trainer=dict(strategy='fsdp') instead"
            )
        if isinstance(kind, type) and issubclass(kind, DistributedDataParallel):
            default_args["device_ids"] = self.determine_ddp_device_ids()
            default_args.update(self._ddp_kwargs)  # what the strategy's name says of parameters
        result: nn.Module = MODEL_WRAPPERS.build(cfg, default_args=default_args)
        return result


def model_wrapper_strategy(trainer: Trainer, given: str | Strategy) -> Strategy | None:
    """Return what a Runner needs instead of Lightning's DDP, or None if ``trainer`` has none.

    Args:
        trainer: A Trainer built with the strategy that was given.
        given: That strategy; an object, unlike a name, is never replaced.

    Raises:
        ValueError: If the strategy's processes would begin in the middle of the program.
    """
    launcher = trainer.strategy.launcher
    if launcher is not None and not isinstance(launcher, _SubprocessScriptLauncher):
        name = given if isinstance(given, str) else type(given).__name__
        raise ValueError(
            f"a Runner cannot start its processes by {name!r} (config key: trainer.strategy), "
            "since they would begin after it has built model and data: use strategy='ddp' in a "
            "script, or start the processes with torchrun and give launcher='pytorch'"
        )
    if isinstance(given, Strategy) or type(trainer.strategy) is not DDPStrategy:
        return None
    return ModelWrapperStrategy(**trainer.strategy._ddp_kwargs)


def warn_of_wrapping(runner: Any) -> None:
    """Say which keys of a config have no effect where a strategy wraps or splits the model itself.

    Args:
        runner: The Runner.
    """
    unused = [key for key in ("model_wrapper_cfg", "find_unused_parameters") if key in runner.cfg]
    norms = [one for one in runner.model.modules() if isinstance(one, nn.SyncBatchNorm)]
    if runner.cfg.get("sync_bn") is not None and not norms:
        unused.append("sync_bn")
    if unused:
        strategy = type(runner.trainer.strategy).__name__
        runner.logger.warning(
            f"{strategy} wraps the model itself, so these keys of the config have no effect: "
            f"{', '.join(unused)}. Give such options to the strategy, or let a Runner train with "
            "trainer=dict(strategy='ddp')"
        )


def start_processes(trainer: Trainer) -> None:
    """Start and connect the processes of a Trainer that has several, now instead of in ``fit``.

    Each of them runs this program from its beginning and comes by here, too.
    """
    adopt(trainer)
    strategy: Any = trainer.strategy
    if trainer.world_size > 1 and not torch.distributed.is_initialized():
        connect = getattr(strategy, "connect_processes", strategy.setup_environment)
        if strategy.launcher is None:  # somebody else has started this process
            connect()
        else:
            strategy.launcher.launch(connect, trainer=trainer)
