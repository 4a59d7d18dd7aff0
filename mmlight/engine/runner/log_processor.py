"""Log lines with the right totals for generative evaluation."""

from __future__ import annotations

from typing import Any

from mmlight.registry import LOG_PROCESSORS
from mmlight.runner import log_processor


@LOG_PROCESSORS.register_module()
class GenLogProcessor(log_processor.LogProcessor):
    """A log processor for :class:`GenValLoop` and :class:`GenTestLoop`.

    In validation and test, the total is the number of batches that the loop generates
    (``total_length``), which has nothing to do with the dataloader of real images.

    The arguments are those of :class:`~mmlight.runner.LogProcessor`.

    Example:
        >>> GenLogProcessor(window_size=50, by_epoch=False).window_size
        50
    """

    def _get_dataloader_size(self, runner: Any, mode: str) -> float:
        loop = self._get_cur_loop(runner, mode)
        total = getattr(loop, "total_length", None)
        return super()._get_dataloader_size(runner, mode) if total is None else total


LogProcessor = GenLogProcessor  # its name in MMagic
