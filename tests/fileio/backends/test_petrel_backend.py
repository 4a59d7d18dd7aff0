"""What PetrelBackend makes of addresses. test_fsspec_backends.py shows what it does with files."""

from importlib.util import find_spec

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from fsspec.registry import _registry as file_systems

from mmlight.fileio import PetrelBackend, get_file_backend


class Store(MemoryFileSystem):
    """Stands in for s3fs, which is optional: keeps files in memory and how it was opened."""

    protocol = ("s3", "s3a")
    cachable = False
    opened = []

    def __init__(self, **options):
        super().__init__()
        self.opened.append(options)

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("s3://"))

    def makedirs(self, path, exist_ok=False):
        raise PermissionError("that would make a bucket")


@pytest.fixture
def opened(monkeypatch):
    monkeypatch.setitem(file_systems, "s3", Store)
    monkeypatch.setattr(Store, "store", {})
    monkeypatch.setattr(Store, "opened", [])
    return Store.opened


@pytest.fixture
def conf(tmp_path):
    path = tmp_path / "petreloss.conf"
    path.write_text(
        "[DEFAULT]\nenable_mc = True\ndefault_cluster = first\n"
        "[first]\naccess_key = k1\nsecret_key = s1\nhost_base = http://first:80\n"
        "[second]\naccess_key = k2\nsecret_key = s2\nhost_base = http://second:80\n"
    )
    return path


@pytest.mark.parametrize("address", ["s3://bucket/a.txt", "petrel://bucket/a.txt"])
def test_both_schemes_are_one_store_that_makes_no_buckets(opened, address):
    backend = get_file_backend(address)
    assert isinstance(backend, PetrelBackend)
    backend.put_text("hello", address)
    assert backend.get_text("s3://bucket/a.txt") == "hello"
    assert all(options == {"use_listings_cache": False} for options in opened)


@pytest.mark.parametrize(
    ("address", "key", "endpoint"),
    [
        ("s3://bucket/a", "k1", "http://first:80"),
        ("first:s3://bucket/a", "k1", "http://first:80"),
        ("second:petrel://bucket/a", "k2", "http://second:80"),
    ],
)
def test_clusters_of_the_configuration_file(opened, conf, address, key, endpoint):
    PetrelBackend(conf_path=str(conf)).put(b"hello", address)
    assert opened[-1]["key"] == key
    assert opened[-1]["secret"] == key.replace("k", "s")
    assert opened[-1]["endpoint_url"] == endpoint
    assert "/bucket/a" in Store.store


def test_an_unknown_cluster_or_file(opened, conf, tmp_path):
    with pytest.raises(KeyError, match=r"cluster 'third' is not in .*\['first', 'second'\]"):
        PetrelBackend(conf_path=str(conf)).get("third:s3://bucket/a")
    with pytest.raises(FileNotFoundError, match=r"none.conf does not exist"):
        PetrelBackend(conf_path=str(tmp_path / "none.conf"))


def test_path_mapping_replaces_the_beginning(opened):
    backend = PetrelBackend(path_mapping={"/data/coco": "s3://coco", "annotations": "labels"})
    backend.put(b"x", "/data/coco/annotations/a.json")
    assert backend.get("s3://coco/labels/a.json") == b"x"
    with pytest.raises(AssertionError, match="path_mapping must be a dict or None"):
        PetrelBackend(path_mapping=["/data", "s3://data"])


@pytest.mark.skipif(find_spec("s3fs") is not None, reason="s3fs is installed")
def test_the_missing_package_is_asked_for_by_name():
    backend = get_file_backend("s3://bucket/a")
    with pytest.raises(ImportError, match=r"s3://bucket/a needs a package .*Install s3fs"):
        backend.get("petrel://bucket/a")
