"""Installed packages and how to add one."""

from __future__ import annotations

import importlib
import os.path as osp
import subprocess
import sys
from collections.abc import Sequence
from importlib import metadata
from importlib.machinery import ModuleSpec
from importlib.util import find_spec


def is_installed(package: str) -> bool:
    """Tell whether a package is there, by its distribution name or its import name.

    Args:
        package (str): Name such as ``opencv-python`` or ``cv2``.

    Returns:
        bool: Whether it is installed.

    Raises:
        TypeError: If ``package`` is not a string.

    Example:
        >>> is_installed("numpy"), is_installed("no-such-package")
        (True, False)
    """
    return _find_module(package) is not None or _find_distribution(package) is not None


def get_installed_path(package: str) -> str:
    """Return the folder that a package is imported from.

    Args:
        package (str): Distribution name or import name.

    Returns:
        str: Path of the folder.

    Raises:
        TypeError: If ``package`` is not a string.
        ModuleNotFoundError: If the package is not installed.
        RuntimeError: If the name belongs to a namespace package, which has no one folder.

    Example:
        >>> get_installed_path("mmlight").endswith("mmlight")
        True
    """
    spec = _find_module(package)
    distribution = _find_distribution(package)
    if spec is None and distribution is not None:
        spec = next(filter(None, map(_find_module, _import_names(distribution))), None)
    if spec is None:
        raise metadata.PackageNotFoundError(f"{package} (asked for its installed path)")
    if spec.origin is None:
        raise RuntimeError(f"{package} is a namespace package: it has no installed path of its own")
    return osp.dirname(spec.origin)


def call_command(cmd: Sequence[str]) -> None:
    """Run a command and wait for its end.

    Args:
        cmd (list of str): Program and arguments.

    Raises:
        subprocess.CalledProcessError: If the command fails.
        FileNotFoundError: If there is no such program.

    Example:
        >>> call_command([sys.executable, "-c", "pass"])
    """
    subprocess.check_call(cmd)


def install_package(package: str) -> None:
    """Install a package with pip unless it is there already.

    Args:
        package (str): Name of the package.

    Raises:
        subprocess.CalledProcessError: If pip fails.

    Example:
        >>> install_package("numpy")  # it is there, so nothing happens
    """
    if not is_installed(package):
        call_command([sys.executable, "-m", "pip", "install", package])
        importlib.invalidate_caches()


def _find_distribution(name: str) -> metadata.Distribution | None:
    if not name:
        return None  # Python 3.10 would take any distribution for one without a name
    try:
        return metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return None


def _find_module(name: str) -> ModuleSpec | None:
    if not isinstance(name, str):
        raise TypeError(f"package should be a name, but got {name!r}")
    if not all(part.isidentifier() for part in name.split(".")):
        return None
    try:
        return find_spec(name)
    except (ImportError, ValueError):
        return None


def _import_names(distribution: metadata.Distribution) -> list[str]:
    listed = distribution.read_text("top_level.txt")
    names = (
        listed.split() if listed else {f.parts[0] for f in distribution.files or () if f.parts[1:]}
    )
    return sorted(names, key=lambda name: (name.startswith("_"), name))
