"""Every error of building a run says which key of which file it is about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mmlight.config import Config
from mmlight.runner import Runner

CONFIG = """
model = dict(type="Classifier")
train_dataloader = dict(
    batch_size=6,
    dataset=dict(type="tests.bridge.parts.Points"),
    sampler=dict(type="DefaultSampler", shuffle=True),
    collate_fn=dict(type="default_collate"),
)
train_cfg = dict(by_epoch=True, max_epochs=1)
optim_wrapper = dict(optimizer=dict(type="SGD", lr=0.1))
"""
STEP = {"type": "StepLR", "step_size": 3}

WRONG: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"default_hooks.logger.interval": "x"}, TypeError, "default_hooks.logger.interval"),
    (
        {"default_hooks.checkpoint.intervall": 1},
        TypeError,
        "default_hooks.checkpoint.intervall",
    ),
    ({"default_hooks.mine": {"interval": 3}}, KeyError, "default_hooks.mine"),
    ({"custom_hooks": [{"type": "EMAHook"}, {"type": "EMAHok"}]}, KeyError, "custom_hooks.1.type"),
    ({"train_dataloader.batch_size": "x"}, Exception, "train_dataloader.batch_size"),
    ({"train_dataloader.bach_size": 3}, TypeError, "train_dataloader.bach_size"),
    ({"train_dataloader.sampler.shufle": 1}, TypeError, "train_dataloader.sampler.shufle"),
    ({"train_dataloader.collate_fn.type": "x"}, KeyError, "train_dataloader.collate_fn"),
    ({"train_dataloader.dataset.lenth": 3}, TypeError, "train_dataloader.dataset.lenth"),
    ({"train_cfg.max_epochs": "a"}, Exception, "train_cfg.max_epochs"),
    ({"randomness": {"sed": 1}}, TypeError, "randomness.sed"),
    ({"randomness": {"seed": "a"}}, TypeError, "randomness.seed"),
    ({"work_dir": 5}, TypeError, "work_dir"),
    ({"work_dir": "/dev/null/x"}, OSError, "work_dir"),
    ({"load_from": "/nowhere/x.pth"}, FileNotFoundError, "load_from"),
    ({"log_level": "FOO"}, ValueError, "log_level"),
    ({"launcher": "x"}, ValueError, "launcher"),
    ({"param_scheduler": [STEP, {**STEP, "gama": 3}]}, TypeError, "param_scheduler.1.gama"),
    ({"env_cfg": {"mp_cfg": {"start": "fork"}}}, TypeError, "env_cfg.mp_cfg.start"),
    ({"optim_wrapper.clip_grad": {"max_nrm": 1}}, TypeError, "optim_wrapper.clip_grad"),
    ({"compile": {"backnd": "x"}}, TypeError, "compile.backnd"),
    ({"log_processor": {"window_sz": 1}}, TypeError, "log_processor.window_sz"),
    ({"trainer": {"precision": "abc"}}, ValueError, "trainer"),
    ({"trainer": {"profiler": {"type": "simple"}}}, KeyError, "trainer.profiler"),
    ({"trainer": {"callbacks": [{"interval": 1}]}}, KeyError, "trainer.callbacks.0"),
    ({"trainer": {"callbacks": {"interval": 1}}}, KeyError, "trainer.callbacks"),
    ({"train_dataloader": None}, ValueError, "train_dataloader"),
    (
        {
            "val_cfg": {},
            "val_dataloader": {
                "batch_size": 1,
                "dataset": {"type": "tests.bridge.parts.Points"},
            },
            "val_evaluator": [{"type": "DumpResults", "out_file_path": "a.txt"}],
        },
        ValueError,
        "val_evaluator.0",
    ),
]


@pytest.mark.parametrize(("changes", "kind", "key"), WRONG, ids=[key for *_, key in WRONG])
def test_key_and_file(
    changes: dict[str, Any], kind: type[Exception], key: str, tmp_path: Path
) -> None:
    path = tmp_path / "exp.py"
    path.write_text(f"{CONFIG}work_dir = {str(tmp_path / 'work')!r}\n")
    cfg = Config.fromfile(path)
    cfg.merge_from_dict(changes)
    with pytest.raises(kind) as caught:
        Runner.from_cfg(cfg).train()
    said = "\n".join([str(caught.value), *getattr(caught.value, "__notes__", [])])
    assert f"`{key}`" in said or f"(config key: {key})" in said, said
    assert str(path) in said


def test_of_two_parts_of_one_type_the_right_one_is_named(tmp_path: Path) -> None:
    adam = {"type": "Adam", "lr": 0.1}
    cfg = {
        "model": {"type": "tests.bridge.parts.Gan"},
        "work_dir": str(tmp_path),
        "train_dataloader": {"batch_size": 2, "dataset": [1, 2]},
        "train_cfg": {"by_epoch": True, "max_epochs": 1},
        "optim_wrapper": {
            "constructor": "MultiOptimWrapperConstructor",
            "generator": {"optimizer": dict(adam)},
            "discriminator": {"optimizer": {**adam, "betas": 3}},
        },
    }
    with pytest.raises(TypeError, match=r"optim_wrapper\.discriminator\.optimizer"):
        Runner.from_cfg(Config(cfg)).train()


def test_an_error_without_a_plain_message_keeps_its_type_and_gets_a_note(tmp_path: Path) -> None:
    cfg = {"model": {"type": "tests.bridge.parts.Classifier"}, "work_dir": "/dev/null/x"}
    with pytest.raises(OSError, match="Not a directory") as caught:
        Runner.from_cfg(Config(cfg))
    assert caught.value.errno is not None
    assert caught.value.__notes__ == ["(config key `work_dir`)"]
