"""What every place where a visualizer stores things has in common."""

from __future__ import annotations

import functools
from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from mmlight.config import Config


def force_init_env(method: Callable[..., Any]) -> Callable[..., Any]:
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

    def add_graph(  # noqa: B027 - storing nothing is a choice
        self, model: torch.nn.Module, data_batch: Sequence[dict[str, Any]] | None, **kwargs: Any
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

    def add_scalars(  # noqa: B027 - storing nothing is a choice
        self,
        scalar_dict: dict[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
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

    def release_files(self) -> None:  # noqa: B027 - most backends keep no file open
        """Close open files until there is more to store; unlike :meth:`close`, end nothing."""
