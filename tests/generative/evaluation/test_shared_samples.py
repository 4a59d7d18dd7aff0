"""FID, IS and SWD of one run: each image is generated once; what cannot work is told before."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.runner import Runner
from tests.engine.toys import ADAM, GAN

FEATURES = {"type": "DigitsFeatures"}
METRICS = [
    {"type": "FrechetInceptionDistance", "prefix": "FID", "feature_extractor": FEATURES},
    {"type": "IS", "prefix": "IS", "resize": False, "splits": 2, "feature_extractor": FEATURES},
    {"type": "SWD", "prefix": "swd", "image_shape": (1, 32, 32), "sample_model": "orig"},
]


def runner(tmp_path: Path, metrics: list[dict[str, Any]]) -> Runner:
    model = {**GAN, "generator": {**GAN["generator"], "output_scale": 32}}  # type: ignore[dict-item]
    model["discriminator"] = {**GAN["discriminator"], "input_scale": 32}  # type: ignore[dict-item]
    return Runner.from_cfg(
        {
            "model": model,
            "work_dir": str(tmp_path),
            "train_dataloader": _loader("train"),
            "train_cfg": {"by_epoch": False, "max_iters": 1},
            "optim_wrapper": {
                "constructor": "MultiOptimWrapperConstructor",
                "generator": ADAM,
                "discriminator": ADAM,
            },
            "val_dataloader": _loader("val"),
            "val_cfg": {"type": "GenValLoop"},
            "val_evaluator": {"type": "GenEvaluator", "metrics": metrics},
        }
    )


def _loader(split: str) -> dict[str, Any]:
    return {
        "batch_size": 8,
        "dataset": {"type": "DigitsDataset", "split": split},
        "sampler": {"type": "DefaultSampler", "shuffle": False},
    }


def test_each_image_is_generated_once_for_all(tmp_path: Path) -> None:
    run = runner(
        tmp_path,
        [{"fake_nums": 20, "real_key": "img", **metric} for metric in METRICS[::2]]
        + [{"fake_nums": 20, **METRICS[1]}],
    )
    made = []
    net: Any = run.model.generator
    net.register_forward_hook(lambda module, inputs, images: made.append(len(images)))
    values = run.val()
    assert made == [8, 8, 8]
    assert set(values) == {
        *(f"FID/{name}" for name in ("fid", "mean", "cov")),
        *("IS/is", "IS/is_std"),
        *(f"swd/{name}" for name in (32, 16, "avg")),
    }
    assert run.val() == pytest.approx(values)


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        ({**METRICS[0], "sample_model": "ema"}, "FrechetInceptionDistance .* no moving average"),
        ({"type": "IS", "prefix": "x", "inception_path": "/none.pt"}, "no file /none.pt"),
        ({"type": "TransIS", "prefix": "x", "inception_path": "/none.pt"}, "translates to no"),
        ({"type": "PPL", "prefix": "x", "latent_dim": 4, "sample_model": "orig"}, "style_mapping"),
    ],
)
def test_refused_before_training(metric: dict[str, Any], words: str, tmp_path: Path) -> None:
    run = runner(tmp_path, [{"fake_nums": 20, **metric}])
    with pytest.raises((ValueError, TypeError, FileNotFoundError), match=words):
        run.train()
    assert run.iter == 0


def test_an_average_that_a_hook_makes_is_one(tmp_path: Path) -> None:
    run = runner(
        tmp_path, [{"fake_nums": 8, **METRICS[0], "real_key": "img", "sample_model": "ema"}]
    )
    run.register_hook(
        {
            "type": "ExponentialMovingAverageHook",
            "module_keys": "generator_ema",
            "interval": 1,
            "start_iter": 0,
        }
    )
    assert torch.isfinite(torch.tensor(run.val()["FID/fid"]))
