"""HistoryBuffer: what it remembers, what it computes, and what it must not cost."""

from __future__ import annotations

import copy
import pickle
import tracemalloc
from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils._python_dispatch import TorchDispatchMode

from mmlight.logging import HistoryBuffer

FINITE = st.floats(-1e6, 1e6)


class HostReads(TorchDispatchMode):
    """Counts the operations that bring a tensor's value to the host."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        self.count += func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


def test_counts_host_reads() -> None:
    with HostReads() as reads:
        torch.ones(1).item()
    assert reads.count == 1


@given(
    values=st.lists(st.tuples(FINITE, st.integers(1, 9), st.booleans()), min_size=1, max_size=700),
    window=st.integers(1, 800),
    max_length=st.sampled_from([1, 3, 100, 10**6]),
    read_every=st.integers(1, 700),
)
@settings(max_examples=60)
def test_is_a_list_of_values(values, window, max_length, read_every) -> None:
    buffer = HistoryBuffer(max_length=max_length)
    for index, (value, count, as_tensor) in enumerate(values):
        buffer.update(torch.tensor(value, dtype=torch.float64) if as_tensor else value, count)
        if index % read_every == 0:
            assert buffer.current() == value
    logs = np.array([value for value, _, _ in values])[-max_length:]
    counts = np.array([count for _, count, _ in values])[-max_length:]
    assert np.array_equal(buffer.data[0], logs)
    assert np.array_equal(buffer.data[1], counts)
    assert buffer.min(window) == logs[-window:].min()
    assert buffer.max(window) == logs[-window:].max()
    assert buffer.mean(window) == logs[-window:].sum() / counts[-window:].sum()
    assert buffer.mean() == logs.sum() / counts.sum()


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_a_tensor_is_logged_exactly(dtype: torch.dtype) -> None:
    tensor = torch.rand(1, generator=torch.Generator().manual_seed(0)).to(dtype)
    buffer = HistoryBuffer()
    buffer.update(tensor)
    buffer.update(tensor.squeeze())
    assert buffer.data[0].tolist() == [tensor.item()] * 2


def test_tensors_of_several_types_in_one_history() -> None:
    buffer = HistoryBuffer()
    big = 2**40 + 1
    for value in (torch.tensor(big), torch.tensor(0.1), 3, torch.tensor(True)):
        buffer.update(value)
    assert buffer.data[0].tolist() == [big, torch.tensor(0.1).item(), 3, 1]


def test_updating_reads_nothing_and_keeps_no_graph() -> None:
    buffer = HistoryBuffer()
    weight = torch.ones(3, requires_grad=True)
    with HostReads() as reads:
        for _ in range(1000):
            buffer.update((weight * 2).sum())
    assert reads.count == 0
    assert buffer.mean(1000) == 6
    assert not any(
        isinstance(value, torch.Tensor) and value.requires_grad for value in _held(buffer)
    )


def test_what_waits_is_bounded() -> None:
    buffer = HistoryBuffer(max_length=5000)
    for step in range(60_000):
        buffer.update(torch.tensor(float(step)))
    assert len(_held(buffer)) < 1000
    assert buffer.data[0].tolist() == [float(step) for step in range(55_000, 60_000)]


def _held(buffer: HistoryBuffer) -> list:
    """Everything the buffer refers to, containers opened."""
    found, queue = [], list(vars(buffer).values())
    while queue:
        value = queue.pop()
        found.append(value)
        if isinstance(value, dict):
            queue.extend(value.values())
        elif isinstance(value, (list, tuple)):
            queue.extend(value)
        elif hasattr(value, "__dict__") and not isinstance(value, torch.Tensor):
            queue.extend(vars(value).values())
    return found


def test_a_tensor_that_changes_later_keeps_its_logged_value() -> None:
    buffer, running = HistoryBuffer(), torch.zeros(())
    for _ in range(3):
        running += 1
        buffer.update(running)
    assert buffer.data[0].tolist() == [1, 2, 3]


def test_what_was_handed_out_never_changes() -> None:
    buffer = HistoryBuffer(max_length=300)
    buffer.update(1.0)
    before = buffer.data
    for step in range(2000):
        buffer.update(torch.tensor(float(step)) if step % 2 else float(step))
    assert before[0].tolist() == [1.0] and before[1].tolist() == [1]


def test_the_callers_arrays_are_not_written_to() -> None:
    logs, counts = np.arange(3.0), np.ones(3)
    buffer = HistoryBuffer(logs, counts)
    buffer.update(9.0)
    assert logs.tolist() == [0, 1, 2] and counts.tolist() == [1, 1, 1]
    assert buffer.data[0].tolist() == [0, 1, 2, 9]


def test_the_mean_is_a_sum_over_counts() -> None:
    buffer = HistoryBuffer([10.0, 2.0], [4, 1])
    assert buffer.mean() == 12 / 5
    assert buffer.mean(1) == 2
    assert buffer.statistics("mean", window_size=1) == 2


def test_whole_numbers_stay_whole_until_a_float_comes() -> None:
    buffer = HistoryBuffer.starting_with(3)
    buffer.update(4)
    assert buffer.current().dtype == np.int64
    buffer.update(0.5)
    assert buffer.data[0].tolist() == [3.0, 4.0, 0.5]


@pytest.mark.parametrize("value", ["1", None, [1.0], torch.ones(2), np.ones(1)])
def test_only_numbers_are_logged(value) -> None:
    with pytest.raises(TypeError, match="log_val must be a number or a tensor of one element"):
        HistoryBuffer().update(value)


@pytest.mark.parametrize("count", ["1", None, torch.tensor(1)])
def test_only_numbers_are_counts(count) -> None:
    with pytest.raises(TypeError, match="count must be an int or a float"):
        HistoryBuffer().update(1.0, count)


def test_a_changed_max_length_counts_from_the_next_update() -> None:
    buffer = HistoryBuffer(range(3), [1] * 3, max_length=3)
    buffer.max_length = 5
    for value in range(3, 9):
        buffer.update(value)
    assert buffer.data[0].tolist() == [4, 5, 6, 7, 8]
    buffer.max_length = 2
    buffer.update(9)
    assert buffer.data[0].tolist() == [8, 9]
    with pytest.raises(ValueError, match="at least 1"):
        buffer.max_length = -1


def test_a_greater_max_length_brings_nothing_back() -> None:
    buffer = HistoryBuffer(max_length=3)
    for value in range(300):
        buffer.update(torch.tensor(float(value)))
    with HostReads() as reads:
        buffer.max_length = 10
    assert reads.count == 0
    buffer.update(300.0)
    assert buffer.data[0].tolist() == [297, 298, 299, 300]


def test_a_refused_value_leaves_the_history_as_it_was() -> None:
    buffer = HistoryBuffer([1.0], [1])
    with pytest.raises(TypeError):
        buffer.update(1.0, "two")
    assert buffer.data[0].tolist() == [1.0]


def test_documented_errors() -> None:
    with pytest.raises(AssertionError, match="same length"):
        HistoryBuffer([1, 2], [1])
    with pytest.raises(TypeError, match="max_length must be an int, but got str"):
        HistoryBuffer(max_length="10")
    with pytest.raises(ValueError, match="max_length must be at least 1, but got 0"):
        HistoryBuffer(max_length=0)
    with pytest.raises(ValueError, match="empty"):
        HistoryBuffer().current()
    with pytest.raises(AssertionError, match="window_size must be an int"):
        HistoryBuffer([1.0], [1]).mean(1.5)
    with pytest.raises(KeyError, match="'median'"):
        HistoryBuffer([1.0], [1]).statistics("median")
    with pytest.raises(AssertionError, match="registered already"):
        HistoryBuffer.register_statistics(HistoryBuffer.mean)
    with pytest.warns(UserWarning, match="max_length=2"):
        assert HistoryBuffer([1, 2, 3], [1, 1, 1], max_length=2).data[0].tolist() == [2, 3]


def test_a_registered_statistic_sees_the_history() -> None:
    @HistoryBuffer.register_statistics
    def weighted(self, window_size, weight):
        return (self._log_history[-window_size:] * weight).sum() / self._count_history.sum()

    try:
        buffer = HistoryBuffer()
        buffer.update(torch.tensor(1.0))
        buffer.update(2.0)
        assert buffer.statistics("weighted", 2, weight=np.array([2, 1])) == 2
    finally:
        del HistoryBuffer._statistics_methods["weighted"]


@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda buffer: pickle.loads(pickle.dumps(buffer))]
)
def test_copies_are_independent(copied) -> None:
    buffer = HistoryBuffer(max_length=7)
    buffer.update(torch.tensor(0.5), 3)
    other = copied(buffer)
    other.update(1.5)
    assert buffer.data[0].tolist() == [0.5]
    assert other.data[0].tolist() == [0.5, 1.5]
    assert other.data[1].tolist() == [3, 1]
    assert other.max_length == 7


def test_new_values_are_given_once_also_when_they_were_read_before() -> None:
    buffer = HistoryBuffer([9.0], [1])
    buffer.update(torch.tensor(0.5))
    assert buffer.mean() > 0
    buffer.update(1.5)
    assert buffer.new_values().tolist() == [0.5, 1.5]
    assert buffer.new_values().tolist() == []


def memory_of(act: Callable[[], object]) -> int:
    """Bytes that are taken at most while something is done."""
    tracemalloc.start()
    try:
        act()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_neither_an_update_nor_reading_a_window_copies_the_history() -> None:
    length = 300_000
    buffer = HistoryBuffer([1.0] * length, [1] * length)

    def go_on() -> None:
        for _ in range(50):
            buffer.update(1.0)
            buffer.mean(10)

    go_on()  # makes room for more
    assert memory_of(go_on) < length
    assert memory_of(lambda: np.array(buffer.data[0])) > length


def test_histories_of_more_dimensions_are_put_in_a_row():
    history = HistoryBuffer([[1.0, 2.0], [3.0, 4.0]], np.ones((2, 2)))
    history.update(5.0)
    assert history.data[0].tolist() == [1.0, 2.0, 3.0, 4.0, 5.0]
    assert (history.mean(2), history.current(), history.max()) == (4.5, 5.0, 5.0)
