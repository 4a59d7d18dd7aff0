"""Secrets of a config stand in nothing that is written, and harmless lookalikes do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from lightning.pytorch.loggers import CSVLogger

from mmlight.cli.ending import command_to_resume, command_to_test
from mmlight.cli.main import build_parser
from mmlight.config import Config
from mmlight.config.secrets import HIDDEN, hide_secrets
from mmlight.registry import VISBACKENDS, Registry
from mmlight.runner import Runner
from mmlight.visualization import BaseVisBackend
from mmlight.visualization.lightning_backend import LightningLoggerVisBackend
from tests.bridge.parts import config

SECRET = "s3cr3t-0f-mine"
SECRET_KEYS = (
    *("api_key", "apikey", "API_KEY", "wandb_api_key", "access_key", "access_key_id", "secret_key"),
    *("token", "api_token", "auth_token", "hf_token", "password", "db_password", "client_secret"),
    *("passphrase", "credentials", "private_key"),
)
HARMLESS_KEYS = (
    *("token_size", "num_tokens", "keys", "key", "cls_token", "mask_token", "pad_token", "pwd"),
    *("tokenizer", "tokenize", "meta_keys", "custom_keys", "monkey", "secretary", "passes", "auth"),
    *("key_name", "save_best", "password_field_size"),
)


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_secret(key: str) -> None:
    assert hide_secrets({"a": [{key: SECRET}]}) == {"a": [{key: HIDDEN}]}
    assert hide_secrets({key: [SECRET, "x"]}) == {key: HIDDEN}


@pytest.mark.parametrize("key", HARMLESS_KEYS)
def test_lookalike(key: str) -> None:
    settings = {"a": [{key: SECRET}]}
    assert hide_secrets(settings) is settings


@pytest.mark.parametrize("value", [7, True, None, "", 0.5, [], {"type": "Tokens"}])
def test_what_is_no_text_is_no_secret(value: Any) -> None:
    settings = {"token": value}
    assert hide_secrets(settings) is settings


def test_a_secret_is_hidden_where_else_it_stands() -> None:
    run, command = {"token": SECRET, "name": "a"}, f"curl -H {SECRET} x"
    cfg = Config({"mine": SECRET, "run": run, "both": ("b", SECRET), "command": command})
    shown = {
        "mine": HIDDEN,
        "run": {"token": HIDDEN, "name": "a"},
        "both": ("b", HIDDEN),
        "command": f"curl -H {HIDDEN} x",
    }
    assert Config.fromstring(cfg.pretty_text, ".py").to_dict() == shown
    assert cfg.run.token == cfg.mine == SECRET


def test_every_format_and_the_text_of_a_config(tmp_path: Path) -> None:
    cfg = Config({"lr": 0.1, "run": {"token": SECRET}})
    for suffix in ("py", "json", "yaml"):
        cfg.dump(tmp_path / f"a.{suffix}")
        assert Config.fromfile(tmp_path / f"a.{suffix}").to_dict() == hide_secrets(cfg.to_dict())
    assert SECRET not in f"{cfg}{cfg!r}{cfg.dump()}"
    assert json.loads((tmp_path / "a.json").read_text())["lr"] == 0.1
    assert yaml.safe_load((tmp_path / "a.yaml").read_text())["run"] == {"token": HIDDEN}


@VISBACKENDS.register_module()
class AsksForAToken(BaseVisBackend):
    """A backend that needs a secret to log in."""

    seen: list[str] = []

    def __init__(self, save_dir: str, api_token: str) -> None:
        super().__init__(save_dir)
        self.seen.append(api_token)

    @property
    def experiment(self) -> None:
        """Nothing."""

    def _init_env(self) -> None:
        pass


def run_config(tmp_path: Path, **backend: Any) -> dict:
    tracked = {"type": "AsksForAToken", "api_token": SECRET, **backend}
    backends = [tracked, {"type": "LocalVisBackend"}, {"type": "TensorboardVisBackend"}]
    return config(
        tmp_path,
        visualizer={"type": "Visualizer", "vis_backends": backends},
        own_token=SECRET,
        default_hooks={"checkpoint": {"type": "CheckpointHook", "interval": 1}},
    )


def test_nothing_that_a_run_writes_holds_a_secret(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    AsksForAToken.seen.clear()
    cfg = Config(run_config(tmp_path), cfg_text="")
    Runner.from_cfg(cfg).train()
    assert AsksForAToken.seen == [SECRET]
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {".py", ".log", ".pth", ".json"} <= {path.suffix for path in written}
    assert not [path for path in written if SECRET.encode() in path.read_bytes()]
    assert any(HIDDEN.encode() in path.read_bytes() for path in written if path.suffix == ".pth")
    said = capfd.readouterr()
    assert SECRET not in said.out + said.err


def test_loggers_of_lightning_get_none(tmp_path: Path) -> None:
    logger = CSVLogger(str(tmp_path))
    LightningLoggerVisBackend(str(tmp_path), logger).add_config(
        Config({"lr": 0.1, "run": {"token": SECRET}})
    )
    logger.save()
    written = "".join(path.read_text() for path in tmp_path.rglob("*") if path.is_file())
    assert "0.1" in written
    assert SECRET not in written


def test_a_run_from_a_written_config_says_what_is_missing(tmp_path: Path) -> None:
    Config(run_config(tmp_path)).dump(tmp_path / "written.py")
    cfg = Config.fromfile(tmp_path / "written.py")
    with pytest.raises(ValueError, match=r"0\.api_token' was hidden .*--cfg-options.*NAME"):
        Runner.from_cfg(cfg)
    AsksForAToken.seen.clear()
    cfg.merge_from_dict({"visualizer.vis_backends.0.api_token": "another"})
    Runner.from_cfg(cfg)
    assert AsksForAToken.seen == ["another"]


def test_the_environment_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.py").write_text("run = dict(api_token='{{$MY_TOKEN:}}')")
    monkeypatch.setenv("MY_TOKEN", SECRET)
    cfg = Config.fromfile(tmp_path / "a.py")
    assert cfg.run.api_token == SECRET
    assert SECRET not in cfg.pretty_text + cfg.text


def test_an_error_about_a_config_does_not_quote_it() -> None:
    with pytest.raises(KeyError) as caught:
        Registry("any").build({"token": SECRET, "size": 3})
    assert "size" in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_commands_at_the_end_of_a_run_hide_it() -> None:
    words = ["train", "a.py", "--cfg-options", f"run.api_token={SECRET}", "run.size=3"]
    arguments = build_parser().parse_args(words)
    arguments.words = words
    for command in (command_to_test(arguments, "a.pth"), command_to_resume(arguments)):
        assert SECRET not in command
        assert "run.size=3" in command
