"""The optimizer constructors: on networks of their kind, and in a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmlight.engine import (
    MultiOptimWrapperConstructor,
    PGGANOptimWrapperConstructor,
    SinGANOptimWrapperConstructor,
)
from mmlight.model import BaseModel
from mmlight.optim import OptimWrapper, OptimWrapperDict, build_optim_wrapper
from tests.engine.toys import gan_runner, regression_runner

ADAM = {"optimizer": {"type": "Adam", "lr": 0.1}}


class Blocks(nn.Module):
    """A network in three blocks, with something outside of them."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(1, 1) for _ in range(3))
        self.head = nn.Linear(1, 1)
        self.scale = nn.Parameter(torch.ones(1))


def model(scales: Any = ((4, 4), (8, 8), (16, 16))) -> nn.Module:
    net = nn.ModuleDict({"generator": Blocks(), "discriminator": Blocks()})
    net.scales = scales
    return net


def names(wrapper: Any, net: nn.Module) -> set[str]:
    known = {parameter: name for name, parameter in net.named_parameters()}
    return {known[parameter] for group in wrapper.param_groups for parameter in group["params"]}


def test_multi_gives_each_submodule_its_own() -> None:
    constructor = MultiOptimWrapperConstructor(
        {
            "constructor": "MultiOptimWrapperConstructor",
            "discriminator": {
                "type": "OptimWrapper",
                "accumulative_counts": 2,
                "optimizer": {"type": "SGD", "lr": 0.2},
                "paramwise_cfg": {"custom_keys": {"head": {"lr_mult": 10}}},
            },
            "generator": ADAM,
        }
    )
    net = model()
    wrappers = constructor(net)
    assert isinstance(wrappers, OptimWrapperDict)
    assert list(wrappers.keys()) == ["discriminator", "generator"]
    assert names(wrappers["generator"], net) == {
        name for name, _ in net.named_parameters() if name.startswith("generator.")
    }
    assert max(wrappers["discriminator"].get_lr()["lr"]) == 2.0
    assert wrappers["discriminator"]._accumulative_counts == 2


def diffusion() -> nn.Module:
    net = nn.ModuleDict({"unet": nn.Linear(1, 1), "vae": nn.Linear(1, 1)})
    net["tail"] = nn.ModuleDict({"unet": nn.Linear(1, 1)})
    return net


def test_multi_takes_regular_expressions_of_whole_names() -> None:
    net = diffusion()
    wrappers = MultiOptimWrapperConstructor({".*unet": ADAM, "vae": ADAM})(net)
    assert list(wrappers.keys()) == [".*unet", "vae"]
    unets = {"unet.weight", "unet.bias", "tail.unet.weight", "tail.unet.bias"}
    assert names(wrappers[".*unet"], net) == unets
    with pytest.raises(KeyError, match="'une'"):
        MultiOptimWrapperConstructor({"une": ADAM})(net)
    rules = {**ADAM, "paramwise_cfg": {"bias_lr_mult": 2.0}}
    with pytest.raises(AssertionError, match="2 of them"):
        MultiOptimWrapperConstructor({".*unet": rules})(net)


@pytest.mark.parametrize(
    ("modules", "parts"),
    [("unet", {"unet"}), (".*unet", {"unet", "tail.unet"}), (["vae", "unet"], {"vae", "unet"})],
)
def test_multi_with_one_optimizer_for_several_parts(modules: Any, parts: set[str]) -> None:
    net = diffusion()
    cfg = {"constructor": "MultiOptimWrapperConstructor", **ADAM, "modules": modules}
    wrapper = build_optim_wrapper(net, cfg)
    assert type(wrapper) is OptimWrapper
    assert names(wrapper, net) == {f"{part}.{p}" for part in parts for p in ("weight", "bias")}


def test_multi_finds_submodules_of_submodules() -> None:
    net = model()
    wrappers = MultiOptimWrapperConstructor({"generator.head": ADAM})(net)
    assert names(wrappers["generator.head"], net) == {
        "generator.head.weight",
        "generator.head.bias",
    }


@pytest.mark.parametrize(
    "kind",
    [MultiOptimWrapperConstructor, PGGANOptimWrapperConstructor, SinGANOptimWrapperConstructor],
)
def test_bad_configs(kind: type) -> None:
    with pytest.raises(TypeError, match="dict"):
        kind([ADAM])
    with pytest.raises(TypeError, match="generator"):
        kind({"generator": "Adam"})
    with pytest.raises(AssertionError, match="paramwise_cfg"):
        kind({"generator": ADAM}, {"bias_lr_mult": 1})
    with pytest.raises(KeyError, match="nearest: generator"):
        kind({"generater": ADAM})(model())


def test_multi_names_a_missing_submodule_before_training(tmp_path: Path) -> None:
    runner = gan_runner(
        tmp_path,
        optim_wrapper={
            "constructor": "MultiOptimWrapperConstructor",
            "generator": ADAM,
            "critic": ADAM,
        },
    )
    with pytest.raises(KeyError, match="critic"):
        runner.train()


def test_two_optimizers_count_one_iteration(tmp_path: Path) -> None:
    runner = gan_runner(tmp_path, 3)
    runner.train()
    assert runner.iter == 3
    assert runner.trainer.global_step == 3


def test_singan_gives_each_scale_its_own() -> None:
    net = model()
    wrappers = SinGANOptimWrapperConstructor({"generator": ADAM, "discriminator": ADAM})(net)
    assert list(wrappers.keys()) == [
        f"{network}_{scale}" for network in ("generator", "discriminator") for scale in range(3)
    ]
    assert names(wrappers["generator_1"], net) == {
        "generator.blocks.1.weight",
        "generator.blocks.1.bias",
    }


def test_pggan_with_a_fresh_optimizer_for_each_scale() -> None:
    net = model()
    wrappers = PGGANOptimWrapperConstructor(
        {
            "generator": ADAM,
            "discriminator": {"optimizer": {"type": "SGD", "lr": 0.5}},
            "lr_schedule": {"generator": {"8": 0.2, 16: 0.3}},
        }
    )(net)
    assert {name: wrapper.get_lr()["lr"] for name, wrapper in wrappers.items()} == {
        "generator_4": [0.1],
        "generator_8": [0.2],
        "generator_16": [0.3],
        "discriminator_4": [0.5],
        "discriminator_8": [0.5],
        "discriminator_16": [0.5],
    }
    common = {"generator.head.weight", "generator.head.bias", "generator.scale"}
    for scale, count in (("4", 1), ("8", 2), ("16", 3)):
        blocks = {f"generator.blocks.{i}.{p}" for i in range(count) for p in ("weight", "bias")}
        assert names(wrappers[f"generator_{scale}"], net) == common | blocks


def test_pggan_with_an_optimizer_for_what_a_scale_adds() -> None:
    net = model(scales=[4, 8, 16])
    wrappers = PGGANOptimWrapperConstructor(
        {"generator": ADAM, "reset_optim_for_new_scale": False}
    )(net)
    parts = [names(wrappers[f"generator_{scale}"], net) for scale in (4, 8, 16)]
    assert parts[1] == {"generator.blocks.1.weight", "generator.blocks.1.bias"}
    assert parts[0] & parts[1] == parts[1] & parts[2] == set()
    assert set().union(*parts) == {n for n, _ in net.named_parameters() if n.startswith("gen")}


def without_blocks() -> nn.Module:
    """Networks as MMagic's are, whose parts have names of their own."""
    net = nn.ModuleDict({"generator": nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))})
    net.scales = [(4, 4), (8, 8)]
    return net


def test_pggan_with_networks_without_blocks() -> None:
    net = without_blocks()
    wrappers = PGGANOptimWrapperConstructor(
        {"generator": ADAM, "lr_schedule": {"generator": {"8": 0.2}}}
    )(net)
    assert wrappers.get_lr() == {"generator_4.lr": [0.1], "generator_8.lr": [0.2]}
    for wrapper in wrappers.values():
        assert names(wrapper, net) == {name for name, _ in net.named_parameters()}
    assert wrappers["generator_4"].optimizer is not wrappers["generator_8"].optimizer


def test_pggan_keeps_the_moments_of_networks_without_blocks(
    capsys: pytest.CaptureFixture[str],
) -> None:
    cfg = {"generator": ADAM, "reset_optim_for_new_scale": False}
    cfg["lr_schedule"] = {"generator": {"8": 0.2}}
    wrappers = PGGANOptimWrapperConstructor(cfg)(without_blocks())
    assert wrappers["generator_4"] is wrappers["generator_8"]
    assert wrappers["generator_8"].get_lr()["lr"] == [0.1]
    assert "lr_schedule has no effect on 'generator'" in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("cfg", "scales", "error", "words"),
    [
        ({"lr_schedule": {"critic": {"4": 1}}}, [4, 8, 16], KeyError, "critic"),
        ({"lr_schedule": {"generator": {"32": 1}}}, [4, 8, 16], ValueError, "32"),
        ({}, [4, 8], ValueError, "3 blocks for 2 scales"),
    ],
)
def test_pggan_refuses_what_does_not_fit(
    cfg: dict, scales: list[int], error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        PGGANOptimWrapperConstructor({"generator": ADAM, **cfg})(model(scales))


class Pyramid(BaseModel):
    """Trains the block of one scale after the other, as SinGAN does."""

    def __init__(self, iters_per_scale: int) -> None:
        super().__init__()
        self.generator = Blocks()
        self.iters_per_scale = iters_per_scale
        self.register_buffer("done", torch.zeros((), dtype=torch.long))

    def train_step(self, data: Any, optim_wrapper: OptimWrapperDict) -> dict:
        scale = min(int(self.done) // self.iters_per_scale, 2)
        loss = (
            self.generator.blocks[scale](torch.ones(1, 1, device=self.done.device)).square().sum()
        )
        optim_wrapper[f"generator_{scale}"].update_params(loss)
        self.done += 1
        return {"loss": loss}

    def forward(self, inputs: Any, data_samples: Any = None, mode: str = "tensor") -> Any:
        raise NotImplementedError


def test_singan_in_a_run(tmp_path: Path) -> None:
    net = Pyramid(iters_per_scale=4)
    start = [block.weight.item() for block in net.generator.blocks]
    runner = regression_runner(
        tmp_path,
        model=net,
        optim_wrapper={
            "constructor": "SinGANOptimWrapperConstructor",
            "generator": {"optimizer": {"type": "SGD", "lr": 0.01}},
        },
    )
    runner.train()  # 2 epochs of 4 iterations: two scales of three
    moved = [
        block.weight.item() != weight
        for block, weight in zip(net.generator.blocks, start, strict=True)
    ]
    assert moved == [True, True, False]
