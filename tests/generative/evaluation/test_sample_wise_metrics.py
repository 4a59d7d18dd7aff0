"""PSNR, SSIM and MAE against their formulas, and what they say of images that do not fit."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pytest
import torch

from mmlight.generative.evaluation import MAE, PSNR, SSIM

SHAPES = ((3, 20, 20), (3, 17, 31))


def samples(order: str = "bgr") -> list[dict]:
    torch.manual_seed(1)
    return [
        {
            "gt_img": torch.randint(0, 255, shape).byte(),
            "output": {"pred_img": torch.rand(shape) * 255},
            "gt_channel_order": order,
        }
        for shape in SHAPES
    ]


def luma(image: torch.Tensor, order: str) -> np.ndarray:
    blue, green, red = image.double().numpy()[:: 1 if order == "bgr" else -1]
    return (24.966 * blue + 128.553 * green + 65.481 * red)[None] / 255 + 16


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    return 20 * np.log10(255 / np.sqrt(((a - b) ** 2).mean()))


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    window = cv2.getGaussianKernel(11, 1.5)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.filter2D(values, -1, window @ window.T)[5:-5, 5:-5]

    first, second = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    channels = []
    for x, y in zip(a, b, strict=True):
        mx, my = mean(x), mean(y)
        vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
        similar = (2 * mx * my + first) * (2 * cov + second)
        channels.append((similar / ((mx**2 + my**2 + first) * (vx + vy + second))).mean())
    return float(np.mean(channels))


@pytest.mark.parametrize(("metric", "formula"), [(PSNR, psnr), (SSIM, ssim)])
@pytest.mark.parametrize("border", [0, 2])
@pytest.mark.parametrize(("convert", "order"), [(None, "bgr"), ("Y", "bgr"), ("y", "rgb")])
def test_formula(metric: Any, formula: Any, border: int, convert: str | None, order: str) -> None:
    built = metric(prefix="p", crop_border=border, convert_to=convert)
    given = samples(order)
    built.process(None, given)
    values = []
    for sample in given:
        pair = [sample["gt_img"], sample["output"]["pred_img"]]
        arrays = [luma(image, order) if convert else image.double().numpy() for image in pair]
        cut = slice(border, -border or None)
        values.append(formula(*(array[:, cut, cut] for array in arrays)))
    assert built.evaluate(2) == {f"p/{built.metric}": pytest.approx(np.mean(values), rel=1e-7)}


def test_mean_absolute_error_within_a_mask() -> None:
    (sample, _) = samples()
    sample["mask"] = (torch.rand(1, 20, 20) > 0.5).float()
    difference = (sample["gt_img"].double() - sample["output"]["pred_img"].double()).abs() / 255
    plain, masked = MAE(prefix="p", scaling=3), MAE(prefix="p", mask_key="mask")
    for metric in (plain, masked):
        metric.process(None, [sample])
    assert plain.evaluate(1) == {"p/MAE": pytest.approx(3 * float(difference.mean()))}
    inside = difference[:, sample["mask"][0] == 1].mean()
    assert masked.evaluate(1) == {"p/MAE": pytest.approx(float(inside))}


@pytest.mark.parametrize(
    ("metric", "sample", "error", "words"),
    [
        (PSNR(prefix="p"), {"output": {"pred_img": 0}}, KeyError, "PSNR finds no 'gt_img'"),
        (
            PSNR(prefix="p"),
            {"gt_img": torch.zeros(3, 4, 4), "pred_img": torch.zeros(3, 8, 8), "gt_path": "a.png"},
            ValueError,
            r"pred_img has \(3, 8, 8\) and gt_img \(3, 4, 4\): a\.png",
        ),
        (
            SSIM(prefix="p"),
            {"gt_img": torch.zeros(3, 9, 20), "pred_img": torch.zeros(3, 9, 20)},
            ValueError,
            r"at least 11 pixels a side within the border, got \(9, 20\)",
        ),
        (
            PSNR(prefix="p", crop_border=2),
            {"gt_img": torch.zeros(3, 4, 4), "pred_img": torch.zeros(3, 4, 4)},
            ValueError,
            "crop_border=2 leaves nothing",
        ),
    ],
    ids=["no truth", "shapes", "small", "border"],
)
def test_images_that_do_not_fit(metric: Any, sample: dict, error: Any, words: str) -> None:
    with pytest.raises(error, match=words):
        metric.process(None, [sample])


def test_arguments() -> None:
    with pytest.raises(ValueError, match="None or 'Y', got 'gray'"):
        PSNR(convert_to="gray")
    with pytest.raises(ValueError, match="must not be negative, got -1"):
        PSNR(crop_border=-1)
