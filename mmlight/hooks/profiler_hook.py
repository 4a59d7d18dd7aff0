"""Profiles the start of a training."""

from __future__ import annotations

import inspect
import os.path as osp
import sys
from collections.abc import Callable
from typing import Any

import torch

from mmlight.dist import master_only
from mmlight.hooks.hook import DataBatch, Hook
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.registry import HOOKS
from mmlight.utils.checks import whole
from mmlight.utils.near_names import did_you_mean

_TRACES = ("log_trace", "tb_trace")


@HOOKS.register_module()
class ProfilerHook(Hook):
    """Run :class:`torch.profiler.profile` over the first epochs or iterations of a training.

    Args:
        by_epoch: Whether ``profile_times`` counts epochs; else it counts iterations.
        profile_times: How many to profile.
        activity_with_cpu: Whether to profile the CPU.
        activity_with_cuda: Whether to profile the GPU.
        schedule: Arguments of :func:`torch.profiler.schedule`; None profiles every iteration.
        on_trace_ready: What to do with a trace: a function of the profiler, or a config.
            ``dict(type='log_trace', sort_by=..., row_limit=...)`` prints a table,
            ``dict(type='tb_trace', dir_name=...)`` writes for TensorBoard.
        record_shapes: Whether to record the shapes of inputs.
        profile_memory: Whether to record what is allocated.
        with_stack: Whether to record sources.
        with_flops: Whether to estimate floating point operations.
        json_trace_path: File for a Chrome trace at the end; None writes none.

    Raises:
        AssertionError: If a flag or ``schedule`` is of the wrong type.
        TypeError: If ``profile_times`` is no whole number.
        ValueError: If it is not positive, or ``schedule`` is none.

    Example:
        >>> ProfilerHook(by_epoch=False, profile_times=20).activities
        [<ProfilerActivity.CPU: 0>]
    """

    priority = "VERY_LOW"
    writes = True

    def __init__(
        self,
        *,
        by_epoch: bool = True,
        profile_times: int = 1,
        activity_with_cpu: bool = True,
        activity_with_cuda: bool = False,
        schedule: dict[str, Any] | None = None,
        on_trace_ready: Callable[..., Any] | dict[str, Any] | None = None,
        record_shapes: bool = False,
        profile_memory: bool = False,
        with_stack: bool = False,
        with_flops: bool = False,
        json_trace_path: str | None = None,
    ) -> None:
        for name, flag in (
            ("by_epoch", by_epoch),
            ("activity_with_cpu", activity_with_cpu),
            ("activity_with_cuda", activity_with_cuda),
        ):
            if not isinstance(flag, bool):
                raise AssertionError(f"{name} must be a bool, got {flag!r}")
        if schedule is not None and not isinstance(schedule, dict):
            raise AssertionError(f"schedule must be a dict or None, got {schedule!r}")
        whole(self, profile_times=profile_times)
        self.by_epoch = by_epoch
        self.profile_times = profile_times
        self.activities = []
        if activity_with_cpu:
            self.activities.append(torch.profiler.ProfilerActivity.CPU)
        if activity_with_cuda:
            self.activities.append(torch.profiler.ProfilerActivity.CUDA)
        try:
            self.schedule = torch.profiler.schedule(**schedule) if schedule else None
        except AssertionError as error:
            raise ValueError(f"schedule of ProfilerHook is {schedule}: {error}") from error
        self.on_trace_ready = on_trace_ready
        self.record_shapes = record_shapes
        self.profile_memory = profile_memory
        self.with_stack = with_stack
        self.with_flops = with_flops
        self.json_trace_path = json_trace_path
        self._left = 0

    def before_run(self, runner: RunnerLike) -> None:
        """Make the profiler.

        Raises:
            ValueError: If ``on_trace_ready`` is unknown.
        """
        self.profiler = torch.profiler.profile(
            activities=self.activities,
            schedule=self.schedule,
            on_trace_ready=self._parse_trace_config(runner),
            record_shapes=self.record_shapes,
            profile_memory=self.profile_memory,
            with_stack=self.with_stack,
            with_flops=self.with_flops,
        )

    def before_train(self, runner: RunnerLike) -> None:
        """Check the length of the training and start profiling.

        Raises:
            ValueError: If the training is shorter than what is to be profiled.
        """
        unit, total = (
            ("epochs", runner.max_epochs) if self.by_epoch else ("iters", runner.max_iters)
        )
        if total is not None and self.profile_times > total:
            raise ValueError(f"profile_times={self.profile_times} is more than max_{unit}={total}")
        self._left = self.profile_times
        self.profiler.start()

    def after_train_epoch(self, runner: RunnerLike) -> None:
        """Count an epoch."""
        if self.by_epoch:
            self._count(runner)

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Tell the profiler that an iteration has ended, and count it."""
        if self._left > 0:
            self.profiler.step()
            if not self.by_epoch:
                self._count(runner)

    def after_train(self, runner: RunnerLike) -> None:
        """Stop profiling if the training ended early."""
        if self._left > 0:
            self._stop(runner)

    def _count(self, runner: RunnerLike) -> None:
        if self._left > 0:
            self._left -= 1
            if self._left == 0:
                self._stop(runner)

    def _stop(self, runner: RunnerLike) -> None:
        self._left = 0
        self.profiler.stop()
        self._export_chrome_trace(runner)

    def _parse_trace_config(self, runner: RunnerLike) -> Callable[..., Any] | None:
        """The function that ``on_trace_ready`` asks for."""
        wanted = self.on_trace_ready
        if wanted is None or callable(wanted):
            return wanted
        if not isinstance(wanted, dict) or wanted.get("type") not in _TRACES:
            raise ValueError(
                f"on_trace_ready must be a function or a dict whose type is one of {_TRACES}, "
                f"got {wanted!r}"
            )
        args = {key: value for key, value in wanted.items() if key != "type"}
        if wanted["type"] == "tb_trace":
            args.setdefault("dir_name", "tf_tracing_logs")
            args["dir_name"] = osp.join(runner.log_dir, args["dir_name"])
            result: Callable[..., Any] | None = torch.profiler.tensorboard_trace_handler(**args)
            return result
        known = inspect.signature(torch.autograd.profiler_util.EventList.table).parameters
        for name in args:
            if name not in known:
                raise ValueError(
                    f"on_trace_ready has {name!r}, which is nothing that a table of the profiler "
                    f"takes.{did_you_mean(name, known)}"
                )

        @master_only
        def print_table(profiler: Any) -> None:
            table_args = {"sort_by": "self_cpu_time_total", **args}
            sys.stdout.write(profiler.key_averages().table(**table_args) + "\n")

        return print_table

    @master_only
    def _export_chrome_trace(self, runner: RunnerLike) -> None:
        runner.logger.info(f"Profiled the first {self.profile_times} {self._unit} of the training.")
        if self.json_trace_path is not None:
            self.profiler.export_chrome_trace(self.json_trace_path)

    @property
    def _unit(self) -> str:
        return "epochs" if self.by_epoch else "iterations"
