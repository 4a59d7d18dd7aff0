"""Optimizer wrappers, dicts of them and constructors in a plain LightningModule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from mmlight.engine import (
    MultiOptimWrapperConstructor,
    PGGANOptimWrapperConstructor,
    SinGANOptimWrapperConstructor,
)
from mmlight.hooks import ParamSchedulerHook
from mmlight.logging import MessageHub
from mmlight.optim import (
    AmpOptimWrapper,
    DefaultOptimWrapperConstructor,
    MultiStepLR,
    OptimWrapper,
    OptimWrapperDict,
    build_optim_wrapper,
)

BATCHES = 6
SGD = {"type": "SGD", "lr": 0.1}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Trainer writes where it is."""
    monkeypatch.chdir(tmp_path)


def trainer(**kwargs: Any) -> pl.Trainer:
    return pl.Trainer(
        **{
            "max_epochs": 1,
            "accelerator": "cpu",
            "logger": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
            "enable_checkpointing": False,
            **kwargs,
        }
    )


def data() -> DataLoader:
    return DataLoader(torch.arange(BATCHES * 4.0).reshape(-1, 4).sin(), batch_size=1)


def fit(module: pl.LightningModule, **kwargs: Any) -> pl.Trainer:
    made = trainer(**kwargs)
    made.fit(module, data())
    return made


class One(pl.LightningModule):
    """One network; ``make`` gives what configure_optimizers returns."""

    def __init__(self, make: Any, automatic: bool = True) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.automatic_optimization = automatic
        self.net = nn.Sequential(nn.Linear(4, 3), nn.BatchNorm1d(3), nn.Linear(3, 1)).eval()
        self.make = make
        self.norms: list[float] = []

    def configure_optimizers(self) -> Any:
        return self.make(self)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        self.net.eval()
        if self.automatic_optimization:
            return self.net(batch).square().mean()
        optimizer: Any = self.optimizers()
        with optimizer.optim_context(self):
            loss = self.net(batch).square().mean()
        optimizer.update_params(loss)
        return loss

    def on_before_optimizer_step(self, optimizer: Any) -> None:
        grads = [p.grad for p in self.parameters() if p.grad is not None]
        self.norms.append(float(torch.stack([g.norm() for g in grads]).norm()))


def by_hand(make: Any) -> dict[str, torch.Tensor]:
    """The weights after the same batches, with torch alone."""
    module = One(make)
    wrapper = make(module)
    wrapper.initialize_count_status(module, 0, BATCHES)
    for batch in data():
        with wrapper.optim_context(module.net):
            loss = module.net(batch).square().mean()
        wrapper.update_params(loss)
    return module.state_dict()


def assert_same(module: pl.LightningModule, weights: dict[str, torch.Tensor]) -> None:
    for name, value in module.state_dict().items():
        torch.testing.assert_close(value, weights[name], rtol=1e-6, atol=1e-7)


def paramwise(module: nn.Module) -> OptimWrapper:
    return build_optim_wrapper(
        module, {"optimizer": SGD, "paramwise_cfg": {"custom_keys": {"net.0": {"lr_mult": 0.1}}}}
    )


def clipped(module: nn.Module) -> OptimWrapper:
    return build_optim_wrapper(module, {"optimizer": SGD, "clip_grad": {"max_norm": 0.01}})


OPTIMIZATION = pytest.mark.parametrize("automatic", [True, False])


@OPTIMIZATION
@pytest.mark.parametrize("make", [paramwise, clipped])
def test_a_wrapper_updates_as_it_does_alone(make: Any, automatic: bool) -> None:
    module = One(make, automatic)
    made = fit(module)
    assert_same(module, by_hand(make))
    assert made.global_step == BATCHES
    assert len(module.norms) == BATCHES  # the events of Lightning's step came too


@OPTIMIZATION
def test_the_norm_before_clipping_is_recorded(automatic: bool) -> None:
    hub = MessageHub.get_instance(f"norms {automatic}")
    module = One(clipped, automatic)
    fit(module)
    assert len(hub.log_scalars["train/grad_norm"].data[0]) == BATCHES
    assert max(module.norms) <= 0.0101


@OPTIMIZATION
def test_a_constructor_itself(automatic: bool) -> None:
    constructor = DefaultOptimWrapperConstructor({"optimizer": SGD}, {"bias_lr_mult": 2.0})
    module = One(constructor, automatic)
    fit(module)
    assert_same(module, by_hand(constructor))


def test_accumulation_under_manual_optimization() -> None:
    def make(module: nn.Module) -> OptimWrapper:
        return OptimWrapper(torch.optim.SGD(module.parameters(), lr=0.1), accumulative_counts=3)

    module = One(make, automatic=False)
    made = fit(module)
    assert_same(module, by_hand(make))
    assert made.global_step == BATCHES // 3


def test_the_trainers_own_accumulation_and_clipping_work_with_a_wrapper() -> None:
    module = One(paramwise)
    made = fit(module, accumulate_grad_batches=3, gradient_clip_val=0.01)
    assert made.global_step == 2
    torch.manual_seed(3)
    other = One(lambda m: paramwise(m).optimizer)
    fit(other, accumulate_grad_batches=3, gradient_clip_val=0.01)
    assert_same(module, other.state_dict())


@pytest.mark.parametrize(
    ("kwargs", "of_trainer", "automatic", "message"),
    [
        ({"accumulative_counts": 4}, {}, True, r"Trainer\(accumulate_grad_batches=4\)"),
        ({"type": "AmpOptimWrapper"}, {}, True, r"Trainer\(precision='16-mixed'\)"),
        ({"type": "AmpOptimWrapper"}, {"precision": "bf16-mixed"}, False, "both cast and scale"),
    ],
)
def test_what_cannot_work_names_what_to_use(
    kwargs: dict, of_trainer: dict, automatic: bool, message: str
) -> None:
    module = One(lambda m: build_optim_wrapper(m, {"optimizer": SGD, **kwargs}), automatic)
    with pytest.raises(ValueError, match=message):
        fit(module, **of_trainer)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_an_amp_wrapper_casts_and_scales_under_manual_optimization(dtype: str) -> None:
    def make(module: nn.Module) -> AmpOptimWrapper:
        return AmpOptimWrapper(
            optimizer=torch.optim.SGD(module.parameters(), lr=0.1), dtype=dtype, loss_scale=64.0
        )

    module = One(make, automatic=False)
    made = fit(module)
    assert_same(module, by_hand(make))
    assert made.global_step == BATCHES


def test_the_precision_of_the_trainer_is_between() -> None:
    module = One(paramwise, automatic=False)
    fit(module, precision="bf16-mixed")
    other = One(lambda m: paramwise(m).optimizer)
    fit(other, precision="bf16-mixed")
    assert_same(module, other.state_dict())


def test_steps_without_update_params() -> None:
    class ByHand(One):
        def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
            self.net.eval()
            optimizer: Any = self.optimizers()
            loss = self.net(batch).square().mean()
            self.manual_backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            return loss

    module = ByHand(clipped, automatic=False)
    made = fit(module)
    assert_same(module, by_hand(clipped))
    assert made.global_step == BATCHES


class Gan(pl.LightningModule):
    """Two networks, each with a wrapper."""

    automatic_optimization = False

    def __init__(self, make: Any, keep: bool = False) -> None:
        super().__init__()
        self.automatic_optimization = False
        torch.manual_seed(5)
        self.generator = nn.Linear(2, 4)
        self.discriminator = nn.Linear(4, 1)
        self.make = make
        self.keep = keep
        self.wrappers: Any = None

    def configure_optimizers(self) -> Any:
        returned = self.make(self)
        self.wrappers = returned[0] if isinstance(returned, tuple) else returned
        return returned

    def training_step(self, batch: Any, batch_idx: int) -> None:
        if self.keep:  # under their names, as the documented train_step does
            generator, discriminator = self.wrappers["generator"], self.wrappers["discriminator"]
        else:
            generator, discriminator = self.optimizers()
        fake = self.generator(torch.ones(1, 2))
        loss = self.discriminator(fake.detach()).mean() - self.discriminator(batch).mean()
        discriminator.update_params(loss)
        generator.update_params(-self.discriminator(fake).mean())


TWO = MultiOptimWrapperConstructor(
    {"generator": {"optimizer": SGD}, "discriminator": {"optimizer": {"type": "Adam", "lr": 0.01}}}
)


def test_a_dict_of_wrappers() -> None:
    modules = [Gan(TWO), Gan(TWO, keep=True), Gan(lambda m: list(TWO(m).values()))]
    for module in modules:
        assert fit(module).global_step == 2 * BATCHES
        for name, value in module.state_dict().items():
            assert torch.equal(value, modules[0].state_dict()[name])
    assert not torch.equal(modules[0].generator.weight, Gan(TWO).generator.weight)


def test_a_dict_of_wrappers_with_schedulers_by_name() -> None:
    def make(module: nn.Module) -> Any:
        wrappers = TWO(module)
        schedulers = {
            name: [MultiStepLR(wrapper, milestones=[1])] for name, wrapper in wrappers.items()
        }
        return wrappers, schedulers

    made = fit(Gan(make))
    assert [config.scheduler.optimizer for config in made.lr_scheduler_configs] == made.optimizers


def test_several_optimizers_under_automatic_optimization_are_refused_by_lightning() -> None:
    module = Gan(TWO)
    module.automatic_optimization = True
    with pytest.raises(RuntimeError, match="only supported with manual optimization"):
        fit(module)


class Network(nn.Module):
    """Two blocks."""

    def __init__(self) -> None:
        super().__init__()
        self.blocks = nn.ModuleList([nn.Linear(4, 4), nn.Linear(4, 4)])


class Growing(pl.LightningModule):
    """Networks of blocks, one a scale."""

    def __init__(self, constructor: Any) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.generator = Network()
        self.scales = [4, 8]
        self.constructor = constructor
        self.stepped: list[str] = []

    def configure_optimizers(self) -> OptimWrapperDict:
        self.wrappers = self.constructor(self)
        return self.wrappers

    def training_step(self, batch: Any, batch_idx: int) -> None:
        name = list(self.wrappers)[batch_idx % 2]
        self.wrappers[name].update_params(self.generator.blocks[0](batch).square().mean())
        self.stepped.append(name)


@pytest.mark.parametrize(
    "constructor", [PGGANOptimWrapperConstructor, SinGANOptimWrapperConstructor]
)
def test_constructors_by_scale(constructor: Any) -> None:
    module = Growing(constructor({"generator": {"optimizer": SGD}}))
    before = module.generator.blocks[0].weight.detach().clone()
    made = fit(module)
    assert made.global_step == BATCHES
    assert not torch.equal(module.generator.blocks[0].weight, before)
    assert len(set(module.stepped)) == 2


@OPTIMIZATION
def test_a_checkpoint_of_lightnings_resumes(tmp_path: Any, automatic: bool) -> None:
    def make(module: nn.Module) -> Any:
        adam = {"type": "Adam", "lr": 0.01}
        wrapper = build_optim_wrapper(
            module, {"optimizer": adam, "paramwise_cfg": {"bias_lr_mult": 2.0}}
        )
        return [wrapper], [MultiStepLR(wrapper, milestones=[4], by_epoch=False)]

    def run(epochs: int, ckpt_path: Any = None) -> pl.Trainer:
        made = trainer(max_epochs=epochs, callbacks=[] if automatic else [ParamSchedulerHook()])
        made.fit(One(make, automatic), data(), ckpt_path=ckpt_path)
        return made

    whole = run(2)
    run(1).save_checkpoint(tmp_path / "last.ckpt")
    resumed = run(2, tmp_path / "last.ckpt")
    assert_same(resumed.lightning_module, whole.lightning_module.state_dict())
    assert resumed.optimizers[0].param_groups[-1]["lr"] == pytest.approx(0.001)


def test_learning_rate_monitor(tmp_path: Any) -> None:
    def make(module: nn.Module) -> Any:
        wrapper = paramwise(module)
        return [wrapper], [MultiStepLR(wrapper, milestones=[2], by_epoch=False)]

    monitor = pl.callbacks.LearningRateMonitor()
    logger = pl.loggers.CSVLogger(tmp_path)
    fit(One(make), callbacks=[monitor], logger=logger, log_every_n_steps=1)
    assert monitor.lrs["lr-OptimWrapper/pg1"] == pytest.approx([0.01] * 2 + [0.001] * 4)
