"""Isolation for every test and doctest: no state of one may reach the next."""

from __future__ import annotations

import importlib
import logging
import os
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import matplotlib
import numpy as np
import pytest
import torch
from hypothesis import settings

matplotlib.use("Agg")
torch.set_num_threads(1)

# An example may take as long as the machine is busy; what hangs, pytest-timeout ends.
settings.register_profile("mmlight", deadline=None)
settings.load_profile("mmlight")

ROOT = Path(__file__).parent
ENGINES = {"both", "mmengine", "mmlight", "onedl"}  # fixtures that start a process each
SLOW = {
    *("_strategy", "bridge", "cli", "compat", "configs", "engine", "hooks", "infer", "parity"),
    *("parts", "resume", "runner", "testing", "typing"),
    *("test_docs.py", "test_notebook.py", "test_notebooks.py", "test_parts_table.py"),
    *("test_readme.py", "test_wrappers.py"),
}


def pytest_collect_file(file_path: Path) -> None:
    """Import a module with doctests the way Python does, before pytest looks for them in it.

    Pytest would import its package and then run the module a second time, if the package had
    already imported it: what it registers would be registered twice.
    """
    if file_path.suffix == ".py" and file_path.is_relative_to(ROOT / "mmlight"):
        *package, name = file_path.relative_to(ROOT).with_suffix("").parts
        if name != "__main__":
            importlib.import_module(".".join(package if name == "__init__" else [*package, name]))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark as slow what starts processes or goes through whole trainings."""
    for item in items:
        path = item.path.relative_to(ROOT)
        whole = path.parts[0] == "tests" and {path.parts[1], path.name} & SLOW
        engines = ENGINES.intersection(getattr(item, "fixturenames", ()))
        if whole or engines or "process" in item.nodeid:
            item.add_marker("slow")


def _managed_classes() -> Iterator[type]:
    """Every class whose instances are looked up by name, once its module was imported."""
    manager = sys.modules.get("mmlight.utils.manager")
    pending = [manager.ManagerMixin] if manager else []
    while pending:
        cls = pending.pop()
        yield cls
        pending.extend(cls.__subclasses__())


def _forget_instances() -> None:
    for cls in _managed_classes():
        instances = cls.__dict__.get("_instance_dict", {})
        for instance in instances.values():
            if isinstance(instance, logging.Logger):
                for handler in list(instance.handlers):
                    handler.close()
        instances.clear()


@pytest.fixture(autouse=True)
def isolation() -> Iterator[None]:
    """Named singletons, seeds, environment and torch's global switches as in a fresh process."""
    environ = dict(os.environ)
    _forget_instances()
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)
    yield
    _forget_instances()
    os.environ.clear()
    os.environ.update(environ)
    torch.set_default_dtype(torch.float32)
    torch.use_deterministic_algorithms(False)
    torch.backends.cudnn.benchmark = False
    torch.backends.cudnn.deterministic = False
