"""Storages that the tests write to."""

import itertools

import fsspec
import pytest

from tests.web import serve

_names = itertools.count()


@pytest.fixture
def bucket():
    """Address of a folder in memory that nobody else uses."""
    address = f"memory://bucket-{next(_names)}"
    yield address
    fs = fsspec.filesystem("memory")
    if fs.exists(address):
        fs.rm(address, recursive=True)


@pytest.fixture
def tree(tmp_path):
    """A local folder with files, hidden ones and folders inside."""
    top = tmp_path / "tree"
    for name in ("a.txt", "b.py", "sub/c.txt", "sub/deep/d.py", ".hidden.txt"):
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).write_text(name)
    return top


@pytest.fixture
def server(tmp_path, monkeypatch):
    """Address of a web server on this machine, and the folder that it serves."""
    folder = tmp_path / "served"
    folder.mkdir()
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with serve(folder) as address:
        yield address, folder
