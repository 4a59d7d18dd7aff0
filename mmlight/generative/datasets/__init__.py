"""Datasets of the generative configs."""

from mmlight.generative.datasets.basic_image_dataset import BasicImageDataset
from mmlight.generative.datasets.colour_patches import ColourPatchesDataset
from mmlight.generative.datasets.data_sample import DataSample
from mmlight.generative.datasets.digits import DigitsDataset, load_digits
from mmlight.generative.datasets.grow_scale_img_dataset import GrowScaleImgDataset
from mmlight.generative.datasets.growing_digits import GrowScaleDigitsDataset
from mmlight.generative.datasets.paired_image_dataset import PairedImageDataset
from mmlight.generative.datasets.photo_patches import PhotoPatchesDataset, load_photo
from mmlight.generative.datasets.singan_dataset import SinGANDataset
from mmlight.generative.datasets.transforms import (
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
from mmlight.generative.datasets.unpaired_image_dataset import UnpairedImageDataset

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
