"""Configs and models that installed packages ship, by names such as ``mmdet::yolo/yolo.py``."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from torch import nn

from mmlight.config import Config
from mmlight.config.utils import package_file
from mmlight.fileio import load
from mmlight.registry import MODELS, DefaultScope
from mmlight.registry.packages import register_all_modules
from mmlight.runner import load_checkpoint


def get_config(cfg_path: str, pretrained: bool = False) -> Config:
    """Read a config that an installed package ships.

    Args:
        cfg_path (str): ``package::path``, the path being relative to the package's configs.
        pretrained (bool): Put the address of the trained weights, which the package's
            ``model-index.yml`` leads to, into ``cfg.model_path``.

    Returns:
        Config: The config.

    Raises:
        TypeError: If ``cfg_path`` is not a string.
        ValueError: If ``cfg_path`` names no package.
        ModuleNotFoundError: If the package is not installed.
        FileNotFoundError: If it ships no such config.

    Example:
        >>> get_config("faster-rcnn_r50_fpn_1x_coco.py")
        Traceback (most recent call last):
        ValueError: cfg_path should be like 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py', \
but is 'faster-rcnn_r50_fpn_1x_coco.py'
    """
    path, _ = _find(cfg_path)
    cfg = Config.fromfile(path)
    if pretrained:
        weights = next(_weights_of(path), None)
        if weights is None:
            warnings.warn(f"no model-index.yml names trained weights of {cfg_path}", stacklevel=2)
        else:
            cfg.model_path = weights
    return cfg


def get_model(cfg_path: str, pretrained: bool = False, **kwargs: Any) -> nn.Module:
    """Build the model of a config that an installed package ships.

    Args:
        cfg_path (str): As for :func:`get_config`.
        pretrained (bool): Load the trained weights.
        **kwargs: Arguments of the model that the config does not set.

    Returns:
        nn.Module: The model.

    Raises:
        TypeError: If ``cfg_path`` is not a string.
        ValueError: If ``cfg_path`` names no package, or trained weights are asked for and there
            are none.
        ModuleNotFoundError: If the package is not installed.
        FileNotFoundError: If it ships no such config.

    Example:
        >>> name = "mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py"
        >>> model = get_model(name, pretrained=True)  # doctest: +SKIP
    """
    _, package = _find(cfg_path)
    cfg = get_config(cfg_path, pretrained)
    register_modules(package)
    with DefaultScope.overwrite_default_scope(cfg.get("default_scope", package)):
        model: nn.Module = MODELS.build(cfg.model, default_args=kwargs)
    if pretrained:
        if "model_path" not in cfg:
            raise ValueError(
                f"{cfg_path} has no trained weights: call get_model without pretrained"
            )
        load_checkpoint(model, cfg.model_path, map_location="cpu")
    return model


def _find(cfg_path: str) -> tuple[Path, str]:
    if not isinstance(cfg_path, str):
        raise TypeError(f"cfg_path should be a str, but got {cfg_path!r}")
    if "::" not in cfg_path:
        raise ValueError(
            "cfg_path should be like 'mmdet::faster_rcnn/faster-rcnn_r50_fpn_1x_coco.py', "
            f"but is {cfg_path!r}"
        )
    return package_file(cfg_path)


def register_modules(package: str) -> None:
    """Import the modules of a package, so that what they register can be built.

    Args:
        package (str): Name of an installed package.

    Raises:
        ModuleNotFoundError: If it is not installed.
    """
    importlib.import_module(package)
    if not register_all_modules(package):
        models = f"{package}.models"
        importlib.import_module(models if find_spec(models) is not None else package)


def models_of(folder: str | Path) -> Iterator[dict[str, Any]]:
    """Go through the models that a package publishes.

    Args:
        folder (str or Path): The folder with the package's ``model-index.yml``.

    Yields:
        dict: What a metafile says of a model: ``Name``, ``Config`` (relative to the folder), and
        mostly ``Alias`` and ``Weights``.
    """
    for metafile in load(Path(folder) / "model-index.yml").get("Import", []):
        yield from load(Path(folder) / metafile).get("Models", [])


def _weights_of(config: Path) -> Iterator[str]:
    """Go through the metafiles beside a package's folder of configs, from config to root."""
    root = next((p.parent for p in config.parents if p.name == "configs"), None)
    if root is None or not (root / "model-index.yml").is_file():
        return
    for model in models_of(root):
        if root / model.get("Config", "") == config and "Weights" in model:
            yield model["Weights"]
