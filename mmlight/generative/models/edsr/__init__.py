"""EDSR: super-resolution by residual blocks without normalization."""

from mmlight.generative.models.edsr.edsr_net import EDSRNet

__all__ = ["EDSRNet"]
