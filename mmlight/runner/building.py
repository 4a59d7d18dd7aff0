"""The part of the Runner that builds models, data, optimizers and loops from configs."""

from __future__ import annotations

import math
import os.path as osp
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torch.utils.data import DataLoader

from mmlight.bridge.processes import ModelWrapperStrategy
from mmlight.dist import master_only
from mmlight.evaluator import Evaluator
from mmlight.hooks.length import length_of
from mmlight.logging import MessageHub
from mmlight.model import convert_sync_batchnorm, revert_sync_batchnorm
from mmlight.model.bare_model import bare_model
from mmlight.optim import OptimWrapper, OptimWrapperDict, _ParamScheduler, build_optim_wrapper
from mmlight.optim.optimizer import BaseOptimWrapper
from mmlight.registry import (
    EVALUATOR,
    LOG_PROCESSORS,
    LOOPS,
    MODELS,
    OPTIM_WRAPPERS,
    PARAM_SCHEDULERS,
    VISUALIZERS,
)
from mmlight.registry.place import part, section
from mmlight.utils.checks import flags, whole
from mmlight.visualization import Visualizer

from .base_loop import BaseLoop
from .dataloader import build_dataloader
from .hook_list import HookList
from .log_processor import LogProcessor
from .loops import EpochBasedTrainLoop, IterBasedTrainLoop, TestLoop, ValLoop


class Builders(HookList):
    """Builders of a run; a part of :class:`~mmlight.runner.Runner`."""

    # -------------------------------------------------------------------- model

    def build_model(self, model: nn.Module | dict) -> nn.Module:
        """Build the model from its config; a module is returned as it is.

        Raises:
            TypeError: If ``model`` is neither.
        """
        if isinstance(model, nn.Module):
            return model
        if isinstance(model, dict):
            return MODELS.build(model)
        raise TypeError(f"model should be a nn.Module or a dict, but got {type(model).__name__}")

    @section("model")
    def _build_whole_model(self, model: Any, data_preprocessor: Any) -> nn.Module:
        if isinstance(model, dict) and data_preprocessor is not None:
            model = {**model}
            model.setdefault("data_preprocessor", data_preprocessor)
        built = self.build_model(model)
        self._model_name = getattr(model, "_model_name", type(built).__name__)
        return self.wrap_model(self.cfg.get("model_wrapper_cfg"), built)

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Put the model on its device and, among several processes, into its wrapper.

        The config key ``sync_bn`` (``"torch"`` or ``"mmcv"``) turns its batch normalization into
        one over all processes; for a single process, such layers become ordinary ones.

        Args:
            model_wrapper_cfg: Config of the wrapper; ``MMDistributedDataParallel`` if None. A
                strategy object given as ``trainer.strategy`` wraps the model itself, later.
            model: The model.
        """
        strategy = self.trainer.strategy
        model = model.to(strategy.root_device)
        if not self.distributed:
            return revert_sync_batchnorm(model)
        if self.cfg.get("sync_bn") is not None:
            model = convert_sync_batchnorm(model, self.cfg["sync_bn"])
        if not isinstance(strategy, ModelWrapperStrategy):
            return model
        if model_wrapper_cfg is None:
            unused = self.cfg.get("find_unused_parameters")
            model_wrapper_cfg = {"broadcast_buffers": False}
            if unused is not None:
                model_wrapper_cfg["find_unused_parameters"] = unused
        with section("model_wrapper_cfg"):
            return strategy.wrap(model, model_wrapper_cfg)

    def _init_model_weights(self) -> None:
        model: Any = bare_model(self.model)
        if hasattr(model, "init_weights"):
            model.init_weights()
            for tensor in model.state_dict().values():
                if self.distributed:
                    torch.distributed.broadcast(tensor.data, 0)

    @section("compile")
    def _maybe_compile(self, target: str) -> None:
        """Compile a method of the model with ``torch.compile`` if the config says so."""
        options = self.cfg.get("compile")
        if not options:
            return
        options = {} if options is True else dict(options)
        target = options.pop("target", target)
        setattr(self.model, target, torch.compile(getattr(self.model, target), **options))

    # --------------------------------------------------------------------- data

    @staticmethod
    def build_dataloader(
        dataloader: DataLoader | dict, seed: int | None = None, diff_rank_seed: bool = False
    ) -> DataLoader:
        """Build a dataloader with its dataset, sampler and collate function.

        Args:
            dataloader: Config: ``dataset``, ``sampler``, ``batch_sampler``, ``collate_fn``,
                ``worker_init_fn``, ``num_batch_per_epoch`` and the arguments of
                :class:`torch.utils.data.DataLoader`. A dataloader is returned as it is.
            seed: Seed of the sampler and of the workers.
            diff_rank_seed: Whether the ranks' samplers draw a common seed instead.

        Raises:
            TypeError: If ``dataloader`` is neither a DataLoader nor a dict.
            KeyError: If it has no ``dataset``.

        Example:
            >>> from mmlight.runner import Runner
            >>> loader = Runner.build_dataloader(dict(
            ...     dataset=[0, 1, 2, 3], batch_size=2, num_workers=0,
            ...     sampler=dict(type="DefaultSampler", shuffle=False)))
            >>> list(loader)
            [[0, 1], [2, 3]]
        """
        return build_dataloader(dataloader, seed, diff_rank_seed)

    # ------------------------------------------------------------- optimization

    @section("optim_wrapper")
    def build_optim_wrapper(
        self, optim_wrapper: OptimWrapper | OptimWrapperDict | dict
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
            return OPTIM_WRAPPERS.build({"type": "OptimWrapper", **optim_wrapper})
        if optimizer is not None or "constructor" in optim_wrapper:
            return build_optim_wrapper(self.model, optim_wrapper)
        for name, one in optim_wrapper.items():
            if not isinstance(one, OptimWrapper):
                raise ValueError(
                    'optim_wrapper has neither an "optimizer" nor a "constructor", so each of its '
                    f"values must be an OptimWrapper, but {name!r} is a {type(one).__name__}"
                )
        return OptimWrapperDict(**optim_wrapper)

    @section("auto_scale_lr")
    def scale_lr(self, optim_wrapper: Any, auto_scale_lr: dict | None = None) -> None:
        """Scale learning rates with the batch size (Goyal et al., arXiv:1706.02677).

        Call it after the wrappers are built and before the schedulers are.

        Args:
            optim_wrapper: The wrapper, or the dict of several, whose learning rates are scaled.
            auto_scale_lr: ``base_batch_size``, for which the learning rate was chosen, and
                ``enable``.

        Raises:
            AssertionError: If there is no ``base_batch_size``, or the wrapper is not built yet.
        """
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
        real = self.world_size * _samples_per_batch(self.train_dataloader)
        base = auto_scale_lr["base_batch_size"]
        ratio = float(real) / float(base)
        self.logger.info(
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
    def _check_schedulers(self, schedulers: Any, optim_wrapper: Any) -> None:
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
        wrappers = self.optim_wrapper
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
            return self._build_param_scheduler(scheduler, wrappers)
        if _by_name(scheduler):
            return {
                name: self._build_param_scheduler(some, wrappers[name])
                for name, some in scheduler.items()
            }
        return {
            name: self._build_param_scheduler(scheduler, wrapper)
            for name, wrapper in wrappers.items()
        }

    def _build_param_scheduler(self, scheduler: Any, optim_wrapper: Any) -> list[Any]:
        built = []
        epoch = length_of(self.train_dataloader)
        for one in scheduler if isinstance(scheduler, list | tuple) else [scheduler]:
            if isinstance(one, _ParamScheduler):
                built.append(one)
                continue
            _check_scheduler(one)
            cfg = {**one}
            if "end" not in cfg:
                by_epoch = cfg.get("by_epoch", True)
                cfg["end"] = self.max_epochs if by_epoch else self.max_iters
            default_args = {"optimizer": optim_wrapper}
            if epoch != math.inf:
                default_args["epoch_length"] = epoch
            with part(one):
                built.append(PARAM_SCHEDULERS.build(cfg, default_args=default_args))
        return built

    # ------------------------------------------------------- evaluators and loops

    def build_evaluator(self, evaluator: dict | list | Evaluator) -> Evaluator:
        """Build the evaluator from its config or from those of its metrics.

        Raises:
            TypeError: If ``evaluator`` is of another type.
        """
        if isinstance(evaluator, Evaluator):
            return evaluator
        with part(evaluator):
            if isinstance(evaluator, dict) and "metrics" in evaluator:
                return EVALUATOR.build({"type": "Evaluator", **evaluator})
            if isinstance(evaluator, dict | list):
                return Evaluator(evaluator)
        raise TypeError(
            "evaluator should be a dict, a list of dicts or an Evaluator, "
            f"but got {type(evaluator).__name__}"
        )

    @section("train_cfg")
    def build_train_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the training loop: by ``type``, or by epochs or iterations as ``by_epoch`` says.

        Raises:
            TypeError: If ``loop`` is neither a loop nor a dict.
            RuntimeError: If both ``type`` and ``by_epoch`` are given.
        """
        if isinstance(loop, BaseLoop):
            return loop
        cfg = _loop_config("train_loop", loop)
        if "type" in cfg and "by_epoch" in cfg:
            raise RuntimeError("Only one of `type` or `by_epoch` can exist in `train_cfg`.")
        default_args = {"runner": self, "dataloader": self._train_dataloader}
        if "type" in cfg:
            return LOOPS.build(cfg, default_args=default_args)
        by_epoch = cfg.pop("by_epoch", True)
        flags("train_cfg", by_epoch=by_epoch)
        kind = EpochBasedTrainLoop if by_epoch else IterBasedTrainLoop
        return LOOPS.build({"type": kind, **cfg}, default_args=default_args)

    @section("val_cfg")
    def build_val_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the validation loop, a ``ValLoop`` unless ``type`` says otherwise.

        Raises:
            TypeError: If ``loop`` is neither a loop nor a dict.
        """
        return self._build_evaluation_loop("val", loop, ValLoop)

    @section("test_cfg")
    def build_test_loop(self, loop: BaseLoop | dict) -> BaseLoop:
        """Build the test loop, a ``TestLoop`` unless ``type`` says otherwise.

        Raises:
            TypeError: If ``loop`` is neither a loop nor a dict.
        """
        return self._build_evaluation_loop("test", loop, TestLoop)

    def _build_evaluation_loop(self, mode: str, loop: Any, kind: type) -> BaseLoop:
        if isinstance(loop, BaseLoop):
            return loop
        default_args = {
            "runner": self,
            "dataloader": getattr(self, f"_{mode}_dataloader"),
            "evaluator": getattr(self, f"_{mode}_evaluator"),
        }
        cfg = {"type": kind, **_loop_config(f"{mode}_loop", loop)}
        return LOOPS.build(cfg, default_args=default_args)

    # ------------------------------------------------------------------ logging

    def build_message_hub(self, message_hub: dict | None = None) -> MessageHub:
        """Build the message hub, named after the experiment unless the config names it.

        Raises:
            TypeError: If ``message_hub`` is neither None nor a dict.
        """
        if message_hub is not None and not isinstance(message_hub, dict):
            raise TypeError(
                f"message_hub should be a dict or None, but got {type(message_hub).__name__}"
            )
        return MessageHub.get_instance(**{"name": self._experiment_name, **(message_hub or {})})

    @section("visualizer")
    def build_visualizer(self, visualizer: Visualizer | dict | None = None) -> Visualizer:
        """Build the visualizer, which writes into the log folder.

        Raises:
            TypeError: If ``visualizer`` is of another type.
        """
        if isinstance(visualizer, Visualizer):
            return visualizer
        if visualizer is not None and not isinstance(visualizer, dict):
            raise TypeError(
                "visualizer should be a Visualizer, a dict or None, "
                f"but got {type(visualizer).__name__}"
            )
        cfg = {
            "type": "Visualizer",
            "name": self._experiment_name,
            "vis_backends": [{"type": "LocalVisBackend"}],
            "save_dir": self._log_dir,
            **(visualizer or {}),
        }
        if self.is_rehearsal:
            cfg["vis_backends"] = None
        return VISUALIZERS.build(cfg)

    @section("log_processor")
    def build_log_processor(self, log_processor: LogProcessor | dict) -> LogProcessor:
        """Build the log processor.

        Raises:
            TypeError: If ``log_processor`` is of another type.
        """
        if isinstance(log_processor, LogProcessor):
            return log_processor
        if not isinstance(log_processor, dict):
            raise TypeError(
                "log_processor should be a LogProcessor or a dict, "
                f"but got {type(log_processor).__name__}"
            )
        return LOG_PROCESSORS.build({"type": "LogProcessor", **log_processor})

    @master_only
    def dump_config(self) -> None:
        """Write the resolved config into the work_dir."""
        if not self.cfg or self.is_rehearsal:
            return
        name = osp.basename(self.cfg.filename) if self.cfg.filename else f"{self.timestamp}.py"
        self.cfg.dump(osp.join(self._work_dir, name))


def _check_scheduler(one: Any) -> None:
    if not isinstance(one, dict | _ParamScheduler):
        raise TypeError(
            "param_scheduler should be a scheduler, the config of one, a list of these, or a dict "
            f"of such lists, but found a {type(one).__name__}"
        )


def _samples_per_batch(dataloader: Any) -> int:
    """The batch size, which a dataloader with a batch sampler leaves to that."""
    if dataloader.batch_size is not None:
        return dataloader.batch_size
    return dataloader.batch_sampler.batch_size


def _by_name(schedulers: Any) -> bool:
    """Tell a dict of schedulers by optimizer from the config of a single scheduler."""
    return isinstance(schedulers, dict) and "type" not in schedulers


def _loop_config(name: str, loop: Any) -> dict[str, Any]:
    if not isinstance(loop, dict):
        raise TypeError(f"{name} should be a loop or a dict, but got {type(loop).__name__}")
    return {**loop}
