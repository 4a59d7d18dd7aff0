"""Transforms of images, one file a family."""

from .base import BaseTransform
from .cropping import Crop, FixedCrop, PairedRandomCrop
from .flipping import Flip, RandomTransposeHW
from .loading import LoadImageFromFile, LoadPairedImageFromFile
from .packing import PackInputs
from .resizing import Resize
from .values import NumpyPad, SetValues
from .wrappers import KeyMapper, TransformBroadcaster

__all__ = [
    "BaseTransform",
    "Crop",
    "FixedCrop",
    "Flip",
    "KeyMapper",
    "LoadImageFromFile",
    "LoadPairedImageFromFile",
    "NumpyPad",
    "PackInputs",
    "PairedRandomCrop",
    "RandomTransposeHW",
    "Resize",
    "SetValues",
    "TransformBroadcaster",
]
