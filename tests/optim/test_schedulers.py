"""What every parameter scheduler does."""

from __future__ import annotations

import copy
import io
import math
import warnings

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.optim.lr_scheduler import CosineAnnealingLR as TorchCosine
from torch.optim.lr_scheduler import OneCycleLR as TorchOneCycle

from mmlight import optim
from mmlight.optim import (
    ConstantLR,
    CosineAnnealingLR,
    CosineAnnealingMomentum,
    LinearLR,
    LinearMomentum,
    LinearParamScheduler,
    MultiStepLR,
    OneCycleLR,
    OptimWrapper,
    PolyLR,
    StepLR,
    StepParamScheduler,
    _ParamScheduler,
)
from mmlight.registry import PARAM_SCHEDULERS
from tests.optim.scheduler_cases import arguments, families, optimizer


def curve(scheduler: _ParamScheduler, steps: int, name: str = "lr") -> list[float]:
    """Return the first group's value before each of ``steps`` steps."""
    values = []
    for _ in range(steps):
        values.append(scheduler.optimizer.param_groups[0][name])
        scheduler.optimizer.step()
        scheduler.step()
    return values


def one_group(lr: float = 1.0, momentum: float = 0.9) -> torch.optim.SGD:
    return torch.optim.SGD([nn.Parameter(torch.ones(1))], lr=lr, momentum=momentum)


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (lambda o: ConstantLR(o, factor=0.5, end=3), [0.5, 0.5, 1, 1]),
        (lambda o: ConstantLR(o, factor=0.5, begin=1, end=3), [1, 0.5, 1, 1]),
        (lambda o: LinearLR(o, start_factor=0.25, end=4), [0.25, 0.5, 0.75, 1, 1]),
        (lambda o: MultiStepLR(o, milestones=[1, 3, 3], gamma=0.5), [1, 0.5, 0.5, 0.125]),
        (lambda o: StepLR(o, step_size=2, gamma=0.5, begin=1, end=4), [1, 1, 1, 0.5, 0.5]),
        (lambda o: PolyLR(o, power=2, eta_min=0.5, end=3), [1, 0.625, 0.5, 0.5]),
        (lambda o: ConstantLR(o, end=3), [1 / 3, 1 / 3, 1, 1]),
        (lambda o: LinearLR(o, end=3), [1 / 3, 2 / 3, 1, 1]),
        (lambda o: MultiStepLR(o, milestones=[1, 3]), [1, 0.1, 0.1, 0.01]),
        (lambda o: StepLR(o, step_size=1), [1, 0.1, 0.01, 0.001]),
        (lambda o: PolyLR(o, end=3), [1, 0.5, 0, 0]),
    ],
)
def test_curves_worked_out_by_hand(build, expected) -> None:
    assert curve(build(one_group()), len(expected)) == pytest.approx(expected)


def test_the_cosine_and_one_cycle_agree_with_torch() -> None:
    ours = curve(CosineAnnealingLR(one_group(), T_max=7, eta_min=0.1), 20)
    theirs_optimizer = one_group()
    theirs = curve(TorchCosine(theirs_optimizer, 7, eta_min=0.1), 20)  # type: ignore[arg-type]
    assert ours == pytest.approx(theirs)
    ours = curve(OneCycleLR(one_group(), eta_max=0.5, total_steps=20), 19)
    cycle = TorchOneCycle(one_group(), max_lr=0.5, total_steps=20, cycle_momentum=False)
    assert ours == pytest.approx(curve(cycle, 19))  # type: ignore[arg-type]


def test_two_schedulers_work_on_one_setting() -> None:
    sgd = one_group()
    warmup = LinearLR(sgd, start_factor=0.5, end=3)
    decay = MultiStepLR(sgd, milestones=[2, 4], gamma=0.1)
    values = []
    for _ in range(6):
        values.append(sgd.param_groups[0]["lr"])
        sgd.step()
        warmup.step()
        decay.step()
    assert values == pytest.approx([0.5, 0.75, 0.1, 0.1, 0.01, 0.01])


def test_every_group_starts_from_its_own_value() -> None:
    sgd = optimizer()
    scheduler = LinearLR(sgd, start_factor=0.5, end=3)
    assert scheduler.get_last_value() == pytest.approx([0.05, 0.02])
    assert [group["initial_lr"] for group in sgd.param_groups] == [0.1, 0.04]


def test_a_wrapper_is_scheduled_with_its_base_settings() -> None:
    wrapper = OptimWrapper(optimizer())
    scheduler = LinearLR(wrapper, start_factor=0.5, end=3)
    assert wrapper.get_lr() == {"base_lr": [0.05], "lr": [0.05, 0.02]}
    assert scheduler.get_last_lr() == [0.05, 0.02, 0.05]


def test_any_setting_can_be_scheduled() -> None:
    sgd = one_group()
    sgd.param_groups[0]["weight_decay"] = 0.4
    assert curve(LinearParamScheduler(sgd, "weight_decay", 0.5, end=3), 3, "weight_decay") == [
        0.2,
        pytest.approx(0.3),
        0.4,
    ]


def test_momentum_of_sgd_and_of_adam() -> None:
    assert curve(LinearMomentum(one_group(), start_factor=0.5, end=3), 3, "momentum") == (
        pytest.approx([0.45, 0.675, 0.9])
    )
    adam = optimizer("Adam")
    scheduler = LinearMomentum(adam, start_factor=0.5, end=3)
    assert [group["betas"] for group in adam.param_groups] == [(0.4, 0.99), (0.4, 0.99)]
    adam.step()
    scheduler.step()
    assert adam.param_groups[0]["betas"] == (pytest.approx(0.6), 0.99)
    with pytest.raises(ValueError, match="must support momentum"):
        LinearMomentum(torch.optim.Adagrad([nn.Parameter(torch.ones(1))]), end=3)


@pytest.mark.parametrize("kind", ["LR", "Momentum", "ParamScheduler"])
def test_all_are_registered_and_have_one_step_counted(kind: str) -> None:
    extra = {"param_name": "lr"} if kind == "ParamScheduler" else {}
    for name, args in families(kind):
        scheduler = PARAM_SCHEDULERS.build(
            {"type": name, "optimizer": optimizer(), **extra, **args}
        )
        assert type(scheduler) is getattr(optim, name)
        assert scheduler._global_step == 0
        assert scheduler.last_step == (0 if scheduler.begin == 0 else -1)


@given(case=arguments(), stop=st.integers(0, 40), kind=st.sampled_from(["LR", "Momentum"]))
def test_a_resume_continues_exactly(case, stop: int, kind: str) -> None:
    name, args = case
    if name == "OneCycle":
        kind = "LR"
    scheduler_type = getattr(optim, f"{name}{kind}")
    adam = optimizer("Adam")
    scheduler = scheduler_type(adam, **args)
    for _ in range(stop):
        adam.step()
        scheduler.step()
    file = io.BytesIO()
    torch.save({"optimizer": adam.state_dict(), "scheduler": scheduler.state_dict()}, file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    resumed_adam = optimizer("Adam")
    resumed = scheduler_type(resumed_adam, **args)
    resumed_adam.load_state_dict(state["optimizer"])
    resumed.load_state_dict(state["scheduler"])
    for _ in range(40 - stop):
        for optimizer_, scheduler_ in ((adam, scheduler), (resumed_adam, resumed)):
            optimizer_.step()
            scheduler_.step()
        for group, other in zip(adam.param_groups, resumed_adam.param_groups, strict=True):
            assert (group["lr"], group["betas"]) == (other["lr"], other["betas"])
    assert resumed.state_dict() == scheduler.state_dict()
    assert resumed.get_last_value() == scheduler.get_last_value()


@given(case=arguments(), length=st.integers(1, 4))
def test_in_epochs_or_converted_to_iterations_an_epoch_ends_alike(case, length: int) -> None:
    name, args = case
    if name not in ("Step", "MultiStep"):
        return  # the others change within the epoch as well
    scheduler_type = getattr(optim, f"{name}LR")
    by_epoch = scheduler_type(one_group(), **args)
    by_iter = scheduler_type.build_iter_from_epoch(one_group(), **args, epoch_length=length)
    epochs = curve(by_epoch, 20)
    iters = curve(by_iter, 20 * length)
    assert not by_iter.by_epoch
    assert iters[::length] == epochs


@given(case=arguments(), length=st.integers(1, 4))
def test_conversion_multiplies_bounds(case, length: int) -> None:
    name, args = case
    scheduler_type = getattr(optim, f"{name}LR")
    scheduler = scheduler_type.build_iter_from_epoch(one_group(), **args, epoch_length=length)
    assert scheduler.begin == args.get("begin", 0) * length
    assert scheduler.end == (args["end"] * length if "end" in args else 10**9)


def test_conversion_of_what_is_not_in_epochs_is_refused() -> None:
    with pytest.raises(AssertionError, match="by_epoch=True"):
        StepLR.build_iter_from_epoch(one_group(), step_size=1, by_epoch=False, epoch_length=3)
    with pytest.raises(AssertionError, match="must be a positive integer, but got None"):
        StepLR.build_iter_from_epoch(one_group(), step_size=1)


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda o: StepLR({}, step_size=1), TypeError, "should be an Optimizer .* got dict"),
        (lambda o: LinearMomentum(3), TypeError, "should be an Optimizer .* got int"),
        (lambda o: StepLR(o, 1, begin=5, end=5), ValueError, "begin=5, end=5"),
        (lambda o: StepLR(o, 1, last_step=3), KeyError, "'initial_lr' is not specified"),
        (lambda o: StepLR(o, 0), ValueError, "step_size must be a positive integer"),
        (lambda o: StepLR(o, 2.5), TypeError, "step_size should be whole numbers, but got 2.5"),
        (lambda o: StepLR(o, "2"), TypeError, "step_size should be whole numbers, but got '2'"),
        (lambda o: MultiStepLR(o, 3), TypeError, "milestones should be a list .* got 3"),
        (lambda o: MultiStepLR(o, "34"), TypeError, "milestones should be a list .* got '34'"),
        (lambda o: MultiStepLR(o, [3, 4.5]), TypeError, "whole numbers, but got 4.5"),
        (lambda o: StepLR(o, 1, begin="1"), TypeError, "begin .* of 0 or more, but got '1'"),
        (lambda o: StepLR(o, 1, begin=-1), ValueError, "begin .* of 0 or more, but got -1"),
        (lambda o: LinearLR(o, end="9"), TypeError, "end .* must be a number, but got '9'"),
        (lambda o: CosineAnnealingLR(o, end=None), TypeError, "end .* number, but got None"),
        (lambda o: LinearLR(o, start_factor=0), ValueError, "between 0 and 1, and not be 0"),
        (lambda o: ConstantLR(o, factor=0, end=5), ValueError, "cannot be undone at end=5"),
        (lambda o: optim.CosineRestartLR(o, [], (), 0), ValueError, "periods should be positive"),
        (
            lambda o: optim.CosineRestartLR(o, [3, 0], (1, 1), 0),
            ValueError,
            r"periods should be positive integers, but got \[3, 0\]",
        ),
        (lambda o: optim.CosineRestartLR(o, 3, eta_min=0), TypeError, "periods should be a list"),
        (
            lambda o: StepLR(optim.OptimWrapperDict(gen=optim.OptimWrapper(o)), 1),
            TypeError,
            r"build one for each of \['gen'\]",
        ),
        (lambda o: StepParamScheduler(o, "foo", 1), KeyError, "no 'foo' to schedule"),
        (lambda o: ConstantLR(o, factor=1.5), ValueError, "between 0 and 1, but got 1.5"),
        (lambda o: LinearLR(o, start_factor=-1), ValueError, "Starting multiplicative"),
        (lambda o: LinearLR(o, end_factor=2), ValueError, "Ending multiplicative"),
        (lambda o: CosineAnnealingLR(o, 3, 0.1, eta_min_ratio=0.1), AssertionError, "not both"),
        (lambda o: optim.CosineRestartLR(o, [3]), AssertionError, "exactly one of"),
        (
            lambda o: optim.CosineRestartLR(o, [3, 4], eta_min=0),
            AssertionError,
            "same length, but got 2 and 1",
        ),
        (lambda o: OneCycleLR(o, 1, total_steps=0), ValueError, "positive integer total_steps"),
        (lambda o: OneCycleLR(o, 1, 9, pct_start=2.0), ValueError, "between 0 and 1 pct_start"),
        (lambda o: OneCycleLR(o, 1, 9, anneal_strategy="x"), ValueError, '"cos" or "linear"'),
        (lambda o: OneCycleLR(o, [1, 2], 9), ValueError, "expected 1 values for eta_max, got 2"),
        (
            lambda o: optim.OneCycleParamScheduler(o, "momentum", 1, 9),
            AssertionError,
            "only works for the learning rate",
        ),
        (lambda o: _ParamScheduler(o, "lr"), NotImplementedError, "must define _get_value"),
    ],
)
def test_wrong_arguments_are_refused(build, error, message) -> None:
    with pytest.raises(error, match=message):
        build(one_group())


def test_one_cycle_ends_with_its_steps() -> None:
    scheduler = OneCycleLR(one_group(), eta_max=1.0, total_steps=3)
    with pytest.raises(ValueError, match="Tried to step 5 times"):
        curve(scheduler, 5)


def test_resuming_by_last_step_alone() -> None:
    sgd = one_group()
    curve(StepLR(sgd, step_size=2, gamma=0.5), 3)
    resumed = StepLR(sgd, step_size=2, gamma=0.5, last_step=3)
    assert resumed.last_step == 4
    assert sgd.param_groups[0]["lr"] == 0.25


def test_stepping_before_the_optimizer_is_warned_about_once() -> None:
    scheduler = StepLR(one_group(), step_size=2)
    with pytest.warns(UserWarning, match=r"before `optimizer.step\(\)`"):
        scheduler.step()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()
        curve(StepLR(one_group(), step_size=2), 3)


def test_accumulating_gradients_is_no_reason_to_warn() -> None:
    weight = nn.Parameter(torch.ones(1))
    wrapper = OptimWrapper(torch.optim.SGD([weight], lr=1.0), accumulative_counts=3)
    scheduler = StepLR(wrapper, step_size=2)
    wrapper.update_params(weight.sum())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler.step()


def test_watching_for_the_first_step_ends_with_it_or_with_a_resume() -> None:
    sgd = one_group()
    state = copy.deepcopy(StepLR(one_group(), step_size=2).state_dict())
    first, second = StepLR(sgd, step_size=2), StepLR(sgd, step_size=2)
    assert len(sgd._optimizer_step_post_hooks) == 2
    sgd.step()
    first.step()
    second.load_state_dict(state)
    assert len(sgd._optimizer_step_post_hooks) == 0


def test_new_values_are_logged_if_asked_for(capsys) -> None:
    scheduler = StepLR(one_group(), step_size=1, gamma=0.5, verbose=True)
    scheduler.optimizer.step()
    scheduler.step()
    out = "".join(capsys.readouterr())
    assert "Adjusting parameter value of group 0 to 1.0000e+00." in out
    assert "Adjusting parameter value of group 0 to 5.0000e-01." in out


def test_a_period_without_an_end_never_ends() -> None:
    scheduler = CosineAnnealingLR(one_group())
    assert scheduler.T_max == 10**9
    assert math.isclose(curve(scheduler, 100)[-1], 1.0)


def test_milestones_of_a_division_are_reached() -> None:
    scheduler = MultiStepLR(one_group(), milestones=[12 / 4, 12 * 0.5], gamma=0.5)
    assert curve(scheduler, 7) == [1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25]


def test_a_setting_can_be_zero_for_good() -> None:
    assert curve(ConstantLR(one_group(), factor=0), 3) == [0.0, 0.0, 0.0]


@pytest.mark.parametrize("eta_min", [0.0, 0.1])
def test_a_lowest_value_and_its_share_are_not_given_together(eta_min: float) -> None:
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0, momentum=0.9)
    for kind in (CosineAnnealingLR, CosineAnnealingMomentum):
        with pytest.raises(AssertionError, match="not both"):
            kind(sgd, T_max=3, eta_min=eta_min, eta_min_ratio=0.1)
        assert kind(sgd, T_max=3).eta_min == 0.0
