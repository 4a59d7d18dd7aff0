"""Where a visualizer stores what it is given: the local disk and TensorBoard."""

from __future__ import annotations

import functools
import json
import os
import warnings
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, TextIO

import numpy as np
import torch

from mmlight.registry import VISBACKENDS

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

    from mmlight.config import Config


def force_init_env(method: Callable) -> Callable:
    """Make a method of a backend set the backend up before it first runs.

    Args:
        method (Callable): The method.

    Returns:
        Callable: The method that calls ``self._init_env()`` once.
    """

    @functools.wraps(method)
    def wrapper(self: BaseVisBackend, *args: Any, **kwargs: Any) -> Any:
        if not self._env_initialized:
            self._env_initialized = True
            self._init_env()
        return method(self, *args, **kwargs)

    return wrapper


class BaseVisBackend(metaclass=ABCMeta):
    """Base class of what a visualizer stores to.

    A subclass says in ``_init_env`` how it is set up; this happens when it is first used, so that
    a backend that nobody uses leaves nothing behind.

    Args:
        save_dir (str): Folder of the files that the backend writes.

    Example:
        >>> class Memory(BaseVisBackend):
        ...     def _init_env(self):
        ...         self._seen = {}
        ...     @property
        ...     @force_init_env
        ...     def experiment(self):
        ...         return self._seen
        ...     def add_scalar(self, name, value, step=0, **kwargs):
        ...         self.experiment[name, step] = value
        >>> backend = Memory("unused")
        >>> backend.add_scalar("loss", 0.5, step=3)
        >>> backend.experiment
        {('loss', 3): 0.5}
    """

    def __init__(self, save_dir: str) -> None:
        self._save_dir = save_dir
        self._env_initialized = False

    @property
    @abstractmethod
    def experiment(self) -> Any:
        """Any: The object of the package behind this backend, for what this class does not do."""

    @abstractmethod
    def _init_env(self) -> None:
        """Set the backend up."""

    def add_config(self, config: Config, **kwargs: Any) -> None:  # noqa: B027 - storing nothing is a choice
        """Store a config.

        Args:
            config (Config): The config.
            **kwargs: What a backend may need besides.
        """

    def add_graph(  # noqa: B027  # noqa: B027
        self, model: torch.nn.Module, data_batch: Sequence[dict] | None, **kwargs: Any
    ) -> None:
        """Store the graph of a model.

        Args:
            model (torch.nn.Module): The model.
            data_batch (Sequence[dict]): A batch of data.
            **kwargs: What a backend may need besides.
        """

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:  # noqa: B027 - storing nothing is a choice
        """Store an image.

        Args:
            name (str): Name of the image.
            image (np.ndarray): RGB image, uint8, shape (H, W, 3).
            step (int): Step it belongs to. Defaults to 0.
            **kwargs: What a backend may need besides.
        """

    def add_scalar(self, name: str, value: int | float, step: int = 0, **kwargs: Any) -> None:  # noqa: B027 - storing nothing is a choice
        """Store a number.

        Args:
            name (str): Name of the number.
            value (int | float): The number.
            step (int): Step it belongs to. Defaults to 0.
            **kwargs: What a backend may need besides.
        """

    def add_scalars(  # noqa: B027  # noqa: B027
        self, scalar_dict: dict, step: int = 0, file_path: str | None = None, **kwargs: Any
    ) -> None:
        """Store several numbers.

        Args:
            scalar_dict (dict): The numbers by name.
            step (int): Step they belong to. Defaults to 0.
            file_path (str, optional): Another file to store them in. Defaults to None.
            **kwargs: What a backend may need besides.
        """

    def close(self) -> None:  # noqa: B027 - storing nothing is a choice
        """Release what the backend has opened."""


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

        Args:
            config (Config): The config.
            **kwargs: Not used.

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

        Args:
            name (str): Name of the image; with slashes, also of its folders.
            image (np.ndarray): RGB or grey image, uint8.
            step (int): Step it belongs to. Defaults to 0.
            **kwargs: Not used.

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
        """Append a number to the file of the numbers.

        Args:
            name (str): Name of the number.
            value (int | float | torch.Tensor | np.ndarray): The number, or what JSON can hold.
            step (int): Step it belongs to. Defaults to 0.
            **kwargs: Not used.
        """
        self._append({name: value, "step": step}, self._scalar_save_file)

    @force_init_env
    def add_scalars(
        self, scalar_dict: dict, step: int = 0, file_path: str | None = None, **kwargs: Any
    ) -> None:
        """Append several numbers to the file of the numbers, as one line.

        Args:
            scalar_dict (dict): The numbers by name.
            step (int): Step they belong to, unless they have a ``step`` themselves. Defaults to 0.
            file_path (str, optional): Another file of this folder that gets the line too.
                Defaults to None.
            **kwargs: Not used.

        Raises:
            AssertionError: If ``scalar_dict`` is not a dict, or ``file_path`` does not end in
                .json or is the file of the numbers.
        """
        assert isinstance(scalar_dict, dict), (
            f"scalar_dict must be a dict, but got {type(scalar_dict).__name__}"
        )
        line = {"step": step, **scalar_dict}
        line["step"] = line.pop("step") if "step" not in scalar_dict else scalar_dict["step"]
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

    def _append(self, values: dict, *files: str) -> None:
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


def _json_value(value: Any) -> Any:
    if isinstance(value, (torch.Tensor, np.ndarray, np.generic)):
        array = np.asarray(value.detach().cpu() if isinstance(value, torch.Tensor) else value)
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
        """Store a config as text.

        Args:
            config (Config): The config.
            **kwargs: Not used.
        """
        self.experiment.add_text("config", config.pretty_text)

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Store an image.

        Args:
            name (str): Name of the image.
            image (np.ndarray): RGB image, uint8, shape (H, W, 3), or grey, shape (H, W).
            step (int): Step it belongs to. Defaults to 0.
            **kwargs: Not used.
        """
        dataformats = "HWC" if image.ndim == 3 else "HW"
        self.experiment.add_image(name, image, step, dataformats=dataformats)

    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        """Store a number; anything else is left out with a warning.

        Args:
            name (str): Name of the number.
            value (int | float | torch.Tensor | np.ndarray): The number.
            step (int): Step it belongs to. Defaults to 0.
            **kwargs: Not used.
        """
        if isinstance(value, (int, float, torch.Tensor, np.ndarray, np.number)):
            self.experiment.add_scalar(name, value, step)
        else:
            warnings.warn(
                f"{name} is not stored: it is a {type(value).__name__}, "
                "not a number, a tensor or an array",
                stacklevel=2,
            )

    def add_scalars(
        self, scalar_dict: dict, step: int = 0, file_path: str | None = None, **kwargs: Any
    ) -> None:
        """Store several numbers.

        Args:
            scalar_dict (dict): The numbers by name.
            step (int): Step they belong to. Defaults to 0.
            file_path (str, optional): Not used.
            **kwargs: Not used.

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
