import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmlight.fileio import dict_from_file, list_from_file, put_text

# What can be told apart in a file: no line's end inside a line.
line = st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]))


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    return tmp_path_factory.mktemp("parse") / "lines.txt"


@settings(max_examples=40)
@given(st.lists(line), st.integers(-2, 5), st.integers(-1, 5), st.sampled_from(["\n", "\r\n"]))
def test_list_from_file(file, lines, offset, max_num, end):
    file.write_bytes("".join(text + end for text in lines).encode())
    first = max(offset, 0)
    stop = first + max_num if max_num > 0 else None
    assert list_from_file(file) == lines
    assert list_from_file(str(file), prefix="p/", offset=offset, max_num=max_num) == [
        "p/" + text for text in lines[first:stop]
    ]


def test_a_last_line_without_an_end_and_an_empty_file(file):
    file.write_text("a\n\n b ")
    assert list_from_file(file) == ["a", "", " b "]
    file.write_text("")
    assert list_from_file(file) == []


def test_encodings_and_other_storages(file, bucket):
    file.write_bytes("größe".encode("latin-1"))
    assert list_from_file(file, encoding="latin-1") == ["größe"]
    put_text("1 cat\n2 dog cow\n", f"{bucket}/a.txt")
    assert list_from_file(f"{bucket}/a.txt") == ["1 cat", "2 dog cow"]
    assert dict_from_file(f"{bucket}/a.txt") == {"1": "cat", "2": ["dog", "cow"]}


def test_dict_from_file(file):
    file.write_text("1 cat\n2\tdog  cow\n  3 x\n")
    assert dict_from_file(file, key_type=int) == {1: "cat", 2: ["dog", "cow"], 3: "x"}


@pytest.mark.parametrize("text", ["1 a\n2\n", "1 a\n\n3 b\n"])
def test_a_line_without_a_value_is_named(file, text):
    file.write_text(text)
    with pytest.raises(
        AssertionError, match=r"line 2 of .*lines.txt should have a key and a value"
    ):
        dict_from_file(file)


def test_file_client_args_still_work(file):
    file.write_text("a\n")
    with pytest.warns(DeprecationWarning, match="backend_args"):
        assert list_from_file(file, file_client_args={"backend": "local"}) == ["a"]
