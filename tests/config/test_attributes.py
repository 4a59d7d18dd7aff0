"""Whatever the style of a config and of its bases, its keys are attributes at every depth."""

import copy
import json
from collections import OrderedDict
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmlight.config import Config, ConfigDict

keys = st.sampled_from(["alpha", "beta", "gamma"])
trees = st.recursive(
    st.integers(0, 9),
    lambda inner: st.dictionaries(keys, inner, max_size=3) | st.lists(inner, max_size=2),
    max_leaves=8,
)
files = st.fixed_dictionaries({}, optional=dict.fromkeys(("alpha", "beta", "gamma"), trees))


def assert_attributes(value):
    """Every dict is a ConfigDict with its keys as attributes, and none is in two places."""
    seen = []

    def walk(value):
        if isinstance(value, dict):
            assert type(value) is ConfigDict
            assert not any(value is other for other in seen)
            seen.append(value)
            for key in value:
                assert getattr(value, key) is value[key]
                walk(getattr(value, key))
        elif isinstance(value, (list, tuple)):
            for item in value:
                walk(item)

    walk(value._cfg_dict)


def fitting(child, base):
    """Let a dict of the child that does not fit over its base say that it replaces it."""
    if not isinstance(child, dict):
        return child
    if not isinstance(base, dict):
        return {"_delete_": True, **child}
    return {key: fitting(item, base[key]) if key in base else item for key, item in child.items()}


def merged(child, base):
    if not isinstance(child, dict) or not isinstance(base, dict) or "_delete_" in child:
        return {k: v for k, v in child.items() if k != "_delete_"} if type(child) is dict else child
    return {**base, **{k: merged(v, base[k]) if k in base else v for k, v in child.items()}}


def python(values):
    return "".join(f"{key} = {value!r}\n" for key, value in values.items())


def read(base, child):
    with TemporaryDirectory() as folder:
        Path(folder, "base.py").write_text(base)
        file = Path(folder, "child.json" if child.startswith("{") else "child.py")
        file.write_text(child)
        return Config.fromfile(file)


@settings(max_examples=40)
@given(files, files)
def test_of_a_config_with_a_base(base, child):
    child = fitting(child, base)
    cfg = read(python(base), f"_base_ = './base.py'\n{python(child)}")
    assert_attributes(cfg)
    assert cfg.to_dict() == merged(child, base)


@settings(max_examples=40)
@given(files, files, trees)
def test_of_a_config_that_uses_its_base(base, child, tree):
    """The base is read, its lists grow and its dicts get new keys."""
    child, base = fitting(child, base), {**base, "used": {"list": [{"alpha": 1}]}}
    through_base = (
        f"_base_.used.list.append({tree!r})\n_base_.used.more = {tree!r}\nagain = _base_.used\n"
    )
    cfg = read(python(base), f"_base_ = './base.py'\n{python(child)}{through_base}")
    assert_attributes(cfg)
    used = {"list": [{"alpha": 1}, tree], "more": tree}
    assert cfg.to_dict() == {**merged(child, base), "used": used, "again": used}


@settings(max_examples=20)
@given(files, files)
def test_of_json_over_python(base, child):
    child, base = fitting(child, base), {**base, "used": {"alpha": [{"beta": 1}]}}
    text = json.dumps({"_base_": "base.py", **child, "again": "{{ _base_.used }}"})
    cfg = read(python(base), text)
    assert_attributes(cfg)
    assert cfg.to_dict() == {**merged(child, base), "again": base["used"]}


@settings(max_examples=20)
@given(files, trees)
def test_of_the_pure_python_style(base, tree):
    text = (
        "from mmlight.config import read_base\nwith read_base():\n    from .base import *\n"
        f"used.list.append({tree!r})\nused.update(more={tree!r})\nwhole = dict(part=used)\n"
    )
    cfg = read(python({**base, "used": {"list": [{"alpha": 1}]}}), text)
    assert_attributes(cfg)
    used = {"list": [{"alpha": 1}, tree], "more": tree}
    assert cfg.to_dict() == {**base, "used": used, "whole": {"part": used}}


@settings(max_examples=20)
@given(files, files)
def test_after_settings_are_merged_in(base, child):
    cfg = Config(base)
    cfg.merge_from_dict(fitting(child, base))
    assert_attributes(cfg)
    cfg.lists = [{"alpha": 1}]
    cfg.lists.append({"beta": {"gamma": 1}})
    cfg.merge_from_dict({"lists.1.beta.delta": {"alpha": [{"beta": 1}]}})
    assert cfg.lists[1].beta.delta.alpha[0].beta == 1
    cfg.lists.append({"beta": 1})
    assert_attributes(copy.deepcopy(cfg))


class Options(dict):
    """A dict of a user's own, which may do more than hold keys."""


def test_objects_of_a_subclass_of_dict_stay_what_they_are():
    options = Options(a={"b": 1})
    cfg = Config({"options": options, "list": [options], "ordered": OrderedDict(a={"b": 1})})
    assert cfg.options is options and cfg.list[0] is options
    assert type(cfg.options["a"]) is dict
    assert cfg.ordered.a.b == 1
    cfg.merge_from_dict({"options.c": 2, "more": Options(d=3)})
    assert type(cfg.options) is Options and cfg.options == {"a": {"b": 1}, "c": 2}
    assert type(cfg.more) is Options
    assert options == {"a": {"b": 1}}
    assert type(copy.deepcopy(cfg).options) is Options


@pytest.mark.parametrize("style", ["options = _base_.options\nn = _base_.options['a']", "n = 1"])
def test_subclasses_of_dict_in_files(style):
    base = "class Options(dict):\n    pass\n\n\noptions = Options(a=1)\ndel Options\n"
    cfg = read(base, f"_base_ = 'base.py'\n{style}\nchild = dict(a=dict(b=1))")
    assert type(cfg.options).__name__ == "Options"
    assert cfg.n == 1 and cfg.child.a.b == 1
