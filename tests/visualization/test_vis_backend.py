"""What each backend leaves on disk."""

from __future__ import annotations

import csv
import importlib.util
import json
import math
import os
import sys
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from mmlight import visualization
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
    vis_backend,
)
from mmlight.visualization.tracker_backends import TrackerVisBackend
from mmlight.visualization.vis_backend import force_init_env

CONFIG = Config({"model": {"type": "ResNet", "depth": 50}})
HALF = torch.tensor(0.5, dtype=torch.bfloat16)
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
        backend.add_scalars({"loss": float("nan"), "step": 9, "half": HALF}, step=5)
        assert "step" not in scalars
        first, second, third = lines(tmp_path / "scalars.json")
        assert first == {"mAP": 0.5, "step": 3}
        assert second == {"loss": 0.25, "each": [0, 1], "mode": "train", "step": 4}
        assert list(second)[-1] == "step"
        assert third["step"] == 9 and math.isnan(third["loss"]) and third["half"] == 0.5
        assert list(third) == ["loss", "step", "half"]
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


def stored(kind, options: dict, folder: Path):
    """Give everything to a tracker and close it."""
    work_dir = folder / "work"
    (work_dir / "20260101").mkdir(parents=True)
    (work_dir / "20260101" / "run.log").write_text("line")
    (work_dir / "weights.pth").write_text("weights")
    backend = kind(str(work_dir / "20260101" / "vis_data"), **options)
    config = Config({**CONFIG.to_dict(), "work_dir": str(work_dir)})
    backend.add_config(config)
    backend.add_scalars({"loss": torch.tensor(0.5), "mode": "train"}, step=1)
    backend.add_scalar("loss", 0.25, step=2)
    backend.add_image("val/sample", IMAGE, step=2)
    run = backend.experiment
    backend.close()
    return run, config


def test_mlflow(tmp_path: Path) -> None:
    mlflow = pytest.importorskip("mlflow")
    options = {"run_name": "test", "params": {"a": 1}, "tracked_config_keys": ["model"]}
    _, config = stored(MLflowVisBackend, options, tmp_path)
    uri = f"sqlite:///{tmp_path / 'work' / '20260101' / 'vis_data' / 'mlflow.db'}"
    client = mlflow.MlflowClient(uri)
    [run] = client.search_runs([client.get_experiment_by_name("mmlight").experiment_id])
    assert run.info.run_name == "test" and run.info.status == "FINISHED"
    assert run.data.params == {"a": "1", "model.type": "ResNet", "model.depth": "50"}
    history = client.get_metric_history(run.info.run_id, "loss")
    assert [(metric.step, metric.value) for metric in history] == [(1, 0.5), (2, 0.25)]
    folder = Path(mlflow.artifacts.download_artifacts(run_id=run.info.run_id, tracking_uri=uri))
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*.*")}
    assert files == {"config.py", "20260101/run.log", "val/sample_2.png"}
    assert (folder / "config.py").read_text() == config.pretty_text


def test_dvclive(tmp_path: Path, monkeypatch) -> None:
    pytest.importorskip("dvclive")
    monkeypatch.chdir(tmp_path)
    options = {"artifact_suffix": (), "init_kwargs": {"save_dvc_exp": False}}
    _, config = stored(DVCLiveVisBackend, options, tmp_path)
    folder = tmp_path / "work" / "20260101" / "vis_data" / "dvclive"
    with open(folder / "plots" / "metrics" / "loss.tsv") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    assert [(row["step"], row["loss"]) for row in rows] == [("1", "0.5"), ("2", "0.25")]
    assert yaml.safe_load((folder / "params.yaml").read_text()) == {"config": config.pretty_text}
    [image] = folder.rglob("sample*.png")
    assert np.array_equal(cv2.imread(str(image))[..., ::-1], IMAGE)


def test_aim(tmp_path: Path) -> None:
    aim = pytest.importorskip("aim")
    run, _ = stored(AimVisBackend, {}, tmp_path)
    repository = aim.Repo(str(tmp_path / "work" / "20260101" / "vis_data"))
    assert repository.list_all_runs() == [run.hash]


def store_offline(kind: type, options: dict, tmp_path: Path) -> None:
    run, _ = stored(kind, options, tmp_path)
    assert run is not None


def test_clearml_and_neptune_offline(tmp_path: Path, monkeypatch, kind_and_options) -> None:
    kind, options = kind_and_options
    # ClearML reads these when it is imported.
    monkeypatch.setenv("CLEARML_OFFLINE_MODE", "1")
    monkeypatch.setenv("CLEARML_CACHE_DIR", str(tmp_path / "cache"))
    if importlib.util.find_spec(kind.package) is None:
        pytest.skip(f"{kind.package} is not installed")
    monkeypatch.chdir(tmp_path)
    # In a process of its own: ClearML replaces parts of Python, matplotlib and torch.
    process = get_context("spawn").Process(target=store_offline, args=(kind, options, tmp_path))
    process.start()
    process.join()
    assert process.exitcode == 0


@pytest.fixture(params=[ClearMLVisBackend, NeptuneVisBackend], ids=lambda kind: kind.package)
def kind_and_options(request):
    return request.param, dict(TRACKERS)[request.param]


class Listing(TrackerVisBackend):
    """A tracker that keeps a list; its "package" is one of Python's."""

    package = "json"

    def _start(self) -> list:
        self._own_folder = os.path.join(self._save_dir, "own")
        return []

    def _log_number(self, name: str, value: float, step: int) -> None:
        self._run.append((name, value, step))

    @force_init_env
    def add_config(self, config: Config, **kwargs) -> None:
        self._work_dir = config.get("work_dir")

    def close(self) -> None:
        self._run.extend(name for _, name in self._artifacts())


@pytest.mark.parametrize(
    ("suffix", "expected"),
    [((), []), (".py", ["a.py", "in/b.py"]), ([".py", "log"], ["a.py", "c.log", "in/b.py"])],
)
def test_which_files_a_tracker_stores_in_the_end(tmp_path: Path, suffix, expected) -> None:
    for name in ("a.py", "in/b.py", "c.log", "d.pth", "own/e.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    backend = Listing(str(tmp_path), artifact_suffix=suffix)
    backend.add_scalars({"step": 3, "loss": HALF, "mode": "train"}, step=1)
    backend.add_config(Config({"work_dir": str(tmp_path)}))
    backend.close()
    assert backend.experiment == [("loss", 0.5, 3), *expected]


@pytest.mark.parametrize("config", [{}, {"work_dir": "absent"}])
def test_a_run_without_a_folder_has_no_artifacts(tmp_path: Path, config: dict) -> None:
    backend = Listing(str(tmp_path), artifact_suffix=".py")
    backend.add_config(Config(config))
    backend.close()
    assert backend.experiment == []


def test_init_kwargs_are_checked(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="init_kwargs must be a dict, but got list"):
        AimVisBackend(str(tmp_path), init_kwargs=[1])  # type: ignore[arg-type]


def test_every_backend_is_where_configs_import_it_from() -> None:
    for name in ("force_init_env", *(n for n in visualization.__all__ if n.endswith("VisBackend"))):
        if name != "LightningLoggerVisBackend":
            assert name in vis_backend.__all__ and hasattr(vis_backend, name)


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
