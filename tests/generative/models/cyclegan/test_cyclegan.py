"""CycleGAN: the losses of the paper, the pool of images, and its generator."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mmlight.generative.models import ResnetGenerator
from mmlight.generative.models.cyclegan import ImagePool
from tests.generative.models.translation import cyclegan


def domains() -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(0)
    return {name: torch.rand(2, 3, 32, 32, generator=draw) for name in ("photo", "mask")}


def test_losses_are_those_of_the_paper() -> None:
    torch.manual_seed(0)
    model = cyclegan(loss_config={"cycle_loss_weight": 3.0, "id_loss_weight": 2.0})
    model.init_weights()
    images = domains()
    made = model.generate(images)
    gens, discs = model.generators, model.discriminators
    photo, mask = gens["photo"](images["mask"]), gens["mask"](images["photo"])

    loss, log_vars = model.disc_loss(images, made)
    total = torch.zeros(())
    for name, fake in (("photo", photo), ("mask", mask)):
        wanted = (discs[name](fake) ** 2).mean() + ((discs[name](images[name]) - 1) ** 2).mean()
        torch.testing.assert_close(log_vars[f"loss_gan_d_{name}"] * 2, wanted / 2)
        total = total + wanted / 2
    torch.testing.assert_close(loss, total)

    loss, log_vars = model.gen_loss(images, made)
    gan = [
        ((discs[name](fake) - 1) ** 2).mean() for name, fake in (("photo", photo), ("mask", mask))
    ]
    there_and_back = (gens["photo"](mask) - images["photo"], gens["mask"](photo) - images["mask"])
    cycle = 3 * sum(difference.abs().mean() for difference in there_and_back)
    same = 2 * sum((gens[name](images[name]) - images[name]).abs().mean() for name in images)
    torch.testing.assert_close(log_vars["cycle_loss"], cycle)
    torch.testing.assert_close(log_vars["id_loss"], same)
    torch.testing.assert_close(loss, sum(gan) + cycle + same)


def test_the_discriminators_do_not_train_the_generators() -> None:
    model = cyclegan()
    images = domains()
    model.disc_loss(images, model.generate(images))[0].backward()
    assert all(p.grad is None for p in model.generators.parameters())
    assert all(p.grad is not None for p in model.discriminators.parameters())


def test_without_a_weight_there_is_no_such_loss() -> None:
    model = cyclegan(loss_config={"id_loss_weight": 0.0, "cycle_loss_weight": 0.0})
    images = domains()
    _, log_vars = model.gen_loss(images, model.generate(images))
    assert set(log_vars) == {"loss", "loss_gan_g_photo", "loss_gan_g_mask"}
    assert cyclegan().loss_config == {"cycle_loss_weight": 10.0, "id_loss_weight": 0.5}


def test_the_pool_gives_each_image_at_most_twice_and_loses_none_but_at_the_end() -> None:
    np.random.seed(0)
    pool = ImagePool(buffer_size=5)
    new = torch.arange(400.0).reshape(200, 2, 1, 1)[:, :1]
    given = torch.cat([pool.query(batch) for batch in new.split(2)]).flatten().tolist()
    assert given[:5] == new[:5].flatten().tolist()  # while it fills
    older = [
        shown for shown, made in zip(given, new.flatten().tolist(), strict=True) if shown < made
    ]
    assert 60 < len(older) < 140  # half of them
    # New ones are shown at once or kept, and kept ones leave the pool when they are shown.
    assert max(given.count(value) for value in given) == 2
    assert all(given.count(value) == 1 or value < 10 for value in given)


def test_a_pool_keeps_no_graph() -> None:
    pool = ImagePool(buffer_size=1, buffer_ratio=1.0)
    made = torch.ones(1, 1, 2, 2, requires_grad=True) * 2
    assert not pool.query(made).requires_grad
    assert not pool.query(made).requires_grad
    empty = ImagePool(buffer_size=0)
    assert torch.equal(empty.query(made), made)


def test_pools_out_of_range_are_refused() -> None:
    with pytest.raises(ValueError, match="buffer_size must not be negative, got -1"):
        cyclegan(buffer_size=-1)
    with pytest.raises(ValueError, match="buffer_ratio must be from 0 to 1, got 2"):
        ImagePool(1, buffer_ratio=2)


def test_a_block_without_weights_changes_nothing() -> None:
    net = ResnetGenerator(3, 3, base_channels=2, num_blocks=2, use_dropout=True)
    block = net.model[3]
    with torch.no_grad():
        for p in block.parameters():
            p.zero_()
    features = torch.rand(1, 8, 4, 4)
    assert torch.equal(block(features), features)
    assert len(block.block) == 3 and len(net.model) == 8
    assert not any(isinstance(m, torch.nn.Dropout) for m in ResnetGenerator(3, 3, 2).modules())


def test_borders_are_mirrored() -> None:
    # With zeros at the border, a constant image would not stay constant.
    mirrored, black = (
        ResnetGenerator(1, 1, 2, num_blocks=0, padding_mode=mode) for mode in ("reflect", "zeros")
    )
    image = torch.ones(1, 1, 16, 16)
    convs = [net.model[0].conv(image) for net in (mirrored, black)]
    assert torch.allclose(convs[0], convs[0][..., :1, :1].expand_as(convs[0]), atol=1e-6)
    assert not torch.allclose(convs[1], convs[1][..., 8:9, 8:9].expand_as(convs[1]), atol=1e-3)


def test_bad_generators_are_refused() -> None:
    with pytest.raises(ValueError, match="num_blocks must not be negative, got -1"):
        ResnetGenerator(3, 3, num_blocks=-1)
    with pytest.raises(ValueError, match="padding_mode"):
        ResnetGenerator(3, 3, padding_mode="mirror")
