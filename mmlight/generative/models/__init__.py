"""Generative models, one folder a family."""

from mmlight.generative.models.base_edit_model import BaseEditModel
from mmlight.generative.models.base_gan import BaseGAN
from mmlight.generative.models.base_translation_model import BaseTranslationModel
from mmlight.generative.models.colour_statistics import ColourStatistics
from mmlight.generative.models.cyclegan import CycleGAN, ResnetGenerator
from mmlight.generative.models.data_preprocessor import DataPreprocessor
from mmlight.generative.models.dcgan import DCGAN, DCGANDiscriminator, DCGANGenerator
from mmlight.generative.models.digits_features import DigitsFeatures
from mmlight.generative.models.edsr import EDSRNet
from mmlight.generative.models.losses import CharbonnierLoss, GANLoss, L1Loss, MSELoss
from mmlight.generative.models.patch_discriminator import PatchDiscriminator
from mmlight.generative.models.pggan import (
    PGGANDiscriminator,
    PGGANGenerator,
    ProgressiveGrowingGAN,
    ScaleSchedule,
)
from mmlight.generative.models.pix2pix import Pix2Pix, UnetGenerator
from mmlight.generative.models.singan import (
    SinGAN,
    SinGANMultiScaleDiscriminator,
    SinGANMultiScaleGenerator,
)
from mmlight.generative.models.srcnn import SRCNNNet
from mmlight.generative.models.stylegan2 import (
    StyleGAN2,
    StyleGAN2Discriminator,
    StyleGANv2Generator,
)
from mmlight.generative.models.wgan_gp import WGANGP, WGANGPDiscriminator, WGANGPGenerator

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
