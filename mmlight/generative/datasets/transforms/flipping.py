"""Mirror and transpose images at random."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mmlight.generative.datasets.transforms.base import BaseTransform, each, get, key_list
from mmlight.registry import TRANSFORMS

_AXES = {"horizontal": 1, "vertical": 0}


def _checked_ratio(name: str, ratio: float) -> float:
    if not 0 <= ratio <= 1:
        raise ValueError(f"{name} is a probability from 0 to 1, got {ratio}")
    return ratio


@TRANSFORMS.register_module()
class Flip(BaseTransform):
    """Mirrors all images, or none.

    Adds ``flip_infos``, a list to which each ``Flip`` of a pipeline appends what it did.

    Args:
        keys (str | Sequence[str]): The images ``(H, W, C)``, or lists of them.
        flip_ratio (float): Probability. Defaults to 0.5.
        direction (str): ``horizontal`` (left and right change places) or ``vertical``. Defaults to
            ``horizontal``.

    Raises:
        ValueError: If the direction is not known or the probability is none.

    Example:
        >>> import numpy as np
        >>> Flip("gt", flip_ratio=1.0)({"gt": np.array([[[1], [2]]])})["gt"].ravel().tolist()
        [2, 1]
    """

    draws_for_each = True  # as MMagic's

    def __init__(
        self,
        keys: str | Sequence[str],
        flip_ratio: float = 0.5,
        direction: str = "horizontal",
    ) -> None:
        if direction not in _AXES:
            raise ValueError(f"direction must be one of {', '.join(_AXES)}, got {direction!r}")
        self.keys = key_list(keys)
        self.flip_ratio = _checked_ratio("flip_ratio", flip_ratio)
        self.direction = direction

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Mirror the images, perhaps.

        Returns:
            dict: With the images, mirrored or not.

        Raises:
            KeyError: If an image is not there.
        """
        flip = bool(np.random.random() < self.flip_ratio)
        for key in self.keys:
            image = get(results, key, self)
            if flip:
                axis = _AXES[self.direction]
                results[key] = each(image, lambda one: np.ascontiguousarray(np.flip(one, axis)))  # noqa: B023
        results.setdefault("flip_infos", []).append(
            {
                "keys": self.keys,
                "direction": self.direction,
                "ratio": self.flip_ratio,
                "flip": flip,
            }
        )
        return results

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(keys={self.keys}, flip_ratio={self.flip_ratio}, "
            f"direction={self.direction!r})"
        )


@TRANSFORMS.register_module()
class RandomTransposeHW(BaseTransform):
    """Exchanges rows and columns of all images, or of none.

    Adds ``transpose``, whether it did.

    Args:
        keys (str | Sequence[str]): The images ``(H, W, C)``, or lists of them.
        transpose_ratio (float): Probability. Defaults to 0.5.

    Raises:
        ValueError: If the probability is none.

    Example:
        >>> import numpy as np
        >>> RandomTransposeHW("gt", transpose_ratio=1.0)({"gt": np.zeros((2, 3, 1))})["gt"].shape
        (3, 2, 1)
    """

    draws_for_each = True  # as MMagic's

    def __init__(self, keys: str | Sequence[str], transpose_ratio: float = 0.5) -> None:
        self.keys = key_list(keys)
        self.transpose_ratio = _checked_ratio("transpose_ratio", transpose_ratio)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Transpose the images, perhaps.

        Returns:
            dict: With the images, transposed or not.

        Raises:
            KeyError: If an image is not there.
        """
        transpose = bool(np.random.random() < self.transpose_ratio)
        for key in self.keys:
            image = get(results, key, self)
            if transpose:
                results[key] = each(image, lambda one: one.transpose(1, 0, 2))
        results["transpose"] = transpose
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(keys={self.keys}, transpose_ratio={self.transpose_ratio})"
