"""DCGAN."""

from mmlight.models.dcgan.dcgan import DCGAN
from mmlight.models.dcgan.discriminator import DCGANDiscriminator
from mmlight.models.dcgan.generator import DCGANGenerator

__all__ = ["DCGAN", "DCGANDiscriminator", "DCGANGenerator"]
