"""The base of metrics that compare features of images."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from mmlight.dist import broadcast_object_list, is_main_process
from mmlight.fileio.checkpoint_file import CheckpointFileError, read_checkpoint, write_checkpoint
from mmlight.fileio.url_cache import NotFetchedError
from mmlight.generative.evaluation.gen_metric import GenMetric
from mmlight.generative.evaluation.real_cache import cache_file, channel_order
from mmlight.logging import print_log
from mmlight.registry import MODELS
from mmlight.registry.diagnostics import did_you_mean

STYLES = ("StyleGAN", "PyTorch")


def inception(
    style: str, path: str | None, form: str, feature_extractor: dict[str, Any] | nn.Module | None
) -> dict[str, Any] | nn.Module:
    """Say which network the arguments of a metric mean.

    Args:
        style (str): ``StyleGAN``, NVIDIA's TorchScript file, or ``PyTorch``.
        path (str, optional): The file, or its address; None for the published one.
        form (str): Which network ``PyTorch`` is, see :class:`InceptionFeatures`.
        feature_extractor (dict | nn.Module, optional): Another network instead.

    Returns:
        dict | nn.Module: The network, or its config.

    Raises:
        ValueError: If the style is not known, or a path is given beside another network.

    Example:
        >>> inception("StyleGAN", "inception.pt", "fid", None)
        {'type': 'ScriptFeatures', 'path': 'inception.pt'}
    """
    if feature_extractor is not None:
        if path is not None:
            raise ValueError("inception_path has no effect beside feature_extractor: leave one out")
        return feature_extractor
    if style.lower() == "stylegan":
        return {"type": "ScriptFeatures", "path": path}
    if style.lower() == "pytorch":
        return {"type": "InceptionFeatures", "path": path, "form": form}
    raise ValueError(
        f"inception_style must be one of {', '.join(STYLES)}, got {style!r}."
        f"{did_you_mean(style, STYLES)}"
    )


class FeatureMetric(GenMetric):
    """A metric of the features that a network has for images.

    The network is loaded when the metric is first told of a model, before a training: a file that
    is missing is an error then. It works where the model is, and gets images ``(N, C, H, W)`` of
    0 to 255, red first.

    Args:
        fake_nums (int): See :class:`GenMetric`.
        extractor (dict | nn.Module): The network, or its config.
        cached (str, optional): File of what is known of the real images: read if it is there,
            else written. Defaults to None, one for each dataset and network in torch's cache.
        kwargs: Other arguments of :class:`GenMetric`.

    Raises:
        TypeError: If the extractor is neither.
    """

    extractor_argument = "feature_extractor"

    def __init__(
        self,
        fake_nums: int,
        extractor: dict[str, Any] | nn.Module,
        cached: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(fake_nums, **kwargs)
        if not isinstance(extractor, (dict, nn.Module)):
            raise TypeError(
                f"{self.extractor_argument} of {type(self).__name__} must be a module or a config "
                f"such as dict(type='ColourStatistics'), got {extractor!r}"
            )
        self._extractor = extractor
        self._network: Any = extractor.eval() if isinstance(extractor, nn.Module) else None
        self._cached = cached
        self._bgr = False
        self._device = torch.device("cpu")

    @property
    def network(self) -> Any:
        """nn.Module: The network, loaded when it is first asked for."""
        if self._network is None:
            self._network = MODELS.build(self._extractor).eval()
        return self._network

    def check(self, module: nn.Module, dataloader: DataLoader[Any]) -> None:
        """Load the network, besides what :meth:`GenMetric.check` does.

        Where nothing may be fetched, as in ``mmlight check``, one that is not on this machine yet
        is left for the run.

        Args:
            module (nn.Module): The model.
            dataloader (DataLoader): The real images.

        Raises:
            FileNotFoundError: If the file of the network is missing.
            KeyError: If the type of the network is not known.
            ValueError: See :meth:`GenMetric.check`.
        """
        super().check(module, dataloader)
        with suppress(NotFetchedError):
            _ = self.network

    def prepare(self, module: nn.Module | None, dataloader: DataLoader[Any]) -> None:
        """Put the network where the model is, and see how the channels are ordered.

        Args:
            module (nn.Module, optional): The model.
            dataloader (DataLoader): The real images.
        """
        weight = next(module.parameters(), None) if module is not None else None
        if weight is not None:
            self._device = weight.device
        self.network.to(self._device)
        self._bgr = channel_order(dataloader, self.real_key) == "BGR"

    def images_for_network(self, images: Tensor) -> Tensor:
        """Move images to where the network is, red first.

        Args:
            images (Tensor): ``(N, C, H, W)``, 0 to 255, in the dataset's order of channels.

        Returns:
            Tensor: The images.
        """
        images = images.to(self._device)
        return images.flip(1) if self._bgr and images.shape[1] == 3 else images

    def features(self, images: Tensor) -> Tensor:
        """Compute the features of images.

        Args:
            images (Tensor): ``(N, C, H, W)``, 0 to 255, in the dataset's order of channels.

        Returns:
            Tensor: Features ``(N, D)``.
        """
        result: Tensor = self.network(self.images_for_network(images))
        return result

    def cache_of(self, dataloader: DataLoader[Any], *what: Any) -> Path | None:
        """Say in which file is kept what is known of the real images.

        Args:
            dataloader (DataLoader): The real images.
            what (Any): What else the content depends on.

        Returns:
            Path or None: The file; None if the dataset cannot be told from others.
        """
        if self._cached is not None:
            return Path(os.path.expanduser(self._cached))
        return cache_file(dataloader, self.network, self.real_key, self.real_nums, *what)

    @staticmethod
    def read_cache(path: Path | None, *names: str) -> Mapping[str, Tensor] | None:
        """Read what is known of the real images, in the main process alone.

        Args:
            path (Path, optional): The file.
            names (str): What it has to have.

        Returns:
            Mapping or None: The content; an empty one in the other processes. None in all if there
            is no such file.

        Raises:
            ValueError: If the file holds something else.
        """
        content: Any = {}
        found = [False]
        if path is not None and is_main_process() and path.is_file():
            found = [True]
            try:
                content = read_checkpoint(str(path), "cpu")
            except CheckpointFileError:
                content = None
            if not isinstance(content, Mapping) or any(name not in content for name in names):
                raise ValueError(
                    f"{path} does not hold {' and '.join(names)} as this metric writes them; "
                    "delete it to have them computed anew"
                )
            print_log(f"What is known of the real images is read from {path}", logger="current")
        broadcast_object_list(found)
        return content if found[0] else None

    @staticmethod
    def write_cache(path: Path | None, content: Mapping[str, Tensor]) -> None:
        """Write what is known of the real images, from the main process.

        Args:
            path (Path, optional): The file.
            content (Mapping[str, Tensor]): What to write.
        """
        if path is None or not is_main_process():
            return
        try:
            write_checkpoint(dict(content), str(path))
        except OSError as err:
            message = f"what is known of the real images could not be kept in {path}: {err}"
            print_log(message, logger="current", level=logging.WARNING)
