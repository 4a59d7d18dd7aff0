"""Checkpoints into and out of models."""

from __future__ import annotations

import logging
import os
import os.path as osp
import re
from collections import OrderedDict
from collections.abc import Sequence
from typing import Any

from torch import nn

from mmlight.fileio.checkpoint_file import write_checkpoint
from mmlight.logging import print_log
from mmlight.model.state_dict import get_state_dict, load_state_dict, weights_to_cpu
from mmlight.runner.checkpoint_loader import (
    CheckpointLoader,
    load_from_ceph,
    load_from_http,
    load_from_local,
    load_from_mmcls,
    load_from_openmmlab,
    load_from_pavi,
    load_from_torchvision,
)
from mmlight.runner.model_zoo import (
    get_deprecated_model_names,
    get_external_models,
    get_mmcls_models,
    get_torchvision_models,
)

__all__ = [
    "CheckpointLoader",
    "find_latest_checkpoint",
    "get_deprecated_model_names",
    "get_external_models",
    "get_mmcls_models",
    "get_state_dict",
    "get_torchvision_models",
    "load_checkpoint",
    "load_from_ceph",
    "load_from_http",
    "load_from_local",
    "load_from_mmcls",
    "load_from_openmmlab",
    "load_from_pavi",
    "load_from_torchvision",
    "load_state_dict",
    "save_checkpoint",
    "weights_to_cpu",
]

_STRIP_WRAPPER = [(r"^module\.", "")]
# The documented patterns that take the wrapper of a whole model out of names.
_WRAPPER_PATTERNS = (r"^module\.", r"^module.")


def load_checkpoint(
    model: nn.Module,
    filename: str,
    map_location: Any = None,
    strict: bool = False,
    logger: logging.Logger | str | None = None,
    revise_keys: Sequence[tuple[str, str]] = [(r"^module\.", "")],
    weights_only: bool = True,
) -> dict[str, Any]:
    """Load the weights of a checkpoint into a model.

    Args:
        model: Model that receives the weights.
        filename: Path, URL or name with a scheme that :class:`CheckpointLoader` knows.
        map_location: Where tensors go, as for :func:`torch.load`.
        strict: Whether model and checkpoint must have the same keys and shapes.
        logger: Where to say what is loaded and what does not fit; None prints it.
        revise_keys: Pairs of a regular expression and what it is replaced by in each key.
        weights_only: Whether to refuse everything but tensors and plain types in the file.

    Returns:
        The checkpoint.

    Raises:
        FileNotFoundError: If there is no such file.
        RuntimeError: If it holds no weights, is damaged, or does not fit and ``strict``.

    Example:
        >>> import tempfile
        >>> path = osp.join(tempfile.mkdtemp(), "linear.pth")
        >>> save_checkpoint({"state_dict": nn.Linear(1, 1).state_dict()}, path)
        >>> list(load_checkpoint(nn.Linear(1, 1), path, logger="silent"))
        ['state_dict']
    """
    checkpoint = _load_checkpoint(filename, map_location, logger, weights_only)
    if not isinstance(checkpoint, dict):
        raise RuntimeError(
            f"{filename} holds a {type(checkpoint).__name__}, not a dict with weights"
        )
    return _load_checkpoint_to_model(model, checkpoint, strict, logger, revise_keys)


def save_checkpoint(
    checkpoint: dict,
    filename: str,
    file_client_args: dict | None = None,
    backend_args: dict | None = None,
) -> None:
    """Write a checkpoint; under its name there is at any moment the old file or the whole new one.

    Args:
        checkpoint: What to write.
        filename: Path or URL.
        file_client_args: Deprecated, use ``backend_args``.
        backend_args: Arguments of the storage backend.

    Raises:
        OSError: If the file cannot be written.
        ValueError: If both kinds of arguments are given.
        ImportError: If ``filename`` is a ``pavi://`` URL, a service that is gone.
    """
    if file_client_args is not None:
        print_log("`file_client_args` is deprecated, use `backend_args`", level=logging.WARNING)
        if backend_args is not None:
            raise ValueError("file_client_args and backend_args cannot both be given")
        backend_args = file_client_args
    if os.fspath(filename).startswith("pavi://"):
        raise ImportError(f"{filename} is not available: the service behind pavi:// is gone")
    write_checkpoint(checkpoint, filename, backend_args=backend_args)


def find_latest_checkpoint(path: str) -> str | None:
    """Return the checkpoint that the file ``last_checkpoint`` in a folder names.

    Args:
        path: Work directory of a run.

    Returns:
        Path of the checkpoint, None without such a file. A folder that has been moved is found
        where it is now.

    Example:
        >>> import tempfile
        >>> work_dir = tempfile.mkdtemp()
        >>> with open(osp.join(work_dir, "last_checkpoint"), "w") as file:
        ...     _ = file.write("work_dirs/dcgan/iter_500.pth")
        >>> find_latest_checkpoint(work_dir)
        'work_dirs/dcgan/iter_500.pth'
    """
    pointer = osp.join(path, "last_checkpoint")
    if not osp.exists(pointer):
        print_log(f"There is no file last_checkpoint in {path} to resume from.", "current")
        return None
    with open(pointer, encoding="utf-8") as file:
        latest = file.read().strip()
    if not latest:
        print_log(f"The file last_checkpoint in {path} is empty.", "current", logging.WARNING)
        return None
    here = osp.join(path, osp.basename(latest))
    if "://" not in latest and not osp.exists(latest) and osp.exists(here):
        return here
    return latest


def _load_checkpoint(
    filename: str,
    map_location: Any = None,
    logger: logging.Logger | str | None = None,
    weights_only: bool = True,
) -> Any:
    """Read a checkpoint of any scheme."""
    return CheckpointLoader.load_checkpoint(filename, map_location, logger, weights_only)


def _load_checkpoint_with_prefix(
    prefix: str, filename: str, map_location: Any = None
) -> OrderedDict:
    """The weights of a checkpoint whose names start with ``prefix``, without it.

    Raises:
        AssertionError: If there are none.
    """
    checkpoint = _load_checkpoint(filename, map_location)
    state = checkpoint.get("state_dict", checkpoint)
    start = prefix if not prefix or prefix.endswith(".") else f"{prefix}."
    found = OrderedDict(
        (key[len(start) :], value) for key, value in state.items() if key.startswith(start)
    )
    if not found:
        raise AssertionError(f"{filename} has no weights below {prefix!r}")
    return found


def _revised(
    model: nn.Module, weights: dict[str, Any], revise_keys: Sequence[tuple[str, str]]
) -> OrderedDict:
    """The weights under the names that the model has.

    A name that the model has is no trace of a wrapper, even with ``module`` in it. Wrappers of a
    model's parts are taken out as well, where MMEngine leaves them.
    """
    names = list(weights)
    traces = any("module." in name for name in names)
    known = set(get_state_dict(model)) if traces else set()
    for pattern, replacement in revise_keys:
        kept = known if pattern in _WRAPPER_PATTERNS else ()
        names = [name if name in kept else re.sub(pattern, replacement, name) for name in names]

    def bare(name: str) -> str:
        short = name.replace(".module.", ".")
        return short if name not in known and short in known else name

    return OrderedDict(zip(map(bare, names), weights.values(), strict=True))


def _load_checkpoint_to_model(
    model: nn.Module,
    checkpoint: dict,
    strict: bool = False,
    logger: logging.Logger | str | None = None,
    revise_keys: Sequence[tuple[str, str]] = tuple(_STRIP_WRAPPER),
) -> dict:
    """Load the weights of a checkpoint that has been read."""
    weights = checkpoint.get("state_dict", checkpoint)
    state = _revised(model, weights, revise_keys)
    # Modules read the version of their own format from it.
    state._metadata = getattr(weights, "_metadata", OrderedDict())  # type: ignore[attr-defined]
    load_state_dict(model, state, strict, logger)
    return checkpoint
