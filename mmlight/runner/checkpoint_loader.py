"""Finds checkpoints, wherever they are, and puts their weights where the user wants them."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, UntypedStorage
from torch.hub import get_dir
from torch.serialization import default_restore_location

from mmlight.dist import barrier as wait_for_all
from mmlight.dist import get_dist_info
from mmlight.fileio.checkpoint_file import read_checkpoint
from mmlight.fileio.url_cache import cached_file, fetch
from mmlight.logging import print_log
from mmlight.runner.model_zoo import (
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)
from mmlight.utils import apply_to, is_seq_of
from mmlight.utils.near_names import did_you_mean

Loader = Callable[..., Any]
# Random states, positions in the data and histories are used on the host, wherever the model is.
_FOLLOWING = ("state_dict", "ema_state_dict", "optimizer", "optimizer_states")


class CheckpointLoader:
    """Read checkpoints from files, URLs and the schemes that model zoos have.

    Known are paths, ``http(s)://``, ``torchvision://``, ``open-mmlab://``, ``mmcls://``,
    ``s3://``, ``ceph://`` and ``petrel://``; :meth:`register_scheme` adds more. ``pavi://``
    belonged to a service that is gone, and says so.

    Example:
        >>> @CheckpointLoader.register_scheme("memory://", force=True)
        ... def load_from_memory(filename, map_location=None):
        ...     return {"name": filename.removeprefix("memory://")}
        >>> CheckpointLoader.load_checkpoint("memory://generator", logger="silent")
        {'name': 'generator'}
    """

    _schemes: dict[str, Loader] = {}

    @classmethod
    def register_scheme(
        cls,
        prefixes: str | Sequence[str],
        loader: Loader | None = None,
        force: bool = False,
    ) -> Any:
        """Add a loader; without ``loader`` this is a decorator of one.

        Args:
            prefixes: Start, or starts, of the names that the loader is for; regular expressions.
            loader: Function of a name and ``map_location``.
            force: Whether to replace the loader of a prefix that has one.

        Returns:
            The decorator if there is no ``loader``.

        Raises:
            KeyError: If a prefix has a loader and not ``force``.
            TypeError: If ``prefixes`` is neither a str nor a list of these, or ``loader`` is no
                function.
        """
        if not isinstance(prefixes, str) and not is_seq_of(prefixes, str):
            raise TypeError(f"prefixes must be a str or a sequence of str, got {prefixes!r}")
        if loader is not None and not callable(loader):
            raise TypeError(f"loader must be a function or None, got {loader!r}")
        if loader is None:
            return lambda function: cls._register(prefixes, function, force)
        cls._register(prefixes, loader, force)
        return None

    @classmethod
    def _register(cls, prefixes: str | Sequence[str], loader: Loader, force: bool) -> Loader:
        names = [prefixes] if isinstance(prefixes, str) else list(prefixes)
        for prefix in names:
            if prefix in cls._schemes and not force:
                raise KeyError(
                    f"{prefix} already has a loader of checkpoints; replace it with force=True"
                )
            cls._schemes[prefix] = loader
        # The longest prefix that fits is the one that is meant.
        cls._schemes = dict(sorted(cls._schemes.items(), reverse=True))
        return loader

    @classmethod
    def load_checkpoint(
        cls,
        filename: str,
        map_location: Any = None,
        logger: logging.Logger | str | None = "current",
        weights_only: bool = True,
    ) -> Any:
        """Read a checkpoint.

        Args:
            filename: Path, URL or name with a scheme.
            map_location: Where tensors go, as for :func:`torch.load`.
            logger: Where to say what is loaded; by default the log of the run, None prints it.
            weights_only: Whether to refuse everything but tensors and plain types.

        Returns:
            What the file holds.

        Raises:
            FileNotFoundError: If there is no such file.
            KeyError: If a model zoo has no weights of that name.
            ImportError: If the package that a scheme needs is not installed.
        """
        name = os.fspath(filename)
        loader = next(fn for prefix, fn in cls._schemes.items() if re.match(prefix, name))
        kind = loader.__name__.removeprefix("load_from_")
        print_log(f"Loads checkpoint by {kind} backend from path: {name}", logger)
        if loader in _LOADERS:
            return loader(name, map_location, weights_only=weights_only)
        return loader(name, map_location)


def load_from_local(filename: str, map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Read a file of this machine, or of any URL that fsspec can open."""
    path = os.path.expanduser(filename) if "://" not in filename else filename
    return read_checkpoint(path, map_location, weights_only)


def downloaded_file(url: str, folder: str | None = None, progress: bool = False) -> Path:
    """Bring a file from the web once, to torch's cache of checkpoints, and say where it is.

    One process of each machine downloads, the others wait. Files of one name from two addresses
    are two files.

    Args:
        url: The address.
        folder: Folder of the cache; torch's if left out.
        progress: Whether to show a progress bar.

    Raises:
        OSError: If the file cannot be had, or not the whole of it.
    """
    folder = folder or os.path.join(get_dir(), "checkpoints")
    path = cached_file(url, folder)
    if path is None and int(os.environ.get("LOCAL_RANK", get_dist_info()[0])) == 0:
        path = fetch(url, folder, progress)
    wait_for_all()
    path = path or cached_file(url, folder)
    if path is None:
        raise FileNotFoundError(f"the first process of this machine did not bring {url}")
    return path


def load_from_http(
    filename: str,
    map_location: Any = None,
    model_dir: str | None = None,
    progress: bool = False,
    *,
    weights_only: bool = True,
) -> Any:
    """Read a file of the web, which :func:`downloaded_file` brings once.

    Raises:
        OSError: If the file cannot be had, or not the whole of it.
    """
    path = downloaded_file(filename, model_dir, progress)
    return read_checkpoint(path, map_location, weights_only)


def load_from_pavi(filename: str, map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Say that the service behind ``pavi://`` is gone.

    Raises:
        ImportError: Always.
    """
    raise ImportError(
        f"{filename} is not available: the service behind pavi:// is gone and its client was never "
        f"published. Get the checkpoint as a file and give its path."
    )


def load_from_ceph(
    filename: str,
    map_location: Any = None,
    backend: str = "petrel",
    *,
    weights_only: bool = True,
) -> Any:
    """Read a file from an S3-compatible store; ``ceph://`` is another word for ``s3://``.

    Raises:
        ImportError: If the package that the storage backend needs is not installed.
    """
    url = re.sub("^ceph://", "s3://", filename)
    return read_checkpoint(url, map_location, weights_only, backend_args={"backend": backend})


def load_from_torchvision(
    filename: str, map_location: Any = None, *, weights_only: bool = True
) -> Any:
    """Read the weights of a model of torchvision, such as ``torchvision://resnet50``.

    Raises:
        ImportError: If torchvision is not installed.
        KeyError: If it has no weights of that name.
    """
    return _load_from_zoo(filename, get_torchvision_models(), map_location, weights_only)


def load_from_openmmlab(
    filename: str, map_location: Any = None, *, weights_only: bool = True
) -> Any:
    """Read weights that OpenMMLab publishes, such as ``open-mmlab://vgg16_caffe``.

    Raises:
        KeyError: If there are none of that name.
    """
    scheme, name = filename.split("://", 1)
    present = get_deprecated_model_names().get(name)
    if present is not None:
        print_log(
            f"{scheme}://{name} is deprecated, use {scheme}://{present}",
            "current",
            level=logging.WARNING,
        )
        name = present
    urls = get_external_models()
    return _load_from_zoo(f"{scheme}://{name}", urls, map_location, weights_only)


def load_from_mmcls(filename: str, map_location: Any = None, *, weights_only: bool = True) -> Any:
    """Read the backbone of a classifier that OpenMMLab publishes, such as ``mmcls://vgg11``.

    Raises:
        KeyError: If there is none of that name.
    """
    checkpoint = _load_from_zoo(filename, get_mmcls_models(), map_location, weights_only)
    state = checkpoint.get("state_dict", checkpoint)
    prefix = "backbone."
    return {
        "state_dict": {
            key[len(prefix) :]: value for key, value in state.items() if key.startswith(prefix)
        }
    }


def _load_from_zoo(
    filename: str, urls: dict[str, str], map_location: Any, weights_only: bool
) -> Any:
    """Read weights whose URL, or path below torch's cache, is listed under their name."""
    scheme, name = filename.split("://", 1)
    if name not in urls:
        raise KeyError(f"there are no weights {scheme}://{name}.{did_you_mean(name, urls)}")
    target = urls[name]
    if target.startswith(("http://", "https://")):
        return load_from_http(target, map_location, weights_only=weights_only)
    return load_from_local(target, map_location, weights_only=weights_only)


_LOADERS: dict[Loader, tuple[str, ...]] = {
    load_from_local: ("",),
    load_from_http: ("http://", "https://"),
    load_from_pavi: ("pavi://",),
    load_from_ceph: (r"(\S+\:)?s3://", r"(\S+\:)?petrel://", "ceph://"),
    load_from_torchvision: ("torchvision://", "modelzoo://"),
    load_from_openmmlab: ("open-mmlab://", "openmmlab://"),
    load_from_mmcls: ("mmcls://",),
}
for _loader, _prefixes in _LOADERS.items():
    CheckpointLoader.register_scheme(_prefixes, _loader)


class Placement:
    """Applies a ``map_location`` to the weights and the optimizer states of a checkpoint.

    The file is read to the CPU, with :attr:`read_to`; :meth:`place` then moves what is to move.

    Args:
        map_location: As for :func:`torch.load`: a device, a dict of devices, a function of a
            storage and the device that it was saved from, or None for that device.

    Example:
        >>> placement = Placement("meta")
        >>> checkpoint = {"state_dict": {"w": torch.ones(2)}, "meta": {"seed": torch.ones(1)}}
        >>> checkpoint = placement.place(checkpoint)
        >>> checkpoint["state_dict"]["w"].device, checkpoint["meta"]["seed"].device
        (device(type='meta'), device(type='cpu'))
    """

    def __init__(self, map_location: Any) -> None:
        self._map_location = map_location
        self._saved_on: dict[int, str] = {}
        self._moved: dict[int, UntypedStorage] = {}

    def read_to(self, storage: UntypedStorage, location: str) -> UntypedStorage:
        """Keep a storage on the CPU; the ``map_location`` to read the file with.

        Args:
            storage: The storage.
            location: The device it was saved from.

        Returns:
            The storage itself.
        """
        self._saved_on[storage.data_ptr()] = location
        return storage

    def place(self, checkpoint: Any) -> Any:
        """Move the weights and the optimizer states.

        Args:
            checkpoint: What was read; a dict without ``state_dict`` is one of weights.

        Returns:
            The checkpoint, everything else in it as it was.
        """
        if not isinstance(checkpoint, dict):
            return checkpoint
        if "state_dict" not in checkpoint:
            return self._place(checkpoint)
        for key in _FOLLOWING:
            if key in checkpoint:
                checkpoint[key] = self._place(checkpoint[key])
        return checkpoint

    def _place(self, state: Any) -> Any:
        placed = apply_to(state, lambda value: isinstance(value, Tensor), self._move)
        if hasattr(state, "_metadata"):  # the formats of a state dict's modules
            placed._metadata = state._metadata
        return placed

    def _move(self, tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        address = storage.data_ptr()
        if address not in self._moved:
            self._moved[address] = self._target(storage, self._saved_on.get(address, "cpu"))
        target = self._moved[address]
        if target.device == storage.device and target.data_ptr() == address:
            return tensor
        moved = torch.empty(0, dtype=tensor.dtype, device=target.device)
        return moved.set_(target, tensor.storage_offset(), tensor.size(), tensor.stride())

    def _target(self, storage: UntypedStorage, location: str) -> UntypedStorage:
        where = self._map_location
        if callable(where):
            target: UntypedStorage | None = where(storage, location)
            if target is not None:
                return target
        elif isinstance(where, dict):
            location = where.get(location, location)
        elif where is not None:
            location = str(where)
        result: UntypedStorage = default_restore_location(storage, location)
        return result
