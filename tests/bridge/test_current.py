"""What a run has of its own where the process has one, without a run around it."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from mmlight.bridge.current import CurrentRun
from mmlight.logging import MessageHub, MMLogger


def built(seed: int, **changes: Any) -> CurrentRun:
    """A run that has nothing but a logger and seeded generators."""
    face = SimpleNamespace(**changes)
    run = CurrentRun(face)
    with run.building():
        face.logger = MMLogger.get_instance(f"run {seed}")
        torch.manual_seed(seed)
    return run


def draw(run: CurrentRun) -> float:
    with run:
        return float(torch.rand(1))


def seeded(seed: int, count: int) -> list[float]:
    generator = torch.Generator().manual_seed(seed)
    return [float(torch.rand(1, generator=generator)) for _ in range(count)]


def test_numbers_of_each_run_go_on_where_it_left_them() -> None:
    first, second = built(1), built(2)
    drawn = [draw(run) for run in (first, second, second, first, second)]
    assert [drawn[0], drawn[3]] == seeded(1, 2)
    assert [drawn[1], drawn[2], drawn[4]] == seeded(2, 3)


def test_a_run_alone_shares_the_generators_with_its_script() -> None:
    run = built(1)
    torch.rand(1)
    assert draw(run) == seeded(1, 2)[1]
    torch.manual_seed(5)
    assert draw(run) == seeded(5, 1)[0]


def test_a_run_without_randomness_of_its_own_disturbs_none() -> None:
    run = built(1)
    script = CurrentRun(SimpleNamespace(), own_randomness=False)
    torch.manual_seed(5)
    assert [draw(script), draw(script)] == seeded(5, 2)
    assert draw(run) == seeded(1, 1)[0]


@pytest.mark.parametrize("own", [True, False])
def test_an_interrupted_run_goes_on_with_its_own_numbers(own: bool) -> None:
    outer, inner = CurrentRun(SimpleNamespace(), own_randomness=own), built(1)
    torch.manual_seed(5)
    with outer:
        drawn = [float(torch.rand(1))]
        assert draw(inner) == seeded(1, 1)[0]
        built(2)
        drawn.append(float(torch.rand(1)))
    assert drawn == seeded(5, 2)


def test_entering_again_inside_itself_changes_nothing() -> None:
    run = built(1)
    hubs = [MessageHub.get_instance(name) for name in "ab"]
    run._face.message_hub = hubs[0]
    with run:
        with run:
            assert MessageHub.get_current_instance() is hubs[0]
        assert run.is_executing and MessageHub.get_current_instance() is hubs[0]
    assert not run.is_executing and MessageHub.get_current_instance() is hubs[1]
    run.leave()  # an own Trainer that failed before the run was entered
    assert MessageHub.get_current_instance() is hubs[1]


def test_a_run_can_be_copied_while_it_executes() -> None:
    run = built(1)
    with run:
        for twin in (copy.deepcopy(run), pickle.loads(pickle.dumps(run))):
            assert not twin.is_executing


def test_switches_that_the_script_sets_itself_stay() -> None:
    with CurrentRun(SimpleNamespace(logger=None)).building():
        torch.backends.cudnn.benchmark = True
        torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.deterministic = False
    torch.use_deterministic_algorithms(True)
    with CurrentRun(SimpleNamespace(logger=None)).building():
        assert not torch.backends.cudnn.benchmark
        assert torch.are_deterministic_algorithms_enabled()
        assert not torch.backends.cudnn.deterministic


def test_a_failed_building_takes_its_switches_along() -> None:
    with pytest.raises(ZeroDivisionError), CurrentRun(SimpleNamespace()).building():
        torch.backends.cudnn.benchmark = True
        raise ZeroDivisionError
    with CurrentRun(SimpleNamespace(logger=None)).building():
        assert not torch.backends.cudnn.benchmark
