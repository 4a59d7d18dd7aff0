"""Packed histories: the same bits again, in few bytes."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mmlight.logging import HistoryBuffer, MessageHub
from mmlight.logging.packing import pack, unpack

LENGTH = 20_000


def assert_same_bits(ours: np.ndarray, given: np.ndarray) -> None:
    assert ours.dtype == given.dtype and ours.tobytes() == given.tobytes()


def through_a_file(state: dict[str, Any]) -> tuple[dict[str, Any], int]:
    file = io.BytesIO()
    torch.save(state, file)
    size = file.tell()
    file.seek(0)
    return torch.load(file, weights_only=True), size


@given(
    dtype=st.sampled_from(["bool", "int8", "int16", "int32", "int64", "uint8", "float32"]),
    runs=st.lists(st.tuples(st.integers(-(2**63), 2**63 - 1), st.integers(1, 400)), max_size=40),
)
@settings(max_examples=100)
def test_whole_and_narrow_numbers_come_back(dtype: str, runs: list[tuple[int, int]]) -> None:
    values = np.array([value for value, _ in runs], dtype=np.int64).astype(dtype)
    values = np.repeat(values, [length for _, length in runs])
    assert_same_bits(unpack(pack(values), len(values)), values)


@given(
    bits=st.lists(st.integers(0, 2**64 - 1), max_size=40),
    narrow=st.lists(st.floats(width=32), max_size=40),
    times=st.integers(1, 60),
    seed=st.integers(0, 9),
)
@settings(max_examples=100)
def test_any_bits_of_real_numbers_come_back(bits, narrow, times: int, seed: int) -> None:
    wide = np.array(bits, dtype=np.uint64).view(np.float64)  # every NaN and both zeros among them
    values = np.concatenate([wide, np.tile(np.array(narrow, dtype=np.float64), times)])
    np.random.default_rng(seed).shuffle(values)
    for order in (values, np.sort(values), np.repeat(values, times)):
        assert_same_bits(unpack(pack(order), len(order)), order)


@pytest.mark.parametrize("edge", [127, 128, 2**15 - 1, 2**15, 2**31 - 1, 2**31, 2**63 - 1])
def test_whole_numbers_at_the_edge_of_a_type_come_back(edge: int) -> None:
    for values in (np.array([edge, 0]), np.array([-edge - 1, 0])):
        assert_same_bits(unpack(pack(values), 2), values)


def histories() -> dict[str, np.ndarray]:
    random = np.random.default_rng(0)
    losses = random.normal(size=LENGTH).astype(np.float32).astype(np.float64)
    clock = 1.7e9 + np.cumsum(random.uniform(0.05, 0.06, LENGTH + 1))
    times = np.diff(clock)
    times[::5000] += 1000.1  # which float32 does not have
    return {
        "loss": losses,
        "time": times,
        "rate": np.repeat([0.1, 0.01, 0.001], [LENGTH // 2, LENGTH // 4, LENGTH // 4]),
        "boxes": random.integers(0, 300, LENGTH),
    }


@pytest.mark.parametrize(
    "name, bytes_each", [("loss", 4), ("time", 4.2), ("rate", 0.1), ("boxes", 2)]
)
def test_what_a_run_logs_takes_few_bytes(name: str, bytes_each: float) -> None:
    values = histories()[name]
    packed, size = through_a_file(pack(values))
    assert_same_bits(unpack(packed, LENGTH), values)
    assert size < bytes_each * LENGTH + 2500


def test_a_hub_takes_less_than_a_third_of_two_plain_arrays() -> None:
    hub, twin = MessageHub("packed"), MessageHub("twin")
    for name, values in histories().items():
        hub.log_scalars[name] = HistoryBuffer(values, np.ones(LENGTH, dtype=np.int64))
        hub.update_scalar(name, values[-1])
    state, size = through_a_file(hub.state_dict())
    assert size < 4 * 16 * LENGTH / 3
    twin.load_state_dict(state)
    for name, buffer in hub.log_scalars.items():
        for ours, theirs in zip(twin.get_scalar(name).data, buffer.data, strict=True):
            assert_same_bits(ours, theirs)


@pytest.mark.parametrize(
    "change, error",
    [
        ({"dtype": "object"}, "a type among"),
        ({"values": 1.0}, "a type among"),
        ({"lengths": torch.tensor([1])}, "one length for each"),
        ({"lengths": torch.tensor([3, -1])}, "one length for each"),
        ({"lengths": torch.tensor([2**62, 2**62])}, "2 at most"),
    ],
)
def test_what_was_not_packed_here_is_refused(change: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        unpack({**pack(np.array([0.5, 1.5])), **change}, 2)
