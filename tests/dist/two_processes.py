"""What two processes do together; test_two_processes.py looks at what each of them got.

Every function below runs in both, and what it returns, or the error it raises, comes back by its
name. One start of two processes serves them all.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from mmlight import dist

CHECKS: dict[str, Callable[[int], Any]] = {}


def check(func: Callable[[int], Any]) -> Callable[[int], Any]:
    CHECKS[func.__name__] = func
    return func


def run(rank: int, folder: str) -> None:
    os.chdir(folder)
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank))
    store = Path(folder, "store").as_uri()
    dist.init_dist("pytorch", backend="gloo", init_method=store, rank=rank, world_size=2)
    results = {}
    for name, func in CHECKS.items():
        try:
            results[name] = func(rank)
        except Exception as error:
            results[name] = error
        dist.barrier()
    Path(folder, f"results_{rank}.pkl").write_bytes(pickle.dumps(results))
    torch.distributed.destroy_process_group()


def data_of(rank: int) -> torch.Tensor:
    return torch.arange(2) + 1 + 2 * rank


@check
def who(rank):
    return {
        "info": dist.get_dist_info(),
        "backend": dist.get_backend(),
        "is_distributed": dist.is_distributed(),
        "is_main": dist.is_main_process(),
        "device": str(dist.get_comm_device()),
        "group": dist.get_default_group() is torch.distributed.group.WORLD,
        "launcher": dist.infer_launcher(),
    }


@check
def local_rank_as_the_launcher_says(rank):
    return dist.get_local_rank()


@check
def local_size_nobody_told(rank):
    return dist.get_local_size()


@check
def local_group_before_it_is_made(rank):
    return dist.get_local_group()


@check
def local_group(rank):
    dist.init_local_group(node_rank=0, num_gpus_per_node=2)
    group = dist.get_local_group()
    return dist.get_local_rank(), dist.get_local_size(), dist.get_dist_info(group)


@check
def local_group_again(rank):
    dist.init_local_group(0, 2)


@check
def master_only(rank):
    return dist.master_only(lambda x: x + 1)(rank)


@check
def gather_to_first(rank):
    return dist.gather(data_of(rank))


@check
def gather_to_second(rank):
    return dist.gather(data_of(rank), dst=1)


@check
def gather_object(rank):
    return dist.gather_object({"rank": rank})


@check
def all_gather(rank):
    return dist.all_gather(data_of(rank))


@check
def all_gather_of_a_view(rank):
    return dist.all_gather(torch.arange(6).view(2, 3).t() + rank)


@check
def all_gather_object(rank):
    return dist.all_gather_object(["foo", 12, {1: 2}][rank])


@check
def all_reduce(rank):
    results = {}
    for op in ("sum", "mean", "produce", "min", "max", "band", "bor", "bxor", "SUM"):
        results[op] = data_of(rank)
        dist.all_reduce(results[op], op=op)
    return results


@check
def all_reduce_with_an_op_of_torch(rank):
    data = data_of(rank)
    dist.all_reduce(data, op=dist.ReduceOp.SUM)
    return data


@check
def all_reduce_dict_of_a_number(rank):
    dist.all_reduce_dict({"loss": torch.ones(1), "count": 3})


@check
def in_a_group_of_its_own(rank):
    alone = [torch.distributed.new_group([member]) for member in (0, 1)][rank]
    reduced, sent, objects = data_of(rank), data_of(rank), [rank]
    dist.all_reduce(reduced, group=alone)
    dist.broadcast(sent, src=rank, group=alone)
    dist.broadcast_object_list(objects, src=rank, group=alone)
    dist.barrier(alone)
    return {
        "info": (dist.get_dist_info(alone), dist.is_main_process(alone), dist.get_backend(alone)),
        "all_reduce": reduced.tolist(),
        "broadcast": (sent.tolist(), objects),
        "gather": [part.tolist() for part in dist.gather(data_of(rank), dst=rank, group=alone)],
        "all_gather": [part.tolist() for part in dist.all_gather(data_of(rank), alone)],
        "objects": (dist.all_gather_object(rank, alone), dist.gather_object(rank, rank, alone)),
    }


@check
def all_reduce_with_an_unknown_op(rank):
    dist.all_reduce(data_of(rank), op="avg")


@check
def all_reduce_of_a_column_and_a_parameter(rank):
    matrix = torch.full((2, 2), float(rank + 1))
    dist.all_reduce(matrix[:, 0])
    parameter = torch.nn.Parameter(torch.ones(2))
    dist.all_reduce(parameter, op="mean")
    return matrix, parameter.requires_grad


@check
def all_reduce_dict(rank):
    data = {"b": torch.full((2, 2), rank), "a": torch.arange(3)}
    if rank == 1:
        data = dict(reversed(data.items()))
    dist.all_reduce_dict(data)
    return data


@check
def all_reduce_dict_of_two_types(rank):
    data = {"count": torch.tensor(rank), "loss": torch.tensor([0.5, rank])}
    dist.all_reduce_dict(data, op="mean")
    return data


@check
def all_reduce_params(rank):
    results = {}
    for name, options in {
        "together": {},
        "one by one": {"coalesce": False},
        "in buckets": {"bucket_size_mb": 1},
        "generator, mean": {"op": "mean"},
    }.items():
        params = [torch.ones(400, 500) * (rank + i) for i in range(5)] + [torch.arange(3) * rank]
        dist.all_reduce_params((p for p in params) if "generator" in name else params, **options)
        results[name] = [(p.dtype, p.shape, p.flatten()[-1].item()) for p in params]
    return results


@check
def broadcast_from_second(rank):
    data = data_of(rank)
    dist.broadcast(data, src=1)
    return data


@check
def broadcast_object_list(rank):
    data = ["foo", 12, {1: 2}] if rank == 0 else [None, None, None]
    dist.broadcast_object_list(data)
    return data


@check
def broadcast_of_no_list(rank):
    dist.broadcast_object_list(("a",))


@check
def sync_random_seed(rank):
    np.random.seed(rank)
    return dist.sync_random_seed(), int(np.random.randint(1000))


@check
def collect_again_and_again(rank):
    return [dist.collect_results([(rank, n)], 2, tmpdir="again") for n in range(20)]


@check
def collect(rank):
    results = {}
    for size in (2, 3, 4):
        part = [(rank, index) for index in range(2)]
        results[f"cpu {size}"] = dist.collect_results(part, size, device="cpu")
        results[f"gpu {size}"] = dist.collect_results(part, size, device="gpu")
    uneven = [(rank, index) for index in range(3 - 2 * rank)]
    results["cpu uneven"] = dist.collect_results_cpu(uneven, 4)
    results["gpu uneven"] = dist.collect_results_gpu(uneven, 4)
    return results


@check
def collect_in_a_folder(rank):
    results = dist.collect_results_cpu([rank], 2, tmpdir="given/folder")
    dist.barrier()
    return results, Path("given/folder").exists(), [*Path().glob(".dist_results_*")]


@check
def collect_in_folders_that_are_not_shared(rank):
    return dist.collect_results_cpu([rank], 2, tmpdir=f"of_{rank}")
