"""Metrics of generative models, one file a metric."""

from mmlight.evaluation.frechet_distance import FrechetDistance
from mmlight.evaluation.gen_evaluator import GenEvaluator
from mmlight.evaluation.gen_metric import GenMetric
from mmlight.evaluation.mae import MAE
from mmlight.evaluation.psnr import PSNR
from mmlight.evaluation.sample_wise_metric import SampleWiseMetric
from mmlight.evaluation.ssim import SSIM

__all__ = [
    "MAE",
    "PSNR",
    "SSIM",
    "FrechetDistance",
    "GenEvaluator",
    "GenMetric",
    "SampleWiseMetric",
]
