"""A visualization backend as a Lightning logger, so that ``self.log(...)`` reaches it."""

from __future__ import annotations

from argparse import Namespace
from typing import Any

from lightning.pytorch.loggers import Logger
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from mmlight.config import Config
from mmlight.registry import VISBACKENDS


class VisBackendLogger(Logger):
    """Write what a LightningModule logs to a visualization backend.

    In a Trainer it also gets the images that hooks and ``self.logger.log_image`` draw. The other
    way round, any Lightning logger may stand among the ``vis_backends`` of a config.

    Args:
        vis_backend: A backend, or the config of one.
        name: Name of the logger.

    Example:
        >>> import lightning.pytorch as pl, tempfile
        >>> logger = VisBackendLogger(dict(type="LocalVisBackend", save_dir=tempfile.mkdtemp()))
        >>> trainer = pl.Trainer(logger=logger, accelerator="cpu", enable_checkpointing=False)
        >>> trainer.logger.log_metrics({"loss": 0.5}, step=1)
    """

    def __init__(self, vis_backend: Any, name: str = "mmlight") -> None:
        super().__init__()
        self.vis_backend = (
            VISBACKENDS.build(vis_backend) if isinstance(vis_backend, dict) else vis_backend
        )
        self._name = name

    @property
    def name(self) -> str:
        """Name of the logger."""
        return self._name

    @property
    def version(self) -> str:
        """An empty string: the backend's folder already tells runs apart."""
        return ""

    @property
    def save_dir(self) -> str | None:
        """The backend's folder."""
        return getattr(self.vis_backend, "_save_dir", None)

    @property
    def experiment(self) -> Any:
        """What the backend writes with."""
        return self.vis_backend.experiment

    @rank_zero_only
    def log_metrics(self, metrics: dict[str, float], step: int | None = None) -> None:
        """Write scalars by name."""
        self.vis_backend.add_scalars(dict(metrics), step=step or 0)

    @rank_zero_only
    def log_image(
        self, key: str, images: list[Any], step: int | None = None, **kwargs: Any
    ) -> None:
        """Write RGB images (uint8, of shape (H, W, 3)) under a name."""
        for index, image in enumerate(images):
            name = key if len(images) == 1 else f"{key}_{index}"
            self.vis_backend.add_image(name, image, step=step or 0)

    @rank_zero_only
    def log_hyperparams(
        self, params: dict[str, Any] | Namespace, *args: Any, **kwargs: Any
    ) -> None:
        """Write hyper-parameters as a config."""
        values = vars(params) if isinstance(params, Namespace) else dict(params)
        self.vis_backend.add_config(Config(values))

    @rank_zero_only
    def finalize(self, status: str) -> None:
        """Close the backend."""
        self.vis_backend.close()
