"""The backend of MMagic's configs."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from mmlight.fileio import join_path, put
from mmlight.registry import VISBACKENDS
from mmlight.visualization import LocalVisBackend


@VISBACKENDS.register_module()
class VisBackend(LocalVisBackend):
    """A :class:`~mmlight.visualization.LocalVisBackend` whose images may go to another storage.

    Args:
        save_dir (str): Folder of what is saved.
        img_save_dir (str): Folder for images within. Defaults to ``vis_image``.
        config_save_file (str): Name of the config's file. Defaults to ``config.py``.
        scalar_save_file (str): Name of the file for numbers. Defaults to ``scalars.json``.
        ceph_path (str, optional): Folder, of any storage that :mod:`mmlight.fileio` knows, to
            which images go as well. Defaults to None, none.
        delete_local_image (bool): Whether an image that went there is removed here.
            Defaults to True.

    Example:
        >>> import tempfile, fsspec
        >>> backend = VisBackend(tempfile.mkdtemp(), ceph_path="memory://pictures")
        >>> backend.add_image("fake", np.zeros((4, 4, 3), np.uint8), step=2)
        >>> fsspec.filesystem("memory").ls("/pictures", detail=False)
        ['/pictures/fake_2.png']
    """

    def __init__(
        self,
        save_dir: str,
        img_save_dir: str = "vis_image",
        config_save_file: str = "config.py",
        scalar_save_file: str = "scalars.json",
        ceph_path: str | None = None,
        delete_local_image: bool = True,
    ) -> None:
        super().__init__(save_dir, img_save_dir, config_save_file, scalar_save_file)
        self._ceph_path = ceph_path
        self._delete_local_image = delete_local_image

    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Save an image, here and at the other storage."""
        super().add_image(name, image, step, **kwargs)
        if self._ceph_path is None:
            return
        file = f"{name}_{step}.png"
        path = os.path.join(self._save_dir, self._img_save_dir, file)
        with open(path, "rb") as saved:
            put(saved.read(), join_path(self._ceph_path, file))
        if self._delete_local_image:
            os.remove(path)
