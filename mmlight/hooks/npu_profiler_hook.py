"""Profiles some iterations of a training on Ascend's NPU."""

from __future__ import annotations

import os
import sys
from typing import Any

from mmlight.dist import is_main_process
from mmlight.hooks.hook import DataBatch, Hook
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.registry import HOOKS


@HOOKS.register_module()
class NPUProfilerHook(Hook):
    """Run the profiler of ``torch_npu`` over iterations ``begin`` to ``end - 1`` of a training.

    Args:
        begin: The first iteration to profile, counted from 0.
        end: The iteration before which profiling ends.
        result_path: Folder for what is recorded.
        exit_after_profiling: Whether the program ends when profiling does.
        use_e2e_profiler: Whether to record what the CPU does, too.
        ge_profiling_to_std_out: Whether the graph engine prints where its time goes.

    Raises:
        ImportError: If there is no ``torch_npu``.
        ValueError: If there is no iteration from ``begin`` to ``end``.

    Example:
        >>> NPUProfilerHook(begin=10, end=12)  # doctest: +SKIP
    """

    priority = "VERY_LOW"
    writes = True

    def __init__(
        self,
        *,
        begin: int = 0,
        end: int = 1,
        result_path: str = "cann_profiling",
        exit_after_profiling: bool = True,
        use_e2e_profiler: bool = False,
        ge_profiling_to_std_out: bool = False,
    ) -> None:
        try:
            import torch_npu
        except ImportError as error:
            raise ImportError("Failed to import torch_npu module") from error
        if not 0 <= begin < end:
            raise ValueError(
                "begin should be an iteration from 0 on and less than end, "
                f"got begin={begin} and end={end}"
            )
        self.begin = begin
        self.end = end
        self.result_path = result_path
        self.exit_after_profiling = exit_after_profiling
        self.use_e2e_profiler = use_e2e_profiler
        if ge_profiling_to_std_out:
            os.environ["GE_PROFILING_TO_STD_OUT"] = "1"
        self._profile = torch_npu.npu.profile
        self._profiler: Any = None

    def before_train(self, runner: RunnerLike) -> None:
        """Check the length of the training.

        Raises:
            ValueError: If it ends before profiling does.
        """
        if runner.max_iters is not None and self.end > runner.max_iters:
            raise ValueError(f"end={self.end} is more than max_iters={runner.max_iters}")

    def before_train_iter(
        self, runner: RunnerLike, batch_idx: int, data_batch: DataBatch = None
    ) -> None:
        """Begin to profile, in the first process."""
        if runner.iter == self.begin and is_main_process():
            os.makedirs(self.result_path, exist_ok=True)
            self._profiler = self._profile(self.result_path, use_e2e_profiler=self.use_e2e_profiler)
            self._profiler.__enter__()

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """End profiling, and the program in every process if that is wanted."""
        if runner.iter == self.end - 1:
            self._stop()
            if self.exit_after_profiling:
                sys.exit()

    def after_train(self, runner: RunnerLike) -> None:
        """End profiling if the training ended early."""
        self._stop()

    def _stop(self) -> None:
        if self._profiler is not None:
            self._profiler.__exit__(None, None, None)
            self._profiler = None
