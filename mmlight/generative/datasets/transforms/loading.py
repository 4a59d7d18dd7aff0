"""Read images."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np

from mmlight.fileio import get as read_bytes
from mmlight.generative.datasets.transforms.base import BaseTransform, get, with_channels
from mmlight.registry import TRANSFORMS
from mmlight.registry.diagnostics import did_you_mean

_FLAGS = {
    "color": cv2.IMREAD_COLOR,
    "grayscale": cv2.IMREAD_GRAYSCALE,
    "unchanged": cv2.IMREAD_UNCHANGED,
}
_ORDERS = ("bgr", "rgb")
# Weights of blue, green and red in BT.601's luma of 16 to 235, for channels of 0 to 1.
_LUMA = np.array([24.966, 128.553, 65.481], dtype=np.float32)


def decode(content: bytes, color_type: str, path: str) -> np.ndarray:
    """Decode the bytes of an image file with OpenCV.

    Args:
        content (bytes): The file.
        color_type (str): ``color``, ``grayscale`` or ``unchanged``.
        path (str): Where it lies, for the message.

    Returns:
        np.ndarray: ``(H, W, C)``, channels as blue, green, red.

    Raises:
        ValueError: If the bytes are no image that OpenCV reads.
    """
    image = cv2.imdecode(np.frombuffer(content, np.uint8), _FLAGS[color_type]) if content else None
    if image is None:
        raise ValueError(f"{path} ({len(content)} bytes) is no image that OpenCV can read")
    return with_channels(image)


def _luma(image: np.ndarray, channel_order: str) -> np.ndarray:
    weights = _LUMA if channel_order == "bgr" else _LUMA[::-1]
    luma = (image.astype(np.float32) / 255) @ weights + 16
    return with_channels(luma.round().astype(np.uint8) if image.dtype == np.uint8 else luma)


@TRANSFORMS.register_module()
class LoadImageFromFile(BaseTransform):
    """Reads the image whose path is at ``<key>_path``, or each of a list of them.

    Adds ``<key>`` ``(H, W, C)``, ``ori_<key>_shape``, ``<key>_channel_order`` and
    ``<key>_color_type``.

    Args:
        key (str): The entry to write.
        color_type (str): ``color`` (three channels), ``grayscale`` (one) or ``unchanged``.
            Defaults to ``color``.
        channel_order (str): ``bgr`` or ``rgb``. Defaults to ``bgr``.
        imdecode_backend (str, optional): ``cv2``, the decoder. Defaults to None, the same.
        use_cache (bool): Keep decoded images in memory, in each process. Defaults to False.
        to_float32 (bool): Give float32 instead of uint8. Defaults to False.
        to_y_channel (bool): Give the luma of ITU-R BT.601 alone, 16 to 235. Defaults to False.
        save_original_img (bool): Keep a copy as ``ori_<key>``. Defaults to False.
        backend_args (dict, optional): For :func:`mmlight.fileio.get`, e.g. of a URL or an LMDB.
            Defaults to None.

    Raises:
        ValueError: If an argument is not known, or a file is no image.

    Example:
        >>> import cv2, numpy as np, tempfile
        >>> path = tempfile.mkdtemp() + "/a.png"
        >>> _ = cv2.imwrite(path, np.zeros((4, 6, 3), np.uint8))
        >>> LoadImageFromFile("gt")({"gt_path": path})["gt"].shape
        (4, 6, 3)
    """

    def __init__(
        self,
        key: str,
        color_type: str = "color",
        channel_order: str = "bgr",
        imdecode_backend: str | None = None,
        use_cache: bool = False,
        to_float32: bool = False,
        to_y_channel: bool = False,
        save_original_img: bool = False,
        backend_args: dict[str, Any] | None = None,
    ) -> None:
        for name, value, known in (
            ("color_type", color_type, _FLAGS),
            ("channel_order", channel_order, _ORDERS),
            ("imdecode_backend", imdecode_backend or "cv2", ("cv2",)),
        ):
            if value not in known:
                raise ValueError(
                    f"{name} must be one of {', '.join(known)}, got {value!r}"
                    f"{did_you_mean(value, known)}"
                )
        if to_y_channel and color_type == "grayscale":
            raise ValueError("to_y_channel needs the three channels of color_type='color'")
        self.key = key
        self.color_type = color_type
        self.channel_order = channel_order
        self.to_float32 = to_float32
        self.to_y_channel = to_y_channel
        self.save_original_img = save_original_img
        self.backend_args = backend_args
        self._cache: dict[str, np.ndarray] | None = {} if use_cache else None

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Read the image, or the images.

        Args:
            results (dict): With ``<key>_path``, a path or a list of paths.

        Raises:
            FileNotFoundError: If there is no such file.
            KeyError: If there is no path.
            ValueError: If a file is no image.
        """
        key, paths = self.key, get(results, f"{self.key}_path", self)
        images: Any = [self._load(str(path)) for path in _listed(paths)]
        shapes: Any = [image.shape for image in images]
        if not isinstance(paths, list):
            images, shapes = images[0], shapes[0]
        results[key] = images
        results[f"ori_{key}_shape"] = shapes
        results[f"{key}_channel_order"] = self.channel_order
        results[f"{key}_color_type"] = self.color_type
        if self.save_original_img:
            results[f"ori_{key}"] = (
                [image.copy() for image in images] if isinstance(images, list) else images.copy()
            )
        return results

    def _load(self, path: str) -> np.ndarray:
        if self._cache is None:
            return self._read(path)
        if path not in self._cache:
            self._cache[path] = self._read(path)
        result: np.ndarray = self._cache[path].copy()
        return result

    def _read(self, path: str) -> np.ndarray:
        image = decode(read_bytes(path, self.backend_args), self.color_type, path)
        if self.channel_order == "rgb" and image.shape[-1] == 3:
            image = np.ascontiguousarray(image[..., ::-1])
        if self.to_y_channel:
            image = _luma(image, self.channel_order)
        return image.astype(np.float32) if self.to_float32 else image

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(key={self.key!r}, color_type={self.color_type!r}, "
            f"channel_order={self.channel_order!r})"
        )


@TRANSFORMS.register_module()
class LoadPairedImageFromFile(LoadImageFromFile):
    """Reads an image that shows two domains side by side, and cuts it in the middle.

    Adds, besides what :class:`LoadImageFromFile` adds, ``img_<domain>``, ``img_<domain>_path`` and
    ``img_<domain>_ori_shape`` for the left and the right half.

    Args:
        key (str): The entry to write the whole image to.
        domain_a (str): Name of the left half. Defaults to ``A``.
        domain_b (str): Name of the right half. Defaults to ``B``.
        kwargs: The other arguments of :class:`LoadImageFromFile`.

    Raises:
        ValueError: If an argument is not known, or a file is no image or of odd width.

    Example:
        >>> import cv2, numpy as np, tempfile
        >>> path = tempfile.mkdtemp() + "/a.png"
        >>> _ = cv2.imwrite(path, np.zeros((4, 6, 3), np.uint8))
        >>> LoadPairedImageFromFile("pair")({"pair_path": path})["img_B"].shape
        (4, 3, 3)
    """

    def __init__(self, key: str, domain_a: str = "A", domain_b: str = "B", **kwargs: Any) -> None:
        super().__init__(key, **kwargs)
        self.domains = (domain_a, domain_b)

    def transform(self, results: dict[str, Any]) -> dict[str, Any]:
        """Read the image and cut it.

        Raises:
            FileNotFoundError: If there is no such file.
            KeyError: If there is no path.
            ValueError: If the file is no image, or one whose width is odd.
        """
        results = super().transform(results)
        path, image = results[f"{self.key}_path"], results[self.key]
        half, odd = divmod(image.shape[1], 2)
        if odd:
            raise ValueError(f"{path} shows a pair, but is {image.shape[1]} pixels wide: not even")
        for domain, part in zip(self.domains, (image[:, :half], image[:, half:]), strict=True):
            results[f"img_{domain}"] = part
            results[f"img_{domain}_path"] = path
            results[f"img_{domain}_ori_shape"] = part.shape
            if self.save_original_img:
                results[f"ori_img_{domain}"] = part.copy()
        return results


def _listed(paths: Any) -> list[Any]:
    return paths if isinstance(paths, list) else [paths]
