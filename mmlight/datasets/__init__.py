"""Datasets of the generative configs."""

from mmlight.datasets.basic_image_dataset import BasicImageDataset
from mmlight.datasets.colour_patches import ColourPatchesDataset
from mmlight.datasets.data_sample import DataSample
from mmlight.datasets.digits import DigitsDataset, load_digits
from mmlight.datasets.grow_scale_img_dataset import GrowScaleImgDataset
from mmlight.datasets.growing_digits import GrowScaleDigitsDataset
from mmlight.datasets.paired_image_dataset import PairedImageDataset
from mmlight.datasets.photo_patches import PhotoPatchesDataset, load_photo
from mmlight.datasets.singan_dataset import SinGANDataset
from mmlight.datasets.transforms import (
    BaseTransform,
    Crop,
    FixedCrop,
    Flip,
    KeyMapper,
    LoadImageFromFile,
    LoadPairedImageFromFile,
    NumpyPad,
    PackInputs,
    PairedRandomCrop,
    RandomTransposeHW,
    Resize,
    SetValues,
    TransformBroadcaster,
)
from mmlight.datasets.unpaired_image_dataset import UnpairedImageDataset

__all__ = [
    "BaseTransform",
    "BasicImageDataset",
    "ColourPatchesDataset",
    "Crop",
    "DataSample",
    "DigitsDataset",
    "FixedCrop",
    "Flip",
    "GrowScaleDigitsDataset",
    "GrowScaleImgDataset",
    "KeyMapper",
    "LoadImageFromFile",
    "LoadPairedImageFromFile",
    "NumpyPad",
    "PackInputs",
    "PairedImageDataset",
    "PairedRandomCrop",
    "PhotoPatchesDataset",
    "RandomTransposeHW",
    "Resize",
    "SetValues",
    "SinGANDataset",
    "TransformBroadcaster",
    "UnpairedImageDataset",
    "load_digits",
    "load_photo",
]
