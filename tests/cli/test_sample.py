"""``mmlight sample``, in a process of its own where MMEngine is not installed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest
import torch

from mmlight.config import Config
from tests.cli.test_cli import command
from tests.parity.engines import Engine
from tests.sampling.tiny import PAIRS, built, config, photographs

Run = Callable[..., dict[str, Any]]


def commands(engine: str, project: str, lines: list[list[str]]) -> list[dict[str, Any]]:
    from tests.cli.test_cli import command

    return [command(engine, project, line) for line in lines]


@pytest.fixture
def run(mmlight: Engine, tmp_path: Path) -> Run:
    """Sample a tiny model of a family in a folder of its own."""

    def sample(family: str, *arguments: str, **changes: Any) -> Any:
        Config(config(family, **changes)).dump(str(tmp_path / f"{family}.py"))
        torch.save(built(family).state_dict(), tmp_path / "weights.pth")
        words = ["sample", f"{family}.py", "weights.pth", *arguments]
        return mmlight.run(command, str(tmp_path), words)

    return sample


def test_a_gan(run: Run, tmp_path: Path) -> None:
    done = run("dcgan", "--num", "3", "--seed", "4", "--frames", "3")
    assert done["code"] == 0, done["err"]
    folder = Path("work_dirs") / "dcgan" / "samples"
    assert done["out"].split() == [
        str(folder / "samples_orig.png"),
        str(folder / "interpolation.gif"),
    ]
    picture = (tmp_path / folder / "samples_orig.png").read_bytes()
    again = run("dcgan", "--num", "3", "--seed", "4", "--frames", "0", "--out", "again")
    assert again["out"].split() == ["again/samples_orig.png"]
    assert (tmp_path / "again" / "samples_orig.png").read_bytes() == picture
    # No log, no dataset, nothing but the pictures.
    assert [path.name for path in (tmp_path / "work_dirs" / "dcgan").iterdir()] == ["samples"]


def test_images_of_a_folder(run: Run, tmp_path: Path) -> None:
    photographs(tmp_path / "photos", number=2)
    more = ["--input", "photos", "--domain", "mask", "--out", "made", "--num", "1"]
    loader = {**PAIRS, "dataset": {**PAIRS["dataset"], "data_root": "nowhere"}}
    done = run("cyclegan", *more, test_dataloader=loader)
    assert done["code"] == 0, done["err"]
    assert done["out"].split() == ["made/to_mask.png", "made/results/0.png"]
    assert cv2.imread(str(tmp_path / "made" / "results" / "0.png")).shape == (32, 32, 3)
    failed = run("cyclegan", "--out", "made", test_dataloader=loader)
    assert failed["code"] == 1
    assert "nowhere" in failed["err"] and "can be given as input" in failed["err"]


MISTAKES = [
    (["other.pth"], "other.pth is of another model than this DCGAN: it lacks generator."),
    (["nowhere.pth"], "nowhere.pth"),
    (["weights.pth", "--sample-model", "ema"], "a moving average, but the model has none"),
    (["weights.pth", "--input", "a.png"], "DCGAN is not sampled with inputs; it takes num, seed"),
    (["weights.pth", "--frames", "-1"], "frames must be 0 or more, got -1"),
    (["weights.pth", "--cfg-options", "model.noise_siz=3"], "noise_size"),
    (["weights.pth", "--cfg-options", "model=None"], "has no 'model' to load weights into"),
]


def test_mistakes_are_told_in_a_line(mmlight: Engine, tmp_path: Path) -> None:
    Config(config("dcgan")).dump(str(tmp_path / "dcgan.py"))
    torch.save(built("dcgan").state_dict(), tmp_path / "weights.pth")
    torch.save(built("wgan-gp").state_dict(), tmp_path / "other.pth")
    lines = [["sample", "dcgan.py", *arguments] for arguments, _ in MISTAKES]
    results = mmlight.run(commands, str(tmp_path), lines)
    for done, (_, words) in zip(results, MISTAKES, strict=True):
        assert done["code"] == 1 and words in done["err"], done
        assert "Traceback" not in done["err"]
