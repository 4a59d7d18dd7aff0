"""What is done with mmagic, once on MMEngine and once on mmlight, and has to come out equal."""

from __future__ import annotations

import importlib
import importlib.util
import inspect
import pkgutil
import sys
from collections.abc import Callable, Iterator
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import nn

# Imported by mmagic at its top, and of no use to what is done here.
UNUSED = {
    "accelerate", "albumentations", "av", "clip", "controlnet_aux", "decord", "diffusers",
    "einops", "face_alignment", "facexlib", "ftfy", "huggingface_hub", "imageio", "lpips",
    "mmcv._ext", "omegaconf", "open_clip", "pandas", "regex", "resize_right", "safetensors",
    "sentencepiece", "transformers", "xformers",
}  # fmt: skip


def run(engine: str, folder: str, task: str, work_dir: str, **kwargs: Any) -> Any:
    """Import the unmodified package from its folder and carry out one of the tasks below."""
    sys.path.insert(0, folder)
    if engine == "mmlight":
        import mmlight.compat

        mmlight.compat.install()
    else:
        load = torch.load  # MMEngine cannot read its own checkpoints with torch's new default
        torch.load = lambda *args, **kwargs: load(*args, **{"weights_only": False, **kwargs})
    sys.meta_path.append(UnusedFinder())
    for name, kind in {"bool8": np.bool_, "float_": np.float64}.items():
        if not hasattr(np, name):
            setattr(np, name, kind)
    declare_operators()
    return TASKS[task](Path(work_dir), **kwargs)


def declare_operators() -> None:
    """Let torchvision import where its compiled operators were built for another torch."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError:
        global _operators
        _operators = torch.library.Library("torchvision", "DEF")
        for name in ("nms", "qnms"):
            _operators.define(f"{name}(Tensor a, Tensor b, float iou_threshold) -> Tensor")


class UnusedFinder:
    """Answers imports of packages that are not installed, and not used, with empty classes."""

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        if fullname in UNUSED or fullname.split(".")[0] in UNUSED:
            return ModuleSpec(fullname, self, is_package=True)  # type: ignore[arg-type]
        return None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        return UnusedModule(spec.name)

    def exec_module(self, module: ModuleType) -> None:
        """There is nothing in it."""


class UnusedModule(ModuleType):
    """A module with any name that is asked for."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name == "register_to_config":
            return lambda function: function
        if name.startswith("is_"):
            return lambda *args, **kwargs: False
        if self.__name__ == "mmcv._ext":
            return lambda *args, **kwargs: None
        return type(name, (), {"__module__": self.__name__})


# ------------------------------------------------------------------------------- trainings


def train(work_dir: Path, family: str, images: str, ours: tuple[str, ...] = ()) -> dict[str, Any]:
    """Train a config of the zoo, made small, with its hooks and its validations.

    ``ours`` names the parts that mmlight.engine is to answer for in its package's place.
    """
    import mmagic
    from mmengine.config import Config
    from mmengine.runner import Runner

    path, shrink, iterations = FAMILIES[family]
    cfg = Config.fromfile(Path(mmagic.__file__).parent / ".mim" / "configs" / path)
    cfg.work_dir, cfg.randomness = str(work_dir), {"seed": 1}
    shrink(cfg, Path(images))
    cfg.train_cfg["max_iters"] = iterations
    cfg.default_hooks["logger"]["interval"] = 1
    cfg.default_hooks["checkpoint"]["interval"] = 3
    for hook in cfg.get("custom_hooks") or []:
        if hook["type"] == "VisualizationHook":
            hook["interval"] = 3
    for name in ours:
        replace(cfg, name)
    record = record_hook()
    runner = Runner.from_cfg(cfg)
    runner.register_hook(record)
    runner.train()
    return {
        "losses": record.losses,
        "metrics": record.metrics,
        "rates": runner.optim_wrapper.get_lr(),
        "weights": dict(runner.model.state_dict()),
        "pictures": len(list(work_dir.rglob("*.png"))),
    }


def replace(node: Any, name: str) -> None:
    """Make ``name`` the class of mmlight.engine, wherever a config below ``node`` has it."""
    import mmlight.engine

    for key in list(node):
        value = node[key] if isinstance(node, dict) else key
        if value == name and key in ("type", "constructor"):
            node[key] = getattr(mmlight.engine, name)
        elif isinstance(value, (dict, list, tuple)):
            replace(value, name)


def record_hook() -> Any:
    from mmengine.hooks import Hook

    class Record(Hook):
        priority = "LOWEST"

        def __init__(self) -> None:
            self.losses: list[dict] = []
            self.metrics: list[dict] = []

        def after_train_iter(
            self, runner: Any, batch_idx: int, data_batch: Any = None, outputs: Any = None
        ) -> None:
            numbers = {k: v for k, v in (outputs or {}).items() if torch.as_tensor(v).numel() == 1}
            self.losses.append({k: float(torch.as_tensor(v).detach()) for k, v in numbers.items()})

        def after_val_epoch(self, runner: Any, metrics: Any = None) -> None:
            self.metrics.append({k: float(v) for k, v in (metrics or {}).items()})

    return Record()


def in_this_process(loader: Any, **changes: Any) -> None:
    loader.update(num_workers=0, persistent_workers=False, **changes)


def dcgan(cfg: Any, images: Path) -> None:
    from mmagic.models.editors.dcgan import dcgan_discriminator

    # Theirs fails in 1.2.0 on any engine.
    dcgan_discriminator.DCGANDiscriminator.init_weights = normal_weights
    for name in ("train_dataloader", "val_dataloader", "test_dataloader"):
        in_this_process(cfg[name], batch_size=4)
        cfg[name]["dataset"]["data_root"] = str(images / "gt")
    cfg.model["generator"]["base_channels"] = cfg.model["discriminator"]["base_channels"] = 8
    wanted = [{"type": "MS_SSIM", "prefix": "similar", "fake_nums": 8, "sample_model": "orig"}]
    wanted.append({**wanted[0], "type": "SWD", "prefix": "swd", "image_shape": (3, 64, 64)})
    cfg.val_evaluator["metrics"], cfg.test_evaluator["metrics"] = wanted, list(wanted)
    cfg.train_cfg.update(val_begin=1, val_interval=3)


def normal_weights(self: nn.Module) -> None:
    for module in self.modules():
        if isinstance(module, (nn.Conv2d, nn.ConvTranspose2d)):
            nn.init.normal_(module.weight, 0, 0.02)


def srcnn(cfg: Any, images: Path) -> None:
    for name in ("train_dataloader", "val_dataloader"):
        loaders = cfg[name] if isinstance(cfg[name], list) else [cfg[name]]
        for loader in loaders:
            in_this_process(loader)
            loader["dataset"].update(
                data_root=str(images), data_prefix={"img": "lq", "gt": "gt"}, ann_file=""
            )
    cfg.train_dataloader["batch_size"] = 2
    for transform in cfg.train_dataloader["dataset"]["pipeline"]:
        if transform["type"] == "PairedRandomCrop":
            transform["gt_patch_size"] = 32
    cfg.model["generator"]["channels"] = (3, 4, 4, 3)
    cfg.param_scheduler["periods"] = [2, 2, 2, 2]
    cfg.test_cfg = cfg.test_dataloader = cfg.test_evaluator = None
    cfg.default_hooks["checkpoint"]["out_dir"] = cfg.work_dir
    cfg.train_cfg["val_interval"] = 3


def pggan(cfg: Any, images: Path) -> None:
    cfg.model.update(noise_size=8, transition_kimgs=0.008)
    cfg.model["nkimgs_per_scale"] = {"4": 0.008, "8": 0.016, "16": 0.02}
    cfg.model["generator"].update(out_scale=16, base_channels=32, max_channels=16)
    cfg.model["discriminator"].update(in_scale=16, base_channels=32, max_channels=16)
    for name in ("train_dataloader", "test_dataloader"):
        in_this_process(cfg[name], batch_size=4)
        for transform in cfg[name]["dataset"]["pipeline"]:
            if transform["type"] == "Resize":
                transform["scale"] = (16, 16)
    dataset = cfg.train_dataloader["dataset"]
    dataset["data_roots"] = {"16": str(images / "gt")}
    dataset["gpu_samples_per_scale"] = {"4": 4, "8": 4, "16": 2}
    dataset["gpu_samples_base"] = 2
    cfg.test_dataloader["dataset"]["data_root"] = str(images / "gt")
    rates = {"16": 0.0015}
    cfg.optim_wrapper["lr_schedule"] = {"generator": rates, "discriminator": dict(rates)}
    for wrapper in (cfg.optim_wrapper["generator"], cfg.optim_wrapper["discriminator"]):
        # torch refuses betas of which one is a whole number.
        wrapper["optimizer"]["betas"] = tuple(map(float, wrapper["optimizer"]["betas"]))
    cfg.test_evaluator["metrics"] = []
    for key in ("save_best", "rule"):
        cfg.default_hooks["checkpoint"].pop(key, None)


FAMILIES: dict[str, tuple[str, Callable[[Any, Path], None], int]] = {
    "dcgan": ("dcgan/dcgan_1xb128-300kiters_celeba-cropped-64.py", dcgan, 6),
    "srcnn": ("srcnn/srcnn_x4k915_1xb16-1000k_div2k.py", srcnn, 6),
    "pggan": ("pggan/pggan_8xb4-12Mimgs_celeba-cropped-128x128.py", pggan, 14),
}


# ----------------------------------------------------------------------------------- names


def names_of_the_engine(work_dir: Path) -> dict[str, dict[str, list[str]]]:
    """The public names of mmagic.engine by module, with the parameters of each."""
    return described("mmagic.engine")


def described(package: str) -> dict[str, dict[str, list[str]]]:
    """The classes, methods and functions that a package brings itself, with their parameters."""
    modules = [package]
    for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
        modules.append(module.name)
    return {
        name.removeprefix(package).lstrip("."): dict(described_module(name, package))
        for name in modules
    }


def described_module(name: str, package: str) -> Iterator[tuple[str, list[str]]]:
    for found, thing in sorted(vars(importlib.import_module(name)).items()):
        if found.startswith("_") or not getattr(thing, "__module__", "").startswith(package):
            continue
        yield found, parameters(thing)
        for method in vars(thing) if inspect.isclass(thing) else ():
            if not method.startswith("_") and callable(getattr(thing, method)):
                yield f"{found}.{method}", parameters(getattr(thing, method))


def parameters(thing: Any) -> list[str]:
    """Names of parameters, with their defaults."""
    return [
        str(parameter.replace(annotation=inspect.Parameter.empty))
        for parameter in inspect.signature(thing).parameters.values()
    ]


TASKS: dict[str, Callable[..., Any]] = {"train": train, "names": names_of_the_engine}
