"""Metrics of generative models."""

from mmlight.evaluation.frechet_distance import FrechetDistance
from mmlight.evaluation.gen_evaluator import GenEvaluator
from mmlight.evaluation.gen_metric import GenMetric

__all__ = ["FrechetDistance", "GenEvaluator", "GenMetric"]
