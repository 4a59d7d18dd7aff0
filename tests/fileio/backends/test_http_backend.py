import pickle
from multiprocessing import get_context
from pathlib import Path

import pytest

from mmlight.fileio import HTTPBackend, load


def test_a_file_of_a_server(server):
    address, folder = server
    (folder / "a.txt").write_text("größe", encoding="latin-1")
    backend = HTTPBackend()
    assert backend.get(f"{address}/a.txt") == b"gr\xf6\xdfe"
    assert backend.get_text(f"{address}/a.txt", encoding="latin-1") == "größe"
    assert backend.exists(f"{address}/a.txt")
    assert not backend.exists(f"{address}/none.txt")


def test_get_local_path_for_a_while(server):
    address, folder = server
    (folder / "a.bin").write_bytes(b"\x00" * 70_000)
    with HTTPBackend().get_local_path(f"{address}/a.bin") as path:
        assert Path(path).stat().st_size == 70_000
    assert not Path(path).exists()


def test_load_from_a_server(server):
    address, folder = server
    (folder / "a.json").write_text('{"a": [1, 2]}')
    (folder / "a.pkl").write_bytes(pickle.dumps({"b": 3}))
    assert load(f"{address}/a.json") == {"a": [1, 2]}
    assert load(f"{address}/a.pkl") == {"b": 3}


def test_what_is_not_there(server):
    address, _ = server
    with pytest.raises(FileNotFoundError, match=r"none.txt"):
        HTTPBackend().get(f"{address}/none.txt")
    with pytest.raises(OSError):
        HTTPBackend().get("http://127.0.0.1:9/a.txt")
    with pytest.raises(ValueError, match="not '/etc/hostname'"):
        HTTPBackend().get("/etc/hostname")


def _read(args):
    backend, address = args
    return backend.get(address)


def test_a_backend_works_on_in_a_forked_process(server):
    address, folder = server
    (folder / "a.txt").write_text("hello")
    backend = HTTPBackend()
    backend.get(f"{address}/a.txt")
    with get_context("fork").Pool(1) as pool:
        assert pool.map(_read, [(backend, f"{address}/a.txt")]) == [b"hello"]
