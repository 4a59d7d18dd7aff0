"""Any Lightning logger as a place where a visualizer stores what it is given."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mmlight.config.format import plain_data
from mmlight.config.secrets import hide_secrets
from mmlight.registry import VISBACKENDS

from .base_backend import BaseVisBackend

if TYPE_CHECKING:
    from mmlight.config import Config


def is_lightning_logger(value: Any) -> bool:
    """Tell whether an object has what makes a Lightning logger.

    Args:
        value (Any): The object.

    Returns:
        bool: Whether it logs metrics and hyperparameters.

    Example:
        >>> is_lightning_logger(print)
        False
    """
    return all(hasattr(value, name) for name in ("log_metrics", "log_hyperparams"))


@VISBACKENDS.register_module()
class LightningLoggerVisBackend(BaseVisBackend):
    """Stores numbers, the config and, where the logger can, images through a Lightning logger.

    Args:
        save_dir (str): Not used: the logger knows where it writes.
        logger (lightning.pytorch.loggers.Logger): The logger.
        scalars (bool): Whether numbers go there too. A Trainer's own loggers have them from its
            run, on the Trainer's steps. Defaults to True.

    Raises:
        TypeError: If ``logger`` does not log metrics and hyperparameters.

    Example:
        >>> class Logger:
        ...     def log_metrics(self, metrics, step=None):
        ...         print(metrics, step)
        ...     def log_hyperparams(self, params):
        ...         print(params)
        >>> LightningLoggerVisBackend("", Logger()).add_scalars({"loss": 0.5}, step=3)
        {'loss': 0.5} 3
    """

    def __init__(self, save_dir: str, logger: Any, scalars: bool = True) -> None:
        super().__init__(save_dir)
        if not is_lightning_logger(logger):
            raise TypeError(
                "logger must have the methods log_metrics and log_hyperparams of a Lightning "
                f"logger, but got {type(logger).__name__}"
            )
        self.logger = logger
        self.scalars = scalars

    def _init_env(self) -> None:
        """Do nothing: the logger sets itself up."""

    @property
    def experiment(self) -> Any:
        """Any: The logger's own ``experiment``."""
        return self.logger.experiment

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Store a config as hyperparameters."""
        # Some loggers would write an object with all that it holds, a model with its weights.
        self.logger.log_hyperparams(plain_data(hide_secrets(config.to_dict())))

    def add_graph(
        self, model: torch.nn.Module, data_batch: Sequence[dict[str, Any]] | None, **kwargs: Any
    ) -> None:
        """Store the graph of a model, if the logger can."""
        if hasattr(self.logger, "log_graph"):
            self.logger.log_graph(model, data_batch)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Store an image, or warn that the logger cannot."""
        if hasattr(self.logger, "log_image"):
            self.logger.log_image(name, [image], step)
        elif hasattr(self.experiment, "add_image"):
            self.experiment.add_image(name, image, step, dataformats="HWC")
        elif hasattr(self.experiment, "log_image"):
            run = getattr(self.logger, "run_id", None)
            self.experiment.log_image(run, image, key=name.replace("/", "_"), step=step)
        else:
            warnings.warn(f"{type(self.logger).__name__} cannot store images", stacklevel=2)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        self.add_scalars({name: value}, step)

    def add_scalars(
        self,
        scalar_dict: dict[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Store several numbers; what is not a number is left out."""
        if not self.scalars:
            return
        metrics = {}
        for name, value in scalar_dict.items():
            if isinstance(value, (torch.Tensor, np.ndarray)):
                value = value.item()
            if name != "step" and isinstance(value, Number):
                metrics[name] = value
        self.logger.log_metrics(metrics, scalar_dict.get("step", step))
        # The Trainer does this after it has logged: some loggers hold numbers back until then.
        if hasattr(self.logger, "save"):
            self.logger.save()

    def close(self) -> None:
        """Tell the logger that the run has ended."""
        if self.scalars and hasattr(self.logger, "finalize"):  # else its Trainer does it
            self.logger.finalize("success")
