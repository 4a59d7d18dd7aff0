"""Optimizer wrapper constructors for generative models."""

from mmlight.engine.optimizers.multi_optimizer_constructor import MultiOptimWrapperConstructor
from mmlight.engine.optimizers.pggan_optimizer_constructor import PGGANOptimWrapperConstructor
from mmlight.engine.optimizers.singan_optimizer_constructor import SinGANOptimWrapperConstructor

__all__ = [
    "MultiOptimWrapperConstructor",
    "PGGANOptimWrapperConstructor",
    "SinGANOptimWrapperConstructor",
]
