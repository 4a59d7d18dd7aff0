from pathlib import Path

import pytest

from mmlight.fileio import (
    BaseStorageBackend,
    FileClient,
    FsspecBackend,
    HardDiskBackend,
    HTTPBackend,
    PetrelBackend,
)
from mmlight.fileio.backends import backends, prefix_to_backends

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(autouse=True)
def a_fresh_client():
    tables = [(t, dict(t)) for t in (FileClient._instances, backends, prefix_to_backends)]
    FileClient._instances.clear()
    yield
    for table, before in tables:
        table.clear()
        table.update(before)


class Constant(BaseStorageBackend):
    def get(self, filepath):
        return b"7"

    def get_text(self, filepath, encoding="utf-8"):
        return "7"


@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ({}, HardDiskBackend),
        ({"backend": "disk"}, HardDiskBackend),
        ({"backend": "http"}, HTTPBackend),
        ({"prefix": "https"}, HTTPBackend),
        ({"prefix": "s3"}, PetrelBackend),
        ({"prefix": "memory"}, FsspecBackend),
        ({"backend": "petrel", "prefix": "http"}, PetrelBackend),
    ],
)
def test_which_backend_a_client_has(args, expected):
    client = FileClient(**args)
    assert type(client.client) is expected
    assert client.name == expected.__name__
    assert client.allow_symlink is (expected is HardDiskBackend)


def test_one_client_for_the_same_arguments():
    assert FileClient() is FileClient(backend="disk")
    mapped = FileClient("petrel", path_mapping={"a": "b"})
    assert FileClient(backend="petrel", path_mapping={"a": "b"}) is mapped
    assert FileClient("petrel") is not mapped


def test_it_says_that_it_is_deprecated():
    with pytest.warns(DeprecationWarning, match="FileClient is deprecated"):
        FileClient()


def test_what_nobody_knows():
    with pytest.raises(ValueError, match="Backend foo is not supported"):
        FileClient("foo")
    with pytest.raises(ValueError, match="prefix foo is not supported"):
        FileClient(prefix="foo")


@pytest.mark.parametrize(
    ("uri", "expected"),
    [("s3://a/b", "s3"), ("cluster:s3://a", "s3"), ("/a/b", None), (Path("a"), None)],
)
def test_parse_uri_prefix(uri, expected):
    assert FileClient.parse_uri_prefix(uri) == expected


def test_parse_uri_prefix_of_another_type():
    with pytest.raises(AssertionError, match="uri should be a str or a Path"):
        FileClient.parse_uri_prefix(3)


def test_infer_client(tmp_path):
    assert type(FileClient.infer_client(uri="http://a").client) is HTTPBackend
    assert type(FileClient.infer_client(uri=tmp_path / "a").client) is HardDiskBackend
    assert type(FileClient.infer_client({"backend": "petrel"}, "http://a").client) is PetrelBackend
    with pytest.raises(AssertionError, match="needs file_client_args or uri"):
        FileClient.infer_client()


def test_register_backend():
    FileClient.register_backend("constant", Constant, prefixes="const")
    assert FileClient("constant").get("a") == FileClient(prefix="const").get("a") == b"7"
    with pytest.raises(KeyError, match="constant is already registered"):
        FileClient.register_backend("constant", Constant)
    before = FileClient("constant")

    @FileClient.register_backend("constant", force=True)
    class Other(Constant):
        pass

    assert type(FileClient("constant").client) is Other
    assert FileClient("constant") is not before
    with pytest.raises(TypeError, match="not a subclass of BaseStorageBackend"):
        FileClient.register_backend("int", int)


def test_files_through_a_client(tmp_path):
    client = FileClient()
    file = tmp_path / "new" / "a.txt"
    client.put(b"hello", file)
    client.put_text("größe", tmp_path / "b.txt")
    assert (client.get(file), client.get_text(tmp_path / "b.txt")) == (b"hello", "größe")
    assert client.exists(file) and client.isfile(file) and client.isdir(tmp_path / "new")
    assert client.join_path("a", "b") == "a/b"
    assert set(client.list_dir_or_file(tmp_path)) == {"new", "b.txt"}
    assert set(client.list_dir_or_file(tmp_path, False, True, ".txt", True)) == {
        "new/a.txt",
        "b.txt",
    }
    with client.get_local_path(file) as path:
        assert path == str(file)
    client.remove(file)
    assert not client.exists(file)
