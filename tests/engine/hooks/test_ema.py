"""ExponentialMovingAverageHook: in a run, by the formula, and at the price of one pass."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmlight.engine import ExponentialMovingAverageHook
from mmlight.hooks import Hook
from mmlight.registry import HOOKS
from tests.engine.toys import gan_runner


class Record(Hook):
    """Keeps the weights of a generator and of its average after each iteration."""

    priority = "LOWEST"

    def __init__(self) -> None:
        self.original: list[dict] = []
        self.average: list[dict] = []

    def before_train(self, runner: Any) -> None:
        self.after_train_iter(runner, -1)

    def after_train_iter(self, runner: Any, batch_idx: int, *_: Any, **__: Any) -> None:
        for net, kept in (
            (runner.model.generator, self.original),
            (runner.model.generator_ema, self.average),
        ):
            kept.append({name: value.clone() for name, value in net.state_dict().items()})


def run(path: Path, iters: int = 4, **arguments: Any) -> Record:
    record = Record()
    hook = ExponentialMovingAverageHook("generator_ema", **arguments)
    gan_runner(path, iters, custom_hooks=[hook, record]).train()
    return record


def assert_equal(ours: dict, theirs: dict) -> None:
    for name, value in ours.items():
        assert torch.equal(value.cpu(), theirs[name].cpu()), name


def expected(record: Record, step: int, momentum: float) -> dict:
    weights = {name for name in record.original[0] if name.endswith(("weight", "bias"))}
    return {
        name: ExponentialMovingAverageHook.lerp(
            value, record.average[step - 1][name], momentum, trainable=name in weights
        )
        for name, value in record.original[step].items()
    }


def test_average_follows_the_formula_in_a_run(tmp_path: Path) -> None:
    record = run(tmp_path, interval=1, interp_cfg={"momentum": 0.25})
    assert_equal(record.average[0], record.original[0])
    for step in range(1, 5):
        assert_equal(record.average[step], expected(record, step, 0.25))
    moved = record.average[4]["output_layer.conv.weight"]
    assert not torch.equal(moved, record.average[0]["output_layer.conv.weight"])


def test_interval_and_start(tmp_path: Path) -> None:
    record = run(tmp_path, 5, interval=2, start_iter=1, interp_cfg={"momentum": 0.25})
    assert_equal(record.average[1], record.original[1])  # before start_iter: a copy
    assert_equal(record.average[2], record.average[1])
    assert_equal(record.average[3], expected(record, 3, 0.25))
    assert_equal(record.average[4], record.average[3])
    assert_equal(record.average[5], expected(record, 5, 0.25))


def test_interval_of_minus_one_leaves_the_average_alone(tmp_path: Path) -> None:
    record = run(tmp_path, 2)
    assert_equal(record.average[2], record.original[0])


@settings(max_examples=50)
@given(
    st.lists(st.floats(-10, 10, width=32), min_size=1, max_size=5),
    st.lists(st.floats(-10, 10, width=32), min_size=5, max_size=5),
    st.floats(0.001, 1.0),
)
def test_lerp_moves_the_average_towards_the_original(
    a: list[float], b: list[float], momentum: float
) -> None:
    original, average = torch.tensor(a), torch.tensor(b[: len(a)])
    result = ExponentialMovingAverageHook.lerp(original, average, momentum)
    torch.testing.assert_close(result, average + (original - average) * momentum)
    rest = ExponentialMovingAverageHook.lerp(original, average, momentum, trainable=False)
    assert torch.equal(rest, original)


def test_another_method_of_a_subclass(tmp_path: Path) -> None:
    @HOOKS.register_module(force=True)
    class HalfWay(ExponentialMovingAverageHook):
        @staticmethod
        def half(a: torch.Tensor, b: torch.Tensor, trainable: bool = True) -> torch.Tensor:
            return (a + b) / 2 if trainable else a

    record = Record()
    hook = {
        "type": "HalfWay",
        "module_keys": ("generator_ema",),
        "interp_mode": "half",
        "interval": 1,
    }
    gan_runner(tmp_path, 2, custom_hooks=[hook, record]).train()
    name = "output_layer.conv.weight"
    assert torch.equal(
        record.average[1][name], (record.original[1][name] + record.average[0][name]) / 2
    )


def test_overridden_lerp_counts(tmp_path: Path) -> None:
    class Frozen(ExponentialMovingAverageHook):
        @staticmethod
        def lerp(a: Any, b: Any, **_: Any) -> torch.Tensor:  # type: ignore[override]
            return b

    record = Record()
    gan_runner(tmp_path, 2, custom_hooks=[Frozen("generator_ema", interval=1), record]).train()
    assert_equal(record.average[2], record.average[0])


@pytest.mark.parametrize("key", ["encoder_ema", "generator.decoder_ema"])
def test_average_without_original_is_refused_before_any_data(tmp_path: Path, key: str) -> None:
    runner = gan_runner(tmp_path, custom_hooks=[ExponentialMovingAverageHook(key, interval=1)])
    read: list[int] = []
    dataset = runner.train_dataloader.dataset
    dataset.__class__ = type(
        "Watched", (type(dataset),), {"__getitem__": lambda self, index: read.append(index)}
    )
    with pytest.raises(RuntimeError, match=key.removesuffix("_ema")) as error:
        runner.train()
    assert not read
    if "." not in key:
        assert "generator" in str(error.value)


def test_average_of_another_architecture_is_refused(tmp_path: Path) -> None:
    runner = gan_runner(tmp_path, custom_hooks=[ExponentialMovingAverageHook("generator_ema")])
    runner.model.generator_ema = nn.Linear(1, 1)
    with pytest.raises(RuntimeError, match=r"generator_ema.*does not match"):
        runner.train()


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"module_keys": 1}, TypeError, "module_keys"),
        ({"module_keys": "generator"}, AssertionError, "_ema"),
        ({"module_keys": "g_ema", "interp_mode": "slerp"}, AssertionError, "slerp"),
        ({"module_keys": "g_ema", "interp_cfg": {"momentum": 1.5}}, ValueError, "momentum"),
        ({"module_keys": "g_ema", "interp_cfg": {"momentun": 0.1}}, TypeError, "momentun"),
    ],
)
def test_bad_arguments(arguments: dict, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        ExponentialMovingAverageHook(**arguments)


def test_momentum_in_the_old_meaning_is_warned_of() -> None:
    with pytest.warns(UserWarning, match="share of the original"):
        ExponentialMovingAverageHook("g_ema", interp_cfg={"momentum": 0.999})


class Nets:
    """What the hook sees of a run."""

    iter = 0

    def __init__(self) -> None:
        self.model = nn.ModuleDict({"net": nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))})

    def fill(self, value: float) -> None:
        for tensor in self.model["net"].state_dict().values():
            tensor.fill_(value)


def begun(**arguments: Any) -> tuple[Nets, ExponentialMovingAverageHook]:
    nets = Nets()
    hook = ExponentialMovingAverageHook("net_ema", interval=1, **arguments)
    nets.fill(0)
    hook.before_run(nets)
    hook.before_train(nets)
    return nets, hook


def test_weights_that_are_frozen_or_thawed_in_a_run_change_their_momentum() -> None:
    nets, hook = begun(interp_cfg={"momentum": 0.25, "momentum_nontrainable": 0.5})
    average = nets.model["net_ema"][0].weight
    nets.fill(4)
    hook.after_train_iter(nets, 0)
    assert average.item() == 1
    nets.model["net"].requires_grad_(False)
    hook.after_train_iter(nets, 1)
    assert average.item() == 2.5
    nets.model["net"].requires_grad_(True)
    hook.after_train_iter(nets, 2)
    assert average.item() == 2.875
    assert nets.model["net_ema"][1].running_mean.item() == 3.5
    assert nets.model["net_ema"][1].num_batches_tracked.item() == 4


def test_tensors_and_networks_that_are_replaced_in_a_run_are_followed() -> None:
    nets, hook = begun(interp_cfg={"momentum": 0.25})
    nets.model["net"][0].weight = nn.Parameter(torch.full((1, 1), 4.0))
    hook.after_train_iter(nets, 0)
    assert nets.model["net_ema"][0].weight.item() == 1
    nets.model["net_ema"][1].running_mean = torch.zeros(1)
    hook.before_val(nets)
    nets.model["net"][1].running_mean = torch.full((1,), 3.0)
    hook.after_train_iter(nets, 1)
    assert nets.model["net_ema"][1].running_mean.item() == 3
    nets.model["net"] = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    nets.fill(8)
    nets.model["net_ema"][0].weight.fill_(0)
    hook.after_train_iter(nets, 2)
    assert nets.model["net_ema"][0].weight.item() == 2
    nets.model["net"] = nn.Sequential(nn.Linear(2, 1), nn.BatchNorm1d(1))
    with pytest.raises(RuntimeError, match=r"net_ema.*0\.weight \(1, 2\) and \(1, 1\)"):
        hook.after_train_iter(nets, 3)


def test_a_copy_of_the_hook_goes_on_with_the_networks_it_is_given() -> None:
    _, hook = begun(interp_cfg={"momentum": 0.25})
    other, _ = begun()
    other.fill(4)
    copy.deepcopy(hook).after_train_iter(other, 0)
    assert other.model["net_ema"][0].weight.item() == 1


def test_average_comes_from_a_checkpoint_that_has_it(tmp_path: Path) -> None:
    checkpoint = {"checkpoint": {"type": "CheckpointHook", "interval": 2, "by_epoch": False}}
    hook = {
        "type": "ExponentialMovingAverageHook",
        "module_keys": "generator_ema",
        "interval": 1,
        "interp_cfg": {"momentum": 0.1},
    }
    first = gan_runner(tmp_path / "a", 2, default_hooks=checkpoint, custom_hooks=[hook])
    first.train()
    record = Record()
    path = str(tmp_path / "a" / "iter_2.pth")
    gan_runner(tmp_path / "b", 1, load_from=path, custom_hooks=[hook, record]).train()
    assert_equal(record.average[0], first.model.generator_ema.state_dict())


def test_average_starts_from_a_checkpoint_that_lacks_it(tmp_path: Path) -> None:
    checkpoint = {"checkpoint": {"type": "CheckpointHook", "interval": 2, "by_epoch": False}}
    first = gan_runner(tmp_path / "a", 2, default_hooks=checkpoint)
    first.train()
    record = Record()
    path = str(tmp_path / "a" / "iter_2.pth")
    hook = ExponentialMovingAverageHook("generator_ema", interval=1)
    gan_runner(tmp_path / "b", 1, load_from=path, custom_hooks=[hook, record]).train()
    assert_equal(record.average[0], first.model.generator.state_dict())


class PlainModule(pl.LightningModule):
    """A LightningModule that never saw a config."""

    def __init__(self, automatic: bool) -> None:
        super().__init__()
        self.automatic_optimization = automatic
        self.generator = nn.Sequential(nn.Linear(1, 2), nn.BatchNorm1d(2))
        self.seen: list[dict] = []

    def training_step(self, batch: torch.Tensor, batch_idx: int) -> torch.Tensor:
        loss = (self.generator(batch) - 1).square().mean()
        if not self.automatic_optimization:
            optimizer = self.optimizers()
            optimizer.zero_grad()
            self.manual_backward(loss)
            optimizer.step()
        return loss

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.generator.parameters(), lr=0.1)

    def on_train_batch_end(self, *_: Any) -> None:
        self.seen.append({n: v.clone() for n, v in self.generator.state_dict().items()})


@pytest.mark.parametrize("automatic", [True, False])
def test_in_a_plain_lightning_project(tmp_path: Path, automatic: bool) -> None:
    torch.manual_seed(0)
    module = PlainModule(automatic)
    start = {name: value.clone() for name, value in module.generator.state_dict().items()}
    hook = ExponentialMovingAverageHook("generator_ema", interval=1, interp_cfg={"momentum": 0.25})
    trainer = pl.Trainer(
        callbacks=[hook],
        max_epochs=1,
        default_root_dir=tmp_path,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(module, torch.utils.data.DataLoader(torch.randn(12, 1), batch_size=4))
    average = start["0.weight"]
    for weights in module.seen:
        average = hook.lerp(weights["0.weight"], average, 0.25)
    assert len(module.seen) == 3
    assert torch.equal(module.generator_ema[0].weight, average)
    assert torch.equal(module.generator_ema[1].running_mean, module.generator[1].running_mean)


def fit(path: Path, epochs: int, checkpoint: str | None = None) -> PlainModule:
    torch.manual_seed(0)
    module = PlainModule(automatic=True)
    hook = ExponentialMovingAverageHook("generator_ema", interval=1, interp_cfg={"momentum": 0.25})
    trainer = pl.Trainer(
        callbacks=[hook],
        max_epochs=epochs,
        default_root_dir=path,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    numbers = torch.arange(12.0).reshape(12, 1) / 12
    trainer.fit(module, torch.utils.data.DataLoader(numbers, batch_size=4), ckpt_path=checkpoint)
    trainer.save_checkpoint(path / f"epoch_{epochs}.ckpt")
    return module


def test_plain_lightning_project_resumes(tmp_path: Path) -> None:
    whole = fit(tmp_path, 2)
    fit(tmp_path, 1)
    parts = fit(tmp_path, 2, str(tmp_path / "epoch_1.ckpt"))
    assert len(parts.seen) == 3
    assert_equal(parts.state_dict(), whole.state_dict())
    assert any(name.startswith("generator_ema.") for name in parts.state_dict())


class Operators(TorchDispatchMode):
    """Counts what torch is asked to do."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.names.append(str(func))
        return func(*args, **(kwargs or {}))


def test_an_update_is_one_pass_over_the_weights() -> None:
    class Runner:
        iter = 0
        model = nn.Module()

    runner = Runner()
    runner.model.generator = nn.Sequential(*(nn.Conv2d(2, 2, 1) for _ in range(300)))
    hook = ExponentialMovingAverageHook("generator_ema", interval=1)
    hook.before_run(runner)
    hook.before_train(runner)
    with Operators() as operators:
        hook.after_train_iter(runner, 0)
    assert sum("_foreach_lerp_" in name for name in operators.names) == 1
    assert len(operators.names) < 10
