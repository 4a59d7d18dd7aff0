"""The datasets find mmagic's images in mmagic's order, and say what is wrong with a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from mmlight.generative.datasets import (
    BasicImageDataset,
    GrowScaleImgDataset,
    PairedImageDataset,
    SinGANDataset,
    UnpairedImageDataset,
)
from mmlight.registry import DATASETS
from mmlight.registry.place import root_config
from tests.compat.test_mmagic import FOLDER, installed
from tests.parity.compare import assert_same

RUNS = Path(__file__).parents[2] / "compat" / "kit_runs.py"
FOLDERS = ("train", "test", "trainA", "trainB", "testA", "testB", "sub/deep")
NAMES = ("q.png", "b.png", "z.jpg", "10.png", "9.png", ".hidden.png", "J.JPEG", "notes.txt")


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
        for name in NAMES[: 5 if folder == "testB" else None]:
            (root / folder / name).touch()
    (root / "ann.txt").write_text("b.png (4,8,3)\nq.png (4,8,3)\n")
    (root / "bare.txt").write_text("b\n\nq\n")
    for name, shape in {"small.png": (9, 12, 3), "wide.png": (90, 130, 3)}.items():
        pixels = np.random.RandomState(0).randint(0, 255, shape).astype(np.uint8)
        cv2.imwrite(str(root / name), pixels)
    return root


@installed
def test_the_same_entries(both: Any, root: Path) -> None:
    top = str(root)
    basic = {"type": "BasicImageDataset", "data_root": top}
    pair = {"img": "trainA", "gt": "trainB"}
    singan = {"type": "SinGANDataset", "pipeline": []}
    cases: list[dict] = [
        {**basic, "data_prefix": {"gt": "train"}},
        {**basic, "data_prefix": {"gt": ""}, "recursive": True},
        {**basic, "data_prefix": pair, "search_key": "gt"},
        {**basic, "data_prefix": pair, "ann_file": "ann.txt", "filename_tmpl": {"img": "{}x2"}},
        {**basic, "data_prefix": pair, "ann_file": "bare.txt", "metainfo": {"task_name": "sisr"}},
        {"type": "PairedImageDataset", "data_root": top, "pipeline": []},
        {"type": "PairedImageDataset", "data_root": top, "pipeline": [], "test_mode": True},
        {"type": "UnpairedImageDataset", "data_root": top, "pipeline": []},
        {"type": "UnpairedImageDataset", "data_root": top, "pipeline": [], "test_mode": True},
        {"type": "UnpairedImageDataset", "data_root": top, "pipeline": [], "domain_a": "x"},
        {"type": "GrowScaleImgDataset", "pipeline": [], "len_per_stage": 17,
         "data_roots": {"8": f"{top}/train", "16": f"{top}/sub"},
         "gpu_samples_per_scale": {"4": 4, "8": 2}, "gpu_samples_base": 1},
        {"type": "GrowScaleImgDataset", "pipeline": [], "len_per_stage": -1,
         "data_roots": {"64": f"{top}/train"}},
        {**singan, "data_root": f"{top}/small.png", "min_size": 4, "max_size": 9,
         "scale_factor_init": 0.7, "num_samples": 3},
        *({**singan, "data_root": f"{top}/wide.png", "min_size": small, "max_size": large,
           "scale_factor_init": factor}
          for small, large, factor in (
              (25, 250, 0.75), (12, 40, 0.8), (20, 100, 0.5), (7, 77, 0.83))),
    ]  # fmt: skip
    theirs, ours = both(RUNS, str(FOLDER), "datasets", cases=cases, scales=[4, 8, 16, 32])
    for case, their, our in zip(cases, theirs, ours, strict=True):
        if case["type"] == "GrowScaleImgDataset":  # ours say their number as well
            for _, entries in our[0]:
                for entry in entries:
                    del entry["sample_idx"]
        assert_same(our, their, str(case))


def test_a_folder_that_is_missing_or_empty(tmp_path: Path) -> None:
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "notes.txt").touch()
    for make in (
        lambda root: BasicImageDataset(data_root=root, data_prefix={"gt": "train"}),
        lambda root: PairedImageDataset(root, []),
        lambda root: GrowScaleImgDataset({"8": f"{root}/train"}, []),
    ):
        with pytest.raises(FileNotFoundError, match=r"no image in .*train: .*\.png"):
            make(str(tmp_path))
        with pytest.raises(FileNotFoundError, match=r"data_roots?: there is no folder .*none"):
            make(str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*trainA"):
        UnpairedImageDataset(str(tmp_path), [])


def test_a_file_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"^data_root: there is no file .*none\.png"):
        SinGANDataset(str(tmp_path / "none.png"), 4, 9, 0.7, [])
    with pytest.raises(FileNotFoundError, match=r"^ann_file: there is no file .*none\.txt"):
        BasicImageDataset(ann_file="none.txt", data_root=str(tmp_path))
    cfg = {"type": "SinGANDataset", "data_root": "none.png", "min_size": 4, "max_size": 9,
           "scale_factor_init": 0.7, "pipeline": []}  # fmt: skip
    key = r"config key `train_dataloader\.dataset\.data_root`"
    root = root_config({"train_dataloader": {"dataset": cfg}})
    with root, pytest.raises(FileNotFoundError, match=key):
        DATASETS.build(cfg)


def test_names_of_a_form_are_found_without_it(tmp_path: Path) -> None:
    for folder, name in (("x2", "a_x2.png"), ("x2", "other.png"), ("gt", "a.png")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / name).touch()
    prefix = {"img": "x2", "gt": "gt"}
    options = {"data_root": str(tmp_path), "data_prefix": prefix}
    (entry,) = BasicImageDataset(filename_tmpl={"img": "{}_x2"}, **options).load_data_list()
    assert entry["img_path"].endswith("x2/a_x2.png")
    assert entry["gt_path"].endswith("gt/a.png")
    with pytest.raises(ValueError, match=r"'imgs' is no kind.*img, gt.*img"):
        BasicImageDataset(filename_tmpl={"imgs": "{}"}, **options)


def test_an_image_without_its_counterpart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for folder, names in {"x2": "abc", "gt": "b"}.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.png").touch()
    options = {"data_root": str(tmp_path), "data_prefix": {"img": "x2", "gt": "gt"}}
    with pytest.raises(
        FileNotFoundError, match=r"2 of 3 images of 'img' have no counterpart of 'gt', .*gt/[ac]"
    ):
        BasicImageDataset(**options)
    assert len(BasicImageDataset(search_key="gt", **options)) == 1
    printed = "".join(capsys.readouterr())
    assert "2 of 3 images of 'img' are left out" in printed and "x2/a.png" in printed
    (tmp_path / "x2" / "a_small.png").touch()  # among the others in one folder
    options["data_prefix"] = {"img": "x2", "gt": "x2"}
    assert len(BasicImageDataset(filename_tmpl={"img": "{}_small"}, **options)) == 1
    assert "left out" not in "".join(capsys.readouterr())


def test_an_image_that_is_none_and_a_pyramid_that_is_none(root: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no image")
    with pytest.raises(ValueError, match=r"broken.png \(8 bytes\) is no image"):
        SinGANDataset(str(tmp_path / "broken.png"), 4, 9, 0.7, [])
    with pytest.raises(ValueError, match="90 x 130 pixels has no scale between min_size=90"):
        SinGANDataset(str(root / "wide.png"), 90, 91, 0.75, [])
    with pytest.raises(ValueError, match=r"between 0 and 1, got 1\.5"):
        SinGANDataset(str(root / "small.png"), 4, 9, 1.5, [])


def test_a_pyramid_of_the_image_made_smaller(root: Path) -> None:
    entry = SinGANDataset(str(root / "wide.png"), 10, 65, 0.75, [], shrink=True)[0]
    scales = [entry[f"real_scale{scale}"].shape for scale in range(len(entry) - 1)]
    assert scales[0] == (10, 14, 3) and scales[-1] == (45, 65, 3)
    # Halved exactly, each pixel is the mean of four.
    whole = cv2.imread(str(root / "wide.png")).astype(float)
    expected = whole.reshape(45, 2, 65, 2, 3).mean(axis=(1, 3))
    assert np.abs(entry[f"real_scale{len(scales) - 1}"] - expected).max() <= 0.5


def test_a_pipeline_that_reads_a_kind_without_a_folder(root: Path) -> None:
    """As MMagic's StyleGAN2 of LSUN's cars does, which MMagic refuses at the first image."""
    load = {"type": "LoadImageFromFile", "key": "gt"}
    options = {"data_root": str(root), "pipeline": [load]}
    with pytest.raises(ValueError, match=r"reading 'gt'.*img alone: write data_prefix=dict\(gt=''"):
        BasicImageDataset(**options)
    wide = BasicImageDataset(data_prefix={"gt": ""}, **options)
    assert {wide[i]["gt"].shape for i in range(len(wide))} == {(9, 12, 3), (90, 130, 3)}


def test_a_misspelt_kind_is_told(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    load = [{"type": "LoadImageFromFile", "key": key} for key in ("img", "gt")]
    options = {"data_root": str(root), "data_prefix": {"img": "", "gtt": ""}}
    with pytest.raises(ValueError, match=r"reading 'gt'.* img, gtt alone.* Did you mean 'gtt'\?"):
        BasicImageDataset(pipeline=load, **options)
    BasicImageDataset(pipeline=load[:1], **options)
    said = "data_prefix names 'gtt', but the pipeline reads img alone"
    assert said in "".join(capsys.readouterr())
    BasicImageDataset(pipeline=[load[0], dict.copy], **options)  # which may read it
    assert said not in "".join(capsys.readouterr())
