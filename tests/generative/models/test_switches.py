"""Each family trains compiled, in bfloat16 and with channels last, to about the same losses."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from mmlight.config import Config
from mmlight.hooks import Hook, RunnerLike
from mmlight.runner import Runner

CONFIGS = Path(__file__).parents[3] / "configs"
NARROW: dict[str, Any] = {"base_channels": 4}
FEW: dict[str, Any] = {"max_channels": 8}
SMALL: dict[str, dict[str, dict[str, Any]]] = {
    "dcgan/dcgan_digits-32x32.py": {
        "generator": {"base_channels": 16},
        "discriminator": {"base_channels": 4},
    },
    "wgan-gp/wgangp_digits-32x32.py": {"generator": FEW, "discriminator": FEW},
    "pggan/pggan_digits-4-32.py": {"generator": FEW, "discriminator": FEW},
    "stylegan2/stylegan2_digits-32x32.py": {"generator": FEW, "discriminator": FEW},
    "singan/singan_china.py": {"generator": NARROW, "discriminator": NARROW},
    "pix2pix/pix2pix_photo-patches.py": {"generator": NARROW, "discriminator": NARROW},
    "cyclegan/cyclegan_photo-patches.py": {
        "generator": {"base_channels": 4, "num_blocks": 1},
        "discriminator": NARROW,
    },
    "srcnn/srcnn_x2_photo-patches.py": {"generator": {"channels": (3, 8, 8, 3)}},
    "edsr/edsr_x2_photo-patches.py": {"generator": {"mid_channels": 8, "num_blocks": 1}},
}
families = pytest.mark.parametrize("name", SMALL, ids=lambda name: name.split("/")[0])


def config(name: str, work_dir: str) -> Config:
    cfg = Config.fromfile(CONFIGS / name)
    for network, changes in SMALL[name].items():
        cfg.model[network].update(changes)
    cfg.work_dir = work_dir
    cfg.train_cfg = {"type": "IterBasedTrainLoop", "max_iters": 2}
    if cfg.model.type == "ProgressiveGrowingGAN":
        # Both iterations are at one of the larger scales.
        cfg.model.nkimgs_per_scale = {"16": 100}
        cfg.train_dataloader.dataset.gpu_samples_per_scale = {"16": 4}
    if cfg.model.type != "SinGAN":
        cfg.train_dataloader.batch_size = 4
    for mode in ("val", "test"):
        for part in ("cfg", "dataloader", "evaluator"):
            cfg[f"{mode}_{part}"] = None
    cfg.custom_hooks = [hook for hook in cfg.custom_hooks or [] if "Fetch" in hook["type"]]
    cfg.default_hooks = {"logger": {"type": "LoggerHook", "interval": 1}, "checkpoint": None}
    cfg.visualizer = None
    return cfg


def losses(runner: Runner) -> dict[str, list[float]]:
    runner.train()
    found = runner.message_hub.log_scalars
    return {name: list(found[name].data[0]) for name in found if "loss" in name}


@cache
def plain(name: str) -> dict[str, list[float]]:
    with TemporaryDirectory() as folder:
        return losses(Runner.from_cfg(config(name, folder)))


def watched(model: nn.Module, see: Callable[[Tensor], Any]) -> list[Any]:
    """What ``see`` says of the results of convolutions from now on."""
    seen: list[Any] = []
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            module.register_forward_hook(lambda _, given, made: seen.append(see(made)))
    return seen


def assert_close(ours: dict[str, list[float]], name: str, tolerance: float) -> None:
    expected = plain(name)
    assert ours.keys() == expected.keys()
    for key, values in expected.items():
        assert ours[key] == pytest.approx(values, rel=tolerance, abs=tolerance), key


class ChannelsLast(Hook):
    """As the documents have it: weights are drawn before, or else they are others."""

    def before_train(self, runner: RunnerLike) -> None:
        for weight in runner.model.parameters():
            if weight.ndim == 4:
                weight.data = weight.data.to(memory_format=torch.channels_last)


def is_channels_last(image: Tensor) -> bool:
    return not image.is_contiguous() and image.is_contiguous(memory_format=torch.channels_last)


@families
def test_channels_last(name: str, tmp_path: Path) -> None:
    cfg = config(name, str(tmp_path))
    cfg.custom_hooks.append(ChannelsLast())
    runner = Runner.from_cfg(cfg)
    seen = watched(runner.model, is_channels_last)
    assert_close(losses(runner), name, 1e-2)
    assert any(map(is_channels_last, runner.model.parameters()))
    assert not seen or any(seen)


@families
def test_half_precision(name: str, tmp_path: Path) -> None:
    cfg = config(name, str(tmp_path))
    half = {"type": "AmpOptimWrapper", "dtype": "bfloat16"}
    if "optimizer" in cfg.optim_wrapper:
        cfg.optim_wrapper.update(half)
    else:
        for wrapper in cfg.optim_wrapper.values():
            if isinstance(wrapper, dict) and "optimizer" in wrapper:
                wrapper.update(half)
    runner = Runner.from_cfg(cfg)
    seen = watched(runner.model, lambda made: made.dtype)
    assert_close(losses(runner), name, 0.1)
    assert set(seen) <= {torch.bfloat16}
    assert {parameter.dtype for parameter in runner.model.parameters()} == {torch.float32}


# Tracing the steps of the others takes up to a minute each.
@pytest.mark.parametrize(
    "name", ["dcgan/dcgan_digits-32x32.py", "pix2pix/pix2pix_photo-patches.py"]
)
def test_compiled(name: str, tmp_path: Path) -> None:
    torch._dynamo.reset()
    cfg = config(name, str(tmp_path))
    graphs: list[int] = []

    def count(graph: torch.fx.GraphModule, example_inputs: list[Tensor]) -> Callable[..., Any]:
        graphs.append(len(graph.graph.nodes))
        return graph.forward

    cfg.compile = {"backend": count}
    assert_close(losses(Runner.from_cfg(cfg)), name, 1e-4)
    assert sum(graphs) > 20
