"""The dataset's description in a checkpoint is compared with the run's, whatever is in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mmlight.config import Config
from mmlight.fileio.checkpoint_file import CheckpointFileError
from mmlight.runner import Runner
from tests.bridge.parts import Points, config
from tests.fileio import hostile

CLASSES = {"classes": ("cat", "dog"), "palette": np.array([[1, 2, 3], [4, 5, 6]])}


class Described(Points):
    """Data with a palette, as segmentation has."""

    metainfo = CLASSES


def resumed_from(tmp_path: Path, checkpoint: str | None) -> Runner:
    cfg = config(tmp_path / ("first" if checkpoint is None else "second"))
    cfg["train_dataloader"] = {**cfg["train_dataloader"], "dataset": Described()}
    runner = Runner.from_cfg(Config({**cfg, "load_from": checkpoint, "resume": bool(checkpoint)}))
    runner.train()
    return runner


@pytest.mark.parametrize(
    ("forged", "told"),
    [
        (CLASSES, False),
        ({**CLASSES, "palette": np.array([[1, 2, 3], [4, 5, 7]])}, True),
        ({**CLASSES, "palette": np.zeros(2)}, True),
        ({**CLASSES, "palette": "none"}, True),
        (["cat" * 1_000_000], True),
    ],
)
def test_another_description_is_told_in_a_few_lines(
    forged: Any, told: bool, tmp_path: Path
) -> None:
    first = resumed_from(tmp_path, None)
    path = Path(first.work_dir) / "epoch_3.pth"
    checkpoint = torch.load(path, weights_only=False)
    checkpoint["meta"]["dataset_meta"] = forged
    torch.save(checkpoint, path)
    log = Path(resumed_from(tmp_path, str(path)).logger.log_file).read_text()
    assert ("The dataset metainfo of this run is not that of the checkpoint" in log) is told
    assert len(log) < 100_000


@pytest.mark.parametrize(
    "code",
    [
        hostile.laughs(40),
        hostile.array(
            (1,),
            hostile.call(hostile.DTYPE, hostile.plain("O8"), b"\x89", b"\x88"),
            b"A" * 8,
        ),
    ],
)
def test_a_forged_one_is_refused(code: bytes, tmp_path: Path) -> None:
    meta = b"}" + hostile.plain("dataset_meta") + code + b"s"
    pickled = b"\x80\x02}" + hostile.plain("meta") + meta + b"s."
    (tmp_path / "forged.pth").write_bytes(hostile.archive(pickled))
    with pytest.raises(CheckpointFileError, match=r"forged\.pth holds"):
        resumed_from(tmp_path, str(tmp_path / "forged.pth"))
