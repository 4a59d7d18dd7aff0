"""The part of a Runner that builds model, loops, evaluators and what logs from their configs."""

from __future__ import annotations

import os.path as osp
from typing import Any

import torch
from torch import nn

from mmlight.bridge.processes import ModelWrapperStrategy
from mmlight.dist import master_only
from mmlight.evaluator import Evaluator
from mmlight.logging import MessageHub
from mmlight.model import convert_sync_batchnorm, revert_sync_batchnorm
from mmlight.model.bare_model import bare_model
from mmlight.registry import EVALUATOR, LOG_PROCESSORS, LOOPS, MODELS, VISUALIZERS
from mmlight.registry.place import part, section
from mmlight.utils.checks import flags
from mmlight.visualization import Visualizer

from .base_loop import BaseLoop
from .log_processor import LogProcessor
from .loops import EpochBasedTrainLoop, IterBasedTrainLoop, TestLoop, ValLoop
from .parts import RunnerPart


class Builders(RunnerPart):
    """Builds the model, the loops, the evaluators and what logs."""

    # -------------------------------------------------------------------- model

    def build_model(self, model: nn.Module | dict[str, Any]) -> nn.Module:
        """Build the model from its config; a module is returned as it is.

        Raises:
            TypeError: If ``model`` is neither.
        """
        if isinstance(model, nn.Module):
            return model
        if isinstance(model, dict):
            result: nn.Module = MODELS.build(model)
            return result
        raise TypeError(f"model should be a nn.Module or a dict, but got {type(model).__name__}")

    @section("model")
    def build_whole_model(self, model: Any, data_preprocessor: Any) -> nn.Module:
        """Build the model, with a preprocessor if it has none, and put it where it trains."""
        runner = self.runner
        if isinstance(model, dict) and data_preprocessor is not None:
            model = {**model}
            model.setdefault("data_preprocessor", data_preprocessor)
        built = runner.build_model(model)
        runner._model_name = getattr(model, "_model_name", type(built).__name__)
        result: nn.Module = runner.wrap_model(runner.cfg.get("model_wrapper_cfg"), built)
        return result

    def wrap_model(self, model_wrapper_cfg: dict[str, Any] | None, model: nn.Module) -> nn.Module:
        """Put the model on its device and, among several processes, into its wrapper.

        The config key ``sync_bn`` (``"torch"`` or ``"mmcv"``) turns its batch normalization into
        one over all processes; for a single process, such layers become ordinary ones.

        Args:
            model_wrapper_cfg: Config of the wrapper; ``MMDistributedDataParallel`` if None. A
                strategy object given as ``trainer.strategy`` wraps the model itself, later.
            model: The model.
        """
        runner = self.runner
        strategy = runner.trainer.strategy
        model = model.to(strategy.root_device)
        if not runner.distributed:
            return revert_sync_batchnorm(model)
        if runner.cfg.get("sync_bn") is not None:
            model = convert_sync_batchnorm(model, runner.cfg["sync_bn"])
        if not isinstance(strategy, ModelWrapperStrategy):
            return model
        if model_wrapper_cfg is None:
            unused = runner.cfg.get("find_unused_parameters")
            model_wrapper_cfg = {"broadcast_buffers": False}
            if unused is not None:
                model_wrapper_cfg["find_unused_parameters"] = unused
        with section("model_wrapper_cfg"):
            return strategy.wrap(model, model_wrapper_cfg)

    def init_model_weights(self) -> None:
        """Initialize the weights, those of the first process in all."""
        model: Any = bare_model(self.runner.model)
        if hasattr(model, "init_weights"):
            model.init_weights()
            for tensor in model.state_dict().values():
                if self.runner.distributed:
                    torch.distributed.broadcast(tensor.data, 0)

    @section("compile")
    def compile(self, target: str) -> None:
        """Compile a method of the model with ``torch.compile`` if the config says so."""
        runner = self.runner
        options = runner.cfg.get("compile")
        if not options:
            return
        options = {} if options is True else dict(options)
        target = options.pop("target", target)
        setattr(runner.model, target, torch.compile(getattr(runner.model, target), **options))

    # ------------------------------------------------------- evaluators and loops

    def build_evaluator(self, evaluator: dict[str, Any] | list[Any] | Evaluator) -> Evaluator:
        """Build the evaluator from its config or from those of its metrics.

        Raises:
            TypeError: If ``evaluator`` is of another type.
        """
        if isinstance(evaluator, Evaluator):
            return evaluator
        with part(evaluator):
            if isinstance(evaluator, dict) and "metrics" in evaluator:
                result: Evaluator = EVALUATOR.build({"type": "Evaluator", **evaluator})
                return result
            if isinstance(evaluator, dict | list):
                return Evaluator(evaluator)
        raise TypeError(
            "evaluator should be a dict, a list of dicts or an Evaluator, "
            f"but got {type(evaluator).__name__}"
        )

    @section("train_cfg")
    def build_train_loop(self, loop: BaseLoop | dict[str, Any]) -> BaseLoop:
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
        default_args = {"runner": self.runner, "dataloader": self.runner._train_dataloader}
        if "type" not in cfg:
            by_epoch = cfg.pop("by_epoch", True)
            flags("train_cfg", by_epoch=by_epoch)
            cfg["type"] = EpochBasedTrainLoop if by_epoch else IterBasedTrainLoop
        built: BaseLoop = LOOPS.build(cfg, default_args=default_args)
        return built

    @section("val_cfg")
    def build_val_loop(self, loop: BaseLoop | dict[str, Any]) -> BaseLoop:
        """Build the validation loop, a ``ValLoop`` unless ``type`` says otherwise.

        Raises:
            TypeError: If ``loop`` is neither a loop nor a dict.
        """
        return self._build_evaluation_loop("val", loop, ValLoop)

    @section("test_cfg")
    def build_test_loop(self, loop: BaseLoop | dict[str, Any]) -> BaseLoop:
        """Build the test loop, a ``TestLoop`` unless ``type`` says otherwise.

        Raises:
            TypeError: If ``loop`` is neither a loop nor a dict.
        """
        return self._build_evaluation_loop("test", loop, TestLoop)

    def _build_evaluation_loop(self, mode: str, loop: Any, kind: type) -> BaseLoop:
        runner = self.runner
        if isinstance(loop, BaseLoop):
            return loop
        default_args = {
            "runner": runner,
            "dataloader": getattr(runner, f"_{mode}_dataloader"),
            "evaluator": getattr(runner, f"_{mode}_evaluator"),
        }
        cfg = {"type": kind, **_loop_config(f"{mode}_loop", loop)}
        result: BaseLoop = LOOPS.build(cfg, default_args=default_args)
        return result

    # ------------------------------------------------------------------ logging

    def build_message_hub(self, message_hub: dict[str, Any] | None = None) -> MessageHub:
        """Build the message hub, named after the experiment unless the config names it.

        Raises:
            TypeError: If ``message_hub`` is neither None nor a dict.
        """
        if message_hub is not None and not isinstance(message_hub, dict):
            raise TypeError(
                f"message_hub should be a dict or None, but got {type(message_hub).__name__}"
            )
        cfg = {"name": self.runner.experiment_name, **(message_hub or {})}
        return MessageHub.get_instance(**cfg)

    @section("visualizer")
    def build_visualizer(self, visualizer: Visualizer | dict[str, Any] | None = None) -> Visualizer:
        """Build the visualizer, which writes into the log folder.

        Raises:
            TypeError: If ``visualizer`` is of another type.
        """
        runner = self.runner
        if isinstance(visualizer, Visualizer):
            return visualizer
        if visualizer is not None and not isinstance(visualizer, dict):
            raise TypeError(
                "visualizer should be a Visualizer, a dict or None, "
                f"but got {type(visualizer).__name__}"
            )
        cfg = {
            "type": "Visualizer",
            "name": runner.experiment_name,
            "vis_backends": [{"type": "LocalVisBackend"}],
            "save_dir": runner.log_dir,
            **(visualizer or {}),
        }
        if runner.is_rehearsal:
            cfg["vis_backends"] = None
        result: Visualizer = VISUALIZERS.build(cfg)
        return result

    @section("log_processor")
    def build_log_processor(self, log_processor: LogProcessor | dict[str, Any]) -> LogProcessor:
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
        result: LogProcessor = LOG_PROCESSORS.build({"type": "LogProcessor", **log_processor})
        return result

    @master_only
    def dump_config(self) -> None:
        """Write the resolved config into the work_dir."""
        runner = self.runner
        if not runner.cfg or runner.is_rehearsal:
            return
        name = osp.basename(runner.cfg.filename or f"{runner.timestamp}.py")
        runner.cfg.dump(osp.join(runner.work_dir, name))


def _loop_config(name: str, loop: Any) -> dict[str, Any]:
    if not isinstance(loop, dict):
        raise TypeError(f"{name} should be a loop or a dict, but got {type(loop).__name__}")
    return {**loop}
