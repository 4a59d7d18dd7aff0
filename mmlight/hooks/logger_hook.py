"""Writes the logs of a run."""

from __future__ import annotations

import math
import os
import os.path as osp
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmlight.fileio import dump, get_file_backend
from mmlight.hooks.hook import DataBatch, Hook
from mmlight.hooks.length import batches_of
from mmlight.hooks.nonfinite import NonFiniteWatch
from mmlight.hooks.out_dir import check_backend_args, experiment_dir
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.registry import HOOKS, LOG_PROCESSORS
from mmlight.utils import is_seq_of, scandir
from mmlight.utils.checks import flags, whole

SUFFIX_TYPE = Sequence[str] | str


@HOOKS.register_module()
class LoggerHook(Hook):
    """Write what the log processor makes of the message hub to the log and the visualizer.

    Between two log points no value is read from the device. At a log point everything that was
    recorded since the last one is fetched at once, and a loss among it that is NaN or infinite is
    reported with its name and iteration.

    Args:
        interval: Iterations between two log points.
        ignore_last: Whether to leave out the last iterations of an epoch when they are fewer than
            ``interval``.
        interval_exp_name: Iterations between two lines with the experiment's name.
        out_dir: Folder or URL to which the logs are copied at the end; the name of the work
            directory is added to it. None keeps them in the work directory alone.
        out_suffix: Endings of the names of the files to copy.
        keep_local: Whether files that were copied stay in the work directory too.
        file_client_args: Deprecated, use ``backend_args``.
        log_metric_by_epoch: Whether the step of a validation's metrics is the epoch; else it is
            the iteration.
        backend_args: Arguments of the storage backend of ``out_dir``.
        stop_on_nonfinite: Whether a NaN or infinite loss ends the run.
        log_processor: A ``LogProcessor`` or its arguments, such as ``dict(window_size=20)``, in
            place of the run's.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an interval is not positive, or arguments exclude each other.

    Example:
        >>> LoggerHook(interval=50).interval
        50
    """

    priority = "BELOW_NORMAL"
    writes = True
    companions = ("RuntimeInfoHook", "IterTimerHook")

    def __init__(
        self,
        interval: int = 10,
        ignore_last: bool = True,
        interval_exp_name: int = 1000,
        out_dir: str | Path | None = None,
        out_suffix: SUFFIX_TYPE = (".json", ".log", ".py", "yaml"),
        keep_local: bool = True,
        file_client_args: dict[str, Any] | None = None,
        log_metric_by_epoch: bool = True,
        backend_args: dict[str, Any] | None = None,
        stop_on_nonfinite: bool = False,
        log_processor: Any = None,
    ) -> None:
        whole(self, interval=interval, interval_exp_name=interval_exp_name)
        flags(
            self,
            ignore_last=ignore_last,
            keep_local=keep_local,
            log_metric_by_epoch=log_metric_by_epoch,
            stop_on_nonfinite=stop_on_nonfinite,
        )
        if out_dir is not None and not isinstance(out_dir, (str, Path)):
            raise TypeError(f"out_dir must be a str or a Path, got {type(out_dir).__name__}")
        if not isinstance(out_suffix, str) and not is_seq_of(out_suffix, str):
            raise TypeError(f"out_suffix must be a str or a sequence of str, got {out_suffix!r}")
        if out_dir is None and file_client_args is not None:
            raise ValueError("file_client_args must be None when out_dir is None")
        self.interval = interval
        self.ignore_last = ignore_last
        self.interval_exp_name = interval_exp_name
        self.out_dir = None if out_dir is None else str(out_dir)
        self.out_suffix = out_suffix if isinstance(out_suffix, str) else tuple(out_suffix)
        self.keep_local = keep_local
        self.log_metric_by_epoch = log_metric_by_epoch
        self.backend_args = check_backend_args(file_client_args, backend_args)
        self.json_log_path: str | None = None
        if isinstance(log_processor, dict):
            log_processor = LOG_PROCESSORS.build({"type": "LogProcessor", **log_processor})
        self.log_processor = log_processor
        self._watch = NonFiniteWatch(stop=stop_on_nonfinite)
        self._length: float = 0
        self._evaluated = 0

    def before_run(self, runner: RunnerLike) -> None:
        """Settle where the logs go."""
        self.json_log_path = f"{runner.timestamp}.json"
        if self.out_dir is not None:
            self._copy_to = experiment_dir(self.out_dir, runner.work_dir, self.backend_args)
            runner.logger.info(f"Text logs will be copied to {self._copy_to} after the run.")

    def before_train(self, runner: RunnerLike) -> None:
        """Note where counting starts for the report of values that are not finite."""
        self._watch.start(runner.iter)

    def before_train_epoch(self, runner: RunnerLike) -> None:
        """Ask how long the epoch is."""
        self._length = batches_of(runner.train_loop)

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Log if this iteration is a log point.

        Raises:
            FloatingPointError: If a loss is not finite and ``stop_on_nonfinite``.
        """
        due = (batch_idx + 1) % self.interval == 0
        if getattr(runner, "numbers_all_batches", False):
            batch_idx = runner.progress.batch_in_epoch
        last = batch_idx + 1 == self._length
        if last or (runner.iter + 1) % self.interval_exp_name == 0:
            runner.logger.info(f"Exp name: {runner.experiment_name}", extra={"passing": True})
        # The rest of an epoch is logged when asked for, or when nothing else of it would be.
        if not due and not (last and (not self.ignore_last or self._length <= self.interval)):
            return
        recorded = runner.message_hub.flush()
        tag, text = self._processor(runner).get_log_after_iter(runner, batch_idx, "train")
        runner.logger.info(text, extra={"passing": True})
        runner.visualizer.add_scalars(tag, step=runner.iter + 1, file_path=self.json_log_path)
        runner.publish({name: value for name, value in tag.items() if "loss" in name})
        self._watch.check(recorded, runner.iter + 1, runner.logger)
        self._length = batches_of(runner.train_loop)  # a hook may have put another in place

    def after_train(self, runner: RunnerLike) -> None:
        """Check the losses of the iterations after the last log point."""
        self._watch.check(runner.message_hub.flush(), runner.iter, runner.logger)

    def after_val_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Log the progress of a validation if this iteration is a log point."""
        self._log_progress(runner, batch_idx, "val")

    def after_test_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: Sequence[Any] | None = None,
    ) -> None:
        """Log the progress of a test if this iteration is a log point."""
        self._log_progress(runner, batch_idx, "test")

    def after_val_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """Log the metrics of a validation."""
        tag, text = self._processor(runner).get_log_after_epoch(
            runner, self._batches(runner.val_loop), "val"
        )
        runner.logger.info(text)
        step = runner.epoch if self.log_metric_by_epoch else runner.iter
        # Beside the tag, since trackers would draw it as a curve among the metrics.
        epoch = {"epoch": runner.epoch} if self._processor(runner).by_epoch else {}
        runner.visualizer.add_scalars(tag, step=step, file_path=self.json_log_path, **epoch)

    def after_test_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """Log the metrics of a test and write them to a JSON file in the log directory."""
        tag, text = self._processor(runner).get_log_after_epoch(
            runner, self._batches(runner.test_loop), "test", with_non_scalar=True
        )
        runner.logger.info(text)
        dump(self._process_tags(tag), osp.join(runner.log_dir, str(self.json_log_path)))

    def after_run(self, runner: RunnerLike) -> None:
        """Close the visualizer and copy the logs to ``out_dir``."""
        runner.visualizer.close()
        if self.out_dir is None:
            return
        backend = get_file_backend(self._copy_to, backend_args=self.backend_args)
        for name in scandir(runner.log_dir, self.out_suffix, recursive=True):
            local = osp.join(runner.log_dir, name)
            target = backend.join_path(self._copy_to, name)
            backend.put_text(Path(local).read_text(encoding="utf-8"), target)
            if not self.keep_local:
                os.remove(local)
            runner.logger.info(f"Copied {local} to {target}.")

    def _log_progress(self, runner: RunnerLike, batch_idx: int, mode: str) -> None:
        self._evaluated = batch_idx + 1
        if self.every_n_inner_iters(batch_idx, self.interval):
            runner.logger.info(
                self._processor(runner).get_log_after_iter(runner, batch_idx, mode)[1],
                extra={"passing": True},
            )

    def _processor(self, runner: Any) -> Any:
        return self.log_processor or runner.log_processor

    def _batches(self, loop: Any) -> int:
        """Number of batches of a validation or test that is over."""
        length = batches_of(loop)
        return self._evaluated if length == math.inf else int(length)

    @staticmethod
    def _process_tags(tags: dict[str, Any]) -> dict[str, Any]:
        """``tags`` with values that JSON has."""
        return {name: _to_plain(value) for name, value in tags.items()}


def _to_plain(value: Any) -> Any:
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return value.tolist()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, dict):
        return {name: _to_plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_to_plain(item) for item in value]
    return value
