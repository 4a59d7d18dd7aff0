"""Models applied to images, folders or whatever else a task takes."""

from .infer import BaseInferencer

__all__ = ["BaseInferencer"]
