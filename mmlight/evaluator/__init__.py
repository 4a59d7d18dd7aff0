"""Metrics and the evaluator that feeds them."""

from mmlight.evaluator.evaluator import Evaluator
from mmlight.evaluator.metric import BaseMetric, DumpResults
from mmlight.evaluator.torchmetrics_adapter import TorchMetric
from mmlight.evaluator.utils import get_metric_value

__all__ = ["BaseMetric", "DumpResults", "Evaluator", "TorchMetric", "get_metric_value"]
