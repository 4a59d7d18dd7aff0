"""Metrics of generative models, one file a metric."""

from mmlight.evaluation.fid import FrechetInceptionDistance, TransFID
from mmlight.evaluation.frechet_distance import FrechetDistance
from mmlight.evaluation.gen_evaluator import GenEvaluator
from mmlight.evaluation.gen_metric import GenMetric
from mmlight.evaluation.inception import InceptionFeatures
from mmlight.evaluation.inception_score import IS, InceptionScore, TransIS
from mmlight.evaluation.kid import KID
from mmlight.evaluation.mae import MAE
from mmlight.evaluation.ms_ssim import MS_SSIM
from mmlight.evaluation.niqe import NIQE
from mmlight.evaluation.perceptual_path_length import PerceptualDistance, PerceptualPathLength
from mmlight.evaluation.precision_and_recall import PrecisionAndRecall
from mmlight.evaluation.psnr import PSNR
from mmlight.evaluation.sample_wise_metric import SampleWiseMetric
from mmlight.evaluation.ssim import SSIM
from mmlight.evaluation.swd import SWD
from mmlight.evaluation.weight_files import ScriptFeatures

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
