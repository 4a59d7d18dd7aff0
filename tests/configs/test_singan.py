"""The config of SinGAN trains on the photograph, and leaves pictures and what sampling needs."""

from __future__ import annotations

from pathlib import Path

from mmlight.config import Config
from mmlight.generative.models import SinGAN
from mmlight.registry import MODELS
from mmlight.runner import Runner

CONFIG = Path(__file__).parents[2] / "configs" / "singan" / "singan_china.py"


def test_trains_draws_and_samples(tmp_path: Path) -> None:
    cfg = Config.fromfile(CONFIG)
    cfg.work_dir = str(tmp_path)
    cfg.model.iters_per_scale = 1
    cfg.train_cfg.max_iters = 4
    cfg.visualizer.vis_backends = [{"type": "LocalVisBackend"}]
    cfg.custom_hooks[1].interval = 2
    runner = Runner.from_cfg(cfg)
    runner.train()
    sizes = [tuple(noise.shape[-2:]) for noise in runner.model.fixed_noises]
    assert sizes[0] == (25, 37) and sizes[-1] == (43, 64) and len(sizes) == 4
    assert len(list(tmp_path.rglob("china*.png"))) == 2
    (path,) = (tmp_path / "pickle").iterdir()
    cfg.model.test_pkl_data = str(path)
    model: SinGAN = MODELS.build(cfg.model)
    model.load_state_dict(runner.model.state_dict())
    (sample,) = model.eval()({"mode": "recon"})
    assert sample.fake_img.shape == (3, 43, 64)
