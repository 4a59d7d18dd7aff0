"""Every config would run, once its images are where it looks for them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmlight.config import Config
from mmlight.runner.check import check_config

CONFIGS = Path(__file__).parents[2] / "configs"
NAMES = [str(path.relative_to(CONFIGS)) for path in sorted(CONFIGS.glob("[!_]*/*.py"))]
# Networks are narrow here: their initial weights cost the time.
NARROW = {
    "DCGAN": "base_channels",
    "WGANGP": "max_channels",
    "ProgressiveGrowingGAN": "max_channels",
    "StyleGAN2": "max_channels",
    "Pix2Pix": "base_channels",
    "CycleGAN": "base_channels",
}
# Metrics have other networks here: the weights of theirs are not on this machine.
INCEPTION = ("FrechetInceptionDistance", "TransFID", "TransIS", "PrecisionAndRecall")


def without_downloads(evaluators: Any) -> None:
    for evaluator in evaluators if isinstance(evaluators, list) else [evaluators]:
        for metric in (evaluator or {}).get("metrics", ()):
            if metric.type in INCEPTION:
                metric.feature_extractor = {"type": "ColourStatistics"}
            if metric.type == "PerceptualPathLength":
                metric.perceptual_distance = {"type": "torch.nn.PairwiseDistance"}


@pytest.mark.parametrize("name", NAMES)
def test_would_run(name: str, tmp_path: Path) -> None:
    cfg = Config.fromfile(CONFIGS / name)
    cfg.work_dir = str(tmp_path)
    if cfg.model.type in NARROW:
        for network in (cfg.model.generator, cfg.model.discriminator):
            network[NARROW[cfg.model.type]] = 8
    for key in ("val_evaluator", "test_evaluator"):
        without_downloads(cfg.get(key))
    report = check_config(cfg)
    assert not report.faults
    assert not [line for line in report.warnings if "worker processes" not in line]


def test_there_is_one_of_each_family_at_full_size_and_on_bundled_images() -> None:
    families = {path.name for path in CONFIGS.iterdir() if path.is_dir() and path.name[0] != "_"}
    assert len(families) == 9
    bundled = ("digits", "photo-patches", "china")
    for family in families:
        names = [path.stem for path in (CONFIGS / family).glob("*.py")]
        small = [name for name in names if any(part in name for part in bundled)]
        assert small and len(small) < len(names), family
