"""Weights of trainings and of MMagic's zoo, in all the forms in which they are published."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch

import mmlight
from mmlight.config import Config
from mmlight.logging import MessageHub
from mmlight.runner import Runner
from tests.sampling.tiny import built, config, noises

State = dict[str, Any]


def bare(state: State) -> State:
    return state


def of_a_wrapper(state: State) -> State:
    return {"meta": {"epoch": 1}, "state_dict": {f"module.{k}": v for k, v in state.items()}}


def from_before_mmagic(state: State) -> State:
    """The average was no wrapper then, and did not count."""
    names = {name: name.replace("_ema.module.", "_ema.") for name in state}
    return {"state_dict": {names[k]: v for k, v in state.items() if not k.endswith("_ema.steps")}}


def with_more(state: State) -> State:
    return {
        "state_dict": {**state, "step_counter": torch.ones(1), "discriminator.x": torch.ones(1)}
    }


def averaged(family: str) -> Any:
    """A model whose average differs from its generator."""
    model = built(family)
    with torch.no_grad():
        for weight in model.generator_ema.module.parameters():
            weight.mul_(0.7)
    return model


def write(checkpoint: Any, path: Path) -> Path:
    torch.save(checkpoint, path)
    return path


def load(family: str, path: Path) -> Any:
    return mmlight.load_model(config(family), path, device="cpu")


@pytest.mark.parametrize("form", [bare, of_a_wrapper, from_before_mmagic, with_more])
def test_published_weights_give_their_images(form: Callable, tmp_path: Path) -> None:
    model = averaged("pggan")
    path = write(form(model.state_dict()), tmp_path / "published.pth")
    both = {"num": 1, "sample_model": "ema/orig"}
    expected = mmlight.sample(model, **both)
    images = mmlight.sample(load("pggan", path), **both)
    for name, column in expected.items():
        assert torch.equal(images[name][0], column[0]), name
    assert not torch.equal(images["ema_16"][0], images["orig_16"][0])
    # A training starts with them as well.
    loader = {"batch_size": 1, "dataset": [0], "sampler": {"type": "DefaultSampler"}}
    runner = Runner.from_cfg(
        Config(
            config(
                "pggan",
                work_dir=str(tmp_path / "run"),
                load_from=str(path),
                test_dataloader=loader,
                test_cfg={"type": "TestLoop"},
                test_evaluator=[],
            )
        )
    )
    runner.load_or_resume()
    for name, weight in model.state_dict().items():
        if not name.endswith("_ema.steps"):
            assert torch.equal(runner.model.state_dict()[name], weight), name


def test_an_average_that_a_hook_has_made(tmp_path: Path) -> None:
    model = built("dcgan")
    model.generator_ema = deepcopy(model.generator)
    torch.nn.init.zeros_(model.generator_ema.output_layer.conv.weight)
    path = write({"state_dict": model.state_dict()}, tmp_path / "trained.pth")
    images = mmlight.sample(load("dcgan", path), num=1)
    assert [*images] == ["ema"] and len(images["ema"][0].unique()) <= 3


def test_weights_without_the_average_of_the_config(tmp_path: Path) -> None:
    state = {k: v for k, v in built("pggan").state_dict().items() if "ema" not in k}
    model = load("pggan", write(state, tmp_path / "published.pth"))
    assert [*mmlight.sample(model, num=1)] == ["orig_4", "orig_8", "orig_16"]
    with pytest.raises(ValueError, match="ExponentialMovingAverageHook"):
        mmlight.sample(model, num=1, sample_model="ema")


@pytest.mark.parametrize(
    ("written", "words"),
    [
        (
            lambda: built("dcgan").state_dict(),
            [
                "lacks generator.noise2feat.bias (1, 512, 1, 1)",
                "the model has no generator.noise2feat.conv.weight (4, 16, 4, 4)",
            ],
        ),
        (
            lambda: {**built("wgan-gp").state_dict(), "generator.to_rgb.conv.bias": torch.ones(1)},
            ["generator.to_rgb.conv.bias is (1,) there and (3,) here"],
        ),
        (lambda: [1], ["holds a list"]),
    ],
)
def test_weights_of_another_model_are_refused(
    written: Callable, words: list[str], tmp_path: Path
) -> None:
    path = write(written(), tmp_path / "other.pth")
    with pytest.raises(RuntimeError) as caught:
        load("wgan-gp", path)
    assert all(word in str(caught.value) for word in ["other.pth", *words])


def test_a_singan_without_its_noises_is_told_where_they_are(tmp_path: Path) -> None:
    model = load("singan", write(built("singan").state_dict(), tmp_path / "published.pth"))
    with pytest.raises(RuntimeError, match="test_pkl_data"):
        mmlight.sample(model)


def test_a_file_of_noises_that_is_missing_or_not_needed_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lost = str(tmp_path / "iter_9.pkl")
    changed = deepcopy(config("singan"))
    changed["model"]["test_pkl_data"] = lost
    weights = write(built("singan").state_dict(), tmp_path / "published.pth")
    with pytest.raises(FileNotFoundError, match=r"model\.test_pkl_data.*no file .*iter_9\.pkl"):
        mmlight.sample(mmlight.load_model(changed, weights, device="cpu"))
    hub = MessageHub("noises")
    hub.update_info("singan", noises())
    trained = {"state_dict": built("singan").state_dict(), "message_hub": hub.state_dict()}
    model = mmlight.load_model(changed, write(trained, tmp_path / "iter_8.pth"), device="cpu")
    assert mmlight.sample(model, num=1)
    printed = "".join(capsys.readouterr())
    assert f"model.test_pkl_data={lost!r} is not read" in printed


@pytest.mark.parametrize(
    ("family", "options", "error", "words"),
    [
        ("dcgan", {"inputs": "a.png"}, ValueError, "DCGAN is not sampled with inputs.* takes num"),
        ("srcnn", {"sample_model": "ema"}, ValueError, "BaseEditModel is not sampled with"),
        ("srcnn", {}, ValueError, "neither a test_dataloader nor a val_dataloader"),
        ("dcgan", {"num": 0}, ValueError, "num must be positive"),
        ("dcgan", {"sample_model": "EMA"}, ValueError, "orig, ema"),
        ("cyclegan", {"domain": "fhoto"}, ValueError, "photo"),
        ("srcnn", {"inputs": "nowhere.png"}, FileNotFoundError, "input: .* folder nowhere.png"),
    ],
)
def test_what_cannot_be_sampled_is_explained(
    family: str, options: dict[str, Any], error: type[Exception], words: str, tmp_path: Path
) -> None:
    model = load(family, write(built(family).state_dict(), tmp_path / "a.pth"))
    with pytest.raises(error, match=words):
        mmlight.sample(model, **options)


def test_a_model_that_makes_no_images_is_refused() -> None:
    with pytest.raises(TypeError, match=r"Linear cannot be sampled.*SinGAN"):
        mmlight.sample(torch.nn.Linear(1, 1))
