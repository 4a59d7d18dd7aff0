"""Checkpoints into and out of models."""

from __future__ import annotations

import itertools
import logging
import os
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from mmlight.fileio.checkpoint_file import write_checkpoint
from mmlight.logging import print_log
from mmlight.model.averaged_model import BaseAveragedModel
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
from mmlight.runner.latest_checkpoint import find_latest_checkpoint
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
        >>> path = os.path.join(tempfile.mkdtemp(), "linear.pth")
        >>> save_checkpoint({"state_dict": nn.Linear(1, 1).state_dict()}, path)
        >>> list(load_checkpoint(nn.Linear(1, 1), path, logger="silent"))
        ['state_dict']
    """
    checkpoint = _load_checkpoint(filename, map_location, logger, weights_only)
    weights_in(checkpoint, filename)
    return _load_checkpoint_to_model(model, checkpoint, strict, logger, revise_keys)


def refuse_foreign_weights(
    model: nn.Module,
    checkpoint: Any,
    filename: str,
    revise_keys: Sequence[tuple[str, str]] = tuple(_STRIP_WRAPPER),
) -> None:
    """Refuse a checkpoint of which a model would take nothing.

    Args:
        model: The model.
        checkpoint: What was read.
        filename: Where it was read.
        revise_keys: As for :func:`load_checkpoint`.

    Raises:
        RuntimeError: If there are no weights in it, or none that the model has, of that shape.

    Example:
        >>> refuse_foreign_weights(nn.Linear(1, 1), {"conv.weight": torch.ones(1)}, "a.pth")
        Traceback (most recent call last):
        RuntimeError: nothing in a.pth fits the model, which would stay as it is: the file has \
conv.weight (1,), the model wants weight (1, 1), bias (1,)
    """
    weights = weights_in(checkpoint, filename)
    wanted = get_state_dict(model)
    given = _revised(model, weights, revise_keys)
    if wanted and not any(_fits(value, given.get(name)) for name, value in wanted.items()):
        raise RuntimeError(
            f"nothing in {filename} fits the model, which would stay as it is: the file has "
            f"{_some_of(weights)}, the model wants {_some_of(wanted)}"
        )


def refuse_missing_weights(
    model: nn.Module, weights: Mapping[str, Any], filename: str, start: str
) -> None:
    """Refuse weights that leave a part of a model as it is.

    Args:
        model: The model.
        weights: What was read, by name.
        filename: Where it was read.
        start: How the names of that part begin.

    Raises:
        RuntimeError: If one that the part needs is not there, or is of another shape.

    Example:
        >>> refuse_missing_weights(nn.Linear(1, 2), {"bias": torch.ones(1)}, "a.pth", "")
        Traceback (most recent call last):
        RuntimeError: a.pth is of another model than this Linear: it lacks weight (2, 1); bias is \
(1,) there and (2,) here
    """
    given = _revised(model, dict(weights), _STRIP_WRAPPER)
    known = get_state_dict(model, keep_vars=True)
    own = {
        name: value
        for name, value in known.items()
        if name.startswith(start) and isinstance(value, nn.Parameter)
    }
    lacking = {name: value for name, value in own.items() if name not in given}
    others = [
        f"{name} is {tuple(given[name].shape)} there and {tuple(value.shape)} here"
        for name, value in own.items()
        if name in given and not _fits(value, given[name])
    ]
    foreign = {name: value for name, value in given.items() if name not in known}
    found = [f"it lacks {_some_of(lacking)}"] if lacking else []
    if others:
        found.append(", ".join(others[:5]) + (f" and {len(others) - 5} more" * (len(others) > 5)))
    if found and foreign:
        found.append(f"the model has no {_some_of(foreign)}")
    if found:
        kind = type(model).__name__
        raise RuntimeError(f"{filename} is of another model than this {kind}: {'; '.join(found)}")


def refuse_other_shapes(model: nn.Module, checkpoint: Any, filename: str) -> None:
    """Refuse to go on with a run whose model had parameters of other shapes.

    Args:
        model: The model.
        checkpoint: What was read.
        filename: Where it was read.

    Raises:
        RuntimeError: If a parameter has another shape there.

    Example:
        >>> refuse_other_shapes(nn.Linear(1, 2), nn.Linear(1, 3).state_dict(), "a.pth")
        Traceback (most recent call last):
        RuntimeError: the run of a.pth had another model, so this one cannot go on with it: \
weight is (3, 1) there and (2, 1) here, bias is (3,) there and (2,) here. Take that model, or \
begin a run with the weights that fit: load_from without resume
    """
    given = _revised(model, weights_in(checkpoint, filename), _STRIP_WRAPPER)
    own = get_state_dict(model, keep_vars=True)
    others = [
        f"{name} is {tuple(given[name].shape)} there and {tuple(value.shape)} here"
        for name, value in own.items()
        if isinstance(value, nn.Parameter) and not _fits(value, given.get(name, value))
    ]
    if others:
        more = f" and {len(others) - 5} more" if len(others) > 5 else ""
        raise RuntimeError(
            f"the run of {filename} had another model, so this one cannot go on with it: "
            f"{', '.join(others[:5])}{more}. Take that model, or begin a run with the weights that "
            "fit: load_from without resume"
        )


def weights_in(checkpoint: Any, filename: str) -> dict[str, Any]:
    """Return the weights of a checkpoint by name.

    Args:
        checkpoint: What was read.
        filename: Where it was read.

    Raises:
        RuntimeError: If it is no dict.

    Example:
        >>> weights_in({"state_dict": {"weight": 1}}, "a.pth")
        {'weight': 1}
    """
    weights = checkpoint.get("state_dict", checkpoint) if isinstance(checkpoint, dict) else None
    if isinstance(weights, dict):
        return weights
    found = checkpoint if weights is None else weights
    shape = f" of shape {tuple(found.shape)}" if isinstance(found, torch.Tensor) else ""
    raise RuntimeError(
        f"{filename} holds a {type(found).__name__}{shape}, not a dict with weights by name, or "
        "one that has such a dict under 'state_dict'"
    )


def _fits(wanted: Any, given: Any) -> bool:
    if not (isinstance(wanted, torch.Tensor) and isinstance(given, torch.Tensor)):
        return given is not None
    return wanted.shape == given.shape


def _some_of(weights: Mapping[str, Any], most: int = 5) -> str:
    shown = [
        f"{name} {tuple(value.shape)}" if isinstance(value, torch.Tensor) else str(name)
        for name, value in itertools.islice(weights.items(), most)
    ]
    more = f" and {len(weights) - most} more" if len(weights) > most else ""
    return (", ".join(shown) or "nothing") + more


def save_checkpoint(
    checkpoint: dict[str, Any],
    filename: str,
    file_client_args: dict[str, Any] | None = None,
    backend_args: dict[str, Any] | None = None,
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
) -> OrderedDict[str, Any]:
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
) -> OrderedDict[str, Any]:
    """The weights under the names that the model has.

    A name that the model has is no trace of a wrapper, even with ``module`` in it. Wrappers of a
    model's parts are taken out as well, where MMEngine leaves them. In files from before MMagic an
    average is no wrapper: ``generator_ema.conv`` is ``generator_ema.module.conv``.
    """
    names = list(weights)
    parts = model.named_modules()
    averages = [f"{name}." for name, part in parts if isinstance(part, BaseAveragedModel)]
    traces = any("module." in name for name in names)
    known = set(get_state_dict(model)) if traces or averages else set()
    for pattern, replacement in revise_keys:
        kept = known if pattern in _WRAPPER_PATTERNS else ()
        names = [name if name in kept else re.sub(pattern, replacement, name) for name in names]

    def known_as(name: str) -> str:
        others = [name, name.replace(".module.", ".")]
        others += [f"{s}module.{name[len(s) :]}" for s in averages if name.startswith(s)]
        return next((other for other in others if other in known), name)

    return OrderedDict(zip(map(known_as, names), weights.values(), strict=True))


def _load_checkpoint_to_model(
    model: nn.Module,
    checkpoint: dict[str, Any],
    strict: bool = False,
    logger: logging.Logger | str | None = None,
    revise_keys: Sequence[tuple[str, str]] = tuple(_STRIP_WRAPPER),
) -> dict[str, Any]:
    """Load the weights of a checkpoint that has been read."""
    weights = checkpoint.get("state_dict", checkpoint)
    state = _revised(model, weights, revise_keys)
    # Modules read the version of their own format from it.
    state._metadata = getattr(weights, "_metadata", OrderedDict())  # type: ignore[attr-defined]
    load_state_dict(model, state, strict, logger)
    return checkpoint
