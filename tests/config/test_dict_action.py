"""Settings from the command line."""

import argparse

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmlight.config import Config, DictAction


@pytest.fixture
def parse():
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--cfg-options", nargs="+", action=DictAction)
    return lambda *pairs: parser.parse_args(["--cfg-options", *pairs]).cfg_options


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-1", -1),
        ("1.5", 1.5),
        ("1e-3", 0.001),
        ("true", True),
        ("False", False),
        ("None", None),
        ("none", "none"),
        ("word", "word"),
        ("'quoted'", "quoted"),
        ('"quoted"', "quoted"),
        ("", ""),
        ("b=c", "b=c"),
        ("a path/with space", "a path/with space"),
        ("x,y", ["x", "y"]),
        ("1,", [1]),
        ("[]", []),
        ("()", ()),
        ("[1, 2]", [1, 2]),
        ("(1,2)", (1, 2)),
        ("(1,)", (1,)),
        ("(1)", (1,)),
        ("[(1,2),(3,4)]", [(1, 2), (3, 4)]),
        ("[a,(b,c),[d]]", ["a", ("b", "c"), ["d"]]),
        ("[[1,2],[3,(4,5)]]", [[1, 2], [3, (4, 5)]]),
        ("((1,2),(3,4))", ((1, 2), (3, 4))),
        ("[1.5,true,None]", [1.5, True, None]),
        ("['a',\"b\"]", ["a", "b"]),
        ("(1,2),3", [(1, 2), 3]),
        ("[1,2],[3,4]", [[1, 2], [3, 4]]),
        ("f(x)", "f(x)"),
        ("[1", "[1"),
    ],
)
def test_values(parse, text, value):
    parsed = parse(f"model.key={text}")
    assert parsed == {"model.key": value}
    assert type(parsed["model.key"]) is type(value)


def test_pairs_are_collected_and_later_ones_win():
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", nargs="+", action=DictAction, default={"z": 0})
    parsed = parser.parse_args(["-o", "a=1", "b=2", "-o", "c=3", "a=4"]).o
    assert parsed == {"z": 0, "a": 4, "b": 2, "c": 3}
    assert parser.get_default("o") == {"z": 0}


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        ("lonely", "expected KEY=VALUE"),
        ("a=[1,2", "not balanced"),
        ("a=(1,2]", "not balanced"),
        ("a={'128':'/p','256':2}", "write a.128=/p a.256=2"),
    ],
)
def test_refuses(parse, pair, message):
    with pytest.raises(argparse.ArgumentError, match=message):
        parse(pair)


items = st.recursive(
    st.integers() | st.booleans() | st.none() | st.sampled_from(["word", "a.b"]),
    lambda inner: st.lists(inner, max_size=3) | st.lists(inner, min_size=1, max_size=3).map(tuple),
    max_leaves=6,
)


@settings(max_examples=40)
@given(st.lists(items, max_size=4))
def test_nested_values_as_python_writes_them(value):
    parser = argparse.ArgumentParser()
    parser.add_argument("-o", nargs="+", action=DictAction)
    assert parser.parse_args(["-o", f"k={value!r}"]).o == {"k": value}


def test_braces_alone_are_text(parse):
    assert parse("a={}", "b={}-{x}") == {"a": "{}", "b": "{}-{x}"}


def test_options_change_a_config(parse):
    cfg = Config({"model": {"depth": 1}, "pipeline": [{"type": "Load"}]})
    cfg.merge_from_dict(parse("model.depth=50", "pipeline.0.scale=(1,2)"))
    assert cfg.to_dict() == {
        "model": {"depth": 50},
        "pipeline": [{"type": "Load", "scale": (1, 2)}],
    }


def test_auto_argparser(tmp_path, monkeypatch):
    path = tmp_path / "exp.py"
    path.write_text(
        "a = 1\nb = dict(c=2.5, d=dict(e='x'))\nsizes = [1, 2]\nflag = True\n"
        "nothing = None\nparts = [dict(x=1)]\nempty = []\n"
    )
    arguments = [str(path), "--a", "5", "--b.c", "3", "--sizes", "3", "4", "--no-flag"]
    monkeypatch.setattr("sys.argv", ["prog", *arguments])
    parser, cfg = Config.auto_argparser("What it does")
    assert cfg.filename == str(path)
    assert parser.description == "What it does"
    parsed = vars(parser.parse_args())
    assert parsed == {
        "config": str(path),
        "a": 5,
        "b.c": 3.0,
        "b.d.e": "x",
        "sizes": [3, 4],
        "flag": False,
    }
