"""StyleGAN2."""

from mmlight.generative.models.stylegan2.discriminator import StyleGAN2Discriminator
from mmlight.generative.models.stylegan2.generator import StyleGANv2Generator
from mmlight.generative.models.stylegan2.stylegan2 import StyleGAN2

__all__ = ["StyleGAN2", "StyleGAN2Discriminator", "StyleGANv2Generator"]
