"""What is done with mmpretrain, once on MMEngine and once on mmlight, and has to come out equal."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import sys
from pathlib import Path
from typing import Any

import torch
from torch.overrides import TorchFunctionMode


def run(engine: str, folder: str, task: str, work_dir: str) -> Any:
    """Import the unmodified package from its folder and carry out one of the tasks below."""
    sys.path.insert(0, folder)
    if engine == "mmlight":
        import mmlight.compat

        mmlight.compat.install()
    import_torchvision()
    return TASKS[task](Path(folder) / "mmpretrain" / ".mim" / "configs")


def import_torchvision() -> None:
    """Import torchvision, also where its compiled operators were built for another torch.

    It describes them to torch on import, so they have to be declared; mmpretrain takes the image
    transforms from it, which are Python.
    """
    try:
        import torchvision
    except RuntimeError:
        global _operators
        _operators = torch.library.Library("torchvision", "DEF")
        arguments = "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
        _operators.define(f"nms{arguments}")
        _operators.define(f"qnms{arguments}")
        import torchvision  # noqa: F401


def train(configs: Path) -> dict[str, Any]:
    """Three steps of a ResNet-18 of the zoo, from its own initialisation."""
    from mmengine.optim import OptimWrapper
    from mmpretrain import get_model
    from mmpretrain.structures import DataSample

    model = get_model("resnet18_8xb32_in1k")
    torch.manual_seed(0)
    model.init_weights()
    model.train()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.01))
    losses = []
    for label in range(3):
        samples = [DataSample().set_gt_label(label), DataSample().set_gt_label(label + 1)]
        loss = model(torch.randn(2, 3, 64, 64), samples, mode="loss")["loss"]
        wrapper.update_params(loss)
        losses.append(loss.detach())
    return {"losses": losses, "weights": dict(model.state_dict())}


def read_configs(configs: Path) -> dict[str, str]:
    """The content of each config as a digest, or the type of the error that it raises."""
    with fresh_processes() as pool:
        return dict(pool.map(read_config, zoo(configs), chunksize=1))


def read_config(path: Path) -> tuple[str, str]:
    from mmengine.config import Config

    try:
        return str(path), digest(json.dumps(Config.fromfile(path).to_dict(), sort_keys=True))
    except Exception as error:  # whatever a config of theirs may raise
        return str(path), kind_of(error)


class WeightsWithoutStorage(TorchFunctionMode):
    """What torch's layers make their weights with gives tensors that have a shape and no memory."""

    def __torch_function__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        if func is torch.empty:
            kwargs = {**(kwargs or {}), "device": "meta"}
        return func(*args, **(kwargs or {}))


def build_models(configs: Path) -> dict[str, str]:
    """A digest of the names and shapes of each model's weights, or the type of its error.

    The weights are not allocated: the zoo goes up to billions of them.
    """
    from mmpretrain.utils import register_all_modules

    register_all_modules()
    with fresh_processes() as pool:
        models = pool.map(read_model, zoo(configs), chunksize=1)
    # Of configs with the same model the last one stands for all.
    unique = {model: path for model, path in models if model is not None}
    with fresh_processes() as pool:
        return dict(pool.map(build_model, unique.values(), chunksize=8))


def read_model(path: Path) -> tuple[str | None, Path]:
    from mmengine.config import Config

    try:
        model = Config.fromfile(path).model
    except Exception:  # read_configs tells
        return None, path
    downloads = "tokenizer_path" in model.get("target_generator", {})
    return None if downloads else repr(model), path


def build_model(path: Path) -> tuple[str, str]:
    from mmengine.config import Config
    from mmpretrain.registry import MODELS

    try:
        with WeightsWithoutStorage():
            weights = MODELS.build(Config.fromfile(path).model).state_dict()
        return str(path), digest(json.dumps([(name, list(w.shape)) for name, w in weights.items()]))
    except Exception as error:  # whatever a model of theirs may raise
        return str(path), kind_of(error)


def zoo(configs: Path) -> list[Path]:
    return [path for path in sorted(configs.rglob("*.py")) if "_base_" not in path.parts]


def fresh_processes() -> Any:
    """A fork for each task: after an error, MMEngine reads later configs in another way."""
    return multiprocessing.get_context("fork").Pool(2, maxtasksperchild=1)


def base_of_the_classifier(configs: Path) -> str:
    """The module in which the base class of their classifier is defined."""
    from mmengine.model import BaseModel
    from mmpretrain.models import ImageClassifier

    assert issubclass(ImageClassifier, BaseModel)
    return BaseModel.__module__


def kind_of(error: Exception) -> str:
    """Name of its type; of kinds of RuntimeError, which are often the engine's own, that one."""
    return "RuntimeError" if isinstance(error, RuntimeError) else type(error).__name__


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


TASKS = {
    "train": train,
    "read_configs": read_configs,
    "build_models": build_models,
    "base_of_the_classifier": base_of_the_classifier,
}
