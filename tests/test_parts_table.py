"""The table of ``docs/in_your_project.md``: each of its cells, run for its effect."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.bridge.ranks import together
from tests.parts.cases import PARTS
from tests.parts.two_processes import run_group

DOCUMENT = Path(__file__).parents[1] / "docs" / "in_your_project.md"
ROWS: dict[str, list[str]] = {
    found[1]: [cell.strip() for cell in found[2].split(" | ")]
    for line in DOCUMENT.read_text().splitlines()
    if (found := re.fullmatch(r"\| `(\w+)` \| (.+) \|", line))
}
SCHEDULERS = [name for name in ROWS if name.endswith(("LR", "Momentum", "ParamScheduler"))]
WAYS = ("config", "automatic", "manual")
CELLS = [(name, way) for name in ROWS for way in WAYS]
GROUPS = 3

DOCUMENTED = re.findall(
    r"\w+",
    """
    CheckpointHook EMAHook LoggerHook NaiveVisualizationHook ParamSchedulerHook RuntimeInfoHook
    DistSamplerSeedHook IterTimerHook SyncBuffersHook EmptyCacheHook ReduceLRSchedulerHook
    BasicVisualizationHook VisualizationHook GenVisualizationHook ExponentialMovingAverageHook
    GenIterTimerHook PGGANFetchDataHook PickleDataHook EpochBasedTrainLoop IterBasedTrainLoop
    ValLoop TestLoop MultiValLoop MultiTestLoop GenValLoop GenTestLoop LogProcessor
    GenLogProcessor ConstantLR ConstantMomentum ConstantParamScheduler CosineAnnealingLR
    CosineAnnealingMomentum CosineAnnealingParamScheduler ExponentialLR ExponentialMomentum
    ExponentialParamScheduler LinearLR LinearMomentum LinearParamScheduler MultiStepLR
    MultiStepMomentum MultiStepParamScheduler OneCycleLR OneCycleParamScheduler PolyLR
    PolyMomentum PolyParamScheduler StepLR StepMomentum StepParamScheduler LinearLrInterval
    ReduceLR AmpOptimWrapper OptimWrapper OptimWrapperDict DefaultOptimWrapperConstructor
    MultiOptimWrapperConstructor PGGANOptimWrapperConstructor SinGANOptimWrapperConstructor
    Evaluator BaseMetric DumpResults Visualizer LocalVisBackend TensorboardVisBackend
    WandbVisBackend
    """,
)


def test_no_documented_part_is_left_out() -> None:
    assert set(DOCUMENTED) <= set(ROWS)
    assert all(len(cells) == 4 for cells in ROWS.values())


def cell(name: str, way: str) -> str:
    return ROWS[name][WAYS.index(way)]


def run(folder: Path, name: str, way: str) -> None:
    part = PARTS[name]
    if way == "config":
        part.config(folder)
    else:
        part.trainer(folder, way == "automatic")


@pytest.mark.parametrize(("name", "way"), CELLS)
def test_a_cell(tmp_path: Path, name: str, way: str) -> None:
    says = cell(name, way)
    if says.startswith("no"):
        (error,) = re.findall(r'^no: "([^"]+)"', says)
        with pytest.raises((ValueError, RuntimeError), match=re.escape(error)):
            run(tmp_path, name, way)
        return
    instead = re.match(r"use `(\w+)`: .+", says)
    assert says == "yes" or instead
    if instead:
        run(tmp_path / "instead", instead[1], way)
    run(tmp_path, name, way)


def _differs(name: str, way: str) -> bool:
    """Whether several processes may matter to a cell that works."""
    if cell(name, way).startswith("no"):
        return False
    # The curves of schedulers are computed, in each process by itself: whoever steps one steps all.
    computed = name in SCHEDULERS and name not in ("StepLR", "LinearMomentum")
    return not computed or way == "manual"


@pytest.fixture(scope="module")
def of_two_processes(tmp_path_factory: Any) -> dict[tuple[str, str], list[str]]:
    """What went wrong in each process, by the cell; a few runs for all of them."""
    works = [(name, way) for name, way in CELLS if _differs(name, way)]
    failures: dict[tuple[str, str], list[str]] = {}
    for index in range(GROUPS):
        group = works[index::GROUPS]
        folder = tmp_path_factory.mktemp(f"group{index}")
        ranks = together(folder, run_group, folder, group)
        failures.update({key: [rank[key] for rank in ranks] for key in group})
    return failures


@pytest.mark.parametrize("name", ROWS)
def test_two_processes(of_two_processes: dict, name: str) -> None:
    assert ROWS[name][3] == "yes"
    for way in WAYS:
        for failure in of_two_processes.get((name, way), []):
            assert not failure, f"{way}: {failure}"
