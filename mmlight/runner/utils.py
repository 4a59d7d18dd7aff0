"""Seeds, and intervals that change during a run."""

from __future__ import annotations

import random
from collections.abc import Sequence

import numpy as np
import torch

from mmlight.dist import get_rank, sync_random_seed
from mmlight.logging import print_log
from mmlight.utils.checks import whole


def set_random_seed(
    seed: int | None = None, deterministic: bool = False, diff_rank_seed: bool = False
) -> int:
    """Seed Python's, NumPy's and torch's random generators.

    Args:
        seed: The seed; None draws one and gives it to all processes.
        deterministic: Whether torch is to use deterministic algorithms alone.
        diff_rank_seed: Whether each process gets a seed of its own, ``seed`` plus its rank.

    Returns:
        The seed of this process.

    Example:
        >>> set_random_seed(7), random.random()
        (7, 0.32383276483316237)
    """
    used = sync_random_seed() if seed is None else seed
    if diff_rank_seed:
        used += get_rank()
    random.seed(used)
    np.random.seed(used)
    torch.manual_seed(used)
    if deterministic:
        if torch.backends.cudnn.benchmark:
            print_log(
                "torch.backends.cudnn.benchmark is switched off for deterministic results",
                "current",
                level=30,
            )
        torch.backends.cudnn.benchmark = False
        torch.backends.cudnn.deterministic = True
        torch.use_deterministic_algorithms(True)
    return used


def calc_dynamic_intervals(
    start_interval: int, dynamic_interval_list: Sequence[tuple[int, int]] | None = None
) -> tuple[list[int], list[int]]:
    """Return the milestones at which an interval changes, and the interval from each on.

    Args:
        start_interval: The interval from 0 on.
        dynamic_interval_list: Pairs of a milestone and the interval from it on.

    Returns:
        Milestones and intervals, of the same length.

    Raises:
        AssertionError: If ``dynamic_interval_list`` is not a list of pairs.
        TypeError: If a milestone or an interval is no whole number.
        ValueError: If one is too small, or the milestones fall.

    Example:
        >>> calc_dynamic_intervals(10, [(100, 5), (200, 1)])
        ([0, 100, 200], [10, 5, 1])
    """
    changes = dynamic_interval_list or []
    if not isinstance(changes, Sequence) or not all(
        isinstance(pair, tuple) and len(pair) == 2 for pair in changes
    ):
        raise AssertionError(
            f"dynamic_intervals must be a list of tuples (milestone, interval), got {changes!r}"
        )
    milestones = [0, *(at for at, _ in changes)]
    for at, every in changes:
        whole("dynamic_intervals", milestone=at, interval=every)
    if sorted(milestones) != milestones:
        raise ValueError(f"the milestones of dynamic_intervals must not fall, but got {changes!r}")
    return milestones, [start_interval, *(every for _, every in changes)]
