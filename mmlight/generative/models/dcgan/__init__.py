"""DCGAN."""

from mmlight.generative.models.dcgan.dcgan import DCGAN
from mmlight.generative.models.dcgan.discriminator import DCGANDiscriminator
from mmlight.generative.models.dcgan.generator import DCGANGenerator

__all__ = ["DCGAN", "DCGANDiscriminator", "DCGANGenerator"]
