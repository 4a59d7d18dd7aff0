from importlib.util import find_spec
from pathlib import Path

import pytest

from mmlight.fileio import (
    BaseStorageBackend,
    FsspecBackend,
    HTTPBackend,
    LocalBackend,
    PetrelBackend,
    get,
    get_file_backend,
    load,
    register_backend,
)
from mmlight.fileio.backends import backends, prefix_to_backends


@pytest.fixture(autouse=True)
def put_back_what_is_registered():
    tables = [(table, dict(table)) for table in (backends, prefix_to_backends)]
    yield
    for table, before in tables:
        table.clear()
        table.update(before)


class Constant(BaseStorageBackend):
    def __init__(self, value=7):
        self.value = value

    def get(self, filepath):
        return str(self.value).encode()

    def get_text(self, filepath, encoding="utf-8"):
        return str(self.value)


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("/a", LocalBackend),
        ("a", LocalBackend),
        (Path("a"), LocalBackend),
        ("file:///a", LocalBackend),
        ("C:/a", LocalBackend),
        ("http://server/a", HTTPBackend),
        ("https://server/a", HTTPBackend),
        ("s3://bucket/a", PetrelBackend),
        ("petrel://bucket/a", PetrelBackend),
        ("cluster:s3://bucket/a", PetrelBackend),
        ("memory://a", FsspecBackend),
        ("gs://bucket/a", FsspecBackend),
        ("zip://a::http://server/b.zip", FsspecBackend),
    ],
)
def test_the_scheme_tells_the_backend(uri, expected):
    assert type(get_file_backend(uri)) is expected


def test_a_name_comes_before_the_scheme():
    assert type(get_file_backend("s3://b/a", backend_args={"backend": "local"})) is LocalBackend
    assert type(get_file_backend(backend_args={"backend": "petrel"})) is PetrelBackend


def test_arguments_stay_as_they_were():
    args = {"backend": "petrel", "path_mapping": {"a": "b"}}
    assert get_file_backend(backend_args=args).path_mapping == {"a": "b"}
    assert args == {"backend": "petrel", "path_mapping": {"a": "b"}}


def test_one_object_for_the_same_arguments_if_wanted():
    mapping = {"backend": "petrel", "path_mapping": {"a": "b"}}
    first = get_file_backend("a", enable_singleton=True)
    assert get_file_backend("b", enable_singleton=True) is first
    assert get_file_backend("a") is not first
    mapped = get_file_backend(backend_args=mapping, enable_singleton=True)
    assert get_file_backend("s3://x", backend_args=mapping, enable_singleton=True) is mapped
    assert get_file_backend("s3://x", enable_singleton=True) is not mapped


def test_what_nobody_knows():
    with pytest.raises(ValueError, match="uri should not be None"):
        get_file_backend()
    with pytest.raises(KeyError, match=r"known for memori://.*Did you mean 'memory'"):
        get_file_backend("memori://a")
    with pytest.raises(KeyError, match=r"called 'locl', only .* Did you mean 'local'"):
        get_file_backend(backend_args={"backend": "locl"})


@pytest.mark.parametrize("args", ["petrel", [1], 3])
def test_backend_args_of_another_type(args):
    with pytest.raises(TypeError, match="backend_args should be a dict or None, but got"):
        get_file_backend("a", backend_args=args)


@pytest.mark.skipif(find_spec("ossfs") is not None, reason="ossfs is installed")
def test_a_storage_whose_package_is_not_installed():
    with pytest.raises(ImportError, match=r"oss://bucket/a needs a package .* Install ossfs"):
        get("oss://bucket/a")


def test_register_backend_as_a_function_and_as_a_decorator():
    assert register_backend("constant", Constant, prefixes=["const", "c"]) is None
    assert get("const://a") == get("c://a") == b"7"
    assert get("const://a", backend_args={"value": 8}) == b"8"

    @register_backend("other", prefixes="other")
    class Other(Constant):
        pass

    assert type(get_file_backend("other://a")) is Other
    assert type(get_file_backend(backend_args={"backend": "other"})) is Other


def test_a_backend_that_only_reads_whole_files_loads_too():
    register_backend("constant", Constant, prefixes="const")
    assert load("const://a.json") == 7


def test_a_taken_name_or_prefix_needs_force():
    register_backend("constant", Constant, prefixes="const")
    with pytest.raises(ValueError, match=r"constant is already registered.*force=True"):
        register_backend("constant", Constant)
    with pytest.raises(ValueError, match="s3 is already registered"):
        register_backend("mine", Constant, prefixes="s3")
    assert "mine" not in backends
    register_backend("constant", Constant, force=True, prefixes="s3")
    assert get("s3://bucket/a") == b"7"


@pytest.mark.parametrize(
    ("args", "error", "message"),
    [
        ((3, Constant), TypeError, "name should be a string, but got <class 'int'>"),
        (("a", 3), TypeError, "backend should be a class, but got <class 'int'>"),
        (("a", int), TypeError, "not a subclass of BaseStorageBackend"),
        (
            ("a", Constant, False, 3),
            AssertionError,
            "should be a string, or a list or tuple of strings",
        ),
        (
            ("a", Constant, False, [3]),
            AssertionError,
            "should be a string, or a list or tuple of strings",
        ),
    ],
)
def test_what_cannot_be_registered(args, error, message):
    with pytest.raises(error, match=message):
        register_backend(*args)
    assert "a" not in backends


def test_a_backend_has_to_read():
    with pytest.raises(TypeError, match="abstract"):
        BaseStorageBackend()
    assert (Constant().name, Constant().allow_symlink) == ("Constant", False)
