"""Wrappers that train one model with several processes."""

from mmlight.model.wrappers.distributed import MMDistributedDataParallel
from mmlight.model.wrappers.fully_sharded_distributed import MMFullyShardedDataParallel
from mmlight.model.wrappers.seperate_distributed import MMSeparateDistributedDataParallel
from mmlight.model.wrappers.utils import is_model_wrapper

__all__ = [
    "MMDistributedDataParallel",
    "MMFullyShardedDataParallel",
    "MMSeparateDistributedDataParallel",
    "is_model_wrapper",
]
