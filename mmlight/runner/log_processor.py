"""Turns what the message hub has recorded into log lines."""

from __future__ import annotations

import datetime
import math
import re
from collections import OrderedDict
from typing import Any

import numpy as np
import torch

from mmlight.device import get_max_cuda_memory, is_cuda_available
from mmlight.hooks.length import batches_of
from mmlight.registry import LOG_PROCESSORS
from mmlight.utils.checks import flags, whole

_TIMES = ("time", "data_time")
_MODES = ("train", "val", "test")


@LOG_PROCESSORS.register_module()
class LogProcessor:
    """Choose a statistic of each recorded value and format them as a line of the log.

    Values of a training whose name matches ``mean_pattern`` are averaged over the last
    ``window_size`` iterations; of the others, and of metrics, the latest value counts.
    ``custom_cfg`` says otherwise for some: each of its dicts has ``data_src``, the name of a value;
    ``method_name``, a statistic of :class:`mmlight.logging.HistoryBuffer`, with its arguments, such
    as ``window_size`` (a number, ``'epoch'`` or ``'global'``); and ``log_name``, under which the
    result is logged in addition to the value itself; without it the result takes the place of the
    value.

    Args:
        window_size: Iterations to average over.
        by_epoch: Whether lines count epochs; else they count iterations.
        custom_cfg: Other statistics, and statistics in addition.
        num_digits: Digits after the point.
        log_with_hierarchy: Whether names given to the visualizer keep ``train/``, ``val/``,
            ``test/``.
        mean_pattern: Regular expression that names of averaged values match.

    Raises:
        AssertionError: If an entry of ``custom_cfg`` has no ``data_src`` or logs under a name that
            another one uses, or a window is an epoch although lines count iterations.
        TypeError: If ``custom_cfg`` is not a list of dicts.

    Example:
        >>> processor = LogProcessor(
        ...     custom_cfg=[
        ...         dict(data_src="loss", method_name="mean", window_size=100, log_name="smooth"),
        ...     ]
        ... )
        >>> processor.window_size
        10
    """

    def __init__(
        self,
        window_size: int = 10,
        by_epoch: bool = True,
        custom_cfg: list[dict[str, Any]] | None = None,
        num_digits: int = 4,
        log_with_hierarchy: bool = False,
        mean_pattern: str = r".*(loss|time|data_time|grad_norm).*",
    ) -> None:
        whole(self, window_size=window_size)
        whole(self, least=0, num_digits=num_digits)
        flags(self, by_epoch=by_epoch, log_with_hierarchy=log_with_hierarchy)
        self.window_size = window_size
        self.by_epoch = by_epoch
        self.custom_cfg = custom_cfg if custom_cfg else []
        self.num_digits = num_digits
        self.log_with_hierarchy = log_with_hierarchy
        self.mean_pattern = re.compile(mean_pattern)
        self._check_custom_cfg()

    def get_log_after_iter(
        self, runner: Any, batch_idx: int, mode: str
    ) -> tuple[dict[str, Any], str]:
        """Format the line of a log point within an epoch.

        Args:
            runner: The runner.
            batch_idx: Index of the batch in its loop.
            mode: ``'train'``, ``'val'`` or ``'test'``.

        Returns:
            The statistics by name, for the visualizer, and the line.
        """
        parsed_cfg = self._parse_windows_size(runner, batch_idx, self.custom_cfg)
        log_tag = self._collect_scalars(parsed_cfg, runner, mode)
        tag = log_tag
        if self.log_with_hierarchy:
            tag = self._collect_scalars(parsed_cfg, runner, mode, reserve_prefix=True)
        tag = OrderedDict(tag)
        line = self._iter_header(runner, batch_idx, mode, tag)
        tag["iter"] = runner.iter + 1 if _has_train_loop(runner) else 0

        # The latter are what Lightning's LearningRateMonitor calls those of several optimizers.
        rates = [name for name in log_tag if name.endswith("lr") or name.startswith("lr-")]
        line += (
            " ".join(f"{name}: {log_tag.pop(name):.{self.num_digits}e}" for name in rates) + "  "
        )
        eta = runner.message_hub.get_info("eta")
        if {"time", "data_time"} <= log_tag.keys() and eta is not None:
            line += f"eta: {datetime.timedelta(seconds=int(eta))}  "
            line += f"time: {self._format(log_tag.pop('time'))}  "
            line += f"data_time: {self._format(log_tag.pop('data_time'))}  "
        if is_cuda_available():
            tag["memory"] = self._get_max_memory(runner)
            line += f"memory: {tag['memory']}  "
        if mode == "train":
            line += "  ".join(f"{name}: {self._format(val)}" for name, val in log_tag.items())
        return tag, line

    def get_log_after_epoch(
        self, runner: Any, batch_idx: int, mode: str, with_non_scalar: bool = False
    ) -> tuple[dict[str, Any], str]:
        """Format the line at the end of a validation or test.

        Args:
            runner: The runner.
            batch_idx: Number of batches done.
            mode: ``'val'`` or ``'test'``.
            with_non_scalar: Whether metrics that are no numbers are returned too; the line has
                them anyway.

        Returns:
            The statistics by name, for the visualizer, and the line.
        """
        if mode not in ("val", "test"):
            raise AssertionError(f"mode must be 'val' or 'test' after an epoch, got {mode!r}")
        # Times are averaged over the whole epoch, unless custom_cfg has another wish.
        chosen = {cfg["data_src"] for cfg in self.custom_cfg}
        whole = [
            {"data_src": name, "method_name": "mean", "window_size": "epoch"}
            for name in _TIMES
            if name not in chosen
        ]
        parsed_cfg = self._parse_windows_size(runner, batch_idx, [*self.custom_cfg, *whole])
        keep = self.log_with_hierarchy
        scalars = self._collect_scalars(parsed_cfg, runner, mode, reserve_prefix=keep)
        others = self._collect_non_scalars(runner, mode)

        tag: OrderedDict[str, Any] = OrderedDict()
        times: OrderedDict[str, Any] = OrderedDict()
        for name, value in scalars.items():
            plain = self._remove_prefix(name, f"{mode}/")
            (times if plain in _TIMES else tag)[name] = value
        shown = OrderedDict([*tag.items(), *others.items(), *times.items()])
        if with_non_scalar:
            tag.update(others)
        tag.update(times)

        items = "  ".join(f"{name}: {self._format(value)}" for name, value in shown.items())
        return tag, f"{self._epoch_header(runner, batch_idx, mode)}    {items}"

    def _iter_header(self, runner: Any, batch_idx: int, mode: str, tag: dict[str, Any]) -> str:
        """The part of a line that says where in the run it is; adds the epoch to ``tag``."""
        if not self.by_epoch and mode == "train":
            current, total = runner.iter + 1, runner.max_iters
        else:
            current = self._get_iter(runner, batch_idx)
            total = self._get_dataloader_size(runner, mode)
        end = _end(total)
        position = f"[{current:>{len(end)}}/{end}]"
        if not self.by_epoch:
            return f"Iter({mode}) {position}  "
        if mode == "test":
            return f"Epoch(test) {position}  "
        epoch = self._get_epoch(runner, mode)
        tag["epoch"] = epoch
        label = f"[{epoch}]"
        if _has_train_loop(runner):
            label = label.rjust(len(str(runner.max_epochs)) + 3)
        return f"Epoch({mode}){label}{position}  "

    def _epoch_header(self, runner: Any, batch_idx: int, mode: str) -> str:
        """The part of the line after an epoch that says which one it was."""
        size = self._get_dataloader_size(runner, mode)
        size = batch_idx if size == math.inf else size
        if not self.by_epoch:
            return f"Iter({mode}) [{size}/{size}]"
        if mode == "test":
            return f"Epoch(test) [{size}/{size}]"
        return f"Epoch({mode}) [{self._get_epoch(runner, mode)}][{size}/{size}]"

    def _format(self, value: Any) -> str:
        if isinstance(value, float):
            return f"{value:.{self.num_digits}f}"
        if isinstance(value, (torch.Tensor, np.ndarray)):
            # Arrays of several lines start on one of their own.
            return f"\n{value}\n"
        return str(value)

    def _collect_scalars(
        self, custom_cfg: list[dict[str, Any]], runner: Any, mode: str, reserve_prefix: bool = False
    ) -> dict[str, Any]:
        """The statistics of all values of ``mode``, by name."""
        hub = runner.message_hub
        prefix = f"{mode}/"
        names = [key[len(prefix) :] for key in hub.log_scalars if key.startswith(prefix)]
        tag: OrderedDict[str, Any] = OrderedDict()
        for name in names:
            buffer = hub.get_scalar(prefix + name)
            # A metric of an evaluation is that evaluation's, whatever its name.
            if self.mean_pattern.match(name) and (mode == "train" or name in _TIMES):
                tag[name] = buffer.mean(self.window_size)
            else:
                tag[name] = buffer.current()
        for cfg in custom_cfg:
            args = dict(cfg)
            source = args.pop("data_src")
            target = args.pop("log_name", source)
            if source in names:
                tag[target] = hub.get_scalar(prefix + source).statistics(**args)
        if reserve_prefix:
            return OrderedDict((prefix + name, value) for name, value in tag.items())
        return tag

    def _collect_non_scalars(self, runner: Any, mode: str) -> dict[str, Any]:
        """The metrics of ``mode`` that are no numbers, by name."""
        prefix = f"{mode}/"
        return OrderedDict(
            (
                key if self.log_with_hierarchy else key[len(prefix) :],
                runner.message_hub.get_info(key),
            )
            for key in runner.message_hub.runtime_info
            if key.startswith(prefix)
        )

    def _remove_prefix(self, string: str, prefix: str) -> str:
        return string.removeprefix(prefix)

    def _check_custom_cfg(self) -> None:
        """Refuse entries that cannot be meant."""
        if not isinstance(self.custom_cfg, (list, tuple)) or not all(
            isinstance(cfg, dict) for cfg in self.custom_cfg
        ):
            raise TypeError(f"custom_cfg must be a list of dicts, got {self.custom_cfg!r}")
        used: set[str] = set()
        for cfg in self.custom_cfg:
            if "data_src" not in cfg:
                raise AssertionError(f"an entry of custom_cfg needs a data_src, got {cfg}")
            if not self.by_epoch and cfg.get("window_size") == "epoch":
                raise AssertionError(
                    f"window_size cannot be 'epoch' in a log processor with by_epoch=False: {cfg}"
                )
            name = cfg.get("log_name", cfg["data_src"])
            if name in used:
                raise AssertionError(
                    f"two entries of custom_cfg log under the name {name!r}; give one of them "
                    f"another log_name"
                )
            used.add(name)

    def _parse_windows_size(
        self, runner: Any, batch_idx: int, custom_cfg: list[Any] | None = None
    ) -> list[dict[str, Any]]:
        """A copy of ``custom_cfg`` in which every window is a number of iterations."""
        parsed = [{**cfg} for cfg in (self.custom_cfg if custom_cfg is None else custom_cfg)]
        for cfg in parsed:
            window = cfg.get("window_size")
            if window == "epoch":
                cfg["window_size"] = batch_idx + 1
            elif window == "global":
                cfg["window_size"] = runner.iter + 1
            elif window is not None and not isinstance(window, int):
                raise TypeError(f"window_size must be an int, 'epoch' or 'global', got {window!r}")
        return parsed

    def _get_max_memory(self, runner: Any) -> int:
        """The most GPU memory that was in use at once, in MB."""
        return get_max_cuda_memory(getattr(runner.model, "output_device", None))

    def _get_iter(self, runner: Any, batch_idx: int) -> int:
        """The number of the batch, counted from 1."""
        return batch_idx + 1

    def _get_epoch(self, runner: Any, mode: str) -> int:
        """The number of the running epoch in training, of those done in validation."""
        if mode == "train":
            result: int = runner.epoch + 1
            return result
        if mode == "val":
            return runner.epoch if _has_train_loop(runner) else 0
        raise ValueError(f"there are epochs of 'train' and 'val' only, got {mode!r}")

    def _get_cur_loop(self, runner: Any, mode: str) -> Any:
        """The loop of ``mode``."""
        if mode not in _MODES:
            raise AssertionError(f"mode must be one of {_MODES}, got {mode!r}")
        return getattr(runner, f"{mode}_loop")

    def _get_dataloader_size(self, runner: Any, mode: str) -> float:
        """Number of batches of the loop of ``mode``, infinite for a stream."""
        return batches_of(self._get_cur_loop(runner, mode))


def _end(total: float) -> str:
    """The end of a loop as text; a stream has none."""
    return "?" if total == math.inf else str(total)


def _has_train_loop(runner: Any) -> bool:
    """Whether there is a training; a runner that only validates never builds its loop."""
    loop = getattr(runner, "_train_loop", None)
    return loop is not None and not isinstance(loop, dict)
