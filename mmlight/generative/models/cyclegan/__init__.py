"""CycleGAN."""

from mmlight.generative.models.cyclegan.cyclegan import CycleGAN
from mmlight.generative.models.cyclegan.image_pool import ImagePool
from mmlight.generative.models.cyclegan.resnet_generator import ResnetGenerator

__all__ = ["CycleGAN", "ImagePool", "ResnetGenerator"]
