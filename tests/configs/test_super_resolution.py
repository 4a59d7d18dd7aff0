"""The configs of SRCNN and EDSR train, are evaluated on both photographs, and leave pictures."""

from __future__ import annotations

from pathlib import Path

import pytest

from mmlight.config import Config
from mmlight.runner import Runner

CONFIGS = Path(__file__).parents[2] / "configs"
SMALL = {
    "srcnn/srcnn_x2_photo-patches.py": {"channels": (3, 8, 8, 3)},
    "edsr/edsr_x2_photo-patches.py": {"mid_channels": 8, "num_blocks": 1},
}


@pytest.mark.parametrize("name", SMALL)
def test_trains_evaluates_and_draws(name: str, tmp_path: Path) -> None:
    cfg = Config.fromfile(CONFIGS / name)
    cfg.work_dir = str(tmp_path)
    cfg.model.generator.update(SMALL[name])
    cfg.train_cfg.update(max_iters=6, val_interval=3)
    cfg.visualizer.vis_backends = [{"type": "LocalVisBackend"}]
    cfg.custom_hooks[0].interval = {"val": 1}
    for loader in cfg.val_dataloader:
        loader.dataset.size = 128
    runner = Runner.from_cfg(cfg)
    runner.train()
    scores = runner.message_hub.log_scalars
    for photo in ("china", "flower"):
        assert -20 < scores[f"val/{photo}/PSNR"].current() < 60
        assert -1 <= scores[f"val/{photo}/SSIM"].current() <= 1
    assert list(tmp_path.glob("best_china_PSNR_iter_*.pth"))
    assert {path.name.split("_")[0] for path in tmp_path.rglob("*.png")} >= {"china", "flower"}
