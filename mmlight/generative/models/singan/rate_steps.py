"""When learning rates fall within a scale of SinGAN."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class RateSteps:
    """When the learning rates of a scale fall.

    Args:
        milestones (Sequence[int]): Turns of the generator in the scale after which they fall.
        gamma (float): Factor of each fall. Defaults to 0.1.

    Raises:
        ValueError: If a milestone is not positive.

    Example:
        >>> RateSteps([1600], gamma=0.5).factor(1600)
        0.5
    """

    milestones: Sequence[int]
    gamma: float = 0.1

    def __post_init__(self) -> None:
        if any(milestone < 1 for milestone in self.milestones):
            raise ValueError(f"milestones must be positive, got {list(self.milestones)}")

    def factor(self, turns: int) -> float:
        """Give the factor of the rates after so many turns."""
        return self.gamma ** list(self.milestones).count(turns)
