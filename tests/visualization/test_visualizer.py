"""Visualizer: its backends, its instances, and showing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger

from mmlight.config import Config
from mmlight.registry import VISUALIZERS
from mmlight.visualization import (
    LightningLoggerVisBackend,
    LocalVisBackend,
    TensorboardVisBackend,
    Visualizer,
)

IMAGE = np.zeros((4, 6, 3), dtype=np.uint8)


def files(folder: Path) -> set[str]:
    return {
        path.relative_to(folder).as_posix().split(".out.")[0]
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_every_backend_gets_everything(tmp_path: Path) -> None:
    backends = [{"type": "LocalVisBackend"}, {"type": "TensorboardVisBackend", "name": "board"}]
    vis = Visualizer(vis_backends=backends, save_dir=str(tmp_path))
    assert files(tmp_path) == set()
    vis.add_config(Config({"a": 1}))
    vis.add_graph(torch.nn.Identity(), [{}])
    vis.add_image("sample", IMAGE, step=2)
    vis.add_scalar("loss", 0.5, step=1)
    vis.add_scalars({"acc": 1}, step=2, file_path="log.json")
    vis.close()
    assert files(tmp_path / "vis_data") == {
        "config.py",
        "events",
        "log.json",
        "scalars.json",
        "vis_image/sample_2.png",
    }
    assert isinstance(vis.get_backend("LocalVisBackend"), LocalVisBackend)
    assert isinstance(vis.get_backend("board"), TensorboardVisBackend)
    assert vis.get_backend("absent") is None


def test_a_backend_may_have_its_own_folder(tmp_path: Path) -> None:
    own = {"type": "LocalVisBackend", "save_dir": str(tmp_path / "own")}
    Visualizer(vis_backends=[own]).add_scalar("a", 1)
    assert files(tmp_path) == {"own/scalars.json"}
    assert "name" not in own


def test_without_a_folder_a_backend_is_not_used() -> None:
    with pytest.warns(UserWarning, match="LocalVisBackend is not used: it needs save_dir"):
        vis = Visualizer(vis_backends=[{"type": "LocalVisBackend"}])
    assert vis.get_backend("LocalVisBackend") is None


def test_a_backend_that_was_built_before(tmp_path: Path) -> None:
    backend = LocalVisBackend(str(tmp_path))
    assert Visualizer(vis_backends=[backend]).get_backend("LocalVisBackend") is backend


def test_lightning_loggers_by_object_and_by_type(tmp_path: Path) -> None:
    from lightning.pytorch.loggers import CSVLogger

    vis = Visualizer(
        vis_backends=[
            CSVLogger(str(tmp_path / "own"), name="a", version=0),
            {"type": "lightning.pytorch.loggers.CSVLogger", "name": "second", "version": 1},
        ],
        save_dir=str(tmp_path),
    )
    vis.add_scalar("loss", 0.5, step=3)
    assert isinstance(vis.get_backend("CSVLogger"), LightningLoggerVisBackend)
    assert isinstance(vis.get_backend("second"), LightningLoggerVisBackend)
    assert {path for path in files(tmp_path) if path.endswith("metrics.csv")} == {
        "own/a/version_0/metrics.csv",
        "vis_data/lightning_logs/version_1/metrics.csv",
    }


def test_names_must_differ(tmp_path: Path) -> None:
    local = {"type": "LocalVisBackend"}
    with pytest.raises(RuntimeError, match="'LocalVisBackend' already"):
        Visualizer(vis_backends=[local, local], save_dir=str(tmp_path))
    vis = Visualizer(vis_backends=[local, {**local, "name": "other"}], save_dir=str(tmp_path))
    assert vis.get_backend("other") is not vis.get_backend("LocalVisBackend")


def test_lightning_loggers_of_one_kind_get_names(tmp_path: Path) -> None:
    loggers = [CSVLogger(tmp_path, name=name) for name in "abc"]
    vis = Visualizer(vis_backends=loggers, save_dir=str(tmp_path))
    for name, logger in zip(("CSVLogger", "CSVLogger_2", "CSVLogger_3"), loggers, strict=True):
        assert vis.get_backend(name).logger is logger


def test_released_files_are_opened_again(tmp_path: Path) -> None:
    ended: list[str] = []

    class Tracker(CSVLogger):
        def finalize(self, status: str) -> None:
            ended.append(status)

    backends = [{"type": "LocalVisBackend"}, {"type": "TensorboardVisBackend"}, Tracker(tmp_path)]
    vis = Visualizer(vis_backends=backends, save_dir=str(tmp_path))
    for step in (1, 2):
        vis.add_scalars({"loss": 0.5}, step=step)
        vis.release_files()
        assert not vis.get_backend("LocalVisBackend")._files
        assert vis.get_backend("TensorboardVisBackend").experiment.all_writers is None
    assert len((tmp_path / "vis_data" / "scalars.json").read_text().splitlines()) == 2
    assert ended == []
    vis.close()
    assert ended == ["success"]


def test_what_is_no_backend(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="but got an element of type int"):
        Visualizer(vis_backends=[3], save_dir=str(tmp_path))
    with pytest.raises(KeyError, match="LocalVisBackend"):
        Visualizer(vis_backends=[{"type": "LocalVisBackends"}], save_dir=str(tmp_path))


def test_a_subclass_is_the_current_visualizer() -> None:
    class Detection(Visualizer):
        pass

    detection = Detection.get_instance("detection", image=IMAGE)
    assert Visualizer.get_current_instance() is Detection.get_current_instance() is detection
    assert Visualizer.check_instance_created("detection")
    other = Visualizer.get_instance("other")
    assert Visualizer.get_current_instance() is other
    assert Detection.get_current_instance() is detection


def test_from_a_config(tmp_path: Path) -> None:
    vis = VISUALIZERS.build(
        {
            "type": "Visualizer",
            "name": "built",
            "vis_backends": [{"type": "LocalVisBackend"}],
            "save_dir": str(tmp_path),
        }
    )
    vis.add_scalar("a", 1)
    assert json.loads((tmp_path / "vis_data" / "scalars.json").read_text()) == {"a": 1, "step": 0}


def test_dataset_meta() -> None:
    vis = Visualizer()
    assert vis.dataset_meta is None
    vis.dataset_meta = {"classes": ("a",)}
    assert vis.dataset_meta == {"classes": ("a",)}


def test_a_data_sample_is_stored_as_its_image(tmp_path: Path) -> None:
    vis = Visualizer(vis_backends=[{"type": "LocalVisBackend"}], save_dir=str(tmp_path))
    vis.add_datasample("sample", IMAGE, step=4)
    assert files(tmp_path) == {"vis_data/vis_image/sample_4.png"}
    assert np.array_equal(vis.get_image(), IMAGE)


def test_figure_options_are_kept() -> None:
    vis = Visualizer(image=IMAGE, fig_save_cfg={"frameon": True, "dpi": 50})
    assert vis.dpi == 50 and vis.get_image().shape == IMAGE.shape


def test_images_that_nobody_stores_are_told_once(recwarn: pytest.WarningsRecorder) -> None:
    visualizer = Visualizer("nobody")
    for name in ("first", "second"):
        visualizer.add_image(name, np.zeros((2, 2, 3), np.uint8))
    assert ["'first'" in str(warning.message) for warning in recwarn] == [True]
    assert "'nobody' has no vis_backends" in str(recwarn[0].message)
