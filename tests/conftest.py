"""Fixtures that run code under MMEngine, under its fork and under mmlight.

Install both foreign engines as ``make test`` does, into ``.parity/`` and nowhere else. Where that
was not done the tests are skipped and say so; continuous integration always installs them.

    def curve(engine, gamma):                     # only its source travels: imports inside
        import importlib
        optim = importlib.import_module(f"{engine}.optim")
        ...
        return [...]

    def test_curve(both, mmengine):
        theirs, ours = both(curve, 0.5)           # each in a fresh process
        assert_same(ours, theirs)
        assert mmengine.run(curve, 0.5) == theirs # one engine alone
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.parity.engines import Engine


def _engine(name: str, factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = Engine(name, factory.mktemp(name))
    if not engine.installed:
        pytest.skip(f"{name} is not installed in {engine.folder}: run `make test` once")
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def mmengine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """MMEngine 0.10.7."""
    yield from _engine("mmengine", tmp_path_factory)


@pytest.fixture(scope="session")
def onedl(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """onedl-mmengine 0.10.12, MMEngine's maintained fork."""
    yield from _engine("onedl", tmp_path_factory)


@pytest.fixture(scope="session")
def mmlight(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """mmlight in a process where MMEngine cannot be imported."""
    yield from _engine("mmlight", tmp_path_factory)


@pytest.fixture(scope="session")
def both(mmengine: Engine, mmlight: Engine) -> Callable[..., tuple[Any, Any]]:
    """Run the same code under MMEngine and under mmlight; returns (theirs, ours)."""

    def run(code: str | Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[Any, Any]:
        return mmengine.run(code, *args, **kwargs), mmlight.run(code, *args, **kwargs)

    return run
