"""Moving averages of networks, as generative models use them."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Iterable, Iterator
from copy import deepcopy
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from mmlight.bridge.added import mark_as_added
from mmlight.engine.hooks.network_pair import NetworkPair
from mmlight.hooks import Hook, RunnerLike
from mmlight.hooks.never import iterations_of, warn_of_never, why_never
from mmlight.model.bare_model import bare_model
from mmlight.registry import HOOKS
from mmlight.registry.diagnostics import did_you_mean
from mmlight.utils.checks import every, number, of_type, whole

DATA_BATCH = dict[str, Any] | tuple[Any, ...] | list[Any] | None
_SUFFIX = "_ema"


@HOOKS.register_module()
class ExponentialMovingAverageHook(Hook):
    """Keep networks whose weights are moving averages of other networks' weights.

    The network ``generator_ema`` follows the network ``generator``, and so on. One that the model
    lacks is made before the run as a copy without gradients; it starts equal to its original.
    The average of a weight is ``lerp(original, average)``. All weights are averaged by one call of
    the device; nothing is read on the host.

    A plain LightningModule needs no more than the network that is averaged, under its name. An
    average that this hook has added to it is no part of its class: checkpoints have it under
    ``averages`` instead of ``state_dict``, so that ``load_from_checkpoint`` knows all weights.

    Source: Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", ICLR 2018.

    Args:
        module_keys (str | tuple[str]): Names of the averaged networks in the model; each ends with
            ``_ema``. A dot leads into a submodule.
        interp_mode (str): Name of the method that averages; a subclass may add others.
            Defaults to ``lerp``.
        interp_cfg (dict, optional): Further arguments of that method. Defaults to None.
        interval (int): Iterations between two updates; -1 for never. Defaults to -1.
        start_iter (int): Up to this iteration, the averages equal their originals.
            Defaults to 0.

    Raises:
        TypeError: If ``module_keys`` is neither a string nor a tuple of strings, ``interp_cfg``
            does not fit the method, or another argument is of the wrong type.
        ValueError: If a momentum, ``interval`` or ``start_iter`` is not in its range.
        AssertionError: If a key does not end with ``_ema``, or there is no such method.

    Example:
        >>> hook = ExponentialMovingAverageHook("generator_ema", interval=1)
        >>> hook.lerp(torch.tensor(1.0), torch.tensor(0.0), momentum=0.25)
        tensor(0.2500)
    """

    priority = "NORMAL"

    def __init__(
        self,
        module_keys: str | tuple[str, ...],
        interp_mode: str = "lerp",
        interp_cfg: dict[str, Any] | None = None,
        interval: int = -1,
        start_iter: int = 0,
    ) -> None:
        keys = (module_keys,) if isinstance(module_keys, str) else module_keys
        if not isinstance(keys, (tuple, list)) or not all(isinstance(key, str) for key in keys):
            raise TypeError(f"module_keys must be a str or a tuple of str, got {module_keys!r}")
        for key in keys:
            if not key.endswith(_SUFFIX) or key == _SUFFIX:
                raise AssertionError(f"module_keys must end with '{_SUFFIX}', got {key!r}")
        method = getattr(self, interp_mode, None)
        if not callable(method) or hasattr(Hook, interp_mode):
            own = [name for name in dir(type(self)) if name[0] != "_" and not hasattr(Hook, name)]
            raise AssertionError(
                f"{type(self).__name__} has no method {interp_mode!r} to average."
                f"{did_you_mean(interp_mode, own)}"
            )
        of_type(self, (dict, type(None)), "a dict of arguments or None", interp_cfg=interp_cfg)
        every(self, interval=interval)
        whole(self, least=0, start_iter=start_iter)
        self.module_keys = tuple(keys)
        self.interp_mode = interp_mode
        self.interp_cfg = dict(interp_cfg or {})
        self.interp_func = partial(method, **self.interp_cfg)
        self.interval = interval
        self.start_iter = start_iter
        self._made: set[str] = set()
        self._pairs: list[NetworkPair] = []
        self._momenta = self._momenta_of_lerp()

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_pairs": []}

    @staticmethod
    def lerp(
        a: Tensor,
        b: Tensor,
        momentum: float = 0.001,
        momentum_nontrainable: float = 1.0,
        trainable: bool = True,
    ) -> Tensor:
        """Move the average towards the original: ``b + (a - b) * momentum``.

        Args:
            a (Tensor): The original weight.
            b (Tensor): Its average so far.
            momentum (float): Share of the original, 0 to 1. Defaults to 0.001.
            momentum_nontrainable (float): The same for buffers and frozen weights; 1 copies.
                Defaults to 1.0.
            trainable (bool): Whether this is a trainable weight. Defaults to True.

        Returns:
            Tensor: The new average, computed as :func:`torch.lerp` does.

        Example:
            >>> ExponentialMovingAverageHook.lerp(torch.ones(2), torch.zeros(2), trainable=False)
            tensor([1., 1.])
        """
        share = momentum if trainable else momentum_nontrainable
        if share == 1.0 or not b.is_floating_point():
            return a.clone()
        return torch.lerp(b, a, share)

    def _momenta_of_lerp(self) -> tuple[float, float] | None:
        """Momenta for weights and for the rest, or None where a subclass averages its own way."""
        bound = inspect.signature(getattr(self, self.interp_mode))
        unknown = [name for name in self.interp_cfg if name not in bound.parameters]
        takes_any = any(p.kind is p.VAR_KEYWORD for p in bound.parameters.values())
        if unknown and not takes_any:
            raise TypeError(
                f"interp_cfg has {unknown}, which {self.interp_mode!r} does not take; it takes "
                f"{list(bound.parameters)}"
            )
        ours = ExponentialMovingAverageHook.lerp
        if getattr(type(self), self.interp_mode) is not ours:
            return None
        defaults = inspect.signature(ours).parameters
        weights, rest = (
            self.interp_cfg.get(name, defaults[name].default)
            for name in ("momentum", "momentum_nontrainable")
        )
        number(self, momentum=weights, momentum_nontrainable=rest)
        if not 0 < weights < 1:
            raise ValueError(f"momentum must be in (0, 1), got {weights}")
        if not 0 <= rest <= 1:
            raise ValueError(f"momentum_nontrainable must be in [0, 1], got {rest}")
        if weights > 0.5:
            warnings.warn(
                f"momentum is the share of the original, usually a small number; {weights} makes "
                "an average that hardly averages",
                stacklevel=3,
            )
        return weights, rest

    def before_run(self, runner: RunnerLike) -> None:
        """Find the networks, and make the averages that are missing.

        Raises:
            RuntimeError: If a network to average does not exist, or does not match its average.
        """
        model = bare_model(runner.model)
        self._made.clear()
        for key in self.module_keys:
            original = _find(model, key[: -len(_SUFFIX)])
            if original is None:
                names = ", ".join(sorted(dict(model.named_children()))) or "no networks at all"
                raise RuntimeError(
                    f"Cannot find {key[: -len(_SUFFIX)]!r}, the original of the average {key!r}, "
                    f"in {type(model).__name__}; it has {names}"
                )
            if _find(model, key) is None:
                owner, _, name = key.rpartition(".")
                average = deepcopy(original).requires_grad_(False)
                mark_as_added(average, copy_of=key[: -len(_SUFFIX)])
                setattr(model.get_submodule(owner), name, average)
                self._made.add(key)
        self._pair(self._networks(model))

    def after_load_checkpoint(self, runner: RunnerLike, checkpoint: dict[str, Any]) -> None:
        """Note which averages the checkpoint has, so that these stay as loaded."""
        loaded = checkpoint.get("state_dict", checkpoint)
        self._made = {
            key for key in self._made if not any(name.startswith(f"{key}.") for name in loaded)
        }

    def missing_parts(self, runner: RunnerLike, checkpoint: dict[str, Any]) -> list[str]:
        """Name the averages that a checkpoint lacks.

        Args:
            runner (Runner): The runner.
            checkpoint (dict): The checkpoint that is resumed, already loaded.

        Returns:
            list[str]: The averages that begin where their originals are.
        """
        return [f"the average {key}" for key in sorted(self._made)]

    def before_train(self, runner: RunnerLike) -> None:
        """Let the averages begin where their originals do, and warn if they never move on."""
        first = self.start_iter + self.interval
        why = why_never(self.interval, first, iterations_of(runner), "iterations")
        cause = {"start_iter": self.start_iter} if self.start_iter else {}
        warn_of_never(runner, self, "average", why, interval=self.interval, **cause)
        self._fill(runner)

    def before_val(self, runner: RunnerLike) -> None:
        """Do the same where there is no training."""
        self._fill(runner)

    def before_test(self, runner: RunnerLike) -> None:
        """Do the same where there is no training."""
        self._fill(runner)

    @torch.no_grad()
    def _fill(self, runner: RunnerLike) -> None:
        """Make the averages that this hook made, and no checkpoint filled, equal their originals.

        Weights are initialised and loaded only after ``before_run``.
        """
        self._pair(self._networks(bare_model(runner.model)))
        for key, pair in zip(self.module_keys, self._pairs, strict=True):
            if key in self._made:
                pair.copy()
        self._made.clear()

    def every_n_iters(self, runner: RunnerLike, n: int) -> bool:  # type: ignore[override]
        """Tell whether the averages change in this iteration.

        Args:
            runner (Runner): The runner.
            n (int): Iterations between two updates.

        Returns:
            bool: True before ``start_iter`` (the averages then equal their originals), and at
            every ``n``-th iteration from it on.
        """
        if runner.iter < self.start_iter:
            return True
        return n > 0 and (runner.iter + 1 - self.start_iter) % n == 0

    @torch.no_grad()
    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DATA_BATCH = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Update the averages."""
        if not self.every_n_iters(runner, self.interval):
            return
        for pair in self._current_pairs(runner):
            if runner.iter < self.start_iter:
                pair.copy()
            elif self._momenta is not None:
                pair.lerp(*self._momenta)
            else:
                pair.apply(self.interp_func)

    def _current_pairs(self, runner: RunnerLike) -> list[NetworkPair]:
        networks = list(self._networks(bare_model(runner.model)))
        if len(self._pairs) != len(networks) or not all(
            pair.holds_for(*both) for pair, both in zip(self._pairs, networks, strict=True)
        ):
            self._pair(networks)
        return self._pairs

    def _networks(self, model: nn.Module) -> Iterator[tuple[nn.Module, nn.Module]]:
        for key in self.module_keys:
            yield model.get_submodule(key[: -len(_SUFFIX)]), model.get_submodule(key)

    def _pair(self, networks: Iterable[tuple[nn.Module, nn.Module]]) -> None:
        self._pairs = []
        for key, (original, average) in zip(self.module_keys, networks, strict=True):
            try:
                self._pairs.append(NetworkPair(original, average))
            except ValueError as error:
                raise RuntimeError(f"{key!r} does not match its original: {error}") from error


def _find(model: nn.Module, name: str) -> nn.Module | None:
    try:
        return model.get_submodule(name)
    except AttributeError:
        return None
