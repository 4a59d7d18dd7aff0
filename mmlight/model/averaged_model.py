"""Copies of a model whose weights are averages of the model's weights over the training."""

from __future__ import annotations

import copy
import logging
from abc import ABCMeta, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.logging import print_log
from mmlight.model.tensor_pairs import TensorPairs, averaged_tensors, copy_all, lerp_all
from mmlight.registry import MODELS
from mmlight.utils.checks import is_whole, number


class BaseAveragedModel(nn.Module, metaclass=ABCMeta):
    """A copy of a model that averages the model's weights.

    A subclass says in :meth:`avg_func` how one tensor is averaged; where it can do better for all
    of them at once, it also overrides :meth:`avg_tensors`. The first update copies; counters
    and other tensors of integers stay as they were then.

    Args:
        model (nn.Module): The model to be averaged.
        interval (int): Number of calls of :meth:`update_parameters` from one update to the next.
        device (torch.device, optional): Where the copy is kept; the model's device if left out.
        update_buffers (bool): Whether the buffers that a checkpoint holds are averaged like
            parameters; buffers are copied at each call otherwise.

    Raises:
        AssertionError: If ``interval`` is not positive.

    Example:
        >>> student = nn.Linear(2, 2)
        >>> teacher = ExponentialMovingAverage(student, momentum=0.1)
        >>> teacher.update_parameters(student)
        >>> teacher.steps
        tensor(1)
    """

    steps: Tensor

    def __init__(
        self,
        model: nn.Module,
        interval: int = 1,
        device: torch.device | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__()
        assert is_whole(interval) and interval > 0, (
            f"interval must be a whole number greater than 0, but got {interval!r}"
        )
        self.module = copy.deepcopy(model).requires_grad_(False)
        self.interval = interval
        if device is not None:
            self.module.to(device)
        self.register_buffer("steps", torch.tensor(0, dtype=torch.long, device=device))
        self.update_buffers = update_buffers
        self._counted: tuple[Tensor, int, int] | None = None
        self._paired: TensorPairs | None = None

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        # A subclass that says how one tensor is averaged means it for all of them.
        if "avg_func" in vars(cls) and "avg_tensors" not in vars(cls):
            cls.avg_tensors = BaseAveragedModel.avg_tensors  # type: ignore[method-assign]

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_counted": None, "_paired": None}

    @property
    def avg_parameters(self) -> dict[str, Tensor]:
        """dict[str, Tensor]: The tensors that are averaged, by their names in the model."""
        return averaged_tensors(self.module, self.update_buffers)

    @abstractmethod
    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: int) -> None:
        """Update one averaged tensor in place.

        Args:
            averaged_param (Tensor): The averaged tensor.
            source_param (Tensor): The model's tensor, of the same shape.
            steps (int): Number of updates before this one.
        """

    def avg_tensors(self, averaged: list[Tensor], sources: list[Tensor], steps: int) -> None:
        """Update averaged tensors of one device and dtype in place.

        Args:
            averaged (list[Tensor]): The averaged tensors, all of floating point.
            sources (list[Tensor]): The model's tensors, in the same order.
            steps (int): Number of updates before this one.
        """
        for averaged_param, source_param in zip(averaged, sources, strict=True):
            self.avg_func(averaged_param, source_param, steps)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Run the averaged model.

        Args:
            *args: Positional arguments of the model.
            **kwargs: Keyword arguments of the model.

        Returns:
            Any: What the model returns.
        """
        return self.module(*args, **kwargs)

    @torch.no_grad()
    def update_parameters(self, model: nn.Module) -> None:
        """Take the model's present weights into the average.

        Args:
            model (nn.Module): The model, of the same structure as the one that was copied.

        Raises:
            KeyError: If the model lacks a tensor that is averaged.
        """
        steps = self._steps_on_host()
        pairs = self._pairs_with(model)
        if steps == 0:
            copy_all(pairs.averaged)
            copy_all(pairs.discrete)
        elif steps % self.interval == 0:
            for averaged, sources in pairs.averaged:
                device = averaged[0].device
                if sources[0].device != device:
                    sources = [source.to(device) for source in sources]
                self.avg_tensors(averaged, sources, steps)
        copy_all(pairs.buffers)
        buffer = self.steps.add_(1)
        self._counted = (buffer, buffer._version, steps + 1)

    def _pairs_with(self, model: nn.Module) -> TensorPairs:
        """Pair the tensors again when those of the model were replaced, or the copy was moved."""
        moved = self._counted is None or self._counted[0] is not self.steps
        if self._paired is None or moved or not self._paired.holds_for(model):
            self._paired = TensorPairs(self.module, model, self.update_buffers)
        return self._paired

    def _steps_on_host(self) -> int:
        """Count on the host; look at the buffer only when somebody else has written to it."""
        if self._counted is not None:
            buffer, version, steps = self._counted
            if buffer is self.steps and version == buffer._version:
                return steps
        return int(self.steps)


@MODELS.register_module()
class StochasticWeightAverage(BaseAveragedModel):
    """The plain mean of the weights at each update (stochastic weight averaging).

    Source: Izmailov et al., Averaging Weights Leads to Wider Optima and Better Generalization,
    UAI 2018, https://arxiv.org/abs/1803.05407.

    Args:
        model (nn.Module): The model to be averaged.
        interval (int): Number of calls of ``update_parameters`` from one update to the next.
        device (torch.device, optional): Where the copy is kept; the model's device if left out.
        update_buffers (bool): Whether buffers are averaged like parameters.

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> mean = StochasticWeightAverage(model)
        >>> for weight in (1.0, 3.0):
        ...     _ = nn.init.constant_(model.weight, weight)
        ...     mean.update_parameters(model)
        >>> mean.module.weight.item()
        2.0
    """

    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: int) -> None:
        """Take one more tensor into a mean."""
        self.avg_tensors([averaged_param], [source_param], steps)

    def avg_tensors(self, averaged: list[Tensor], sources: list[Tensor], steps: int) -> None:
        """Take one more set of tensors into the means."""
        differences = torch._foreach_sub(sources, averaged)
        share = 1 / float(steps // self.interval + 1)
        torch._foreach_add_(averaged, list(differences), alpha=share)


@MODELS.register_module()
class ExponentialMovingAverage(BaseAveragedModel):
    """The exponential moving average of the weights (EMA).

    ``averaged = (1 - momentum) * averaged + momentum * source``.

    Args:
        model (nn.Module): The model to be averaged.
        momentum (float): Share of the model's present weights, in (0, 1).
        interval (int): Number of calls of ``update_parameters`` from one update to the next.
        device (torch.device, optional): Where the copy is kept; the model's device if left out.
        update_buffers (bool): Whether buffers are averaged like parameters.

    Raises:
        AssertionError: If ``momentum`` is not between 0 and 1.

    Example:
        >>> model = nn.Linear(1, 1, bias=False)
        >>> ema = ExponentialMovingAverage(model, momentum=0.25)
        >>> for weight in (0.0, 4.0):
        ...     _ = nn.init.constant_(model.weight, weight)
        ...     ema.update_parameters(model)
        >>> ema.module.weight.item()
        1.0
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.0002,
        interval: int = 1,
        device: torch.device | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__(model, interval, device, update_buffers)
        number(self, momentum=momentum)
        assert 0.0 < momentum < 1.0, f"momentum must be in range (0.0, 1.0) but got {momentum}"
        if momentum > 0.5:
            print_log(
                f"The momentum of an EMA, the share of the new weights, is usually a small number, "
                f"unlike the momentum of an optimizer, but got {momentum}.",
                logger="current",
                level=logging.WARNING,
            )
        self.momentum = momentum

    def momentum_at(self, steps: int) -> float:
        """Find the momentum of one update.

        Args:
            steps (int): Number of updates before this one.

        Returns:
            float: The momentum.
        """
        return self.momentum

    def avg_func(self, averaged_param: Tensor, source_param: Tensor, steps: int) -> None:
        """Move one averaged tensor towards a tensor."""
        averaged_param.lerp_(source_param, self.momentum_at(steps))

    def avg_tensors(self, averaged: list[Tensor], sources: list[Tensor], steps: int) -> None:
        """Move all averaged tensors towards the model's."""
        lerp_all([(averaged, sources)], self.momentum_at(steps))


@MODELS.register_module()
class MomentumAnnealingEMA(ExponentialMovingAverage):
    """An exponential moving average that forgets fast in the beginning.

    The momentum of an update is ``max(momentum, gamma / (gamma + steps))``.

    Args:
        model (nn.Module): The model to be averaged.
        momentum (float): Share of the model's present weights in the long run, in (0, 1).
        gamma (int): How many updates the beginning lasts, roughly.
        interval (int): Number of calls of ``update_parameters`` from one update to the next.
        device (torch.device, optional): Where the copy is kept; the model's device if left out.
        update_buffers (bool): Whether buffers are averaged like parameters.

    Raises:
        AssertionError: If ``momentum`` is not between 0 and 1, or ``gamma`` is not positive.

    Example:
        >>> MomentumAnnealingEMA(nn.Linear(1, 1), gamma=100).momentum_at(steps=100)
        0.5
    """

    def __init__(
        self,
        model: nn.Module,
        momentum: float = 0.0002,
        gamma: int = 100,
        interval: int = 1,
        device: torch.device | None = None,
        update_buffers: bool = False,
    ) -> None:
        super().__init__(model, momentum, interval, device, update_buffers)
        assert gamma > 0, f"gamma must be greater than 0, but got {gamma}"
        self.gamma = gamma

    def momentum_at(self, steps: int) -> float:
        return max(self.momentum, self.gamma / (self.gamma + steps))
