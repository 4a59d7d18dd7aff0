"""Keeps the message hub informed about the run."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from mmlight.hooks.hook import DataBatch, Hook
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.registry import HOOKS
from mmlight.version import __version__


def _is_scalar(value: Any) -> bool:
    if isinstance(value, torch.Tensor):
        return value.numel() == 1
    if isinstance(value, np.ndarray):
        return value.size == 1
    return isinstance(value, (int, float, np.number))


@HOOKS.register_module()
class RuntimeInfoHook(Hook):
    """Write the progress, learning rates, outputs and metrics of a run to the message hub.

    Whoever has no runner at hand reads them there: ``epoch``, ``iter``, ``max_epochs``,
    ``max_iters``, ``loop_stage``, ``dataset_meta``, ``cfg``, ``seed`` and ``experiment_name`` as
    runtime information; ``train/lr``, ``train/<output>``, ``val/<metric>`` and ``test/<metric>`` as
    scalars (a metric that is no single number becomes runtime information).

    Example:
        >>> RuntimeInfoHook().priority
        'VERY_HIGH'
    """

    priority = "VERY_HIGH"

    def __init__(self) -> None:
        self.last_loop_stage: str | None = None
        # "train/" + name costs more than a lookup when done for every output of every iteration.
        self._train_keys: dict[str, str] = {}
        self._no_numbers: set[str] = set()

    def before_run(self, runner: RunnerLike) -> None:
        """Record the config, the seed, the experiment's name and the version."""
        runner.message_hub.update_info_dict(
            {
                "cfg": runner.cfg.pretty_text,
                "seed": runner.seed,
                "experiment_name": runner.experiment_name,
                "mmengine_version": __version__,
            }
        )
        self.last_loop_stage = None

    def before_train(self, runner: RunnerLike) -> None:
        """Record where the training starts, which may be in its middle, and where it ends."""
        hub = runner.message_hub
        hub.update_info("loop_stage", "train")
        hub.update_info("epoch", runner.epoch)
        hub.update_info("iter", runner.iter)
        hub.update_info("max_epochs", runner.max_epochs)
        hub.update_info("max_iters", runner.max_iters)
        dataset = getattr(runner.train_dataloader, "dataset", None)
        if dataset is not None and hasattr(dataset, "metainfo"):
            hub.update_info("dataset_meta", dataset.metainfo)

    def after_train(self, runner: RunnerLike) -> None:
        """Leave the stage ``train``."""
        runner.message_hub.pop_info("loop_stage")

    def before_train_epoch(self, runner: RunnerLike) -> None:
        """Record the epoch."""
        runner.message_hub.update_info("epoch", runner.epoch)

    def before_train_iter(
        self, runner: RunnerLike, batch_idx: int, data_batch: DataBatch = None
    ) -> None:
        """Record the iteration and the learning rates it is done with.

        Raises:
            TypeError: If ``runner.optim_wrapper.get_lr()`` returns no dictionary of lists.
        """
        hub = runner.message_hub
        hub.update_info("iter", runner.iter)
        rates = runner.optim_wrapper.get_lr()
        if not isinstance(rates, dict):
            raise TypeError(
                "get_lr() of the optimizer wrapper must return a dict of lists of learning rates, "
                f"got {type(rates).__name__}; an optimizer wrapper constructor has to return an "
                "OptimWrapper or an OptimWrapperDict"
            )
        for name, values in rates.items():
            hub.update_scalar(self._train_key(name), values[0])

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Record each of the model's ``outputs``; tensors stay where they are."""
        if outputs is not None:
            update = runner.message_hub.update_scalar
            for name, value in outputs.items():
                if name not in self._no_numbers:
                    try:
                        update(self._train_key(name), value)
                    except AssertionError:
                        if not runner.numbers_all_batches:
                            raise
                        # A training step of Lightning's may return anything beside its loss.
                        self._no_numbers.add(name)

    def before_val(self, runner: RunnerLike) -> None:
        """Enter the stage ``val``."""
        self.last_loop_stage = runner.message_hub.get_info("loop_stage")
        runner.message_hub.update_info("loop_stage", "val")

    def after_val_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """Record the ``metrics`` of the validation."""
        self._record_metrics(runner, "val", metrics)

    def after_val(self, runner: RunnerLike) -> None:
        """Return to the stage ``train`` if the validation was part of a training."""
        if self.last_loop_stage == "train":
            runner.message_hub.update_info("loop_stage", self.last_loop_stage)
            self.last_loop_stage = None
        else:
            runner.message_hub.pop_info("loop_stage")

    def before_test(self, runner: RunnerLike) -> None:
        """Enter the stage ``test``."""
        runner.message_hub.update_info("loop_stage", "test")

    def after_test(self, runner: RunnerLike) -> None:
        """Leave the stage ``test``."""
        runner.message_hub.pop_info("loop_stage")

    def after_test_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """Record the ``metrics`` of the test."""
        self._record_metrics(runner, "test", metrics)

    def _train_key(self, name: str) -> str:
        key = self._train_keys.get(name)
        if key is None:
            key = self._train_keys[name] = f"train/{name}"
        return key

    @staticmethod
    def _record_metrics(runner: RunnerLike, mode: str, metrics: dict[str, float] | None) -> None:
        for name, value in (metrics or {}).items():
            if _is_scalar(value):
                runner.message_hub.update_scalar(f"{mode}/{name}", value)
            else:
                runner.message_hub.update_info(f"{mode}/{name}", value)
