"""Tests with test-time augmentation."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import LightningModule

from mmlight.config import Config, ConfigDict
from mmlight.hooks.hook import Hook
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.model import is_model_wrapper
from mmlight.registry import HOOKS, MODELS, RUNNERS
from mmlight.utils.near_names import did_you_mean


@HOOKS.register_module()
class PrepareTTAHook(Hook):
    """Put a test-time augmentation model around the runner's model before a test.

    Args:
        tta_cfg: Config of the model, a subclass of :class:`mmlight.model.BaseTTAModel`, without
            its ``module``, which is the runner's model.

    Example:
        >>> PrepareTTAHook(tta_cfg=dict(type="AverageTTAModel")).tta_cfg["type"]
        'AverageTTAModel'
    """

    def __init__(self, tta_cfg: dict[str, Any]) -> None:
        self.tta_cfg = tta_cfg
        self._wrapped: Any = None

    def before_run(self, runner: RunnerLike) -> None:
        """Check that there can be such a model, long before the test.

        Raises:
            TypeError: If the runner's model is a LightningModule.
            KeyError: If there is no model of that type.
        """
        kind = self.tta_cfg["type"]
        if isinstance(runner.model, LightningModule):
            raise TypeError(
                f"PrepareTTAHook needs the model of a config, whose test_step takes a whole batch, "
                f"but {type(runner.model).__name__} is a LightningModule: let its own test_step "
                f"call a {kind}"
            )
        if isinstance(kind, str) and MODELS.get(kind) is None:
            raise KeyError(
                f"tta_cfg of PrepareTTAHook names the type {kind!r}, which is not registered."
                f"{did_you_mean(kind, MODELS.module_dict)}"
            )

    def before_test(self, runner: RunnerLike) -> None:
        """Put the model around ``runner.model``, within its wrapper if it has one."""
        holder, name = (
            (runner.model, "module") if is_model_wrapper(runner.model) else (runner, "model")
        )
        model = getattr(holder, name)
        if model is not self._wrapped:  # by an earlier test
            self._wrapped = MODELS.build({**self.tta_cfg, "module": model})
            setattr(holder, name, self._wrapped)


def build_runner_with_tta(cfg: dict[str, Any] | ConfigDict | Config) -> Any:
    """Build the Runner of a config whose test uses test-time augmentation.

    Args:
        cfg: The whole config. Its ``tta_model`` goes around the model before a test, and its
            ``tta_pipeline`` takes the place of the pipeline of the test dataset, the innermost one
            where datasets are wrapped.

    Returns:
        Runner: The runner, of the type that ``runner_type`` names.

    Raises:
        AssertionError: If the config lacks one of the three.

    Example:
        >>> cfg = Config.fromfile("configs/resnet.py")  # doctest: +SKIP
        >>> metrics = build_runner_with_tta(cfg).test()  # doctest: +SKIP
    """
    for key in ("tta_model", "tta_pipeline", "test_dataloader"):
        if cfg.get(key) is None:
            raise AssertionError(f"test-time augmentation needs the config key {key!r}")
    changed: Any = cfg.copy() if isinstance(cfg, Config) else Config({**cfg})
    changed.test_dataloader = _with_pipeline(cfg["test_dataloader"], cfg["tta_pipeline"])
    hook = {"type": "PrepareTTAHook", "tta_cfg": cfg["tta_model"]}
    changed.custom_hooks = [*(cfg.get("custom_hooks") or ()), hook]
    return RUNNERS.build(changed)


def _with_pipeline(cfg: Any, pipeline: Any) -> Any:
    """A copy of the config of a dataloader, or of several, whose datasets have ``pipeline``."""
    if isinstance(cfg, list | tuple):
        return [_with_pipeline(one, pipeline) for one in cfg]
    if "dataset" in cfg:
        return {**cfg, "dataset": _with_pipeline(cfg["dataset"], pipeline)}
    return {**cfg, "pipeline": pipeline}
