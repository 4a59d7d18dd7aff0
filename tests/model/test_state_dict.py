"""Weights into modules and out of them, and what is said when they do not fit."""

from __future__ import annotations

import logging
from collections import OrderedDict

import pytest
import torch
from torch import nn

from mmlight.model.state_dict import get_state_dict, load_state_dict, weights_to_cpu
from mmlight.model.wrappers import MMDistributedDataParallel


def net() -> nn.Module:
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))


def test_weights_that_fit_are_loaded_in_silence(caplog: pytest.LogCaptureFixture) -> None:
    source, target = net(), net()
    with caplog.at_level(logging.DEBUG):
        load_state_dict(target, source.state_dict(), logger=logging.getLogger("fits"))
    assert all(
        torch.equal(a, b) for a, b in zip(source.parameters(), target.parameters(), strict=True)
    )
    assert not caplog.records


def misfit() -> OrderedDict:
    state = net().state_dict()
    state["head.weight"] = torch.ones(7)
    state["0.weight"] = torch.ones(4, 4)
    del state["0.bias"]
    return state


def test_table_of_what_does_not_fit(caplog: pytest.LogCaptureFixture) -> None:
    target = net()
    before = target[0].weight.clone()
    with caplog.at_level(logging.WARNING):
        load_state_dict(target, misfit(), logger=logging.getLogger("misfit"))
    lines = [[cell.strip() for cell in line.split("│")] for line in caplog.text.splitlines()]
    rows = [row[1:-1] for row in lines if len(row) == 6]
    assert ["mismatched shape", "0.weight", "(3, 2)", "(4, 4)"] in rows
    assert ["missing", "0.bias", "(3,)", "-"] in rows
    assert ["unexpected", "head.weight", "-", "(7,)"] in rows
    assert torch.equal(target[0].weight, before)


def test_strict_raises_the_table() -> None:
    with pytest.raises(RuntimeError, match=r"(?s)mismatched.*0\.weight.*missing.*0\.bias.*head"):
        load_state_dict(net(), misfit(), strict=True)


def test_a_long_table_is_not_cut() -> None:
    state = {f"{'deep.' * 30}{number}.weight": torch.ones(1) for number in range(40)}
    with pytest.raises(RuntimeError) as caught:
        load_state_dict(net(), state, strict=True)
    assert all(key in str(caught.value) for key in state)


def test_missing_batch_counters_of_old_files_are_no_problem() -> None:
    state = net().state_dict()
    del state["1.num_batches_tracked"]
    load_state_dict(net(), state, strict=True)


def wrapped(module: nn.Module, tmp_path: object) -> nn.Module:
    return MMDistributedDataParallel(module=module)


@pytest.fixture
def one_process(tmp_path: object):
    torch.distributed.init_process_group(
        "gloo", init_method=f"file://{tmp_path}/meet", rank=0, world_size=1
    )
    yield
    torch.distributed.destroy_process_group()


@pytest.mark.usefixtures("one_process")
def test_wrappers_at_any_depth_leave_no_trace() -> None:
    inner = net()
    outer = nn.Sequential(MMDistributedDataParallel(module=inner), nn.Linear(1, 1))
    state = get_state_dict(outer)
    assert "0.0.weight" in state and not any("module" in key for key in state)
    fresh = nn.Sequential(net(), nn.Linear(1, 1))
    load_state_dict(outer, fresh.state_dict(), strict=True)
    assert torch.equal(inner[0].weight, fresh[0][0].weight)


def test_state_is_torchs_own() -> None:
    module = nn.Sequential(net(), nn.LSTM(2, 2))
    ours, theirs = get_state_dict(module), module.state_dict()
    assert list(ours) == list(theirs)
    assert all(torch.equal(ours[key], theirs[key]) for key in theirs)
    assert ours._metadata == theirs._metadata
    kept = get_state_dict(module, keep_vars=True, prefix="net.")
    assert kept["net.0.0.weight"] is module[0][0].weight


def test_copy_on_the_cpu_keeps_names_and_versions() -> None:
    state = net().state_dict()
    copied = weights_to_cpu(state)
    assert list(copied) == list(state) and copied._metadata == state._metadata


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_copy_leaves_the_gpu() -> None:
    state = net().cuda().state_dict()
    assert {value.device.type for value in weights_to_cpu(state).values()} == {"cpu"}
    assert {value.device.type for value in state.values()} == {"cuda"}
