"""FlexibleRunner: what its `strategy` says is what the Trainer below does, or is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from mmlight._strategy import BaseStrategy, DDPStrategy, FSDPStrategy, SingleDeviceStrategy
from mmlight.config import Config
from mmlight.model import BaseModel
from mmlight.registry import MODELS
from mmlight.runner import FlexibleRunner, Runner
from tests._strategy.strategy_runs import train
from tests.bridge.parts import config
from tests.bridge.ranks import together
from tests.parity.compare import assert_same


def flexible(folder: Path, **changes: Any) -> FlexibleRunner:
    return FlexibleRunner.from_cfg(Config(config(folder, **changes)))


@pytest.mark.parametrize("strategy", [None, {"type": "SingleDeviceStrategy"}])
def test_trains_as_a_runner_does(strategy: Any, tmp_path: Path) -> None:
    ours = train(tmp_path / "flexible", strategy=strategy)
    plain = Runner.from_cfg(Config(config(tmp_path / "plain")))
    plain.train()
    assert (ours["runner"], ours["launcher"], ours["world"]) == ("FlexibleRunner", "none", 1)
    assert_same(ours["weights"], dict(plain.model.state_dict()))


def test_ddp_is_that_of_a_runner_under_the_launcher(tmp_path: Path) -> None:
    strategy = {"type": "DDPStrategy", "model_wrapper": {"find_unused_parameters": True}}
    ours = together(tmp_path / "a", train, tmp_path / "a", strategy=strategy)
    plain = together(tmp_path / "b", train, tmp_path / "b", launcher="pytorch")
    assert [one["launcher"] for one in ours] == ["pytorch"] * 2
    assert {one["wrapper"] for one in ours} == {"MMDistributedDataParallel"}
    for mine, other in zip(ours, plain, strict=True):
        assert_same(mine["weights"], other["weights"])


def test_fsdp_splits_the_model_and_comes_to_the_same_weights(tmp_path: Path) -> None:
    strategy = {
        "type": "CPUShards",
        "model_wrapper": {
            "auto_wrap_policy": {"type": "size_based_auto_wrap_policy", "min_num_params": 1},
            "process_group_backend": "gloo",
        },
    }
    ours = together(tmp_path / "a", train, tmp_path / "a", strategy=strategy)
    plain = together(tmp_path / "b", train, tmp_path / "b", launcher="pytorch")
    assert {(one["strategy"], one["world"]) for one in ours} == {("OnCPU", 2)}
    for mine, other in zip(ours, plain, strict=True):
        whole = {key.removeprefix("module."): value for key, value in other["weights"].items()}
        torch.testing.assert_close(mine["weights"], whole)


def test_fsdp_reads_values_as_a_config_has_them() -> None:
    built = FSDPStrategy(
        model_wrapper={
            "type": "MMFullyShardedDataParallel",
            "cpu_offload": True,
            "mixed_precision": {"param_dtype": "bfloat16"},
            "sharding_strategy": "SHARD_GRAD_OP",
        },
        activation_checkpointing={"check_fn": lambda module: isinstance(module, nn.Linear)},
        state_dict_cfg="full",
    ).trainer_arguments()["strategy"]
    assert built.cpu_offload.offload_params
    assert built.mixed_precision_config.param_dtype == torch.bfloat16
    assert built.sharding_strategy.name == "SHARD_GRAD_OP"
    model = nn.Sequential(nn.Linear(2, 2), nn.ReLU())
    policy = built._activation_checkpointing_kwargs["auto_wrap_policy"]  # Lightning's use of it
    wanted = [policy(module, recurse=False, nonwrapped_numel=0) for module in model]
    assert wanted == [True, False]


def test_keys_of_the_strategy_reach_the_run(tmp_path: Path) -> None:
    strategy = {
        "type": "DDPStrategy",
        "sync_bn": "torch",
        "model_wrapper": {"broadcast_buffers": True},
    }
    runner = flexible(tmp_path, strategy=strategy, compile={"backend": "eager"})
    assert isinstance(runner.strategy, DDPStrategy)
    assert runner.cfg.sync_bn == "torch"
    assert runner.cfg.model_wrapper_cfg == {"broadcast_buffers": True}
    assert runner.cfg.compile == {"backend": "eager"}
    again = FlexibleRunner.from_cfg(Config.fromfile(next(tmp_path.glob("*/vis_data/*.py"))))
    assert again.cfg.sync_bn == "torch"


@MODELS.register_module()
class Initialised(BaseModel):
    """Says that its weights were initialised."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(4, 1)
        self.done = False

    def init_weights(self) -> None:
        self.done = True

    def forward(self, inputs: Any, labels: Any = None, mode: str = "tensor") -> Any:
        loss = self.layer(inputs).square().mean()
        return {"loss": loss} if mode == "loss" else [loss]


@pytest.mark.parametrize("skip", [False, True])
def test_weights_need_not_be_initialised(skip: bool, tmp_path: Path) -> None:
    strategy = BaseStrategy()
    strategy.skip_init_weights = skip
    nothing = {"val_dataloader": None, "val_cfg": None, "val_evaluator": None}
    runner = flexible(tmp_path, model={"type": "Initialised"}, strategy=strategy, **nothing)
    runner.train()
    assert runner.model.done is not skip


def test_a_path_may_be_resumed_from(tmp_path: Path) -> None:
    flexible(tmp_path / "a").train()
    file = str(next((tmp_path / "a").glob("epoch_1.pth")))
    resumed = flexible(tmp_path / "b", resume=file)
    resumed.load_or_resume()
    assert resumed.epoch == 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"strategy": {"type": "DeepSpeedStrategy", "fp16": {}}}, ValueError, "type='FSDPStra"),
        ({"strategy": {"type": "ColossalAIStrategy"}}, ValueError, "ColossalAI trains with an"),
        ({"strategy": {"type": "DDPStrateg"}}, KeyError, "DDPStrategy"),
        ({"strategy": {"type": "DDPStrategy", "work_dir": "x"}}, TypeError, "strategy.work_dir"),
        ({"strategy": {"type": "DDPStrategy", "sync": 1}}, TypeError, "argument 'sync'"),
        ({"strategy": "ddp"}, TypeError, r"trainer=dict\(strategy=...\)"),
        (
            {"strategy": {"type": "FSDPStrategy", "state_dict_cfg": {"type": "sharded"}}},
            ValueError,
            "checkpoints are whole files",
        ),
        (
            {"strategy": {"type": "FSDPStrategy", "activation_checkpointing": {"fn": 1}}},
            ValueError,
            "takes check_fn and nothing else",
        ),
        (
            {"strategy": {"type": "FSDPStrategy", "model_wrapper": {"type": "Other"}}},
            ValueError,
            "strategy.model_wrapper.type",
        ),
        (
            {"strategy": {"type": "SingleDeviceStrategy"}, "trainer": {"devices": 2}},
            ValueError,
            "trainer.devices=2 contradicts strategy.type='SingleDeviceStrategy'",
        ),
        (
            {"strategy": {"type": "SingleDeviceStrategy"}, "launcher": "pytorch"},
            ValueError,
            "contradicts launcher='pytorch'",
        ),
        (
            {"strategy": {"type": "DDPStrategy", "sync_bn": "torch"}, "sync_bn": "mmcv"},
            ValueError,
            "sync_bn='mmcv' contradicts",
        ),
        ({"model": None, "strategy": SingleDeviceStrategy}, TypeError, "strategy should be"),
    ],
)
def test_what_cannot_be_obeyed_is_named(
    changes: dict, error: type[Exception], message: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=message):
        flexible(tmp_path, **changes)


def test_lightnings_strategy_of_the_same_name_is_told_by_its_path(tmp_path: Path) -> None:
    with pytest.raises(KeyError, match=r"type='lightning\.pytorch\.strategies\.DDPStrategy'"):
        Runner.from_cfg(config(tmp_path, trainer={"strategy": {"type": "DDPStrategy"}}))
