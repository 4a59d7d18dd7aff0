"""LmdbBackend over a real database, MemcachedBackend over a stand-in for its optional client."""

import pickle
import sys
from pathlib import Path

import pytest

from mmlight.fileio import LmdbBackend, MemcachedBackend, get, get_file_backend


@pytest.fixture
def database(tmp_path):
    lmdb = pytest.importorskip("lmdb")
    path = tmp_path / "data.lmdb"
    with lmdb.open(str(path)) as env, env.begin(write=True) as transaction:
        transaction.put(b"image/a", b"\x00hello")
        transaction.put(b"text", "größe".encode())
    return path


def test_lmdb_values_by_their_keys(database):
    backend = LmdbBackend(database)
    assert backend.get("image/a") == b"\x00hello"
    assert backend.get(Path("image/a")) == b"\x00hello"
    assert backend.get_text("text") == "größe"
    assert backend.get("none") is None
    assert backend.db_path == str(database)


def test_lmdb_by_name_with_its_arguments(database):
    args = {"backend": "lmdb", "db_path": str(database), "max_readers": 3}
    backend = get_file_backend(backend_args=args)
    assert backend.get("image/a") == b"\x00hello"


def test_lmdb_keys_beyond_ascii_and_a_missing_key(database):
    lmdb = pytest.importorskip("lmdb")
    with lmdb.open(str(database)) as env, env.begin(write=True) as transaction:
        transaction.put("größe".encode(), b"7")
    backend = LmdbBackend(database)
    assert backend.get_text("größe") == "7"
    with pytest.raises(KeyError, match=r"data.lmdb has no key 'none'"):
        backend.get_text("none")
    with pytest.raises(lmdb.Error, match="none"):
        LmdbBackend(database.parent / "none").get("a")


def test_several_backends_of_one_lmdb_database(database):
    first, second = LmdbBackend(database), LmdbBackend(str(database))
    assert first.get("image/a") == second.get("image/a")
    del first
    assert second.get("image/a") == b"\x00hello"
    assert get("image/a", backend_args={"backend": "lmdb", "db_path": database}) == b"\x00hello"


def test_an_lmdb_backend_can_be_sent_to_a_process_at_any_time(database):
    backend = LmdbBackend(database)
    for _ in range(2):
        sent = pickle.loads(pickle.dumps(backend))
        assert sent.get("image/a") == backend.get("image/a") == b"\x00hello"


def test_what_an_lmdb_backend_is_opened_with(database):
    backend = LmdbBackend(database, readonly=False, lock=True, map_size=2**20)
    assert backend.get("image/a") == b"\x00hello"
    flags = backend._client.flags()
    assert (flags["readonly"], flags["lock"], flags["readahead"]) == (False, True, False)
    assert backend._client.info()["map_size"] == 2**20


def test_lmdb_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "lmdb", None)
    with pytest.raises(ImportError, match="pip install lmdb"):
        LmdbBackend("a.lmdb")


MC = """
class pyvector(list):
    pass

class MemcachedClient:
    @classmethod
    def GetInstance(cls, server_list_cfg, client_cfg):
        client = cls()
        client.values = {"a": f"{server_list_cfg} {client_cfg}".encode()}
        return client

    def Get(self, key, buffer):
        buffer[:] = self.values[key]

def ConvertBuffer(buffer):
    return bytes(buffer)
"""


def test_memcached_through_a_client_in_sys_path(tmp_path, monkeypatch):
    (tmp_path / "mc.py").write_text(MC)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    try:
        backend = MemcachedBackend("servers.conf", "client.conf", sys_path=str(tmp_path))
    finally:
        sys.modules.pop("mc", None)
    assert backend.get("a") == memoryview(b"servers.conf client.conf")
    assert backend.get_text(Path("a")) == "servers.conf client.conf"


def test_memcached_without_its_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "mc", None)
    with pytest.raises(ImportError, match=r"memcached's client, the package mc.*sys_path"):
        MemcachedBackend("servers.conf", "client.conf")
