"""Metrics of generative models, one file a metric."""

from mmlight.generative.evaluation.fid import FrechetInceptionDistance, TransFID
from mmlight.generative.evaluation.frechet_distance import FrechetDistance
from mmlight.generative.evaluation.gen_evaluator import GenEvaluator
from mmlight.generative.evaluation.gen_metric import GenMetric
from mmlight.generative.evaluation.inception import InceptionFeatures
from mmlight.generative.evaluation.inception_score import IS, InceptionScore, TransIS
from mmlight.generative.evaluation.kid import KID
from mmlight.generative.evaluation.mae import MAE
from mmlight.generative.evaluation.ms_ssim import MS_SSIM
from mmlight.generative.evaluation.niqe import NIQE
from mmlight.generative.evaluation.perceptual_path_length import (
    PerceptualDistance,
    PerceptualPathLength,
)
from mmlight.generative.evaluation.precision_and_recall import PrecisionAndRecall
from mmlight.generative.evaluation.psnr import PSNR
from mmlight.generative.evaluation.sample_wise_metric import SampleWiseMetric
from mmlight.generative.evaluation.ssim import SSIM
from mmlight.generative.evaluation.swd import SWD
from mmlight.generative.evaluation.weight_files import ScriptFeatures

__all__ = [
    "IS",
    "KID",
    "MAE",
    "MS_SSIM",
    "NIQE",
    "PSNR",
    "SSIM",
    "SWD",
    "FrechetDistance",
    "FrechetInceptionDistance",
    "GenEvaluator",
    "GenMetric",
    "InceptionFeatures",
    "InceptionScore",
    "PerceptualDistance",
    "PerceptualPathLength",
    "PrecisionAndRecall",
    "SampleWiseMetric",
    "ScriptFeatures",
    "TransFID",
    "TransIS",
]
