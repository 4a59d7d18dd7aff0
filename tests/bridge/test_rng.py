"""Random states go through a file and back, those in mmlight's former layout too."""

import random

import numpy as np
import pytest
import torch

from mmlight.bridge.rng import CPU, rng_state, set_rng_state
from tests.parity.compare import assert_same


def draw():
    return [random.random(), random.gauss(0, 1), np.random.normal(), *torch.randn(3).tolist()]


@pytest.fixture(autouse=True)
def states_are_put_back():
    state = rng_state()
    yield
    set_rng_state(state)


def former_layout():
    """What mmlight wrote until November 2026."""
    version, internal, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()
    return {
        "python": [version, torch.tensor(internal, dtype=torch.int64), gauss],
        "numpy": [name, torch.from_numpy(keys.astype(np.int64)), position, has_gauss, cached],
        "torch": torch.get_rng_state(),
    }


@pytest.mark.parametrize("before", [0, 1, 700])
@pytest.mark.parametrize("layout", [rng_state, former_layout])
def test_all_generators_go_on_where_they_were(layout, before, tmp_path):
    for _ in range(before):
        draw()
    torch.save(layout(), tmp_path / "state.pth")
    expected = rng_state()
    drawn = draw()
    set_rng_state(torch.load(tmp_path / "state.pth", weights_only=True))
    assert_same(rng_state(), expected)
    assert draw() == drawn


@pytest.mark.parametrize("name", sorted(CPU))
def test_one_generator_alone(name):
    state = rng_state({name})
    expected = draw()
    set_rng_state(state)
    names = ["python", "python", "numpy", *["torch"] * 3]
    assert [a == b for a, b in zip(draw(), expected, strict=True)] == [n == name for n in names]


def test_words_have_32_bits(tmp_path):
    torch.save(rng_state(CPU), tmp_path / "state.pth")
    assert (tmp_path / "state.pth").stat().st_size < 3 * 624 * 4 + 2000


def seed(value):
    random.seed(value)
    np.random.seed(value % 2**32)
    torch.manual_seed(value)


@pytest.mark.parametrize("value", [0, 2**32 - 1, 2**32, 2**40])
def test_untouched_generators_are_their_seed(value):
    seed(value)
    torch.rand(1000)
    state = rng_state(CPU)
    assert state["python"] == [value]
    assert (state["numpy"] == [value]) == (value < 2**32)
    expected = draw()
    seed(value + 1)
    draw()
    set_rng_state(state)
    assert draw() == expected


@pytest.mark.parametrize("touch", [random.random, np.random.rand, np.random.normal])
def test_a_generator_that_was_touched_is_kept_whole(touch):
    seed(3)
    touch()
    state = rng_state(CPU)
    assert (len(state["python"]) > 1) == (touch is random.random)
    assert (len(state["numpy"]) > 1) == (touch is not random.random)
    expected = draw()
    set_rng_state(state)
    assert draw() == expected
