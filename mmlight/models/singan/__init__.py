"""SinGAN."""

from mmlight.models.singan.discriminator import SinGANMultiScaleDiscriminator
from mmlight.models.singan.generator import SinGANMultiScaleGenerator
from mmlight.models.singan.singan import SinGAN

__all__ = ["SinGAN", "SinGANMultiScaleDiscriminator", "SinGANMultiScaleGenerator"]
