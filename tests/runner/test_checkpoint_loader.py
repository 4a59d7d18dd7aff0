"""CheckpointLoader: every scheme, on this machine alone."""

from __future__ import annotations

import functools
import http.server
import importlib.util
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.runner import CheckpointLoader
from mmlight.runner.checkpoint_loader import load_from_http
from mmlight.runner.model_zoo import (
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
)
from tests.parity.engines import ROOT, Engine

WEIGHTS = {"backbone.weight": torch.arange(3.0), "head.weight": torch.ones(1)}


class Quiet(http.server.SimpleHTTPRequestHandler):
    requests: list[str] = []

    def do_GET(self) -> None:
        self.requests.append(self.path)
        super().do_GET()

    def log_message(self, *args: Any) -> None:
        """Keep the output of the tests clean."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A web server with one checkpoint, and an empty cache."""
    (tmp_path / "web").mkdir()
    torch.save({"state_dict": WEIGHTS}, tmp_path / "web" / "net-1234abcd.pth")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("MMENGINE_HOME", str(tmp_path / "home"))
    Quiet.requests = []
    handler = functools.partial(Quiet, directory=str(tmp_path / "web"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


def load(name: str) -> dict[str, torch.Tensor]:
    return CheckpointLoader.load_checkpoint(name, map_location="cpu")["state_dict"]


def test_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"state_dict": WEIGHTS}, tmp_path / "a.pth")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in (f"{tmp_path}/a.pth", "~/a.pth", f"file://{tmp_path}/a.pth"):
        assert torch.equal(load(name)["backbone.weight"], WEIGHTS["backbone.weight"])
    with pytest.raises(FileNotFoundError, match=r"b\.pth"):
        load(f"{tmp_path}/b.pth")


def test_web_is_asked_once(server: str, tmp_path: Path) -> None:
    for _ in range(2):
        assert torch.equal(load(f"{server}/net-1234abcd.pth")["head.weight"], torch.ones(1))
    assert Quiet.requests == ["/net-1234abcd.pth"]
    assert (tmp_path / "cache" / "hub" / "checkpoints" / "net-1234abcd.pth").exists()


def test_web_with_a_folder_of_ones_own(server: str, tmp_path: Path) -> None:
    load_from_http(f"{server}/net-1234abcd.pth", model_dir=str(tmp_path / "mine"))
    assert (tmp_path / "mine" / "net-1234abcd.pth").is_file()
    assert not (tmp_path / "cache").exists()


def test_file_that_the_web_has_not(server: str) -> None:
    with pytest.raises(OSError, match="404"):
        load(f"{server}/none.pth")


@pytest.mark.parametrize("scheme", ["open-mmlab", "openmmlab"])
def test_zoo_with_names_of_ones_own(scheme: str, server: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    names = {"mine": f"{server}/net-1234abcd.pth"}
    (tmp_path / "home" / "open_mmlab.json").write_text(json.dumps(names))
    assert set(load(f"{scheme}://mine")) == set(WEIGHTS)
    with pytest.raises(KeyError, match=f"{scheme}://mime. Did you mean 'mine'"):
        load(f"{scheme}://mime")


def test_former_names_lead_to_the_present_ones(server: str, tmp_path: Path) -> None:
    (tmp_path / "home").mkdir()
    names = {"detectron/resnet50_caffe": f"{server}/net-1234abcd.pth"}
    (tmp_path / "home" / "open_mmlab.json").write_text(json.dumps(names))
    assert set(load("open-mmlab://resnet50_caffe")) == set(WEIGHTS)


def test_classifiers_give_their_backbone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    cached = tmp_path / "hub" / "checkpoints" / get_mmcls_models()["vgg11"].rsplit("/", 1)[1]
    cached.parent.mkdir(parents=True)
    torch.save({"state_dict": WEIGHTS}, cached)
    assert list(load("mmcls://vgg11")) == ["weight"]
    with pytest.raises(KeyError, match="vgg11"):
        load("mmcls://vgg111")


def test_every_name_of_the_zoos_has_a_url() -> None:
    for models in (get_external_models(), get_mmcls_models()):
        assert len(models) > 40
        assert all(url.startswith("https://download.openmmlab.com/") for url in models.values())
    assert get_deprecated_model_names()["resnet50_caffe"] in get_external_models()


def urls_of_torchvision(engine: str, folder: str) -> dict[str, str]:
    import importlib
    import sys

    import torch

    sys.path.insert(0, folder)
    operators = torch.library.Library("torchvision", "FRAGMENT")
    try:
        importlib.import_module("torchvision")
    except RuntimeError:  # its compiled operators were built for another torch
        operators.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        operators.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    model_zoo = importlib.import_module("mmlight.runner.model_zoo")
    return model_zoo.get_torchvision_models()


@pytest.mark.skipif(
    not (ROOT / ".parity" / "mmagic" / "torchvision").is_dir(),
    reason="torchvision is not installed in .parity/mmagic: run `make test` once",
)
def test_names_of_torchvision(mmlight: Engine) -> None:
    urls = mmlight.run(urls_of_torchvision, str(ROOT / ".parity" / "mmagic"))
    assert urls["resnet50"] == urls["resnet50.imagenet1k_v1"]
    assert urls["resnet50.default"] == urls["resnet50.imagenet1k_v2"]
    assert urls["vit_b_16"].startswith("https://download.pytorch.org/models/vit_b_16")


@pytest.mark.skipif(
    importlib.util.find_spec("torchvision") is not None, reason="torchvision is installed"
)
@pytest.mark.parametrize("scheme", ["torchvision", "modelzoo"])
def test_torchvision_that_is_not_installed_is_asked_for(scheme: str) -> None:
    with pytest.raises(ImportError, match="torchvision is not installed"):
        load(f"{scheme}://resnet50")


def test_service_that_is_gone() -> None:
    with pytest.raises(ImportError, match=r"pavi://.*is gone"):
        load("pavi://model")


@pytest.mark.skipif(
    importlib.util.find_spec("petrel_client") is not None, reason="petrel_client is installed"
)
@pytest.mark.parametrize("scheme", ["s3", "petrel", "ceph"])
def test_store_whose_package_is_missing(scheme: str) -> None:
    with pytest.raises(ImportError, match=r"(?i)petrel|s3fs"):
        load(f"{scheme}://bucket/a.pth")


def test_registering(tmp_path: Path) -> None:
    seen: list[Any] = []

    @CheckpointLoader.register_scheme(["toy://", "toys://"], force=True)
    def load_from_toys(filename: str, map_location: Any = None) -> dict[str, Any]:
        seen.append((filename, map_location))
        return {"state_dict": {}}

    assert load("toy://a") == {} and load("toys://b") == {}
    assert seen == [("toy://a", "cpu"), ("toys://b", "cpu")]
    with pytest.raises(KeyError, match="force=True"):
        CheckpointLoader.register_scheme("toy://", load_from_toys)


@pytest.mark.parametrize(
    ("args", "message"), [((3,), "prefixes"), (([3],), "prefixes"), (("a://", "b"), "loader")]
)
def test_registering_what_cannot_be_meant(args: tuple, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        CheckpointLoader.register_scheme(*args)


def test_what_is_loaded_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    import logging

    torch.save({"state_dict": {}}, tmp_path / "a.pth")
    with caplog.at_level(logging.INFO):
        CheckpointLoader.load_checkpoint(f"{tmp_path}/a.pth", logger=logging.getLogger("loads"))
    assert f"Loads checkpoint by local backend from path: {tmp_path}/a.pth" in caplog.text
