"""LmdbBackend over a real database, MemcachedBackend over a stand-in for its optional client."""

import sys
from pathlib import Path

import pytest

from mmlight.fileio import LmdbBackend, MemcachedBackend, get_file_backend


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
