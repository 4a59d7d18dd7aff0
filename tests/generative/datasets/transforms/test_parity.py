"""Every transform gives mmagic's bits and draws mmagic's random numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from tests.compat.test_mmagic import FOLDER, installed
from tests.parity.compare import assert_same

RUNS = Path(__file__).parents[3] / "compat" / "kit_runs.py"
# What mmagic notes of decoder and resizer: there is one here.
IGNORED = ["backend"]


def image(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.RandomState(seed).randint(0, 255, shape).astype(np.uint8)


def entry(**more: Any) -> dict[str, Any]:
    return {"img": image(6, 8, 3), "gt": image(12, 16, 3, seed=1), "scale": 2, **more}


PAIR = {"img_A": image(9, 12, 3), "img_B": image(9, 12, 3, seed=1)}
CASES: list[tuple[dict, dict]] = [
    ({"type": "Resize", "keys": "gt", "scale": (7, 5)}, entry()),
    ({"type": "Resize", "keys": ["gt"], "scale": (7, 5), "interpolation": "bicubic"}, entry()),
    ({"type": "Resize", "keys": ["gt"], "scale": (7, 5), "interpolation": "area"}, entry()),
    ({"type": "Resize", "keys": ["gt", "img"], "scale": (7, 5), "keep_ratio": True}, entry()),
    ({"type": "Resize", "keys": ["gt"], "scale": (-1, 5), "keep_ratio": True}, entry()),
    ({"type": "Resize", "keys": ["gt"], "size_factor": 5}, entry()),
    ({"type": "Resize", "keys": ["gt"], "size_factor": 5, "max_size": 11}, entry()),
    ({"type": "Resize", "keys": ["gt"], "scale": (5, 5), "output_keys": ["small"]}, entry()),
    ({"type": "Resize", "keys": ["gt"], "scale": (5, 5)}, {"gt": image(7, 9)}),
    ({"type": "Resize", "keys": ["gt"], "scale": (5, 5)}, {"gt": image(7, 9, 1)}),
    ({"type": "Crop", "keys": ["gt", "img"], "crop_size": (4, 3)}, entry()),
    ({"type": "Crop", "keys": ["gt"], "crop_size": (4, 3), "random_crop": False}, entry()),
    ({"type": "Crop", "keys": ["gt"], "crop_size": (40, 3)}, entry()),
    ({"type": "Crop", "keys": ["img"], "crop_size": (9, 4), "is_pad_zeros": True}, entry()),
    ({"type": "Crop", "keys": ["img"], "crop_size": (9, 11), "is_pad_zeros": True}, entry()),
    ({"type": "FixedCrop", "keys": ["img_A", "img_B"], "crop_size": (4, 5)}, PAIR),
    ({"type": "FixedCrop", "keys": ["img_A"], "crop_size": (4, 5), "crop_pos": (2, 1)}, PAIR),
    ({"type": "PairedRandomCrop", "gt_patch_size": 4}, entry()),
    ({"type": "PairedRandomCrop", "gt_patch_size": 4}, {
        "img": [image(6, 8, 3)] * 2, "gt": [image(12, 16, 3)] * 2, "scale": 2}),
    ({"type": "Flip", "keys": ["gt", "img"], "flip_ratio": 0.9}, entry()),
    ({"type": "Flip", "keys": "gt", "direction": "vertical"}, entry()),
    ({"type": "Flip", "keys": "gt", "flip_ratio": 0.1}, entry()),
    ({"type": "RandomTransposeHW", "keys": ["gt", "img"], "transpose_ratio": 0.9}, entry()),
    ({"type": "RandomTransposeHW", "keys": ["gt"], "transpose_ratio": 0.1}, entry()),
    ({"type": "NumpyPad", "keys": "gt", "padding": ((2, 1), (0, 0), (0, 0))}, entry()),
    ({"type": "NumpyPad", "keys": "gt", "padding": 1, "mode": "edge"}, entry()),
    ({"type": "SetValues", "dictionary": {"scale": 4, "new": [1]}}, entry()),
    ({"type": "KeyMapper", "mapping": {"a": "img_A"}, "remapping": {"a": "a"}}, PAIR),
    ({"type": "KeyMapper", "mapping": {"gt": "img_A"}, "auto_remap": True, "transforms": [
        {"type": "Flip", "keys": "gt"}]}, PAIR),
    ({"type": "TransformBroadcaster", "mapping": {"img": ["img_A", "img_B"]}, "auto_remap": True,
      "transforms": [{"type": "Resize", "keys": "img", "scale": (8, 8)},
                     {"type": "Crop", "keys": ["img"], "crop_size": (3, 4)}]}, PAIR),
    ({"type": "PackInputs"}, entry(gt_path="a.png", sample_idx=3, other=1, gt_label=2)),
    ({"type": "PackInputs"}, {"gt": image(4, 6, 3), "gt_channel_order": "bgr"}),
    ({"type": "PackInputs", "keys": ["img_A", "img_B"], "data_keys": ["img_A"]}, PAIR),
    ({"type": "PackInputs", "keys": ["img"], "meta_keys": ["scale"]}, entry()),
    ({"type": "PackInputs"}, {"img": [image(4, 6, 3)] * 2, "mask": image(4, 6, 1)}),
    ({"type": "PackInputs", "keys": "img"}, {"img": image(4, 6, 3), "prompt": "a cat"}),
]  # fmt: skip


READS: list[dict] = [
    {},
    {"color_type": "grayscale"},
    {"color_type": "unchanged"},
    {"channel_order": "rgb"},
    {"to_float32": True},
    {"to_y_channel": True},
    {"to_y_channel": True, "to_float32": True, "channel_order": "rgb"},
    {"save_original_img": True, "imdecode_backend": "cv2", "use_cache": True},
]


@pytest.fixture(scope="module")
def reads(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[dict, list[dict]]]:
    folder = tmp_path_factory.mktemp("images")
    paths = [str(folder / name) for name in ("a.png", "b.jpg", "c.bmp")]
    for index, path in enumerate(paths):
        cv2.imwrite(path, image(6, 8, 3, seed=index))
    cv2.imwrite(str(folder / "four.png"), image(6, 8, 4))
    entries = [{"gt_path": paths}, {"gt_path": paths[0]}, {"gt_path": str(folder / "four.png")}]
    kinds = (("LoadImageFromFile", entries), ("LoadPairedImageFromFile", entries[1:]))
    return [
        ({"type": kind, "key": "gt", **options}, those)
        for kind, those in kinds
        for options in READS
    ]


@installed
def test_the_same_bits_and_random_numbers(both: Any, reads: list) -> None:
    drawn = ("Crop", "Flip", "Transpose")
    cases = [
        (cfg, [results] * (5 if any(word in str(cfg) for word in drawn) else 1))
        for cfg, results in CASES
    ]
    cases += reads
    theirs, ours = both(RUNS, str(FOLDER), "transforms", cases=cases, ignored=IGNORED)
    for case, their, our in zip(cases, theirs, ours, strict=True):
        assert_same(our, their, str(case[0]))
