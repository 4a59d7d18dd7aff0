"""What every image transform has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np


class BaseTransform(ABC):
    """A step of a pipeline: takes the dict of one entry of a dataset and returns it changed.

    Subclasses write :meth:`transform`.

    Example:
        >>> class Negative(BaseTransform):
        ...     def transform(self, results):
        ...         return {**results, "img": 255 - results["img"]}
        >>> Negative()({"img": 5})
        {'img': 250}
    """

    draws_for_each = False
    """Whether its random numbers are its own for each entry, even where others share them."""

    def __call__(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Run the transform.

        Args:
            results (dict): What is known of the entry.

        Returns:
            dict | None: The same, changed; None to draw another entry in its place.
        """
        return self.transform(results)

    @abstractmethod
    def transform(self, results: dict[str, Any]) -> dict[str, Any] | None:
        """Change what is known of one entry.

        Args:
            results (dict): What is known of the entry.

        Returns:
            dict | None: The same, changed; None to draw another entry in its place.
        """


def key_list(keys: str | Sequence[str]) -> list[str]:
    """Give one key or several as a list.

    Example:
        >>> key_list("gt"), key_list(("img", "gt"))
        (['gt'], ['img', 'gt'])
    """
    return [keys] if isinstance(keys, str) else list(keys)


def get(results: dict[str, Any], key: str, transform: Any) -> Any:
    """Look an entry up.

    Raises:
        KeyError: If it is not there; the message names the transform and what is there.
    """
    try:
        return results[key]
    except KeyError:
        raise KeyError(
            f"{type(transform).__name__} needs {key!r}; the entry has {', '.join(results)}"
        ) from None


def each(value: Any, function: Any) -> Any:
    """Apply a function to an image, or to each of a list of images.

    Example:
        >>> each([1, 2], lambda image: image + 1)
        [2, 3]
    """
    return [function(item) for item in value] if isinstance(value, list) else function(value)


def with_channels(image: np.ndarray) -> np.ndarray:
    """Give an image ``(H, W)`` its axis of channels.

    Returns:
        np.ndarray: ``(H, W, C)``.
    """
    return image[..., np.newaxis] if image.ndim == 2 else image
