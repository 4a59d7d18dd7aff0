"""Pictures of predictions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from inspect import signature
from pathlib import Path
from typing import Any

from torch import Tensor

from mmlight.engine.gen_visualizer import GenVisualizer
from mmlight.engine.sample_access import noted_order, output_range
from mmlight.hooks import Hook, RunnerLike
from mmlight.hooks.never import warn_of_never
from mmlight.model.bare_model import bare_model
from mmlight.registry import HOOKS
from mmlight.structures import BaseDataElement
from mmlight.utils.checks import every, flags, of_type


@HOOKS.register_module()
class BasicVisualizationHook(Hook):
    """Give the predictions for each batch to the visualizer's ``add_datasample``.

    It is called as ``add_datasample(name, image, sample, step=)``, or as
    ``add_datasample(sample, step=)`` where it takes no name, as MMagic's
    ``ConcatImageVisualizer`` does.

    Args:
        interval (int | dict): Batches between two that are shown, for all modes or by mode
            (``train``, ``val``, ``test``), -1 for none; a mode that is not named shows every batch.
            Defaults to {}.
        on_train (bool): Show in training. Defaults to False.
        on_val (bool): Show in validation. Defaults to True.
        on_test (bool): Show in tests. Defaults to True.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If an interval is 0 or below -1, or of an unknown mode.

    Example:
        >>> BasicVisualizationHook(interval=dict(val=10), on_test=False)._interval
        {'val': 10}
    """

    priority = "NORMAL"
    writes = True

    def __init__(
        self,
        interval: int | dict[str, Any] = {},  # noqa: B006 - documented, and only read
        on_train: bool = False,
        on_val: bool = True,
        on_test: bool = True,
    ) -> None:
        flags(self, on_train=on_train, on_val=on_val, on_test=on_test)
        of_type(self, (int, dict), "a whole number, or a dict of these by mode", interval=interval)
        modes = ("train", "val", "test")
        intervals = dict.fromkeys(modes, interval) if isinstance(interval, int) else dict(interval)
        unknown = sorted(set(intervals) - set(modes))
        if unknown:
            raise ValueError(f"interval has {unknown}, but the modes are {', '.join(modes)}")
        for every_so_often in intervals.values():
            every(self, interval=every_so_often)
        self._interval = intervals
        self._on = {mode for mode, on in zip(modes, (on_train, on_val, on_test), strict=True) if on}

    def before_run(self, runner: RunnerLike) -> None:
        """Warn if nothing will be shown."""
        if not any(self._interval.get(mode, 1) > 0 for mode in self._on):
            why = "no mode is switched on with an interval that is positive"
            warn_of_never(runner, self, "show predictions", why, interval=self._interval)

    def _after_iter(  # type: ignore[override]
        self,
        runner: Any,
        batch_idx: int,
        data_batch: Any,
        outputs: Sequence[BaseDataElement] | None,
        mode: str | None = None,
    ) -> None:
        """Show the predictions of a batch."""
        if mode not in self._on:
            return
        if not self.every_n_inner_iters(batch_idx, self._interval.get(mode, 1)):
            return
        visualizer = runner.visualizer
        step = batch_idx if mode == "test" else runner.iter + 1
        if isinstance(visualizer, GenVisualizer):
            picture = {**output_range(bare_model(runner.model)), **noted_order(outputs)}
            visualizer.add_datasample(f"{mode}_{batch_idx}", outputs or (), step=step, **picture)
            return
        if next(iter(signature(visualizer.add_datasample).parameters)) != "name":
            for sample in outputs or ():
                visualizer.add_datasample(sample, step=runner.iter)
            return
        for index, sample in enumerate(outputs or ()):
            name, image = _name_and_image(sample, data_batch, index)
            visualizer.add_datasample(
                name or f"{mode}_{batch_idx}_{index}", image, sample, step=step
            )


def _name_and_image(sample: Any, data_batch: Any, index: int) -> tuple[str, Any]:
    path = sample.get("img_path", "") if hasattr(sample, "get") else ""
    inputs = data_batch.get("inputs") if isinstance(data_batch, Mapping) else None
    if isinstance(inputs, Mapping):
        inputs = inputs.get("img")
    image = inputs[index] if isinstance(inputs, (Tensor, Sequence)) else None
    if isinstance(image, Tensor):
        image = image.detach().permute(1, 2, 0).cpu().numpy()
    return Path(str(path)).stem, image
