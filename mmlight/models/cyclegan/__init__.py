"""CycleGAN."""

from mmlight.models.cyclegan.cyclegan import CycleGAN
from mmlight.models.cyclegan.image_pool import ImagePool
from mmlight.models.cyclegan.resnet_generator import ResnetGenerator

__all__ = ["CycleGAN", "ImagePool", "ResnetGenerator"]
