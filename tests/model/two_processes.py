"""What two processes do with wrapped models; test_wrappers.py looks at what each of them got."""

from __future__ import annotations

import os
import pickle
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.distributed.fsdp import FullyShardedDataParallel

from mmlight import dist
from mmlight.evaluator import BaseMetric, Evaluator
from mmlight.logging import MessageHub
from mmlight.model import (
    BaseModel,
    MMDistributedDataParallel,
    MMFullyShardedDataParallel,
    MMSeparateDistributedDataParallel,
    convert_sync_batchnorm,
)
from mmlight.model.state_dict import get_state_dict, load_state_dict
from mmlight.optim import OptimWrapper, OptimWrapperDict

DATA = torch.arange(8.0).view(4, 2) / 8
TARGET = torch.tensor([[1.0], [2.0], [0.0], [-1.0]])


class Regression(BaseModel):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(2, 3)
        self.second = nn.Linear(3, 1)

    def forward(self, inputs, data_samples=None, mode="tensor"):
        out = self.second(self.first(inputs).tanh())
        if mode == "loss":
            return {"loss": (out - data_samples).square()}
        return list(out)


class TwoParts(BaseModel):
    """Trains its parts by turns, as a GAN does."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.first = nn.Linear(2, 3)
        self.second = nn.Linear(3, 1)
        self.frozen = nn.Linear(1, 1).requires_grad_(False)

    def train_step(self, data, optim_wrapper):
        data = self.data_preprocessor(data, True)
        for name in ("first", "second"):
            out = self.second(self.first(data["inputs"]).tanh())
            for part in ("first", "second"):
                getattr(self, part).requires_grad_(part == name)
            out = self.second(self.first(data["inputs"]).tanh())
            loss = (out - data["data_samples"]).square().mean()
            optim_wrapper[name].update_params(loss)
        return {"loss": loss}

    def forward(self, inputs, data_samples=None, mode="tensor"):
        return list(self.second(self.first(inputs).tanh()))


def batch(rank: int, world_size: int) -> dict[str, torch.Tensor]:
    return {"inputs": DATA[rank::world_size], "data_samples": TARGET[rank::world_size]}


def sgd(module: nn.Module, **options: Any) -> OptimWrapper:
    return OptimWrapper(torch.optim.SGD(module.parameters(), lr=0.1), **options)


def optim_wrappers(model: nn.Module) -> OptimWrapperDict:
    return OptimWrapperDict(first=sgd(model.first), second=sgd(model.second))


def weights(model: nn.Module) -> dict[str, list]:
    return {
        name.replace("module.", ""): value.tolist() for name, value in model.state_dict().items()
    }


def ddp(rank: int) -> Any:
    model = MMDistributedDataParallel(Regression(), detect_anomalous_params=True)
    optim_wrapper = sgd(model)
    for _ in range(3):
        log_vars = model.train_step(batch(rank, 2), optim_wrapper)
    predictions = [model.val_step({"inputs": DATA}), model.test_step({"inputs": DATA})]
    return weights(model), list(log_vars), predictions


def separate(rank: int) -> Any:
    inner = TwoParts()
    model = MMSeparateDistributedDataParallel(inner, find_unused_parameters=True)
    kinds = [type(part).__name__ for part in inner.children()]
    optim_wrapper = optim_wrappers(inner)
    for _ in range(3):
        model.train_step(batch(rank, 2), optim_wrapper)
    model.train(False)
    modes = {module.training for module in model.modules()}
    with model.no_sync():
        sync = [part.require_backward_grad_sync for part in (inner.first, inner.second)]
    predictions = [model.val_step({"inputs": DATA}), model.test_step({"inputs": DATA})]
    return weights(inner), kinds, modes, sync, predictions


def fsdp(rank: int) -> Any:
    model = sharded(Regression())
    optim_wrapper = sgd(model)
    for _ in range(3):
        model.train_step(batch(rank, 2), optim_wrapper)
    predictions = [model.val_step({"inputs": DATA}), model.test_step({"inputs": DATA})]
    units = sum(isinstance(module, FullyShardedDataParallel) for module in model.modules())
    shard = sum(param.numel() for param in model.parameters())
    with FullyShardedDataParallel.summon_full_params(model):
        full = {name: p.tolist() for name, p in model.named_parameters()}
    return full, units, shard, predictions


def sharded(model: nn.Module) -> MMFullyShardedDataParallel:
    policy = {"type": "size_based_auto_wrap_policy", "min_num_params": 1}
    # With gloo, also where there is a GPU, to which FSDP would go by itself.
    cpu = torch.device("cpu")
    return MMFullyShardedDataParallel(model, fsdp_auto_wrap_policy=policy, device_id=cpu)


CLIPS = [
    {"max_norm": 0.1},
    {"max_norm": 0.1, "norm_type": float("inf")},
    {"type": "value", "clip_value": 0.01},
]


def fsdp_clips(rank: int) -> Any:
    """Weights after three steps with each kind of clipping, and the norms that were logged."""
    results = []
    for number, clip_grad in enumerate(CLIPS):
        model = sharded(Regression())
        optim_wrapper = sgd(model, clip_grad=clip_grad)
        optim_wrapper.message_hub = MessageHub.get_instance(f"clip{number}")
        for _ in range(3):
            model.train_step(batch(rank, 2), optim_wrapper)
        norms = optim_wrapper.message_hub.log_scalars.get("train/grad_norm")
        results.append((weights(model), [] if norms is None else norms.data[0].tolist()))
    return results


def fsdp_state(rank: int) -> Any:
    """What is read from a new model is whole, what is loaded is shared out, and both can train."""
    model = sharded(Regression())
    fresh = get_state_dict(model)
    load_state_dict(model, {name: 2 * value for name, value in fresh.items()}, strict=True)
    doubled = get_state_dict(model)
    model.train_step(batch(rank, 2), sgd(model))
    states = (fresh, doubled, get_state_dict(model))
    return [{name: value.tolist() for name, value in state.items()} for state in states]


def fsdp_resumes(rank: int) -> Any:
    """Stop between two updates; a new model goes on from the shards of the gradients."""
    model = sharded(Regression())
    optim_wrapper = sgd(model, accumulative_counts=3)
    for _ in range(5):
        model.train_step(batch(rank, 2), optim_wrapper)
    state, pending = model.state_dict(), optim_wrapper.accumulation_state()
    shards = sum(gradient.numel() for gradient in pending["gradients"].values())
    resumed = Regression()
    resumed.load_state_dict(state)
    resumed = sharded(resumed)
    other_wrapper = sgd(resumed, accumulative_counts=3)
    other_wrapper.load_accumulation_state(pending)
    for trained, wrapper in ((model, optim_wrapper), (resumed, other_wrapper)):
        trained.train_step(batch(rank, 2), wrapper)
    return weights(model), weights(resumed), shards


def sync_batchnorm_is_converted(rank: int) -> Any:
    return type(convert_sync_batchnorm(nn.BatchNorm1d(2))).__name__


def torchmetric(rank: int) -> Any:
    """Five samples for two processes: the second one gets the first sample once more."""
    evaluator = Evaluator(
        [{"type": "MeanMetric", "pred_key": "n"}, {"type": "MaxMetric", "pred_key": "n"}]
    )
    results = []
    for size in (5, 6, 1):
        indices = [index % size for index in range(rank, size + size % 2, 2)]
        for start in range(0, len(indices), 2):
            evaluator.process([{"n": float(n)} for n in indices[start : start + 2]])
        results.append(evaluator.evaluate(size))
    return results


class Sum(BaseMetric):
    def process(self, data_batch, data_samples):
        self.results += [sample["n"] for sample in data_samples]

    def compute_metrics(self, results):
        return {"sum": sum(results), "order": results}


def metric(rank: int) -> Any:
    """As above, with a metric that is computed by the first process for both."""
    results = []
    for device in ("cpu", "gpu"):
        evaluator = Evaluator(Sum(collect_device=device, prefix=device))
        evaluator.process([{"n": n} for n in ((0, 2, 4), (1, 3, 0))[rank]])
        results.append(evaluator.evaluate(5))
    return results


CHECKS = (
    ddp,
    separate,
    fsdp,
    fsdp_clips,
    fsdp_state,
    fsdp_resumes,
    sync_batchnorm_is_converted,
    torchmetric,
    metric,
)


def run(rank: int, folder: str) -> None:
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    os.environ.update(RANK=str(rank), WORLD_SIZE="2", LOCAL_RANK=str(rank))
    store = Path(folder, "store").as_uri()
    dist.init_dist("pytorch", backend="gloo", init_method=store, rank=rank, world_size=2)
    results = {}
    for check in CHECKS:
        results[check.__name__] = check(rank)
        dist.barrier()
    Path(folder, f"results_{rank}.pkl").write_bytes(pickle.dumps(results))
    torch.distributed.destroy_process_group()
