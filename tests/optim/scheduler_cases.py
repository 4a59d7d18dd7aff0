"""Arguments that exercise every scheduler, for tests that go through all of them."""

from __future__ import annotations

from typing import Any

import torch
from hypothesis import strategies as st
from torch import nn

CASES: list[tuple[str, dict[str, Any]]] = [
    ("Constant", {"factor": 0.3, "end": 7}),
    ("CosineAnnealing", {"T_max": 5, "eta_min": 0.01}),
    ("CosineAnnealing", {"begin": 2, "end": 17, "eta_min_ratio": 0.1}),
    (
        "CosineRestart",
        {"periods": [3, 5, 4], "restart_weights": [1, 0.5, 0.7], "eta_min": 0.01, "begin": 2},
    ),
    ("Exponential", {"gamma": 0.9, "begin": 3, "end": 11}),
    ("Linear", {"start_factor": 0.1, "end": 9}),
    ("MultiStep", {"milestones": [3, 8, 8], "gamma": 0.3}),
    ("OneCycle", {"eta_max": 1.0, "total_steps": 40, "three_phase": True}),
    ("OneCycle", {"eta_max": 1.0, "total_steps": 40, "anneal_strategy": "linear"}),
    ("Poly", {"power": 0.9, "eta_min": 0.001, "begin": 1, "end": 15}),
    ("Step", {"step_size": 4, "gamma": 0.5}),
]
"""Family of scheduler and arguments after the setting's name."""


def families(kind: str) -> list[tuple[str, dict[str, Any]]]:
    """Return (class name, arguments) of the cases that exist for ``LR`` or ``Momentum``."""
    return [
        (f"{name}{kind}", args) for name, args in CASES if (name, kind) != ("OneCycle", "Momentum")
    ]


def optimizer(name: str = "SGD") -> torch.optim.Optimizer:
    """Return an optimizer with two parameter groups."""
    groups = [
        {"params": [nn.Parameter(torch.ones(1))], "lr": 0.1},
        {"params": [nn.Parameter(torch.ones(1))], "lr": 0.04},
    ]
    if name == "Adam":
        return torch.optim.Adam(groups, lr=0.1, betas=(0.8, 0.99))
    return torch.optim.SGD(groups, lr=0.1, momentum=0.9)


def arguments() -> st.SearchStrategy:
    """Draw a family of scheduler and arguments for it."""
    share = st.floats(0.01, 1)
    begin = st.integers(0, 5)
    steps = st.integers(1, 9)
    bounds = {"begin": begin, "end": st.integers(8, 40)}
    restart = st.lists(st.tuples(steps, share), min_size=1, max_size=4).map(
        lambda pairs: {
            "periods": [period for period, _ in pairs],
            "restart_weights": [weight for _, weight in pairs],
        }
    )
    drawn = {
        "Constant": st.fixed_dictionaries({"factor": share, **bounds}),
        "CosineAnnealing": st.fixed_dictionaries({"T_max": steps, "eta_min": share, **bounds}),
        "CosineRestart": st.builds(
            lambda a, b: {**a, **b}, restart, st.fixed_dictionaries({"eta_min": share, **bounds})
        ),
        "Exponential": st.fixed_dictionaries({"gamma": share, **bounds}),
        "Linear": st.fixed_dictionaries({"start_factor": share, "end_factor": share, **bounds}),
        "MultiStep": st.fixed_dictionaries(
            {"milestones": st.lists(steps, max_size=5), "gamma": share, **bounds}
        ),
        "OneCycle": st.fixed_dictionaries(
            {"eta_max": share, "total_steps": st.integers(41, 60), "three_phase": st.booleans()}
        ),
        "Poly": st.fixed_dictionaries({"power": share, "eta_min": share, **bounds}),
        "Step": st.fixed_dictionaries({"step_size": steps, "gamma": share, **bounds}),
    }
    return st.one_of(*(st.tuples(st.just(name), args) for name, args in drawn.items()))
