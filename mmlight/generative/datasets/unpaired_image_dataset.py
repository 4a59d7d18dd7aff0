"""Images of two domains that do not belong together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mmlight.dataset import BaseDataset
from mmlight.generative.datasets.image_files import join
from mmlight.generative.datasets.paired_image_dataset import sorted_paths
from mmlight.registry import DATASETS


@DATASETS.register_module()
class UnpairedImageDataset(BaseDataset):
    """Images of two domains, each entry with one of the first and, in training, any of the second.

    An entry has ``img_<domain>_path`` for both. As CycleGAN has it, the images lie in ``trainA``
    and ``trainB``, ``testA`` and ``testB``.

    Args:
        data_root (str): The folder above them.
        pipeline (list): Transforms, or configs of them.
        io_backend (str, optional): Name of the storage's backend. Defaults to None, the one that
            ``data_root`` tells.
        test_mode (bool): Read the images to test on, in order. Defaults to False.
        domain_a (str): Name of the first domain. Defaults to ``A``.
        domain_b (str): Name of the second domain. Defaults to ``B``.

    Raises:
        FileNotFoundError: If a folder is missing or without images.
    """

    def __init__(
        self,
        data_root: str,
        pipeline: list[dict[str, Any] | Callable[..., Any]],
        io_backend: str | None = None,
        test_mode: bool = False,
        domain_a: str = "A",
        domain_b: str = "B",
    ) -> None:
        self.domain_a = domain_a
        self.domain_b = domain_b
        backend_args = None if io_backend is None else {"backend": io_backend}
        part = "test" if test_mode else "train"
        self.data_infos_a, self.data_infos_b = (
            sorted_paths(join(data_root, part + side, backend_args), backend_args) for side in "AB"
        )
        super().__init__(pipeline=pipeline, test_mode=test_mode, data_root=data_root)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Say how many entries there are: as many as images in the larger domain.

        Returns:
            list[dict]: An entry for each, without the paths, which are chosen when it is read.
        """
        return [{} for _ in range(max(len(self.data_infos_a), len(self.data_infos_b)))]

    def get_data_info(self, idx: int) -> dict[str, Any]:
        """Choose the images of an entry."""
        first, second = self.data_infos_a, self.data_infos_b
        other = idx % len(second) if self.test_mode else np.random.randint(0, len(second))
        return {
            f"img_{self.domain_a}_path": first[idx % len(first)],
            f"img_{self.domain_b}_path": second[other],
        }
