"""Config files that name their bases in `_base_`."""

import json
import sys

import pytest
import yaml

from mmlight.config import Config, ConfigParsingError


@pytest.fixture
def write(tmp_path):
    def write(name, text):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def read(write):
    def read(text, name="exp.py", **kwargs):
        return Config.fromfile(write(name, text), **kwargs).to_dict()

    return read


@pytest.fixture
def bases(write):
    write("base.py", "a = 1\nb = dict(c=1, d=dict(e=2, f=[1, 2]))\ndef helper():\n    return 1\n")
    write("other.py", "x = 1\ny = dict(k=1)\n")
    write("data.json", '{"j": {"k": null}}')
    write("data.yaml", "w: {k: [1, 2]}\n")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.py", "a = 1\nb = dict(c=None, d=[True, 0.5])\n"),
        ("a.json", '{"a": 1, "b": {"c": null, "d": [true, 0.5]}}'),
        ("a.yaml", "a: 1\nb:\n  c: null\n  d: [true, 0.5]\n"),
        ("a.yml", "a: 1\nb: {c: null, d: [true, 0.5]}\n"),
    ],
)
def test_reads_every_format(read, name, text):
    assert read(text, name) == {"a": 1, "b": {"c": None, "d": [True, 0.5]}}


def test_settings_are_what_is_left_of_a_module(read):
    text = (
        "import os\nx = [1, 2]\ny = [i + x[0] for i in x]\ndef f(): pass\nz = lambda: x\n__a = 1\n"
    )
    assert read(text) == {"x": [1, 2], "y": [2, 3]}


BASE = {"a": 1, "b": {"c": 1, "d": {"e": 2, "f": [1, 2]}}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("_base_ = 'base.py'", BASE),
        ("_base_ = './base.py'\nb = dict(c=5)", {"a": 1, "b": {**BASE["b"], "c": 5}}),
        ("_base_ = 'base.py'\nb = dict(_delete_=True, n=1)", {"a": 1, "b": {"n": 1}}),
        ("_base_ = 'base.py'\nb = 3", {"a": 1, "b": 3}),
        (
            "_base_ = ['base.py', 'other.py']\ny = dict(l=2)",
            {**BASE, "x": 1, "y": {"k": 1, "l": 2}},
        ),
        ("_base_ = ['data.json', 'data.yaml']", {"j": {"k": None}, "w": {"k": [1, 2]}}),
        (
            "_base_ = 'base.py'\nb = dict(d=dict(f=(1,)))",
            {"a": 1, "b": {"c": 1, "d": {"e": 2, "f": (1,)}}},
        ),
        ("_base_ = []\na = 1", {"a": 1}),
    ],
)
def test_bases(read, bases, text, expected):
    assert read(text) == expected


def test_two_bases_may_stand_on_one_file(read, write):
    """A key that both have from the very same file is no conflict; one that either changed is."""
    write("common.py", "runtime = dict(log=1)\nlr = 0.1")
    write("model.py", "_base_ = 'common.py'\nmodel = dict(type='A')")
    write("data.py", "_base_ = 'common.py'\ndata = dict(type='B')")
    write("changed.py", "_base_ = 'common.py'\nlr = 0.2")
    write("through.py", "_base_ = 'common.py'\n_base_.runtime.log = 2")
    cfg = read("_base_ = ['model.py', 'data.py']\nruntime = dict(seed=1)")
    assert cfg["runtime"] == {"log": 1, "seed": 1}
    assert cfg.keys() == {"runtime", "lr", "model", "data"}
    with pytest.raises(KeyError, match=r"Duplicate keys: \['lr'\].*common.py and .*changed.py"):
        read("_base_ = ['model.py', 'changed.py']")
    with pytest.raises(KeyError, match=r"Duplicate keys: \['runtime'\]"):
        read("_base_ = ['through.py', 'model.py']")


def test_bases_of_bases_in_other_folders(read, write):
    write("_base_/models/net.py", "_base_ = ['../parts.py']\nmodel = dict(head=dict(n=2))\n")
    write("_base_/parts.py", "model = dict(head=dict(n=1, k=1))\nopt = dict(lr=1)\n")
    cfg = read("_base_ = ['../_base_/models/net.py']\nopt = dict(lr=3)\n", "exps/exp.py")
    assert cfg == {"model": {"head": {"n": 2, "k": 1}}, "opt": {"lr": 3}}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("exp.json", '{"_base_": ["other.py"], "y": {"m": {{ _base_.y.k }}, "n": "{{_base_.x}}"}}'),
        ("exp.yaml", "_base_: ./other.py\ny: {m: '{{_base_.x}}', n: 1}\n"),
    ],
)
def test_json_and_yaml_have_bases_too(read, bases, name, text):
    assert read(text, name) == {"x": 1, "y": {"k": 1, "m": 1, "n": 1}}


def test_references_to_the_base(read, bases):
    cfg = read(
        "_base_ = 'base.py'\n"
        "q = _base_.b.d.e\n"
        "r = dict(k=_base_.b)\n"
        "s = '{{ _base_.b.c }}'\n"
        "u = {{_base_.b.d.f}}\n"
        "v = [*_base_.b.d.f, 3]\n"
        "w = 'x{{_base_.b.c}}y'\n"
        "z = {{_base_.b.d}}\n"
    )
    assert (cfg["q"], cfg["s"], cfg["u"], cfg["v"], cfg["w"]) == (2, 1, [1, 2], [1, 2, 3], "x1y")
    assert cfg["r"] == {"k": BASE["b"]} and cfg["z"] == BASE["b"]["d"]


def test_what_is_changed_through_the_base_is_changed_in_it_alone(write, bases):
    cfg = Config.fromfile(write("exp.py", "_base_ = 'base.py'\nq = _base_.b\nq.c = 7\n"))
    assert cfg.q.c == cfg.b.c == 7
    cfg.q.c = 8
    assert cfg.b.c == 7


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("_base_ = 'base.py'\nq = _base_.nope", AttributeError),
        ("_base_ = 'base.py'\nq = {{_base_.nope}}", KeyError),
        ("_base_ = 'base.py'\nq = '{{_base_.b.nope}}'", KeyError),
    ],
)
def test_reference_to_a_missing_key(read, bases, text, error):
    with pytest.raises(error, match="nope"):
        read(text)


def test_file_variables(read, tmp_path):
    text = (
        "a = '{{ fileDirname }}'\nb = '{{fileBasename}}'\nc = '{{ fileBasenameNoExtension }}'\n"
        "d = '{{fileExtname}}'\ne = 'pre/{{ fileBasenameNoExtension }}/x'\n"
    )
    assert read(text, "demo.py") == {
        "a": str(tmp_path),
        "b": "demo.py",
        "c": "demo",
        "d": ".py",
        "e": "pre/demo/x",
    }
    assert read("a = '{{ fileDirname }}'", use_predefined_variables=False) == {
        "a": "{{ fileDirname }}"
    }


def test_environment_variables(write, monkeypatch):
    monkeypatch.setenv("MMLIGHT_A", "5")
    monkeypatch.setenv("MMLIGHT_B", "[1,2]")
    monkeypatch.delenv("MMLIGHT_C", raising=False)
    write("base.py", "z = '{{$MMLIGHT_B:x}}'\n")
    path = write(
        "exp.py",
        "_base_ = 'base.py'\na = '{{$MMLIGHT_A:3}}'\nb = {{$MMLIGHT_A:3}}\nc = {{$MMLIGHT_B:}}\n"
        "d = '{{ $MMLIGHT_C : dd }}/x'\ne = {{'$MMLIGHT_C:2.5'}}\n",
    )
    cfg = Config.fromfile(path)
    assert cfg.to_dict() == {"z": "[1,2]", "a": "5", "b": 5, "c": [1, 2], "d": "dd/x", "e": 2.5}
    assert cfg.env_variables == {"MMLIGHT_A": "5", "MMLIGHT_B": "[1,2]", "MMLIGHT_C": "2.5"}
    assert (
        Config.fromfile(
            write("raw.py", "a = '{{$MMLIGHT_A:3}}'"), use_environment_variables=False
        ).a
        == "{{$MMLIGHT_A:3}}"
    )


@pytest.mark.parametrize("text", ["a = '{{$MMLIGHT_C:}}'", "a = '{{$MMLIGHT_C}}'"])
def test_environment_variable_without_value(read, monkeypatch, text):
    monkeypatch.delenv("MMLIGHT_C", raising=False)
    with pytest.raises(KeyError, match=r"`MMLIGHT_C` cannot be found in `os.environ`"):
        read(text)


def test_base_from_an_installed_package(read, tmp_path, monkeypatch):
    for folder in (".mim/configs/_base_", "configs"):
        (tmp_path / "shipping" / folder).mkdir(parents=True)
    (tmp_path / "shipping" / "__init__.py").write_text("")
    (tmp_path / "shipping/.mim/configs/_base_/net.py").write_text(
        "model = dict(parts=[dict(type='A', norm=dict(type='B'))], plain=dict(c=1))\n"
        "head = dict(type='A', _scope_='other')\n"
    )
    (tmp_path / "shipping/configs/exp.py").write_text("x = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    cfg = read("_base_ = ['shipping::_base_/net.py', 'shipping::exp.py']\nmodel = dict(d=1)\n")
    assert cfg == {
        "model": {
            "parts": [{"type": "A", "norm": {"type": "B"}, "_scope_": "shipping"}],
            "plain": {"c": 1},
            "d": 1,
        },
        "head": {"type": "A", "_scope_": "other"},
        "x": 1,
    }
    with pytest.raises(
        FileNotFoundError, match=r"nets.py does not exist; .* Did you mean 'net.py'"
    ):
        read("_base_ = 'shipping::_base_/nets.py'")
    with pytest.raises(ModuleNotFoundError, match="package 'no_such_package' is not installed"):
        read("_base_ = 'no_such_package::x.py'")


class TestBadInput:
    def test_missing_file(self, tmp_path, write):
        write("experiment.py", "")
        with pytest.raises(FileNotFoundError, match=r"experimnt.py .*Did you mean 'experiment.py'"):
            Config.fromfile(tmp_path / "experimnt.py")
        with pytest.raises(FileNotFoundError, match="There is no folder"):
            Config.fromfile(tmp_path / "none" / "exp.py")

    def test_missing_base(self, read, bases, tmp_path):
        with pytest.raises(FileNotFoundError) as caught:
            read("_base_ = 'bse.py'")
        for part in ("bse.py does not exist", f"base of {tmp_path / 'exp.py'}", "'base.py'"):
            assert part in str(caught.value)

    def test_circular_base(self, write):
        write("one.py", "_base_ = 'two.py'")
        write("two.py", "_base_ = ['./three.py']")
        path = write("three.py", "_base_ = 'one.py'")
        with pytest.raises(ConfigParsingError, match=r"circle: .*three.py -> .*one.py -> .*two.py"):
            Config.fromfile(path)

    def test_the_same_base_twice_is_no_circle(self, read, write):
        write("root.py", "r = dict(a=1)")
        write("one.py", "_base_ = 'root.py'\nr = dict(_delete_=True)\none = {{_base_.r.a}}")
        assert read("_base_ = 'one.py'\nr = dict(b=2)") == {"r": {"b": 2}, "one": 1}

    def test_syntax_error(self, read, tmp_path):
        with pytest.raises(SyntaxError, match=r"exp.py, line 2: .*never closed") as caught:
            read("a = 1\nb = dict(c=2\n")
        assert caught.value.filename == str(tmp_path / "exp.py")
        assert caught.value.lineno == 2

    def test_error_while_running_shows_the_line_of_the_file(self, read, tmp_path):
        with pytest.raises(ZeroDivisionError) as caught:
            read("_base_ = []\na = 1\nb = a / 0\n")
        last = caught.traceback[-1]
        assert (str(last.path), last.lineno + 1) == (str(tmp_path / "exp.py"), 3)

    def test_other_kind_of_file(self, read):
        with pytest.raises(OSError, match="Only py/yml/yaml/json type are supported now!"):
            read("a = 1", "exp.txt")

    @pytest.mark.parametrize(
        ("name", "text"), [("e.yaml", "- 1"), ("e.yaml", ""), ("e.json", "[]")]
    )
    def test_no_mapping(self, read, name, text):
        with pytest.raises(TypeError, match=f"{name} must hold a mapping"):
            read(text, name)

    @pytest.mark.parametrize(
        ("name", "text", "error"),
        [("e.json", '{"a": 1,', json.JSONDecodeError), ("e.yaml", "a: [1", yaml.YAMLError)],
    )
    def test_unreadable_data_names_the_file(self, read, name, text, error):
        with pytest.raises(error, match=name):
            read(text, name)

    def test_yaml_runs_no_code(self, read):
        with pytest.raises(yaml.YAMLError, match="python/object/apply"):
            read("a: !!python/object/apply:os.getcwd []", "exp.yaml")

    def test_duplicate_keys_among_bases(self, read, write):
        write("one.py", "a = 1\nb = 1")
        write("two.py", "b = 2")
        with pytest.raises(
            KeyError, match=r"Duplicate key is not allowed among bases.*'b'.*exp.py"
        ):
            read("_base_ = ['one.py', 'two.py']")

    @pytest.mark.parametrize("key", ["filename", "text", "pretty_text", "env_variables"])
    def test_reserved_keys(self, read, key):
        with pytest.raises(KeyError, match=f"{key} is reserved for config file"):
            read(f"{key} = 1")
        with pytest.raises(KeyError, match=f"{key} is reserved for config file"):
            Config({key: 1})

    @pytest.mark.parametrize("base", ["3", "[3]", "dict(a=1)"])
    def test_base_that_is_no_path(self, read, base):
        with pytest.raises(TypeError, match=r"_base_ in .*exp.py must be the path of a config"):
            read(f"_base_ = {base}")

    def test_base_that_needs_the_rest_of_the_file(self, read):
        with pytest.raises(ConfigParsingError, match="cannot use a name"):
            read("root = 'x'\n_base_ = root + '.py'")

    @pytest.mark.parametrize("child", ["a = dict(x=1)", "b = dict(d=dict(f=dict(x=1)))"])
    def test_dict_over_something_else(self, read, bases, child):
        with pytest.raises(TypeError, match=r"exp.py: .* `_delete_=True` to ignore"):
            read(f"_base_ = 'base.py'\n{child}")

    def test_config_of_something_else(self):
        with pytest.raises(TypeError, match="cfg_dict must be a dict, but got <class 'list'>"):
            Config([1])


def test_custom_imports(read, write, tmp_path, monkeypatch):
    write("my_custom_module.py", "value = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    text = "custom_imports = dict(imports=['my_custom_module'], allow_failed_imports=False)"
    read(text, import_custom_modules=False)
    assert "my_custom_module" not in sys.modules
    read(text)
    assert sys.modules.pop("my_custom_module").value == 1


def test_custom_imports_that_fail(read):
    with pytest.raises(ImportError, match=r"exp.py failed: No module named 'no_such_module'"):
        read("custom_imports = dict(imports=['no_such_module'])")
    with pytest.warns(UserWarning, match="no_such_module"):
        read("custom_imports = dict(imports='no_such_module', allow_failed_imports=True)")
    with pytest.raises(TypeError, match=r"custom_imports in .* must be a dict"):
        read("custom_imports = 3")


def test_deprecated_config(read, write):
    write("old.py", "a = 1\n_deprecation_ = dict(expected='new.py', reference='http://x')\n")
    with pytest.warns(DeprecationWarning, match=r"old.py will be deprecated.*use new.py.*http://x"):
        assert read("_base_ = 'old.py'") == {"a": 1}


def test_text_filename_and_face_of_a_dict(write, bases, tmp_path):
    path = write("exp.py", "_base_ = 'base.py'\nq = 1  # note\n")
    cfg = Config.fromfile(path)
    assert cfg.filename == str(path)
    base = (tmp_path / "base.py").read_text()
    assert cfg.text == f"{tmp_path / 'base.py'}\n{base}\n{path}\n{path.read_text()}"
    assert Config({"a": 1}, filename=path).text == path.read_text()
    assert repr(cfg).startswith(f"Config (path: {path}): {{'a': 1")
    assert "q" in cfg and len(cfg) == 3 and list(cfg) == ["a", "b", "q"]
    assert dict(cfg.items()) == cfg.to_dict()
    cfg.q, cfg["n"] = 2, {"x": 1}
    assert cfg.q == 2 and cfg.n.x == 1
    del cfg.q, cfg["n"]
    assert cfg.get("q") is None and cfg.get("n", 3) == 3
    with pytest.raises(AttributeError, match="no attribute 'q'"):
        cfg.q  # noqa: B018


@pytest.mark.parametrize(
    ("text", "suffix"),
    [
        ("a = 1\nb = dict(c=2)", ".py"),
        ('{"a": 1, "b": {"c": 2}}', ".json"),
        ("a: 1\nb: {c: 2}", ".yml"),
    ],
)
def test_fromstring(text, suffix):
    cfg = Config.fromstring(text, suffix)
    assert cfg.to_dict() == {"a": 1, "b": {"c": 2}}
    assert cfg.text == text


def test_fromstring_of_another_format():
    with pytest.raises(OSError, match="Only py/yml/yaml/json type are supported now!"):
        Config.fromstring("a = 1", ".txt")


def test_needs_neither_torch_nor_lightning():
    import subprocess

    code = (
        "import sys, mmlight.config, mmlight.registry\n"
        "mmlight.config.Config.fromstring('a = 1', '.py').pretty_text\n"
        "sys.exit(any(name in sys.modules for name in ('torch', 'lightning')))"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
