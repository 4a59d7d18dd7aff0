"""Schedulers that a plain LightningModule returns: the same curves as in a Runner."""

from __future__ import annotations

import warnings
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader

from mmlight import optim
from mmlight.engine import LinearLrInterval, ReduceLR, ReduceLRSchedulerHook
from mmlight.hooks import Hook, ParamSchedulerHook
from mmlight.model import BaseModel
from mmlight.runner import Runner
from tests.optim.scheduler_cases import CASES

EPOCHS, BATCHES = 4, 3
OPTIMIZATION = pytest.mark.parametrize("automatic", [True, False])


@pytest.fixture(autouse=True)
def _logs_go_to_a_folder_of_the_test(tmp_path: Any, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)


class Net(BaseModel):
    """One weight, in a Runner."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1)

    def forward(self, inputs: torch.Tensor, mode: str = "loss") -> Any:
        return {"loss": self.layer(inputs).square().mean()}


class Curve(Hook):
    """Notes a setting of the first parameter group before each iteration."""

    def __init__(self, setting: str) -> None:
        self.setting = setting
        self.values: list[float] = []

    def before_train_iter(self, runner: Any, batch_idx: int, data_batch: Any = None) -> None:
        self.values.append(runner.optim_wrapper.param_groups[0][self.setting])


class Plain(pl.LightningModule):
    """One weight, in a Trainer; ``returned`` says what configure_optimizers returns."""

    def __init__(self, returned: Any, automatic: bool = True, losses: Any = (1.0,)) -> None:
        super().__init__()
        self.automatic_optimization = automatic
        self.layer = nn.Linear(1, 1)
        self.returned = returned
        self.losses = losses

    def configure_optimizers(self) -> Any:
        sgd = torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9)
        return self.returned(sgd)

    def training_step(self, batch: Any, batch_idx: int) -> torch.Tensor:
        loss = self.layer(batch).square().mean()
        if not self.automatic_optimization:
            optimizer: Any = self.optimizers()
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()
        return loss

    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("val_loss", self.losses[min(self.current_epoch, len(self.losses) - 1)])


def fit(module: Plain, *hooks: Any, epochs: int = EPOCHS, ckpt_path: Any = None) -> pl.Trainer:
    trainer = pl.Trainer(
        callbacks=list(hooks),
        max_epochs=epochs,
        accelerator="cpu",
        logger=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    loaders = [DataLoader(torch.ones(BATCHES, 1)), DataLoader(torch.ones(1, 1))]
    trainer.fit(module, *loaders, ckpt_path=ckpt_path)
    return trainer


def in_a_runner(tmp_path: Any, scheduler: dict, setting: str) -> list[float]:
    curve = Curve(setting)
    Runner(
        model=Net(),
        work_dir=str(tmp_path),
        train_dataloader={
            "dataset": [{"inputs": torch.ones(1)}] * BATCHES,
            "batch_size": 1,
            "sampler": {"type": "DefaultSampler", "shuffle": False},
            "collate_fn": {"type": "default_collate"},
        },
        train_cfg={"by_epoch": True, "max_epochs": EPOCHS},
        optim_wrapper={"optimizer": {"type": "SGD", "lr": 0.1, "momentum": 0.9}},
        param_scheduler=scheduler,
        default_hooks={"logger": None, "checkpoint": None},
        custom_hooks=[curve],
    ).train()
    return curve.values


EVERY = [
    (f"{family}{kind}", arguments)
    for kind in ("LR", "Momentum", "ParamScheduler")
    for family, arguments in CASES
    if (family, kind) != ("OneCycle", "Momentum")
]


@pytest.mark.parametrize("by_epoch", [True, False])
@pytest.mark.parametrize(("name", "arguments"), EVERY)
def test_curves_are_those_of_a_runner(
    tmp_path: Any, name: str, arguments: dict, by_epoch: bool
) -> None:
    setting = "momentum" if name.endswith("Momentum") else "lr"
    arguments = {**arguments, "by_epoch": by_epoch}
    if name.endswith("ParamScheduler"):
        arguments["param_name"] = setting
    expected = in_a_runner(tmp_path, {"type": name, **arguments}, setting)
    assert by_epoch or len(set(expected)) > 1

    def returned(sgd: Any) -> Any:
        return [sgd], [getattr(optim, name)(sgd, **arguments)]

    for automatic in (True, False):
        curve = Curve(setting)
        fit(Plain(returned, automatic), curve, *([] if automatic else [ParamSchedulerHook()]))
        assert curve.values == expected, f"automatic={automatic}"


def test_without_any_hook_by_epoch_decides() -> None:
    def returned(sgd: Any) -> Any:
        return [sgd], [optim.LinearLR(sgd, end=20, by_epoch=False)]

    trainer = fit(Plain(returned))
    (config,) = trainer.lr_scheduler_configs
    assert config.interval == "step"
    assert config.scheduler.last_step == EPOCHS * BATCHES


@pytest.mark.parametrize("form", ["dict", "lists", "several dicts"])
def test_every_form_that_lightning_takes(form: str) -> None:
    def returned(sgd: Any) -> Any:
        scheduler = LinearLrInterval(sgd, end=20, interval=2, by_epoch=False)
        pair = {"optimizer": sgd, "lr_scheduler": scheduler}
        forms = {"dict": pair, "lists": ([sgd], scheduler), "several dicts": [pair]}
        return forms[form]

    (config,) = fit(Plain(returned)).lr_scheduler_configs
    assert config.scheduler.last_step == EPOCHS * BATCHES


def test_an_interval_and_a_frequency_of_the_users_go_first() -> None:
    def steps(**config: Any) -> int:
        def returned(sgd: Any) -> Any:
            by_epoch = config.pop("by_epoch", True)
            scheduler = optim.LinearLR(sgd, end=20, by_epoch=by_epoch)
            return [sgd], [{"scheduler": scheduler, **config}]

        return fit(Plain(returned)).lr_scheduler_configs[0].scheduler.last_step

    assert steps(interval="step") == 12
    assert steps(frequency=2) == 2
    assert steps(by_epoch=False, frequency=3) == 4
    with pytest.warns(UserWarning, match=r"LinearLR\(by_epoch=False\) counts iterations"):
        assert steps(by_epoch=False, interval="epoch") == 4


def test_schedulers_of_others_are_left_alone() -> None:
    def returned(sgd: Any) -> Any:
        return [sgd], [torch.optim.lr_scheduler.StepLR(sgd, 1)]

    trainer = fit(Plain(returned))
    assert trainer.lr_scheduler_configs[0].interval == "epoch"
    assert trainer.lr_scheduler_configs[0].scheduler.last_epoch == EPOCHS


LOSSES = (3.0, 3.0, 2.0, 2.0)
WATCHING = {
    "ReduceOnPlateauLR": lambda sgd, **kwargs: optim.ReduceOnPlateauLR(
        sgd, patience=0, factor=0.5, **kwargs
    ),
    "ReduceOnPlateauMomentum": lambda sgd, **kwargs: optim.ReduceOnPlateauMomentum(
        sgd, patience=0, factor=0.5, **kwargs
    ),
    "ReduceOnPlateauParamScheduler": lambda sgd, **kwargs: optim.ReduceOnPlateauParamScheduler(
        sgd, "lr", patience=0, factor=0.5, **kwargs
    ),
    "ReduceLR": lambda sgd, **kwargs: ReduceLR(sgd, patience=0, factor=0.5, **kwargs),
}
FORMS = {
    "its own": lambda sgd, make: ([sgd], [make(sgd, monitor="val_loss")]),
    "beside it": lambda sgd, make: ([sgd], [{"scheduler": make(sgd), "monitor": "val_loss"}]),
    "outside": lambda sgd, make: {
        "optimizer": sgd,
        "lr_scheduler": make(sgd),
        "monitor": "val_loss",
    },
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("name", WATCHING)
def test_a_metric_is_watched_with_monitor_alone(name: str, form: str) -> None:
    setting = "momentum" if name.endswith("Momentum") else "lr"
    first = 0.9 if setting == "momentum" else 0.1
    curve = Curve(setting)
    fit(Plain(lambda sgd: FORMS[form](sgd, WATCHING[name]), losses=LOSSES), curve)
    assert curve.values == pytest.approx([first] * 6 + [first / 2] * 6)


@pytest.mark.parametrize("by_epoch", [True, False])
@pytest.mark.parametrize("name", WATCHING)
def test_bounds_of_a_watching_scheduler_count_as_in_a_runner(name: str, by_epoch: bool) -> None:
    begin = 3 if by_epoch else 3 * BATCHES
    setting = "momentum" if name.endswith("Momentum") else "lr"
    for automatic in (True, False):

        def returned(sgd: Any) -> Any:
            made = WATCHING[name](sgd, monitor="val_loss", begin=begin, by_epoch=by_epoch)
            return [sgd], [made]

        curve = Curve(setting)
        hooks = [] if automatic else [ParamSchedulerHook()]
        fit(Plain(returned, automatic, (1.0,)), curve, *hooks, epochs=6)
        # From the third epoch on it looks: ReduceLR has seen the metric fail to improve before.
        reduced = next(i for i, value in enumerate(curve.values) if value != curve.values[0])
        assert reduced == (3 if name == "ReduceLR" else 4) * BATCHES, automatic


def test_reduce_lr_without_anything_to_watch_is_refused() -> None:
    with pytest.raises(ValueError, match=r"ReduceLR has no metric to watch.*monitor='val_loss'"):
        fit(Plain(lambda sgd: ([sgd], [ReduceLR(sgd)])))


def test_reduce_lr_watches_the_loss_through_its_hook_under_manual_optimization() -> None:
    curve = Curve("lr")
    hook = ReduceLRSchedulerHook(by_epoch=False)
    fit(Plain(lambda sgd: ([sgd], [ReduceLR(sgd, threshold=10.0, patience=0)]), False), curve, hook)
    assert len(set(curve.values)) > 3


def test_reduce_lr_with_a_monitor_needs_no_hook_of_its_own_in_a_runner(tmp_path: Any) -> None:
    sgd = torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=0.1)
    scheduler = ReduceLR(sgd, patience=0, factor=0.5, monitor="acc")

    class Face:
        param_schedulers = [scheduler]

    hook = ParamSchedulerHook()
    for _ in range(2):
        sgd.step()
        hook.after_train_epoch(Face())
        hook.after_val_epoch(Face(), {"acc": 0.5})
    assert sgd.param_groups[0]["lr"] == 0.05
    assert scheduler._global_step == 2


@OPTIMIZATION
def test_a_checkpoint_of_lightnings_resumes_the_curve(tmp_path: Any, automatic: bool) -> None:
    def returned(sgd: Any) -> Any:
        return [sgd], [optim.PolyLR(sgd, end=12, by_epoch=False)]

    def curve(epochs: int, resumed: Any = None) -> list[float]:
        noted = Curve("lr")
        hooks = [] if automatic else [ParamSchedulerHook()]
        trainer = fit(Plain(returned, automatic), noted, *hooks, epochs=epochs, ckpt_path=resumed)
        trainer.save_checkpoint(tmp_path / "last.ckpt")
        return noted.values

    whole = curve(4)
    first = curve(2)
    assert first + curve(4, tmp_path / "last.ckpt") == whole


def test_learning_rate_monitor_writes_iterations_of_an_iteration_scheduler(tmp_path: Any) -> None:
    def returned(sgd: Any) -> Any:
        return [sgd], [optim.LinearLR(sgd, end=20, by_epoch=False)]

    monitor = pl.callbacks.LearningRateMonitor()
    trainer = pl.Trainer(
        callbacks=[monitor],
        max_epochs=2,
        accelerator="cpu",
        logger=pl.loggers.CSVLogger(tmp_path),
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
    )
    trainer.fit(Plain(returned), DataLoader(torch.ones(BATCHES, 1)), DataLoader(torch.ones(1, 1)))
    assert len(set(monitor.lrs["lr-SGD"])) == 2 * BATCHES


@OPTIMIZATION
def test_the_hook_says_once_that_there_is_no_scheduler(automatic: bool) -> None:
    with pytest.warns(UserWarning, match="has no scheduler to step") as caught:
        fit(Plain(lambda sgd: sgd, automatic), ParamSchedulerHook())
    assert len([one for one in caught if "no scheduler" in str(one.message)]) == 1


def test_the_hook_names_schedulers_that_are_kept_aside() -> None:
    class Aside(Plain):
        def configure_optimizers(self) -> Any:
            sgd = torch.optim.SGD(self.parameters(), lr=0.1)
            self.param_schedulers = [optim.StepLR(sgd, 1)]
            return sgd

    with pytest.warns(UserWarning, match=r"Aside keeps self.param_schedulers without returning"):
        fit(Aside(None, automatic=False), ParamSchedulerHook())


def test_the_hook_is_silent_where_lightning_steps_the_schedulers() -> None:
    def returned(sgd: Any) -> Any:
        return [sgd], [optim.StepLR(sgd, 1, gamma=0.5)]

    curve = Curve("lr")
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*no scheduler.*")
        fit(Plain(returned), curve, ParamSchedulerHook())
    assert curve.values == [0.1] * 3 + [0.05] * 3 + [0.025] * 3 + [0.0125] * 3
