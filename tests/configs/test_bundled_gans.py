"""The configs of GANs on bundled images train, are evaluated, and leave pictures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

from mmlight.config import Config
from mmlight.runner import Runner

CONFIGS = Path(__file__).parents[2] / "configs"
TINY: dict[str, dict[str, Any]] = {
    "generator": {"max_channels": 4},
    "discriminator": {"max_channels": 4},
}
SMALL: dict[str, dict[str, dict[str, Any]]] = {
    "wgan-gp/wgangp_digits-32x32.py": TINY,
    "stylegan2/stylegan2_digits-32x32.py": TINY,
    "pggan/pggan_digits-4-32.py": TINY,
    "pix2pix/pix2pix_photo-patches.py": {
        "generator": {"base_channels": 4},
        "discriminator": {"base_channels": 4},
    },
    "cyclegan/cyclegan_photo-patches.py": {
        "generator": {"base_channels": 4, "num_blocks": 1},
        "discriminator": {"base_channels": 4},
    },
}


@pytest.mark.parametrize("name", SMALL)
def test_trains_is_evaluated_and_draws(name: str, tmp_path: Path) -> None:
    cfg = Config.fromfile(CONFIGS / name)
    cfg.work_dir = str(tmp_path)
    for network, changes in SMALL[name].items():
        cfg.model[network].update(changes)
    cfg.train_cfg.update(max_iters=4, val_interval=4)
    cfg.train_dataloader.batch_size = 4
    cfg.visualizer.vis_backends = [{"type": "LocalVisBackend"}]
    cfg.custom_hooks[-1].update(interval=4, n_samples=4)
    for metric in cfg.val_evaluator.metrics:
        if "fake_nums" in metric:
            metric.fake_nums = 30
    if "nkimgs_per_scale" in cfg.model:
        cfg.model.nkimgs_per_scale = {"4": 0.004, "8": 0.004, "16": 0.004, "32": 1}
        cfg.train_dataloader.dataset.gpu_samples_per_scale = dict.fromkeys(
            ("4", "8", "16", "32"), 4
        )
    runner = Runner.from_cfg(cfg)
    runner.train()
    assert "prefix is not set" not in Path(runner.logger.log_file).read_text()
    scores = {
        name: history.current()
        for name, history in runner.message_hub.log_scalars.items()
        if name.startswith("val/") and "time" not in name
    }
    assert any(name.endswith("/fd") for name in scores)
    assert all(math.isfinite(value) for value in scores.values()), scores
    assert list(tmp_path.glob("best_*_fd_iter_4.pth"))
    assert list(tmp_path.rglob("vis_image/*_4.png"))
    if "nkimgs_per_scale" in cfg.model:
        assert runner.model.curr_scale == (32, 32)
