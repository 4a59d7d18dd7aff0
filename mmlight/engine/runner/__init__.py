"""Loops and log lines for generative models and for several datasets."""

from mmlight.engine.runner.gen_loops import GenTestLoop, GenValLoop
from mmlight.engine.runner.log_processor import GenLogProcessor, LogProcessor
from mmlight.engine.runner.multi_loops import MultiTestLoop, MultiValLoop

__all__ = [
    "GenLogProcessor",
    "GenTestLoop",
    "GenValLoop",
    "LogProcessor",
    "MultiTestLoop",
    "MultiValLoop",
]
