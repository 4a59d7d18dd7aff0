"""SRCNN: super-resolution by three convolutions."""

from mmlight.generative.models.srcnn.srcnn_net import SRCNNNet

__all__ = ["SRCNNNet"]
