"""LogProcessor, Visualizer and backends in a Lightning project of one's own."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmlight.bridge.loggers import VisBackendLogger
from mmlight.engine import GenLogProcessor, VisualizationHook
from mmlight.hooks import Hook, LoggerHook
from mmlight.runner import LogProcessor
from mmlight.visualization import LocalVisBackend, Visualizer

from .plain import BOTH, Automatic, Plain, fit


class Draw(Hook):
    """Draws an image and a number once."""

    def after_train(self, runner: Any) -> None:
        runner.visualizer.add_image("drawn", np.zeros((2, 3, 3), np.uint8), step=7)
        runner.visualizer.add_scalar("number", 0.5, step=7)


def shown(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "scalars.json").read_text().splitlines()]


@BOTH
def test_a_visualizer_of_the_module_serves_the_hooks(tmp_path: Path, kind: type[Plain]) -> None:
    module = kind()
    backend = LocalVisBackend(str(tmp_path / "own"))
    module.visualizer = Visualizer("own", vis_backends=[backend])
    fit(tmp_path, module, LoggerHook(interval=11), Draw())
    assert [path.name for path in tmp_path.rglob("*.png")] == ["drawn_7.png"]
    rows = shown(tmp_path / "own")
    assert {"number": 0.5, "step": 7} in rows
    assert any("fingerprint" in row for row in rows)


@BOTH
def test_a_backend_among_the_loggers(tmp_path: Path, kind: type[Plain]) -> None:
    """It has the numbers of the module on the Trainer's steps, and the images of hooks."""
    logger = VisBackendLogger({"type": "LocalVisBackend", "save_dir": str(tmp_path / "logger")})
    fit(tmp_path, kind(), Draw(), logger=logger, log_every_n_steps=11)
    rows = shown(tmp_path / "logger")
    steps = [row["step"] for row in rows if "train_loss" in row or "loss_g" in row]
    assert steps
    assert not any("number" in row for row in rows)
    assert (tmp_path / "logger/vis_image/drawn_7.png").exists()


@BOTH
def test_a_visualization_hook_draws_into_it(tmp_path: Path, kind: type[Plain]) -> None:
    logger = VisBackendLogger({"type": "LocalVisBackend", "save_dir": str(tmp_path / "logger")})
    samples = {"type": "Noise", "num_samples": 2}
    hook = VisualizationHook(interval=22, fixed_input=True, vis_kwargs_list=[samples])
    fit(tmp_path, kind(), hook, logger=logger)
    assert list((tmp_path / "logger").rglob("*.png"))


@pytest.mark.parametrize("form", [dict, LogProcessor, GenLogProcessor])
@BOTH
def test_a_log_processor(tmp_path: Path, kind: type[Plain], form: Any) -> None:
    source = "train_loss" if kind is Automatic else "loss_g"
    largest = {
        "data_src": source,
        "method_name": "max",
        "window_size": "global",
        "log_name": "largest",
    }
    module, values = kind(), []

    class Note(Hook):
        def after_train_iter(self, runner: Any, *args: Any, **kwargs: Any) -> None:
            values.append(float(runner.trainer.callback_metrics[source]))

    module.visualizer = Visualizer("own", vis_backends=[LocalVisBackend(str(tmp_path / "own"))])
    hook = LoggerHook(interval=11, log_processor=form(custom_cfg=[largest], num_digits=2))
    fit(tmp_path, module, hook, Note())
    rows = [row for row in shown(tmp_path / "own") if "largest" in row]
    assert len(rows) == 4
    assert rows[-1]["largest"] == pytest.approx(max(values), rel=1e-5)
    (log,) = tmp_path.glob("*/*.log")
    assert f"largest: {max(values):.2f}" in log.read_text()
