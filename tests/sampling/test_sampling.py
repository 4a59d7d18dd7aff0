"""Images of trained and published models, of every family."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

import mmlight
from mmlight.fileio import get
from mmlight.generative.datasets import PhotoPatchesDataset
from mmlight.logging import MessageHub
from mmlight.runner.checkpoint import save_checkpoint
from mmlight.sampling import interpolate
from mmlight.sampling.files import write_samples
from tests.sampling.tiny import PAIRS, built, colour, config, noises, photographs

GANS = ["dcgan", "wgan-gp", "pggan", "stylegan2"]
TRANSLATIONS = ["pix2pix", "cyclegan"]
EDITS = ["srcnn", "edsr"]


def saved(family: str, folder: Path, model: Any = None) -> str:
    path = str(folder / f"{family}.pth")
    checkpoint: dict[str, Any] = {"state_dict": (model or built(family)).state_dict()}
    if family == "singan":
        hub = MessageHub("test")
        hub.update_info("singan", noises())
        checkpoint["message_hub"] = hub.state_dict()
    save_checkpoint(checkpoint, path)
    return path


def loaded(family: str, folder: Path, model: Any = None, **changes: Any) -> Any:
    file = saved(family, folder, model)
    return mmlight.load_model(config(family, **changes), file, device="cpu")


def same(one: dict[str, list], other: dict[str, list]) -> bool:
    pairs = [zip(one[name], other[name], strict=True) for name in one]
    return one.keys() == other.keys() and all(torch.equal(a, b) for pair in pairs for a, b in pair)


def shapes(images: dict[str, list]) -> dict[str, list[tuple[int, ...]]]:
    return {name: [tuple(image.shape[-2:]) for image in column] for name, column in images.items()}


@pytest.mark.parametrize(
    ("family", "sizes"),
    [
        ("dcgan", {"orig": 16}),
        ("wgan-gp", {"orig": 16}),
        ("pggan", {"ema_4": 4, "ema_8": 8, "ema_16": 16}),
        ("stylegan2", {"ema": 16}),
    ],
)
def test_images_of_noise(family: str, sizes: dict[str, int], tmp_path: Path) -> None:
    model = loaded(family, tmp_path)
    model.generator.train()
    torch.manual_seed(5), random.seed(5)
    before = torch.get_rng_state(), random.getstate()
    images = mmlight.sample(model, num=1, seed=3)
    assert shapes(images) == {name: [(side, side)] for name, side in sizes.items()}
    assert all(image.dtype == torch.uint8 for column in images.values() for image in column)
    assert same(images, mmlight.sample(model, num=1, seed=3))
    assert not same(images, mmlight.sample(model, num=1, seed=4))
    # What was going on goes on.
    assert model.generator.training and not model.training
    assert torch.equal(before[0], torch.get_rng_state()) and before[1] == random.getstate()
    moments = interpolate(model, num=1, seed=3, frames=2)
    assert [len(moment) for moment in moments] == [1, 1]
    assert not torch.equal(moments[0][0], moments[1][0])


def test_both_generators_make_images_of_the_same_noise(tmp_path: Path) -> None:
    model = built("pggan")
    model.generator_ema.module.load_state_dict(model.generator.state_dict())
    model = loaded("pggan", tmp_path, model)
    images = mmlight.sample(model, num=2, sample_model="ema/orig")
    assert [*images] == ["ema_4", "ema_8", "ema_16", "orig_4", "orig_8", "orig_16"]
    assert torch.equal(images["ema_8"][1], images["orig_8"][1])


def test_a_growing_model_shows_what_it_has_reached(tmp_path: Path) -> None:
    model = built("pggan")
    model._curr_scale_int.fill_(8)
    model._curr_transition_weight.fill_(0.5)
    half = mmlight.sample(loaded("pggan", tmp_path, model), num=1)
    model._curr_transition_weight.fill_(1.0)
    whole = mmlight.sample(loaded("pggan", tmp_path, model), num=1)
    assert [*half] == [*whole] == ["ema_4", "ema_8"]
    assert torch.equal(half["ema_4"][0], whole["ema_4"][0])
    assert not torch.equal(half["ema_8"][0], whole["ema_8"][0])


def test_images_of_singan_at_all_scales(tmp_path: Path) -> None:
    model = loaded("singan", tmp_path)
    images = mmlight.sample(model, num=2)
    (small, large) = (9, 12), (12, 16)
    expected = {
        "recon_0": [small],
        "recon_1": [large],
        "rand_0": [small] * 2,
        "rand_1": [large] * 2,
    }
    assert shapes(images) == expected
    with torch.no_grad():
        (learnt,) = model({"mode": "recon"})
    red_first = learnt.fake_img.flip(0).round().byte()
    assert torch.equal(images["recon_1"][0], red_first)
    assert not torch.equal(images["rand_1"][0], images["rand_1"][1])
    files = [*write_samples(model, str(tmp_path / "out"), num=2)]
    assert [Path(file).name for file in files] == ["scales.png", "samples.png"]
    # Three rows, as high as the last scale, and two columns; 2 pixels around each image.
    assert cv2.imread(files[0]).shape == (2 + 3 * 14, 2 + 14 + 18, 3)


@pytest.mark.parametrize("family", TRANSLATIONS)
def test_translations(family: str, tmp_path: Path) -> None:
    photographs(tmp_path / "data" / "testA")
    photographs(tmp_path / "data" / "testB", side=20)
    loader = {**PAIRS, "dataset": {**PAIRS["dataset"], "data_root": str(tmp_path / "data")}}
    model = loaded(family, tmp_path, test_dataloader=loader)
    images = mmlight.sample(model, num=2, seed=1)
    names = {"img_mask_for_photo", "fake_photo"}
    if family == "cyclegan":
        names |= {"img_photo_for_mask", "fake_mask"}
    assert shapes(images) == {name: [(32, 32)] * 2 for name in names}
    assert same(images, mmlight.sample(model, num=2, seed=1))
    # The same images from files.
    files = [str(path) for path in sorted((tmp_path / "data" / "testB").iterdir())]
    of_files = mmlight.sample(model, inputs=files[:2], seed=1)
    assert torch.equal(of_files["img_mask_for_photo"][0], images["img_mask_for_photo"][0])
    written = [*write_samples(model, str(tmp_path / "out"), inputs=str(tmp_path / "data/testB"))]
    assert [Path(file).name for file in written] == ["to_photo.png", "0.png", "1.png", "2.png"]
    assert cv2.imread(written[0]).shape == (2 + 3 * 34, 2 + 2 * 34, 3)
    assert cv2.imread(written[1]).shape == (32, 32, 3)


@pytest.mark.parametrize("family", EDITS)
def test_better_images(family: str, tmp_path: Path) -> None:
    paths = photographs(tmp_path / "photos", number=2)
    model = loaded(family, tmp_path)
    images = mmlight.sample(model, inputs=str(tmp_path / "photos"))
    assert shapes(images) == {"input": [(24, 24)] * 2, "output": [(48, 48)] * 2}
    red_first = cv2.imread(str(paths[1]))[..., ::-1].transpose(2, 0, 1)
    assert np.array_equal(images["input"][1].numpy(), red_first)


def test_items_are_spread_over_the_datasets_of_the_config(tmp_path: Path) -> None:
    loaders = [
        {
            "batch_size": 8,
            "num_workers": 0,
            "sampler": {"type": "DefaultSampler", "shuffle": False},
            "dataset": {
                "type": "PhotoPatchesDataset",
                "photos": [photo],
                "pipeline": [{"type": "PackInputs"}],
            },
        }
        for photo in ("china", "flower")
    ]
    model = loaded("srcnn", tmp_path, val_dataloader=loaders)
    images = mmlight.sample(model, num=3)
    assert [*images] == ["input", "output", "gt"]
    china, flower = (PhotoPatchesDataset(photos=[photo]) for photo in ("china", "flower"))
    for image, patch in zip(images["gt"], (china[0], flower[0], china[20]), strict=True):
        assert np.array_equal(image.numpy(), patch["gt"][..., ::-1].transpose(2, 0, 1))
    assert cv2.imread(next(write_samples(model, str(tmp_path), num=3))).shape == (200, 200, 3)


@pytest.mark.parametrize("family", ["dcgan", "srcnn"])
@pytest.mark.parametrize("order", ["bgr", "rgb", None])
def test_colours(family: str, order: str | None, tmp_path: Path) -> None:
    """The first channel is blue, unless the config's pipeline reads red first."""
    load = {"type": "LoadImageFromFile", "key": "gt", "channel_order": order}
    pipeline = [load] if order else []
    model = built(family)
    colour(model, 1 if family == "srcnn" else 9, 0 if family == "srcnn" else -9)
    data = {"train_dataloader": {"dataset": {"pipeline": pipeline}}}
    model = loaded(family, tmp_path, model, **data)
    given = {}
    if family == "srcnn":
        (path,) = photographs(tmp_path / "photos", number=1)
        given = {"inputs": [str(path)]}
    for file in write_samples(model, str(tmp_path / "out"), frames=0, num=1, **given):
        blue, green, red = cv2.imread(file)[10, -10].tolist()
        assert (blue, green, red) == ((0, 0, 255) if order == "rgb" else (255, 0, 0))
    if family == "srcnn":
        blue, _, red = cv2.imread(str(tmp_path / "out" / "samples.png"))[10, 10].tolist()
        assert red > blue  # the flower


def test_files_of_a_gan_go_to_any_storage(tmp_path: Path) -> None:
    model = loaded("dcgan", tmp_path)
    files = [*write_samples(model, "memory://sampled", frames=5, num=5)]
    assert files == ["memory://sampled/samples_orig.png", "memory://sampled/interpolation.gif"]
    picture = cv2.imdecode(np.frombuffer(get(files[0]), np.uint8), cv2.IMREAD_COLOR)
    assert picture.shape == (2 + 2 * 18, 2 + 3 * 18, 3)
    (tmp_path / "a.gif").write_bytes(get(files[1]))
    with Image.open(tmp_path / "a.gif") as gif:
        assert (gif.n_frames, gif.size) == (5, (38, 38))


def test_turning_noise_keeps_its_length(tmp_path: Path) -> None:
    seen: list[torch.Tensor] = []
    model = loaded("wgan-gp", tmp_path)
    model.generator.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    interpolate(model, num=1, frames=16)
    lengths = torch.cat(seen).norm(dim=1)
    stops = lengths[::4]
    assert stops.min() - 1e-3 <= lengths.min() and lengths.max() <= stops.max() + 1e-3
    steps = torch.cat(seen).diff(dim=0).norm(dim=1)
    assert steps.min() > 0
