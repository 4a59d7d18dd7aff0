"""Datasets of the generative configs."""

from mmlight.datasets.data_sample import DataSample
from mmlight.datasets.digits import DigitsDataset, load_digits

__all__ = ["DataSample", "DigitsDataset", "load_digits"]
