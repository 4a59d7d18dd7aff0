"""Transforms one after the other."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from mmlight.registry import TRANSFORMS


class Compose:
    """Transforms one after the other.

    Args:
        transforms (Sequence[dict | Callable], optional): Transforms, or configs of them.

    Raises:
        TypeError: If a transform is neither a dict nor callable.

    Example:
        >>> Compose([lambda data: data + 1, lambda data: data * 2])(3)
        8
    """

    def __init__(self, transforms: Sequence[dict[str, Any] | Callable[..., Any]] | None) -> None:
        self.transforms: list[Callable[..., Any]] = []
        for transform in transforms or []:
            if isinstance(transform, dict):
                transform = TRANSFORMS.build(transform)
                if not callable(transform):
                    raise TypeError(
                        f"transform should be a callable object, but got {type(transform)}"
                    )
            elif not callable(transform):
                raise TypeError(
                    f"transform must be a callable object or dict, but got {type(transform)}"
                )
            self.transforms.append(transform)

    def __call__(self, data: Any) -> Any:
        """Run the transforms.

        Args:
            data (dict): What the first transform takes.

        Returns:
            dict | None: What the last transform returns, or None as soon as one returns None.
        """
        for transform in self.transforms:
            data = transform(data)
            if data is None:
                return None
        return data

    def __repr__(self) -> str:
        lines = "".join(f"    {transform}\n" for transform in self.transforms)
        return f"{type(self).__name__}(\n{lines})"
