"""Checkpoints go from MMEngine to mmlight, from mmlight to MMEngine's fork and to Lightning.

The engines differ in which random states they save, so these runs draw none after the start.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.parity.compare import assert_same
from tests.parity.engines import Engine

KINDS = ["classifier", "regression", "gan", "ema"]


def assert_ends_like(resumed: dict[str, Any], whole: dict[str, Any]) -> None:
    """Weights, optimizers, schedulers, averages and the iterations done are equal.

    Not the log history: our files hold it in plain types, which MMEngine passes over.
    """
    done = len(whole["train"]) - len(resumed["train"])
    assert 0 < done < len(whole["train"])
    assert_same(resumed["train"], whole["train"][done:])
    for key in sorted({"weights", "optimizer", "schedulers", "ema"} & set(whole)):
        assert_same(resumed[key], whole[key], key)
    assert_same(resumed["metrics"], whole["metrics"][-len(resumed["metrics"]) :])


@pytest.mark.parametrize("kind", KINDS)
def test_mmengine_to_mmlight(kind: str, mmengine: Engine, mmlight: Engine, tmp_path: Path) -> None:
    whole = mmengine.run("train", kind, noise=False)
    where = {"work_dir": str(tmp_path), "noise": False}
    mmengine.run("train", kind, kill_at=16, exit_code=-9, **where)
    resumed = mmlight.run("train", kind, resume=True, **where)
    assert_ends_like(resumed, whole)
    assert_same(resumed["history"], whole["history"])
    assert_same(set(resumed["files"]), set(whole["files"]))


@pytest.mark.parametrize("kind", KINDS)
def test_mmlight_to_the_fork(kind: str, mmlight: Engine, onedl: Engine, tmp_path: Path) -> None:
    whole = mmlight.run("train", kind, noise=False)
    where = {"work_dir": str(tmp_path), "noise": False}
    mmlight.run("train", kind, kill_at=16, exit_code=-9, **where)
    resumed = onedl.run("train", kind, resume=True, **where)
    assert_ends_like(resumed, whole)


@pytest.mark.parametrize("kind", KINDS)
def test_mmlight_to_a_plain_trainer(kind: str, mmlight: Engine, tmp_path: Path) -> None:
    # Lightning leaves out a validation that was due when an epoch's checkpoint was written, and
    # with it the random numbers that the validation would have drawn.
    noise = kind != "classifier"
    whole = mmlight.run("train", kind, noise=noise)
    where = {"work_dir": str(tmp_path), "noise": noise}
    mmlight.run("train", kind, kill_at=16, exit_code=-9, **where)
    last = (tmp_path / "last_checkpoint").read_text().strip()
    weights = mmlight.run(resume_with_trainer, kind, last, SCENARIOS, **where)
    assert_same(weights, whole["weights"])


SCENARIOS = str(Path(__file__).parents[1] / "parity" / "scenarios")


def resume_with_trainer(
    engine: str, kind: str, checkpoint: str, scenarios: str, work_dir: str, noise: bool
) -> dict[str, Any]:
    import sys

    import lightning.pytorch as L

    import mmlight

    sys.path.insert(0, scenarios)
    import parts
    import train

    parts.install(engine)
    parts.install_constructor(engine)
    ported = mmlight.from_config(parts.CONFIGS[kind](work_dir, noise=noise))
    trainer = L.Trainer(**ported.trainer_kwargs)
    trainer.fit(ported.module, ported.datamodule, ckpt_path=checkpoint)
    return train.clone(ported.module.model.state_dict())
