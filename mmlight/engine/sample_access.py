"""Sampling a model of any make, and reading what comes out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from lightning.pytorch import LightningModule
from torch import Tensor, nn

from mmlight.structures import BaseDataElement


def model_range(module: nn.Module) -> dict[str, Any]:
    """Say how to read images that are in the range in which a model works.

    Args:
        module (nn.Module): The model; its data preprocessor knows.

    Returns:
        dict: ``color_order``, ``target_mean`` and ``target_std``; empty if nothing is known.
    """
    preprocessor = getattr(module, "data_preprocessor", None)
    mean, std = (getattr(preprocessor, name, None) for name in ("mean", "std"))
    if mean is None or std is None:
        return {}
    order = getattr(preprocessor, "output_channel_order", None) or _order_given_to(preprocessor)
    return {"color_order": order.lower(), "target_mean": mean, "target_std": std}


def output_range(module: nn.Module) -> dict[str, Any]:
    """Say how to read images that a model returns.

    Args:
        module (nn.Module): The model. One whose data preprocessor has ``destruct`` returns grey
            levels already.

    Returns:
        dict: ``color_order``, ``target_mean`` and ``target_std``; empty if nothing is known.
    """
    preprocessor = getattr(module, "data_preprocessor", None)
    if not hasattr(preprocessor, "destruct"):
        return model_range(module)
    order = _order_given_to(preprocessor)
    return {"color_order": order.lower(), "target_mean": 0.0, "target_std": 1.0}


def _order_given_to(preprocessor: Any) -> str:
    """Order of the images of a dataset; MMagic's, whose preprocessor has ``destruct``, are BGR."""
    usual = "bgr" if hasattr(preprocessor, "destruct") else "rgb"
    return getattr(preprocessor, "input_channel_order", None) or usual


def noted_order(samples: Any) -> dict[str, Any]:
    """Say in which order a pipeline has read the channels of images.

    Args:
        samples (Any): Samples of a batch, or a batch that has them as ``data_samples``.

    Returns:
        dict: ``color_order``; empty if there is no note of it.

    Example:
        >>> from mmlight.generative.datasets import DataSample
        >>> noted_order([DataSample(metainfo=dict(gt_channel_order="rgb"))])
        {'color_order': 'rgb'}
    """
    if isinstance(samples, Mapping):
        samples = samples.get("data_samples")
    first = samples[0] if isinstance(samples, (list, tuple)) and samples else None
    for name in ("gt_channel_order", "img_channel_order"):
        if isinstance(first, BaseDataElement) and name in first:
            return {"color_order": first.get(name).lower()}
    return {}


def sample_function(module: Any) -> Callable[[Any], Any]:
    """Find out how to sample a model.

    Args:
        module (nn.Module): A model with the documented ``val_step``, or a LightningModule, whose
            ``predict_step`` then serves; it is given noise as a tensor.

    Returns:
        Callable: From what a sampler gives to what the model returns.

    Raises:
        TypeError: If the model has neither method.
    """
    if hasattr(module, "val_step"):
        result: Callable[[Any], Any] = module.val_step
        return result
    if not _predicts(module):
        raise TypeError(
            f"{type(module).__name__} cannot be sampled: it has neither a val_step nor a "
            "predict_step of its own"
        )
    return lambda data: module.predict_step(_bare_noise(data), 0)


def _predicts(module: Any) -> bool:
    """Whether a module has a ``predict_step``; Lightning's own calls ``forward``."""
    step = getattr(type(module), "predict_step", None)
    if step is LightningModule.predict_step:
        return type(module).forward is not LightningModule.forward
    return hasattr(module, "predict_step")


def _bare_noise(data: Any) -> Any:
    """A LightningModule takes noise as a tensor, when nothing else is asked for."""
    inputs = data.get("inputs") if isinstance(data, Mapping) else None
    if isinstance(inputs, Mapping) and set(inputs) == {"noise", "num_batches"}:
        return inputs["noise"]
    return data


def samples_of(outputs: Any) -> list[Any]:
    """Take what a model returned apart.

    Args:
        outputs (Any): A list of samples, a tensor of images, or a dict of such tensors.

    Returns:
        list: One entry for each image.

    Example:
        >>> import torch
        >>> len(samples_of(torch.zeros(3, 1, 4, 4)))
        3
    """
    if isinstance(outputs, Mapping):
        columns = {name: value for name, value in outputs.items() if isinstance(value, Tensor)}
        rows = zip(*columns.values(), strict=True)
        return [dict(zip(columns, row, strict=True)) for row in rows]
    return list(outputs)
