"""Networks of metrics that come as files."""

from __future__ import annotations

import os
from pathlib import Path

import torch
from torch import Tensor, nn

from mmlight.registry import MODELS
from mmlight.runner.checkpoint_loader import downloaded_file

_NVIDIA = "https://nvlabs-fi-cdn.nvidia.com/stylegan2-ada-pytorch/pretrained/metrics/"
INCEPTION, VGG16 = f"{_NVIDIA}inception-2015-12-05.pt", f"{_NVIDIA}vgg16.pt"


def weight_file(source: str) -> Path:
    """Find the file of a network on this machine.

    Args:
        source (str): Its path, or its address in the web, from where it is brought once.

    Returns:
        Path: The file.

    Raises:
        FileNotFoundError: If there is none, or the web cannot be reached.

    Example:
        >>> weight_file("/nowhere/vgg16.pt")
        Traceback (most recent call last):
        FileNotFoundError: there is no file /nowhere/vgg16.pt, the weights of a metric
    """
    if not source.startswith(("http://", "https://")):
        path = Path(os.path.expanduser(source))
        if not path.is_file():
            raise FileNotFoundError(f"there is no file {source}, the weights of a metric")
        return path
    try:
        return downloaded_file(source, progress=True)
    except OSError as err:
        raise FileNotFoundError(
            f"the weights of a metric cannot be brought from {source} ({err}); on a machine that "
            "reaches it, download the file, copy it here and give its path to the metric "
            "(inception_path, vgg16_script, params_path, or path of its extractor)"
        ) from err


def as_rgb(images: Tensor) -> Tensor:
    """Give grey images three channels.

    Args:
        images (Tensor): ``(N, 1 or 3, H, W)``.

    Returns:
        Tensor: ``(N, 3, H, W)``.

    Raises:
        ValueError: If there is another number of channels.

    Example:
        >>> as_rgb(torch.zeros(2, 1, 4, 4)).shape
        torch.Size([2, 3, 4, 4])
    """
    if images.shape[1] not in (1, 3):
        raise ValueError(f"images must have 1 or 3 channels, got {tuple(images.shape)}")
    return images.expand(-1, 3, -1, -1)


@MODELS.register_module()
class ScriptFeatures(nn.Module):
    """Features and classes of images, by a TorchScript file of NVIDIA's.

    The networks of StyleGAN2-ADA's metrics come in this form: Inception v3 and VGG16, which take
    whole grey levels, and ``return_features=True`` or ``no_output_bias=True`` as an argument.

    Source: T. Karras et al., "Training Generative Adversarial Networks with Limited Data",
    NeurIPS 2020.

    Args:
        path (str, optional): The file, or its address in the web, from where it is brought once.
            Defaults to None, the published Inception v3.

    Raises:
        FileNotFoundError: If there is no such file, or the web cannot be reached.
        RuntimeError: If the file is no TorchScript.

    Example:
        >>> ScriptFeatures("/nowhere/inception.pt")
        Traceback (most recent call last):
        FileNotFoundError: there is no file /nowhere/inception.pt, the weights of a metric
    """

    def __init__(self, path: str | None = None) -> None:
        super().__init__()
        file = weight_file(path or INCEPTION)
        try:
            self.script = torch.jit.load(str(file), map_location="cpu")
        except RuntimeError as err:
            raise RuntimeError(f"{file} cannot be read as TorchScript: {err}") from err
        self.script.eval()
        for weight in self.script.parameters():
            weight.requires_grad = False

    def forward(self, images: Tensor) -> Tensor:
        """Compute the features of images.

        Args:
            images (Tensor): ``(N, 1 or 3, H, W)``, red first, 0 to 255; fractions are cut off.

        Returns:
            Tensor: Features ``(N, D)``.
        """
        result: Tensor = self.script(as_rgb(images).to(torch.uint8), return_features=True)
        return result

    def classify(self, images: Tensor) -> Tensor:
        """Score the classes of images.

        Args:
            images (Tensor): As in :meth:`forward`.

        Returns:
            Tensor: Logits ``(N, classes)``: logarithms of the probabilities that the file gives.
        """
        result: Tensor = self.script(as_rgb(images).to(torch.uint8), no_output_bias=True).log()
        return result
