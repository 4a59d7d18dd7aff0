"""The model inside its wrappers."""

from __future__ import annotations

from typing import Any

from torch import nn

from mmlight.model.test_time_aug import BaseTTAModel
from mmlight.model.wrappers.utils import is_model_wrapper


def bare_model(model: nn.Module) -> Any:
    """Take off a model what is around it: wrappers for training, augmentation of tests.

    What counts is the type of a wrapper: a model may have a part of its own that is named
    ``module``.

    Args:
        model (nn.Module): A model, perhaps wrapped.

    Returns:
        nn.Module: The model whose weights a checkpoint has.

    Example:
        >>> bare_model(nn.DataParallel(nn.ReLU())), bare_model(nn.Sequential())
        (ReLU(), Sequential())
    """
    bare: Any = model
    while is_model_wrapper(bare) or isinstance(bare, BaseTTAModel):
        bare = bare.module
    return bare
