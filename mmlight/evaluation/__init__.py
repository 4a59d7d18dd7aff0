"""Metrics of generative models, one file a metric."""

from mmlight.evaluation.frechet_distance import FrechetDistance
from mmlight.evaluation.gen_evaluator import GenEvaluator
from mmlight.evaluation.gen_metric import GenMetric
from mmlight.evaluation.mae import MAE
from mmlight.evaluation.ms_ssim import MS_SSIM
from mmlight.evaluation.psnr import PSNR
from mmlight.evaluation.sample_wise_metric import SampleWiseMetric
from mmlight.evaluation.ssim import SSIM
from mmlight.evaluation.swd import SWD

__all__ = [
    "MAE",
    "MS_SSIM",
    "PSNR",
    "SSIM",
    "SWD",
    "FrechetDistance",
    "GenEvaluator",
    "GenMetric",
    "SampleWiseMetric",
]
