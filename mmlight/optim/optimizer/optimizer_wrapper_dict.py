"""Several optimizer wrappers under their names."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, NoReturn

import torch
from torch import nn

from mmlight.utils.near_names import did_you_mean

from .optimizer_wrapper import OptimWrapper


class OptimWrapperDict(OptimWrapper):
    """Hold several optimizer wrappers, and save and load them together.

    Which of them a loss belongs to is only known to the model, so :meth:`update_params`,
    :meth:`backward`, :meth:`step` and :meth:`optim_context` are to be called on one of them.

    A plain LightningModule with manual optimization may return it from ``configure_optimizers``;
    ``self.optimizers()`` then gives the wrappers in their order.

    Args:
        **optim_wrapper_dict (OptimWrapper): The wrappers.

    Raises:
        AssertionError: If one of them is no ``OptimWrapper``.

    Example:
        >>> import torch
        >>> def sgd(lr):
        ...     return OptimWrapper(torch.optim.SGD(torch.nn.Linear(1, 1).parameters(), lr=lr))
        >>> wrappers = OptimWrapperDict(generator=sgd(0.1), discriminator=sgd(0.2))
        >>> wrappers.get_lr()
        {'generator.lr': [0.1], 'discriminator.lr': [0.2]}
    """

    def __init__(self, **optim_wrapper_dict: OptimWrapper) -> None:
        for name, wrapper in optim_wrapper_dict.items():
            if not isinstance(wrapper, OptimWrapper):
                raise AssertionError(
                    "OptimWrapperDict only accepts OptimWrapper instances, but got "
                    f"{name}: {type(wrapper)}"
                )
        self.optim_wrappers = optim_wrapper_dict

    def update_params(  # type: ignore[override]
        self,
        loss: torch.Tensor,
        step_kwargs: dict[str, Any] | None = None,
        zero_kwargs: dict[str, Any] | None = None,
    ) -> NoReturn:
        """Refuse: a loss belongs to one of the wrappers.

        Args:
            loss (Tensor): The loss.
            step_kwargs (dict, optional): As of :class:`OptimWrapper`.
            zero_kwargs (dict, optional): As of :class:`OptimWrapper`.

        Raises:
            NotImplementedError: Always.
        """
        self._refuse("update_params")

    def backward(self, loss: torch.Tensor, **kwargs: Any) -> NoReturn:
        """Refuse: a loss belongs to one of the wrappers.

        Args:
            loss (Tensor): The loss.
            **kwargs: As of :class:`OptimWrapper`.

        Raises:
            NotImplementedError: Always.
        """
        self._refuse("backward")

    def step(self, **kwargs: Any) -> NoReturn:
        """Refuse: the wrappers step at different times.

        Args:
            **kwargs: As of :class:`OptimWrapper`.

        Raises:
            NotImplementedError: Always.
        """
        self._refuse("step")

    def optim_context(self, model: nn.Module) -> AbstractContextManager[Any]:
        """Refuse: each wrapper has its own accumulation and precision.

        Args:
            model (nn.Module): The model.

        Raises:
            NotImplementedError: Always.
        """
        self._refuse("optim_context")

    def _refuse(self, method: str) -> NoReturn:
        first = next(iter(self.optim_wrappers), "name")
        raise NotImplementedError(
            f"`{method}` should be called by each optimizer separately, as in "
            f"optim_wrapper[{first!r}].{method}(...); the names are {list(self.optim_wrappers)}"
        )

    def zero_grad(self, **kwargs: Any) -> None:
        """Clear the gradients of all optimizers.

        Args:
            **kwargs: Arguments for :meth:`torch.optim.Optimizer.zero_grad`.
        """
        for wrapper in self.optim_wrappers.values():
            wrapper.zero_grad(**kwargs)

    def initialize_count_status(self, model: nn.Module, cur_iter: int, max_iters: int) -> None:
        """Do nothing: how often each wrapper gets a loss is up to the model.

        Args:
            model (nn.Module): The model.
            cur_iter (int): Iterations done.
            max_iters (int): Iterations of the training.
        """

    @property
    def param_groups(self) -> dict[str, list[dict[str, Any]]]:  # type: ignore[override]
        """dict[str, list[dict]]: The parameter groups of each wrapper."""
        return {name: wrapper.param_groups for name, wrapper in self.optim_wrappers.items()}

    def get_lr(self) -> dict[str, list[float]]:
        """Read the learning rates.

        Returns:
            dict[str, list[float]]: Each wrapper's, as ``name.lr`` and ``name.base_lr``.
        """
        return self._prefixed({name: w.get_lr() for name, w in self.optim_wrappers.items()})

    def get_momentum(self) -> dict[str, list[float]]:
        """Read the momenta.

        Returns:
            dict[str, list[float]]: Each wrapper's, as ``name.momentum``.
        """
        return self._prefixed({name: w.get_momentum() for name, w in self.optim_wrappers.items()})

    @staticmethod
    def _prefixed(values: dict[str, dict[str, Any]]) -> dict[str, list[float]]:
        return {f"{name}.{key}": v for name, part in values.items() for key, v in part.items()}

    def state_dict(self) -> dict[str, Any]:
        """Collect the state of all wrappers.

        Returns:
            dict: The state of each by its name.
        """
        return {name: wrapper.state_dict() for name, wrapper in self.optim_wrappers.items()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore what :meth:`state_dict` returned.

        Args:
            state_dict (dict): State by name; a wrapper it does not name keeps its state.

        Raises:
            AssertionError: If it names a wrapper that is not here.
        """
        for name in state_dict:
            if name not in self.optim_wrappers:
                raise AssertionError(f"Mismatched state_dict: {self._unknown(name)}")
        for name, state in state_dict.items():
            self.optim_wrappers[name].load_state_dict(state)

    def accumulation_state(self) -> dict[str, Any]:
        """Collect what an exact resume needs between two updates.

        Returns:
            dict: The accumulation state of each wrapper that has one, by its name.
        """
        states = {name: w.accumulation_state() for name, w in self.optim_wrappers.items()}
        return {name: state for name, state in states.items() if state}

    def load_accumulation_state(self, state: dict[str, Any]) -> None:
        """Restore what :meth:`accumulation_state` returned.

        Args:
            state (dict): The states by name.
        """
        for name, wrapper in self.optim_wrappers.items():
            wrapper.load_accumulation_state(state.get(name, {}))

    def items(self) -> Iterator[tuple[str, OptimWrapper]]:
        """Go through names and wrappers.

        Yields:
            tuple[str, OptimWrapper]: A name and its wrapper.
        """
        yield from self.optim_wrappers.items()

    def values(self) -> Iterator[OptimWrapper]:
        """Go through the wrappers.

        Yields:
            OptimWrapper: A wrapper.
        """
        yield from self.optim_wrappers.values()

    def keys(self) -> Iterator[str]:
        """Go through the names.

        Yields:
            str: A name.
        """
        yield from self.optim_wrappers.keys()

    def _unknown(self, name: object) -> str:
        hint = did_you_mean(str(name), self.optim_wrappers)
        return f"{name!r} is not among the optimizer wrappers {list(self.optim_wrappers)}.{hint}"

    def __getitem__(self, key: str) -> OptimWrapper:
        if key not in self.optim_wrappers:
            raise AssertionError(f"{self._unknown(key)} Please check your optimizer constructor.")
        return self.optim_wrappers[key]

    def __contains__(self, key: str) -> bool:
        return key in self.optim_wrappers

    def __len__(self) -> int:
        return len(self.optim_wrappers)

    def __iter__(self) -> Iterator[str]:
        return iter(self.optim_wrappers)

    def __repr__(self) -> str:
        return "".join(f"name: {name}\n{w!r}" for name, w in self.optim_wrappers.items())
