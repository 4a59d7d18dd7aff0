"""What a model costs: parameters, multiply-adds and activations."""

from .analyzers import ActivationAnalyzer, FlopAnalyzer, activation_count, flop_count
from .complexity_analysis import parameter_count
from .print_helper import get_model_complexity_info, parameter_count_table

__all__ = [
    "ActivationAnalyzer",
    "FlopAnalyzer",
    "activation_count",
    "flop_count",
    "get_model_complexity_info",
    "parameter_count",
    "parameter_count_table",
]
