"""The part of a Runner that builds what updates the model: optimizers and schedulers."""

from __future__ import annotations

import math
from typing import Any

from torch.optim import Optimizer

from mmlight.hooks.length import length_of
from mmlight.optim import OptimWrapper, OptimWrapperDict, _ParamScheduler, build_optim_wrapper
from mmlight.optim.optimizer import BaseOptimWrapper
from mmlight.registry import OPTIM_WRAPPERS, PARAM_SCHEDULERS
from mmlight.registry.place import part, section
from mmlight.utils.checks import flags, whole

from .parts import RunnerPart


class Optimization(RunnerPart):
    """Builds the optimizer wrappers and the schedulers of a run."""

    @section("optim_wrapper")
    def build_optim_wrapper(
        self, optim_wrapper: OptimWrapper | OptimWrapperDict | dict[str, Any]
    ) -> OptimWrapper | OptimWrapperDict:
        """Build the optimizer wrapper, or the dict of several.

        Args:
            optim_wrapper: A wrapper; the config of one; with a ``constructor``, whatever that
                takes; or a dict of wrappers by name.

        Raises:
            ValueError: If a config without a ``constructor`` has neither an ``optimizer`` nor
                wrappers as its values.
            TypeError: If it is nothing of that.
        """
        if isinstance(optim_wrapper, OptimWrapper | OptimWrapperDict):
            return optim_wrapper
        if not isinstance(optim_wrapper, dict):
            raise TypeError(
                "optim_wrapper should be an OptimWrapper, an OptimWrapperDict or a dict, "
                f"but got {type(optim_wrapper).__name__}"
            )
        optimizer = optim_wrapper.get("optimizer")
        if isinstance(optimizer, Optimizer):
            result: OptimWrapper | OptimWrapperDict = OPTIM_WRAPPERS.build(
                {"type": "OptimWrapper", **optim_wrapper}
            )
            return result
        if optimizer is not None or "constructor" in optim_wrapper:
            return build_optim_wrapper(self.runner.model, optim_wrapper)
        for name, one in optim_wrapper.items():
            if not isinstance(one, OptimWrapper):
                raise ValueError(
                    'optim_wrapper has neither an "optimizer" nor a "constructor", so each of its '
                    f"values must be an OptimWrapper, but {name!r} is a {type(one).__name__}"
                )
        return OptimWrapperDict(**optim_wrapper)

    @section("auto_scale_lr")
    def scale_lr(self, optim_wrapper: Any, auto_scale_lr: dict[str, Any] | None = None) -> None:
        """Scale learning rates with the batch size (Goyal et al., arXiv:1706.02677).

        Call it after the wrappers are built and before the schedulers are.

        Args:
            optim_wrapper: The wrapper, or the dict of several, whose learning rates are scaled.
            auto_scale_lr: ``base_batch_size``, for which the learning rate was chosen, and
                ``enable``.

        Raises:
            AssertionError: If there is no ``base_batch_size``, or the wrapper is not built yet.
        """
        runner = self.runner
        if auto_scale_lr is None:
            return
        flags("auto_scale_lr", enable=auto_scale_lr.get("enable", False))
        if not auto_scale_lr.get("enable", False):
            return
        assert "base_batch_size" in auto_scale_lr, "Lack of `base_batch_size` in `auto_scale_lr`."
        whole("auto_scale_lr", base_batch_size=auto_scale_lr["base_batch_size"])
        if not isinstance(optim_wrapper, BaseOptimWrapper):
            raise AssertionError(
                "scale_lr needs what build_optim_wrapper returns, "
                f"but got {type(optim_wrapper).__name__}"
            )
        real = runner.world_size * _samples_per_batch(runner.train_dataloader)
        base = auto_scale_lr["base_batch_size"]
        ratio = float(real) / float(base)
        runner.logger.info(
            f"LR is set based on batch size of {base} and the current batch size is {real}. "
            f"Scaling the original LR by {ratio}."
        )
        wrappers = [optim_wrapper]
        if isinstance(optim_wrapper, OptimWrapperDict):
            wrappers = list(optim_wrapper.values())
        for wrapper in wrappers:
            for group in wrapper.optimizer.param_groups:
                group["lr"] *= ratio

    @section("param_scheduler")
    def check_schedulers(self, schedulers: Any, optim_wrapper: Any) -> None:
        """Refuse what cannot be schedulers of a run, before anything is built."""
        if schedulers is not None and optim_wrapper is None:
            raise ValueError("param_scheduler should be None when optim_wrapper is None")
        groups = [schedulers] if not _by_name(schedulers) else list(schedulers.values())
        for group in groups:
            for one in group if isinstance(group, list | tuple) else [group]:
                if one is not None:
                    _check_scheduler(one)

    @section("param_scheduler")
    def build_param_scheduler(self, scheduler: Any) -> Any:
        """Build the schedulers of the optimizer, or those of each of several.

        Args:
            scheduler: Config, list of configs, or a dict of these by optimizer.

        Returns:
            list or dict: Schedulers, by name of the optimizer for a dict.

        Raises:
            AssertionError: If the optimizers are not built yet.
            TypeError: If ``scheduler`` holds anything else.
            ValueError: If it names optimizers, and there is a single one.
        """
        wrappers = self.runner.optim_wrapper
        if wrappers is None or isinstance(wrappers, dict):
            raise AssertionError(
                "build_param_scheduler needs the optimizers: set runner.optim_wrapper to what "
                "build_optim_wrapper returns first"
            )
        if not isinstance(wrappers, OptimWrapperDict):
            if _by_name(scheduler):
                raise ValueError(
                    f"param_scheduler has schedulers for the optimizers {[*scheduler]}, but "
                    "optim_wrapper is a single one: give the config, or a list, of schedulers"
                )
            return self._build(scheduler, wrappers)
        if _by_name(scheduler):
            return {name: self._build(some, wrappers[name]) for name, some in scheduler.items()}
        return {name: self._build(scheduler, wrapper) for name, wrapper in wrappers.items()}

    def _build(self, scheduler: Any, optim_wrapper: Any) -> list[Any]:
        runner = self.runner
        built = []
        epoch = length_of(runner.train_dataloader)
        for one in scheduler if isinstance(scheduler, list | tuple) else [scheduler]:
            if isinstance(one, _ParamScheduler):
                built.append(one)
                continue
            _check_scheduler(one)
            cfg = {**one}
            if "end" not in cfg:
                by_epoch = cfg.get("by_epoch", True)
                cfg["end"] = runner.max_epochs if by_epoch else runner.max_iters
            default_args = {"optimizer": optim_wrapper}
            if epoch != math.inf:
                default_args["epoch_length"] = epoch
            with part(one):
                built.append(PARAM_SCHEDULERS.build(cfg, default_args=default_args))
        return built


def _check_scheduler(one: Any) -> None:
    if not isinstance(one, dict | _ParamScheduler):
        raise TypeError(
            "param_scheduler should be a scheduler, the config of one, a list of these, or a dict "
            f"of such lists, but found a {type(one).__name__}"
        )


def _samples_per_batch(dataloader: Any) -> int:
    """The batch size, which a dataloader with a batch sampler leaves to that."""
    size: int | None = dataloader.batch_size
    return dataloader.batch_sampler.batch_size if size is None else size


def _by_name(schedulers: Any) -> bool:
    """Tell a dict of schedulers by optimizer from the config of a single scheduler."""
    return isinstance(schedulers, dict) and "type" not in schedulers
