"""Generative models, one folder a family."""

from mmlight.models.base_edit_model import BaseEditModel
from mmlight.models.base_gan import BaseGAN
from mmlight.models.data_preprocessor import DataPreprocessor
from mmlight.models.dcgan import DCGAN, DCGANDiscriminator, DCGANGenerator
from mmlight.models.digits_features import DigitsFeatures
from mmlight.models.edsr import EDSRNet
from mmlight.models.losses import CharbonnierLoss, L1Loss, MSELoss
from mmlight.models.srcnn import SRCNNNet
from mmlight.models.wgan_gp import WGANGP, WGANGPDiscriminator, WGANGPGenerator

__all__ = [
    "DCGAN",
    "WGANGP",
    "BaseEditModel",
    "BaseGAN",
    "CharbonnierLoss",
    "DCGANDiscriminator",
    "DCGANGenerator",
    "DataPreprocessor",
    "DigitsFeatures",
    "EDSRNet",
    "L1Loss",
    "MSELoss",
    "SRCNNNet",
    "WGANGPDiscriminator",
    "WGANGPGenerator",
]
