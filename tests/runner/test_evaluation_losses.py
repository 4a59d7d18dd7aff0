"""Losses that a model returns beside its predictions in a validation or test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch

import mmlight
from mmlight.runner.evaluation_losses import EvaluationLosses
from mmlight.structures import BaseDataElement, InstanceData
from tests.hooks.toy import Net, Scores, loader, runner_of


class LossyNet(Net):
    """Tells its losses when it predicts, too."""

    def forward(self, inputs: Any, mode: str = "tensor") -> Any:
        if mode != "predict":
            return super().forward(inputs, mode)
        losses = {"loss_sum": inputs.sum(), "loss_first": [inputs[0, 0], inputs[0, 1]], "n": 2}
        return [*inputs, BaseDataElement(loss=losses)]


def expected(data: dict[str, Any]) -> dict[str, float]:
    rows = data["dataset"].rows
    sums = [float(batch.sum()) for batch in rows.split(2)]
    firsts = [float(value) for batch in rows.split(2) for value in batch[0, :2]]
    means = {"loss_sum": sum(sums) / len(sums), "loss_first": sum(firsts) / len(firsts), "n": 2.0}
    return {**means, "val_loss": means["loss_sum"] + means["loss_first"]}


def test_averages_are_metrics_of_the_validation(tmp_path: Path) -> None:
    data = loader(5, 2)
    runner = runner_of(
        tmp_path,
        [{"acc": 1.0}] * 3,
        model=LossyNet(),
        val_dataloader=data,
        default_hooks={"checkpoint": {"save_best": "val_loss", "rule": "less"}},
    )
    runner.train()
    for name, value in expected(data).items():
        history = runner.message_hub.get_scalar(f"val/{name}").data[0]
        assert history.tolist() == pytest.approx([value] * 3), "each validation begins anew"
    assert runner.message_hub.get_info("best_score") == pytest.approx(expected(data)["val_loss"])


def test_evaluator_and_hooks_get_the_predictions_alone(tmp_path: Path) -> None:
    seen: list[int] = []

    class Count(Scores):
        def process(self, data_batch: Any, data_samples: Any) -> None:
            seen.append(len(data_samples))

        def compute_metrics(self, results: list) -> dict[str, Any]:
            return {"acc": 1.0}

    runner = runner_of(
        tmp_path,
        model=LossyNet(),
        test_dataloader=loader(5, 2),
        test_cfg={},
        test_evaluator=[Count([])],
    )
    metrics = runner.test()
    assert seen == [2, 2, 1]
    assert list(metrics) == ["acc", "loss_sum", "loss_first", "n", "test_loss"]


def test_the_same_under_a_trainer_of_ones_own(tmp_path: Path) -> None:
    data = loader(5, 2)
    cfg = runner_of(tmp_path, [{"acc": 1.0}] * 3, model=LossyNet(), val_dataloader=data).cfg
    ported = mmlight.from_config(cfg)
    trainer = pl.Trainer(**ported.trainer_kwargs)
    trainer.fit(ported.module, ported.datamodule)
    for name, value in expected(data).items():
        assert float(trainer.callback_metrics[name]) == pytest.approx(value)


@pytest.mark.parametrize(
    "outputs",
    [
        [],
        {"loss": 1.0},
        [BaseDataElement(loss={"loss": 1.0}, scores=2)],
        [BaseDataElement(losses={"loss": 1.0})],
        [{"loss": 1.0}],
        [InstanceData(scores=torch.ones(2))],
    ],
)
def test_other_outputs_pass_through(outputs: Any) -> None:
    losses = EvaluationLosses("val")
    assert losses.take(outputs) is outputs
    assert losses.finish() == {}


@pytest.mark.parametrize(
    ("loss", "message"),
    [
        (torch.ones(1), "val_step returns .* must be a dict, but got Tensor"),
        ({"loss_a": torch.ones(3)}, r"'loss_a' .* Tensor of shape \(3,\)"),
        ({"loss_a": "much"}, "'loss_a' .* but got str"),
    ],
)
def test_losses_that_are_no_numbers(loss: Any, message: str) -> None:
    with pytest.raises(TypeError, match=message):
        EvaluationLosses("val").take([BaseDataElement(loss=loss)])


def _average(rank: int, path: str, results: Any) -> None:
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{path}", rank=rank, world_size=2
    )
    losses = EvaluationLosses("val")
    for value in [1.0, 2.0] if rank == 0 else [6.0]:
        extra = {} if rank == 0 else {"loss_late": 4.0}
        losses.take([BaseDataElement(loss={"loss": torch.tensor(value), **extra})])
    results[rank] = losses.finish()
    torch.distributed.destroy_process_group()


def test_processes_agree_on_the_average(tmp_path: Path) -> None:
    context = torch.multiprocessing.get_context("spawn")
    with context.Manager() as manager:
        results = manager.dict()
        processes = [
            context.Process(target=_average, args=(rank, str(tmp_path / "meet"), results))
            for rank in range(2)
        ]
        for process in processes:
            process.start()
        for process in processes:
            process.join(120)
        assert results[0] == results[1] == {"loss": 3.0, "loss_late": 4.0, "val_loss": 7.0}
