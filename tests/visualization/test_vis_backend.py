"""What each backend leaves on disk."""

from __future__ import annotations

import csv
import json
import math
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mmlight.config import Config
from mmlight.visualization import (
    AimVisBackend,
    BaseVisBackend,
    ClearMLVisBackend,
    DVCLiveVisBackend,
    LightningLoggerVisBackend,
    LocalVisBackend,
    MLflowVisBackend,
    NeptuneVisBackend,
    TensorboardVisBackend,
    WandbVisBackend,
)

CONFIG = Config({"model": {"type": "ResNet", "depth": 50}})
IMAGE = np.random.default_rng(0).integers(0, 256, (4, 6, 3), dtype=np.uint8)


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class TestLocal:
    def test_unused_it_leaves_nothing(self, tmp_path: Path) -> None:
        backend = LocalVisBackend(str(tmp_path / "new"))
        backend.close()
        assert not (tmp_path / "new").exists()
        assert backend.experiment is backend

    def test_images(self, tmp_path: Path) -> None:
        backend = LocalVisBackend(str(tmp_path))
        backend.add_image("val/sample", IMAGE, step=3)
        backend.add_image("grey", IMAGE[..., 0])
        stored = cv2.imread(str(tmp_path / "vis_image" / "val" / "sample_3.png"))
        assert np.array_equal(stored[..., ::-1], IMAGE)
        grey = cv2.imread(str(tmp_path / "vis_image" / "grey_0.png"), cv2.IMREAD_UNCHANGED)
        assert np.array_equal(grey, IMAGE[..., 0])

    @pytest.mark.parametrize("image", [None, IMAGE.tolist(), IMAGE.astype(np.float32)])
    def test_only_images_are_stored_as_images(self, tmp_path: Path, image) -> None:
        with pytest.raises(AssertionError, match="of type uint8, but got"):
            LocalVisBackend(str(tmp_path)).add_image("a", image)

    def test_numbers_are_lines_of_json(self, tmp_path: Path) -> None:
        backend = LocalVisBackend(str(tmp_path))
        backend.add_scalar("mAP", torch.tensor(0.5), step=3)
        scalars = {"loss": np.float32(0.25), "each": np.arange(2), "mode": "train"}
        backend.add_scalars(scalars, step=4, file_path="other.json")
        backend.add_scalars({"step": 9, "loss": float("nan")}, step=5)
        assert "step" not in scalars
        first, second, third = lines(tmp_path / "scalars.json")
        assert first == {"mAP": 0.5, "step": 3}
        assert second == {"loss": 0.25, "each": [0, 1], "mode": "train", "step": 4}
        assert list(second)[-1] == "step"
        assert third["step"] == 9 and math.isnan(third["loss"])
        assert lines(tmp_path / "other.json") == [second]

    def test_the_config(self, tmp_path: Path) -> None:
        LocalVisBackend(str(tmp_path)).add_config(CONFIG)
        assert Config.fromfile(tmp_path / "config.py").to_dict() == CONFIG.to_dict()

    def test_other_names(self, tmp_path: Path) -> None:
        backend = LocalVisBackend(str(tmp_path), "images", "c.py", "s.json")
        backend.add_image("a", IMAGE)
        backend.add_config(CONFIG)
        backend.add_scalar("b", 1)
        names = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.*")}
        assert names == {"images/a_0.png", "c.py", "s.json"}

    def test_without_a_folder_nothing_is_stored(self, tmp_path: Path, monkeypatch) -> None:
        monkeypatch.chdir(tmp_path)
        backend = LocalVisBackend(None)
        backend.add_image("a", IMAGE)
        backend.add_config(CONFIG)
        backend.add_scalars({"b": 1})
        assert list(tmp_path.iterdir()) == []

    def test_errors(self, tmp_path: Path) -> None:
        with pytest.raises(AssertionError, match=r"must end in \.json"):
            LocalVisBackend("a", scalar_save_file="a.yaml")
        with pytest.raises(AssertionError, match=r"must end in \.py"):
            LocalVisBackend("a", config_save_file="a.json")
        backend = LocalVisBackend(str(tmp_path))
        with pytest.raises(AssertionError, match="scalar_dict must be a dict"):
            backend.add_scalars([1])  # type: ignore[arg-type]
        with pytest.raises(AssertionError, match="must not be the scalar_save_file"):
            backend.add_scalars({"a": 1}, file_path="./scalars.json")
        with pytest.raises(AssertionError, match=r"file_path must end in \.json"):
            backend.add_scalars({"a": 1}, file_path="a.txt")
        with pytest.raises(TypeError, match="config must be a Config, but got dict"):
            backend.add_config({"a": 1})  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="a function cannot be stored as JSON"):
            backend.add_scalar("a", lines)
        assert not (tmp_path / "scalars.json").exists()


class TestTensorboard:
    @pytest.fixture
    def backend(self, tmp_path: Path) -> TensorboardVisBackend:
        return TensorboardVisBackend(str(tmp_path))

    def events(self, backend: TensorboardVisBackend) -> EventAccumulator:
        backend.close()
        return EventAccumulator(backend._save_dir).Reload()

    def test_unused_it_leaves_nothing(self, backend: TensorboardVisBackend, tmp_path: Path) -> None:
        backend.close()
        assert list(tmp_path.iterdir()) == []

    def test_numbers(self, backend: TensorboardVisBackend) -> None:
        backend.add_scalar("loss", 0.5, step=3)
        backend.add_scalars({"loss": torch.tensor(0.25), "acc": np.float64(1)}, step=4)
        events = self.events(backend)
        assert [(event.step, event.value) for event in events.Scalars("loss")] == [
            (3, 0.5),
            (4, 0.25),
        ]
        assert [(event.step, event.value) for event in events.Scalars("acc")] == [(4, 1)]

    def test_images_and_the_config(self, backend: TensorboardVisBackend) -> None:
        backend.add_image("sample", IMAGE, step=2)
        backend.add_config(CONFIG)
        events = self.events(backend)
        [event] = events.Images("sample")
        stored = cv2.imdecode(np.frombuffer(event.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)
        assert event.step == 2 and np.array_equal(stored[..., ::-1], IMAGE)
        [event] = events.Tensors("config/text_summary")
        assert event.tensor_proto.string_val[0].decode() == CONFIG.pretty_text

    def test_what_is_no_number(self, backend: TensorboardVisBackend) -> None:
        with pytest.warns(UserWarning, match="mode is not stored: it is a str"):
            backend.add_scalars({"mode": "train"})
        with pytest.raises(AssertionError, match="the step is an argument"):
            backend.add_scalars({"step": 1})
        with pytest.raises(AssertionError, match="scalar_dict must be a dict"):
            backend.add_scalars(3)  # type: ignore[arg-type]


class TestLightningLoggers:
    def test_csv(self, tmp_path: Path) -> None:
        from lightning.pytorch.loggers import CSVLogger

        logger = CSVLogger(str(tmp_path), name="run", version="a")
        backend = LightningLoggerVisBackend("", logger)
        backend.add_config(CONFIG)
        backend.add_scalars({"loss": torch.tensor(0.5), "mode": "train"}, step=1)
        backend.add_scalar("loss", 0.25, step=2)
        with pytest.warns(UserWarning, match="CSVLogger cannot store images"):
            backend.add_image("a", IMAGE)
        backend.close()
        with open(tmp_path / "run" / "a" / "metrics.csv") as file:
            rows = list(csv.DictReader(file))
        assert [(row["step"], row["loss"]) for row in rows] == [("1", "0.5"), ("2", "0.25")]
        assert "depth: 50" in (tmp_path / "run" / "a" / "hparams.yaml").read_text()
        assert backend.experiment is logger.experiment

    def test_tensorboard(self, tmp_path: Path) -> None:
        from lightning.pytorch.loggers import TensorBoardLogger

        logger = TensorBoardLogger(str(tmp_path))
        backend = LightningLoggerVisBackend("", logger)
        backend.add_scalar("loss", 0.5, step=1)
        backend.add_image("sample", IMAGE, step=2)
        backend.close()
        events = EventAccumulator(logger.log_dir).Reload()
        assert events.Scalars("loss")[0].value == 0.5
        assert events.Images("sample")[0].step == 2

    def test_anything_else_is_refused(self) -> None:
        with pytest.raises(TypeError, match="log_metrics and log_hyperparams"):
            LightningLoggerVisBackend("", print)


def test_wandb_offline(tmp_path: Path) -> None:
    backend = WandbVisBackend(
        str(tmp_path),
        init_kwargs={"mode": "offline", "project": "test", "settings": {"silent": True}},
        define_metric_cfg={"acc": "max"},
        watch_kwargs={"log": None},
    )
    assert not (tmp_path / "wandb").exists()
    backend.add_config(CONFIG)
    backend.add_graph(torch.nn.Linear(1, 1), None)
    backend.add_scalar("loss", 0.5)
    backend.add_scalars({"loss": 0.25, "acc": torch.tensor(1.0)})
    backend.add_image("sample", IMAGE)
    run = backend.experiment.run
    assert run.config["model"] == {"type": "ResNet", "depth": 50}
    assert run.step == 3 and run.summary["loss"] == 0.25
    backend.close()
    assert backend.experiment.run is None
    [image] = (tmp_path / "wandb").rglob("sample_*.png")
    assert np.array_equal(cv2.imread(str(image))[..., ::-1], IMAGE)


def test_wandb_checks_its_arguments() -> None:
    with pytest.raises(TypeError, match="init_kwargs must be a dict"):
        WandbVisBackend("a", init_kwargs=3)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="define_metric_cfg must be a dict or a list"):
        WandbVisBackend("a", define_metric_cfg=3)  # type: ignore[arg-type]


TRACKERS = [
    (AimVisBackend, {}),
    (ClearMLVisBackend, {"init_kwargs": {"project_name": "test", "task_name": "test"}}),
    (DVCLiveVisBackend, {"init_kwargs": {"save_dvc_exp": False}}),
    (MLflowVisBackend, {"run_name": "test", "params": {"a": 1}}),
    (NeptuneVisBackend, {}),
]


@pytest.mark.parametrize(
    ("kind", "options"), TRACKERS, ids=lambda value: getattr(value, "package", "")
)
def test_a_missing_tracker_is_asked_for_by_name(
    kind, options: dict, tmp_path: Path, monkeypatch
) -> None:
    monkeypatch.setitem(sys.modules, kind.package, None)
    backend = kind(str(tmp_path), **options)
    for _ in range(2):
        with pytest.raises(
            ImportError, match=f"{kind.__name__} needs .*: pip install {kind.package}"
        ):
            backend.add_scalar("loss", 0.5)
    backend.close()


@pytest.mark.parametrize(
    ("kind", "options"), TRACKERS, ids=lambda value: getattr(value, "package", "")
)
def test_a_tracker_takes_everything(kind, options: dict, tmp_path: Path, monkeypatch) -> None:
    # ClearML reads these when it is imported.
    monkeypatch.setenv("CLEARML_OFFLINE_MODE", "1")
    monkeypatch.setenv("CLEARML_CACHE_DIR", str(tmp_path / "cache"))
    pytest.importorskip(kind.package)
    monkeypatch.chdir(tmp_path)
    backend = kind(str(tmp_path / "runs"), **options)
    backend.add_config(CONFIG)
    backend.add_scalars({"loss": torch.tensor(0.5), "mode": "train"}, step=1)
    backend.add_scalar("loss", 0.25, step=2)
    backend.add_image("val/sample", IMAGE, step=2)
    assert backend.experiment is not None
    backend.close()


def test_a_backend_is_set_up_once_and_may_do_less() -> None:
    class Counting(BaseVisBackend):
        started = 0

        def _init_env(self) -> None:
            self.started += 1

        @property
        def experiment(self) -> int:
            return self.started

    backend = Counting("a")
    backend.add_scalar("a", 1)
    backend.add_image("a", IMAGE)
    backend.add_config(CONFIG)
    backend.add_graph(torch.nn.Identity(), None)
    backend.add_scalars({})
    backend.close()
    assert backend.experiment == 0
    with pytest.raises(TypeError, match="abstract"):
        BaseVisBackend("a")  # type: ignore[abstract]
