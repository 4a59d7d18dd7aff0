import stat
from pathlib import Path

import pytest

from mmlight.utils import (
    check_file_exist,
    fopen,
    is_abs,
    is_filepath,
    mkdir_or_exist,
    scandir,
    symlink,
)


def test_is_filepath():
    assert is_filepath("a") and is_filepath(Path("a"))
    assert not is_filepath(0)


def test_fopen_takes_strings_and_paths(tmp_path):
    for path in (tmp_path / "a.txt", str(tmp_path / "b.txt")):
        with fopen(path, "w") as file:
            file.write("hello")
        with fopen(path) as file:
            assert file.read() == "hello"
    with pytest.raises(ValueError, match="should be a string or a Path"):
        fopen(0)


def test_check_file_exist(tmp_path):
    (tmp_path / "a").touch()
    check_file_exist(tmp_path / "a")
    with pytest.raises(FileNotFoundError, match=r'file ".*b" does not exist'):
        check_file_exist(tmp_path / "b")
    with pytest.raises(FileNotFoundError, match=r"where is .*b"):
        check_file_exist(tmp_path / "b", msg_tmpl="where is {}")
    with pytest.raises(FileNotFoundError):
        check_file_exist(tmp_path)


def test_mkdir_or_exist(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    for _ in range(2):
        mkdir_or_exist("~/a/b")
    assert (tmp_path / "a" / "b").is_dir()
    mkdir_or_exist(tmp_path / "private", mode=0o700)
    assert stat.S_IMODE((tmp_path / "private").stat().st_mode) == 0o700
    mkdir_or_exist("")
    (tmp_path / "file").touch()
    with pytest.raises(FileExistsError):
        mkdir_or_exist(tmp_path / "file")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/a", True),
        (Path("/a"), True),
        ("a", False),
        ("", False),
        ("s3://bucket/a", True),
        ("http://server/a", True),
        ("https://server/a", True),
        ("petrel://bucket", False),
    ],
)
def test_is_abs(path, expected):
    assert is_abs(path) is expected


def test_symlink_replaces_what_is_there(tmp_path):
    (tmp_path / "a").write_text("a")
    (tmp_path / "b").write_text("b")
    link = tmp_path / "link"
    symlink(tmp_path / "a", link)
    symlink(tmp_path / "b", link)
    assert link.read_text() == "b"
    with pytest.raises(FileExistsError):
        symlink(tmp_path / "a", link, overwrite=False)
    (tmp_path / "b").unlink()
    symlink(tmp_path / "a", link)  # over a link that leads nowhere
    assert link.read_text() == "a"


@pytest.fixture
def tree(tmp_path):
    for name in ("a.txt", "b.TXT", "c.py", "sub/d.txt", "sub/deep/e.py", ".hidden", ".dir/f.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({}, {"a.txt", "b.TXT", "c.py"}),
        ({"suffix": ".txt"}, {"a.txt"}),
        ({"suffix": ".Txt", "case_sensitive": False}, {"a.txt", "b.TXT"}),
        ({"suffix": (".TXT", ".PY"), "case_sensitive": False}, {"a.txt", "b.TXT", "c.py"}),
        (
            {"recursive": True},
            {"a.txt", "b.TXT", "c.py", "sub/d.txt", "sub/deep/e.py", ".dir/f.txt"},
        ),
        ({"suffix": (".py",), "recursive": True}, {"c.py", "sub/deep/e.py"}),
    ],
)
def test_scandir(tree, options, expected):
    assert set(scandir(tree, **options)) == expected
    assert set(scandir(str(tree), **options)) == expected


def test_scandir_refuses_other_types(tree):
    with pytest.raises(TypeError, match="dir_path must be a string or a Path"):
        scandir(3)
    with pytest.raises(TypeError, match="suffix must be a string or a tuple"):
        scandir(tree, suffix=[".txt"])
