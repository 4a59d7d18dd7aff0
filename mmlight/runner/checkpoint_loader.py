"""Finds checkpoints, wherever they are."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Callable, Sequence
from typing import Any

from torch.hub import get_dir

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
    near_name,
)
from mmlight.utils import is_seq_of

Loader = Callable[..., Any]


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


def load_from_http(
    filename: str,
    map_location: Any = None,
    model_dir: str | None = None,
    progress: bool = False,
    *,
    weights_only: bool = True,
) -> Any:
    """Download a file once, to torch's cache of checkpoints, and read it from there.

    One process of each machine downloads, the others wait. Files of one name from two addresses
    are two files.

    Raises:
        OSError: If the file cannot be had, or not the whole of it.
    """
    folder = model_dir or os.path.join(get_dir(), "checkpoints")
    path = cached_file(filename, folder)
    if path is None and int(os.environ.get("LOCAL_RANK", get_dist_info()[0])) == 0:
        path = fetch(filename, folder, progress)
    wait_for_all()
    path = path or cached_file(filename, folder)
    if path is None:
        raise FileNotFoundError(f"the first process of this machine did not bring {filename}")
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
        raise KeyError(f"there are no weights {scheme}://{name}{near_name(name, urls)}")
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
