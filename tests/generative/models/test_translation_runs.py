"""Runs of models of translation: they resume to the same bits, and pictures leave no trace."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from mmlight.evaluator import BaseMetric
from mmlight.runner import Runner
from tests.generative.models.translation import cyclegan, pix2pix

ADAM = {"optimizer": {"type": "Adam", "lr": 2e-4, "betas": (0.5, 0.999)}}
PACK = {
    "type": "PackInputs",
    "keys": ["img_photo", "img_mask"],
    "data_keys": ["img_photo", "img_mask"],
}
MAP = {
    "type": "KeyMapper",
    "mapping": {"img_photo": "img_A", "img_mask": "img_B"},
    "remapping": {"img_photo": "img_photo", "img_mask": "img_mask"},
}
PIPELINES: dict[str, list[dict]] = {
    "PairedImageDataset": [{"type": "LoadPairedImageFromFile", "key": "pair"}],
    "UnpairedImageDataset": [
        {"type": "LoadImageFromFile", "key": "img_A"},
        {"type": "LoadImageFromFile", "key": "img_B"},
    ],
}
FAMILIES = {
    "pix2pix": (pix2pix, "PairedImageDataset"),
    "cyclegan": (cyclegan, "UnpairedImageDataset"),
}


class Brightness(BaseMetric):
    """The mean of the images made."""

    def process(self, data_batch: Any, data_samples: Any) -> None:
        self.results += [float(sample["fake_photo"].mean()) for sample in data_samples]

    def compute_metrics(self, results: list) -> dict[str, float]:
        return {"mean": sum(results) / len(results)}


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five pictures of noise for training and two for validation, in pairs and not."""
    root = tmp_path_factory.mktemp("data")
    draw = np.random.default_rng(0)
    for part, count in (("train", 5), ("test", 2)):
        for side, width in (("", 64), ("A", 32), ("B", 32)):
            (root / f"{part}{side}").mkdir()
            for index in range(count):
                image = draw.integers(0, 256, (32, width, 3), dtype=np.uint8)
                cv2.imwrite(str(root / f"{part}{side}" / f"{index}.png"), image)
    return root


def runner(family: str, data: Path, folder: Path, **changes: Any) -> Runner:
    build, dataset = FAMILIES[family]

    def loader(test_mode: bool) -> dict[str, Any]:
        return {
            "batch_size": 2,
            "num_workers": 0,
            "sampler": {"type": "DefaultSampler" if test_mode else "InfiniteSampler"},
            "dataset": {
                "type": dataset,
                "data_root": str(data),
                "test_mode": test_mode,
                "pipeline": [
                    *PIPELINES[dataset],
                    {"type": "Flip", "keys": ["img_A", "img_B"]},
                    MAP,
                    PACK,
                ],
            },
        }

    torch.manual_seed(0)
    config: dict[str, Any] = {
        "model": build(**({"buffer_size": 3} if family == "cyclegan" else {})),
        "work_dir": str(folder),
        "train_dataloader": loader(test_mode=False),
        "train_cfg": {"type": "IterBasedTrainLoop", "max_iters": 6, "val_interval": 3},
        "val_dataloader": loader(test_mode=True),
        "val_cfg": {"type": "ValLoop"},
        "val_evaluator": {"type": Brightness},
        "optim_wrapper": {
            "constructor": "MultiOptimWrapperConstructor",
            "generators": ADAM,
            "discriminators": ADAM,
        },
        "default_hooks": {
            "checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 3}
        },
        "log_processor": {"type": "GenLogProcessor", "by_epoch": False},
        "visualizer": {"type": "GenVisualizer", "vis_backends": [{"type": "LocalVisBackend"}]},
        "randomness": {"seed": 3},
        # CUDA adds up what it pads by reflection in another order each time.
        "cfg": {"trainer": {"accelerator": "cpu"}},
        "experiment_name": folder.name,
    }
    return Runner(**{**config, **changes})


def weights(run: Runner) -> dict[str, torch.Tensor]:
    return run.model.state_dict()


def same(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize("family", FAMILIES)
def test_a_run_in_parts_ends_as_a_whole_one(family: str, data: Path, tmp_path: Path) -> None:
    whole = runner(family, data, tmp_path / "whole")
    whole.train()
    resumed = runner(
        family,
        data,
        tmp_path / "resumed",
        load_from=str(tmp_path / "whole" / "iter_3.pth"),
        resume=True,
    )
    resumed.train()
    assert same(weights(whole), weights(resumed))


@pytest.mark.parametrize("family", FAMILIES)
def test_pictures_of_both_sets_leave_no_trace(family: str, data: Path, tmp_path: Path) -> None:
    plain = runner(family, data, tmp_path / "plain")
    plain.train()
    kinds = [{"type": "Translation", "name": "trans"}, {"type": "TranslationVal", "name": "val"}]
    hook = {"type": "VisualizationHook", "interval": 3, "n_samples": 2, "vis_kwargs_list": kinds}
    drawn = runner(family, data, tmp_path / "drawn", custom_hooks=[hook])
    drawn.train()
    assert same(weights(plain), weights(drawn))
    pictures = [path.name for path in (tmp_path / "drawn").rglob("*.png")]
    assert sum("trans" in name for name in pictures) == sum("val" in name for name in pictures) >= 2


@pytest.mark.parametrize("family", FAMILIES)
def test_they_train_in_mixed_precision(family: str, data: Path, tmp_path: Path) -> None:
    mixed = {"type": "AmpOptimWrapper", "dtype": "bfloat16", **ADAM}
    optim = {
        "constructor": "MultiOptimWrapperConstructor",
        "generators": mixed,
        "discriminators": mixed,
    }
    plain = runner(family, data, tmp_path / "plain")
    plain.train()
    run = runner(family, data, tmp_path / "mixed", optim_wrapper=optim)
    run.train()
    assert not same(weights(run), weights(plain))
    for name, value in weights(plain).items():
        if name.endswith("conv.weight"):  # Adam moves a weight by at most its rate in a step
            torch.testing.assert_close(weights(run)[name], value, rtol=0, atol=2 * 6 * 2.5e-4)


@pytest.mark.parametrize("build", [pix2pix, cyclegan])
def test_channels_last_gives_the_same(build: Any) -> None:
    model = build()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):  # which draws in the order of the memory
            module.p = 0.0
    images = torch.rand(2, 3, 32, 32)
    wanted = model(images)["target"]
    model.to(memory_format=torch.channels_last)
    made = model(images.to(memory_format=torch.channels_last))["target"]
    assert made.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(made, wanted)
