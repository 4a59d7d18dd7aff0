"""A part of the model in each process."""

from __future__ import annotations

import functools
from typing import Any

from lightning.pytorch import strategies
from torch.distributed.fsdp.wrap import lambda_auto_wrap_policy

from mmlight.model.wrappers.fully_sharded_distributed import fsdp_arguments, function_of
from mmlight.registry import FUNCTIONS, STRATEGIES

from .base import BaseStrategy


@STRATEGIES.register_module()
class FSDPStrategy(BaseStrategy):
    """Lightning's FSDP, told as :class:`~mmlight.model.MMFullyShardedDataParallel` is.

    Args:
        model_wrapper: Arguments of ``MMFullyShardedDataParallel``, and of Lightning's strategy.
        skip_init_weights: Whether the model's ``init_weights`` is left out.
        state_dict_cfg: ``"local"`` or ``"full"``: checkpoints are whole files, whichever it is.
        activation_checkpointing: ``dict(check_fn=...)``, a function of a module, or its name in
            the registry ``FUNCTIONS``, that says whose activations are computed anew.
        **kwargs: None.

    Raises:
        ValueError: If an argument cannot be obeyed.

    Example:
        >>> strategy = FSDPStrategy(model_wrapper=dict(sharding_strategy="NO_SHARD"))
        >>> strategy.trainer_arguments()["strategy"].sharding_strategy.name
        'NO_SHARD'
    """

    distributed = True
    lightning_type = strategies.FSDPStrategy

    def __init__(
        self,
        *,
        model_wrapper: dict[str, Any] | None = None,
        skip_init_weights: bool = False,
        state_dict_cfg: str | dict[str, Any] = "local",
        activation_checkpointing: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if state_dict_cfg not in ("local", "full"):
            raise ValueError(
                f"state_dict_cfg={state_dict_cfg!r} cannot be obeyed (config key: "
                "strategy.state_dict_cfg), since checkpoints are whole files: use 'full'"
            )
        self.skip_init_weights = skip_init_weights
        self._arguments = _from_wrapper(model_wrapper or {})
        if activation_checkpointing is not None:
            self._arguments["activation_checkpointing_policy"] = _policy(activation_checkpointing)

    def trainer_arguments(self) -> dict[str, Any]:
        """Return Lightning's strategy, a new one each time."""
        return {"strategy": self.lightning_type(**self._arguments)}


def _from_wrapper(cfg: dict[str, Any]) -> dict[str, Any]:
    given = dict(cfg)
    kind = given.pop("type", "MMFullyShardedDataParallel")
    if kind != "MMFullyShardedDataParallel":
        raise ValueError(
            f"FSDPStrategy wraps by MMFullyShardedDataParallel alone, but got {kind!r} (config "
            "key: strategy.model_wrapper.type)"
        )
    arguments = fsdp_arguments(given)
    # Lightning has no None for these.
    return {key: value for key, value in arguments.items() if value is not None}


def _policy(cfg: dict[str, Any]) -> Any:
    if set(cfg) != {"check_fn"}:
        raise ValueError(
            "activation_checkpointing takes check_fn and nothing else (config key: "
            f"strategy.activation_checkpointing), but got {sorted(cfg)}"
        )
    chosen: Any = function_of("check_fn", cfg["check_fn"], FUNCTIONS)
    return functools.partial(lambda_auto_wrap_policy, lambda_fn=chosen)
