"""Configs in the pure-Python style: bases are imported, other imports stay lazy."""

import copy
import pickle
import sys

import pytest

from mmlight.config import Config, ConfigDict, ConfigParsingError, read_base
from mmlight.config.lazy import LazyAttr, LazyObject
from mmlight.registry import Registry

READ = "from mmengine.config import read_base\nwith read_base():\n    "


@pytest.fixture
def write(tmp_path):
    def write(text, name="exp.py"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


@pytest.fixture
def load(write):
    def load(text, name="exp.py", **kwargs):
        return Config.fromfile(write(text, name), **kwargs)

    return load


@pytest.fixture
def base(write):
    write(
        "from torch.optim import SGD\nfrom torch.nn import ReLU, Linear\nimport torch\n"
        "opt = dict(type=SGD, lr=0.1)\n"
        "model = dict(type=Linear, act=dict(type=ReLU), sub=dict(a=1, b=[dict(type=ReLU), 2]))\n"
        "val = 3\nsizes = [1, 2]\ncls = torch.nn.Tanh\n",
        "base.py",
    )
    write("from torch.optim import Adam\nextra = dict(type=Adam)\nval = 7\n", "parts/more.py")


BASE = {
    "opt": {"type": "torch.optim.SGD", "lr": 0.1},
    "model": {
        "type": "torch.nn.Linear",
        "act": {"type": "torch.nn.ReLU"},
        "sub": {"a": 1, "b": [{"type": "torch.nn.ReLU"}, 2]},
    },
    "val": 3,
    "sizes": [1, 2],
    "cls": "torch.nn.Tanh",
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (READ + "from .base import *\n", BASE),
        (READ + "from .base import opt, val\n", {"opt": BASE["opt"], "val": 3}),
        (READ + "from .base import opt as other\n", {"other": BASE["opt"]}),
        (
            READ + "from .base import *\n    from .parts.more import *\n",
            {**BASE, "val": 7, "extra": {"type": "torch.optim.Adam"}},
        ),
        (
            READ + "from .base import *\nopt.lr = 0.5\nnew = dict(type=Linear)\nval += 1\n",
            {
                **BASE,
                "opt": {"type": "torch.optim.SGD", "lr": 0.5},
                "new": {"type": "torch.nn.Linear"},
                "val": 4,
            },
        ),
        (
            READ
            + "from .base import model\nmodel.merge(dict(sub=dict(_delete_=True, z=1), act=2))\n",
            {"model": {"type": "torch.nn.Linear", "act": 2, "sub": {"z": 1}}},
        ),
        (
            READ
            + "from .base import model\nmodel.update(dict(sub=dict(a=9)))\nm = dict(**model)\n",
            {
                "model": {**BASE["model"], "sub": {**BASE["model"]["sub"], "a": 9}},
                "m": {**BASE["model"], "sub": {**BASE["model"]["sub"], "a": 9}},
            },
        ),
        (READ + "from .base import *\nmodel = dict(a=1)\n", {**BASE, "model": {"a": 1}}),
    ],
)
def test_bases(load, base, text, expected):
    assert load(text).to_dict() == expected


def test_bases_in_other_folders_and_packages(load, base, write, tmp_path, monkeypatch):
    text = "from mmlight.config import read_base\nwith read_base():\n    from ..base import *\n"
    assert load(text, "exps/exp.py").to_dict() == BASE
    write("", "shippingpure/__init__.py")
    write("a = 1\n", "shippingpure/configs/one.py")
    write("b = 2\n", "shippingpure/.mim/configs/two.py")
    monkeypatch.syspath_prepend(tmp_path)
    bases = "from shippingpure.configs.one import *\n    from shippingpure.configs.two import *\n"
    assert load(READ + bases).to_dict() == {"a": 1, "b": 2}


def test_types_are_imported_when_read(load, base):
    import torch

    cfg = load(READ + "from .base import *\n")
    assert list(cfg) == list(BASE)
    assert cfg.opt.type is cfg.opt["type"] is cfg.opt.get("type") is torch.optim.SGD
    assert cfg.cls is torch.nn.Tanh
    assert dict(**cfg.opt) == dict(cfg.opt.items()) == {"type": torch.optim.SGD, "lr": 0.1}
    assert cfg.model.sub.b[0].type is torch.nn.ReLU
    assert list(cfg.model.act.values()) == [torch.nn.ReLU]
    assert copy.deepcopy(cfg).to_dict() == pickle.loads(pickle.dumps(cfg)).to_dict() == BASE
    assert cfg.opt.pop("type") is torch.optim.SGD


def test_parsing_imports_nothing(load, write, tmp_path, monkeypatch):
    write("raise RuntimeError('imported')\n", "explosive.py")
    monkeypatch.syspath_prepend(tmp_path)
    cfg = load(
        "import explosive\nfrom explosive import Thing\na = dict(type=Thing, b=explosive.x)\n"
    )
    assert cfg.to_dict() == {"a": {"type": "explosive.Thing", "b": "explosive.x"}}
    assert cfg.pretty_text == "a = dict(b='explosive.x', type='explosive.Thing')\n"
    assert "explosive" not in sys.modules
    with pytest.raises(RuntimeError, match="imported"):
        cfg.a.type  # noqa: B018


def test_missing_package_is_named_when_built(load, tmp_path):
    cfg = load("x = 1\nfrom no_such_package.nets import Net\nmodel = dict(type=Net, depth=3)\n")
    assert cfg.model.depth == 3
    assert "no_such_package.nets.Net" in cfg.pretty_text
    with pytest.raises(ImportError) as caught:
        Registry("model").build(cfg.model)
    for part in ("'no_such_package.nets'", f"{tmp_path / 'exp.py'}, line 2", "No module named"):
        assert part in str(caught.value)


def test_builds_with_imported_types(load):
    cfg = load(
        "from fractions import Fraction\nimport torch.nn as nn\nf = dict(type=Fraction)\n"
        "l = dict(type=nn.Linear, in_features=1, out_features=2)\n"
    )
    assert Registry("any").build(cfg.f) == 0
    assert Registry("any").build(cfg.l).out_features == 2


def test_dump_reads_back(load, base, tmp_path):
    cfg = load(READ + "from .base import *\n")
    for suffix in (".py", ".json", ".yaml"):
        cfg.dump(tmp_path / f"dumped{suffix}")
        assert Config.fromfile(tmp_path / f"dumped{suffix}").to_dict() == BASE


def test_command_line_options_apply(load, base):
    cfg = load(READ + "from .base import *\n")
    cfg.merge_from_dict({"model.sub.a": 7, "model.sub.b.0.type": "X", "opt.lr": 1})
    assert cfg.model.sub.to_dict() == {"a": 7, "b": [{"type": "X"}, 2]}
    assert cfg.opt.to_dict() == {"type": "torch.optim.SGD", "lr": 1}


def test_standard_library_helpers_and_functions_work_while_parsing(load):
    text = (
        "from torch.nn import ReLU\nimport os.path as osp\nfrom math import pi\n"
        "def area(r):\n    return pi * r\n"
        "a = osp.join('x', 'y')\nb = area(2)\nc = dict(type=ReLU)\n"
        "if a:\n    from torch import nn\n"
        "    d = dict(type=nn.Conv2d)\n"
    )
    assert load(text).to_dict() == {
        "a": "x/y",
        "b": pytest.approx(6.2832, abs=1e-4),
        "c": {"type": "torch.nn.ReLU"},
        "d": {"type": "torch.nn.Conv2d"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "fast = True\nif fast:\n    from no_such_package import Net\n",
        "try:\n    from no_such_package import Net\nexcept ImportError:\n    Net = None\n",
        "for i in (1,):\n    from no_such_package import Net\n",
    ],
)
def test_imports_inside_of_statements_stay_lazy(load, text):
    assert load(text + "model = dict(type=Net)\n").model.to_dict() == {
        "type": "no_such_package.Net"
    }


def test_text_style_is_left_alone(load):
    text = (
        "def version():\n    from torch import __version__\n    return __version__\na = version()\n"
    )
    import torch

    assert load(text).to_dict() == {"a": torch.__version__}
    assert load("import os\na = os.sep\nb = '{{ fileBasename }}'\n").to_dict() == {
        "a": "/",
        "b": "exp.py",
    }
    assert load("a = 1\n", lazy_import=True).to_dict() == {"a": 1}
    import collections

    text = "from torch.nn import ReLU\na = dict(type=ReLU)\n"
    assert load(text, lazy_import=False).a.type.__name__ == "ReLU"
    assert collections.OrderedDict(load(text).a)["type"].__name__ == "ReLU"


@pytest.mark.parametrize(
    "text",
    [
        "_base_ = 'plain.py'\n" + READ + "from .plain import *\n",
        READ + "from .plain import *\n_base_ = 'plain.py'\n",
        READ + "from .text import *\n",
        "_base_ = 'pure.py'\n",
        "_base_ = 'lazy.py'\n",
    ],
)
def test_styles_cannot_be_mixed(load, write, text):
    write("a = 1\n", "plain.py")
    write("_base_ = 'plain.py'\n", "text.py")
    write(READ + "from .plain import *\n", "pure.py")
    write("from torch.nn import ReLU\na = dict(type=ReLU)\n", "lazy.py")
    with pytest.raises(ConfigParsingError, match="_base_"):
        load(text)


def test_styles_cannot_be_forced_on_the_other(load, write):
    write("a = 1\n", "plain.py")
    with pytest.raises(ConfigParsingError, match="cannot be mixed"):
        load("_base_ = 'plain.py'\n", lazy_import=True)
    with pytest.raises(ConfigParsingError, match="reads its bases with `read_base`"):
        load(READ + "from .plain import *\n", lazy_import=False)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (READ + "from .nope import *", ConfigParsingError, "line 3: .*nope.py does not exist"),
        (READ + "from json.nope import *", ConfigParsingError, "nope.py does not exist"),
        (READ + "from nopackage.x import *", ModuleNotFoundError, "'nopackage' is not installed"),
        (READ + "from .plain import zz", ConfigParsingError, "line 3: .*plain.py has no 'zz'"),
        (READ + "import plain", ConfigParsingError, "from ... import"),
        (READ + "from . import plain", ConfigParsingError, "name the file of the base"),
        (READ + "a = 1", ConfigParsingError, "only imports are allowed"),
        ("from torch.nn import *\na = 1", ConfigParsingError, "`import \\*` is only allowed"),
        ("from .plain import a\nb = 1", ConfigParsingError, "a relative import is only allowed"),
        ("import torch\nwith open('x') as f:\n    a = 1", ConfigParsingError, "Only `read_base`"),
        (
            "from torch.nn import ReLU\na = ReLU()",
            RuntimeError,
            "ReLU is imported lazily and cannot",
        ),
        (
            "from torch.nn import ReLU\nclass A(ReLU):\n    pass",
            RuntimeError,
            "cannot be subclassed",
        ),
        (
            "from torch.nn import ReLU\na = ReLU.__name__",
            AttributeError,
            "torch.nn.ReLU is imported lazily, so a config cannot use its __name__",
        ),
        ("from torch.nn import ReLU\nfilename = 1", KeyError, "filename is reserved"),
        ("from torch.nn import ReLU\na = (", SyntaxError, "exp.py, line 2"),
    ],
)
def test_bad_input(load, write, text, error, message):
    write("a = 1\n", "plain.py")
    with pytest.raises(error, match=message):
        load(text, lazy_import=True)


def test_circular_base(load, write):
    write(READ + "from .exp import *\n", "other.py")
    with pytest.raises(ConfigParsingError, match=r"circle: .*exp.py -> .*other.py -> .*exp.py"):
        load(READ + "from .other import *\n")


def test_lazy_objects():
    ordered = LazyObject("collections", "OrderedDict")
    assert ordered.build().__name__ == "OrderedDict"
    assert str(ordered.fromkeys) == "collections.OrderedDict.fromkeys"
    assert isinstance(ordered.fromkeys, LazyAttr)
    assert ordered.fromkeys.build()("a") == {"a": None}
    assert LazyObject("xml").dom.minidom.parse.build().__module__ == "xml.dom.minidom"
    assert LazyAttr("dom", LazyObject("xml")) == LazyObject("xml").dom == LazyObject("xml", "dom")
    assert len({ordered, LazyObject("collections", "OrderedDict")}) == 1
    assert copy.deepcopy({"a": ordered.fromkeys}) == {"a": ordered.fromkeys}
    assert pickle.loads(pickle.dumps(ordered.fromkeys)) == ordered.fromkeys
    with pytest.raises(ImportError, match="has no member 'Nope'"):
        LazyObject("collections", "Nope").build()
    with pytest.raises(TypeError, match="module must be a str"):
        LazyObject(3)
    with pytest.raises(TypeError, match="source must be a LazyObject"):
        LazyAttr("a", "b")


def test_read_base_is_a_context_manager_for_python_itself():
    with read_base():
        from collections import OrderedDict
    assert ConfigDict(type=OrderedDict).type is OrderedDict


def test_imported_names_are_settings_only_when_asked_for(write, load) -> None:
    write("from torch.optim import SGD\nfrom torch.nn import ReLU\nact = dict(type=ReLU)\n", "b.py")
    cfg = load(READ + "from .b import *\nimport torch.nn as nn\nReLU = 3\n")
    assert cfg.to_dict() == {"act": {"type": "torch.nn.ReLU"}, "ReLU": 3}
    assert copy.deepcopy(cfg).to_dict(keep_imported=True) == {
        "SGD": "torch.optim.SGD",
        "nn": "torch.nn",
        "act": {"type": "torch.nn.ReLU"},
        "ReLU": 3,
    }
    assert Config({"a": 1}).to_dict(keep_imported=True) == {"a": 1}
