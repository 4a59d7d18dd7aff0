"""Generative models, one folder a family."""

from mmlight.models.base_edit_model import BaseEditModel
from mmlight.models.base_gan import BaseGAN
from mmlight.models.base_translation_model import BaseTranslationModel
from mmlight.models.colour_statistics import ColourStatistics
from mmlight.models.cyclegan import CycleGAN, ResnetGenerator
from mmlight.models.data_preprocessor import DataPreprocessor
from mmlight.models.dcgan import DCGAN, DCGANDiscriminator, DCGANGenerator
from mmlight.models.digits_features import DigitsFeatures
from mmlight.models.edsr import EDSRNet
from mmlight.models.losses import CharbonnierLoss, GANLoss, L1Loss, MSELoss
from mmlight.models.patch_discriminator import PatchDiscriminator
from mmlight.models.pggan import (
    PGGANDiscriminator,
    PGGANGenerator,
    ProgressiveGrowingGAN,
    ScaleSchedule,
)
from mmlight.models.pix2pix import Pix2Pix, UnetGenerator
from mmlight.models.singan import (
    SinGAN,
    SinGANMultiScaleDiscriminator,
    SinGANMultiScaleGenerator,
)
from mmlight.models.srcnn import SRCNNNet
from mmlight.models.stylegan2 import StyleGAN2, StyleGAN2Discriminator, StyleGANv2Generator
from mmlight.models.wgan_gp import WGANGP, WGANGPDiscriminator, WGANGPGenerator

__all__ = [
    "DCGAN",
    "WGANGP",
    "BaseEditModel",
    "BaseGAN",
    "BaseTranslationModel",
    "CharbonnierLoss",
    "ColourStatistics",
    "CycleGAN",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DataPreprocessor",
    "DigitsFeatures",
    "EDSRNet",
    "GANLoss",
    "L1Loss",
    "MSELoss",
    "PGGANDiscriminator",
    "PGGANGenerator",
    "PatchDiscriminator",
    "Pix2Pix",
    "ProgressiveGrowingGAN",
    "ResnetGenerator",
    "SRCNNNet",
    "ScaleSchedule",
    "SinGAN",
    "SinGANMultiScaleDiscriminator",
    "SinGANMultiScaleGenerator",
    "StyleGAN2",
    "StyleGAN2Discriminator",
    "StyleGANv2Generator",
    "UnetGenerator",
    "WGANGPDiscriminator",
    "WGANGPGenerator",
]
