"""Set entries, and pad arrays with values."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np

from mmlight.generative.datasets.transforms.base import BaseTransform, get, key_list
from mmlight.registry import TRANSFORMS


@TRANSFORMS.register_module()
class SetValues(BaseTransform):
    """Sets entries to copies of given values.

    Args:
        dictionary (dict): The values.

    Example:
        >>> SetValues({"scale": 4})({"img_path": "a.png"})
        {'img_path': 'a.png', 'scale': 4}
    """

    def __init__(self, dictionary: dict[str, Any]) -> None:
        self.dictionary = dictionary

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Set the entries."""
        results.update(copy.deepcopy(dict(self.dictionary)))
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.dictionary})"


@TRANSFORMS.register_module()
class NumpyPad(BaseTransform):
    """Pads arrays with :func:`numpy.pad`.

    Args:
        keys (str | Sequence[str]): The arrays.
        padding (int | Sequence): ``pad_width`` of :func:`numpy.pad`: for each axis how many values
            go before and after.
        kwargs: Other arguments of :func:`numpy.pad`; without a ``mode``, zeros are put there.

    Example:
        >>> import numpy as np
        >>> pad = NumpyPad("img", padding=((1, 1), (0, 0), (0, 0)))
        >>> pad({"img": np.ones((2, 4, 3))})["img"].shape
        (4, 4, 3)
    """

    def __init__(self, keys: str | Sequence[str], padding: Any, **kwargs: Any) -> None:
        self.keys = key_list(keys)
        self.padding = padding
        self.kwargs = kwargs

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Pad the arrays.

        Raises:
            KeyError: If an array is not there.
        """
        for key in self.keys:
            results[key] = np.pad(get(results, key, self), self.padding, **self.kwargs)
        return results

    def __repr__(self) -> str:
        return f"{type(self).__name__}(keys={self.keys}, padding={self.padding}, {self.kwargs})"
