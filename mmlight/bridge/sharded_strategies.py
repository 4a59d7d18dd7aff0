"""Lightning's sharding strategies, with checkpoints that any other strategy reads too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.strategies import FSDPStrategy, ModelParallelStrategy, Strategy
from torch.optim import Optimizer

from mmlight.bridge.sharding import load_weights, parts_of_state, whole_state, whole_weights


class _WholeCheckpoints(Strategy):
    """Gathers weights and states of optimizers for a Trainer's own files, and splits them again.

    Lightning's ways lead through names of parameters in the LightningModule, which a checkpoint of
    ours has not, or to a folder with one file for each process.
    """

    @property
    def lightning_restore_optimizer(self) -> bool:
        """Always True: see :meth:`load_optimizer_state_dict`."""
        return True

    def lightning_module_state_dict(self) -> dict[str, Any]:
        """Gather the weights."""
        return whole_weights(self._module.model)

    def optimizer_state(self, optimizer: Optimizer) -> dict[str, Any]:
        """Gather the state of an optimizer."""
        return whole_state(self._module.model, getattr(optimizer, "optimizer", optimizer))

    def save_checkpoint(
        self, checkpoint: dict[str, Any], filepath: Any, storage_options: Any = None
    ) -> None:
        """Write one file."""
        Strategy.save_checkpoint(self, checkpoint, filepath, storage_options)

    def load_checkpoint(self, checkpoint_path: Any, weights_only: bool | None = None) -> Any:
        """Read a file in each process."""
        return self.checkpoint_io.load_checkpoint(checkpoint_path)

    def load_model_state_dict(self, checkpoint: Mapping[str, Any], strict: bool = True) -> None:
        """Load whole weights."""
        load_weights(self._module.model, checkpoint["state_dict"], strict)

    def load_optimizer_state_dict(self, checkpoint: Mapping[str, Any]) -> None:
        """Load whole states of the optimizers."""
        for optimizer, state in zip(self.optimizers, checkpoint["optimizer_states"], strict=True):
            optimizer.load_state_dict(parts_of_state(self._module.model, optimizer, state))

    @property
    def _module(self) -> Any:
        assert self.lightning_module is not None
        return self.lightning_module


class _DataParallel(_WholeCheckpoints, ModelParallelStrategy):
    """Splits a model over all processes; none of ours says how its layers share a computation."""

    def connect_processes(self) -> None:
        """Connect the processes, before there is a LightningModule."""
        # What `setup_environment` does first; the rest of it needs the LightningModule.
        super(ModelParallelStrategy, self).setup_environment()
        self._setup_distributed()

    def setup_environment(self) -> None:
        """Connect the processes and arrange them for data parallel training."""
        # Private: sizes have no public names. "auto" would be tensor parallel within a machine.
        if self._data_parallel_size == "auto":
            self._data_parallel_size = self.num_nodes * self.num_processes
        self._tensor_parallel_size = 1
        super().setup_environment()


def refuse_deepspeed(strategy: Any) -> None:
    """Raise a ValueError if a strategy, or the name of one, is DeepSpeed's."""
    if isinstance(strategy, str):
        names = [strategy]
    else:  # importing the class would need the package
        names = [kind.__module__.rpartition(".")[-1] for kind in type(strategy).__mro__]
    if any(name.startswith("deepspeed") for name in names):
        raise ValueError(
            f"strategy={strategy!r} cannot be obeyed (config key: trainer.strategy), since "
            "DeepSpeed trains with an engine of its own instead of an optimizer wrapper: use "
            "strategy='fsdp'"
        )


def adopt(trainer: Trainer) -> None:
    """Let the strategy of ``trainer`` split what is ours, if it is one that shards.

    Raises:
        ValueError: If it is one that cannot train a documented model.
    """
    strategy: Any = trainer.strategy
    kind = type(strategy)
    refuse_deepspeed(strategy)
    if isinstance(strategy, _WholeCheckpoints):
        return
    if isinstance(strategy, ModelParallelStrategy):
        size = strategy._tensor_parallel_size  # no public name
        if size not in ("auto", 1):
            raise ValueError(
                f"ModelParallelStrategy(tensor_parallel_size={size}) cannot be obeyed (config key: "
                "trainer.strategy), since no documented model says how its layers are shared: use "
                "data_parallel_size, the number of processes, and tensor_parallel_size=1"
            )
        strategy.__class__ = _joined(_DataParallel, kind)
    elif isinstance(strategy, FSDPStrategy) and strategy._state_dict_type == "full":
        # A user who asks for "sharded" gets Lightning's folders.
        strategy.__class__ = _joined(_WholeCheckpoints, kind)


def _joined(ours: type, kind: type) -> type:
    return type(kind.__name__, (ours, kind), {"__module__": kind.__module__})
