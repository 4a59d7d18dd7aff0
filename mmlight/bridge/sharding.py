"""Models and optimizers of which each process has a part: FSDP and ``ModelParallelStrategy``.

Everything is built, initialised, loaded and resumed whole, as in a single process; then, before
training, model and optimizers are split. Checkpoints are gathered again, so that a file does not
tell how many processes wrote it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

import torch
from lightning.pytorch import Trainer
from lightning.pytorch.strategies import FSDPStrategy
from torch import nn
from torch.distributed.fsdp import (
    FullOptimStateDictConfig,
    FullStateDictConfig,
    FullyShardedDataParallel,
    StateDictType,
)
from torch.optim import Optimizer

from mmlight.model import BaseModel, MMFullyShardedDataParallel
from mmlight.model.state_dict import get_state_dict, part_like
from mmlight.utils import apply_to


def is_sharded(trainer: Trainer) -> bool:
    """Tell whether a strategy such as FSDP leaves each process a part of weights and optimizers."""
    return trainer.strategy.restore_checkpoint_after_setup


def has_shards(model: nn.Module) -> bool:
    """Tell whether a model has been split already."""
    return any(map(_is_unit, (model, *model.children())))


def _is_unit(module: nn.Module) -> bool:
    # The second is what `fully_shard` made. Its parameters may be gathered at the moment.
    return isinstance(module, FullyShardedDataParallel) or hasattr(
        module, "set_reshard_after_forward"
    )


def _is_part(value: Any) -> bool:
    return isinstance(value, torch.Tensor) and hasattr(value, "full_tensor")  # a DTensor


# ------------------------------------------------------------------------------ splitting


def shard(model: Any, optimizers: list[Optimizer], strategy: Any) -> Any:
    """Split a model, and optimizers with their states, over the processes of a strategy.

    Args:
        model: The whole model; its weights in the first process count.
        optimizers: Optimizers of its parameters.
        strategy: An ``FSDPStrategy`` or ``ModelParallelStrategy``.

    Returns:
        nn.Module: What takes the place of the model.

    Raises:
        ValueError: If the strategy cannot train such a model.
    """
    units = [model]
    if type(model).train_step is not BaseModel.train_step:
        units = _parts_of(model, strategy)
    for value in model.state_dict().values():
        torch.distributed.broadcast(value, 0)
    model = strategy.precision_plugin.convert_module(model)
    states = [optimizer.state_dict() for optimizer in optimizers]
    before = dict(model.named_parameters())
    if isinstance(strategy, FSDPStrategy):
        model = _fully_sharded(model, strategy)
    else:
        from torch.distributed.fsdp import fully_shard  # torch 2.6

        for unit in units:
            fully_shard(unit, mesh=strategy.device_mesh["data_parallel"])
        after = dict(model.named_parameters())
        _replace(optimizers, {param: after[name] for name, param in before.items()})
    for optimizer, state in zip(optimizers, states, strict=True):
        if state["state"]:
            optimizer.load_state_dict(parts_of_state(model, optimizer, state))
    return model


def _parts_of(model: nn.Module, strategy: Any) -> list[nn.Module]:
    """Return the parts that a model with a training step of its own calls one by one.

    Raises:
        ValueError: If it cannot be split in parts.
    """
    name = type(model).__name__
    if isinstance(strategy, FSDPStrategy):
        raise ValueError(
            f"strategy='fsdp' cannot train {name}, whose train_step is its own: use "
            "ModelParallelStrategy, or strategy='ddp_find_unused_parameters_true' in a Trainer of "
            "your own"
        )
    if own := [name for name, _ in model.named_parameters(recurse=False)]:
        raise ValueError(
            f"ModelParallelStrategy cannot train {name}, whose train_step is its own, since it "
            f"splits the parts of such a model and {own} are in none: put them into a module"
        )
    return [part for part in model.children() if any(True for _ in part.parameters())]


def _fully_sharded(model: nn.Module, strategy: FSDPStrategy) -> nn.Module:
    sharded = MMFullyShardedDataParallel(
        model,
        cpu_offload=strategy.cpu_offload,
        mixed_precision=strategy.mixed_precision_config,
        sharding_strategy=strategy.sharding_strategy,
        device_id=strategy.root_device,
        **strategy.kwargs,
    )
    sharded.check_is_root()  # settles it now: a first step would drop pending gradients
    return sharded


def _replace(optimizers: list[Optimizer], new: dict[nn.Parameter, nn.Parameter]) -> None:
    for optimizer in optimizers:
        optimizer.state.clear()
        for group in optimizer.param_groups:
            group["params"] = [new[param] for param in group["params"]]


# ------------------------------------------------------------- whole states, and parts of them


def _context(model: nn.Module, one_process: bool) -> Any:
    """Let FSDP gather whole states; on GPUs to the host, and if possible of one process only."""
    offload = next(model.parameters()).device.type != "cpu"
    return FullyShardedDataParallel.state_dict_type(
        model,
        StateDictType.FULL_STATE_DICT,
        FullStateDictConfig(offload_to_cpu=offload, rank0_only=offload and one_process),
        FullOptimStateDictConfig(offload_to_cpu=offload, rank0_only=offload and one_process),
    )


def whole_weights(model: nn.Module) -> OrderedDict[str, Any]:
    """Gather the weights of a split model; on GPUs those of FSDP in the first process alone."""
    if isinstance(model, FullyShardedDataParallel):
        with _context(model, one_process=True):
            return get_state_dict(model)
    result: OrderedDict[str, Any] = _whole(get_state_dict(model))
    return result


def load_weights(model: nn.Module, weights: Mapping[str, Any], strict: bool) -> Any:
    """Load whole weights, which all processes have, into a split model."""
    if isinstance(model, FullyShardedDataParallel):
        with _context(model, one_process=False):
            return model.load_state_dict(weights, strict=strict)
    parts, own = dict(weights), model.state_dict()
    for name in parts.keys() & own.keys():
        parts[name] = part_like(own[name], parts[name])
    return model.load_state_dict(parts, strict=strict)


def whole_state(model: nn.Module, optimizer: Optimizer) -> dict[str, Any]:
    """Gather the state of an optimizer, as it would be in a single process.

    The same processes have it as :func:`whole_weights`; all must call this.
    """
    state = optimizer.state_dict()
    if not isinstance(model, FullyShardedDataParallel):
        result: dict[str, Any] = _whole(state)
        return result
    if not any(optimizer.state.values()):
        return state  # FSDP has no names for what is not there yet
    with _context(model, one_process=True):
        named = FullyShardedDataParallel.optim_state_dict(model, optimizer, state)
    numbers = {name: index for index, name in enumerate(_names(model, optimizer))}
    return {
        "state": {numbers[name]: values for name, values in named.get("state", {}).items()},
        "param_groups": state["param_groups"],
    }


def _names(model: nn.Module, optimizer: Optimizer) -> list[str]:
    """Return the names of an optimizer's parameters, in their order, as FSDP has them."""
    names = {param: without_wrappers(name) for name, param in model.named_parameters()}
    return [names[param] for group in optimizer.param_groups for param in group["params"]]


def without_wrappers(name: str) -> str:
    """Return the name that a parameter or buffer had before FSDP wrapped its modules."""
    return name.replace("_fsdp_wrapped_module.", "").replace("_checkpoint_wrapped_module.", "")


def parts_of_state(model: nn.Module, optimizer: Optimizer, state: dict[str, Any]) -> dict[str, Any]:
    """Return this process's part of an optimizer's whole state, which all processes have."""
    if not has_shards(model):
        return state
    if isinstance(model, FullyShardedDataParallel):
        names = _names(model, optimizer)
        named = {
            "state": {names[index]: values for index, values in state["state"].items()},
            "param_groups": [
                {**group, "params": [names[index] for index in group["params"]]}
                for group in state["param_groups"]
            ],
        }
        with _context(model, one_process=False):
            parts = FullyShardedDataParallel.optim_state_dict_to_load(model, optimizer, named)
        return {**state, **parts}
    params = [param for group in optimizer.param_groups for param in group["params"]]
    parts = {
        index: {name: part_like(params[index], value) for name, value in values.items()}
        for index, values in state["state"].items()
    }
    return {**state, "state": parts}


def _whole(state: Any) -> Any:
    return apply_to(state, _is_part, lambda part: part.full_tensor())


def whole_optimizers(runner: Any) -> dict[str, Any]:
    """Return the state of a run's optimizer wrapper as it would be in a single process."""
    return _each(
        runner,
        runner.optim_wrapper.state_dict(),
        lambda optimizer, state: {**state, **whole_state(runner.model, optimizer)},
    )


def load_optimizers(runner: Any, state: dict[str, Any]) -> None:
    """Give a run's optimizer wrapper what :func:`whole_optimizers` returned."""
    runner.optim_wrapper.load_state_dict(
        _each(
            runner,
            state,
            lambda optimizer, whole: parts_of_state(runner.model, optimizer, whole),
        )
    )


def _each(
    runner: Any,
    state: dict[str, Any],
    change: Callable[[Optimizer, dict[str, Any]], dict[str, Any]],
) -> dict[str, Any]:
    """Change the state of the optimizer, or of each of several, in a wrapper's state."""
    if not has_shards(runner.model):
        return state
    wrapper = runner.optim_wrapper
    several = getattr(wrapper, "optim_wrappers", None)
    if several is None:
        return change(wrapper.optimizer, state)
    return {name: change(several[name].optimizer, one) for name, one in state.items()}


def local_gradients(pending: Any) -> Any:
    """Return what :meth:`OptimWrapper.accumulation_state` returned, its tensors plain ones."""
    return apply_to(pending, _is_part, lambda part: part.to_local())


def split_gradients(wrapper: Any, pending: dict[str, Any]) -> dict[str, Any]:
    """Return what :func:`local_gradients` returned as the optimizers of ``wrapper`` need it."""
    several = getattr(wrapper, "optim_wrappers", None)
    if several is not None:
        return {name: split_gradients(several[name], one) for name, one in pending.items()}
    params = [param for group in wrapper.optimizer.param_groups for param in group["params"]]
    gradients = {
        index: _as_part_of(params[index], gradient)
        for index, gradient in pending["gradients"].items()
    }
    return {**pending, "gradients": gradients}


def _as_part_of(param: Any, gradient: torch.Tensor) -> torch.Tensor:
    if not _is_part(param):
        return gradient
    from torch.distributed.tensor import DTensor  # torch 2.5

    return DTensor.from_local(
        gradient.to(param.device),
        param.device_mesh,
        param.placements,
        shape=param.shape,
        stride=param.stride(),
    )
