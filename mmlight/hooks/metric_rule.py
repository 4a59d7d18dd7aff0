"""Which of two values of a metric is the better one."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Sequence

GREATER_KEYS = ("acc", "top", "AR@", "auc", "precision", "mAP", "mDice", "mIoU", "mAcc", "aAcc")
LESS_KEYS = ("loss",)

BETTER: dict[str, Callable[[float, float], bool]] = {"greater": operator.gt, "less": operator.lt}
WORST = {"greater": -math.inf, "less": math.inf}


def infer_rule(
    name: str,
    greater_keys: Sequence[str] = GREATER_KEYS,
    less_keys: Sequence[str] = LESS_KEYS,
) -> str:
    """Tell from the name of a metric whether a greater or a lesser value is better.

    A name that equals a key goes before one that only contains it, and ``greater_keys`` go before
    ``less_keys``. Case does not matter.

    Args:
        name: Name of the metric.
        greater_keys: Names of metrics that should grow.
        less_keys: Names of metrics that should shrink.

    Returns:
        ``'greater'`` or ``'less'``.

    Raises:
        ValueError: If no key is part of the name.

    Example:
        >>> infer_rule("coco/bbox_mAP"), infer_rule("val_loss")
        ('greater', 'less')
    """
    wanted = name.lower()
    rules = {
        "greater": [key.lower() for key in greater_keys],
        "less": [key.lower() for key in less_keys],
    }
    for rule, keys in rules.items():
        if wanted in keys:
            return rule
    for rule, keys in rules.items():
        if any(key in wanted for key in keys):
            return rule
    raise ValueError(
        f"the name of the metric {name!r} does not tell whether a greater or a lesser value is "
        f"better; give rule='greater' or rule='less'"
    )
