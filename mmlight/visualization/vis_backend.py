"""Where a visualizer stores what it is given: the local disk and TensorBoard."""

from __future__ import annotations

import json
import os
import warnings
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import torch

from mmlight.registry import VISBACKENDS

from .base_backend import BaseVisBackend, force_init_env
from .tracker_backends import (
    AimVisBackend,
    ClearMLVisBackend,
    DVCLiveVisBackend,
    MLflowVisBackend,
    NeptuneVisBackend,
)
from .utils import tensor2ndarray
from .wandb_backend import WandbVisBackend

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from mmlight.config import Config

# Configs and packages import every backend from here.
__all__ = [
    "AimVisBackend",
    "BaseVisBackend",
    "ClearMLVisBackend",
    "DVCLiveVisBackend",
    "LocalVisBackend",
    "MLflowVisBackend",
    "NeptuneVisBackend",
    "TensorboardVisBackend",
    "WandbVisBackend",
    "force_init_env",
]


@VISBACKENDS.register_module()
class LocalVisBackend(BaseVisBackend):
    """Stores images, numbers and the config in files of a folder.

    Args:
        save_dir (str, optional): The folder; nothing is stored if None.
        img_save_dir (str): Folder of images in it. Defaults to 'vis_image'.
        config_save_file (str): File of the config. Defaults to 'config.py'.
        scalar_save_file (str): File of the numbers, one JSON object a line.
            Defaults to 'scalars.json'.

    Raises:
        AssertionError: If one of the files has another ending.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> backend = LocalVisBackend(folder.name)
        >>> backend.add_scalars({"loss": 0.5}, step=3)
        >>> open(os.path.join(folder.name, "scalars.json")).read()
        '{"loss": 0.5, "step": 3}\\n'
        >>> folder.cleanup()
    """

    def __init__(
        self,
        save_dir: str | None,
        img_save_dir: str = "vis_image",
        config_save_file: str = "config.py",
        scalar_save_file: str = "scalars.json",
    ) -> None:
        assert config_save_file.endswith(".py"), (
            f"config_save_file must end in .py, but got {config_save_file!r}"
        )
        assert scalar_save_file.endswith(".json"), (
            f"scalar_save_file must end in .json, but got {scalar_save_file!r}"
        )
        super().__init__(save_dir)  # type: ignore[arg-type]
        self._img_save_dir = img_save_dir
        self._config_save_file = config_save_file
        self._scalar_save_file = scalar_save_file
        self._files: dict[str, TextIO] = {}

    def _init_env(self) -> None:
        if self._save_dir is not None:
            os.makedirs(self._save_dir, exist_ok=True)

    def _path(self, *parts: str) -> str:
        path = os.path.join(self._save_dir, *parts)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    @property
    @force_init_env
    def experiment(self) -> LocalVisBackend:
        """LocalVisBackend: The backend itself."""
        return self

    @force_init_env
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Write a config to its file.

        Raises:
            TypeError: If ``config`` is not a config.
        """
        if not hasattr(config, "dump"):
            raise TypeError(f"config must be a Config, but got {type(config).__name__}")
        if self._save_dir is not None:
            config.dump(self._path(self._config_save_file))

    @force_init_env
    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Write an image to ``<img_save_dir>/<name>_<step>.png``.

        Raises:
            AssertionError: If ``image`` is not an array of type uint8.
            OSError: If the image cannot be written.
        """
        import cv2

        assert isinstance(image, np.ndarray) and image.dtype == np.uint8, (
            "image must be a np.ndarray of type uint8, "
            f"but got {type(image).__name__} of type {getattr(image, 'dtype', None)}"
        )
        if self._save_dir is None:
            return
        path = self._path(self._img_save_dir, f"{name}_{step}.png")
        pixels = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if image.ndim == 3 else image
        if not cv2.imwrite(path, pixels):
            raise OSError(f"the image {path} could not be written")

    @force_init_env
    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Append a number to the file of the numbers."""
        self._append({name: value, "step": step}, self._scalar_save_file)

    @force_init_env
    def add_scalars(
        self,
        scalar_dict: dict[str, Any],
        step: int = 0,
        file_path: str | None = None,
        epoch: int | None = None,
        **kwargs: Any,
    ) -> None:
        """Append several numbers to the file of the numbers, as one line.

        Args:
            scalar_dict (dict): The numbers by name.
            step (int): Step they belong to, unless they have a ``step`` themselves. Defaults to 0.
            file_path (str, optional): Another file of this folder that gets the line too.
                Defaults to None.
            epoch (int, optional): Epoch they belong to, unless they have one themselves.
                Defaults to None.
            **kwargs: Not used.

        Raises:
            AssertionError: If ``scalar_dict`` is not a dict, or ``file_path`` does not end in
                .json or is the file of the numbers.
        """
        assert isinstance(scalar_dict, dict), (
            f"scalar_dict must be a dict, but got {type(scalar_dict).__name__}"
        )
        line = dict(scalar_dict)
        line.setdefault("step", step)
        if epoch is not None:
            line.setdefault("epoch", epoch)
        if file_path is not None:
            assert file_path.endswith(".json"), (
                f"file_path must end in .json, but got {file_path!r}"
            )
            assert os.path.normpath(file_path) != os.path.normpath(self._scalar_save_file), (
                f"file_path must not be the scalar_save_file {self._scalar_save_file!r}"
            )
            self._append(line, file_path, self._scalar_save_file)
        else:
            self._append(line, self._scalar_save_file)

    def _append(self, values: dict[str, Any], *files: str) -> None:
        if self._save_dir is None:
            return
        line = json.dumps(values, default=_json_value) + "\n"
        for file in files:
            if file not in self._files:
                # Line by line: what was logged is there if the process is killed.
                self._files[file] = open(self._path(file), "a", buffering=1, encoding="utf-8")  # noqa: SIM115
            self._files[file].write(line)

    def close(self) -> None:
        """Close the files; a number that comes later opens its file again."""
        while self._files:
            self._files.popitem()[1].close()

    release_files = close


def _json_value(value: Any) -> Any:
    if isinstance(value, (torch.Tensor, np.ndarray, np.generic)):
        array = np.asarray(tensor2ndarray(value))  # type: ignore[arg-type]
        return array.item() if array.size == 1 else array.tolist()
    if isinstance(value, (set, range)):
        return list(value)
    raise TypeError(f"a {type(value).__name__} cannot be stored as JSON")


@VISBACKENDS.register_module()
class TensorboardVisBackend(BaseVisBackend):
    """Stores images, numbers and the config for TensorBoard.

    Args:
        save_dir (str): Folder of the event files.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> backend = TensorboardVisBackend(folder.name)
        >>> backend.add_scalar("loss", 0.5, step=3)
        >>> backend.close()
        >>> [name.split(".")[2] for name in os.listdir(folder.name)]
        ['tfevents']
        >>> folder.cleanup()
    """

    _tensorboard: SummaryWriter | None = None

    def _init_env(self) -> None:
        from torch.utils.tensorboard import SummaryWriter

        os.makedirs(self._save_dir, exist_ok=True)
        self._tensorboard = SummaryWriter(self._save_dir)

    @property
    @force_init_env
    def experiment(self) -> SummaryWriter:
        """SummaryWriter: The writer."""
        assert self._tensorboard is not None
        return self._tensorboard

    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Store a config as text."""
        self.experiment.add_text("config", config.pretty_text)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        dataformats = "HWC" if image.ndim == 3 else "HW"
        self.experiment.add_image(name, image, step, dataformats=dataformats)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Store a number; anything else is left out with a warning."""
        if isinstance(value, (int, float, torch.Tensor, np.ndarray, np.number)):
            self.experiment.add_scalar(name, value, step)
        else:
            warnings.warn(
                f"{name} is not stored: it is a {type(value).__name__}, "
                "not a number, a tensor or an array",
                stacklevel=2,
            )

    def add_scalars(
        self,
        scalar_dict: dict[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Store several numbers.

        Raises:
            AssertionError: If ``scalar_dict`` is not a dict or has a ``step``.
        """
        assert isinstance(scalar_dict, dict), (
            f"scalar_dict must be a dict, but got {type(scalar_dict).__name__}"
        )
        assert "step" not in scalar_dict, "the step is an argument, not one of the numbers"
        for name, value in scalar_dict.items():
            self.add_scalar(name, value, step)

    def close(self) -> None:
        """Write what is left and close the event file."""
        if self._tensorboard is not None:
            self._tensorboard.close()

    release_files = close  # what comes later is written to a further event file
