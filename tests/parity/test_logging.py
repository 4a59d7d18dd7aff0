"""Histories, the message hub and lines of the logger against MMEngine's."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, seed, settings
from hypothesis import strategies as st

from tests.parity.compare import assert_same


def hub_values(engine, steps):
    import importlib

    import torch

    logging = importlib.import_module(f"{engine}.logging")
    hub = logging.MessageHub.get_instance("parity")
    results = []
    for key, value, count, kind in steps:
        if kind == "tensor":
            value = torch.tensor(value)
        elif kind == "half":
            value = torch.tensor([value], dtype=torch.float16)
        hub.update_scalar(key, value, count)
        buffer = hub.get_scalar(key)
        windows = [None, 1, 3, 10, 1000]
        results.append([float(buffer.current()), str(buffer.current().dtype)])
        results.append(
            [
                float(getattr(buffer, name)(window))
                for name in ("mean", "min", "max")
                for window in windows
            ]
        )
    for buffer in hub.log_scalars.values():
        results.append([array.copy() for array in buffer.data])
        results.append(float(buffer.statistics("mean", window_size=5)))
    return results


def test_values_and_statistics(both) -> None:
    draw = random.Random(0)
    kinds = ["float", "tensor", "half"]
    steps = [
        (draw.choice("abc"), draw.uniform(-1e3, 1e3), draw.randint(1, 5), draw.choice(kinds))
        for _ in range(400)
    ]
    steps += [("whole", step, 1, "float") for step in range(5)]
    steps += [("mixed", value, 2, "float") for value in (1, 2, 0.5)]
    theirs, ours = both(hub_values, steps)
    assert_same(ours, theirs)


def bounded(engine, length, max_length, more):
    import importlib

    HistoryBuffer = importlib.import_module(f"{engine}.logging").HistoryBuffer
    buffer = HistoryBuffer(list(range(length)), [1] * length, max_length)
    for value in range(more):
        buffer.update(value / 4, value)
    return [*buffer.data, buffer.mean(), buffer.mean(3), buffer.max(2), buffer.min(0)]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", [(5, 10, 0), (5, 3, 1), (2, 3, 10), (300, 400, 900), (0, 7, 20)])
def test_a_bounded_history(both, case) -> None:
    theirs, ours = both(bounded, *case)
    assert_same(ours, theirs)


def generated(engine, cases):
    import importlib
    import warnings

    warnings.simplefilter("ignore")
    HistoryBuffer = importlib.import_module(f"{engine}.logging").HistoryBuffer
    windows = [None, 0, 1, 2, 7, 10**6, -1, -3]
    results = []
    for start, max_length, updates, later in cases:
        buffer = HistoryBuffer(*start, max_length=max_length)
        for index, (value, count) in enumerate(updates):
            if index == len(updates) // 2:
                buffer.max_length = later
            buffer.update(value, count)
        results.append([*(array.copy() for array in buffer.data)])
        for name in ("mean", "min", "max", "current"):
            for window in windows if name != "current" else [None]:
                args = () if name == "current" else (window,)
                try:
                    results.append(buffer.statistics(name, *args))
                except (ValueError, AssertionError) as error:
                    results.append(type(error).__name__)
    return [str((type(r).__name__, r)) if not isinstance(r, list) else r for r in results]


NUMBERS = st.one_of(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6), st.booleans())
COUNTED = st.tuples(NUMBERS, st.integers(0, 5))
LENGTHS = st.sampled_from([1, 2, 10, 13, 400, 1000])


@st.composite
def histories(draw):
    start = draw(st.lists(st.tuples(st.floats(-1e6, 1e6), st.integers(0, 5)), max_size=8))
    first, later = draw(LENGTHS), draw(LENGTHS)
    updates = draw(st.lists(COUNTED, max_size=12)) * draw(st.sampled_from([1, 1, 40]))
    return [list(column) for column in zip(*start)] or [[], []], first, updates, later


def test_generated_histories(both) -> None:
    cases = []

    @settings(max_examples=150, database=None)
    @seed(0)
    @given(histories())
    def collect(case):
        cases.append(case)

    collect()
    theirs, ours = both(generated, cases)
    assert_same(ours, theirs)


def error_types(engine):
    import importlib

    import numpy as np
    import torch

    logging = importlib.import_module(f"{engine}.logging")
    hub = logging.MessageHub.get_instance("errors")
    hub.update_scalar("a", 1)
    hub.update_info("i", 1)
    buffer = logging.HistoryBuffer([1.0], [1])
    calls = {
        "length": lambda: logging.HistoryBuffer([1], []),
        "empty": lambda: logging.HistoryBuffer().current(),
        "window": lambda: buffer.mean("1"),
        "string": lambda: buffer.update("1"),
        "array": lambda: buffer.update(np.ones(1)),
        "count": lambda: buffer.update(1, "1"),
        "statistic": lambda: buffer.statistics("median"),
        "taken": lambda: logging.HistoryBuffer.register_statistics(logging.HistoryBuffer.mean),
        "hub string": lambda: hub.update_scalar("a", "1"),
        "hub shape": lambda: hub.update_scalar("a", torch.ones(2)),
        "resumed": lambda: hub.update_scalar("a", 1, resumed=False),
        "info resumed": lambda: hub.update_info("i", 1, resumed=False),
        "scalars": lambda: hub.update_scalars([1]),
        "no value": lambda: hub.update_scalars({"a": {"count": 1}}),
        "no scalar": lambda: hub.get_scalar("absent"),
        "log_scalars": lambda: logging.MessageHub("b", log_scalars=[1]),
        "log_scalars value": lambda: logging.MessageHub("b", log_scalars={"a": 1}),
        "resumed_keys": lambda: logging.MessageHub("b", resumed_keys={"a": True}),
        "state": lambda: hub.load_state_dict({"log_scalars": {}}),
        "unknown logger": lambda: logging.print_log("a", logger="unknown"),
        "logger type": lambda: logging.print_log("a", logger=3),
    }
    results = {}
    for name, call in calls.items():
        try:
            call()
            results[name] = "no error"
        except Exception as error:
            results[name] = type(error).__name__
    return results


def test_error_types(both) -> None:
    theirs, ours = both(error_types)
    assert "no error" not in theirs.values()
    assert_same(ours, theirs)


def log_lines(engine, folder):
    import importlib
    import os
    import re

    MMLogger = importlib.import_module(f"{engine}.logging").MMLogger
    path = os.path.join(folder, f"{engine}.log")
    logger = MMLogger.get_instance("lines", logger_name="shared", log_file=path, log_level="DEBUG")
    logger.debug("details")
    logger.info("loss: %.4f", 0.5)
    logger.info("two\nlines")
    for _ in range(2):
        logger.warning("once")
    logger.error("where")
    logger.setLevel("ERROR")
    logger.info("hidden")
    with open(path, encoding="utf-8") as file:
        text = file.read()
    # The path of an error is that of this function's copy, which differs between the engines.
    return re.sub(r"ERROR - \S+ -", "ERROR - path -", re.sub(r"\d\d:\d\d:\d\d", "time", text))


def test_log_lines(both, tmp_path) -> None:
    theirs, ours = both(log_lines, str(tmp_path))
    assert "shared - INFO - loss: 0.5000" in theirs
    assert_same(ours, theirs)
