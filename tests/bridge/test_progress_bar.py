"""What a progress bar shows on a terminal of some width."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import struct
import termios
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import RichProgressBar, TQDMProgressBar

from mmlight.bridge.progress_bar import RunnerProgressBar
from mmlight.config import Config
from mmlight.runner import Runner
from tests.bridge.parts import Accuracy, Classifier, config, loader

METRICS = {"type": "CheckpointHook", "by_epoch": False, "interval": 4}


class ManyLosses(Classifier):
    """A classifier with as many losses as a detector."""

    def forward(self, inputs: Any, labels: Any = None, mode: str = "tensor") -> Any:
        found = super().forward(inputs, labels, mode)
        if mode != "loss":
            return found
        (loss,) = found.values()
        return {f"loss_{name}": loss for name in ("cls", "bbox", "rpn_cls", "rpn_bbox", "mask")}


def run(work_dir: Path, bar: Any = None, **changes: Any) -> Runner:
    """A training of 12 iterations that validates after 5, 10 and 12, with its bar drawn always."""
    hooks = {
        "checkpoint": {**METRICS, "save_best": "points/accuracy"},
        "logger": {"type": "LoggerHook", "interval": 2},
    }
    bar = bar or RunnerProgressBar(seconds=0, everywhere=True)
    settings: dict[str, Any] = {
        "model": ManyLosses(),
        "default_hooks": hooks,
        "trainer": {"callbacks": [bar], "accelerator": "cpu"},
        **changes,
    }
    cfg = config(work_dir, by_epoch=False, **settings)
    runner = Runner.from_cfg(Config(cfg))
    runner.train()
    return runner


@contextlib.contextmanager
def terminal(columns: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Standard output on a terminal of so many columns; afterwards the list has what it showed."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    pieces: list[bytes] = []

    def read() -> None:
        with contextlib.suppress(OSError):  # what Linux says at the end
            while piece := os.read(ours, 65536):
                pieces.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    shown: list[str] = []
    with monkeypatch.context() as patch, open(theirs, "w") as stream:
        patch.setattr("sys.stdout", stream)
        yield shown
    reader.join()
    os.close(ours)
    shown.append(b"".join(pieces).decode())


def screen(shown: str) -> list[str]:
    """The lines that are on the terminal at the end."""
    rows: dict[int, list[str]] = {}
    row = column = 0
    for piece in re.findall(r"\x1b\[A|.", shown, re.DOTALL):
        if piece in ("\n", "\x1b[A"):
            row += 1 if piece == "\n" else -1
        elif piece == "\r":
            column = 0
        else:
            cells = rows.setdefault(row, [" "] * 1000)
            cells[column] = piece
            column += 1
    return ["".join(rows[row]).rstrip() for row in sorted(rows)]


def frames(shown: str, of: str) -> list[str]:
    """Everything that a bar has shown, one after the other."""
    pieces = re.split(r"[\r\n]|\x1b\[A", shown)
    return [piece for piece in pieces if piece.startswith(of) and "%|" in piece]


@pytest.mark.parametrize("columns", [80, 150])
def test_the_bar_keeps_its_width(
    columns: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with terminal(columns, monkeypatch) as shown:
        run(tmp_path)
    seen = frames(shown[0], "Training")
    assert max(map(len, seen)) <= columns
    assert min(len(frame.split("|")[1]) for frame in seen) >= 10
    assert "loss=" in seen[-1] and "loss_cls=" not in seen[-1]
    assert ("points/accuracy=" in seen[-1]) == (columns == 150)
    assert "12/12" in seen[-1]


def test_the_bar_of_a_resumed_run_begins_where_it_was(tmp_path: Path) -> None:
    assert run(tmp_path).trainer.progress_bar_callback.train_progress_bar.initial == 0
    checkpoint = str(tmp_path / "iter_8.pth")
    resumed = run(tmp_path, load_from=checkpoint, resume=True)
    bar = resumed.trainer.progress_bar_callback.train_progress_bar
    assert (bar.initial, bar.n, bar.total) == (8, 12, 12)


@pytest.mark.parametrize("asked", [None, True])
def test_a_file_has_no_bar_unless_it_is_asked_for(
    asked: bool | None, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    run(tmp_path, trainer={"accelerator": "cpu", "enable_progress_bar": asked})
    shown = capsys.readouterr()
    assert bool(frames(shown.out, "Training")) == bool(asked)
    assert bool(frames(shown.out, "Validation")) == bool(asked)
    assert "%|" not in shown.err and "Iter(train) [12/12]" in shown.out


class Broken(Accuracy):
    """A metric that fails in the middle of a validation."""

    def process(self, data_batch: Any, data_samples: Any) -> None:
        raise ValueError("broken metric")


class BrokenModel(ManyLosses):
    """A model that fails in its third iteration."""

    steps = 0

    def train_step(self, *arguments: Any, **named: Any) -> Any:
        self.steps += 1
        if self.steps == 3:
            raise ValueError("broken model")
        return super().train_step(*arguments, **named)


@pytest.mark.parametrize("changes", [{"val_evaluator": [Broken()]}, {"model": BrokenModel()}])
def test_an_error_has_a_line_of_its_own(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with terminal(80, monkeypatch) as shown:
        with pytest.raises(ValueError, match="broken"):
            run(tmp_path, **changes)
        print("mmlight: broken")
    *_, above, last = screen(shown[0])
    assert above.startswith("Training") and last == "mmlight: broken"


@pytest.mark.parametrize("bar", [partial(RunnerProgressBar, everywhere=True), TQDMProgressBar])
def test_the_bar_of_several_datasets_knows_their_end(
    bar: Callable, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    loaders = [loader(shuffle=False), loader(shuffle=False)]
    evaluators = [[Accuracy()], [Accuracy(prefix="more")]]
    run(
        tmp_path,
        bar(),
        val_cfg={"type": "MultiValLoop"},
        val_dataloader=loaders,
        val_evaluator=evaluators,
    )
    shown = capsys.readouterr().out
    batches = 2 * -(-len(loaders[0]["dataset"]) // 4)
    assert frames(shown, "Validation")[-1].count(f"{batches}/{batches}") == 1
    assert f"{batches}/?" not in shown


@pytest.mark.parametrize("bar", [RichProgressBar, TQDMProgressBar])
def test_a_bar_of_the_users_shows_the_same_few_values(
    bar: type, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    trainer = run(tmp_path, bar()).trainer
    assert set(trainer.progress_bar_metrics) == {"loss", "points/accuracy"}
    assert {"loss_cls", "points/accuracy"} <= set(trainer.callback_metrics)
    assert torch.is_tensor(trainer.callback_metrics["loss_bbox"])
    assert "12/12" in capsys.readouterr().out
