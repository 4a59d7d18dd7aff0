"""Schedulers, wrappers and parameter groups equal MMEngine's bit for bit."""

from __future__ import annotations

import random
from typing import Any

import pytest

from tests.parity.compare import assert_same
from tests.parity.engines import Engine

STEPS = 200


def curves(engine: str, cases: list[tuple[str, dict, str]], steps: int) -> list:
    """Return settings and counters at each step, and the state, of each scheduler."""
    import importlib
    import warnings

    import torch

    warnings.simplefilter("ignore")
    schedulers = importlib.import_module(f"{engine}.optim.scheduler")
    wrapper_type = importlib.import_module(f"{engine}.optim").OptimWrapper

    def run(name: str, args: dict, optimizer_name: str) -> dict:
        groups = [
            {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.1},
            {"params": [torch.nn.Parameter(torch.zeros(1))], "lr": 0.037},
        ]
        if optimizer_name == "SGD":
            target = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
        else:
            target = wrapper_type(torch.optim.Adam(groups, lr=0.2, betas=(0.93, 0.999)))
        build = getattr(schedulers, name)
        if "epoch_length" in args:
            build = build.build_iter_from_epoch
        scheduler = build(target, **args)
        curve = []
        for _ in range(steps):
            settings = [
                [group["lr"], group.get("momentum"), group.get("betas")]
                for group in target.param_groups
            ]
            curve.append([settings, scheduler.last_step, scheduler._global_step])
            scheduler.step()
        state = scheduler.state_dict()
        for own in ("_last_value", "anneal_func", "_anneal_strategy"):
            state.pop(own, None)
        return {"curve": curve, "state": state}

    return [run(*case) for case in cases]


def spread(seed: int) -> list[tuple[str, dict[str, Any]]]:
    """Draw arguments for each family of schedulers, in epochs or not."""
    rng = random.Random(seed)
    share = rng.uniform
    begin = rng.choice([0, 0, 3, 17])
    bounded = {"begin": begin, "end": begin + rng.choice([2, 50, 150, 173])}
    bounds = rng.choice([bounded, {"begin": begin}])
    periods = [rng.randint(1, 40) for _ in range(4)]
    restart = {"periods": periods, "restart_weights": [share(0.1, 1) for _ in periods]}
    cycle = {
        "eta_max": rng.choice([0.3, [0.3, 0.5, 0.4]]),
        "total_steps": rng.randint(STEPS, 300),
        "pct_start": share(0.05, 0.5),
        "anneal_strategy": rng.choice(["cos", "linear"]),
        "three_phase": rng.random() < 0.5,
        "div_factor": share(2, 30),
        "final_div_factor": share(10, 1e4),
        "begin": begin,
    }
    return [
        ("Constant", {"factor": share(0.01, 1), **bounds}),
        ("CosineAnnealing", {"T_max": rng.choice([1, 2, 7, 50, 300]), **bounds}),
        ("CosineAnnealing", {"T_max": rng.randint(1, 90), "eta_min": share(0, 0.05), **bounds}),
        ("CosineAnnealing", {"eta_min_ratio": share(0, 1), **bounded}),
        ("Exponential", {"gamma": share(0.5, 1.1), **bounds}),
        ("Linear", {"start_factor": share(0.001, 1), "end_factor": share(0, 1), **bounds}),
        ("MultiStep", {"milestones": rng.choices(range(100), k=5), "gamma": share(0, 1), **bounds}),
        ("Step", {"step_size": rng.randint(1, 40), "gamma": share(0.1, 1), **bounds}),
        ("Poly", {"eta_min": share(0, 0.1), "power": share(0.3, 3), **bounded}),
        ("CosineRestart", {**restart, "eta_min": share(0, 0.05), **bounds}),
        ("CosineRestart", {**restart, "eta_min_ratio": share(0, 0.5), **bounds}),
        ("OneCycle", cycle),
    ]


def all_cases(converted: bool) -> list[tuple[str, dict, str]]:
    cases = []
    for seed in range(5):
        for family, args in spread(seed):
            for kind, optimizer in (("LR", "Adam"), ("Momentum", "SGD"), ("Momentum", "Adam")):
                if family == "OneCycle" and kind == "Momentum":
                    continue
                if "eta_max" in args and isinstance(args["eta_max"], list) and optimizer == "SGD":
                    continue
                extra = {"epoch_length": 1 + seed % 3} if converted else {}
                cases.append((f"{family}{kind}", {**args, **extra}, optimizer))
    return cases


@pytest.mark.parametrize("converted", [False, True], ids=["by_epoch", "convert_to_iter_based"])
def test_curves_of_all_schedulers(both, converted: bool) -> None:
    cases = all_cases(converted)
    theirs, ours = both(curves, cases, STEPS)
    for case, their, our in zip(cases, theirs, ours, strict=True):
        if our != their:  # plain numbers: only a difference is worth looking for
            assert_same(our, their, repr(case))


def chained(engine: str, steps: int) -> list:
    import importlib
    import warnings

    import torch

    warnings.simplefilter("ignore")
    optim = importlib.import_module(f"{engine}.optim")
    groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (0.1, 0.03)]
    wrapper = optim.OptimWrapper(torch.optim.Adam(groups, lr=0.2, betas=(0.9, 0.99)))
    schedulers = [
        optim.LinearLR(wrapper, start_factor=0.001, by_epoch=False, end=40),
        optim.CosineAnnealingLR.build_iter_from_epoch(
            wrapper, T_max=9, eta_min=1e-5, begin=2, end=11, epoch_length=15
        ),
        optim.MultiStepLR(wrapper, milestones=[50, 120], by_epoch=False),
        optim.LinearMomentum(wrapper, start_factor=0.5, by_epoch=False, end=60),
        optim.ExponentialMomentum(wrapper, gamma=0.99, by_epoch=False, begin=30),
    ]
    values = []
    for _ in range(steps):
        values.append([wrapper.get_lr(), wrapper.get_momentum()])
        for scheduler in schedulers:
            scheduler.step()
    return values


def test_chained_schedulers(both) -> None:
    theirs, ours = both(chained, STEPS)
    assert_same(ours, theirs)


def plateau(engine: str, cases: list[dict], metrics: list[float]) -> list:
    import importlib

    import torch

    optim = importlib.import_module(f"{engine}.optim")
    results = []
    for case in cases:
        for kind in ("LR", "Momentum"):
            weight = torch.nn.Parameter(torch.zeros(1))
            adam = torch.optim.Adam([weight], lr=0.1, betas=(0.9, 0.99))
            scheduler = getattr(optim, f"ReduceOnPlateau{kind}")(adam, **case)
            for index, metric in enumerate(metrics):
                if index % 3:
                    scheduler.step()
                scheduler.step({"loss": metric})
                state = {k: v for k, v in scheduler.state_dict().items() if k != "base_values"}
                results.append([adam.param_groups[0]["lr"], adam.param_groups[0]["betas"], state])
    return results


def test_plateau_schedulers(both) -> None:
    rng = random.Random(0)
    metrics = [rng.choice([rng.uniform(0, 2), 1.0, float("nan")]) for _ in range(60)]
    cases = [
        {
            "rule": rng.choice(["less", "greater"]),
            "threshold_rule": rng.choice(["rel", "abs"]),
            "threshold": rng.choice([1e-4, 0.2]),
            "factor": rng.uniform(0.1, 0.95),
            "patience": rng.randint(0, 4),
            "cooldown": rng.randint(0, 3),
            "min_value": rng.choice([0.0, 0.02]),
            "eps": rng.choice([1e-8, 0.01]),
            "begin": rng.choice([0, 3]),
            "end": rng.choice([20, 1000]),
        }
        for _ in range(20)
    ]
    theirs, ours = both(plateau, cases, metrics)
    assert_same(ours, theirs)


def plateau_of_groups(engine: str) -> list:
    """Metrics as evaluators give them; a bound for each of the groups of a wrapped optimizer."""
    import importlib

    import numpy as np
    import torch

    optim = importlib.import_module(f"{engine}.optim")
    results = []
    for bounds in ([0.1, 0.4], 0.2):
        groups = [{"params": [torch.nn.Parameter(torch.zeros(1))], "lr": lr} for lr in (0.5, 0.9)]
        wrapper = optim.OptimWrapper(torch.optim.SGD(groups, lr=0.3))
        scheduler = optim.ReduceOnPlateauLR(wrapper, patience=0, min_value=bounds)
        for value in (np.float32(2), np.int64(2), np.array(3.0), 4, torch.tensor(4.0)):
            scheduler.step({"loss": value})
            results.append([wrapper.get_lr(), float(scheduler.best), scheduler.min_values])
    return results


def test_plateau_schedulers_of_several_groups(both) -> None:
    theirs, ours = both(plateau_of_groups)
    assert_same(ours, theirs)


def logged_values(engine: str, cases: list[tuple[str, dict]]) -> list[str]:
    import importlib
    import warnings
    from pathlib import Path

    import torch

    warnings.simplefilter("ignore")
    optim = importlib.import_module(f"{engine}.optim.scheduler")
    logging = importlib.import_module(f"{engine}.logging")
    logging.MMLogger.get_instance("verbose", log_file="verbose.log")
    for name, args in cases:
        groups = [{"params": [torch.nn.Parameter(torch.zeros(1))]} for _ in range(2)]
        sgd = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
        scheduler = getattr(optim, name)(sgd, verbose=True, **args)
        for _ in range(12):
            scheduler.step()
    lines = Path("verbose.log").read_text().splitlines()
    return [line.split(" - ", 1)[-1] for line in lines]


def test_new_values_are_logged_in_the_same_words(both) -> None:
    cases = [
        (f"{family}{kind}", args)
        for family, args in spread(1)
        for kind in ("LR", "Momentum")
        if family != "OneCycle"
    ]
    theirs, ours = both(logged_values, cases)
    assert_same(ours, theirs)
    assert len(ours) > 100


def by_last_step(engine: str, cases: list[tuple[str, dict]], last_step: int) -> list:
    """Go on without a state dict, from what the groups of the optimizer hold."""
    import importlib
    import warnings

    import torch

    warnings.simplefilter("ignore")
    schedulers = importlib.import_module(f"{engine}.optim.scheduler")
    results = []
    for name, args in cases:
        sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.07, momentum=0.8)
        try:
            getattr(schedulers, name)(sgd, **args, last_step=last_step)
        except KeyError as error:
            results.append(type(error).__name__)
        sgd.param_groups[0].update(
            initial_lr=0.1, initial_momentum=0.9, max_lr=0.3, min_lr=1e-4, momentum=0.8
        )
        scheduler = getattr(schedulers, name)(sgd, **args, last_step=last_step)
        for _ in range(30):
            results.append([sgd.param_groups[0]["lr"], sgd.param_groups[0]["momentum"]])
            results.append([scheduler.last_step, scheduler._global_step])
            try:
                scheduler.step()
            except ZeroDivisionError:  # a polynomial that is already over
                results.append("over")
                break
    return results


@pytest.mark.parametrize("last_step", [0, 7])
def test_schedules_resumed_by_their_last_step(both, last_step: int) -> None:
    cases = []
    for family, args in spread(2):
        if isinstance(args.get("eta_max"), list):
            args["eta_max"] = 0.3
        kinds = ("LR",) if family == "OneCycle" else ("LR", "Momentum")
        cases += [(f"{family}{kind}", args) for kind in kinds]
    theirs, ours = both(by_last_step, cases, last_step)
    assert_same(ours, theirs)


def states(engine: str, cases: list[tuple[str, dict]], loaded: list[dict] | None) -> list:
    """Return the state of each scheduler after 10 steps, or go on from given states for 30."""
    import importlib
    import warnings

    import torch

    warnings.simplefilter("ignore")
    schedulers = importlib.import_module(f"{engine}.optim.scheduler")
    results = []
    for index, (name, args) in enumerate(cases):
        sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=0.9)
        scheduler = getattr(schedulers, name)(sgd, **args)
        if loaded is not None:
            sgd.load_state_dict(loaded[index]["optimizer"])
            scheduler.load_state_dict(loaded[index]["scheduler"])
        values = []
        for _ in range(10 if loaded is None else 30):
            scheduler.step()
            values.append([sgd.param_groups[0]["lr"], sgd.param_groups[0]["momentum"]])
        state = {k: v for k, v in scheduler.state_dict().items() if not callable(v)}
        results.append({"optimizer": sgd.state_dict(), "scheduler": state, "values": values})
    return results


def test_states_travel_both_ways(mmengine: Engine, mmlight: Engine, onedl: Engine) -> None:
    cases = [(f"{name}LR", args) for name, args in spread(3) if "begin" in args]
    for _, args in cases:
        if isinstance(args.get("eta_max"), list):
            args["eta_max"] = 0.3
    theirs, ours = mmengine.run(states, cases, None), mmlight.run(states, cases, None)
    on = mmengine.run(states, cases, theirs)
    for engine, start in ((mmlight, theirs), (mmengine, ours), (onedl, ours)):
        continued = engine.run(states, cases, start)
        for case, result, reference in zip(cases, continued, on, strict=True):
            assert_same(result["values"], reference["values"], f"{engine.name} {case}")


def parameter_groups(engine: str, rules: list[dict | None]) -> list:
    import importlib

    import torch
    from torch import nn

    optim = importlib.import_module(f"{engine}.optim")

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.flat = nn.Parameter(torch.zeros(3))
            self.scalar = nn.Parameter(torch.zeros(()))
            self.conv = nn.Conv2d(2, 2, 1)
            self.depthwise = nn.Conv2d(2, 2, 1, groups=2)
            self.depthwise1d = nn.Conv1d(2, 2, 1, groups=2)
            self.norms = nn.ModuleList(
                [nn.BatchNorm2d(2), nn.LayerNorm(2), nn.GroupNorm(1, 2), nn.SyncBatchNorm(2)]
            )
            self.instance = nn.InstanceNorm2d(2, affine=True)
            self.frozen = nn.Linear(2, 2).requires_grad_(False)
            self.attention = nn.MultiheadAttention(2, 1)
            self.backbone = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2, bias=False))
            self.conv_offset = nn.Conv2d(2, 2, 1)

    results = []
    for rule in rules:
        model = Net()
        names = {id(param): name for name, param in model.named_parameters()}
        optimizer = {"type": "SGD", "lr": 0.1, "momentum": 0.9, "weight_decay": 0.01}
        cfg = {"optimizer": optimizer, "paramwise_cfg": rule}
        wrapper = optim.build_optim_wrapper(model, cfg)
        groups = [
            {**group, "params": [names[id(param)] for param in group["params"]]}
            for group in wrapper.optimizer.param_groups
        ]
        results.append([groups, [list(group) for group in groups], wrapper.get_lr()])
    return results


def test_parameter_groups(both) -> None:
    rng = random.Random(0)
    keys = [
        "bias_lr_mult",
        "bias_decay_mult",
        "norm_decay_mult",
        "flat_decay_mult",
        "dwconv_decay_mult",
        "dcn_offset_lr_mult",
    ]
    parts = ["backbone", "backbone.0", "norms", "conv", "bias", "flat", ".weight", "attention"]
    rules: list[dict | None] = [None, {}, {"bypass_duplicate": True}]
    for _ in range(40):
        rule: dict[str, Any] = {key: rng.uniform(0, 3) for key in rng.sample(keys, 3)}
        if rng.random() < 0.6:
            rule["custom_keys"] = {
                # Where there is no `decay_mult`, MMEngine forgets the other rules for the decay.
                part: {
                    "decay_mult": rng.uniform(0, 2),
                    **({"lr_mult": rng.uniform(0, 2)} if rng.random() < 0.5 else {}),
                }
                for part in rng.sample(parts, 3)
            }
        rules.append(rule)
    theirs, ours = both(parameter_groups, rules)
    for rule, their, our in zip(rules, theirs, ours, strict=True):
        assert_same(our, their, repr(rule))


def deformable_groups(engine: str, package: str, rules: list[dict]) -> list:
    """Groups of a model with deformable convolutions, of a stand-in for mmcv's operators."""
    import importlib
    import sys

    sys.path.insert(0, package)
    import torch
    from mmcv import ops
    from torch import nn

    optim = importlib.import_module(f"{engine}.optim")
    results: list = []
    for rule in rules:
        torch.manual_seed(0)
        model = nn.ModuleDict(
            {
                "dcn": ops.DeformConv2d(),
                "inner": nn.Sequential(ops.ModulatedDeformConv2d(), nn.Conv2d(1, 1, 1)),
                "conv_offset": nn.Conv2d(1, 1, 1),
                "frozen": nn.Linear(1, 1).requires_grad_(False),
            }
        )
        model["again"] = model["dcn"].conv_offset
        names = {id(param): name for name, param in model.named_parameters()}
        optimizer = {"type": "SGD", "lr": 0.1, "weight_decay": 0.01}
        cfg = {"optimizer": optimizer, "paramwise_cfg": {"bypass_duplicate": True, **rule}}
        groups = optim.build_optim_wrapper(model, cfg).optimizer.param_groups
        results.append([{**g, "params": names[id(g["params"][0])]} for g in groups])
    return results


MMCV_OPERATORS = """
from torch import nn

class DeformConv2d(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(nn.Conv2d(1, 1, 1).weight.data)
        self.bias = nn.Parameter(nn.Conv2d(1, 1, 1).bias.data)
        self.conv_offset = nn.Conv2d(1, 1, 1)

class ModulatedDeformConv2d(DeformConv2d):
    pass
"""


def test_parameter_groups_of_deformable_convolutions(both, tmp_path) -> None:
    package = tmp_path / "mmcv"
    package.mkdir()
    for file, text in (("__init__", ""), ("_ext", ""), ("ops", MMCV_OPERATORS)):
        (package / f"{file}.py").write_text(text)
    rules = [
        {"dcn_offset_lr_mult": 0.1},
        {"dcn_offset_lr_mult": 0.1, "bias_lr_mult": 2.0, "flat_decay_mult": 0.5},
        {"bias_lr_mult": 2.0, "bias_decay_mult": 0.0},
        {"dcn_offset_lr_mult": 0.1, "custom_keys": {"inner": {"lr_mult": 3.0}, "inne": {}}},
        {"dcn_offset_lr_mult": 0.1, "norm_decay_mult": 0.0, "dwconv_decay_mult": 0.2},
    ]
    theirs, ours = both(deformable_groups, str(tmp_path), rules)
    assert_same(ours, theirs)


def training(engine: str, cases: list[dict]) -> list:
    import importlib
    from contextlib import nullcontext

    import torch
    from torch import nn

    optim = importlib.import_module(f"{engine}.optim")
    hub = importlib.import_module(f"{engine}.logging").MessageHub
    results = []
    for case in cases:
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 2))
        options = {key: value for key, value in case.items() if key not in ("first", "last")}
        message_hub = hub.get_instance(f"hub{len(results)}")
        cfg = {
            "optimizer": {"type": "AdamW", "lr": 0.01},
            "paramwise_cfg": {"bias_lr_mult": 2.0},
            **options,
        }
        wrapper = optim.build_optim_wrapper(model, cfg)
        wrapper.message_hub = message_hub
        wrapper.initialize_count_status(model, case["first"], case["last"])
        record = []
        for _ in range(case["first"], 11):
            record.append([wrapper.should_sync(), wrapper.inner_count])
            with wrapper.optim_context(model) or nullcontext():
                loss = model(torch.randn(3, 4)).square().sum()
            wrapper.update_params(loss)
            grads = [None if p.grad is None else p.grad.clone() for p in model.parameters()]
            record.append([loss.detach(), wrapper.should_update(), grads])
        norms = [
            float(v)
            for v in getattr(message_hub.log_scalars.get("train/grad_norm"), "data", [[]])[0]
        ]
        weights = [param.detach() for param in model.parameters()]
        results.append([record, norms, weights, wrapper.state_dict(), repr(wrapper)])
    return results


def test_training_with_accumulation_and_clipping(both) -> None:
    clips = [None, {"max_norm": 0.5}, {"type": "value", "clip_value": 0.01}]
    cases: list[dict] = [
        {"accumulative_counts": counts, "clip_grad": clip, "first": first, "last": last}
        for counts in (1, 2, 3, 4)
        for clip in clips
        for first, last in ((0, 11), (0, -1), (4, 11))
    ]
    theirs, ours = both(training, cases)
    for case, their, our in zip(cases, theirs, ours, strict=True):
        assert_same(our, their, repr(case))


def wrapper_dicts(engine: str) -> dict:
    import importlib

    import torch
    from torch import nn

    optim = importlib.import_module(f"{engine}.optim")
    torch.manual_seed(0)
    gen, disc = nn.Linear(2, 2), nn.Linear(2, 2)
    groups = [{"params": [disc.weight], "lr": 0.3}, {"params": [disc.bias]}]
    both = optim.OptimWrapperDict(
        gen=optim.OptimWrapper(torch.optim.Adam(gen.parameters(), lr=0.1)),
        disc=optim.OptimWrapper(torch.optim.SGD(groups, lr=0.2, momentum=0.9)),
    )
    for _ in range(3):
        both["disc"].update_params(disc(gen(torch.randn(4, 2)).detach()).square().mean())
        both["gen"].update_params(disc(gen(torch.randn(4, 2))).square().mean())
        disc.zero_grad()
    return {
        "lr": both.get_lr(),
        "momentum": both.get_momentum(),
        "state": both.state_dict(),
        "keys": [list(both.keys()), list(both.get_lr()), len(both)],
        "weights": [*gen.state_dict().values(), *disc.state_dict().values()],
        "text": repr(both),
    }


def test_wrapper_dicts(both) -> None:
    theirs, ours = both(wrapper_dicts)
    assert_same(ours, theirs)


def registered(engine: str) -> list[set[str]]:
    import importlib

    importlib.import_module(f"{engine}.optim")
    registry = importlib.import_module(f"{engine}.registry")
    names = ("OPTIMIZERS", "OPTIM_WRAPPERS", "OPTIM_WRAPPER_CONSTRUCTORS", "PARAM_SCHEDULERS")
    return [set(getattr(registry, name).module_dict) for name in names]


def test_what_mmengine_registers_is_registered(both) -> None:
    theirs, ours = both(registered)
    as_strategy = {
        "DeepSpeedOptimWrapper",
        "ColossalAIOptimWrapper",
    }  # here: Lightning's strategies
    for their, our in zip(theirs, ours, strict=True):
        assert their - as_strategy <= our, f"missing: {their - as_strategy - our}"


def save_one_cycle(engine: str, path: str) -> list[float]:
    """Save an optimizer and a scheduler after 5 steps; return the rates of the next 10."""
    import importlib
    import warnings

    import torch

    warnings.simplefilter("ignore")
    optim = importlib.import_module(f"{engine}.optim")
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = optim.OneCycleLR(sgd, eta_max=1, total_steps=20, anneal_strategy="linear")
    for _ in range(5):
        scheduler.step()
    torch.save({"optimizer": sgd.state_dict(), "scheduler": scheduler.state_dict()}, path)
    rates = []
    for _ in range(10):
        scheduler.step()
        rates.append(sgd.param_groups[0]["lr"])
    return rates


def resume_one_cycle(engine: str, path: str) -> list[float]:
    import torch

    from mmlight.fileio.checkpoint_file import read_checkpoint
    from mmlight.optim import OneCycleLR

    state = read_checkpoint(path)
    sgd = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scheduler = OneCycleLR(sgd, eta_max=1, total_steps=20)
    sgd.load_state_dict(state["optimizer"])
    scheduler.load_state_dict(state["scheduler"])
    rates = []
    for _ in range(10):
        sgd.step()
        scheduler.step()
        rates.append(sgd.param_groups[0]["lr"])
    torch.save(scheduler.state_dict(), path)
    assert torch.load(path, weights_only=True)["last_step"] == 15
    return rates


def test_a_one_cycle_saved_with_a_function_is_read_safely(
    mmengine: Engine, mmlight: Engine, tmp_path
) -> None:
    path = str(tmp_path / "one_cycle.pth")
    rates = mmengine.run(save_one_cycle, path)
    assert mmlight.run(resume_one_cycle, path) == rates
