"""NIQE: its parts against their definitions, worse images are worse, errors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import gennorm
from sklearn.datasets import load_sample_images

from mmlight.generative.evaluation import NIQE
from mmlight.generative.evaluation.niqe import _generalised_normal, block_features

WINDOW = np.outer(*[np.exp(-(np.arange(-3, 4) ** 2) / (2 * (7 / 6) ** 2))] * 2)
WINDOW /= WINDOW.sum()


@pytest.fixture(scope="module")
def photographs() -> list[np.ndarray]:
    return [image[:288, :384].astype(float) for image in load_sample_images().images]


@pytest.fixture(scope="module")
def parameters(photographs: list[np.ndarray], tmp_path_factory: pytest.TempPathFactory) -> str:
    """The distribution of the blocks of two photographs."""
    grey = [np.round(image @ (0.299, 0.587, 0.114)) for image in photographs]
    features = np.concatenate([block_features(image, WINDOW) for image in grey])
    path = tmp_path_factory.mktemp("niqe") / "pristine.npz"
    mean, cov = features.mean(0, keepdims=True), np.cov(features, rowvar=False)
    np.savez(path, mu_pris_param=mean, cov_pris_param=cov, gaussian_window=WINDOW)
    return str(path)


def value(image: np.ndarray, parameters: str, **arguments: Any) -> float:
    metric = NIQE(prefix="x", params_path=parameters, **arguments)
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    sample = {"output": {"pred_img": tensor}, "gt_channel_order": "rgb"}
    metric.process(None, [sample])
    return metric.evaluate(1)["x/NIQE"]


def test_shape_and_widths_are_those_that_were_drawn() -> None:
    drawn = gennorm.rvs(0.7, scale=1.0, size=200_000, random_state=0)
    drawn = np.where(drawn > 0, drawn * 2, drawn)
    drawn = np.concatenate([drawn[drawn > 0], drawn[drawn > 0] * -0.5])
    shape, left, right = _generalised_normal(drawn)
    assert shape == pytest.approx(0.7, abs=0.15)
    assert right / left == pytest.approx(2, rel=0.01)


def test_features_of_noise_are_those_of_a_normal_distribution() -> None:
    noise = np.random.default_rng(0).normal(128, 20, (192, 288))
    features = block_features(noise, WINDOW)
    assert features.shape == (6, 36)
    assert features[:, 0].mean() > 2  # of a normal distribution 2, of a uniform one more
    assert np.abs(features[:, [3, 7]]).max() < 0.2  # neighbours have nothing in common


def test_worse_images_are_worse(photographs: list[np.ndarray], parameters: str) -> None:
    image = photographs[0]
    blurred = gaussian_filter(image, (2, 2, 0))
    noisy = (image + np.random.default_rng(0).normal(0, 25, image.shape)).clip(0, 255)
    sharp = value(image, parameters)
    assert sharp < value(noisy, parameters) and sharp < value(blurred, parameters)
    edged = np.pad(image, ((2, 2), (2, 2), (0, 0)))
    assert value(edged, parameters, crop_border=2) == pytest.approx(sharp)


def test_bad_input(parameters: str, tmp_path: Path) -> None:
    for arguments, words in (
        ({"convert_to": None}, "gray, Y"),
        ({"input_order": "WHC"}, "HWC, CHW"),
        ({"crop_border": -1}, "negative"),
    ):
        with pytest.raises(ValueError, match=words):
            NIQE(prefix="x", **arguments)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="two blocks"):
        value(np.zeros((100, 100, 3)), parameters)
    with pytest.raises(FileNotFoundError, match="pristine"):
        value(np.zeros((288, 288, 3)), str(tmp_path / "pristine.npz"))
    with pytest.raises(KeyError, match="pred_img"):
        NIQE(prefix="x").process(None, [{"output": {"img": 1}}])
