"""Inception v3, in the two forms whose weights are published for metrics."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from mmlight.fileio.checkpoint_file import read_checkpoint
from mmlight.generative.evaluation.weight_files import as_rgb, weight_file
from mmlight.registry import MODELS

_SIZE = 299
PUBLISHED = {
    "fid": "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
    "pt_inception-2015-12-05-6726825d.pth",
    "classifier": "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",
}
# Outputs, size of the kernel and, if not 1, the stride of the convolutions of a branch.
_Conv = tuple[Any, ...]
_Branches = Mapping[str, Sequence[_Conv]]


class Convolution(nn.Module):
    """Convolution, batch normalisation and rectifier."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: Any, stride: int = 1, padding: Any = 0
    ) -> None:
        super().__init__()
        self.conv = nn.Conv2d(in_channels, out_channels, kernel, stride, padding, bias=False)
        self.bn = nn.BatchNorm2d(out_channels, eps=0.001)

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, C, H, W)`` of features ``(N, in_channels, H', W')``."""
        return F.relu(self.bn(self.conv(x)))


class Mixed(nn.Module):
    """Branches beside each other, and one that pools; their outputs become one.

    Args:
        in_channels (int): Channels of the input.
        branches (Mapping): The convolutions of each branch. ``fork`` as a kernel stands for two
            of 1 x 3 and 3 x 1 beside each other.
        pool (str): ``mean``; ``inner``, the mean of what lies within the image; or ``max``.
        pooled (int): Channels that a convolution makes of what was pooled; 0 for a block that
            halves the image, which has none.
    """

    def __init__(self, in_channels: int, branches: _Branches, pool: str, pooled: int) -> None:
        super().__init__()
        self.pool = pool
        self.chains: list[list[list[str]]] = []
        for name, convolutions in branches.items():
            chain, channels = [], in_channels
            for number, (out, kernel, *stride) in enumerate(convolutions, 1):
                label = name if len(convolutions) == 1 else f"{name}_{number}"
                forked = {"a": (1, 3), "b": (3, 1)} if kernel == "fork" else {"": kernel}
                for suffix, shape in forked.items():
                    sides = (shape, shape) if isinstance(shape, int) else shape
                    padding = (0, 0) if stride else (sides[0] // 2, sides[1] // 2)
                    self.add_module(
                        label + suffix,
                        Convolution(channels, out, shape, stride[0] if stride else 1, padding),
                    )
                chain.append([label + suffix for suffix in forked])
                channels = out
            self.chains.append(chain)
        self.branch_pool = Convolution(in_channels, pooled, 1) if pooled else None

    def forward(self, x: Tensor) -> Tensor:
        """Features ``(N, C, H', W')`` of features ``(N, in_channels, H, W)``."""
        outputs = []
        for chain in self.chains:
            found = [x]
            for names in chain:
                found = [self.get_submodule(name)(found[0]) for name in names]
            outputs += found
        return torch.cat([*outputs, self._pooled(x)], dim=1)

    def _pooled(self, x: Tensor) -> Tensor:
        if self.branch_pool is None:
            return F.max_pool2d(x, 3, stride=2)
        if self.pool == "max":
            pooled = F.max_pool2d(x, 3, stride=1, padding=1)
        else:
            pooled = F.avg_pool2d(x, 3, 1, 1, count_include_pad=self.pool != "inner")
        features: Tensor = self.branch_pool(pooled)
        return features


def _a(in_channels: int, pooled: int, pool: str) -> Mixed:
    triple: list[_Conv] = [(64, 1), (96, 3), (96, 3)]
    branches: _Branches = {
        "branch1x1": [(64, 1)],
        "branch5x5": [(48, 1), (64, 5)],
        "branch3x3dbl": triple,
    }
    return Mixed(in_channels, branches, pool, pooled)


def _b(in_channels: int) -> Mixed:
    triple: list[_Conv] = [(64, 1), (96, 3), (96, 3, 2)]
    return Mixed(in_channels, {"branch3x3": [(384, 3, 2)], "branch3x3dbl": triple}, "max", 0)


def _c(width: int, pool: str) -> Mixed:
    row, column = (1, 7), (7, 1)
    once: list[_Conv] = [(width, 1), (width, row), (192, column)]
    twice: list[_Conv] = [(width, 1), (width, column), (width, row), (width, column), (192, row)]
    branches: _Branches = {"branch1x1": [(192, 1)], "branch7x7": once, "branch7x7dbl": twice}
    return Mixed(768, branches, pool, 192)


def _d(in_channels: int) -> Mixed:
    long: list[_Conv] = [(192, 1), (192, (1, 7)), (192, (7, 1)), (192, 3, 2)]
    branches: _Branches = {"branch3x3": [(192, 1), (320, 3, 2)], "branch7x7x3": long}
    return Mixed(in_channels, branches, "max", 0)


def _e(in_channels: int, pool: str) -> Mixed:
    forked: list[_Conv] = [(448, 1), (384, 3), (384, "fork")]
    branches: _Branches = {
        "branch1x1": [(320, 1)],
        "branch3x3": [(384, 1), (384, "fork")],
        "branch3x3dbl": forked,
    }
    return Mixed(in_channels, branches, pool, 192)


@MODELS.register_module()
class InceptionFeatures(nn.Module):
    """Features and classes of images, by Inception v3.

    ``fid`` is the network of the Fréchet inception distance, as TensorFlow trained it in 2015:
    images are resized to 299 x 299, and what lies outside of an image does not count where it
    pools. ``classifier`` is torchvision's network of the 1000 classes of ImageNet, which takes
    images of any size as they are. Both take the published files of weights, whose names these
    modules have.

    Source: C. Szegedy et al., "Rethinking the Inception Architecture for Computer Vision",
    CVPR 2016.

    Args:
        path (str, optional): File of the weights, or its address in the web, from where it is
            brought once. Defaults to None, the published address.
        form (str): ``fid`` or ``classifier``. Defaults to ``fid``.

    Raises:
        ValueError: If the form is not known.
        FileNotFoundError: If there is no such file, or the web cannot be reached.
        RuntimeError: If the file has the weights of something else.

    Example:
        >>> InceptionFeatures(form="tiny")
        Traceback (most recent call last):
        ValueError: form must be one of fid, classifier, got 'tiny'
    """

    num_features = 2048

    def __init__(self, path: str | None = None, form: str = "fid") -> None:
        super().__init__()
        if form not in PUBLISHED:
            raise ValueError(f"form must be one of {', '.join(PUBLISHED)}, got {form!r}")
        self.form = form
        file = weight_file(path or PUBLISHED[form])
        weights = read_checkpoint(str(file), "cpu")
        with torch.device("meta"):
            self._build(len(weights["fc.bias"]) if "fc.bias" in weights else 1000)
        own = self.state_dict()
        # The second classifier of the training is of no use here; what else is unknown is an error.
        weights = {name: value for name, value in weights.items() if "AuxLogits" not in name}
        if own.keys() - weights.keys() or weights.keys() - own.keys():
            missing = sorted(own.keys() ^ weights.keys())[:3]
            raise RuntimeError(
                f"{file} has no weights of Inception v3: {', '.join(missing)}, ... differ"
            )
        self.load_state_dict(weights, assign=True)
        self.requires_grad_(False).eval()

    def _build(self, classes: int) -> None:
        mean, last = ("inner", "max") if self.form == "fid" else ("mean", "mean")
        self.Conv2d_1a_3x3 = Convolution(3, 32, 3, 2)
        self.Conv2d_2a_3x3 = Convolution(32, 32, 3)
        self.Conv2d_2b_3x3 = Convolution(32, 64, 3, padding=1)
        self.Conv2d_3b_1x1 = Convolution(64, 80, 1)
        self.Conv2d_4a_3x3 = Convolution(80, 192, 3)
        self.Mixed_5b, self.Mixed_5c = _a(192, 32, mean), _a(256, 64, mean)
        self.Mixed_5d, self.Mixed_6a = _a(288, 64, mean), _b(288)
        self.Mixed_6b, self.Mixed_6c = _c(128, mean), _c(160, mean)
        self.Mixed_6d, self.Mixed_6e = _c(160, mean), _c(192, mean)
        self.Mixed_7a = _d(768)
        self.Mixed_7b, self.Mixed_7c = _e(1280, mean), _e(2048, last)
        self.fc = nn.Linear(self.num_features, classes)

    def forward(self, images: Tensor) -> Tensor:
        """Compute the features of images.

        Args:
            images (Tensor): ``(N, 1 or 3, H, W)``, red first, 0 to 255, at least 75 x 75 unless
                they are resized.

        Returns:
            Tensor: Features ``(N, 2048)``.
        """
        x = as_rgb(images).float() / 127.5 - 1
        if self.form == "fid":
            x = F.interpolate(x, size=(_SIZE, _SIZE), mode="bilinear", align_corners=False)
        for name, layer in self.named_children():
            if name in ("Conv2d_3b_1x1", "Mixed_5b"):
                x = F.max_pool2d(x, 3, stride=2)
            if name != "fc":
                x = layer(x)
        return x.mean(dim=(2, 3))

    def classify(self, images: Tensor) -> Tensor:
        """Score the classes of images.

        Args:
            images (Tensor): As in :meth:`forward`.

        Returns:
            Tensor: Logits ``(N, classes)``.
        """
        result: Tensor = self.fc(self(images))
        return result
