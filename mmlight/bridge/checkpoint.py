"""What the one checkpoint holds that MMEngine, Lightning and mmlight can all resume from.

=====================  ============================================================
key                    what it holds
=====================  ============================================================
``meta``               epoch, iter, cfg, seed, experiment_name, time, versions
``state_dict``         the model's weights, without any prefix
``message_hub``        log history and runtime information
``optimizer``          state of the optimizer wrapper (by name for several)
``param_schedulers``   states of the schedulers (by name for several)
``loops`` and others   what ``Trainer.fit(ckpt_path=...)`` reads
``mmlight``            what makes a resume exact: position, random states, position in
                       the data, pending gradients
=====================  ============================================================
"""

from __future__ import annotations

import math
import time
from collections import OrderedDict
from typing import Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.trainer import call
from torch import nn

from mmlight.bridge.ranks import gather_states
from mmlight.bridge.rng import rng_state
from mmlight.bridge.sharding import (
    has_shards,
    is_sharded,
    local_gradients,
    whole_optimizers,
    whole_state,
    whole_weights,
    without_wrappers,
)
from mmlight.bridge.shared_tensors import share_equal
from mmlight.dist import is_distributed
from mmlight.model.state_dict import get_state_dict
from mmlight.version import __version__

FORMAT = 1


def collect(
    runner: Any,
    save_optimizer: bool = True,
    save_param_scheduler: bool = True,
    meta: dict[str, Any] | None = None,
    by_epoch: bool = True,
) -> dict[str, Any]:
    """Return the checkpoint of a run as it stands.

    Args:
        runner: The Runner, or the face of a Trainer.
        save_optimizer: Whether to include the states of optimizers.
        save_param_scheduler: Whether to include the states of schedulers.
        meta: Entries to add to ``meta``.
        by_epoch: Whether the epoch that is running counts as done (else the iteration does).

    Raises:
        TypeError: If ``meta`` is no dict.
    """
    check_meta(meta)
    position = _position(runner)
    checkpoint = {
        "state_dict": weights(runner),
        **states_of_training(runner, save_optimizer, save_param_scheduler),
    }
    checkpoint["meta"] = {**make_meta(runner, position, by_epoch), **(meta or {})}
    checkpoint.update(_lightning_keys(runner, position, save_optimizer))
    checkpoint["mmlight"] = exact_state(runner, position)
    return checkpoint


def check_meta(meta: Any) -> None:
    """Raise a TypeError if ``meta`` is neither a dict nor None."""
    if meta is not None and not isinstance(meta, dict):
        raise TypeError(f"meta should be a dict or None, but got {type(meta).__name__}")


def states_of_training(
    runner: Any, save_optimizer: bool = True, save_param_scheduler: bool = True
) -> dict[str, Any]:
    """Return what a run knows beside its weights, under the keys that the documents name.

    Raises:
        TypeError: If what is to be saved is still a config.
    """
    checkpoint: dict[str, Any] = {"message_hub": _hub_state(runner)}
    wrapper = runner.optim_wrapper
    # A strategy that shards a module that is not ours gathers for Lightning's own key alone.
    gathers = not is_sharded(runner.trainer) or not hasattr(wrapper, "optimizers")
    if save_optimizer and wrapper is not None and gathers:
        if isinstance(wrapper, dict):
            raise _not_built("save_optimizer", "optim_wrapper")
        checkpoint["optimizer"] = whole_optimizers(runner)
    if save_param_scheduler and runner.param_schedulers:
        checkpoint["param_schedulers"] = _scheduler_states(runner.param_schedulers)
    return checkpoint


def _hub_state(runner: Any) -> dict[str, Any]:
    """Return what has been logged, which only the process that writes must collect."""
    if runner.rank > 0:
        return {"log_scalars": {}, "runtime_info": {}, "resumed_keys": {}}
    result: dict[str, Any] = runner.message_hub.state_dict()
    return result


def _not_built(argument: str, attribute: str) -> TypeError:
    return TypeError(
        f"runner.{attribute} is built when training begins and cannot be saved before: "
        f"give {argument}=False"
    )


def weights(runner: Any) -> OrderedDict[str, torch.Tensor]:
    """Return the model's state dict as the strategy gathers it, in the first process on the CPU.

    The others, who do not write it, need no copy.
    """
    strategy = runner.trainer.strategy
    if has_shards(runner.model):
        state = whole_weights(runner.model)
    elif strategy.model is not None:
        state = strategy.lightning_module_state_dict()
    else:
        state = get_state_dict(runner.model)
    result: OrderedDict[str, torch.Tensor] = on_host(state, runner.rank)
    return result


def on_host(weights: Any, rank: int) -> Any:
    """Detach weights, in the process that writes them on the CPU, and return the same dict."""
    for name, value in weights.items():
        if isinstance(value, torch.Tensor):
            weights[name] = value.detach().cpu() if rank == 0 else value.detach()
    return weights


def exact_state(runner: Any, position: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return what a resume needs beyond the documents to end where this run would end."""
    wrapper = runner.optim_wrapper
    own = {
        "format": FORMAT,
        "version": __version__,
        "position": position or _position(runner),
        # A validation that runs begins anew after a resume.
        **share_equal(
            {
                "rng": rng_state(),
                "loader": _stream_state(runner.train_loop, "state_dict"),
                "val_loader": _stream_state(runner.val_loop, "between_passes"),
            }
        ),
        "accumulation": (
            local_gradients(wrapper.accumulation_state())
            if hasattr(wrapper, "accumulation_state")
            else None
        ),
    }
    if not is_distributed():
        return own
    # Each process draws its own random numbers, reads its own data and has statistics of it.
    states = gather_states(own, buffers_of(runner.model))
    return {**states[0], "ranks": states[1:]} if states else own


def buffers_of(model: nn.Module) -> dict[str, torch.Tensor]:
    """Return the buffers of a model that belong into a checkpoint, by name, wrappers left out."""
    if has_shards(model):  # whose state is gathered; buffers are whole
        return {without_wrappers(name): buffer for name, buffer in model.named_buffers()}
    state = get_state_dict(model, keep_vars=True)
    return {name: value for name, value in state.items() if not isinstance(value, nn.Parameter)}


def exact_state_of_rank(exact: dict[str, Any], rank: int, world_size: int) -> dict[str, Any] | None:
    """Return a process's own part of what :func:`exact_state` collected.

    Args:
        exact: What was collected.
        rank: Index of the process.
        world_size: Number of processes now.

    Returns:
        dict or None: None if it was written by another number of processes.
    """
    states = [exact, *exact.get("ranks", ())]
    return states[rank] if len(states) == world_size else None


def _stream_state(loop: Any, method: str) -> dict[str, Any] | None:
    stream: Any = getattr(loop, "stream", None)
    # A hook may have put an iterator of its own in place of the loop's.
    return getattr(stream, method)() if hasattr(stream, method) else None


def _position(runner: Any) -> dict[str, Any]:
    progress = runner.progress
    in_batch = progress.in_batch
    closing = progress.in_epoch and runner.point == "after_train_epoch"
    within = progress.in_epoch and runner.train_loop.by_epoch
    return {
        "iter": progress.iter + in_batch,
        "batch_in_epoch": progress.batch_in_epoch + in_batch,
        "epoch": progress.epoch,
        "phase": (
            "iter" if in_batch else "epoch" if closing else "within" if within else "between"
        ),
    }


def make_meta(runner: Any, position: dict[str, Any], by_epoch: bool = False) -> dict[str, Any]:
    """Return what the documents have under ``meta``."""
    meta: dict[str, Any] = {
        "cfg": runner.config_text,
        "seed": runner.seed,
        "experiment_name": runner.experiment_name,
        "time": time.strftime("%Y%m%d_%H%M%S", time.localtime()),
        "mmengine_version": __version__,
        "epoch": runner.epoch + 1 if by_epoch else runner.epoch,
        "iter": runner.iter if by_epoch else position["iter"],
    }
    dataset: Any = getattr(runner.train_dataloader, "dataset", None)
    if hasattr(dataset, "metainfo"):
        meta["dataset_meta"] = dataset.metainfo
    return meta


def _scheduler_states(schedulers: Any) -> Any:
    if isinstance(schedulers, dict) and "type" not in schedulers:
        return {name: _scheduler_states(some) for name, some in schedulers.items()}
    if any(isinstance(one, dict) for one in (schedulers, *schedulers)):
        raise _not_built("save_param_scheduler", "param_schedulers")
    return [scheduler.state_dict() for scheduler in schedulers]


def _lightning_keys(runner: Any, position: dict[str, Any], save_optimizer: bool) -> dict[str, Any]:
    trainer = runner.trainer
    keys: dict[str, Any] = {
        "epoch": position["epoch"],
        "global_step": position["iter"],
        "pytorch-lightning_version": pl.__version__,
        "loops": {
            "fit_loop": _fit_loop_state(trainer, position),
            "validate_loop": trainer.validate_loop.state_dict(),
            "test_loop": trainer.test_loop.state_dict(),
            "predict_loop": trainer.predict_loop.state_dict(),
        },
        # The public way to the states of callbacks is a whole `Trainer.save_checkpoint`.
        "callbacks": call._call_callbacks_state_dict(trainer),
        "lr_schedulers": [],
    }
    if save_optimizer:
        keys["optimizer_states"] = _optimizer_states(runner)
    return keys


def _optimizer_states(runner: Any) -> list[dict[str, Any]]:
    optimizers = optimizers_of(runner)
    if has_shards(runner.model):
        return [whole_state(runner.model, one) for one in optimizers]
    return [runner.trainer.strategy.optimizer_state(one) for one in optimizers]


def optimizers_of(runner: Any) -> list[torch.optim.Optimizer]:
    """Return the optimizers of a run in the order in which Lightning has them."""
    wrapper = runner.optim_wrapper
    if wrapper is None:
        return []
    if hasattr(wrapper, "optim_wrappers"):
        return [one.optimizer for one in wrapper.optim_wrappers.values()]
    return wrapper.optimizers if hasattr(wrapper, "optimizers") else [wrapper.optimizer]


def _fit_loop_state(trainer: pl.Trainer, position: dict[str, Any]) -> dict[str, Any]:
    """Return the loop state that Lightning itself would have written at this position."""
    state = {**trainer.fit_loop.state_dict(), **progress_state(position)}
    steps = {"ready": position["iter"], "completed": position["iter"]}
    state["epoch_loop.manual_optimization.optim_step_progress"] = {"total": steps, "current": steps}
    state["epoch_loop.state_dict"] = {"_batches_that_stepped": position["iter"]}
    return state


def progress_state(position: dict[str, Any]) -> dict[str, Any]:
    """Return Lightning's counters of epochs and batches as they are at a position."""

    def tracker(done: int, begun: int = 0) -> dict[str, int]:
        return {
            "ready": done + begun,
            "started": done + begun,
            "processed": done,
            "completed": done,
        }

    mid_epoch = int(position["phase"] in ("iter", "within"))
    epochs = position["epoch"] + (position["phase"] == "epoch")
    return {
        "epoch_progress": {
            "total": tracker(epochs, mid_epoch),
            "current": tracker(epochs, mid_epoch),
        },
        "epoch_loop.batch_progress": {
            "total": tracker(position["iter"]),
            "current": tracker(position["batch_in_epoch"]),
            "is_last_batch": not mid_epoch,
        },
    }


def restore_progress(runner: Any, checkpoint: dict[str, Any]) -> None:
    """Let ``runner`` count iterations and epochs from where the checkpoint stands.

    mmlight's own checkpoints say it exactly, MMEngine's under ``meta``, Lightning's as
    ``global_step`` and ``epoch``. A loop that counts for itself needs no more than ``meta``.

    Raises:
        ValueError: If the checkpoint has none of them.
    """
    loop = runner.train_loop
    if "mmlight" in checkpoint and hasattr(loop, "stream"):
        position = checkpoint["mmlight"]["position"]
        runner.progress.iter = position["iter"]
        if loop.by_epoch:
            loop._epoch = position["epoch"] + (position["phase"] == "epoch")
        return
    meta = checkpoint.get("meta", {})
    if "iter" in meta:
        loop._iter, loop._epoch = meta["iter"], meta["epoch"]
    elif "global_step" in checkpoint:
        loop._iter, loop._epoch = checkpoint["global_step"], checkpoint["epoch"]
    else:
        raise ValueError(
            "this checkpoint says neither in meta['iter'] nor in global_step how far its run had "
            "come, so it can be loaded (load_from) but not resumed"
        )


def go_on_among_others(runner: Any, position: dict[str, Any], written_by: int) -> dict[str, Any]:
    """Return where a run of another number of processes stands, for the loop of this one.

    The processes of both together take the same samples in the same order, so the data go on behind
    those that are done, but for the rest of a batch.

    Args:
        runner: The Runner, its training loop built.
        position: What the checkpoint says.
        written_by: Number of processes that wrote it.
    """
    loop = runner.train_loop
    done = position["batch_in_epoch"] if loop.by_epoch else position["iter"]
    done = math.ceil(done * written_by / runner.world_size)
    if loop.by_epoch:
        done = min(done, runner.schedule.batches)
        over = position["phase"] == "epoch"
        runner.schedule.count_on(position["iter"], position["epoch"] + over, 0 if over else done)
        loader = {**loop.stream.state_dict(), "taken": done}
    else:
        loop.stream.seek(done)
        loader = loop.stream.state_dict()
    return {
        "position": {**position, "batch_in_epoch": done},
        "rng": rng_state(),
        "loader": loader,
    }


def restore_callbacks(trainer: pl.Trainer, checkpoint: dict[str, Any]) -> None:
    """Give the Trainer's callbacks the states that they had saved."""
    # The public way is a whole `Trainer.fit(ckpt_path=...)`, which would read the file again.
    call._call_callbacks_load_state_dict(trainer, checkpoint)
