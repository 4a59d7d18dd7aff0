"""SinGAN: scales, noises, losses, what a checkpoint keeps, samples."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate

from mmlight.generative.datasets import DataSample
from mmlight.generative.models import SinGAN
from mmlight.hooks import Hook
from mmlight.registry import MODELS
from mmlight.runner import Runner

ADAM = {"optimizer": {"type": "Adam", "lr": 0.01, "betas": (0.5, 0.999)}}
SCALES, LENGTH = 3, 4  # iterations of a scale: two turns of the generator


def net(kind: str) -> dict:
    cfg = {"type": f"SinGANMultiScale{kind}", "in_channels": 3, "num_scales": SCALES - 1}
    small = {"base_channels": 4, "min_feat_channels": 4, "num_layers": 3}
    return {**cfg, **small, **({"out_channels": 3} if kind == "Generator" else {})}


def singan(**changes: Any) -> SinGAN:
    torch.manual_seed(0)
    cfg = {
        "type": "SinGAN",
        "generator": net("Generator"),
        "discriminator": net("Discriminator"),
        "data_preprocessor": {"type": "DataPreprocessor", "non_image_keys": ["input_sample"]},
        "generator_steps": 2,
        "discriminator_steps": 2,
        "iters_per_scale": LENGTH // 2,
        "lr_scheduler_args": {"milestones": [1], "gamma": 0.5},
    }
    return MODELS.build({**cfg, **changes})


class Losses(Hook):
    """Remembers what each iteration returned."""

    def __init__(self) -> None:
        self.seen: list[dict] = []

    def after_train_iter(self, runner: Any, batch_idx: int, data_batch=None, outputs=None) -> None:
        self.seen.append({name: torch.as_tensor(value).item() for name, value in outputs.items()})


def runner(folder: Path, max_iters: int, packed: int = SCALES, **changes: Any) -> Runner:
    folder.mkdir(exist_ok=True)
    y, x = np.mgrid[0:24, 0:28]
    image = np.stack([x * 9, y * 10, (x + y) * 4], -1).astype(np.uint8)
    cv2.imwrite(str(folder / "image.png"), image)
    keys = [*(f"real_scale{scale}" for scale in range(packed)), "input_sample"]
    config: dict[str, Any] = {
        "model": singan(),
        "work_dir": str(folder),
        "train_dataloader": {
            "batch_size": 1,
            "num_workers": 0,
            "sampler": None,
            "dataset": {
                "type": "SinGANDataset",
                "data_root": str(folder / "image.png"),
                "min_size": 14,
                "max_size": 28,
                "scale_factor_init": 0.75,
                "pipeline": [{"type": "PackInputs", "keys": keys}],
            },
        },
        "train_cfg": {"type": "IterBasedTrainLoop", "max_iters": max_iters},
        "optim_wrapper": {
            "constructor": "SinGANOptimWrapperConstructor",
            "generator": ADAM,
            "discriminator": ADAM,
        },
        "default_hooks": {
            "checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 1}
        },
        "log_processor": {"type": "GenLogProcessor", "by_epoch": False},
        "visualizer": {"type": "GenVisualizer", "vis_backends": [{"type": "LocalVisBackend"}]},
        "randomness": {"seed": 3},
        "experiment_name": folder.name,
    }
    return Runner(**{**config, **changes})


def trained(folder: Path, max_iters: int, **changes: Any) -> tuple[Runner, list[dict]]:
    run, losses = runner(folder, max_iters, **changes), Losses()
    run.register_hook(losses)
    run.train()
    return run, losses.seen


def pyramid(run: Runner) -> list[Tensor]:
    data = run.model.data_preprocessor(next(iter(run.train_dataloader)), True)
    return [data["inputs"][f"real_scale{scale}"] for scale in range(SCALES)]


def rates(run: Runner) -> dict[str, float]:
    return {name: wrapper.param_groups[0]["lr"] for name, wrapper in run.optim_wrapper.items()}


def test_scales_train_one_after_the_other(tmp_path: Path) -> None:
    run, losses = trained(tmp_path, 3 * LENGTH + 1)
    # The last one trains on.
    assert [step["curr_stage"] for step in losses] == [0] * LENGTH + [1] * LENGTH + [2] * (
        LENGTH + 1
    )
    assert len(run.model.noise_weights) == SCALES
    assert [noise.shape[1] for noise in run.model.fixed_noises] == [1, 3, 3]
    assert not any(noise.any() for noise in run.model.fixed_noises[1:])
    turns = ["loss_gen" in step for step in losses]
    assert turns == [False, True] * (3 * LENGTH // 2) + [False]


def test_a_scale_trains_alone(tmp_path: Path) -> None:
    model = singan()
    start = [block.tail.conv.weight.clone() for block in model.generator.blocks]
    trained(tmp_path, LENGTH, model=model)
    moved = [
        not torch.equal(block.tail.conv.weight.cpu(), weight)
        for block, weight in zip(model.generator.blocks, start, strict=True)
    ]
    assert moved == [True, False, False]


def test_the_weight_of_the_noise_is_the_error_of_the_scale_before(tmp_path: Path) -> None:
    run, _ = trained(tmp_path, LENGTH)
    model, reals = run.model, pyramid(run)
    image = model.generator(
        torch.zeros_like(reals[0]), model.fixed_noises, model.noise_weights, "recon", 0
    )
    difference = interpolate(image, reals[1].shape[-2:], mode="nearest") - reals[1]
    rmse = difference.square().mean().sqrt().item()
    assert model.noise_weights == [1, pytest.approx(0.1 * rmse, rel=1e-6)]


def test_rates_fall_within_a_scale(tmp_path: Path) -> None:
    run, _ = trained(tmp_path, LENGTH + 1)
    assert rates(run) == {
        "generator_0": 0.005,
        "generator_1": 0.01,
        "generator_2": 0.01,
        "discriminator_0": 0.005,
        "discriminator_1": 0.01,
        "discriminator_2": 0.01,
    }


def test_losses() -> None:
    class Linear(nn.Module):
        """Has the gradient (1, 2, 2), of length 3, at each pixel."""

        num_scales = SCALES - 1

        def forward(self, x: Tensor, curr_scale: int) -> Tensor:
            return (x * torch.tensor([1.0, 2.0, 2.0]).view(1, 3, 1, 1)).sum(1, keepdim=True)

    model = singan(discriminator=Linear())
    fake, real = torch.rand(1, 3, 5, 6), torch.rand(1, 3, 5, 6)
    loss, log_vars = model.disc_loss(torch.tensor([1.0, 2.0]), torch.tensor([4.0]), fake, real)
    assert {name: round(float(value), 5) for name, value in log_vars.items()} == {
        "loss": pytest.approx(-2.1),
        "loss_disc_fake": 1.5,
        "loss_disc_real": -4,
        "loss_gp": pytest.approx(0.1 * (3 - 1) ** 2),
    }
    loss, _ = model.gen_loss(torch.tensor([1.0, 2.0]), fake, fake + 0.5)
    assert loss.item() == pytest.approx(-1.5 + 10 * 0.25)


@pytest.mark.parametrize("at", [2, LENGTH, LENGTH + 1, LENGTH + 3, 2 * LENGTH + 1])
def test_a_resumed_training_goes_on_bit_for_bit(tmp_path: Path, at: int) -> None:
    whole, losses = trained(tmp_path / "whole", 3 * LENGTH)
    path = tmp_path / "whole" / f"iter_{at}.pth"
    rest, more = trained(tmp_path / "rest", 3 * LENGTH, load_from=str(path), resume=True)
    assert more == losses[at:]
    assert rates(rest) == rates(whole)
    assert rest.model.noise_weights == whole.model.noise_weights
    for one, other in zip(rest.model.fixed_noises, whole.model.fixed_noises, strict=True):
        assert torch.equal(one, other)
    expected = whole.model.state_dict()
    for name, value in rest.model.state_dict().items():
        assert torch.equal(value, expected[name]), name


def test_a_checkpoint_without_noises_does_not_resume(tmp_path: Path) -> None:
    trained(tmp_path, LENGTH)
    path = tmp_path / "iter_3.pth"
    checkpoint = torch.load(path, weights_only=False)
    del checkpoint["message_hub"]["runtime_info"]["singan"]
    torch.save(checkpoint, path)
    with pytest.raises(RuntimeError, match="fixed noises"):
        trained(tmp_path, LENGTH, load_from=str(path), resume=True)


def test_an_image_of_fewer_scales_trains_those(tmp_path: Path) -> None:
    _, losses = trained(tmp_path, 3 * LENGTH, packed=2)
    assert [step["curr_stage"] for step in losses] == [0] * LENGTH + [1] * (2 * LENGTH)
    log = next(tmp_path.rglob("*.log")).read_text()
    assert "real_scale1 trains until the end" in log
    with pytest.raises(KeyError, match="real_scale0"):
        trained(tmp_path, 1, packed=0)


def test_samples_of_a_trained_model_and_from_its_file(tmp_path: Path) -> None:
    pickled = {
        "type": "PickleDataHook",
        "output_dir": "pickle",
        "after_run": True,
        "data_name_list": ["noise_weights", "fixed_noises", "curr_stage"],
    }
    run, _ = trained(tmp_path, 2 * LENGTH + 1, custom_hooks=[pickled])
    (path,) = (tmp_path / "pickle").iterdir()
    other = singan(test_pkl_data=str(path))
    other.load_state_dict(run.model.state_dict())
    options = {"mode": "recon", "get_prev_res": True}
    (one,), (same,) = run.model.eval()(options), other.eval().test_step({"inputs": options})
    assert torch.equal(one.fake_img.cpu(), same.fake_img)
    assert other.curr_stage == 2
    images = [*same.prev_res_list, same.fake_img]
    assert [image.shape[-2:] for image in images] == [real.shape[-2:] for real in pyramid(run)]
    assert all(image.min() >= 0 and image.max() <= 255 for image in images)
    new = [other({"num_batches": 1})[0].fake_img for _ in range(2)]
    assert not torch.equal(*new)
    (smaller,) = other({"curr_scale": 0, "mode": "recon"})
    assert torch.equal(smaller.fake_img, images[0])
    assert "prev_res_list" not in smaller
    known = DataSample(metainfo={"path": "waves"}, gt_img=torch.zeros(3, 4, 4))
    (sample,) = other.val_step({"inputs": {"num_batches": 1}, "data_samples": [known]})
    assert sample.metainfo["path"] == "waves" and sample.gt_img.shape == (3, 4, 4)


def test_pictures_leave_the_training_as_it_was(tmp_path: Path) -> None:
    shown = {
        "type": "GenVisualizationHook",
        "interval": 3,
        "n_samples": 2,
        "vis_kwargs_list": {"type": "SinGAN", "name": "waves"},
    }
    _, plain = trained(tmp_path / "plain", 2 * LENGTH)
    _, losses = trained(tmp_path / "shown", 2 * LENGTH, custom_hooks=[shown])
    assert losses == plain
    assert len(list((tmp_path / "shown").rglob("waves*.png"))) == 2


@pytest.mark.parametrize(
    ("inputs", "error", "words"),
    [
        ({"num_batches": 2}, ValueError, "num_batches=1"),
        ({"sample_model": "ema"}, ValueError, "sample_model='orig'"),
        ({"curr_scale": 2}, ValueError, "curr_scale=2 has not trained"),
        ({"mode": "recom"}, ValueError, "Did you mean 'recon'"),
        ({"get_prev": True}, TypeError, "Did you mean 'get_prev_res'"),
        (torch.zeros(1), TypeError, "dict"),
    ],
)
def test_what_cannot_be_sampled(inputs: Any, error: type[Exception], words: str) -> None:
    model = singan()
    model.curr_stage, model.fixed_noises = 0, [torch.randn(1, 1, 9, 9)]
    with pytest.raises(error, match=words):
        model(inputs)


def test_a_model_that_has_not_trained_needs_a_file(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="test_pkl_data"):
        singan()({"num_batches": 1})
    path = tmp_path / "wrong.pkl"
    path.write_bytes(pickle.dumps({"noise_weights": [1]}))
    with pytest.raises(KeyError, match="curr_stage"):
        singan(test_pkl_data=str(path))({"num_batches": 1})


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"num_scales": 7}, ValueError, "num_scales is 7 for the model, but 2"),
        ({"lr_scheduler_args": {"milestones": [0]}}, ValueError, "positive"),
        ({"lr_scheduler_args": {"milestone": [1]}}, TypeError, "milestone"),
    ],
)
def test_bad_arguments(arguments: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        singan(**arguments)
