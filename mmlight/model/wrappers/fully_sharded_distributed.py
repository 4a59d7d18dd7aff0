"""Training of a model whose parameters are split over several processes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

import torch
from torch import nn
from torch.distributed import ProcessGroup
from torch.distributed.fsdp import (
    BackwardPrefetch,
    CPUOffload,
    FullyShardedDataParallel,
    MixedPrecision,
    ShardingStrategy,
)
from torch.distributed.fsdp.wrap import (
    always_wrap_policy,
    size_based_auto_wrap_policy,
    transformer_auto_wrap_policy,
)

from mmlight.device import get_device
from mmlight.model.wrappers.utils import run_forward
from mmlight.registry import FUNCTIONS, MODEL_WRAPPERS, Registry, resolve_type

if TYPE_CHECKING:
    from mmlight.optim import OptimWrapper

FSDP_WRAP_POLICIES = Registry("fsdp wrap policy", scope="mmlight")
for _policy in (always_wrap_policy, size_based_auto_wrap_policy, transformer_auto_wrap_policy):
    FSDP_WRAP_POLICIES.register_module(module=_policy)

_E = TypeVar("_E", bound=Enum)


@MODEL_WRAPPERS.register_module()
class MMFullyShardedDataParallel(FullyShardedDataParallel):
    """``FullyShardedDataParallel`` of a model that has steps for training, validation and test.

    Losses and predictions are computed by ``FullyShardedDataParallel.forward``, which gathers the
    parameters. Arguments may be given as plain values, as a config does.

    Args:
        module (nn.Module): The model, usually a ``BaseModel``.
        process_group (ProcessGroup, optional): The processes that share the model; all if left out.
        cpu_offload (bool | CPUOffload, optional): Whether parameters wait on the CPU.
        fsdp_auto_wrap_policy (str | dict | Callable, optional): Which submodules are units of their
            own: a policy, the name of one in the registry ``FSDP_WRAP_POLICIES``, or a dict of such
            a name (``type``) and its arguments.
        backward_prefetch (str | BackwardPrefetch, optional): ``BACKWARD_PRE`` or ``BACKWARD_POST``.
        auto_wrap_policy (str | dict | Callable, optional): Another name of
            ``fsdp_auto_wrap_policy``.
        sharding_strategy (str | ShardingStrategy, optional): Such as ``FULL_SHARD``.
        mixed_precision (dict | MixedPrecision, optional): Arguments of ``MixedPrecision``; types
            may be given by name.
        param_init_fn (str | dict | Callable, optional): How to make parameters of the meta device:
            a function, its name in the registry ``FUNCTIONS``, or a dict like the policy's.
        use_orig_params (bool): Whether optimizers see the parameters as they were.
        **kwargs: Other arguments of ``FullyShardedDataParallel``.

    Raises:
        TypeError: If an argument has another type.
        ValueError: If a name is not known.

    Example:
        >>> import torch.distributed as dist
        >>> dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
        >>> model = MMFullyShardedDataParallel(nn.Linear(2, 1), sharding_strategy="NO_SHARD")
        >>> model(torch.ones(1, 2)).shape
        torch.Size([1, 1])
        >>> dist.destroy_process_group()
    """

    def __init__(
        self,
        module: nn.Module,
        process_group: ProcessGroup | None = None,
        cpu_offload: bool | CPUOffload | None = None,
        fsdp_auto_wrap_policy: str | dict[str, Any] | Callable[..., Any] | None = None,
        backward_prefetch: str | BackwardPrefetch | None = None,
        *,
        auto_wrap_policy: str | dict[str, Any] | Callable[..., Any] | None = None,
        sharding_strategy: str | ShardingStrategy | None = None,
        mixed_precision: dict[str, Any] | MixedPrecision | None = None,
        param_init_fn: str | dict[str, Any] | Callable[..., Any] | None = None,
        use_orig_params: bool = True,
        **kwargs: Any,
    ) -> None:
        if get_device() == "cpu":
            # FSDP looks for an accelerator unless it is told that there is none.
            kwargs.setdefault("device_id", torch.device("cpu"))
        given = {
            "cpu_offload": cpu_offload,
            "fsdp_auto_wrap_policy": fsdp_auto_wrap_policy,
            "backward_prefetch": backward_prefetch,
            "auto_wrap_policy": auto_wrap_policy,
            "sharding_strategy": sharding_strategy,
            "mixed_precision": mixed_precision,
            "param_init_fn": param_init_fn,
            "use_orig_params": use_orig_params,
            **kwargs,
        }
        super().__init__(module=module, process_group=process_group, **fsdp_arguments(given))

    @property
    def module(self) -> Any:
        """nn.Module: The wrapped model."""
        return super().module

    def train_step(
        self, data: dict[str, Any], optim_wrapper: OptimWrapper
    ) -> dict[str, torch.Tensor]:
        """Run one training iteration: forward, sum of the losses, update of the parameters.

        Args:
            data (dict): A batch, as the dataloader gives it.
            optim_wrapper (OptimWrapper): Updates the parameters.

        Returns:
            dict[str, Tensor]: What the model wants logged.
        """
        with optim_wrapper.optim_context(self):
            data = self.module.data_preprocessor(data, training=True)
            losses = self._run_forward(data, mode="loss")
        log_vars: dict[str, torch.Tensor]
        parsed_loss, log_vars = self.module.parse_losses(losses)
        optim_wrapper.update_params(parsed_loss)
        return log_vars

    def val_step(self, data: dict[str, Any]) -> list[Any]:
        """Predict on a validation batch.

        Args:
            data (dict): A batch, as the dataloader gives it.

        Returns:
            list: Predictions of the model.
        """
        return self._predict(data)

    def test_step(self, data: dict[str, Any]) -> list[Any]:
        """Predict on a test batch.

        Args:
            data (dict): A batch, as the dataloader gives it.

        Returns:
            list: Predictions of the model.
        """
        return self._predict(data)

    def _predict(self, data: dict[str, Any]) -> list[Any]:
        data = self.module.data_preprocessor(data, False)
        result: list[Any] = self._run_forward(data, mode="predict")
        return result

    def _run_forward(self, data: dict[str, Any] | tuple[Any, ...] | list[Any], mode: str) -> Any:
        return run_forward(self, data, mode)


def fsdp_arguments(given: dict[str, Any]) -> dict[str, Any]:
    """Turn plain values, as a config has them, into those of ``FullyShardedDataParallel``.

    Args:
        given: Arguments of ``MMFullyShardedDataParallel`` other than the model.

    Raises:
        TypeError: If an argument has another type.
        ValueError: If a name is not known.

    Example:
        >>> fsdp_arguments({"cpu_offload": True})
        {'cpu_offload': CPUOffload(offload_params=True)}
    """
    made = dict(given)
    other = made.pop("fsdp_auto_wrap_policy", None)
    if other is not None:
        made["auto_wrap_policy"] = other
    for name, convert in _CONVERSIONS.items():
        if name in made:
            made[name] = convert(made[name])
    return made


def _cpu_offload(value: Any) -> CPUOffload | None:
    if isinstance(value, bool):
        return CPUOffload(offload_params=value)
    if value is not None and not isinstance(value, CPUOffload):
        raise _wrong_type("cpu_offload", "None, bool or CPUOffload", value)
    return value


def _wrong_type(argument: str, expected: str, value: Any) -> TypeError:
    return TypeError(f"`{argument}` should be {expected}, but has type {type(value)}: {value!r}")


def _member(enum: type[_E], argument: str, value: Any) -> _E | None:
    """Turn the name of a member of an enumeration into the member."""
    if value is None or isinstance(value, enum):
        return value
    names = list(enum.__members__)
    if not isinstance(value, str):
        raise _wrong_type(argument, f"None, {enum.__name__} or one of {names}", value)
    if value not in names:
        raise ValueError(f"`{argument}` should be one of {names}, but got {value!r}")
    return enum[value]


def function_of(argument: str, value: Any, registry: Registry) -> Callable[..., Any] | None:
    """Turn a registered name, or a dict of a name and arguments, into a function."""
    if value is None or callable(value):
        given: Callable[..., Any] | None = value
        return given
    arguments = dict(value) if isinstance(value, dict) else {"type": value}
    name = arguments.pop("type", None)
    if not isinstance(name, str):
        raise _wrong_type(argument, "None, a str, a dict with a str `type`, or callable", value)
    function = resolve_type(name, registry)
    if function is None:
        raise ValueError(
            f"`{argument}` {name!r} is not in the registry {registry.name!r}, which has "
            f"{list(registry.module_dict)}"
        )
    return functools.partial(function, **arguments) if arguments else function


def _mixed_precision(value: Any) -> MixedPrecision | None:
    if value is None or isinstance(value, MixedPrecision):
        return value
    if not isinstance(value, dict):
        raise _wrong_type("mixed_precision", "None, dict or MixedPrecision", value)
    return MixedPrecision(
        **{
            key: getattr(torch, item.removeprefix("torch.")) if isinstance(item, str) else item
            for key, item in value.items()
        }
    )


_CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "cpu_offload": _cpu_offload,
    "auto_wrap_policy": lambda value: function_of(
        "fsdp_auto_wrap_policy", value, FSDP_WRAP_POLICIES
    ),
    "backward_prefetch": lambda value: _member(BackwardPrefetch, "backward_prefetch", value),
    "sharding_strategy": lambda value: _member(ShardingStrategy, "sharding_strategy", value),
    "mixed_precision": _mixed_precision,
    "param_init_fn": lambda value: function_of("param_init_fn", value, FUNCTIONS),
}
