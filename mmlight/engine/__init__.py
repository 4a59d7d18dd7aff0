"""Hooks, loops, optimizer constructors and schedulers for generative models."""

from mmlight.engine.concat_image_visualizer import ConcatImageVisualizer
from mmlight.engine.gen_visualizer import GenVisualizer
from mmlight.engine.hooks import (
    BasicVisualizationHook,
    ExponentialMovingAverageHook,
    GenIterTimerHook,
    GenVisualizationHook,
    IterTimerHook,
    PGGANFetchDataHook,
    PickleDataHook,
    ReduceLRSchedulerHook,
    VisualizationHook,
)
from mmlight.engine.optimizers import (
    MultiOptimWrapperConstructor,
    PGGANOptimWrapperConstructor,
    SinGANOptimWrapperConstructor,
)
from mmlight.engine.runner import (
    GenLogProcessor,
    GenTestLoop,
    GenValLoop,
    LogProcessor,
    MultiTestLoop,
    MultiValLoop,
)
from mmlight.engine.schedulers import LinearLrInterval, ReduceLR
from mmlight.engine.vis_backend import VisBackend

__all__ = [
    "BasicVisualizationHook",
    "ConcatImageVisualizer",
    "ExponentialMovingAverageHook",
    "GenIterTimerHook",
    "GenLogProcessor",
    "GenTestLoop",
    "GenValLoop",
    "GenVisualizationHook",
    "GenVisualizer",
    "IterTimerHook",
    "LinearLrInterval",
    "LogProcessor",
    "MultiOptimWrapperConstructor",
    "MultiTestLoop",
    "MultiValLoop",
    "PGGANFetchDataHook",
    "PGGANOptimWrapperConstructor",
    "PickleDataHook",
    "ReduceLR",
    "ReduceLRSchedulerHook",
    "SinGANOptimWrapperConstructor",
    "VisBackend",
    "VisualizationHook",
]
