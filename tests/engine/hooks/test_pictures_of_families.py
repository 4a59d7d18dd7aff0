"""The hooks of the bundled configs draw every family, in its colours, unnoticed by the training."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch

from mmlight.config import Config
from mmlight.engine import ConcatImageVisualizer
from mmlight.generative.datasets import DataSample, PhotoPatchesDataset
from mmlight.generative.datasets.photo_patches import load_photo
from mmlight.hooks import Hook
from mmlight.runner import Runner

CONFIGS = Path(__file__).parents[3] / "configs"
PATHS = {
    "dcgan": "dcgan/dcgan_digits-32x32.py",
    "wgan-gp": "wgan-gp/wgangp_digits-32x32.py",
    "pggan": "pggan/pggan_digits-4-32.py",
    "stylegan2": "stylegan2/stylegan2_digits-32x32.py",
    "singan": "singan/singan_china.py",
    "pix2pix": "pix2pix/pix2pix_photo-patches.py",
    "cyclegan": "cyclegan/cyclegan_photo-patches.py",
    "edsr": "edsr/edsr_x2_photo-patches.py",
    "srcnn": "srcnn/srcnn_x2_photo-patches.py",
}
LOCAL = {"type": "LocalVisBackend"}


def runner(
    family: str,
    folder: Path,
    entries: list[dict] | None = None,
    iterations: int = 1,
    draws: bool = True,
    **changes: Any,
) -> Runner:
    """A training of few iterations, of which each is drawn as its config or ``entries`` say."""
    cfg = Config.fromfile(CONFIGS / PATHS[family])
    cfg.work_dir, cfg.experiment_name = str(folder), folder.name
    cfg.trainer = {"accelerator": "cpu", "enable_progress_bar": False}
    cfg.default_hooks["checkpoint"] = None
    cfg.visualizer["vis_backends"] = [LOCAL]
    cfg.train_dataloader["batch_size"] = min(2, cfg.train_dataloader["batch_size"])
    others = [hook for hook in cfg.custom_hooks if not hook["type"].endswith("VisualizationHook")]
    (drawing,) = (hook for hook in cfg.custom_hooks if hook not in others)
    drawing["interval"] = 1
    if "vis_kwargs_list" in drawing:
        drawing.update(n_samples=4, n_row=2)
        drawing["vis_kwargs_list"] = entries or drawing["vis_kwargs_list"]
    cfg.custom_hooks = [*others, drawing] if draws else others
    cfg.train_cfg.update(max_iters=iterations, val_begin=iterations + 1)
    cfg.merge_from_dict(changes)
    return Runner.from_cfg(cfg)


class FirstChannelOnly(Hook):
    """Lets the generator make images whose first channel alone is bright."""

    def before_train(self, runner: Any) -> None:
        output = runner.model.generator.output_layer.conv
        torch.nn.init.zeros_(output.weight)
        output.bias.data.copy_(torch.tensor([9.0, -9.0, -9.0]))


def pictures(folder: Path) -> dict[str, np.ndarray]:
    """Each picture as red, green, blue."""
    return {path.stem: cv2.imread(str(path))[..., ::-1] for path in folder.rglob("vis_image/*.png")}


@pytest.mark.parametrize(
    ("family", "names"),
    [
        ("dcgan", ["digits_ema", "digits_orig"]),
        ("wgan-gp", ["digits_ema", "digits_orig"]),
        ("pggan", ["digits_ema", "digits_orig"]),
        ("stylegan2", ["digits_ema", "digits_orig"]),
        ("singan", ["china"]),
    ],
)
def test_pictures_of_a_gan_leave_no_trace(family: str, names: list[str], tmp_path: Path) -> None:
    drawn = runner(family, tmp_path / "drawn", iterations=2)
    drawn.train()
    random_numbers = torch.rand(3)
    plain = runner(family, tmp_path / "plain", iterations=2, draws=False)
    plain.train()
    for name, value in plain.model.state_dict().items():
        assert torch.equal(value, drawn.model.state_dict()[name]), name
    assert torch.equal(torch.rand(3), random_numbers)
    found = pictures(tmp_path / "drawn")
    assert sorted(found) == sorted(f"{name}_{step}" for name in names for step in (1, 2))
    side = {"pggan": (4, 4), "singan": (25, 37)}.get(family, (32, 32))
    assert {picture.shape for picture in found.values()} == {
        (2 + 2 * (side[0] + 2), 2 + 2 * (side[1] + 2), 3)
    }
    assert not list((tmp_path / "plain").rglob("*.png"))


def test_the_scales_of_singan(tmp_path: Path) -> None:
    entry = {"type": "SinGAN", "name": "china", "forward_kwargs": {"get_prev_res": True}}
    runner("singan", tmp_path, [entry], iterations=2, **{"model.iters_per_scale": 1}).train()
    found = {name: picture.shape for name, picture in pictures(tmp_path).items()}
    small, large = (2 + 2 * 27, 2 + 2 * 39, 3), (2 + 2 * 32, 2 + 2 * 47, 3)
    assert found == {"china_1": small, "china_fake_img_2": large, "china_prev_res_list_0_2": small}


@pytest.mark.parametrize("family", ["pix2pix", "cyclegan"])
def test_translations_have_the_colours_of_their_dataset(family: str, tmp_path: Path) -> None:
    kinds = [{"type": "Translation", "name": "train"}, {"type": "TranslationVal", "name": "val"}]
    runner(family, tmp_path, kinds).train()
    found = pictures(tmp_path)
    fields = ["img_grey", "img_colour", "fake_colour"] + ["fake_grey"] * (family == "cyclegan")
    names = (f"{kind}_{field}_1" for kind in ("train", "val") for field in fields)
    assert sorted(found) == sorted(names)
    shown = found["val_img_colour_1"][2:66, 2:66]
    assert np.array_equal(shown, load_photo("china")[:64, :64, ::-1])


@pytest.mark.parametrize("family", ["edsr", "srcnn"])
def test_better_images_stand_beside_what_they_come_from(family: str, tmp_path: Path) -> None:
    run = runner(family, tmp_path)
    run.val_loop.run()
    found = pictures(tmp_path)
    assert len(found) > 1
    small = {piece["gt_path"]: piece["img"] for piece in PhotoPatchesDataset()}
    for name, picture in found.items():
        photo, top, left, _ = name.split("_")
        patch = load_photo(photo)[int(top) :, int(left) :][:64, :64, ::-1]
        assert picture.shape == (64, 64 + 32 + 64, 3)
        assert np.array_equal(picture[:, :64], patch)
        assert np.array_equal(picture[:32, 64:96], small[f"{photo}_{top}_{left}.png"][..., ::-1])


@pytest.mark.parametrize("order", ["bgr", "rgb"])
def test_noise_becomes_the_colours_that_images_are_read_in(order: str, tmp_path: Path) -> None:
    folder = tmp_path / "images"
    folder.mkdir()
    for index in range(2):
        cv2.imwrite(str(folder / f"{index}.png"), np.zeros((32, 32, 3), np.uint8))
    load = {"type": "LoadImageFromFile", "key": "gt", "channel_order": order}
    data = {"type": "BasicImageDataset", "data_root": str(folder), "data_prefix": {"gt": ""}}
    run = runner(
        "dcgan",
        tmp_path / "run",
        [{"type": "GAN", "name": "first", "sample_model": "orig"}],
        **{
            "train_dataloader.dataset": {
                **data,
                "pipeline": [load, {"type": "PackInputs"}],
                "_delete_": True,
            },
            "model.generator.out_channels": 3,
            "model.discriminator.in_channels": 3,
        },
    )
    run.register_hook(FirstChannelOnly())
    run.train()
    expected = [255, 0, 0] if order == "rgb" else [0, 0, 255]
    assert pictures(tmp_path)["first_1"][10, 10].tolist() == expected


def test_what_the_pipeline_has_noted_counts_more_than_bgr2rgb(tmp_path: Path) -> None:
    """MMagic's configs of EDSR read red first, and say bgr2rgb=True all the same."""
    visualizer = ConcatImageVisualizer(
        "gt_path",
        ["gt_img", "pred_img"],
        bgr2rgb=True,
        vis_backends=[LOCAL],
        save_dir=str(tmp_path),
    )
    image = torch.tensor([255.0, 0.0, 0.0]).reshape(3, 1, 1).expand(3, 4, 4)
    for name, noted in (("rgb", {"gt_channel_order": "rgb", "img_channel_order": "rgb"}), ("", {})):
        sample = DataSample(metainfo={"gt_path": f"order{name}.png", **noted}, gt_img=image)
        sample.output = DataSample(pred_img=image)
        visualizer.add_datasample(sample, step=1)
    visualizer.close()
    shown = {name: picture[1, [1, 6]].tolist() for name, picture in pictures(tmp_path).items()}
    assert shown == {"orderrgb_1": [[255, 0, 0]] * 2, "order_1": [[0, 0, 255]] * 2}
