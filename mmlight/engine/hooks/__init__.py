"""Hooks for generative models."""

from mmlight.engine.hooks.basic_visualization_hook import BasicVisualizationHook
from mmlight.engine.hooks.ema import ExponentialMovingAverageHook
from mmlight.engine.hooks.gen_visualization_hook import GenVisualizationHook
from mmlight.engine.hooks.iter_time_hook import GenIterTimerHook, IterTimerHook
from mmlight.engine.hooks.pggan_fetch_data_hook import PGGANFetchDataHook
from mmlight.engine.hooks.pickle_data_hook import PickleDataHook
from mmlight.engine.hooks.reduce_lr_scheduler_hook import ReduceLRSchedulerHook
from mmlight.engine.hooks.visualization_hook import VisualizationHook

__all__ = [
    "BasicVisualizationHook",
    "ExponentialMovingAverageHook",
    "GenIterTimerHook",
    "GenVisualizationHook",
    "IterTimerHook",
    "PGGANFetchDataHook",
    "PickleDataHook",
    "ReduceLRSchedulerHook",
    "VisualizationHook",
]
