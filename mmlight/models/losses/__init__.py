"""Losses of generative models."""

from mmlight.models.losses.pixelwise import CharbonnierLoss, L1Loss, MSELoss

__all__ = ["CharbonnierLoss", "L1Loss", "MSELoss"]
