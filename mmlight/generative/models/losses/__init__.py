"""Losses of generative models."""

from mmlight.generative.models.losses.gan_loss import GANLoss
from mmlight.generative.models.losses.gradient_penalty import gradient_penalty_loss
from mmlight.generative.models.losses.pixelwise import CharbonnierLoss, L1Loss, MSELoss

__all__ = ["CharbonnierLoss", "GANLoss", "L1Loss", "MSELoss", "gradient_penalty_loss"]
