"""Images in a folder, or corresponding images in several."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import PurePath
from typing import Any

from mmlight.dataset import BaseDataset
from mmlight.fileio import list_from_file
from mmlight.generative.datasets.image_files import SUFFIXES, join, list_images
from mmlight.generative.datasets.transforms.loading import LoadImageFromFile
from mmlight.logging import print_log
from mmlight.registry import DATASETS
from mmlight.registry.diagnostics import did_you_mean
from mmlight.registry.place import note_unread


@DATASETS.register_module()
class BasicImageDataset(BaseDataset):
    """Images in a folder, or images that belong together in several folders.

    An entry has ``key``, the name without suffix, and ``<kind>_path`` for each kind of
    ``data_prefix``. The names come from an annotation file, whose lines begin with them, or from
    the folder of ``search_key``, in the order of its storage: write an annotation file where that
    order has to be the same on other machines.

    Args:
        ann_file (str): A file of names. Defaults to ``""``, none.
        metainfo (dict, optional): Meta information. Defaults to None.
        data_root (str, optional): Root of ``ann_file`` and ``data_prefix``. Defaults to None.
        data_prefix (dict): The folder of each kind of image. Defaults to ``dict(img="")``.
        pipeline (list): Transforms, or configs of them. Defaults to none.
        test_mode (bool): As in :class:`~mmlight.dataset.BaseDataset`. Defaults to False.
        filename_tmpl (dict): For a kind the form of its names; ``{}`` stands for the name without
            suffix. Defaults to ``"{}"`` for each kind.
        search_key (str, optional): The kind whose folder is searched. Defaults to the first.
        backend_args (dict, optional): Of the storage. Defaults to None.
        img_suffix (str | tuple[str, ...], optional): Suffixes of images. None for any.
        recursive (bool): Whether folders inside are searched. Defaults to False.
        kwargs: Other arguments of :class:`~mmlight.dataset.BaseDataset`.

    Raises:
        FileNotFoundError: If a folder is missing or without images.
        ValueError: If ``search_key`` or ``filename_tmpl`` names no kind, or the pipeline begins
            with reading another.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> for kind in ("x4", "gt"):
        ...     root = tempfile.gettempdir()
        ...     Path(root, "pairs", kind).mkdir(parents=True, exist_ok=True)
        ...     Path(root, "pairs", kind, "a.png").touch()
        >>> pairs = BasicImageDataset(
        ...     data_root=f"{root}/pairs", data_prefix=dict(img="x4", gt="gt"))
        >>> pairs[0]["key"], sorted(pairs[0])
        ('a', ['gt_path', 'img_path', 'key', 'sample_idx'])
    """

    METAINFO = {"dataset_type": "basic_image_dataset", "task_name": "editing"}

    def __init__(
        self,
        ann_file: str = "",
        metainfo: dict[str, Any] | None = None,
        data_root: str | None = None,
        data_prefix: dict[str, Any] = {"img": ""},  # noqa: B006
        pipeline: list[dict[str, Any] | Callable[..., Any]] = [],  # noqa: B006
        test_mode: bool = False,
        filename_tmpl: dict[str, Any] = {},  # noqa: B006
        search_key: str | None = None,
        backend_args: dict[str, Any] | None = None,
        img_suffix: str | tuple[str, ...] | None = SUFFIXES,
        recursive: bool = False,
        **kwargs: Any,
    ) -> None:
        kinds = list(data_prefix)
        for name in (*filename_tmpl, *([search_key] if search_key else ())):
            if name not in kinds:
                raise ValueError(
                    f"{name!r} is no kind of data_prefix, which has {', '.join(kinds)}"
                    f"{did_you_mean(name, kinds)}"
                )
        self.filename_tmpl = {kind: filename_tmpl.get(kind, "{}") for kind in kinds}
        self.search_key = search_key or kinds[0]
        self.backend_args = backend_args
        self.img_suffix = img_suffix
        self.recursive = recursive
        self._listed_in_file = ann_file != ""
        super().__init__(
            ann_file=ann_file,
            metainfo=metainfo,
            data_root=data_root,
            data_prefix=data_prefix,
            pipeline=pipeline,
            test_mode=test_mode,
            **kwargs,
        )
        if type(self).load_data_list is BasicImageDataset.load_data_list:
            self._check_reads(data_prefix)

    def _check_reads(self, data_prefix: dict[str, Any]) -> None:
        """Refuse reading a kind of image which no entry has the path of, tell of one not read."""
        steps = self.pipeline.transforms
        reads = [step.key for step in steps if isinstance(step, LoadImageFromFile)]
        unread = [kind for kind in data_prefix if kind not in (*reads, self.search_key)]
        for step in steps:
            if not isinstance(step, LoadImageFromFile):
                break
            if step.key not in data_prefix:
                meant = did_you_mean(step.key, unread)
                raise ValueError(
                    f"the pipeline begins with reading {step.key!r}, but data_prefix names "
                    f"{', '.join(data_prefix)} alone: write data_prefix=dict({step.key}='') for "
                    f"images in data_root itself.{meant}"
                )
        # A step of a user's own may read what it likes.
        if reads and all(type(step).__module__.startswith("mmlight.") for step in steps):
            for kind in unread:
                why = f"the pipeline reads {', '.join(reads)} alone"
                if not note_unread(data_prefix, why, kind):
                    message = f"data_prefix names {kind!r}, but {why}"
                    print_log(message, logger="current", level=logging.WARNING)

    def load_data_list(self) -> list[dict[str, Any]]:
        """Find the images.

        Raises:
            FileNotFoundError: If a folder is missing or without images, or lacks the counterpart of
                an image that was found.
        """
        entries = []
        for name in self._names():
            stem, suffix = _split(name)
            entry = {"key": stem}
            for kind, folder in self.data_prefix.items():
                file = self.filename_tmpl[kind].format(stem) + suffix
                entry[f"{kind}_path"] = join(folder, file, self.backend_args)
            entries.append(entry)
        if not self._listed_in_file:
            self._check_counterparts(entries)
        return entries

    def _check_counterparts(self, entries: list[dict[str, Any]]) -> None:
        """See that each other folder has a file for each image of the one that was searched."""
        folders = list(self.data_prefix.values())
        for kind, folder in self.data_prefix.items():
            if kind == self.search_key:
                continue
            names = self._images_in(folder)
            there = {join(folder, name, self.backend_args) for name in names}
            wanted = [entry[f"{kind}_path"] for entry in entries]
            missing = [path for path in wanted if path not in there]
            if missing:
                raise FileNotFoundError(
                    f"{len(missing)} of {len(entries)} images of {self.search_key!r} have no "
                    f"counterpart of {kind!r}, {missing[0]} for instance"
                )
            named = [name for name in names if self._without_form(kind, name) is not None]
            surplus = {join(folder, name, self.backend_args) for name in named} - set(wanted)
            if surplus and folders.count(folder) == 1:
                print_log(
                    f"{len(surplus)} of {len(named)} images of {kind!r} are left out, for they "
                    f"have no counterpart of {self.search_key!r}: {min(surplus)} for instance",
                    logger="current",
                    level=logging.WARNING,
                )

    def _images_in(self, folder: str) -> list[str]:
        argument = "data_root" if self.data_root else "data_prefix"
        return list_images(folder, self.img_suffix, self.recursive, self.backend_args, argument)

    def _names(self) -> list[str]:
        if self._listed_in_file:
            try:
                lines = list_from_file(str(self.ann_file), backend_args=self.backend_args)
            except FileNotFoundError as error:
                raise FileNotFoundError(
                    f"ann_file: there is no file {self.ann_file}; give one of names (a path "
                    "below data_root), or none to take all images of the folder"
                ) from error
            return [line.split(" ")[0] for line in lines if line.strip()]
        folder = self.data_prefix[self.search_key]
        names = [self._without_form(self.search_key, name) for name in self._images_in(folder)]
        shared = [name for name in names if name is not None]
        if not shared:
            raise FileNotFoundError(
                f"no image in {folder} is named {self.filename_tmpl[self.search_key]!r}"
            )
        return shared

    def _without_form(self, kind: str, name: str) -> str | None:
        """Take the form of a kind off again: what is left is the name that the kinds share."""
        before, _, after = self.filename_tmpl[kind].partition("{}")
        stem, suffix = _split(name)
        if not (stem.startswith(before) and stem.endswith(after)):
            return None
        return stem[len(before) : len(stem) - len(after)] + suffix


def _split(name: str) -> tuple[str, str]:
    suffix = PurePath(name).suffix
    return (name[: -len(suffix)], suffix) if suffix else (name, "")
