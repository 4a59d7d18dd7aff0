"""The hooks that do one thing at one or two points."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.distributed as torch_dist

from mmlight.hooks import (
    DistSamplerSeedHook,
    EmptyCacheHook,
    NaiveVisualizationHook,
    SyncBuffersHook,
)
from mmlight.structures import BaseDataElement
from mmlight.visualization import Visualizer
from tests.hooks.toy import Record, iteration_based, loader, runner_of


class Sampler:
    """Remembers the epochs it was told."""

    def __init__(self, dataset: Any, seed: int | None = None, round_up: bool = True) -> None:
        self.size = len(dataset)
        self.epochs: list[int] = []

    def __iter__(self) -> Any:
        return iter(range(self.size))

    def __len__(self) -> int:
        return self.size

    def set_epoch(self, epoch: int) -> None:
        self.epochs.append(epoch)


def test_sampler_is_told_the_epoch(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, train_dataloader=loader(8, 2, sampler={"type": Sampler}))
    runner.train()
    assert runner.train_dataloader.sampler.epochs == [0, 1, 2]


def test_sampler_within_a_batch_sampler_is_told_the_epoch() -> None:
    class Face:
        epoch = 4

        class train_loop:
            class dataloader:
                class batch_sampler:
                    sampler = Sampler(range(3))

    DistSamplerSeedHook().before_train_epoch(Face())
    assert Face.train_loop.dataloader.batch_sampler.sampler.epochs == [4]


@pytest.mark.parametrize(
    ("kwargs", "points"),
    [
        ({"after_epoch": False}, {"before_run"}),  # where it warns that it does nothing
        ({}, {"after_train_epoch", "after_val_epoch", "after_test_epoch"}),
        (
            {"before_epoch": True, "after_epoch": False},
            {"before_train_epoch", "before_val_epoch", "before_test_epoch"},
        ),
        (
            {"after_iter": True, "after_epoch": False},
            {"after_train_iter", "after_val_iter", "after_test_iter"},
        ),
    ],
)
def test_cache_is_emptied_at_the_points_asked_for(kwargs: dict, points: set) -> None:
    assert set(EmptyCacheHook(**kwargs).get_triggered_stages()) == points


def test_cache_may_be_emptied_in_a_run(tmp_path: Path) -> None:
    hook = EmptyCacheHook(before_epoch=True, after_iter=True)
    runner = runner_of(tmp_path, [{"acc": 1.0}] * 3, custom_hooks=[hook])
    runner.train()
    assert runner.iter == 12


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_cache_of_the_gpu_is_empty_afterwards() -> None:
    block = torch.empty(1 << 20, device="cuda")
    del block
    EmptyCacheHook().after_train_epoch(None)
    assert torch.cuda.memory_reserved() == torch.cuda.memory_allocated()


def _average_buffers(rank: int, path: str, results: Any) -> None:
    torch_dist.init_process_group("gloo", init_method=f"file://{path}", rank=rank, world_size=2)

    class Face:
        model = torch.nn.BatchNorm1d(2)
        iter = 4

    hook = SyncBuffersHook()
    Face.model.running_mean.fill_(float(rank))
    hook.after_train_epoch(Face())
    after_epoch = Face.model.running_mean.tolist()
    Face.model.running_mean.fill_(float(rank))
    hook.before_val_epoch(Face())
    right_after = Face.model.running_mean.tolist()
    hook.after_train_epoch(Face())
    Face.model.running_mean.fill_(float(rank))
    Face.iter = 6
    hook.before_val_epoch(Face())
    results[rank] = (after_epoch, right_after, Face.model.running_mean.tolist())
    torch_dist.destroy_process_group()


def test_buffers_are_averaged_over_two_processes(tmp_path: Path) -> None:
    context = torch.multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        results = manager.dict()
        processes = [
            context.Process(target=_average_buffers, args=(rank, str(tmp_path / "meet"), results))
            for rank in range(2)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(120)
        for rank in range(2):
            # A validation right after an epoch does not do it again, one within the next does.
            assert results[rank] == ([0.5, 0.5], [float(rank)] * 2, [0.5, 0.5])


def test_a_single_process_keeps_its_buffers(tmp_path: Path) -> None:
    kept: dict[str, torch.Tensor] = {}
    note = Record(
        "after_train_iter", lambda r: kept.update(mean=r.model.layers[1].running_mean.clone())
    )
    runner = runner_of(tmp_path, custom_hooks=[SyncBuffersHook(), note])
    runner.train()
    assert torch.equal(runner.model.layers[1].running_mean, kept["mean"])


class Canvas(Visualizer):
    """Remembers what it is to draw."""

    def __init__(self, name: str = "canvas") -> None:
        super().__init__(name)
        self.drawn: list[tuple] = []
        self.graphs: list[Any] = []

    def add_datasample(self, name: str, image: np.ndarray, *args: Any, **kwargs: Any) -> None:
        self.drawn.append((name, image, *args))

    def add_graph(self, model: Any, data_batch: Any) -> None:
        self.graphs.append(model)


def sample(**kwargs: Any) -> BaseDataElement:
    info = {"img_path": "folder/cat.png", "ori_width": 4, "ori_height": 3, **kwargs}
    return BaseDataElement(metainfo=info)


class Drawing:
    """What the hook needs of a runner."""

    def __init__(self) -> None:
        self.visualizer = Canvas()
        self.model = torch.nn.Linear(1, 1)


@pytest.mark.parametrize("collated", ["list of dicts", "dict of lists"])
def test_predictions_are_drawn_on_the_original_image(collated: str) -> None:
    image, truth, prediction = torch.full((3, 6, 8), 7.0), sample(), sample()
    batch: Any = [{"inputs": image, "data_sample": truth}]
    if collated == "dict of lists":
        batch = {"inputs": [image], "data_samples": [truth]}
    face = Drawing()
    NaiveVisualizationHook(draw_gt=False).after_test_iter(face, 0, batch, [prediction])
    ((name, drawn, gt, pred, draw_gt, draw_pred),) = face.visualizer.drawn
    assert name == "cat.png"
    assert drawn.shape == (3, 4, 3) and (drawn == 7).all()
    assert (gt, pred, draw_gt, draw_pred) == (truth, prediction, False, True)


def test_padding_is_cut_off_before_resizing() -> None:
    image = torch.zeros(1, 3, 6, 8)
    image[..., :3, :4] = 9.0
    truth = sample(pad_shape=(6, 8), scale=(4, 3))
    face = Drawing()
    NaiveVisualizationHook().after_test_iter(
        face, 0, [{"inputs": image, "data_sample": truth}], [truth]
    )
    assert (face.visualizer.drawn[0][1] == 9).all()


def test_only_every_nth_batch_is_drawn() -> None:
    face = Drawing()
    hook = NaiveVisualizationHook(interval=3)
    for batch_idx in range(7):
        batch = [{"inputs": torch.zeros(3, 6, 8), "data_sample": sample()}]
        hook.after_test_iter(face, batch_idx, batch, [sample()])
    assert len(face.visualizer.drawn) == 2


def test_model_is_given_to_the_visualizer_before_training() -> None:
    face = Drawing()
    NaiveVisualizationHook().before_train(face)
    assert face.visualizer.graphs == [face.model]


def test_iteration_based_run_tells_its_sampler_once(tmp_path: Path) -> None:
    runner = runner_of(
        tmp_path,
        train_dataloader=loader(8, 2, sampler={"type": Sampler}),
        train_cfg=iteration_based(4),
        log_processor={"by_epoch": False},
    )
    runner.train()
    assert runner.train_dataloader.sampler.epochs[:1] == [0]
