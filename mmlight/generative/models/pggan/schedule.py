"""When a growing GAN grows."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from itertools import accumulate

import numpy as np


class ScaleSchedule:
    """Counts the images that a growing GAN has been shown, and tells its scale.

    At each scale it is shown a number of images; in the first of them, at every scale but the
    smallest, the new layers fade in. Counts are thousands of images, in single precision as the
    model's weights file has them.

    Source: Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", ICLR 2018, appendix A.

    Args:
        nkimgs_per_scale (Mapping[str | int, float]): Thousands of images by scale, pixels, in the
            order of growth; at the last scale the training goes on.
        transition_kimgs (float): Thousands of images of a fade-in.

    Raises:
        ValueError: If the scales do not grow, or a number is negative.

    Example:
        >>> schedule = ScaleSchedule({"4": 0.5, "8": 1}, transition_kimgs=0.25)
        >>> for _ in range(3):
        ...     schedule.begin_step()
        ...     print(schedule.scale, schedule.weight)
        ...     schedule.end_step(250)
        4 1.0
        4 1.0
        8 0.0
        >>> schedule.begin_step()
        >>> schedule.scale, schedule.weight
        (8, 1.0)
    """

    def __init__(
        self, nkimgs_per_scale: Mapping[str | int, float], transition_kimgs: float
    ) -> None:
        self.scales = [int(scale) for scale in nkimgs_per_scale]
        numbers = [float(number) for number in nkimgs_per_scale.values()]
        if not self.scales or self.scales != sorted(set(self.scales)):
            raise ValueError(f"nkimgs_per_scale must have growing scales, got {self.scales}")
        if min(*numbers, transition_kimgs, 0) < 0:
            raise ValueError(
                f"numbers of images cannot be negative, got {numbers} and {transition_kimgs}"
            )
        self.transition_kimgs = transition_kimgs
        self._ends = list(accumulate(numbers))
        self.shown = np.float32(0)
        self.began = np.float32(0)
        self.stage = 0

    def begin_step(self) -> None:
        """Grow, if it is time."""
        stage = self._stage_at(self.shown)
        if stage != self.stage:
            self.stage = stage
            self.began = self.shown

    def end_step(self, images: int) -> None:
        """Count the images of a step.

        Args:
            images (int): Their number, of all processes.
        """
        self.shown += np.float32(images / 1000)

    def resume(self, shown: float, scale: int, began: float | None) -> None:
        """Go on where another one was after a step.

        Args:
            shown (float): Thousands of images that have been shown.
            scale (int): Scale of the last step, pixels.
            began (float, optional): Thousands of images before the scale's first step. None if
                that is not known: then it is taken to have been on time.
        """
        self.shown = np.float32(shown)
        at = self.scales.index(scale) if scale in self.scales else self._stage_at(self.shown)
        self.stage = min(at, self._stage_at(self.shown))
        on_time = self._ends[self.stage - 1] if self.stage else 0.0
        known = began is not None and on_time <= began <= shown
        self.began = np.float32(began if known else on_time)

    @property
    def scale(self) -> int:
        """int: The scale of the step, pixels."""
        return self.scales[self.stage]

    @property
    def next_scale(self) -> int:
        """int: The scale of the next step, pixels."""
        return self.scales[self._stage_at(self.shown)]

    @property
    def weight(self) -> float:
        """float: How far the scale's layers have faded in before the step, 0 to 1."""
        since = float(self.shown) - float(self.began)
        if self.stage == 0 or since >= self.transition_kimgs:
            return 1.0
        return float(np.float32(since / self.transition_kimgs))

    def _stage_at(self, shown: np.float32) -> int:
        return min(bisect_right(self._ends, float(shown)), len(self.scales) - 1)
