"""Draws on images, and stores images, numbers and the config wherever the user wants them."""

from __future__ import annotations

import inspect
import os
import warnings
from collections.abc import Sequence
from itertools import chain, count
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mmlight.dist import master_only
from mmlight.registry import VISBACKENDS, VISUALIZERS, resolve_type
from mmlight.utils import ManagerMixin

from .base_backend import BaseVisBackend
from .drawing import Drawing
from .featmap import draw_featmap
from .lightning_backend import LightningLoggerVisBackend, is_lightning_logger
from .window import Window, show_with_opencv

if TYPE_CHECKING:
    from typing_extensions import Self

    from mmlight.config import Config
    from mmlight.structures import BaseDataElement


@VISUALIZERS.register_module()
class Visualizer(Drawing, ManagerMixin):
    """Draws with matplotlib, shows images, and stores to any number of backends.

    In a distributed run only the main process stores.

    Args:
        name (str): Name of the instance. Defaults to 'visualizer'.
        image (np.ndarray, optional): RGB image to draw on. Defaults to None.
        vis_backends (list, optional): Configs of backends, backends, or Lightning loggers.
            Defaults to None.
        save_dir (str, optional): Backends store to its folder ``vis_data``; without it, only those
            with a folder of their own are used. Defaults to None.
        fig_save_cfg (dict): Arguments of the figure that is drawn on.
            Defaults to dict(frameon=False).
        fig_show_cfg (dict): Arguments of the figure that is shown.
            Defaults to dict(frameon=False).

    Raises:
        TypeError: If an element of ``vis_backends`` is none of these.
        RuntimeError: If two backends have the same name.

    Example:
        >>> vis = Visualizer(image=np.zeros((40, 60, 3), dtype=np.uint8))
        >>> _ = vis.draw_bboxes(np.array([10, 10, 20, 20])).draw_points(np.array([30, 30]))
        >>> vis.get_image().shape
        (40, 60, 3)
    """

    def __init__(
        self,
        name: str = "visualizer",
        image: np.ndarray | None = None,
        vis_backends: list[Any] | None = None,
        save_dir: str | None = None,
        fig_save_cfg: dict[str, Any] = {"frameon": False},  # noqa: B006 - documented, never changed
        fig_show_cfg: dict[str, Any] = {"frameon": False},  # noqa: B006
    ) -> None:
        ManagerMixin.__init__(self, name)
        Drawing.__init__(self, fig_save_cfg)
        self.fig_show_cfg = fig_show_cfg
        self._dataset_meta: dict[str, Any] | None = None
        self._window: Window | None = None
        self._warned = False
        self._vis_backends: dict[str, BaseVisBackend] = {}
        folder = None if save_dir is None else os.path.join(save_dir, "vis_data")
        for entry in [vis_backends] if isinstance(vis_backends, dict) else vis_backends or ():
            self._add_backend(entry, folder)
        if image is not None:
            self.set_image(image)

    def _add_backend(self, entry: Any, folder: str | None) -> None:
        name = type(entry).__name__
        configured = isinstance(entry, dict)
        if configured:
            config = dict(entry)
            kind = resolve_type(config, VISBACKENDS)
            if kind is None:
                VISBACKENDS.build(config)  # raises and names the nearest known type
            name = config.pop("name", kind.__name__)
            if "save_dir" in inspect.signature(kind).parameters and "save_dir" not in config:
                if folder is None:
                    warnings.warn(
                        f"the backend {name} is not used: it needs save_dir", stacklevel=3
                    )
                    return
                config["save_dir"] = folder
            entry = VISBACKENDS.build(config)
        if not isinstance(entry, BaseVisBackend) and is_lightning_logger(entry):
            entry = LightningLoggerVisBackend(folder or "", entry)
            if not configured:  # the second CSVLogger of a Trainer cannot be given a name
                names = (f"{name}_{number}" for number in count(2))
                name = next(free for free in chain([name], names) if free not in self._vis_backends)
        if not configured and not isinstance(entry, BaseVisBackend):
            raise TypeError(
                "vis_backends must be a list of configs, backends or Lightning loggers, "
                f"but got an element of type {type(entry).__name__}"
            )
        if name in self._vis_backends:
            raise RuntimeError(
                f"there is a backend called {name!r} already: give one of them a name=..."
            )
        self._vis_backends[name] = entry

    def join_loggers(self, loggers: Sequence[Any]) -> list[BaseVisBackend]:
        """Show images in a Trainer's loggers too, which get their numbers from its run.

        Args:
            loggers (list): Lightning loggers; those that are there already stay as they are.

        Returns:
            list[BaseVisBackend]: The backends of the new ones.
        """
        known = [getattr(backend, "logger", None) for backend in self._vis_backends.values()]
        new: list[BaseVisBackend] = []
        for logger in loggers:
            if not any(logger is one for one in known):
                new.append(LightningLoggerVisBackend("", logger, scalars=False))
                self._vis_backends[f"trainer_{type(logger).__name__}_{len(self._vis_backends)}"] = (
                    new[-1]
                )
        return new

    @classmethod
    def get_instance(cls, name: str, **kwargs: Any) -> Self:
        """Return the instance called ``name``, creating it if there is none.

        An instance of a subclass is also known to :class:`Visualizer`, so that
        ``Visualizer.get_current_instance()`` finds it.

        Example:
            >>> class Other(Visualizer):
            ...     pass
            >>> Other.get_instance("docs") is Visualizer.get_current_instance()
            True
        """
        instance = super().get_instance(name, **kwargs)
        Visualizer._instance_dict[name] = instance
        return instance

    @property
    def dataset_meta(self) -> dict[str, Any] | None:
        """dict | None: Meta information of the dataset."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict[str, Any]) -> None:
        self._dataset_meta = dataset_meta

    def get_backend(self, name: str) -> BaseVisBackend | None:
        """Return a backend.

        Args:
            name (str): Its name.

        Returns:
            BaseVisBackend | None: The backend, None if there is none of that name.
        """
        return self._vis_backends.get(name)

    @staticmethod
    def draw_featmap(
        featmap: torch.Tensor,
        overlaid_image: np.ndarray | None = None,
        channel_reduction: str | None = "squeeze_mean",
        topk: int = 20,
        arrangement: tuple[int, int] = (4, 5),
        resize_shape: tuple[int, int] | None = None,
        alpha: float = 0.5,
    ) -> np.ndarray:
        """Draw the activations of a network in colours from blue to red.

        Args:
            featmap (torch.Tensor): Activations of shape (C, H, W).
            overlaid_image (np.ndarray, optional): RGB or grey image, uint8, to blend them with;
                they take its size. Defaults to None.
            channel_reduction (str, optional): 'squeeze_mean' draws the mean of all channels,
                'select_max' the channel of the greatest sum, None several channels.
                Defaults to 'squeeze_mean'.
            topk (int): Without ``channel_reduction``, how many channels of the greatest sums to
                draw; if not positive, the 1 or 3 channels are drawn as one. Defaults to 20.
            arrangement (tuple[int, int]): Rows and columns of these channels. Defaults to (4, 5).
            resize_shape (tuple[int, int], optional): Height and width of each drawing.
                Defaults to None.
            alpha (float): Weight of the colours against the image. Defaults to 0.5.

        Returns:
            np.ndarray: RGB image, uint8, shape (H, W, 3).

        Raises:
            AssertionError: If the arguments do not fit each other.
        """
        return draw_featmap(
            featmap, overlaid_image, channel_reduction, topk, arrangement, resize_shape, alpha
        )

    @master_only
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Store a config in all backends.

        Args:
            config (Config): The config.
            **kwargs: What a backend may need besides.
        """
        for backend in self._vis_backends.values():
            backend.add_config(config, **kwargs)

    @master_only
    def add_graph(
        self, model: torch.nn.Module, data_batch: Sequence[dict[str, Any]] | None, **kwargs: Any
    ) -> None:
        """Store the graph of a model in all backends.

        Args:
            model (torch.nn.Module): The model.
            data_batch (Sequence[dict]): A batch of data.
            **kwargs: What a backend may need besides.
        """
        for backend in self._vis_backends.values():
            backend.add_graph(model, data_batch, **kwargs)

    @master_only
    def add_image(self, name: str, image: np.ndarray, step: int = 0) -> None:
        """Store an image in all backends; a warning says if there is none.

        Args:
            name (str): Name of the image.
            image (np.ndarray): RGB image, uint8, shape (H, W, 3).
            step (int): Step it belongs to. Defaults to 0.
        """
        if not self._vis_backends and self._window is None and not self._warned:
            self._warned = True
            warnings.warn(
                f"the image {name!r} and those after it are not stored: the visualizer "
                f"{self.instance_name!r} has no vis_backends",
                stacklevel=2,
            )
        for backend in self._vis_backends.values():
            backend.add_image(name, image, step)

    @master_only
    def add_scalar(self, name: str, value: int | float, step: int = 0, **kwargs: Any) -> None:
        """Store a number in all backends.

        Args:
            name (str): Name of the number.
            value (int | float): The number.
            step (int): Step it belongs to. Defaults to 0.
            **kwargs: What a backend may need besides.
        """
        for backend in self._vis_backends.values():
            backend.add_scalar(name, value, step, **kwargs)

    @master_only
    def add_scalars(
        self,
        scalar_dict: dict[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Store several numbers in all backends.

        Args:
            scalar_dict (dict): The numbers by name.
            step (int): Step they belong to. Defaults to 0.
            file_path (str, optional): Another file that local backends store them in.
                Defaults to None.
            **kwargs: What a backend may need besides.
        """
        for backend in self._vis_backends.values():
            backend.add_scalars(scalar_dict, step, file_path, **kwargs)

    @master_only
    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: BaseDataElement | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: int = 0,
        step: int = 0,
    ) -> None:
        """Store an image; what is drawn on it for a data sample is for a subclass to say.

        Args:
            name (str): Name of the image.
            image (np.ndarray): RGB image, uint8, shape (H, W, 3).
            data_sample (BaseDataElement, optional): Annotations and predictions.
                Defaults to None.
            draw_gt (bool): Whether to draw annotations. Defaults to True.
            draw_pred (bool): Whether to draw predictions. Defaults to True.
            show (bool): Whether to show the image. Defaults to False.
            wait_time (int): Seconds to show it, 0 for until a key is pressed. Defaults to 0.
            step (int): Step it belongs to. Defaults to 0.
        """
        self.set_image(image)
        drawn = self.get_image()
        if show:
            self.show(drawn, win_name=name, wait_time=wait_time)
        self.add_image(name, drawn, step)

    def show(
        self,
        drawn_img: np.ndarray | None = None,
        win_name: str = "image",
        wait_time: float = 0.0,
        continue_key: str = " ",
        backend: str = "matplotlib",
    ) -> None:
        """Show an image in a window, or in the notebook.

        Where there is no display, this warns and returns at once.

        Args:
            drawn_img (np.ndarray, optional): RGB image; that drawn on if None.
            win_name (str): Title of the window. Defaults to 'image'.
            wait_time (float): Seconds to wait, 0 for until the key is pressed. Defaults to 0.
            continue_key (str): Key that ends the waiting, with OpenCV any. Defaults to the space
                key.
            backend (str): Whose window it is, 'matplotlib' or 'cv2'. Defaults to 'matplotlib'.

        Raises:
            AssertionError: If there is neither ``drawn_img`` nor an image drawn on.
            ValueError: If ``backend`` is neither.
        """
        if backend not in ("matplotlib", "cv2"):
            raise ValueError(f"backend must be 'matplotlib' or 'cv2', but got {backend!r}")
        image = self.get_image() if drawn_img is None else drawn_img
        if backend == "cv2":
            show_with_opencv(image, win_name, wait_time)
            return
        if self._window is None:
            self._window = Window(self.fig_show_cfg)
        self._window.show(image, win_name, wait_time, continue_key)

    def close(self) -> None:
        """Close the window and all backends."""
        if self._window is not None:
            self._window.close()
        for backend in self._vis_backends.values():
            backend.close()

    def release_files(self) -> None:
        """Close the window and the files that backends have open, until there is more to store."""
        if self._window is not None:
            self._window.close()
        for backend in self._vis_backends.values():
            if isinstance(backend, BaseVisBackend):
                backend.release_files()
