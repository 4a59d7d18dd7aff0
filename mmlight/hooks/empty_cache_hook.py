"""Gives cached GPU memory back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from mmlight.hooks.hook import DataBatch, Hook
from mmlight.hooks.never import warn_of_never
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.registry import HOOKS
from mmlight.utils.checks import flags


@HOOKS.register_module()
class EmptyCacheHook(Hook):
    """Release the GPU memory that torch keeps in its cache and does not use.

    Args:
        before_epoch: Whether to do so before each epoch.
        after_epoch: Whether to do so after each epoch.
        after_iter: Whether to do so after each iteration.

    Raises:
        TypeError: If one is neither True nor False.

    Example:
        >>> EmptyCacheHook().get_triggered_stages()
        ['after_train_epoch', 'after_val_epoch', 'after_test_epoch']
    """

    priority = "NORMAL"

    def __init__(
        self, before_epoch: bool = False, after_epoch: bool = True, after_iter: bool = False
    ) -> None:
        flags(self, before_epoch=before_epoch, after_epoch=after_epoch, after_iter=after_iter)
        self._do_before_epoch = before_epoch
        self._do_after_epoch = after_epoch
        self._do_after_iter = after_iter

    def get_triggered_stages(self) -> list[str]:
        """Names of the points at which memory is really released."""
        asked = {
            "before_run": self._never,
            "before_train_epoch": self._do_before_epoch,
            "before_val_epoch": self._do_before_epoch,
            "before_test_epoch": self._do_before_epoch,
            "after_train_epoch": self._do_after_epoch,
            "after_val_epoch": self._do_after_epoch,
            "after_test_epoch": self._do_after_epoch,
            "after_train_iter": self._do_after_iter,
            "after_val_iter": self._do_after_iter,
            "after_test_iter": self._do_after_iter,
        }
        return [point for point in super().get_triggered_stages() if asked.get(point, True)]

    def before_run(self, runner: RunnerLike) -> None:
        """Warn if no memory will be released."""
        why = "before_epoch, after_epoch and after_iter are all False" if self._never else None
        warn_of_never(runner, self, "release memory", why, after_epoch=self._do_after_epoch)

    @property
    def _never(self) -> bool:
        return not (self._do_before_epoch or self._do_after_epoch or self._do_after_iter)

    def _before_epoch(self, runner: RunnerLike, mode: str = "train") -> None:
        if self._do_before_epoch:
            torch.cuda.empty_cache()

    def _after_epoch(self, runner: RunnerLike, mode: str = "train") -> None:
        if self._do_after_epoch:
            torch.cuda.empty_cache()

    def _after_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Sequence[Any] | dict[str, Any] | None = None,
        mode: str = "train",
    ) -> None:
        if self._do_after_iter:
            torch.cuda.empty_cache()
