"""ConfigDict and how one config is merged over another."""

import copy
import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmlight.config import Config, ConfigDict


@pytest.fixture
def cfg():
    return ConfigDict(a=1, b={"c": 2, "d": [{"e": 3}, ({"f": 4},)]})


def test_dicts_at_any_depth_have_attributes(cfg):
    assert cfg.b.c == 2
    assert cfg.b.d[0].e == 3
    assert cfg.b.d[1][0].f == 4
    cfg.n = {"x": {"y": 1}}
    cfg["m"] = [{"x": 1}]
    assert cfg.n.x.y == 1
    assert cfg.m[0].x == 1
    assert ConfigDict([("a", {"b": 1})]).a.b == 1
    assert ConfigDict({"a": 1}, {"b": 2}, c=3) == {"a": 1, "b": 2, "c": 3}
    assert ConfigDict(None) == {}


def test_missing_keys_are_errors_and_are_not_created(cfg):
    with pytest.raises(AttributeError, match="'ConfigDict' object has no attribute 'zz'"):
        cfg.zz  # noqa: B018
    with pytest.raises(KeyError, match="zz"):
        cfg["zz"]
    with pytest.raises(AttributeError):
        del cfg.zz
    assert cfg.get("zz") is None
    assert cfg.get("zz", 3) == 3
    assert cfg.pop("zz") is None
    assert cfg.pop("zz", 3) == 3
    assert not hasattr(cfg, "zz")
    assert list(cfg) == ["a", "b"]
    with pytest.raises(TypeError, match="'int' object is not iterable"):
        ConfigDict(3)


def test_methods_cannot_be_hidden_by_attributes_but_by_keys(cfg):
    with pytest.raises(AttributeError, match="read-only"):
        cfg.items = 3
    cfg["items"] = 3
    assert cfg["items"] == 3
    assert ("items", 3) in cfg.items()


def test_setdefault_update_and_or(cfg):
    assert cfg.setdefault("a", 5) == 1
    assert cfg.setdefault("s", {"t": 1}).t == 1
    cfg.update({"b": {"c": 9}}, s={"u": 2})
    assert cfg.b.c == 9 and cfg.b.d[0].e == 3
    assert cfg.s == {"t": 1, "u": 2}
    joined = cfg | {"a": {"z": 1}}
    assert joined.a.z == 1 and cfg.a == 1
    cfg |= {"k": {"l": 1}}
    assert cfg.k.l == 1
    with pytest.raises(TypeError, match="at most 1 positional argument"):
        cfg.update({}, {})


def test_copies(cfg):
    for shallow in (cfg.copy(), copy.copy(cfg)):
        assert shallow == cfg and type(shallow) is ConfigDict
        assert shallow.b is cfg.b
    for deep in (copy.deepcopy(cfg), pickle.loads(pickle.dumps(cfg))):
        assert deep == cfg
        deep.b.d[0].e = 99
        assert cfg.b.d[0].e == 3
    shared = ConfigDict(one=cfg.b, two=cfg.b)
    again = copy.deepcopy(shared)
    assert again.one is again.two


def test_is_a_normal_dictionary(cfg):
    assert isinstance(cfg, dict)
    assert dict(**cfg) == dict(cfg) == {"a": 1, "b": cfg.b}
    assert repr(cfg) == "{'a': 1, 'b': {'c': 2, 'd': [{'e': 3}, ({'f': 4},)]}}"
    plain = cfg.to_dict()
    assert plain == cfg
    assert type(plain["b"]) is dict and type(plain["b"]["d"][1][0]) is dict
    assert "b" in dir(cfg)


@pytest.mark.parametrize(
    ("base", "child", "merged"),
    [
        ({"a": 1, "b": {"c": 2}}, {"b": {"d": 3}}, {"a": 1, "b": {"c": 2, "d": 3}}),
        ({"b": {"c": 2}}, {"b": {"_delete_": True, "d": 3}}, {"b": {"d": 3}}),
        ({"b": {"c": 2}}, {"b": {"_delete_": False, "d": 3}}, {"b": {"c": 2, "d": 3}}),
        ({"b": [1, 2]}, {"b": {"d": 3}}, {"b": {"d": 3}}),
        ({"b": {"c": 2}}, {"b": [1]}, {"b": [1]}),
        ({}, {"n": {"_delete_": True, "x": {"_delete_": True, "y": 1}}}, {"n": {"x": {"y": 1}}}),
    ],
)
def test_merge_in_a_config(base, child, merged):
    cfg = ConfigDict(base)
    cfg.merge(child)
    assert cfg == merged
    assert type(next(iter(cfg.values()))) in (ConfigDict, list, int)


OPTIONS = [
    ({"m.b.d": 5}, {"m": {"b": {"t": "R", "d": 5}}}),
    ({"m.b": {"_delete_": True, "x": 1}}, {"m": {"b": {"x": 1}}}),
    ({"m.b": None}, {"m": {"b": None}}),
    ({"p.0.type": "Z"}, {"p": [{"type": "Z"}, {"type": "M"}]}),
    ({"p": {"1": {"k": 1}}}, {"p": [{"type": "L"}, {"type": "M", "k": 1}]}),
    ({"p.1": {"_delete_": True, "k": 1}}, {"p": [{"type": "L"}, {"k": 1}]}),
    ({"p.0": 3}, {"p": [3, {"type": "M"}]}),
    ({"p": [1]}, {"p": [1]}),
    ({"new.a.b": {"c": 1}}, {"new": {"a": {"b": {"c": 1}}}}),
    ({"s": {"_delete_": True, "a": 1}}, {"s": {"a": 1}}),
]


def base_config():
    return Config({"m": {"b": {"t": "R"}}, "p": [{"type": "L"}, {"type": "M"}], "s": 3})


@pytest.mark.parametrize(("options", "changed"), OPTIONS)
def test_merge_from_dict(options, changed):
    cfg, before = base_config(), base_config().to_dict()
    held = cfg.m
    cfg.merge_from_dict(options)
    assert cfg.to_dict() == {**before, **changed}
    assert held == before["m"]  # what was handed out before stays as it was


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"p.5.type": "Z"}, KeyError, "Index 5 exceeds the length of list"),
        ({"p": {"x": 1}}, TypeError, "a list is changed by index"),
        ({"s.a": 1}, TypeError, "may set `_delete_=True`"),
    ],
)
def test_merge_from_dict_refuses_what_does_not_fit(options, error, message):
    with pytest.raises(error, match=message):
        base_config().merge_from_dict(options)


def test_merge_from_dict_without_list_keys():
    with pytest.raises(TypeError, match="but is of type <class 'list'> in base config"):
        base_config().merge_from_dict({"p.0.type": "Z"}, allow_list_keys=False)


keys = st.sampled_from("abc")
trees = st.recursive(
    st.integers(), lambda inner: st.dictionaries(keys, inner, max_size=3), max_leaves=8
)


@settings(max_examples=50)
@given(st.dictionaries(keys, trees), st.dictionaries(keys, trees))
def test_merge_keeps_what_it_does_not_set_and_sets_the_rest(base, child):
    cfg = ConfigDict(base)
    cfg.merge(child)
    merged = cfg.to_dict()

    def check(base, child, merged):
        assert merged.keys() == base.keys() | child.keys()
        for key, value in merged.items():
            if key not in child:
                assert value == base[key]
            elif isinstance(child[key], dict) and isinstance(base.get(key), dict):
                check(base[key], child[key], value)
            else:
                assert value == child[key]

    check(base, child, merged)
    assert ConfigDict(base) == base


def test_a_frozen_dict_takes_no_new_keys_until_it_is_unfrozen() -> None:
    cfg = Config({"model": {"depth": 1}, "parts": [{"n": 1}]})
    cfg.freeze()
    cfg.model.depth = 2
    for target in (cfg, cfg.model):
        with pytest.raises(KeyError, match="'new' cannot be added: the config is frozen"):
            target.new = 1
        with pytest.raises(KeyError, match="frozen"):
            target.update(new=1)
        with pytest.raises(KeyError, match="frozen"):
            target.setdefault("new", 1)
    for copied in (cfg.model.deepcopy(), cfg.model.copy(), pickle.loads(pickle.dumps(cfg.model))):
        copied.new = 1
    cfg.unfreeze()
    cfg.model.new = 3
    assert cfg.to_dict() == {"model": {"depth": 2, "new": 3}, "parts": [{"n": 1}]}


def test_deepcopy_shares_nothing() -> None:
    cfg = ConfigDict(model={"depth": 1}, parts=[{"n": 1}])
    copied = cfg.deepcopy()
    copied.model.depth = copied.parts[0].n = 2
    assert type(copied) is ConfigDict
    assert cfg == {"model": {"depth": 1}, "parts": [{"n": 1}]}
