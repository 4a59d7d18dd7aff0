"""The functions, over local files and over a storage in memory alike."""

import io
import shutil
from pathlib import Path

import pytest

from mmlight import fileio


@pytest.fixture(params=["local", "memory"])
def top(request, tmp_path, bucket):
    """Address of an empty folder."""
    return str(tmp_path / "top") if request.param == "local" else bucket


def test_bytes_and_text(top):
    file = fileio.join_path(top, "new", "a.txt")
    fileio.put(b"hello", file)
    assert fileio.get(file) == b"hello"
    fileio.put_text("größe", file)
    assert fileio.get_text(file) == "größe"
    assert fileio.get_text(file, encoding="latin-1") == "grÃ¶Ã\x9fe"


def test_what_there_is(top):
    fileio.put(b"a", f"{top}/sub/a.txt")
    assert fileio.exists(f"{top}/sub/a.txt") and fileio.exists(f"{top}/sub")
    assert not fileio.exists(f"{top}/none")
    assert fileio.isfile(f"{top}/sub/a.txt") and not fileio.isfile(f"{top}/sub")
    assert fileio.isdir(f"{top}/sub") and not fileio.isdir(f"{top}/sub/a.txt")


def test_copies(top):
    fileio.put(b"a", f"{top}/sub/a.txt")
    assert fileio.copyfile(f"{top}/sub/a.txt", f"{top}/b.txt") == f"{top}/b.txt"
    assert fileio.get(f"{top}/b.txt") == b"a"
    assert fileio.copytree(f"{top}/sub", f"{top}/sub2") == f"{top}/sub2"
    assert fileio.get(f"{top}/sub2/a.txt") == b"a"
    with pytest.raises(FileExistsError):
        fileio.copytree(f"{top}/sub", f"{top}/sub2")
    with pytest.raises(shutil.SameFileError):
        fileio.copyfile(f"{top}/b.txt", f"{top}/b.txt")


def test_up_and_down(top, tree):
    fileio.put(b"x", f"{top}/first")
    assert fileio.copyfile_from_local(tree / "a.txt", f"{top}/a.txt") == f"{top}/a.txt"
    assert fileio.copytree_from_local(tree / "sub", f"{top}/sub") == f"{top}/sub"
    assert fileio.get_text(f"{top}/sub/deep/d.py") == "sub/deep/d.py"
    down = tree.parent / "down"
    assert fileio.copytree_to_local(f"{top}/sub", down) == down
    assert (down / "deep" / "d.py").read_text() == "sub/deep/d.py"
    assert Path(fileio.copyfile_to_local(f"{top}/a.txt", down)) == down / "a.txt"


def test_links_where_the_storage_has_them(top):
    fileio.put(b"a", f"{top}/a.txt")
    is_link = fileio.copy_if_symlink_fails(f"{top}/a.txt", f"{top}/link.txt")
    assert is_link is not top.startswith("memory")
    assert fileio.get(f"{top}/link.txt") == b"a"


def test_remove(top):
    fileio.put(b"a", f"{top}/sub/a.txt")
    with pytest.raises(IsADirectoryError):
        fileio.remove(f"{top}/sub")
    fileio.remove(f"{top}/sub/a.txt")
    with pytest.raises(FileNotFoundError):
        fileio.remove(f"{top}/sub/a.txt")
    fileio.put(b"a", f"{top}/sub/a.txt")
    fileio.rmtree(f"{top}/sub")
    assert not fileio.exists(f"{top}/sub/a.txt")


def test_list_dir_or_file(top):
    for name in ("a.txt", "b.py", "sub/c.txt"):
        fileio.put(b"", f"{top}/{name}")
    assert set(fileio.list_dir_or_file(top)) == {"a.txt", "b.py", "sub"}
    found = fileio.list_dir_or_file(top, list_dir=False, suffix=".txt", recursive=True)
    assert set(found) == {"a.txt", "sub/c.txt"}


def test_get_local_path(top):
    fileio.put(b"a", f"{top}/a.txt")
    with fileio.get_local_path(f"{top}/a.txt") as path:
        assert Path(path).read_bytes() == b"a"
    assert Path(path).exists() is not top.startswith("memory")


@pytest.mark.parametrize("ending", ["json", "yaml", "yml", "pkl", "pickle"])
def test_dump_and_load(top, ending):
    value = {"a": [1, "ö"], "b": {"c": None}}
    for path in (f"{top}/new/a.{ending}", f"{top}/no-ending"):
        fileio.dump(value, path, file_format=ending)
        assert fileio.load(path, file_format=ending) == value
    assert fileio.load(f"{top}/new/a.{ending}") == value


def test_paths_are_as_good_as_strings(tmp_path):
    fileio.dump([1], tmp_path / "a.json")
    assert fileio.load(tmp_path / "a.json") == [1]


def test_open_files(tmp_path):
    text, binary = io.StringIO(), io.BytesIO()
    fileio.dump({"a": 1}, text, file_format="json")
    fileio.dump({"a": 1}, binary, file_format="pkl")
    assert text.getvalue() == '{"a": 1}'
    binary.seek(0)
    assert fileio.load(binary, file_format="pkl") == {"a": 1}


def test_a_dump_that_fails_leaves_the_file_that_was_there(top):
    fileio.dump({"a": 1}, f"{top}/a.json")
    with pytest.raises(TypeError, match="unsupported for json dump"):
        fileio.dump({"a": object()}, f"{top}/a.json")
    assert fileio.load(f"{top}/a.json") == {"a": 1}


@pytest.mark.parametrize("call", [fileio.load, lambda file: fileio.dump({}, file)])
@pytest.mark.parametrize("file", ["a.jsn", 3, io.StringIO("{}")])
def test_an_unknown_format(call, file):
    with pytest.raises(TypeError, match=r"Unsupported format: (jsn.*Did you mean 'json'|None)"):
        call(file)


def test_dump_to_nowhere_in_no_format():
    with pytest.raises(ValueError, match="file_format must be specified since file is None"):
        fileio.dump({})


def test_backend_args_choose_the_backend(bucket):
    args = {"backend": "petrel", "path_mapping": {"data/": f"{bucket}/"}}
    fileio.dump({"a": 1}, "data/a.json", backend_args=args)
    assert fileio.load(f"{bucket}/a.json") == {"a": 1}
    assert fileio.exists("data/a.json", backend_args=args)
    assert not fileio.exists("data/a.json")
    assert fileio.join_path("data", "/a.json", backend_args=args) == "data/a.json"


@pytest.mark.parametrize("file", [None, 3, {"a": 1}])
def test_what_is_no_file(file):
    for call in (
        lambda: fileio.load(file, file_format="json"),
        lambda: fileio.list_from_file(file),
        lambda: fileio.dict_from_file(file),
    ):
        with pytest.raises(TypeError, match="file should be a str, a Path or an open file, but"):
            call()
    if file is not None:
        with pytest.raises(TypeError, match="file should be a str, a Path or an open file, but"):
            fileio.dump([1], file, file_format="json")


def test_contents_of_another_type(top):
    for obj in ("abc", None, 3):
        with pytest.raises(TypeError, match="obj should be bytes, but got"):
            fileio.put(obj, f"{top}/a")
    with pytest.raises(TypeError, match="obj should be a str, but got <class 'bytes'>"):
        fileio.put_text(b"abc", f"{top}/a")
    assert not fileio.exists(f"{top}/a")
    fileio.put(memoryview(b"abc"), f"{top}/a")
    assert fileio.get(f"{top}/a") == b"abc"


def test_a_file_is_no_directory(top):
    fileio.put(b"a", f"{top}/a.txt")
    for call in (fileio.rmtree, fileio.list_dir_or_file):
        with pytest.raises(NotADirectoryError, match=r"a.txt is a file, not a directory"):
            call(f"{top}/a.txt")
        with pytest.raises(FileNotFoundError, match="there is no directory"):
            call(f"{top}/none")
    assert fileio.get(f"{top}/a.txt") == b"a"
    with pytest.raises(TypeError, match="NoneType"):
        fileio.join_path(top, None)


def test_generate_presigned_url_where_there_is_none(top):
    with pytest.raises(NotImplementedError, match=r"storage of .*a.txt makes no such address"):
        fileio.generate_presigned_url(f"{top}/a.txt")


def test_file_client_args_still_work(tmp_path):
    args = {"backend": "local"}
    with pytest.warns(DeprecationWarning, match='use "backend_args" instead'):
        fileio.dump([1], tmp_path / "a.json", file_client_args=args)
    with pytest.warns(DeprecationWarning, match="backend_args"):
        assert fileio.load(tmp_path / "a.json", file_client_args=args) == [1]
    with (
        pytest.warns(DeprecationWarning),
        pytest.raises(ValueError, match="cannot be set together"),
    ):
        fileio.load(tmp_path / "a.json", file_client_args=args, backend_args=args)


def test_a_local_path_is_a_string(tmp_path):
    with fileio.get_local_path(tmp_path / "a.txt") as path:
        assert path == str(tmp_path / "a.txt")
