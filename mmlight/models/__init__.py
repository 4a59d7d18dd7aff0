"""Generative models of the bundled configs."""

from mmlight.models.base_gan import BaseGAN
from mmlight.models.data_preprocessor import DataPreprocessor
from mmlight.models.dcgan import DCGAN, DCGANDiscriminator, DCGANGenerator
from mmlight.models.digits_features import DigitsFeatures

__all__ = [
    "DCGAN",
    "BaseGAN",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DataPreprocessor",
    "DigitsFeatures",
]
