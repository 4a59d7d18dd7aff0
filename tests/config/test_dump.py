"""What a config is written as reads back as an equal config."""

import copy
import math
import pickle
from collections import OrderedDict
from pathlib import PurePosixPath

import numpy as np
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmlight.config import Config, ConfigDict

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["{{ fileDirname }}", "{{$HOME:x}}", "{{_base_.a}}", 'it\'s "it"\n', "x" * 70]
    )
)
names = st.sampled_from(["type", "lr", "depth", "num_classes", "class", "a b", "dict", "self", "1"])
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(names | st.integers() | st.tuples(st.integers()), inner, max_size=4)
        | st.sets(st.integers() | st.text(max_size=3), max_size=3)
    ),
    max_leaves=12,
)
configs = st.dictionaries(
    names | st.sampled_from(["model", "float", "globals"]), values, max_size=4
)


def reread(text):
    return Config.fromstring(text, ".py")


@settings(max_examples=80)
@example({"a": {"{{x}}": "{{{{", "": {(): [(), (1,), ((1, 2),)]}}})
@example({"type": "{{_base_.0}}"})
@example({"inf": [math.inf, -math.inf], "z": {"y": b"\x00", "x": 1j, "s": frozenset({1})}})
@given(configs)
def test_python_text_reads_back_equal(settings_of_config):
    cfg = Config(settings_of_config)
    again = reread(cfg.pretty_text)
    assert again.to_dict() == cfg.to_dict()
    assert repr(again.pretty_text) == repr(cfg.pretty_text)
    unbroken = Config(settings_of_config, format_python_code=False)
    assert reread(unbroken.pretty_text).to_dict() == cfg.to_dict()


plain_names = st.sampled_from(["type", "lr", "depth", "num_classes", "a b"])
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(plain_names, inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=40)
@given(st.dictionaries(plain_names, plain, max_size=3), st.sampled_from([".json", ".yaml", ".yml"]))
def test_json_and_yaml_read_back_equal(tmp_path_factory, settings_of_config, suffix):
    path = tmp_path_factory.mktemp("dump") / f"cfg{suffix}"
    cfg = Config(settings_of_config)
    assert cfg.dump(path) is None
    options = {"use_predefined_variables": False, "use_environment_variables": False}
    assert Config.fromfile(path, **options).to_dict() == cfg.to_dict()


def test_nan_survives():
    assert math.isnan(reread(Config({"a": math.nan}).pretty_text).a)


def test_yaml_has_no_tags_of_python(tmp_path):
    Config({"scale": (1, (2, 3)), "sizes": [(4,)]}).dump(tmp_path / "cfg.yaml")
    written = (tmp_path / "cfg.yaml").read_text()
    assert yaml.safe_load(written) == {"scale": [1, [2, 3]], "sizes": [[4]]}


def test_tuples_in_the_yaml_of_mmengine_are_read(tmp_path):
    (tmp_path / "cfg.yaml").write_text("scale: !!python/tuple [1, 2]")
    assert Config.fromfile(tmp_path / "cfg.yaml").scale == (1, 2)


def test_layout():
    cfg = Config(
        {
            "model": {
                "type": "ResNet",
                "depth": 50,
                "stages": [1, 2],
                "head": {"type": "Head", "loss": {"type": "CrossEntropyLoss", "weight": 1.0}},
                "odd": {"k 1": 3, 4: 5},
            },
            "lr": 0.1,
            "one": (2,),
            "empty": [{}, [], ()],
        }
    )
    assert cfg.pretty_text == (
        "empty = [\n    dict(),\n    [],\n    (),\n]\n"
        "lr = 0.1\n"
        "model = dict(\n"
        "    depth=50,\n"
        "    head=dict(loss=dict(type='CrossEntropyLoss', weight=1.0), type='Head'),\n"
        "    odd=dict({\n        4: 5,\n        'k 1': 3\n    }),\n"
        "    stages=[\n        1,\n        2,\n    ],\n"
        "    type='ResNet')\n"
        "one = (2, )\n"
    )


def test_what_has_no_literal_is_written_as_its_path_or_text(tmp_path):
    cfg = Config(
        {
            "kind": OrderedDict,
            "join": copy.deepcopy,
            "folder": tmp_path,
            "number": np.int64(3),
            "ratio": np.float32(0.5),
            "array": np.arange(2),
        }
    )
    again = reread(cfg.pretty_text)
    assert again.kind == "collections.OrderedDict"
    assert again.join == "copy.deepcopy"
    assert again.folder == str(tmp_path)
    assert (again.number, again.ratio) == (3, 0.5)
    assert again.array == "[0 1]"


def test_dump_takes_its_format_from_the_file(tmp_path):
    source = tmp_path / "source.json"
    source.write_text('{"a": {"b": [1, null]}}')
    cfg = Config.fromfile(source)
    assert cfg.dump() == '{"a": {"b": [1, null]}}'
    assert Config({"a": 1}).dump() == "a = 1\n"
    for suffix in (".py", ".json", ".yaml", ".yml"):
        target = tmp_path / f"target{suffix}"
        assert cfg.dump(str(target)) is None
        assert Config.fromfile(target).to_dict() == cfg.to_dict()


def test_a_large_config_is_written_quickly():
    import time

    cfg = {"leaf": list(range(5))}
    for level in range(12):
        cfg = {"left": cfg, f"level{level}": "x" * 50, "right": [{"a": level}] * 3}
    start = time.process_time()
    text = Config({"model": cfg}).pretty_text
    assert time.process_time() - start < 1
    assert reread(text).to_dict() == {"model": cfg}


def test_copies_and_pickles(tmp_path):
    path = tmp_path / "exp.py"
    path.write_text("a = dict(b=[1, dict(c=2)])\n")
    cfg = Config.fromfile(path)
    for again in (copy.deepcopy(cfg), pickle.loads(pickle.dumps(cfg))):
        assert again.to_dict() == cfg.to_dict()
        assert (again.filename, again.text, again.env_variables) == (str(path), cfg.text, {})
        assert type(again.a.b[1]) is ConfigDict
        again.a.b[1].c = 3
        assert cfg.a.b[1].c == 2
    shallow = cfg.copy()
    assert shallow.a is cfg.a
    shallow.n = 1
    assert "n" not in cfg


@pytest.mark.parametrize("suffix", [".py", ".json", ".yaml"])
def test_classes_and_functions_are_dumped_as_import_paths(tmp_path, suffix):
    file = tmp_path / f"dumped{suffix}"
    model = {"type": OrderedDict, "init": math.sqrt, "where": PurePosixPath("a/b")}
    cfg = Config({"model": model})
    cfg.dump(file)
    model = Config.fromfile(file).model
    assert model == {"type": "collections.OrderedDict", "init": "math.sqrt", "where": "a/b"}
