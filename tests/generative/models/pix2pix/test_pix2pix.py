"""pix2pix: the losses of the paper, and its generator."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import softplus

from mmlight.generative.models import UnetGenerator
from tests.generative.models.translation import pairs, pix2pix


def test_losses_are_those_of_the_paper() -> None:
    torch.manual_seed(0)
    model = pix2pix(loss_config={"pixel_loss_weight": 10.0})
    model.init_weights()
    images = {"photo": torch.rand(2, 3, 32, 32), "mask": torch.rand(2, 3, 32, 32)}
    made = model.generate(images)
    disc = model.discriminators["photo"]
    # The discriminator sees the source first.
    fake = disc(torch.cat((images["mask"], made["fake"]), 1))
    real = disc(torch.cat((images["mask"], images["photo"]), 1))

    loss, log_vars = model.disc_loss(images, made)
    # -log(1 - D(x, G(x))) and -log D(x, y), with D the sigmoid of a score.
    torch.testing.assert_close(log_vars["loss_gan_d_fake"], softplus(fake).mean())
    torch.testing.assert_close(log_vars["loss_gan_d_real"], softplus(-real).mean())
    torch.testing.assert_close(loss, (softplus(fake).mean() + softplus(-real).mean()) / 2)
    assert log_vars["loss"] == loss.detach()

    loss, log_vars = model.gen_loss(images, made)
    pixel = 10 * (made["fake"] - images["photo"]).abs().mean()
    torch.testing.assert_close(log_vars["loss_pixel"], pixel)
    torch.testing.assert_close(loss, softplus(-fake).mean() + pixel)


def test_the_discriminator_does_not_train_the_generator() -> None:
    model = pix2pix()
    images = {"photo": torch.rand(1, 3, 32, 32), "mask": torch.rand(1, 3, 32, 32)}
    model.disc_loss(images, model.generate(images))[0].backward()
    assert all(p.grad is None for p in model.generators.parameters())


def test_no_weight_no_pixel_loss() -> None:
    model = pix2pix(loss_config={"pixel_loss_weight": 0.0})
    images = {"photo": torch.rand(1, 3, 32, 32), "mask": torch.rand(1, 3, 32, 32)}
    assert "loss_pixel" not in model.gen_loss(images, model.generate(images))[1]
    assert pix2pix().loss_config == {"pixel_loss_weight": 100.0}


def test_pairs_of_unequal_size_are_refused() -> None:
    images = {"photo": torch.rand(1, 3, 32, 64), "mask": torch.rand(1, 3, 32, 32)}
    message = r"pairs of images of one size.*\(1, 32, 64\) of img_photo, \(1, 32, 32\) of img_mask"
    with pytest.raises(ValueError, match=message):
        pix2pix().generate(images)


def test_what_is_known_of_a_pair_stays_beside_what_was_made() -> None:
    data = pairs(count=2)
    given = [sample.img_photo.clone() for sample in data["data_samples"]]
    samples = pix2pix().val_step(data)
    for sample, photo in zip(samples, given, strict=True):
        assert torch.equal(sample.img_photo, photo)
    assert "fake_mask" not in samples[0]


def test_a_level_carries_what_came_in_beside_what_was_made() -> None:
    # All weights zero: the lower levels give nothing, so the last convolution sees the skips alone.
    net = UnetGenerator(1, 1, num_down=5, base_channels=2, norm_cfg={"type": "IN"})
    with torch.no_grad():
        for p in net.parameters():
            p.zero_()
        net.model.model[0].conv.bias.copy_(torch.tensor([3.0, -10.0]))
        net.model.model[2].conv.weight[1] = 1.0  # the channel with -10
        net.model.model[2].conv.bias.fill_(0.25)
    image = torch.zeros(1, 1, 32, 32)
    # leaky_relu(-10) = -2, which the rectifier of the way up takes away
    assert torch.allclose(net(image), torch.tanh(torch.full_like(image, 0.25)))
    with torch.no_grad():
        net.model.model[2].conv.weight[0, 0, 1:3, 1:3] = 1.0  # each pixel is reached once
    assert torch.allclose(net(image), torch.tanh(torch.full_like(image, 3.25)))


def test_dropout_lies_between_the_widest_levels() -> None:
    net = UnetGenerator(3, 3, num_down=8, base_channels=2, use_dropout=True)
    assert sum(isinstance(module, torch.nn.Dropout) for module in net.modules()) == 3
    widths = [m.out_channels for m in net.modules() if isinstance(m, torch.nn.Conv2d)]
    assert widths == [2, 4, 8, 16, 16, 16, 16, 16]


def test_sizes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="num_down must be at least 5, got 4"):
        UnetGenerator(3, 3, num_down=4)
    with pytest.raises(ValueError, match="multiples of 32, got 48 x 64"):
        UnetGenerator(3, 3, num_down=5, base_channels=2)(torch.zeros(1, 3, 48, 64))
