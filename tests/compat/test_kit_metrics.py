"""Metrics of generated images give the numbers of mmagic's, through the same networks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from sklearn.datasets import load_sample_images

from tests.compat.test_mmagic import FOLDER, installed
from tests.generative.evaluation.extractors import write_script

RUNS = Path(__file__).with_name("kit_runs.py")


@installed
def test_values_of_mmagic(both: Any, tmp_path: Path) -> None:
    script = str(write_script(tmp_path / "network.pt"))
    generator = torch.Generator().manual_seed(0)
    light = torch.rand(60, 3, 1, 1, generator=generator)
    fake = torch.rand(60, 3, 20, 20, generator=generator) * 255 * light
    real = torch.rand(50, 20, 20, 3, generator=generator) * 255 * light[:50].permute(0, 2, 3, 1)
    of_inception = {"inception_path": script, "inception_pkl": ""}
    cases: list[dict[str, Any]] = [
        {"type": "FrechetInceptionDistance", "fake_nums": 60, **of_inception},
        {"type": "FrechetInceptionDistance", "fake_nums": 55, "real_nums": 40, **of_inception},
        {"type": "TransFID", "fake_nums": 60, "fake_key": "fake_img", "real_key": "gt_img"}
        | of_inception,
        {"type": "IS", "fake_nums": 60, "inception_path": script},
        {"type": "IS", "fake_nums": 60, "splits": 7, "resize": False, "inception_path": script},
        {"type": "TransIS", "fake_nums": 60, "fake_key": "fake_img", "inception_path": script}
        | {"use_pillow_resize": False, "resize_method": "bilinear"},
        {"type": "PrecisionAndRecall", "fake_nums": 60, "vgg16_script": script, "vgg16_pkl": ""},
        {"type": "PrecisionAndRecall", "fake_nums": 40, "k": 2, "vgg16_script": script}
        | {"vgg16_pkl": "", "row_batch_size": 7, "col_batch_size": 11},
        {"type": "PerceptualPathLength", "fake_nums": 30},
    ]
    theirs, ours = both(
        RUNS,
        str(FOLDER),
        "metrics",
        script=script,
        cases=cases,
        fake=fake,
        real=real.to(torch.uint8).numpy(),
    )
    for case, one, other in zip(cases, ours, theirs, strict=True):
        assert one == pytest.approx(other, rel=1e-5), case
    assert 0 < ours[6]["x/precision"] < 1


@installed
def test_quality_of_photographs(both: Any) -> None:
    """To four digits: single pixels of the brightness round otherwise."""
    images = [torch.from_numpy(image[..., ::-1].copy()) for image in load_sample_images().images]
    photographs = [image.permute(2, 0, 1) for image in images]
    cases = [{"convert_to": "Y"}, {"convert_to": "gray", "crop_border": 4}]
    theirs, ours = both(RUNS, str(FOLDER), "niqe", photographs=photographs, cases=cases)
    for one, other in zip(ours, theirs, strict=True):
        assert one == pytest.approx(other, rel=1e-3)
    assert 3 < ours[0][0] < 6
