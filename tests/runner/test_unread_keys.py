"""Keys of a config that nothing reads are told before a training, the user's own are not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from mmlight import from_config
from mmlight.config import Config
from mmlight.runner import FlexibleRunner, Runner
from mmlight.runner.known_keys import find_unread
from tests.bridge.parts import config

ROOT = Path(__file__).parents[2]
CONFIGS = [path for path in ROOT.glob("configs/*/*.py") if path.parent.name != "_base_"]

SLIPS: dict[str, tuple[dict[str, Any], str]] = {
    "param_schedular": ({"param_schedular": []}, "param_scheduler"),
    "optim_wraper": ({"optim_wraper": {}}, "optim_wrapper"),
    "train_dataloder": ({"train_dataloder": {}}, "train_dataloader"),
    "custom_hook": ({"custom_hook": []}, "custom_hooks"),
    "work_dirs": ({"work_dirs": "x"}, "work_dir"),
    "modle": ({"modle": {}, "model": {}}, "model"),
    "env_cfg.cudnn_bechmark": ({"env_cfg": {"cudnn_bechmark": True}}, "cudnn_benchmark"),
    "auto_scale_lr.enabl": ({"auto_scale_lr": {"enabl": True}}, "enable"),
    "default_hooks.chekpoint": (
        {"default_hooks": {"chekpoint": {"type": "CheckpointHook", "interval": 5}}},
        "checkpoint",
    ),
}


def lines(settings: dict[str, Any], kind: type = Runner) -> list[str]:
    return find_unread(Config(settings), kind).lines()


@pytest.mark.parametrize("key", SLIPS)
def test_a_slip_is_named_with_the_nearest_key(key: str) -> None:
    settings, meant = SLIPS[key]
    (line,) = lines(settings)
    assert line.startswith(f"{key}: ") and f"did you mean {meant!r}?" in line


def test_all_slips_are_told_in_one_warning_before_the_training(tmp_path: Path) -> None:
    paramwise = {"custom_keys": {"layrs": {"lr_mult": 2.0}, "layers.0": {}}, "bias_lr": 1.0}
    cfg = config(
        tmp_path,
        custom_hook=[],
        env_cfg={"cudnn_bechmark": True},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1}, "paramwise_cfg": paramwise},
    )
    Runner.from_cfg(Config(cfg)).train()
    (log,) = tmp_path.glob("*/*.log")
    text = log.read_text()
    assert text.count("nothing reads") == 1
    told = text[text.index("nothing reads") : text.index("Epoch(train)")]
    for part in (
        "custom_hook: did you mean 'custom_hooks'?",
        "env_cfg.cudnn_bechmark: did you mean 'cudnn_benchmark'?",
        "optim_wrapper.paramwise_cfg.bias_lr: did you mean 'bias_lr_mult'?",
        "optim_wrapper.paramwise_cfg.custom_keys.layrs: no parameter of Classifier has it in its "
        "name; did you mean 'layers'?",
    ):
        assert part in told, told
    assert "custom_keys.layers.0" not in told


def test_strict_refuses_before_anything_is_built(tmp_path: Path) -> None:
    cfg = Config(config(tmp_path, custom_hook=[], model={"type": "NoSuchModel"}))
    for build in (Runner.from_cfg, FlexibleRunner.from_cfg, from_config):
        with pytest.raises(ValueError, match="custom_hook: did you mean 'custom_hooks'"):
            build(cfg, strict=True)


def test_strict_refuses_keys_that_only_the_model_can_tell(tmp_path: Path) -> None:
    wrapper = {
        "optimizer": {"type": "SGD", "lr": 0.1},
        "paramwise_cfg": {"custom_keys": {"head": {"lr_mult": 2.0}}},
    }
    runner = Runner.from_cfg(Config(config(tmp_path, optim_wrapper=wrapper)), strict=True)
    with pytest.raises(ValueError, match=r"custom_keys\.head: no parameter of Classifier"):
        runner.train()
    assert not list(tmp_path.glob("*.pth"))


def test_file_and_line(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("env_cfg = dict(\n    cudnn_bechmark=True)\n")
    (tmp_path / "exp.py").write_text("_base_ = 'base.py'\n\ncustom_hook = []\n")
    found = find_unread(Config.fromfile(tmp_path / "exp.py"), Runner).lines()
    assert found[0].startswith(f"custom_hook ({tmp_path / 'exp.py'}, line 3): ")
    assert found[1].startswith(f"env_cfg.cudnn_bechmark ({tmp_path / 'base.py'}, line 2): ")


def test_what_is_like_nothing_is_the_users_own() -> None:
    own = {"max_epochs": 3, "dataset_type": "A", "test_pipeline": [1], "my_paths": {"a": 1}}
    assert lines(own) == []


def test_what_the_config_refers_to_is_the_users_own(tmp_path: Path) -> None:
    (tmp_path / "base.py").write_text("val_evaluators = [dict(type='A')]\nloadfrom = 'x'\n")
    (tmp_path / "exp.py").write_text(
        "_base_ = 'base.py'\nmodels = dict(type='M')\nmodel = models\n"
        "val_evaluator = {{_base_.val_evaluators}}\nload_from = _base_.loadfrom + '.pth'\n"
    )
    cfg = Config.fromfile(tmp_path / "exp.py")
    assert find_unread(cfg, Runner).lines() == []
    cfg.load_from = None  # without its files, a value that is found elsewhere is a variable's
    del cfg.loadfrom
    dumped = Config(copy.deepcopy(cfg._cfg_dict))
    assert find_unread(dumped, Runner).lines() == []


def test_a_key_of_another_runner() -> None:
    strategy = {"strategy": {"type": "DDPStrategy"}}
    assert "runner_type='FlexibleRunner'" in lines(strategy)[0]
    assert lines(strategy, FlexibleRunner) == []


def test_an_argument_of_a_runner_of_ones_own_is_known() -> None:
    class MyRunner(Runner):
        def __init__(self, custom_hook: Any = None, **kwargs: Any) -> None:
            super().__init__(**kwargs)

    assert lines({"custom_hook": []}, MyRunner) == []


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_our_configs_have_no_slip(path: Path) -> None:
    assert find_unread(Config.fromfile(path), Runner).lines() == []


def test_a_missing_key_is_found_under_a_wrong_name(tmp_path: Path) -> None:
    cfg = config(tmp_path)
    cfg["optim_wraper"] = cfg.pop("optim_wrapper")
    with pytest.raises(ValueError, match="is 'optim_wraper' meant to be 'optim_wrapper'"):
        Runner.from_cfg(Config(cfg))
    cfg["modle"] = cfg.pop("model")
    with pytest.raises(KeyError, match="no key 'model'"):
        Runner.from_cfg(Config(cfg))
