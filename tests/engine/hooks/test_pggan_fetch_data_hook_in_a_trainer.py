"""PGGANFetchDataHook in a Trainer of one's own."""

from __future__ import annotations

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from mmlight.engine import PGGANFetchDataHook

from .test_pggan_fetch_data_hook import SCALES, GrowingImages


class Data(pl.LightningDataModule):
    """The growing images."""

    def __init__(self) -> None:
        super().__init__()
        self.images = GrowingImages()

    def train_dataloader(self) -> DataLoader:
        return DataLoader(self.images, batch_size=self.images.samples_per_gpu, shuffle=True)

    def val_dataloader(self) -> DataLoader:
        return DataLoader(torch.ones(1))


class Plain(pl.LightningModule):
    """Grows after three and after eight iterations, in its training step."""

    def __init__(self, automatic: bool) -> None:
        super().__init__()
        self.automatic_optimization = automatic
        self.weight = nn.Parameter(torch.ones(1))
        self.register_buffer("done", torch.zeros((), dtype=torch.long))
        self.seen: list[tuple[int, int, int]] = []
        self.validated: list[int] = []

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        if not self.trainer.sanity_checking:
            self.validated.append(int(self.done))

    @property
    def curr_scale(self) -> int:
        return SCALES[(int(self.done) >= 3) + (int(self.done) >= 8)]

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), lr=0.0)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        images = batch["inputs"]
        self.seen.append((self.current_epoch, len(images), images.shape[-1]))
        self.done += 1
        loss = (self.weight * images).mean()
        if not self.automatic_optimization:
            optimizer: Any = self.optimizers()
            self.manual_backward(loss)
            optimizer.step()
        return loss


def fit(folder: Any, automatic: bool, **kwargs: Any) -> Plain:
    module = Plain(automatic)
    trainer = pl.Trainer(
        callbacks=[PGGANFetchDataHook()],
        default_root_dir=folder,
        max_steps=14,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        **kwargs,
    )
    trainer.fit(module, Data())
    return module


@pytest.mark.parametrize("automatic", [True, False])
def test_images_and_batches_follow_the_model(tmp_path: Any, automatic: bool) -> None:
    module = fit(tmp_path, automatic)
    # 16 images in batches of 8, then 8 of 4, then 4 of 2: two batches an epoch.
    assert [size for _, size, _ in module.seen] == [8] * 3 + [4] * 5 + [2] * 6
    assert [scale for *_, scale in module.seen] == [4] * 3 + [8] * 5 + [16] * 6
    # The model grows in the middle of the second epoch, which goes on for the two new batches.
    assert module.validated == [2, 5, 7, 10, 12, 14]  # after each epoch
    assert [epoch for epoch, *_ in module.seen] == [0] * 2 + [1] * 3 + [2] * 2 + [3] * 3 + [
        4,
        4,
        5,
        5,
    ]


def test_other_data_are_refused(tmp_path: Any) -> None:
    trainer = pl.Trainer(
        callbacks=[PGGANFetchDataHook()],
        default_root_dir=tmp_path,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
    )
    with pytest.raises(TypeError, match="a single DataLoader"):
        trainer.fit(Plain(True), [DataLoader(GrowingImages()), DataLoader(GrowingImages())])
