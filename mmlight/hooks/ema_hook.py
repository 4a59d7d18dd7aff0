"""Keeps a moving average of the weights."""

from __future__ import annotations

from typing import Any, TypedDict

import torch
from lightning.pytorch import LightningModule, Trainer
from typing_extensions import Unpack

from mmlight.hooks.hook import DataBatch, Hook
from mmlight.hooks.never import iterations_of, warn_of_never, why_never
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.model.bare_model import bare_model
from mmlight.model.state_dict import load_state_dict
from mmlight.registry import HOOKS, MODELS
from mmlight.utils.checks import flags, is_whole

_PREFIX = "module."


class AverageOptions(TypedDict, total=False):
    """Arguments of the averages in :mod:`mmlight.model`, which a command line offers as flags."""

    momentum: float
    gamma: int
    interval: int
    device: torch.device | None
    update_buffers: bool


@HOOKS.register_module()
class EMAHook(Hook):
    """Average the weights while training, and validate, test and publish the average.

    For a validation, a test or a prediction the average takes the model's place, also after the
    training. A checkpoint holds the average under ``state_dict``, ready to use, and the weights
    being trained under ``ema_state_dict``.

    Args:
        ema_type: Registered name of the average, one of :mod:`mmlight.model`'s averaged models.
        strict_load: Whether an average that is resumed must have exactly the model's keys.
        begin_iter: Iteration, counted from 0, with which averaging begins; before it the average
            is a copy of the model.
        begin_epoch: Epoch, counted from 0, with which averaging begins. Give at most one of both.
        **kwargs: Arguments of the average (``momentum``, ``interval``, ``update_buffers``, ...).

    Raises:
        AssertionError: If a beginning is no whole number, negative, or both are given.
        TypeError: If ``strict_load`` is neither True nor False.

    Example:
        >>> EMAHook(momentum=0.001, begin_epoch=2).begin_epoch
        2
    """

    priority = "NORMAL"

    def __init__(
        self,
        ema_type: str = "ExponentialMovingAverage",
        strict_load: bool = False,
        begin_iter: int = 0,
        begin_epoch: int = 0,
        **kwargs: Unpack[AverageOptions],
    ) -> None:
        flags(self, strict_load=strict_load)
        for name, begin in (("begin_iter", begin_iter), ("begin_epoch", begin_epoch)):
            if not is_whole(begin) or begin < 0:
                raise AssertionError(f"{name} must be a whole number of 0 or more, got {begin!r}")
        if begin_iter and begin_epoch:
            raise AssertionError(
                f"give begin_iter or begin_epoch, not both (got {begin_iter} and {begin_epoch})"
            )
        self.strict_load = strict_load
        self.ema_cfg = {"type": ema_type, **kwargs}
        self.begin_iter = begin_iter
        self.begin_epoch = begin_epoch
        self.enabled_by_epoch = begin_epoch > 0
        self.src_model: Any = None
        self.ema_model: Any = None
        self._in_place = False

    def before_run(self, runner: RunnerLike) -> None:
        """Make the average, a copy of the model; one that this hook has of the model goes on."""
        model = runner.model
        model = bare_model(model)
        if model is self.src_model and self.ema_model.steps > 0:
            return
        self.src_model = model
        self.ema_model = MODELS.build(self.ema_cfg, default_args={"model": self.src_model})

    def before_train(self, runner: RunnerLike) -> None:
        """Check that averaging begins within the run.

        Raises:
            AssertionError: If it would begin after the end.
        """
        name, begin, end = (
            ("epochs", self.begin_epoch, runner.max_epochs)
            if self.enabled_by_epoch
            else ("iters", self.begin_iter, runner.max_iters)
        )
        if end is not None and begin > end:
            raise AssertionError(
                f"begin_{name[:-1]}={begin} of EMAHook is after the end of the run, "
                f"max_{name}={end}; nothing would be averaged"
            )
        interval = getattr(self.ema_model, "interval", 1)
        why = why_never(interval, interval, iterations_of(runner), "iterations")
        warn_of_never(runner, self, "average", why, interval=interval)

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Take the new weights into the average."""
        if self._ema_started(runner):
            self.ema_model.update_parameters(self.src_model)
        else:
            source = self.src_model.state_dict()
            with torch.no_grad():
                for name, average in self.ema_model.module.state_dict().items():
                    average.copy_(source[name])

    def before_val_epoch(self, runner: RunnerLike) -> None:
        """Put the average in the model's place."""
        if self._ema_started(runner):
            self._swap_ema_parameters()

    def after_val_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """Put the trained weights back."""
        if self._ema_started(runner):
            self._swap_ema_parameters()

    def before_test_epoch(self, runner: RunnerLike) -> None:
        """Put the average in the model's place."""
        self._swap_ema_parameters()

    def after_test_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """Put the trained weights back."""
        self._swap_ema_parameters()

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the average in the model's place."""
        self._swap_ema_parameters()

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Put the trained weights back."""
        self._swap_ema_parameters()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Put the trained weights back if an evaluation was broken off."""
        if self._in_place:
            self._swap_ema_parameters()

    def before_save_checkpoint(self, runner: RunnerLike, checkpoint: dict[str, Any]) -> None:
        """Add ``ema_state_dict`` to ``checkpoint`` and exchange it with ``state_dict``."""
        if self._ema_started(runner):
            checkpoint["ema_state_dict"] = self.ema_model.state_dict()
            self._swap_ema_state_dict(checkpoint)

    def after_load_checkpoint(self, runner: RunnerLike, checkpoint: dict[str, Any]) -> None:
        """Resume the average; without one in ``checkpoint``, start from the weights loaded.

        Raises:
            RuntimeError: If ``strict_load`` and the keys differ.
        """
        resuming = bool(getattr(runner, "_resume", False))
        if resuming and "ema_state_dict" in checkpoint:
            self._swap_ema_state_dict(checkpoint)
            self.ema_model.load_state_dict(checkpoint["ema_state_dict"], strict=self.strict_load)
            return
        load_state_dict(self.ema_model.module, checkpoint["state_dict"], strict=self.strict_load)

    def missing_parts(self, runner: RunnerLike, checkpoint: dict[str, Any]) -> list[str]:
        """Name the average if ``checkpoint``, which is resumed, should have it and does not."""
        done, begin = (
            (runner.epoch, self.begin_epoch)
            if self.enabled_by_epoch
            else (runner.iter, self.begin_iter)
        )
        if "ema_state_dict" in checkpoint or done < begin:
            return []
        return [f"the average of {type(self).__name__} (ema_state_dict), at its state_dict"]

    def _ema_started(self, runner: RunnerLike) -> bool:
        if self.enabled_by_epoch:
            return runner.epoch + 1 >= self.begin_epoch
        return runner.iter + 1 >= self.begin_iter

    def _tensors(self, model: torch.nn.Module) -> dict[str, torch.Tensor]:
        tensors: dict[str, torch.Tensor] = dict(model.named_parameters())
        if self.ema_model.update_buffers:
            tensors.update(model.named_buffers())
        return tensors

    @torch.no_grad()
    def _swap_ema_parameters(self) -> None:
        self._in_place = not self._in_place
        sources = self._tensors(self.src_model)  # perhaps with networks that a hook has added since
        for name, average in self._tensors(self.ema_model.module).items():
            source = sources[name]
            trained = source.detach().clone()
            source.copy_(average)
            average.copy_(trained)

    @staticmethod
    def _swap_ema_state_dict(checkpoint: dict[str, Any]) -> None:
        """Exchange the tensors that both state dicts have; the keys of neither change."""
        model_state = checkpoint["state_dict"]
        ema_state = checkpoint["ema_state_dict"]
        for key in ema_state:
            name = key.removeprefix(_PREFIX)
            if name != key and name in model_state:
                ema_state[key], model_state[name] = model_state[name], ema_state[key]
