"""FsspecBackend, and PetrelBackend over the same storage through its path_mapping and over S3.

For S3 itself: ``pip install "moto[server]" s3fs``.
"""

import shutil
from pathlib import Path
from urllib.request import urlopen

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from mmlight.fileio import FsspecBackend, PetrelBackend
from tests.fileio.s3_server import serve_bucket


@pytest.fixture(scope="module")
def petrel_conf(tmp_path_factory):
    with serve_bucket(tmp_path_factory.mktemp("s3")) as conf:
        yield conf


@pytest.fixture(params=["fsspec", "petrel", "s3"])
def storage(request, bucket, monkeypatch):
    """A backend and the address of an empty folder in it."""
    if request.param == "s3":
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
            monkeypatch.delenv(name, raising=False)
        conf = request.getfixturevalue("petrel_conf")
        return PetrelBackend(conf_path=str(conf)), bucket.replace("memory://", "petrel://bucket/")
    if request.param == "fsspec":
        return FsspecBackend(), bucket
    return PetrelBackend(path_mapping={"petrel://mapped": bucket}), "petrel://mapped"


def fill(backend, top):
    for name in ("a.txt", "b.py", "sub/c.txt", "sub/deep/d.py", ".hidden.txt"):
        backend.put_text(name, f"{top}/{name}")


def test_bytes_and_text(storage):
    backend, top = storage
    backend.put(b"\x00hello", f"{top}/new/a.bin")
    assert backend.get(f"{top}/new/a.bin") == b"\x00hello"
    backend.put_text("größe", f"{top}/a.txt", encoding="latin-1")
    assert backend.get(f"{top}/a.txt") == b"gr\xf6\xdfe"
    assert backend.get_text(f"{top}/a.txt", encoding="latin-1") == "größe"
    with pytest.raises(FileNotFoundError):
        backend.get(f"{top}/none")


def test_reading_piece_by_piece(storage):
    backend, top = storage
    backend.put_text("größe\nline", f"{top}/a.txt")
    with backend.open_to_read(f"{top}/a.txt") as file:
        assert file.read(3) == "grö".encode()[:3]
    with backend.open_to_read(f"{top}/a.txt", text=True) as file:
        assert next(file) == "größe\n"


def test_what_there_is(storage):
    backend, top = storage
    fill(backend, top)
    paths = [f"{top}/{name}" for name in ("a.txt", "sub", "none")]
    assert [backend.exists(p) for p in paths] == [True, True, False]
    assert [backend.isdir(p) for p in paths] == [False, True, False]
    assert [backend.isfile(p) for p in paths] == [True, False, False]
    assert not backend.allow_symlink


def test_join_path(storage):
    backend, _ = storage
    assert backend.join_path("petrel://path/of/file", "another/path") == (
        "petrel://path/of/file/another/path"
    )
    assert backend.join_path("petrel://path/of/file/", "/another", Path("path")) == (
        "petrel://path/of/file/another/path"
    )


def test_get_local_path_for_a_while(storage):
    backend, top = storage
    fill(backend, top)
    with backend.get_local_path(f"{top}/sub/c.txt") as path:
        assert Path(path).read_text() == "sub/c.txt"
        assert Path(path).name == "c.txt"
    assert not Path(path).exists()
    with pytest.raises(RuntimeError, match="stop"), backend.get_local_path(f"{top}/b.py") as path:
        raise RuntimeError("stop")
    assert not Path(path).exists()


def test_copyfile(storage):
    backend, top = storage
    fill(backend, top)
    assert backend.copyfile(f"{top}/a.txt", f"{top}/new/copy.txt") == f"{top}/new/copy.txt"
    assert backend.get_text(f"{top}/new/copy.txt") == "a.txt"
    assert backend.copyfile(f"{top}/a.txt", f"{top}/sub") == f"{top}/sub/a.txt"
    assert backend.get_text(f"{top}/sub/a.txt") == "a.txt"
    with pytest.raises(shutil.SameFileError, match="are the same file"):
        backend.copyfile(f"{top}/a.txt", f"{top}/a.txt")


def test_copytree(storage):
    backend, top = storage
    fill(backend, f"{top}/tree")
    assert backend.copytree(f"{top}/tree", f"{top}/copy") == f"{top}/copy"
    assert set(backend.list_dir_or_file(f"{top}/copy", recursive=True)) == set(
        backend.list_dir_or_file(f"{top}/tree", recursive=True)
    )
    assert backend.get_text(f"{top}/copy/sub/deep/d.py") == "sub/deep/d.py"
    with pytest.raises(FileExistsError, match="exists already"):
        backend.copytree(f"{top}/tree", f"{top}/copy")


def test_up_and_down(storage, tree):
    backend, top = storage
    assert backend.copyfile_from_local(tree / "a.txt", f"{top}/a.txt") == f"{top}/a.txt"
    assert backend.copytree_from_local(tree, f"{top}/tree") == f"{top}/tree"
    assert backend.copyfile_from_local(tree / "b.py", f"{top}/tree") == f"{top}/tree/b.py"
    assert backend.get_text(f"{top}/tree/sub/deep/d.py") == "sub/deep/d.py"
    with pytest.raises(FileExistsError):
        backend.copytree_from_local(tree, f"{top}/tree")

    down = tree.parent / "down"
    assert backend.copytree_to_local(f"{top}/tree", down) == down
    assert (down / "sub" / "deep" / "d.py").read_text() == "sub/deep/d.py"
    assert backend.copyfile_to_local(f"{top}/a.txt", down / "e.txt") == down / "e.txt"
    assert (down / "e.txt").read_text() == "a.txt"
    inside = backend.copyfile_to_local(f"{top}/tree/sub/c.txt", down)
    assert Path(inside) == down / "c.txt" and (down / "c.txt").exists()


def test_there_are_no_links(storage):
    backend, top = storage
    fill(backend, f"{top}/tree")
    assert backend.copy_if_symlink_fails(f"{top}/tree/a.txt", f"{top}/link.txt") is False
    assert backend.copy_if_symlink_fails(f"{top}/tree", f"{top}/linked") is False
    assert backend.get_text(f"{top}/link.txt") == "a.txt"
    assert backend.get_text(f"{top}/linked/sub/c.txt") == "sub/c.txt"


def test_remove_and_rmtree(storage):
    backend, top = storage
    fill(backend, top)
    backend.remove(f"{top}/a.txt")
    with pytest.raises(FileNotFoundError, match="does not exist"):
        backend.remove(f"{top}/a.txt")
    with pytest.raises(IsADirectoryError, match="is a directory"):
        backend.remove(f"{top}/sub")
    backend.rmtree(f"{top}/sub")
    assert not backend.exists(f"{top}/sub/c.txt")
    assert backend.exists(f"{top}/b.py")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"a.txt", "b.py", "sub"}),
        ({"list_dir": False}, {"a.txt", "b.py"}),
        ({"list_file": False, "recursive": True}, {"sub", "sub/deep"}),
        ({"list_dir": False, "recursive": True, "suffix": ".txt"}, {"a.txt", "sub/c.txt"}),
    ],
)
def test_list_dir_or_file(storage, options, expected):
    backend, top = storage
    fill(backend, top)
    assert set(backend.list_dir_or_file(top, **options)) == expected
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        backend.list_dir_or_file(f"{top}/none")


class SigningFileSystem(MemoryFileSystem):
    """A store in memory that can sign addresses, as those behind S3's protocol do."""

    protocol = "signing"

    @classmethod
    def _strip_protocol(cls, path):
        return super()._strip_protocol(path.removeprefix("signing://"))

    def sign(self, path, expiration=100, **kwargs):
        return f"https://signed{path}?expires={expiration}&method={kwargs['client_method']}"


@pytest.mark.parametrize(
    ("backend", "address"),
    [
        (FsspecBackend(), "signing://b/a"),
        (PetrelBackend(path_mapping={"petrel://": "signing://"}), "petrel://b/a"),
    ],
)
def test_presigned_addresses(backend, address):
    fsspec.register_implementation("signing", SigningFileSystem, clobber=True)
    assert backend.generate_presigned_url(address) == (
        "https://signed/b/a?expires=3600&method=get_object"
    )
    assert backend.generate_presigned_url(address, "put_object", 60) == (
        "https://signed/b/a?expires=60&method=put_object"
    )


def test_a_presigned_address_where_the_storage_can_sign(storage):
    backend, top = storage
    backend.put(b"hello", f"{top}/a")
    if "bucket/" not in top:
        with pytest.raises(NotImplementedError, match="makes no such address"):
            backend.generate_presigned_url(f"{top}/a")
        return
    with urlopen(backend.generate_presigned_url(f"{top}/a", expires_in=60)) as answer:
        assert answer.read() == b"hello"


def test_storage_options_reach_the_file_system(tree):
    shutil.make_archive(str(tree.parent / "packed"), "zip", tree)
    backend = FsspecBackend(fo=str(tree.parent / "packed.zip"))
    assert backend.get("zip://sub/c.txt") == b"sub/c.txt"


def test_chained_addresses(tree, bucket):
    archive = shutil.make_archive(str(tree.parent / "packed"), "zip", tree)
    FsspecBackend().copyfile_from_local(archive, f"{bucket}/packed.zip")
    assert FsspecBackend().get(f"zip://sub/c.txt::{bucket}/packed.zip") == b"sub/c.txt"
