"""What `mmlight explain` says of a config, and whether it says it of all."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from mmlight.cli.explain import show
from mmlight.config import Config
from mmlight.runner.explain import Explanation, explain_config

ROOT = Path(__file__).parents[2]
DIGITS = ROOT / "configs/dcgan/dcgan_digits-32x32.py"

BASE = """
optim_wrapper = dict(type="OptimWrapper", optimizer=dict(type="SGD", lr=0.1, momentum=0.9))
train_cfg = dict(by_epoch=True, max_epochs=12, val_interval=1)
"""

DETECTOR = """
_base_ = "base.py"
default_scope = "mmdet"
work_dir = "out"
pipeline = [dict(type="LoadAnnotations", with_bbox=True), dict(type="PackDetInputs")]
model = dict(
    type="FasterRCNN",
    backbone=dict(type="mmpretrain.ConvNeXt", norm_cfg=dict(type="LN")),
    encoder=dict(type="diffusers.AutoencoderKL"),
    critic=dict(type="DCGANDiscriminator", default_act_cfg=dict(type="ItsOwnName")),
    roi=dict(layer=dict(type="DCNv2")),
)
dataset = dict(type="CocoDataset", pipeline=pipeline)
train_dataloader = dict(batch_size=2, num_workers=2, dataset=dataset)
train_cfg = dict(max_epochs=24)
param_scheduler = [
    dict(type="LinearLR", start_factor=0.001, by_epoch=False, begin=0, end=500),
    dict(type="MultiStepLR", milestones=[16, 22]),
]
default_hooks = dict(logger=dict(interval=50), timer=None)
visualizer = dict(vis_backends=[dict(type="LocalVisBackend")])
trainer = dict(precision="bf16-mixed", strategy="ddp")
launcher = "pytorch"
img_scale = (1333, 800)
paramscheduler = None
"""


def explained(cfg: Any, **changes: Any) -> Explanation:
    cfg = Config.fromfile(cfg, import_custom_modules=False)
    cfg.merge_from_dict({"work_dir": "out", **changes})
    return explain_config(cfg)


def table(explanation: Explanation) -> dict[str, tuple[str, str]]:
    return {row.key: (row.to, row.becomes) for row in explanation.rows}


def shown(explanation: Explanation, **options: Any) -> str:
    console = Console(file=io.StringIO(), highlight=False, color_system=None, **options)
    show(explanation, "config.py", console)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def detector(tmp_path_factory: pytest.TempPathFactory) -> Explanation:
    """A config of packages that are not installed, of two files."""
    folder = tmp_path_factory.mktemp("configs")
    (folder / "base.py").write_text(BASE)
    (folder / "detector.py").write_text(DETECTOR)
    return explained(folder / "detector.py")


@pytest.fixture(scope="module")
def digits() -> Explanation:
    return explained(DIGITS, **{"trainer.precision": "bf16-mixed"})


def test_each_key_goes_somewhere(digits: Explanation) -> None:
    rows = table(digits)
    cfg = Config.fromfile(DIGITS)
    assert {row.path[0] for row in digits.rows} == {*cfg.keys(), "work_dir", "trainer"}
    assert rows["train_cfg"][0] == "Trainer" and "2500 batches" in rows["train_cfg"][1]
    assert rows["model.generator"] == (
        "module",
        "DCGANGenerator(output_scale=32, out_channels=1, base_channels=96)",
    )
    assert rows["optim_wrapper.generator.optimizer"][1].startswith("torch.optim.Adam(lr=0.001, ")
    assert rows["custom_hooks[0]"][0] == "callback"
    assert rows["visualizer.vis_backends[1]"] == ("logger", "TensorboardVisBackend()")
    assert rows["env_cfg.dist_cfg"][0] == "strategy"
    assert rows["randomness.seed"] == ("environment", "mmlight.runner.set_random_seed(2024)")
    assert rows["trainer.precision"][1].startswith("Trainer(precision='bf16-mixed'), obeyed by")
    assert rows["dataset"] == (
        "nothing",
        "a variable of the config; its value stands at train_dataloader.dataset",
    )
    assert digits.runs and not digits.unknown
    hooks = [row.becomes for row in digits.rows if row.path[0] == "default_hooks"]
    priorities = [int(text.rpartition("(")[2].rstrip(")")) for text in hooks]
    assert len(hooks) == 6 and priorities == sorted(priorities)


def test_what_is_not_known_is_named_with_its_package(detector: Explanation) -> None:
    packages = {one.type: (one.package, one.keys) for one in detector.unknown}
    assert packages == {
        "FasterRCNN": ("mmdet", ["model"]),
        "mmpretrain.ConvNeXt": ("mmpretrain", ["model.backbone"]),
        "LN": ("mmcv", ["model.backbone.norm_cfg"]),
        "diffusers.AutoencoderKL": ("diffusers", ["model.encoder"]),
        "DCNv2": ("mmcv with its compiled operators", ["model.roi.layer"]),
        "CocoDataset": ("mmdet", ["train_dataloader.dataset"]),
        "LoadAnnotations": ("mmcv", ["train_dataloader.dataset.pipeline[0]"]),
        "PackDetInputs": ("mmdet", ["train_dataloader.dataset.pipeline[1]"]),
    }
    assert not detector.runs


def test_what_keys_become(detector: Explanation) -> None:
    rows = table(detector)
    assert rows["param_scheduler[0]"][1].endswith("stepped by ParamSchedulerHook each iteration")
    assert rows["param_scheduler[1]"][1].endswith("stepped by ParamSchedulerHook each epoch")
    assert rows["train_cfg"][1].endswith("Trainer(max_epochs=24)")
    assert rows["default_hooks.timer"] == ("nothing", "this default hook is left out")
    assert rows["default_hooks.logger"][1].startswith("LoggerHook(interval=50), priority BELOW")
    assert rows["launcher"][0] == rows["trainer.strategy"][0] == "strategy"
    assert rows["img_scale"] == ("nothing", "no part of a run reads (1333, 800)")
    assert "did you mean 'param_scheduler'" in "".join(detector.report.warnings)


def test_files_and_the_keys_that_each_set(detector: Explanation) -> None:
    places = {
        row.key: place for row, place in zip(detector.rows, detector.places, strict=True) if place
    }
    assert [Path(file).name for file in detector.files] == ["base.py", "detector.py"]
    assert places["optim_wrapper.optimizer"] == (0, 2)
    assert places["train_cfg"] == (1, 15)
    assert places["param_scheduler[1]"] == (1, 18)
    assert "default_hooks.checkpoint" not in places
    assert detector.sets[0] == ["optim_wrapper"]


def test_no_key_is_cut_off(detector: Explanation) -> None:
    keys = [row.key for row in detector.rows]
    piped = shown(detector).splitlines()
    for row in detector.rows:
        assert any(line.startswith(row.key) and line.endswith(row.becomes) for line in piped)
    wide = shown(detector, width=150, force_terminal=True)
    assert all(f" {key} " in wide for key in keys)
    narrow = shown(detector, width=80, force_terminal=True).splitlines()
    assert max(map(len, narrow[: narrow.index(" " * 80)])) == 80
    start = next(index for index, line in enumerate(narrow) if line.startswith(" key "))
    first_column = "".join(line[1:34].strip() for line in narrow[start:])
    assert all(key in first_column for key in keys)


def test_a_module_that_cannot_be_imported_is_a_fault(tmp_path: Path) -> None:
    text = 'custom_imports = dict(imports=["no_project.models"])\nmodel = dict(type="Nobody")\n'
    (tmp_path / "config.py").write_text(text)
    said = explained(tmp_path / "config.py")
    assert "custom_imports: No module named 'no_project'" in said.report.faults
    assert table(said)["custom_imports"][0] == "environment"
    assert [one.type for one in said.unknown] == ["Nobody"]


def test_secrets_stay_hidden(tmp_path: Path) -> None:
    text = 'visualizer = dict(vis_backends=[dict(type="WandbVisBackend", api_key="f00f00f00")])\n'
    (tmp_path / "config.py").write_text(text)
    said = shown(explained(tmp_path / "config.py"))
    assert "WandbVisBackend(api_key='<hidden>')" in said and "f00f00f00" not in said
