"""An unmodified package built on MMEngine works on mmlight and gives the numbers it gave before.

It needs mmpretrain, which wants a torchvision that fits torch; CONTRIBUTING.md says how to install
it for this test alone.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.parity.compare import assert_same
from tests.parity.engines import ROOT, Engine

FOLDER = ROOT / ".parity" / "mmpretrain"


def available() -> bool:
    """Whether mmpretrain lies where this test looks, and torchvision loads."""
    if not (FOLDER / "mmpretrain").is_dir():
        return False
    try:
        import torchvision  # noqa: F401
    except (ImportError, RuntimeError):  # RuntimeError: one that is built for another torch
        return False
    return True


pytestmark = pytest.mark.skipif(
    not available(), reason="mmpretrain is not installed in .parity/mmpretrain: see CONTRIBUTING.md"
)


def train_a_model(engine: str, folder: str) -> dict[str, Any]:
    import sys

    import torch

    sys.path.insert(0, folder)
    if engine == "mmlight":
        import mmlight.compat

        mmlight.compat.install()
    from mmengine.optim import OptimWrapper
    from mmpretrain import get_model
    from mmpretrain.structures import DataSample

    model = get_model("resnet18_8xb32_in1k")
    torch.manual_seed(0)
    model.init_weights()
    model.train()
    wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.01))
    losses = []
    for label in range(3):
        samples = [DataSample().set_gt_label(label), DataSample().set_gt_label(label + 1)]
        loss = model(torch.randn(2, 3, 64, 64), samples, mode="loss")["loss"]
        wrapper.update_params(loss)
        losses.append(loss.detach())
    return {"losses": losses, "weights": dict(model.state_dict())}


def read_all_configs(engine: str, folder: str) -> tuple[int, list[str]]:
    import sys
    from pathlib import Path

    sys.path.insert(0, folder)
    if engine == "mmlight":
        import mmlight.compat

        mmlight.compat.install()
    from mmengine.config import Config

    configs = Path(folder) / "mmpretrain" / ".mim" / "configs"
    read, refused = 0, []
    for path in sorted(configs.rglob("*.py")):
        if "_base_" in path.parts:
            continue
        try:
            Config.fromfile(path)
            read += 1
        except Exception:  # whatever a config of theirs may raise
            refused.append(str(path.relative_to(configs)))
    return read, refused


def test_a_model_of_its_zoo_trains_to_the_same_weights(both: Any) -> None:
    theirs, ours = both(train_a_model, str(FOLDER))
    assert_same(ours, theirs)


def test_the_same_configs_of_its_zoo_are_read(both: Any) -> None:
    (their_count, their_refused), ours = both(read_all_configs, str(FOLDER))
    assert their_count > 500
    assert ours == (their_count, their_refused)


def test_the_alias_is_what_it_runs_on(mmlight: Engine) -> None:
    assert mmlight.run(base_of_its_classifier, str(FOLDER)) == "mmlight.model.base_model.base_model"


def base_of_its_classifier(engine: str, folder: str) -> str:
    import sys

    import mmlight.compat

    sys.path.insert(0, folder)
    mmlight.compat.install()
    from mmengine.model import BaseModel
    from mmpretrain.models import ImageClassifier

    assert issubclass(ImageClassifier, BaseModel)
    return BaseModel.__module__
