"""The examples in the documents of MMEditing's engine, and its names in every spelling."""

from __future__ import annotations

import pytest
from torch import nn

import mmlight.engine
from mmlight.registry import (
    HOOKS,
    LOG_PROCESSORS,
    LOOPS,
    MODELS,
    OPTIM_WRAPPER_CONSTRUCTORS,
    PARAM_SCHEDULERS,
    VISUALIZERS,
)

REGISTRIES = {
    HOOKS: (
        "BasicVisualizationHook",
        "ExponentialMovingAverageHook",
        "GenIterTimerHook",
        "GenVisualizationHook",
        "PGGANFetchDataHook",
        "PickleDataHook",
        "ReduceLRSchedulerHook",
        "VisualizationHook",
    ),
    LOOPS: ("GenTestLoop", "GenValLoop", "MultiTestLoop", "MultiValLoop"),
    OPTIM_WRAPPER_CONSTRUCTORS: (
        "MultiOptimWrapperConstructor",
        "PGGANOptimWrapperConstructor",
        "SinGANOptimWrapperConstructor",
    ),
    LOG_PROCESSORS: ("GenLogProcessor",),
    PARAM_SCHEDULERS: ("LinearLrInterval", "ReduceLR"),
    VISUALIZERS: ("GenVisualizer",),
}


@pytest.mark.parametrize("scope", ["", "mmedit.", "mmagic.", "mmlight."])
def test_names_are_found_in_every_scope(scope: str) -> None:
    for registry, names in REGISTRIES.items():
        for name in names:
            assert registry.get(scope + name) is getattr(mmlight.engine, name)


def test_visualization_of_gans_and_of_translation() -> None:
    gan = HOOKS.build(
        {
            "type": "GenVisualizationHook",
            "interval": 1000,
            "fixed_input": True,
            "vis_kwargs_list": {"type": "GAN", "name": "fake_img"},
        }
    )
    assert [entry["name"] for entry in gan.vis_kwargs_list] == ["fake_img"]
    translation = HOOKS.build(
        {
            "type": "GenVisualizationHook",
            "interval": 10,
            "fixed_input": False,
            "vis_kwargs_list": [
                {
                    "type": "Translation",
                    "name": "translation_train",
                    "n_samples": 6,
                    "draw_gt": True,
                    "n_rows": 3,
                },
                {
                    "type": "TranslationVal",
                    "name": "translation_val",
                    "n_samples": 16,
                    "draw_gt": True,
                    "n_rows": 4,
                },
            ],
        }
    )
    train, val = translation.vis_kwargs_list
    assert (train["type"], train["n_samples"], train["n_row"]) == ("Data", 6, 3)
    assert (val["type"], val["n_samples"], val["n_row"]) == ("ValData", 16, 4)
    assert not train["fixed_input"]


class Network(nn.Module):
    """A network with a number of blocks."""

    def __init__(self, blocks: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(1, 1) for _ in range(blocks))


def networks(blocks: int) -> nn.ModuleDict:
    return nn.ModuleDict({"generator": Network(blocks), "discriminator": Network(blocks)})


def test_multi_optimizer() -> None:
    class Generator(nn.Linear):
        pass

    class GANModel(nn.Module):
        def __init__(self, num_classes: int, generator: dict, discriminator: dict) -> None:
            super().__init__()
            self.generator = MODELS.build(generator)
            self.discriminator = MODELS.build(discriminator)

    for name, module in (("Generator", Generator), ("GANModel", GANModel)):
        MODELS.register_module(name=name, module=module, force=True)
    part = {"type": "Generator", "in_features": 1, "out_features": 1}
    model = MODELS.build(
        {"type": "GANModel", "num_classes": 10, "generator": part, "discriminator": part}
    )
    wrapper = {
        "type": "OptimWrapper",
        "accumulative_counts": 1,
        "optimizer": {"type": "Adam", "lr": 0.0002, "betas": (0.5, 0.999)},
    }
    build = mmlight.engine.MultiOptimWrapperConstructor(
        {
            "constructor": "MultiOptimWrapperConstructor",
            "generator": wrapper,
            "discriminator": wrapper,
        }
    )
    assert build(model).get_lr() == {"generator.lr": [0.0002], "discriminator.lr": [0.0002]}


def test_pggan_optimizers() -> None:
    model = networks(9)
    model.scales = [(2**i, 2**i) for i in range(2, 11)]
    adam = {"optimizer": {"type": "Adam", "lr": 0.001, "betas": (0.0, 0.99)}}
    rates = {"128": 0.0015, "256": 0.002, "512": 0.003, "1024": 0.003}
    build = mmlight.engine.PGGANOptimWrapperConstructor(
        {
            "generator": adam,
            "discriminator": adam,
            "lr_schedule": {"generator": rates, "discriminator": rates},
        }
    )
    assert [rate for (rate,) in build(model).get_lr().values()] == [
        *[0.001] * 5,
        0.0015,
        0.002,
        0.003,
        0.003,
    ] * 2


def test_singan_optimizers() -> None:
    adam = {"optimizer": {"type": "Adam", "lr": 0.0005, "betas": (0.5, 0.999)}}
    build = mmlight.engine.SinGANOptimWrapperConstructor({"generator": adam, "discriminator": adam})
    assert len(build(networks(3)).get_lr()) == 6
