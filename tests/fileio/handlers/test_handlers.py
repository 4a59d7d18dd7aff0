import io
import pickle
from collections import OrderedDict

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from mmlight.fileio import BaseFileHandler, JsonHandler, dump, load, register_handler
from mmlight.fileio.handlers import file_handlers

plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@pytest.fixture(autouse=True)
def put_back_what_is_registered():
    before = dict(file_handlers)
    yield
    file_handlers.clear()
    file_handlers.update(before)


@settings(max_examples=30)
@given(plain, st.sampled_from(["json", "yaml", "yml", "pickle", "pkl"]))
def test_what_is_dumped_loads_again(value, file_format):
    content = dump(value, file_format=file_format)
    stream = io.BytesIO(content) if isinstance(content, bytes) else io.StringIO(content)
    assert load(stream, file_format=file_format) == value


@pytest.mark.parametrize("file_format", ["json", "yaml", "pkl"])
def test_local_paths_of_a_handler(tmp_path, file_format):
    handler = file_handlers[file_format]
    handler.dump_to_path({"a": [1, 2]}, tmp_path / "a")
    assert handler.load_from_path(tmp_path / "a") == {"a": [1, 2]}


def test_json_takes_numpy_sets_and_ranges():
    value = {"a": np.float32(0.5), "b": np.arange(2), "c": {3}, "d": range(2), "e": np.bool_(True)}
    assert dump(value, file_format="json") == (
        '{"a": 0.5, "b": [0, 1], "c": [3], "d": [0, 1], "e": true}'
    )
    with pytest.raises(TypeError, match="<class 'object'> is unsupported for json dump"):
        dump({"a": object()}, file_format="json")
    assert dump({"a": object()}, file_format="json", default=lambda value: "x") == '{"a": "x"}'


def test_options_of_the_formats():
    value = {"b": 1, "a": {"c": (1, 2)}}
    assert dump(value, file_format="json", indent=1, sort_keys=True) == (
        '{\n "a": {\n  "c": [\n   1,\n   2\n  ]\n },\n "b": 1\n}'
    )
    assert dump({"b": [1, 2]}, file_format="yaml", default_flow_style=True) == "{b: [1, 2]}\n"
    assert pickle.loads(dump(value, file_format="pkl", protocol=0)) == value
    assert load(io.StringIO("[1.0]"), "json", parse_float=str) == ["1.0"]


def test_yaml_makes_plain_values_and_runs_nothing(tmp_path):
    text = dump({"t": (1, 2), "o": OrderedDict(a=1)}, file_format="yaml")
    assert yaml.safe_load(text) == {"t": [1, 2], "o": {"a": 1}}  # no tags of Python
    written_by_mmengine = "t: !!python/tuple [1, 2]"
    assert load(io.StringIO(written_by_mmengine), "yaml") == {"t": (1, 2)}
    target = tmp_path / "made"
    attack = f"!!python/object/apply:os.system ['touch {target}']"
    with pytest.raises(yaml.YAMLError):
        load(io.StringIO(attack), "yaml")
    assert not target.exists()


class Marked(BaseFileHandler):
    """Writes to files what it does not return."""

    def load_from_fileobj(self, file, **kwargs):
        return file.read()

    def dump_to_fileobj(self, obj, file, **kwargs):
        file.write(f"file: {obj}")

    def dump_to_str(self, obj, **kwargs):
        return f"str: {obj}"


class MarkedBytes(Marked):
    str_like = False

    def dump_to_fileobj(self, obj, file, **kwargs):
        file.write(f"file: {obj}".encode())


def test_files_are_written_by_the_handlers_method_for_files(tmp_path):
    for ending, handler in (("marked", Marked), ("markedbytes", MarkedBytes)):
        register_handler(ending)(handler)
        path = tmp_path / f"a.{ending}"
        dump(1, path)
        assert path.read_text() == "file: 1"
        assert dump(1, file_format=ending) == "str: 1"


class Upper(BaseFileHandler):
    def __init__(self, end=""):
        self.end = end

    def load_from_fileobj(self, file, **kwargs):
        return file.read().lower()

    def dump_to_fileobj(self, obj, file, **kwargs):
        file.write(self.dump_to_str(obj))

    def dump_to_str(self, obj, **kwargs):
        return obj.upper() + self.end


def test_a_format_of_ones_own(tmp_path):
    assert register_handler("up", end="!")(Upper) is Upper
    dump("hello", tmp_path / "a.up")
    assert (tmp_path / "a.up").read_text() == "HELLO!"
    assert load(tmp_path / "a.up") == "hello!"
    register_handler(["u1", "u2"])(Upper)
    assert dump("a", file_format="u1") == dump("a", file_format="u2") == "A"


def test_what_cannot_be_a_format():
    with pytest.raises(TypeError, match="handler must be a child of BaseFileHandler"):
        register_handler("up")(int)
    with pytest.raises(TypeError, match="file_formats must be a str or a list of str, but got 3"):
        register_handler(3)
    with pytest.raises(TypeError, match="abstract"):
        BaseFileHandler()
    assert not isinstance(JsonHandler().dump_to_str({}), bytes)
