"""What models of translation refuse, how they start and what their steps train."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from mmlight.generative.datasets import DataSample
from mmlight.generative.models import BaseTranslationModel
from mmlight.optim import OptimWrapper, OptimWrapperDict
from mmlight.registry import MODELS
from tests.generative.models.translation import cyclegan, iteration, pairs, pix2pix


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"default_domain": "phot"}, "default_domain: the domain 'phot' .* mean 'photo'"),
        ({"reachable_domains": ["foto"]}, "reachable_domains: the domain 'foto' .* 'photo'"),
        ({"related_domains": ["photo", "mask", "edges"]}, "two related_domains"),
        ({"loss_config": {"pixel_weight": 1.0}}, "has 'pixel_weight'.* 'pixel_loss_weight'"),
    ],
)
def test_wrong_domains_and_weights_are_refused(change: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pix2pix(**change)


def test_cyclegan_reaches_both_domains() -> None:
    with pytest.raises(ValueError, match="both reachable_domains"):
        cyclegan(reachable_domains=["photo"])


def test_a_domain_that_cannot_be_reached_is_refused() -> None:
    model = pix2pix()
    images = torch.zeros(1, 3, 32, 32)
    for domain in ("mask", "Photo"):
        with pytest.raises(ValueError, match=f"target_domain: the domain '{domain}'"):
            model(images, target_domain=domain)
    assert [model.is_domain_reachable(name) for name in ("photo", "mask")] == [True, False]
    assert model.get_other_domains("photo") == ["mask"]
    with pytest.raises(ValueError, match=r"'masc'.*'mask'"):
        model.get_other_domains("masc")


def test_a_batch_without_the_images_of_a_domain_names_the_nearest() -> None:
    data = pairs()
    data["inputs"]["img_masks"] = data["inputs"].pop("img_mask")
    with pytest.raises(KeyError, match=r"'img_mask'.*Did you mean 'img_masks'"):
        pix2pix().val_step(data)


@pytest.mark.parametrize("build", [pix2pix, cyclegan])
def test_networks_start_as_their_config_says(build: Any) -> None:
    model = build()
    model.init_weights()
    for networks in (model.generators, model.discriminators):
        for network in networks.values():
            weights = [p.flatten() for p in network.parameters() if p.ndim == 4]
            assert torch.cat(weights).std().item() == pytest.approx(0.02, rel=0.05)
            scales = [m.weight for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d)]
            for scale in scales:
                assert 0.8 < scale.mean() < 1.2
            biases = [p for name, p in network.named_parameters() if name.endswith("bias")]
            assert all(not bias.any() for bias in biases)


def test_networks_are_one_for_each_domain() -> None:
    built = cyclegan()
    generator = MODELS.build(
        {"type": "ResnetGenerator", "in_channels": 3, "out_channels": 3, "num_blocks": 1}
    )
    given = cyclegan(generator=generator)
    for model in (built, given):
        assert list(model.generators) == list(model.discriminators) == ["photo", "mask"]
        first, second = (next(net.parameters()) for net in model.generators.values())
        assert first is not second
    names = [name for name in built.state_dict() if name.endswith("model.0.conv.weight")]
    assert names == [
        f"{networks}.{domain}.model.0.conv.weight"
        for networks in ("generators", "discriminators")
        for domain in ("photo", "mask")
    ]


def wrappers(model: BaseTranslationModel) -> OptimWrapperDict:
    parts = {"generators": model.generators, "discriminators": model.discriminators}
    return OptimWrapperDict(
        **{
            name: OptimWrapper(torch.optim.SGD(part.parameters(), lr=0.1))
            for name, part in parts.items()
        }
    )


@pytest.mark.parametrize(
    ("settings", "turns"),
    [
        ({}, [True, True, True, True]),
        ({"discriminator_steps": 2}, [False, True, False, True]),
        ({"disc_init_steps": 3}, [False, False, False, True]),
    ],
)
@pytest.mark.parametrize("build", [pix2pix, cyclegan])
def test_generators_are_trained_when_it_is_their_turn(
    build: Any, settings: dict, turns: list[bool]
) -> None:
    model = build(**settings)
    model.init_weights()
    optim = wrappers(model)
    done = []
    for number in range(len(turns)):
        before = {name: p.detach().clone() for name, p in model.named_parameters()}
        with iteration(number):
            log_vars = model.train_step(pairs(), optim)
        moved = {name for name, p in model.named_parameters() if not torch.equal(p, before[name])}
        assert any(name.startswith("discriminators") for name in moved)
        assert any(name.startswith("generators") for name in moved) == turns[number]
        done.append(any(name.startswith("loss_gan_g") for name in log_vars))
        assert all(p.requires_grad for p in model.parameters())
        assert all(not value.requires_grad or value.ndim == 0 for value in log_vars.values())
    assert done == turns


@pytest.mark.parametrize("build", [pix2pix, cyclegan])
def test_validation_gives_images_and_leaves_no_trace(build: Any) -> None:
    model = build()
    model.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    torch.manual_seed(0)
    with torch.no_grad():
        samples = model.val_step(pairs(count=2))
    assert all(isinstance(sample, DataSample) for sample in samples) and len(samples) == 2
    for sample in samples:
        for domain in model.reachable_domains:
            image = sample.get(f"fake_{domain}")
            assert image.shape == (3, 32, 32) and image.min() >= 0 and image.max() > 1
    assert not any(module.training for module in model.modules())
    after = model.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    norms = [m for m in model.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert all(norm.track_running_stats for norm in norms)


def test_at_a_test_generators_work_as_in_training() -> None:
    model = pix2pix()
    model.init_weights()
    images = torch.rand(2, 3, 32, 32)
    torch.manual_seed(0)
    wanted = model.train()(images)["target"]
    model.eval()
    torch.manual_seed(0)
    tested = model(images, test_mode=True)["target"]
    assert torch.equal(tested, wanted)
    assert not torch.equal(model(images)["target"], wanted)
