import sys
import textwrap

import pytest
import torch

from mmlight.hub import get_config, get_model
from mmlight.registry import MODELS, DefaultScope


@pytest.fixture
def package(tmp_path, monkeypatch):
    """An installed package "tinyzoo" that ships a model, configs and, for one, weights."""
    weights = tmp_path / "net.pth"
    torch.save({"state_dict": {"fc.weight": torch.full((1, 3), 2.0)}}, weights)
    files = {
        "__init__.py": "",
        "models.py": """
            from torch import nn
            from mmlight.registry import MODELS

            @MODELS.register_module(force=True)
            class TinyZooNet(nn.Module):
                def __init__(self, width, bias=True, scale=1):
                    super().__init__()
                    self.fc = nn.Linear(width, 1, bias=bias)
                    self.scale = scale
            """,
        ".mim/configs/_base_/net.py": 'model = dict(type="TinyZooNet", width=2)',
        ".mim/configs/net/net.py": """
            _base_ = ["../_base_/net.py"]
            model = dict(width=3, bias=False)
            """,
        ".mim/configs/net/untrained.py": 'model = dict(type="TinyZooNet", width=2)',
        ".mim/configs/net/metafile.yml": f"""
            Collections:
              - Name: Net
            Models:
              - Name: other
                Config: configs/net/other.py
                Weights: https://nowhere/other.pth
              - Name: net
                Config: configs/net/net.py
                Weights: {weights}
            """,
        ".mim/model-index.yml": "Import:\n  - configs/net/metafile.yml\n",
    }
    for name, text in files.items():
        path = tmp_path / "tinyzoo" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "tinyzoo"]:
        del sys.modules[name]
    MODELS.module_dict.pop("TinyZooNet", None)


def test_get_config_merges_its_bases(package):
    cfg = get_config("tinyzoo::net/net.py")
    assert cfg.model == {"type": "TinyZooNet", "width": 3, "bias": False}
    assert "model_path" not in cfg
    assert cfg.filename == str(package / "tinyzoo" / ".mim" / "configs" / "net" / "net.py")


def test_get_config_with_the_address_of_the_weights(package):
    cfg = get_config("tinyzoo::net/net.py", pretrained=True)
    assert cfg.model_path == str(package / "net.pth")
    with pytest.warns(UserWarning, match="names trained weights of tinyzoo::net/untrained.py"):
        assert "model_path" not in get_config("tinyzoo::net/untrained.py", pretrained=True)


def test_get_model(package):
    model = get_model("tinyzoo::net/net.py", scale=5)
    assert type(model).__name__ == "TinyZooNet"
    assert model.fc.weight.shape == (1, 3) and model.fc.bias is None
    assert model.scale == 5
    assert DefaultScope.get_current_instance() is None


def test_get_model_with_its_weights(package):
    model = get_model("tinyzoo::net/net.py", pretrained=True)
    assert model.fc.weight.tolist() == [[2.0, 2.0, 2.0]]
    with (
        pytest.warns(UserWarning, match="trained weights"),
        pytest.raises(ValueError, match=r"untrained.py has no trained weights"),
    ):
        get_model("tinyzoo::net/untrained.py", pretrained=True)


def test_a_package_that_registers_by_a_function(package):
    (package / "tinyzoo" / "utils.py").write_text(
        "def register_all_modules(init_default_scope=True):\n"
        "    assert not init_default_scope\n"
        "    from tinyzoo import models\n"
    )
    assert type(get_model("tinyzoo::net/net.py")).__name__ == "TinyZooNet"


@pytest.mark.parametrize(
    ("path", "error", "message"),
    [
        ("net/net.py", ValueError, "cfg_path should be like 'mmdet::"),
        (None, TypeError, "cfg_path should be a str, but got None"),
        ("nozoo::net/net.py", ModuleNotFoundError, "package 'nozoo' is not installed"),
        ("tinyzoo::net/nett.py", FileNotFoundError, "Did you mean 'net.py'"),
    ],
)
def test_what_is_not_there(package, path, error, message):
    for call in (get_config, get_model):
        with pytest.raises(error, match=message):
            call(path)
