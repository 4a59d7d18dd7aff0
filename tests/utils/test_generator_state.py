"""Packing the state of a generator loses nothing of it."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mmlight.utils.generator_state import pack_generator_state, unpack_generator_state


@given(st.integers(-(2**63), 2**63 - 1), st.integers(0, 2000), st.integers(0, 3))
def test_packed_and_unpacked_is_the_same(seed, uniform, normal):
    generator = torch.Generator().manual_seed(seed)
    torch.rand(uniform, generator=generator)
    for _ in range(normal):
        torch.randn(1, generator=generator)
    state = generator.get_state()
    packed = pack_generator_state(state)
    assert torch.equal(unpack_generator_state(packed), state)
    assert packed[1].nbytes == 624 * 4
    other = torch.Generator()
    other.set_state(unpack_generator_state(packed))
    assert torch.equal(torch.randn(5, generator=other), torch.randn(5, generator=generator))


@pytest.mark.parametrize("size", [16, 632 * 8])
def test_a_layout_that_is_not_known_stays_as_it_is(size):
    state = torch.full((size,), 255, dtype=torch.uint8)
    assert pack_generator_state(state) is state
    assert torch.equal(unpack_generator_state(state), state)
