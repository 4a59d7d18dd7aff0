"""pix2pix."""

from mmlight.generative.models.pix2pix.pix2pix import Pix2Pix
from mmlight.generative.models.pix2pix.unet_generator import UnetGenerator

__all__ = ["Pix2Pix", "UnetGenerator"]
