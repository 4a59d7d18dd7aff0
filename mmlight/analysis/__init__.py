"""What a model costs: parameters, multiply-adds and activations."""

from .complexity_analysis import parameter_count
from .print_helper import get_model_complexity_info

__all__ = ["get_model_complexity_info", "parameter_count"]
