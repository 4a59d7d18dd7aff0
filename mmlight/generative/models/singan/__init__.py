"""SinGAN."""

from mmlight.generative.models.singan.discriminator import SinGANMultiScaleDiscriminator
from mmlight.generative.models.singan.generator import SinGANMultiScaleGenerator
from mmlight.generative.models.singan.singan import SinGAN

__all__ = ["SinGAN", "SinGANMultiScaleDiscriminator", "SinGANMultiScaleGenerator"]
