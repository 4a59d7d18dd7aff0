"""PGGAN."""

from mmlight.models.pggan.discriminator import PGGANDiscriminator
from mmlight.models.pggan.generator import PGGANGenerator
from mmlight.models.pggan.pggan import ProgressiveGrowingGAN
from mmlight.models.pggan.schedule import ScaleSchedule

__all__ = ["PGGANDiscriminator", "PGGANGenerator", "ProgressiveGrowingGAN", "ScaleSchedule"]
