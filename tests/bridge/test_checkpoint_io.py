"""The plugin by which a Trainer of anybody's reads and writes checkpoints."""

from __future__ import annotations

from pathlib import Path

import lightning.pytorch as L
import pytest
import torch
from torch import nn

from mmlight.bridge.checkpoint_io import AtomicCheckpointIO
from mmlight.fileio.checkpoint_file import DamagedCheckpointError


class Line(L.LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        return self.layer(batch).square().mean()

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.1)


def trainer(folder: Path, epochs: int) -> L.Trainer:
    return L.Trainer(
        plugins=AtomicCheckpointIO(),
        max_epochs=epochs,
        accelerator="cpu",
        default_root_dir=folder,
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )


def loader() -> torch.utils.data.DataLoader:
    return torch.utils.data.DataLoader(torch.arange(4.0).reshape(4, 1), batch_size=2)


def test_a_trainer_saves_and_resumes_through_it(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "last.ckpt"
    first = trainer(tmp_path, 1)
    module = Line()
    first.fit(module, loader())
    first.save_checkpoint(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["last.ckpt"]
    again = Line()
    second = trainer(tmp_path, 2)
    second.fit(again, loader(), ckpt_path=path)
    assert second.global_step == 4
    first.fit_loop.max_epochs = 2
    first.fit(module, loader())
    assert torch.equal(again.layer.weight, module.layer.weight)


def test_damage_is_told_from_a_missing_file(tmp_path: Path) -> None:
    plugin = AtomicCheckpointIO()
    with pytest.raises(FileNotFoundError):
        plugin.load_checkpoint(tmp_path / "none.ckpt")
    (tmp_path / "bad.ckpt").write_bytes(b"PK\x03\x04")
    with pytest.raises(DamagedCheckpointError):
        plugin.load_checkpoint(tmp_path / "bad.ckpt")


def test_removing(tmp_path: Path) -> None:
    plugin = AtomicCheckpointIO()
    plugin.save_checkpoint({"a": 1}, tmp_path / "a.ckpt")
    (tmp_path / "sharded").mkdir()
    (tmp_path / "sharded" / "part").write_text("")
    for name in ("a.ckpt", "sharded", "was never there"):
        plugin.remove_checkpoint(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_own_types_on_request_alone(tmp_path: Path) -> None:
    plugin = AtomicCheckpointIO()
    plugin.save_checkpoint({"layer": nn.Linear(1, 1)}, tmp_path / "a.ckpt")
    with pytest.raises(RuntimeError, match="weights_only=False"):
        plugin.load_checkpoint(tmp_path / "a.ckpt")
    loaded = plugin.load_checkpoint(tmp_path / "a.ckpt", weights_only=False)
    assert isinstance(loaded["layer"], nn.Linear)
