"""Weights & Biases as a place where a visualizer stores what it is given."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mmlight.config.secrets import hide_secrets
from mmlight.registry import VISBACKENDS

from .base_backend import BaseVisBackend, force_init_env

if TYPE_CHECKING:
    from mmlight.config import Config


@VISBACKENDS.register_module()
class WandbVisBackend(BaseVisBackend):
    """Stores images, numbers and the config with Weights & Biases.

    A ``step`` is not used: wandb counts calls.

    Args:
        save_dir (str, optional): Folder of the files that wandb writes.
        init_kwargs (dict, optional): Arguments of :func:`wandb.init`. Defaults to None.
        define_metric_cfg (dict or list[dict], optional): How metrics are summed up: a dict from
            metric to summary, such as ``{'acc': 'max'}``, or a list of arguments of
            :func:`wandb.define_metric`. Defaults to None.
        commit (bool): Whether each call is a step of its own; otherwise numbers wait for the
            next call that commits. Defaults to True.
        log_code_name (str, optional): Name under which the code in the current folder is stored;
            it is not if None. Defaults to None.
        watch_kwargs (dict, optional): Arguments of :func:`wandb.watch`. Defaults to None.

    Raises:
        TypeError: If ``init_kwargs`` is not a dict, or ``define_metric_cfg`` neither dict nor list.

    Example:
        >>> backend = WandbVisBackend(
        ...     "work_dirs", init_kwargs=dict(mode="offline"), define_metric_cfg={"acc": "max"})
        >>> backend.close()  # nothing was stored, so no run was started
    """

    def __init__(
        self,
        save_dir: str | None,
        init_kwargs: dict[str, Any] | None = None,
        define_metric_cfg: dict[str, Any] | list[Any] | None = None,
        commit: bool | None = True,
        log_code_name: str | None = None,
        watch_kwargs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(save_dir)  # type: ignore[arg-type]
        if init_kwargs is not None and not isinstance(init_kwargs, dict):
            raise TypeError(f"init_kwargs must be a dict, but got {type(init_kwargs).__name__}")
        if define_metric_cfg is not None and not isinstance(define_metric_cfg, (dict, list)):
            raise TypeError(
                "define_metric_cfg must be a dict or a list, "
                f"but got {type(define_metric_cfg).__name__}"
            )
        self._init_kwargs = dict(init_kwargs or {})
        self._define_metric_cfg = define_metric_cfg
        self._commit = commit
        self._log_code_name = log_code_name
        self._watch_kwargs = watch_kwargs or {}
        self._wandb: Any = None

    def _init_env(self) -> None:
        try:
            import wandb
        except ImportError as error:
            raise ImportError("WandbVisBackend needs wandb: pip install wandb") from error
        if self._save_dir is not None:
            os.makedirs(self._save_dir, exist_ok=True)
            self._init_kwargs.setdefault("dir", self._save_dir)
        wandb.init(**self._init_kwargs)
        self._wandb = wandb
        metrics = self._define_metric_cfg or []
        if isinstance(metrics, dict):
            metrics = [{"name": name, "summary": how} for name, how in metrics.items()]
        for metric in metrics:
            wandb.define_metric(**metric)

    @property
    @force_init_env
    def experiment(self) -> Any:
        """module: The package wandb, with its run started."""
        return self._wandb

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Store a config as the config of the run, and the code if it has a name."""
        self.experiment.config.update(hide_secrets(config.to_dict()), allow_val_change=True)
        if self._log_code_name is not None:
            self.experiment.run.log_code(name=self._log_code_name)

    def add_graph(
        self, model: torch.nn.Module, data_batch: Sequence[dict[str, Any]] | None, **kwargs: Any
    ) -> None:
        """Watch gradients and parameters of a model, as ``watch_kwargs`` says."""
        self.experiment.watch(model, **self._watch_kwargs)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        self.experiment.log({name: self._wandb.Image(image)}, commit=self._commit)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        self.experiment.log({name: value}, commit=self._commit)

    def add_scalars(
        self,
        scalar_dict: dict[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        self.experiment.log(scalar_dict, commit=self._commit)

    def close(self) -> None:
        """End the run."""
        if self._wandb is not None:
            self._wandb.finish()
