"""What a generative model is given, by the type of sampler that a config names."""

import random
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from mmlight.engine.samplers import NoiseSampler, get_sampler, sampling


def noise_of(module):
    (data,) = NoiseSampler(module, 2, 1, {})
    return data["inputs"]["noise"]


def test_noise_by_a_size_or_by_a_function_alone():
    sized, made, both = nn.Identity(), nn.Identity(), nn.Identity()
    sized.noise_size = both.noise_size = 3
    made.noise_fn = both.noise_fn = lambda num_batches: torch.full((num_batches, 5), 7.0)
    assert noise_of(sized).shape == (2, 3)
    for module in (made, both):
        assert torch.equal(noise_of(module), torch.full((2, 5), 7.0))
    with pytest.raises(TypeError, match="neither a method noise_fn"):
        NoiseSampler(nn.Identity(), 2, 1, {})


def batches(kind, number=5):
    loaders = {
        f"{name}_dataloader": DataLoader(torch.arange(start, start + 50), batch_size=10)
        for name, start in (("train", 0), ("val", 100), ("test", 200))
    }
    options = {"type": kind, "num_batches": 10, "max_times": number}
    sampler = get_sampler(options, SimpleNamespace(**loaders), nn.Identity())
    return [batch.tolist() for batch in sampler]


@pytest.mark.parametrize(("kind", "start"), [("ValData", 100), ("TestData", 200)])
def test_data_of_validation_and_test_come_in_their_order(kind, start):
    expected = list(range(start, start + 50))
    assert [item for batch in batches(kind) for item in batch] == expected
    assert len(batches(kind, 3)) == 3


def test_data_of_the_training_come_at_random():
    torch.manual_seed(0)
    items = [item for batch in batches("Data") for item in batch]
    assert sorted(items) == list(range(50))
    assert items != sorted(items)


def test_an_unknown_type_names_the_nearest():
    with pytest.raises(ValueError, match=r"'ValDta' is none of Noise, .*ValData"):
        batches("ValDta")


def test_sampling_leaves_the_random_numbers_of_transforms_alone():
    def draw():
        return random.random(), float(np.random.rand()), float(torch.rand(()))

    inside, outside = [], []
    for samples in (0, 3):
        for seed in (random.seed, np.random.seed, torch.manual_seed):
            seed(1)
        with sampling(nn.Dropout(), seed=2**40 + 5):
            inside.append(draw())
            for _ in range(samples):
                draw()
        outside.append(draw())
    assert outside[0] == outside[1]
    assert inside[0] == inside[1]
    assert inside[0] != outside[0]
