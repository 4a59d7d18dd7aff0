"""What a pipeline says of images and arguments that do not fit."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from mmlight.dataset import BaseDataset
from mmlight.generative.datasets import (
    Crop,
    FixedCrop,
    Flip,
    KeyMapper,
    LoadImageFromFile,
    LoadPairedImageFromFile,
    PackInputs,
    PairedRandomCrop,
    Resize,
    TransformBroadcaster,
)

SMALL, LARGE = np.zeros((6, 8, 3), np.uint8), np.zeros((12, 16, 3), np.uint8)


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: LoadImageFromFile("gt", color_type="colour"), ValueError, "Did you mean.*color"),
        (lambda: LoadImageFromFile("gt", imdecode_backend="pillow"), ValueError, "one of cv2"),
        (lambda: Resize("gt"), ValueError, "either scale or size_factor"),
        (lambda: Resize("gt", scale=4), TypeError, r"\(width, height\) in pixels, got 4"),
        (lambda: Resize("gt", scale=(0, 4)), ValueError, "positive"),
        (lambda: Resize("gt", scale=(4, 4), interpolation="bicubik"), ValueError, "bicubic"),
        (lambda: Crop("gt", crop_size=4), TypeError, "pair of integers, got 4"),
        (lambda: Flip("gt", direction="diagonal"), ValueError, "horizontal, vertical"),
        (lambda: Flip("gt", flip_ratio=2), ValueError, "probability from 0 to 1, got 2"),
        (lambda: PairedRandomCrop(0), ValueError, "positive number, got 0"),
        (lambda: KeyMapper(auto_remap=True), ValueError, "give mapping alone"),
    ],
)
def test_arguments(make: object, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        make()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("transform", "results", "error", "words"),
    [
        (Flip("gt"), {"img": SMALL}, KeyError, "Flip needs 'gt'; the entry has img"),
        (LoadImageFromFile("gt"), {"img_path": "a"}, KeyError, "needs 'gt_path'"),
        (
            PairedRandomCrop(4),
            {"img": SMALL, "gt": SMALL, "scale": 2, "gt_path": "a.png"},
            ValueError,
            r"gt \(6, 8\) .* is not 2 times img \(6, 8\): a\.png",
        ),
        (
            PairedRandomCrop(16),
            {"img": SMALL, "gt": LARGE, "scale": 2, "img_path": "b.png"},
            ValueError,
            r"img \(6, 8\) is smaller than a piece of 8 pixels: b\.png",
        ),
        (FixedCrop(["a", "b"], (2, 2)), {"a": SMALL, "b": LARGE}, ValueError, "one size"),
        (FixedCrop("a", (2, 2), (9, 0)), {"a": SMALL}, ValueError, "outside an image of 6 x 8"),
        (
            TransformBroadcaster([], {"img": ["a", "b"], "gt": ["a"]}),
            {"a": 1, "b": 2},
            ValueError,
            "lists of one length, got .*'img': 2, 'gt': 1",
        ),
        (PackInputs("img"), {"img": "text"}, TypeError, "'img' must be an array"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_entries(transform: object, results: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        transform(results)  # type: ignore[operator]


def test_files(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "odd.png"), np.zeros((4, 7, 3), np.uint8))
    (tmp_path / "cut.png").write_bytes((tmp_path / "odd.png").read_bytes()[:20])
    (tmp_path / "empty.png").touch()
    for name, words in {
        "cut": r"cut\.png \(20 bytes\)",
        "empty": r"empty\.png \(0 bytes\)",
    }.items():
        with pytest.raises(ValueError, match=f"{words} is no image that OpenCV can read"):
            LoadImageFromFile("gt")({"gt_path": tmp_path / f"{name}.png"})
    with pytest.raises(FileNotFoundError, match=r"none\.png"):
        LoadImageFromFile("gt")({"gt_path": tmp_path / "none.png"})
    with pytest.raises(ValueError, match=r"odd\.png shows a pair, but is 7 pixels wide"):
        LoadPairedImageFromFile("pair")({"pair_path": tmp_path / "odd.png"})


def test_a_pipeline_that_returns_none_draws_another_entry(tmp_path: Path) -> None:
    for index in range(4):
        cv2.imwrite(str(tmp_path / f"{index}.png"), np.full((4, 4, 3), index, np.uint8))

    class Images(BaseDataset):
        def load_data_list(self) -> list[dict]:
            return [{"gt_path": str(tmp_path / f"{index}.png")} for index in range(4)]

    def refuse_the_first(entry: dict) -> dict | None:
        return None if entry["sample_idx"] == 0 else entry

    images = Images(pipeline=[LoadImageFromFile("gt"), refuse_the_first])
    assert images[0]["gt"].max() > 0


def test_shared_random_numbers_are_shared() -> None:
    for share in (True, False):
        np.random.seed(1)
        noise = TransformBroadcaster(
            lambda entry: {**entry, "img": entry["img"] + np.random.rand()},
            mapping={"img": ["a", "b"]},
            share_random_params=share,
        )
        pairs = [noise({"a": 0, "b": 0}) for _ in range(5)]
        assert all(pair["a"] == pair["b"] for pair in pairs) == share


def test_a_crop_draws_for_each_image_and_says_that_it_shares_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    image = np.arange(48, dtype=np.uint8).reshape(6, 8, 1)
    entry = {"a": image, "b": image}
    np.random.seed(1)
    crop = TransformBroadcaster(
        {"type": "Crop", "keys": "img", "crop_size": (3, 3)},
        mapping={"img": ["a", "b"]},
        share_random_params=True,
    )
    told = "share_random_params=True has no effect: Crop draws"
    assert "".join(capsys.readouterr()).count(told) == 1
    pairs = [crop(dict(entry)) for _ in range(5)]
    assert not all(np.array_equal(pair["a"], pair["b"]) for pair in pairs)
    assert np.array_equal(entry["a"], image)


def test_images_of_any_storage() -> None:
    import fsspec

    from mmlight.generative.datasets import BasicImageDataset

    _, content = cv2.imencode(".png", LARGE + 7)
    with fsspec.open("memory://gallery/a.png", "wb") as file:
        file.write(content.tobytes())
    load = {"type": "LoadImageFromFile", "key": "gt"}
    images = BasicImageDataset(
        data_root="memory://gallery",
        data_prefix={"gt": ""},
        pipeline=[load, {"type": "PackInputs"}],
    )
    assert images[0]["data_samples"].gt_img.unique().tolist() == [7]
