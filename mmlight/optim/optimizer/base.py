"""The interface that every optimizer wrapper offers."""

from __future__ import annotations

import sys
from abc import ABCMeta, abstractmethod
from importlib import import_module
from typing import Any

import torch
from torch.optim import Optimizer

from .settings import check_settings


class BaseOptimWrapper(metaclass=ABCMeta):
    """Define what a training engine may ask of an optimizer wrapper.

    With more than one parameter group, the optimizer's default settings are kept in
    ``base_param_settings``. They are scheduled like a further group, so that a log can show one
    learning rate (``base_lr``) that no group's multiplier has touched.

    Args:
        optimizer (Optimizer): The optimizer to wrap.

    Raises:
        TypeError: If ``optimizer`` has no parameter groups, or a setting in them is no number.
        ValueError: If a setting is out of its range, such as a learning rate that is NaN.
    """

    base_param_settings: dict[str, Any]

    def __init__(self, optimizer: Optimizer) -> None:
        if not hasattr(optimizer, "param_groups"):
            raise TypeError(f"optimizer must be an Optimizer, but got {optimizer!r}")
        for group in optimizer.param_groups:
            check_settings(type(optimizer).__name__, group)
        self.optimizer = optimizer
        if len(optimizer.param_groups) > 1:
            self.base_param_settings = {"params": torch.tensor([0.0]), **optimizer.defaults}
        tell_lightning()

    @abstractmethod
    def update_params(self, *args: Any, **kwargs: Any) -> None:
        """Turn a loss into a parameter update."""

    @abstractmethod
    def backward(self, loss: torch.Tensor, **kwargs: Any) -> None:
        """Compute gradients of ``loss``."""

    @abstractmethod
    def zero_grad(self, **kwargs: Any) -> None:
        """Clear the gradients."""

    @abstractmethod
    def step(self, **kwargs: Any) -> None:
        """Apply the gradients."""

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """list[dict]: The optimizer's groups, and ``base_param_settings`` after them."""
        if hasattr(self, "base_param_settings"):
            return [*self.optimizer.param_groups, self.base_param_settings]
        return self.optimizer.param_groups

    @property
    def defaults(self) -> dict[str, Any]:
        """dict: The optimizer's default settings."""
        return self.optimizer.defaults

    @property
    def state(self) -> dict[torch.Tensor, Any]:
        """dict: What the optimizer remembers of each parameter."""
        return self.optimizer.state

    def state_dict(self) -> dict[str, Any]:
        """Collect the optimizer's state.

        Returns:
            dict: The optimizer's ``state_dict``, with ``base_param_settings`` where there are any.
        """
        state = self.optimizer.state_dict()
        if hasattr(self, "base_param_settings"):
            state["base_param_settings"] = self.base_param_settings
        return state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned.

        Args:
            state_dict (dict): State of this wrapper or of the bare optimizer; it is not changed.
        """
        state = dict(state_dict)
        base_param_settings = state.pop("base_param_settings", None)
        if base_param_settings is not None:
            self.base_param_settings = base_param_settings
        self.optimizer.load_state_dict(state)

    def get_lr(self) -> dict[str, list[float]]:
        """Read the learning rates.

        Returns:
            dict[str, list[float]]: ``lr`` of each parameter group; before it, with several groups,
            ``base_lr``, the optimizer's scheduled default.
        """
        learning_rates = {}
        if hasattr(self, "base_param_settings"):
            learning_rates["base_lr"] = [self.base_param_settings["lr"]]
        learning_rates["lr"] = [group["lr"] for group in self.optimizer.param_groups]
        return learning_rates

    def get_momentum(self) -> dict[str, list[float]]:
        """Read the momenta.

        Returns:
            dict[str, list[float]]: ``momentum`` of each parameter group: its ``momentum``, or the
            first of its ``betas``, or 0 for an optimizer that has neither.
        """
        return {"momentum": [_momentum(group) for group in self.optimizer.param_groups]}


def tell_lightning() -> None:
    """Let Lightning, where it is in use, take wrappers and schedulers of ours for what they are."""
    if "lightning.pytorch" in sys.modules:
        # By name: the bridge stands on optimizers, and who uses torch alone does without it.
        import_module("mmlight.bridge.optimizers").accept_wrappers()
        import_module("mmlight.bridge.lr_schedulers").follow_by_epoch()


def _momentum(group: dict[str, Any]) -> float:
    momentum: float = group["momentum"] if "momentum" in group else group.get("betas", (0,))[0]
    return momentum
