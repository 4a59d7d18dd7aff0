"""WGAN-GP."""

from mmlight.generative.models.wgan_gp.discriminator import WGANGPDiscriminator
from mmlight.generative.models.wgan_gp.generator import WGANGPGenerator
from mmlight.generative.models.wgan_gp.wgan_gp import WGANGP

__all__ = ["WGANGP", "WGANGPDiscriminator", "WGANGPGenerator"]
