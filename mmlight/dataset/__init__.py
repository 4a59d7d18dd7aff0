"""Datasets, their wrappers, samplers and collate functions."""

from mmlight.dataset.base_dataset import BaseDataset
from mmlight.dataset.compose import Compose
from mmlight.dataset.dataset_wrapper import ClassBalancedDataset, ConcatDataset, RepeatDataset
from mmlight.dataset.lazy_init import force_full_init
from mmlight.dataset.sampler import DefaultSampler, InfiniteSampler
from mmlight.dataset.utils import (
    COLLATE_FUNCTIONS,
    default_collate,
    pseudo_collate,
    worker_init_fn,
)

__all__ = [
    "COLLATE_FUNCTIONS",
    "BaseDataset",
    "ClassBalancedDataset",
    "Compose",
    "ConcatDataset",
    "DefaultSampler",
    "InfiniteSampler",
    "RepeatDataset",
    "default_collate",
    "force_full_init",
    "pseudo_collate",
    "worker_init_fn",
]
