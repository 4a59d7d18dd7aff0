import os
import shutil
from pathlib import Path

import pytest

from mmlight.fileio import HardDiskBackend, LocalBackend

backend = LocalBackend()


@pytest.fixture(params=[str, Path], ids=["str", "Path"])
def path_type(request):
    return request.param


def test_put_makes_folders_and_get_reads(tmp_path, path_type):
    file = path_type(tmp_path / "new" / "folder" / "a.bin")
    backend.put(b"\x00hello", file)
    assert backend.get(file) == b"\x00hello"
    backend.put(b"again", file)
    assert backend.get(file) == b"again"


def test_text_in_an_encoding(tmp_path, path_type):
    file = path_type(tmp_path / "new" / "a.txt")
    backend.put_text("größe", file)
    assert backend.get_text(file) == "größe"
    backend.put_text("größe", file, encoding="latin-1")
    assert backend.get(file) == b"gr\xf6\xdfe"
    assert backend.get_text(file, encoding="latin-1") == "größe"


def test_what_there_is(tree, path_type):
    file, folder, nothing = (path_type(tree / name) for name in ("a.txt", "sub", "none"))
    assert [backend.exists(p) for p in (file, folder, nothing)] == [True, True, False]
    assert [backend.isdir(p) for p in (file, folder, nothing)] == [False, True, False]
    assert [backend.isfile(p) for p in (file, folder, nothing)] == [True, False, False]


def test_a_file_address_is_a_local_path(tree):
    address = (tree / "a.txt").as_uri()
    assert backend.get(address) == b"a.txt"
    assert backend.exists(address)
    with backend.get_local_path(address) as path:
        assert path == str(tree / "a.txt")


def test_the_home_folder(tmp_path, path_type, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    backend.put(b"hello", path_type("~/new/a.txt"))
    assert (tmp_path / "new" / "a.txt").exists()
    assert backend.get(path_type("~/new/a.txt")) == b"hello"
    assert backend.isfile(path_type("~/new/a.txt")) and backend.isdir(path_type("~/new"))
    backend.copyfile(path_type("~/new/a.txt"), path_type("~/b.txt"))
    assert backend.exists(path_type("~/b.txt"))


def test_join_path():
    assert backend.join_path("/path/of/dir1", "dir2", "path/of/file") == (
        "/path/of/dir1/dir2/path/of/file"
    )
    assert backend.join_path(Path("a"), Path("b")) == "a/b"
    assert backend.join_path("a", "/b") == "/b"


def test_get_local_path_is_the_path_itself(tree, path_type):
    file = path_type(tree / "a.txt")
    with backend.get_local_path(file) as path:
        assert path is file
    assert Path(file).exists()


@pytest.mark.parametrize("copy", ["copyfile", "copyfile_from_local", "copyfile_to_local"])
def test_copyfile(tree, path_type, copy):
    copy = getattr(backend, copy)
    src, dst = path_type(tree / "a.txt"), path_type(tree / "copy.txt")
    assert copy(src, dst) == dst
    assert Path(dst).read_text() == "a.txt"
    inside = copy(src, path_type(tree / "sub"))
    assert Path(inside) == tree / "sub" / "a.txt"
    with pytest.raises(shutil.SameFileError):
        copy(src, src)
    with pytest.raises(FileNotFoundError):
        copy(path_type(tree / "none"), dst)


@pytest.mark.parametrize("copy", ["copytree", "copytree_from_local", "copytree_to_local"])
def test_copytree(tree, path_type, copy):
    copy = getattr(backend, copy)
    dst = path_type(tree.parent / "copy")
    assert copy(path_type(tree), dst) == dst
    assert (Path(dst) / "sub" / "deep" / "d.py").read_text() == "sub/deep/d.py"
    with pytest.raises(FileExistsError):
        copy(path_type(tree), dst)


def test_remove_and_rmtree(tree, path_type):
    backend.remove(path_type(tree / "a.txt"))
    assert not (tree / "a.txt").exists()
    with pytest.raises(FileNotFoundError, match=r"a.txt does not exist"):
        backend.remove(path_type(tree / "a.txt"))
    with pytest.raises(IsADirectoryError, match="is a directory"):
        backend.remove(path_type(tree / "sub"))
    backend.rmtree(path_type(tree))
    assert not tree.exists()
    with pytest.raises(FileNotFoundError):
        backend.rmtree(path_type(tree))


def test_symlinks(tree, path_type):
    link = path_type(tree / "link")
    assert backend.copy_if_symlink_fails(path_type(tree / "a.txt"), link) is True
    assert os.path.islink(link) and Path(link).read_text() == "a.txt"
    assert backend.copy_if_symlink_fails(path_type(tree / "sub"), path_type(tree / "dirlink"))
    assert backend.allow_symlink


def test_a_copy_where_links_fail(tree, path_type, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError("this file system has no links")

    monkeypatch.setattr(os, "symlink", refuse)
    file, folder = path_type(tree.parent / "file"), path_type(tree.parent / "folder")
    assert backend.copy_if_symlink_fails(path_type(tree / "a.txt"), file) is False
    assert backend.copy_if_symlink_fails(path_type(tree / "sub"), folder) is False
    assert Path(file).read_text() == "a.txt"
    assert (Path(folder) / "deep" / "d.py").exists()


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"a.txt", "b.py", "sub"}),
        ({"list_dir": False}, {"a.txt", "b.py"}),
        ({"list_file": False}, {"sub"}),
        ({"list_dir": False, "suffix": ".txt"}, {"a.txt"}),
        ({"recursive": True}, {"a.txt", "b.py", "sub", "sub/c.txt", "sub/deep", "sub/deep/d.py"}),
        ({"recursive": True, "list_file": False}, {"sub", "sub/deep"}),
        (
            {"recursive": True, "list_dir": False, "suffix": (".py", "c.txt")},
            {"b.py", "sub/c.txt", "sub/deep/d.py"},
        ),
    ],
)
def test_list_dir_or_file(tree, path_type, options, expected):
    found = list(backend.list_dir_or_file(path_type(tree), **options))
    assert set(found) == expected and len(found) == len(expected)


def test_list_dir_or_file_checks_its_arguments_before_it_starts(tree):
    with pytest.raises(TypeError, match="suffix should be None when list_dir is True"):
        backend.list_dir_or_file(tree, suffix=".txt")
    with pytest.raises(TypeError, match="suffix must be a string or tuple of strings"):
        backend.list_dir_or_file(tree, list_dir=False, suffix=[".txt"])
    with pytest.raises(FileNotFoundError, match="there is no directory"):
        backend.list_dir_or_file(tree / "none")


def test_there_are_no_presigned_addresses(tree):
    with pytest.raises(NotImplementedError):
        backend.generate_presigned_url(str(tree / "a.txt"))


def test_the_former_name_warns(tree):
    with pytest.warns(DeprecationWarning, match="former name of LocalBackend"):
        old = HardDiskBackend()
    assert isinstance(old, LocalBackend)
    assert (old.name, backend.name) == ("HardDiskBackend", "LocalBackend")
    assert old.get(tree / "a.txt") == b"a.txt"


def test_files_come_in_the_order_of_the_directory_entries(tmp_path):
    for name in ("b/2.txt", "b/1.txt", "a/1.txt", "z.txt", "c.txt", "d/e/f.txt", "k.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()

    def walk(folder):
        for entry in os.scandir(folder):
            if entry.is_dir():
                yield from walk(entry.path)
            else:
                yield os.path.relpath(entry.path, tmp_path)

    found = backend.list_dir_or_file(tmp_path, list_dir=False, recursive=True)
    assert list(found) == list(walk(tmp_path))
