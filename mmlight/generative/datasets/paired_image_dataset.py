"""Images that show two domains side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmlight.dataset import BaseDataset
from mmlight.generative.datasets.image_files import join, list_images
from mmlight.registry import DATASETS


@DATASETS.register_module()
class PairedImageDataset(BaseDataset):
    """Images of which each shows a scene in two domains side by side, in the order of their paths.

    An entry has ``pair_path``. As Pix2Pix has it, the images lie in ``train`` and ``test``.

    Args:
        data_root (str): The folder above them.
        pipeline (list): Transforms, or configs of them.
        io_backend (str, optional): Name of the storage's backend. Defaults to None, the one that
            ``data_root`` tells.
        test_mode (bool): Read the images to test on. Defaults to False.
        test_dir (str): Their folder. Defaults to ``test``.

    Raises:
        FileNotFoundError: If the folder is missing or without images.
    """

    def __init__(
        self,
        data_root: str,
        pipeline: list[dict[str, Any] | Callable[..., Any]],
        io_backend: str | None = None,
        test_mode: bool = False,
        test_dir: str = "test",
    ) -> None:
        self.backend_args = None if io_backend is None else {"backend": io_backend}
        folder = test_dir if test_mode else "train"
        self._folder = join(data_root, folder, self.backend_args)
        super().__init__(pipeline=pipeline, test_mode=test_mode, data_root=data_root)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Find the images.

        Raises:
            FileNotFoundError: If the folder is missing or without images.
        """
        return [{"pair_path": path} for path in sorted_paths(self._folder, self.backend_args)]


def sorted_paths(folder: str, backend_args: dict[str, Any] | None) -> list[str]:
    """List the images in and below a folder, in the order of their paths.

    Args:
        folder (str): The folder.
        backend_args (dict, optional): Of the storage.

    Returns:
        list[str]: Their paths.

    Raises:
        FileNotFoundError: If the folder is missing or without images.
    """
    names = list_images(folder, backend_args=backend_args)
    return sorted(join(folder, name, backend_args) for name in names)
