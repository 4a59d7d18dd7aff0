"""PGGANFetchDataHook: images and batches grow with the model, also after a resume."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, Dataset

from mmlight.engine import PGGANFetchDataHook
from mmlight.model import BaseModel
from mmlight.optim import OptimWrapperDict
from tests.engine.toys import Numbers, regression_runner

SCALES = (4, 8, 16)


class GrowingImages(Dataset):
    """Images in three sizes; the larger they are, the fewer make a batch, and the fewer exist."""

    def __init__(self) -> None:
        self.metainfo: dict[str, Any] = {}
        self.scale = 0
        self.update_annotations(SCALES[0])

    def update_annotations(self, curr_scale: int) -> bool:
        if curr_scale == self.scale:
            return False
        self.scale = curr_scale
        self.samples_per_gpu = 32 // curr_scale
        self.size = 64 // curr_scale
        return True

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, index: int) -> dict:
        return {"inputs": torch.full((1, self.scale, self.scale), float(index))}


class Network(nn.Module):
    """One block a scale."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(nn.Linear(1, 1) for _ in SCALES)

    def forward(self, inputs: torch.Tensor, index: int) -> torch.Tensor:
        return self.blocks[index](inputs)


class Growing(BaseModel):
    """Grows by one scale every four iterations, and remembers the batches it saw."""

    def __init__(self) -> None:
        super().__init__()
        self.scales = [(scale, scale) for scale in SCALES]
        self.generator = Network()
        self.register_buffer("done", torch.zeros((), dtype=torch.long))
        self.seen: list[tuple] = []

    @property
    def curr_scale(self) -> tuple[int, int]:
        return self.scales[min(int(self.done) // 4, 2)]

    def train_step(self, data: Any, optim_wrapper: OptimWrapperDict) -> dict:
        images = torch.stack(list(data["inputs"]))
        self.seen.append((tuple(images.shape), tuple(images[:, 0, 0, 0].tolist())))
        index = self.scales.index(self.curr_scale)
        mean = images.mean().reshape(1, 1).to(self.done.device)
        loss = self.generator(mean, index).square().sum()
        optim_wrapper[f"generator_{self.curr_scale[0]}"].update_params(loss)
        self.done += 1
        return {"loss": loss}

    def forward(self, inputs: Any, data_samples: Any = None, mode: str = "tensor") -> Any:
        raise NotImplementedError


def run(path: Path, iters: int, resume: bool = False, workers: int = 0, **changes: Any) -> Growing:
    torch.manual_seed(0)
    model = Growing()
    regression_runner(
        path,
        model=model,
        train_dataloader={
            "batch_size": 8,
            "num_workers": workers,
            "persistent_workers": workers > 0,
            "sampler": {"type": "InfiniteSampler", "shuffle": True},
            "dataset": GrowingImages(),
        },
        train_cfg={"by_epoch": False, "max_iters": iters},
        optim_wrapper={
            "constructor": "PGGANOptimWrapperConstructor",
            "generator": {"optimizer": {"type": "Adam", "lr": 0.01}},
            "lr_schedule": {"generator": {"16": 0.02}},
        },
        default_hooks={"checkpoint": {"type": "CheckpointHook", "interval": 2, "by_epoch": False}},
        custom_hooks=[{"type": "PGGANFetchDataHook"}],
        resume=resume,
        **changes,
    ).train()
    return model


@pytest.mark.parametrize("workers", [0, 1])
def test_batches_grow_with_the_model(tmp_path: Path, workers: int) -> None:
    model = run(tmp_path, 10, workers=workers)
    shapes = [shape for shape, _ in model.seen]
    assert shapes == [(8, 1, 4, 4)] * 4 + [(4, 1, 8, 8)] * 4 + [(2, 1, 16, 16)] * 2
    assert {index for _, batch in model.seen[4:8] for index in batch} == set(range(8))


@pytest.mark.parametrize("stop", [2, 4, 6, 8])
def test_resumed_within_and_between_scales(tmp_path: Path, stop: int) -> None:
    whole = run(tmp_path / "whole", 10)
    run(tmp_path / "parts", stop)
    rest = run(tmp_path / "parts", 10, resume=True)
    assert rest.seen == whole.seen[stop:]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, rest.state_dict()[name]), name


def test_dataloader_without_need_to_change() -> None:
    dataset = GrowingImages()
    dataloader = DataLoader(dataset, batch_size=8)
    hook = PGGANFetchDataHook()
    assert hook.update_dataloader(dataloader, 4) is None
    changed = hook.update_dataloader(dataloader, 8)
    assert changed is not None
    assert (changed.batch_size, len(changed)) == (4, 2)


def test_dataset_that_cannot_grow_is_left_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert PGGANFetchDataHook().update_dataloader(DataLoader(Numbers()), 8) is None
    assert "Numbers has no update_annotations" in "".join(capsys.readouterr())


def test_epochs_are_refused(tmp_path: Path) -> None:
    model = Growing()
    runner = regression_runner(
        tmp_path,
        model=model,
        optim_wrapper={
            "constructor": "PGGANOptimWrapperConstructor",
            "generator": {"optimizer": {"type": "Adam", "lr": 0.01}},
        },
        custom_hooks=[PGGANFetchDataHook()],
    )
    with pytest.raises(TypeError, match="iteration-based"):
        runner.train()
    assert not model.seen
