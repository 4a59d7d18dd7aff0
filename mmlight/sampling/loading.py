"""A model and its weights, without data and without a training."""

from __future__ import annotations

import logging
from copy import deepcopy
from pathlib import Path
from typing import Any

from torch import nn

from mmlight.config import Config
from mmlight.device import get_device
from mmlight.generative.models import BaseGAN, SinGAN
from mmlight.generative.models.singan.singan import STATE_KEY
from mmlight.logging import MessageHub, print_log
from mmlight.registry import MODELS, DefaultScope
from mmlight.registry.place import section
from mmlight.runner.checkpoint import (
    CheckpointLoader,
    _load_checkpoint_to_model,
    refuse_missing_weights,
    weights_in,
)

# Networks that make images have these names in every family; the others are for training.
_GENERATES = "generator"
_EMA = "generator_ema."


def load_model(
    config: str | Path | dict[str, Any] | Config, checkpoint: str | Path, device: str | None = None
) -> nn.Module:
    """Build the model of a config with the weights of a checkpoint, to use and not to train.

    Args:
        config (str | Path | dict | Config): A config, or the path of one. Of it, ``model`` and
            ``default_scope`` are read.
        checkpoint (str | Path): A checkpoint of a training, or a published file of weights: a
            path, a URL or a name with a scheme that
            :class:`~mmlight.runner.checkpoint.CheckpointLoader` knows.
        device (str, optional): Where the model goes. Defaults to None, the best there is.

    Returns:
        nn.Module: The model in evaluation mode, with the config as ``cfg``. A moving average of
        the generator is there if the checkpoint has one.

    Raises:
        FileNotFoundError: If there is no such file.
        KeyError: If the config has no ``model``.
        RuntimeError: If the file lacks weights that the generator needs: it is of another model.

    Example:
        >>> import mmlight
        >>> model = mmlight.load_model("dcgan.py", "iter_2500.pth")  # doctest: +SKIP
        >>> images = mmlight.sample(model, num=16)["ema"]  # doctest: +SKIP
    """
    cfg: Any = config
    if isinstance(config, (str, Path)):
        cfg = Config.fromfile(config)
    elif not isinstance(config, Config):
        cfg = Config(config)
    if cfg.get("model") is None:
        raise KeyError(f"{cfg.filename or 'the config'} has no 'model' to load weights into")
    with DefaultScope.overwrite_default_scope(cfg.get("default_scope")), section("model"):
        model: Any = MODELS.build(cfg.model)
    file = str(checkpoint)
    read = CheckpointLoader.load_checkpoint(file, map_location="cpu", logger="silent")
    weights = weights_in(read, file)
    if isinstance(model, BaseGAN):
        _agree_on_average(model, weights)
    refuse_missing_weights(model, weights, file, _GENERATES)
    _load_checkpoint_to_model(model, {"state_dict": weights}, logger="silent")
    if isinstance(model, SinGAN):
        _take_noises(model, read)
    model.cfg = cfg
    result: nn.Module = model.to(device or get_device()).eval()
    return result


def _agree_on_average(model: Any, weights: dict[str, Any]) -> None:
    """Have a moving average where the weights have one, which a hook may have added."""
    averaged = any(name.removeprefix("module.").startswith(_EMA) for name in weights)
    if averaged and not model.with_ema_gen:
        model.generator_ema = deepcopy(model.generator).requires_grad_(False)
    elif model.with_ema_gen and not averaged:
        del model.generator_ema


def _take_noises(model: SinGAN, checkpoint: Any) -> None:
    """Take what a training of SinGAN keeps beside its weights; another file may bring it too."""
    if "message_hub" in checkpoint:
        hub = MessageHub("checkpoint")
        hub.load_state_dict(checkpoint["message_hub"])
        state = hub.get_info(STATE_KEY)
        if state is not None:
            model.take_noises(state)
            if model.test_pkl_data is not None:
                print_log(
                    f"model.test_pkl_data={model.test_pkl_data!r} is not read: the checkpoint has "
                    "the noises of its training, which are taken",
                    logger="current",
                    level=logging.WARNING,
                )
