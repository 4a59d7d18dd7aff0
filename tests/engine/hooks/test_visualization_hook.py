"""The visualization hooks: what they draw, from what, and that training does not notice."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from mmlight.engine import BasicVisualizationHook, GenVisualizationHook, VisualizationHook
from mmlight.hooks import Hook
from mmlight.logging import MessageHub
from mmlight.structures import BaseDataElement
from mmlight.visualization import LocalVisBackend, Visualizer
from tests.engine.toys import MeanPixels, gan_runner, loader

EMA = {
    "type": "ExponentialMovingAverageHook",
    "module_keys": "generator_ema",
    "interval": 1,
    "interp_cfg": {"momentum": 0.1},
}


def images(path: Path) -> dict[str, np.ndarray]:
    return {file.stem: cv2.imread(str(file)) for file in path.rglob("vis_image/*.png")}


def weights(runner: Any) -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in runner.model.state_dict().items()}


@pytest.mark.parametrize("kind", [GenVisualizationHook, VisualizationHook])
def test_grids_of_both_generators(tmp_path: Path, kind: type) -> None:
    hook = kind(
        interval=2,
        n_samples=6,
        n_row=3,
        vis_kwargs_list={"type": "GAN", "sample_model": "ema/orig"},
    )
    gan_runner(tmp_path, 4, custom_hooks=[EMA, hook]).train()
    grids = images(tmp_path)
    assert sorted(grids) == ["gan_ema_2", "gan_ema_4", "gan_orig_2", "gan_orig_4"]
    assert grids["gan_ema_2"].shape == (2 + 2 * 10, 2 + 3 * 10, 3)
    assert not np.array_equal(grids["gan_ema_4"], grids["gan_orig_4"])


def test_a_grid_shows_what_the_generator_makes(tmp_path: Path) -> None:
    hook = GenVisualizationHook(
        interval=2, n_samples=2, n_row=2, vis_kwargs_list={"type": "Noise", "name": "fake"}
    )
    runner = gan_runner(tmp_path, 2, custom_hooks=[hook])
    runner.train()
    noise = hook.inputs_buffer[0][0]["inputs"]["noise"]
    shown = runner.model.eval()(noise)
    grid = images(tmp_path)["fake_2"]
    for index, sample in enumerate(shown):
        left = 2 + index * 10
        pixels = grid[2:10, left : left + 8, 0]
        np.testing.assert_allclose(pixels, sample.fake_img[0].detach().cpu().numpy(), atol=0.51)


def test_training_does_not_notice(tmp_path: Path) -> None:
    quiet = gan_runner(tmp_path / "quiet", 4)
    quiet.train()
    hooks = [
        GenVisualizationHook(interval=1, n_samples=4, vis_kwargs_list={"type": kind, "name": kind})
        for kind in ("Noise", "Data")
    ]
    hooks.append(
        GenVisualizationHook(interval=1, fixed_input=False, vis_kwargs_list={"type": "GAN"})
    )
    watched = gan_runner(tmp_path / "watched", 4, custom_hooks=hooks)
    watched.train()
    for name, value in weights(quiet).items():
        assert torch.equal(value, weights(watched)[name]), name
    assert watched.model.training


@pytest.mark.parametrize("fixed", [True, False])
def test_fixed_input(tmp_path: Path, fixed: bool) -> None:
    seen: list[torch.Tensor] = []

    class Watched(GenVisualizationHook):
        def _show(self, visualizer: Any, name: str, samples: list, **options: Any) -> None:
            seen.append(torch.stack([sample.noise for sample in samples]))

    hook = Watched(
        interval=1, fixed_input=fixed, n_samples=6, vis_kwargs_list={"type": "GAN", "name": "fake"}
    )
    gan_runner(tmp_path, 2, custom_hooks=[hook]).train()
    assert seen[0].shape == (6, 4)
    assert torch.equal(seen[0], seen[1]) == fixed
    assert not torch.equal(seen[0][:2], seen[0][4:])


def test_fixed_input_is_the_same_in_a_resumed_run(tmp_path: Path) -> None:
    hook = {"type": "GenVisualizationHook", "interval": 2, "vis_kwargs_list": {"type": "GAN"}}
    checkpoint = {"checkpoint": {"type": "CheckpointHook", "interval": 2, "by_epoch": False}}
    whole = gan_runner(tmp_path / "whole", 4, custom_hooks=[hook])
    whole.train()
    gan_runner(tmp_path / "parts", 2, custom_hooks=[hook], default_hooks=checkpoint).train()
    gan_runner(
        tmp_path / "parts", 4, custom_hooks=[hook], default_hooks=checkpoint, resume=True
    ).train()
    ours, theirs = images(tmp_path / "parts"), images(tmp_path / "whole")
    assert np.array_equal(ours["gan_4"], theirs["gan_4"])


def test_options_of_an_entry_alias_and_hook(tmp_path: Path) -> None:
    hook = VisualizationHook(
        n_samples=5,
        n_row=None,
        vis_kwargs_list=[
            {"type": "gan", "num_samples": 3, "n_rows": 2},
            {"type": "DDPMDenoising", "n_row": 2},
            {"type": "TranslationVal", "name": "val"},
        ],
    )
    gan, ddpm, translation = hook.vis_kwargs_list
    assert (gan["type"], gan["n_samples"], gan["n_row"], gan["name"]) == ("Noise", 3, 2, "gan")
    assert (ddpm["n_samples"], ddpm["n_row"], ddpm["vis_mode"]) == (16, 2, "gif")
    assert ddpm["name"] == "ddpm_sample"
    assert (translation["type"], translation["n_samples"]) == ("ValData", 5)
    assert translation["n_row"] is None


def test_ground_truth_is_drawn_when_wanted(tmp_path: Path) -> None:
    entry = {"type": "Translation", "name": "pairs", "draw_gt": True, "n_samples": 4}
    hook = VisualizationHook(interval=1, vis_kwargs_list=entry)
    gan_runner(tmp_path, 1, custom_hooks=[hook]).train()
    grids = images(tmp_path)
    assert sorted(grids) == ["pairs_fake_img_1", "pairs_gt_img_1"]
    assert set(np.unique(grids["pairs_gt_img_1"])) == {0, 200}


def test_images_of_the_message_hub(tmp_path: Path) -> None:
    class Publish(Hook):
        priority = "VERY_HIGH"

        def after_train_iter(self, runner: Any, *_: Any, **__: Any) -> None:
            image = torch.stack([torch.full((1, 8, 8), value) for value in (-1.0, 1.0)])
            runner.message_hub.update_info("last_fake", image)

    for name, hook in {
        "gen": GenVisualizationHook(interval=1, message_hub_vis_kwargs="last_fake"),
        "new": VisualizationHook(
            interval=1, message_hub_vis_kwargs=[{"key": "last_fake", "n_row": 2}]
        ),
    }.items():
        gan_runner(tmp_path / name, 1, custom_hooks=[Publish(), hook]).train()
        grid = images(tmp_path / name)["last_fake_1"]
        assert grid.shape == (12, 22, 3)
        assert grid[2:10, 2:10].max() == 0
        assert grid[2:10, 12:20].min() == 255


def test_message_hub_images_can_be_shown_directly(tmp_path: Path) -> None:
    visualizer = Visualizer.get_instance(
        "direct", vis_backends=[{"type": "LocalVisBackend"}], save_dir=str(tmp_path)
    )
    MessageHub.get_instance("direct").update_info("x", torch.zeros(1, 3, 4, 4) + 0.5)
    hook = GenVisualizationHook(message_hub_vis_kwargs="x")
    hook.vis_from_message_hub(4, "bgr", [0, 0, 255], [0, 510, 0])
    pixel = images(tmp_path)["x_5"][3, 3]
    assert pixel.tolist() == [0, 255, 255]  # read by OpenCV: blue, green, red
    visualizer.close()


def test_missing_message_is_named(tmp_path: Path) -> None:
    hook = GenVisualizationHook(interval=1, message_hub_vis_kwargs={"key": "nowhere"})
    with pytest.raises(KeyError, match="nowhere"):
        gan_runner(tmp_path, 1, custom_hooks=[hook]).train()


def test_samples_of_a_test_are_stored(tmp_path: Path) -> None:
    metric = {
        "type": "FrechetDistance",
        "fake_nums": 8,
        "sample_model": "orig",
        "feature_extractor": MeanPixels(),
    }
    for limit, count in ((3, 3), (None, 8)):
        hook = GenVisualizationHook(max_save_at_test=limit, test_vis_keys="fake_img")
        path = tmp_path / str(limit)
        runner = gan_runner(
            path,
            custom_hooks=[hook],
            test_dataloader=loader(shuffle=False),
            test_cfg={"type": "GenTestLoop"},
            test_evaluator={"type": "GenEvaluator", "metrics": metric},
        )
        runner.test()
        stored = images(path)
        assert sorted(stored) == sorted(f"test_sample_{i}" for i in range(count))
        assert stored["test_sample_0"].shape == (12, 12, 3)


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"vis_kwargs_list": {"name": "x"}}, KeyError, "type"),
        ({"message_hub_vis_kwargs": {"name": "x"}}, KeyError, "key"),
    ],
)
def test_bad_arguments(arguments: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        GenVisualizationHook(**arguments)


@pytest.mark.parametrize(
    ("entry", "error", "words"),
    [
        ({"type": "Noize"}, ValueError, "Noise"),
        ({"type": "GAN", "sample_model": "ema"}, ValueError, "ExponentialMovingAverageHook"),
        ({"type": "GAN", "target_keys": "fake"}, KeyError, "fake_img"),
        ({"type": "GAN", "vis_mode": "gif"}, ValueError, "T, C, H, W"),
        ({"type": "GAN", "vis_mode": "video"}, ValueError, "gif"),
    ],
)
def test_what_cannot_be_shown_is_explained(
    tmp_path: Path, entry: dict, error: type[Exception], words: str
) -> None:
    with pytest.raises(error, match=words):
        hook = GenVisualizationHook(interval=1, vis_kwargs_list=entry)
        gan_runner(tmp_path, 1, custom_hooks=[hook]).train()


def test_gif(tmp_path: Path) -> None:
    from mmlight.engine.gen_visualizer import GenVisualizer

    backend = LocalVisBackend(str(tmp_path))
    visualizer = GenVisualizer("gif", vis_backends=[backend])
    moving = [torch.linspace(-1, 1, 5).reshape(5, 1, 1, 1).expand(5, 1, 6, 6) for _ in range(4)]
    visualizer.add_datasample("fade", moving, vis_mode="gif", step=7)
    with Image.open(next(tmp_path.rglob("fade_7.gif"))) as gif:
        assert gif.n_frames == 5
        assert gif.size == (18, 18)
        levels = []
        for frame in range(5):
            gif.seek(frame)
            levels.append(int(np.asarray(gif.convert("L"))[4, 4]))
    assert levels == sorted(levels)
    assert (levels[0], levels[-1]) == (0, 255)
    assert images(tmp_path)["fade_7"][4, 4, 0] == 255


class PlainGAN(pl.LightningModule):
    """A GAN of the user's own: noise goes through ``forward``."""

    noise_size = 3

    def __init__(self) -> None:
        super().__init__()
        self.generator = nn.Sequential(nn.Linear(3, 64), nn.Tanh(), nn.Unflatten(1, (1, 8, 8)))

    def forward(self, noise: torch.Tensor) -> torch.Tensor:
        return self.generator(noise)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return self(torch.randn(len(batch), 3)).square().mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def test_in_a_plain_lightning_project(tmp_path: Path) -> None:
    hook = GenVisualizationHook(
        interval=2, n_samples=4, n_row=2, vis_kwargs_list={"type": "Noise", "name": "fake"}
    )
    trainer = pl.Trainer(
        callbacks=[hook],
        max_epochs=1,
        default_root_dir=tmp_path,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(PlainGAN(), torch.utils.data.DataLoader(torch.zeros(8, 1), batch_size=2))
    grids = images(tmp_path)
    assert sorted(grids) == ["fake_2", "fake_4"]
    assert grids["fake_2"].shape == (22, 22, 3)


class Calls(Visualizer):
    """Keeps the names of what it is given."""

    def add_datasample(self, name: str, *args: Any, **kwargs: Any) -> None:  # type: ignore[override]
        self.__dict__.setdefault("names", []).append(name)


@pytest.mark.parametrize(
    ("arguments", "mode", "expected"),
    [
        ({}, "val", ["val_0_0", "val_1_0", "val_2_0"]),
        ({"interval": 2}, "val", ["val_1_0"]),
        ({"interval": {"val": 3}}, "test", ["test_0_0", "test_1_0", "test_2_0"]),
        ({"on_test": False}, "test", []),
        ({"on_train": True, "interval": {"train": 3}}, "train", ["train_2_0"]),
        ({}, "train", []),
    ],
)
def test_basic_hook(arguments: dict, mode: str, expected: list[str]) -> None:
    class Runner:
        visualizer = Calls("basic")
        iter = 0

    hook = BasicVisualizationHook(**arguments)
    batch = {"inputs": torch.zeros(1, 3, 2, 2)}
    for index in range(3):
        getattr(hook, f"after_{mode}_iter")(Runner, index, batch, [BaseDataElement()])
    assert vars(Runner.visualizer).get("names", []) == expected


def test_basic_hook_in_a_run(tmp_path: Path) -> None:
    metric = {
        "type": "FrechetDistance",
        "fake_nums": 8,
        "sample_model": "orig",
        "feature_extractor": MeanPixels(),
    }
    runner = gan_runner(
        tmp_path,
        custom_hooks=[{"type": "BasicVisualizationHook", "interval": 2}],
        val_dataloader=loader(shuffle=False),
        val_cfg={"type": "GenValLoop"},
        val_evaluator={"type": "GenEvaluator", "metrics": metric},
    )
    runner.val()
    assert len(images(tmp_path)) == 1


class Unnamed(Visualizer):
    """Takes a sample alone, as MMagic's ConcatImageVisualizer does."""

    def __init__(self, name: str = "visualizer", save_dir: str | None = None) -> None:
        super().__init__(name, save_dir=save_dir)
        self.shown: list[tuple[Any, int]] = []

    def add_datasample(self, data_sample: Any, step: int = 0) -> None:  # type: ignore[override]
        self.shown.append((data_sample, step))


def test_basic_hook_with_a_visualizer_that_takes_no_names(tmp_path: Path) -> None:
    visualizer = Unnamed(save_dir=str(tmp_path))
    runner = SimpleNamespace(visualizer=visualizer, iter=7)
    hook = BasicVisualizationHook(interval={"val": 2})
    for index in range(4):
        hook._after_iter(runner, index, {"inputs": [0, 0]}, ["first", "second"], mode="val")
    assert visualizer.shown == [("first", 7), ("second", 7)] * 2


def test_basic_hook_knows_its_modes() -> None:
    with pytest.raises(ValueError, match="vla"):
        BasicVisualizationHook(interval={"vla": 2})
