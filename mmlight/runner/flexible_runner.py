"""The Runner of configs with ``runner_type='FlexibleRunner'`` and a ``strategy``."""

from __future__ import annotations

import inspect
import os
from functools import cached_property
from typing import Any

from torch import nn

from mmlight._strategy import BaseStrategy, SingleDeviceStrategy
from mmlight.config import Config
from mmlight.registry import RUNNERS, STRATEGIES, DefaultScope, root_config
from mmlight.registry.place import section

from .runner import ARGUMENTS, Runner, as_config


@RUNNERS.register_module()
class FlexibleRunner(Runner):
    """A Runner whose devices and processes a ``strategy`` describes.

    Args:
        model: Model, or its config.
        work_dir: Folder for checkpoints and logs.
        strategy: A :class:`~mmlight._strategy.BaseStrategy` or its config; what
            ``trainer=dict(...)`` says if there is none.
        load_from: Checkpoint to load weights from.
        resume: True resumes from ``load_from``, or else the newest checkpoint in ``work_dir``;
            a path resumes from that file.
        launcher: What starts the processes; None is torchrun where it started this one and the
            strategy is for several, and nothing elsewhere.
        compile: True or arguments of ``torch.compile``, as the config key ``compile`` has them.
        default_scope: Scope in which types without a prefix are looked up first.
        cfg: The whole config.
        **kwargs: Further arguments of :class:`Runner`.

    Raises:
        TypeError: If ``strategy`` is neither.
        ValueError: If the strategy cannot be obeyed, or contradicts the config.

    Example:
        >>> cfg = Config.fromfile("config.py")  # doctest: +SKIP
        >>> cfg.strategy = dict(type="DDPStrategy", sync_bn="torch")  # doctest: +SKIP
        >>> FlexibleRunner.from_cfg(cfg).train()  # doctest: +SKIP
    """

    def __init__(
        self,
        model: nn.Module | dict[str, Any],
        *,
        work_dir: str = "work_dirs",
        experiment_name: str | None = None,
        train_dataloader: Any = None,
        optim_wrapper: Any = None,
        param_scheduler: Any = None,
        train_cfg: dict[str, Any] | None = None,
        val_dataloader: Any = None,
        val_evaluator: Any = None,
        val_cfg: dict[str, Any] | None = None,
        test_dataloader: Any = None,
        test_evaluator: Any = None,
        test_cfg: dict[str, Any] | None = None,
        strategy: BaseStrategy | dict[str, Any] | None = None,
        auto_scale_lr: dict[str, Any] | None = None,
        default_hooks: dict[str, Any] | None = None,
        custom_hooks: list[Any] | None = None,
        data_preprocessor: nn.Module | dict[str, Any] | None = None,
        load_from: str | None = None,
        resume: str | bool = False,
        launcher: str | None = None,
        env_cfg: dict[str, Any] = dict(dist_cfg=dict(backend="nccl")),  # noqa: B006, C408 (documented)
        log_processor: dict[str, Any] | None = None,
        log_level: str = "INFO",
        visualizer: Any = None,
        default_scope: str = "mmengine",
        randomness: dict[str, Any] = dict(seed=None),  # noqa: B006, C408 (documented)
        compile: bool | dict[str, Any] = False,
        cfg: dict[str, Any] | Config | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in ARGUMENTS}
        whole = as_config(cfg)
        scoped = DefaultScope.overwrite_default_scope(default_scope)
        with root_config(whole, {"strategy": strategy}), section("strategy"), scoped:
            self.strategy = build_strategy(strategy)
        _write(whole, self.strategy.config_keys() | ({"compile": compile} if compile else {}))
        if launcher is None:
            launched = self.strategy.distributed and "RANK" in os.environ
            launcher = "pytorch" if launched else "none"
        if launcher != "none" and isinstance(self.strategy, SingleDeviceStrategy):
            raise ValueError(
                f"SingleDeviceStrategy contradicts launcher={launcher!r} (config key: "
                "strategy.type): use strategy=dict(type='DDPStrategy')"
            )
        if isinstance(resume, str):
            load_from, resume = resume, True
        given.update(load_from=load_from, resume=resume, launcher=launcher)
        super().__init__(**given, cfg=whole)

    @classmethod
    def from_cfg(cls, cfg: Config | dict[str, Any], strict: bool = False) -> FlexibleRunner:
        """Build a FlexibleRunner from a config, whose keys are the arguments of the class.

        Args:
            cfg: The config; ``trainer`` stands beside ``strategy`` and must not contradict it.
            strict: Whether a key without effect is an error.
        """
        return cls._from_keys(cfg, _ARGUMENTS, ("model",), strict)

    @cached_property
    def trainer_arguments(self) -> dict[str, Any]:
        """The config's ``trainer`` with the objects in it built, and what the strategy says."""
        given, strategy = super().trainer_arguments, type(self.strategy).__name__
        ours = self.strategy.trainer_arguments()
        for name, value in ours.items():
            if given.get(name, value) != value:
                raise ValueError(
                    f"trainer.{name}={given[name]!r} contradicts strategy.type={strategy!r}: leave "
                    "one of them out"
                )
        return {**given, **ours}

    def _init_model_weights(self) -> None:
        if not self.strategy.skip_init_weights:
            super()._init_model_weights()


def build_strategy(strategy: Any) -> BaseStrategy:
    if strategy is None:
        return BaseStrategy()
    if isinstance(strategy, dict):
        strategy = STRATEGIES.build(strategy)
    if not isinstance(strategy, BaseStrategy):
        raise TypeError(
            "strategy should be a strategy of mmengine._strategy, or its config, but got "
            f"{strategy!r}; one of Lightning's stands in trainer=dict(strategy=...)"
        )
    return strategy


def _write(cfg: Config, keys: dict[str, Any]) -> None:
    for key, value in keys.items():
        if cfg.get(key) not in (None, value):
            raise ValueError(
                f"{key}={cfg[key]!r} contradicts what else is said of it, {value!r} (config keys: "
                f"{key}, strategy): leave one of them out"
            )
        cfg[key] = value


_ARGUMENTS = tuple(
    name
    for name in inspect.signature(FlexibleRunner.__init__).parameters
    if name not in ("self", "cfg")
)
