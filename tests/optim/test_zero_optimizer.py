"""Optimizer state in parts, on two processes."""

from __future__ import annotations

import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch import nn

from mmlight.optim import build_optim_wrapper


def train(rank: int, store: str, results) -> None:
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    torch.manual_seed(0)
    model = nn.Linear(2, 2)
    optimizer = {"type": "ZeroRedundancyOptimizer", "optimizer_type": "Adam", "lr": 0.1}
    wrapper = build_optim_wrapper(model, {"optimizer": optimizer})
    wrapper.update_params(model(torch.ones(1, 2)).square().sum())
    state = wrapper.state_dict()
    results[rank] = (
        model.weight.detach().tolist(),
        len(wrapper.optimizer.optim.state),
        len(state.get("state", ())),
    )
    dist.destroy_process_group()


def test_two_processes_share_the_state_and_agree_on_the_weights(tmp_path) -> None:
    with mp.get_context("fork").Manager() as manager:
        results = manager.dict()
        args = (str(tmp_path / "store"), results)
        mp.start_processes(train, args, nprocs=2, start_method="fork")
        (weight, parts, whole), (other_weight, other_parts, other_whole) = results[0], results[1]
    torch.manual_seed(0)
    model = nn.Linear(2, 2)
    adam = torch.optim.Adam(model.parameters(), lr=0.1)
    model(torch.ones(1, 2)).square().sum().backward()
    adam.step()
    assert weight == other_weight == model.weight.tolist()
    assert (parts, other_parts) == (1, 1)
    assert (whole, other_whole) == (2, 0)


def test_an_unknown_optimizer_is_refused_with_the_nearest_name() -> None:
    optimizer = {"type": "ZeroRedundancyOptimizer", "optimizer_type": "AdamV", "lr": 0.1}
    with pytest.raises(AttributeError, match=r"no optimizer 'AdamV'\. Did you mean 'Adam"):
        build_optim_wrapper(nn.Linear(1, 1), {"optimizer": optimizer})
