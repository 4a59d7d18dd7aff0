"""PGGAN."""

from mmlight.generative.models.pggan.discriminator import PGGANDiscriminator
from mmlight.generative.models.pggan.generator import PGGANGenerator
from mmlight.generative.models.pggan.pggan import ProgressiveGrowingGAN
from mmlight.generative.models.pggan.schedule import ScaleSchedule

__all__ = ["PGGANDiscriminator", "PGGANGenerator", "ProgressiveGrowingGAN", "ScaleSchedule"]
