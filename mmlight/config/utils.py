"""What holds for config files of both styles."""

from __future__ import annotations

import importlib.util
import warnings
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mmlight.utils.near_names import did_you_mean

SUFFIXES = (".py", ".json", ".yaml", ".yml")
RESERVED_KEYS = ("filename", "text", "pretty_text", "env_variables")
DEPRECATION_KEY = "_deprecation_"
# What to install for each package of OpenMMLab, by the name it is imported by.
MODULE2PACKAGE = {
    "mmcls": "mmcls",
    "mmdet": "mmdet",
    "mmdet3d": "mmdet3d",
    "mmseg": "mmsegmentation",
    "mmaction": "mmaction2",
    "mmtrack": "mmtrack",
    "mmpose": "mmpose",
    "mmedit": "mmedit",
    "mmocr": "mmocr",
    "mmgen": "mmgen",
    "mmfewshot": "mmfewshot",
    "mmrazor": "mmrazor",
    "mmflow": "mmflow",
    "mmhuman3d": "mmhuman3d",
    "mmrotate": "mmrotate",
    "mmselfsup": "mmselfsup",
    "mmyolo": "mmyolo",
    "mmpretrain": "mmpretrain",
    "mmagic": "mmagic",
}


class ConfigParsingError(RuntimeError):
    """A config file breaks a rule of its style."""


@dataclass
class Loaded:
    """What a config file and its bases say, which file set each key last, and what they import."""

    values: dict[str, Any]
    text: str
    env_variables: dict[str, str] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    imported: dict[str, Any] = field(default_factory=dict)


def missing_file(path: Path, asked_by: str | None = None) -> FileNotFoundError:
    """Describe a config file that does not exist.

    Args:
        path (Path): The path that was looked for.
        asked_by (str, optional): The config whose base it is.

    Returns:
        FileNotFoundError: An error that names the nearest file of that folder, or the
        folder if that is what is missing.
    """
    message = f"config file {path} does not exist"
    if asked_by is not None:
        message += f"; it is a base of {asked_by}"
    if not path.parent.is_dir():
        return FileNotFoundError(f"{message}. There is no folder {path.parent}.")
    names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    return FileNotFoundError(f"{message}.{did_you_mean(path.name, names, cutoff=0.75)}")


def package_file(location: str, asked_by: str | None = None) -> tuple[Path, str]:
    """Find a config that an installed package ships.

    Args:
        location (str): ``package::path``, such as ``mmdet::_base_/default_runtime.py``.
        asked_by (str, optional): The config whose base it is.

    Returns:
        tuple[Path, str]: The file and the name of the package.

    Raises:
        ModuleNotFoundError: If the package is not installed.
        FileNotFoundError: If it ships no such file.
    """
    package, _, relative = location.partition("::")
    spec = importlib.util.find_spec(package) if package.isidentifier() else None
    if spec is None or not spec.submodule_search_locations:
        raise ModuleNotFoundError(
            f"package {package!r} is not installed, but {location!r} is "
            + (f"a base of {asked_by}" if asked_by else "asked for"),
            name=package,
        )
    home = Path(spec.submodule_search_locations[0])
    # A wheel ships its configs in `.mim`; in a source checkout they lie beside the package.
    folders = [home / ".mim" / "configs", home / "configs", home.parent / "configs"]
    for folder in folders:
        if (folder / relative).is_file():
            return folder / relative, package
    raise missing_file(folders[0] / relative, asked_by)


def check_file(path: Path, above: tuple[str, ...] = ()) -> None:
    """Refuse a file that does not exist, is of another kind or is its own base.

    Args:
        path (Path): The file.
        above (tuple[str, ...]): The files that lead to it as their base.

    Raises:
        FileNotFoundError: If it does not exist.
        OSError: If its suffix is not py, json, yaml or yml.
        ConfigParsingError: If it is among the files above it.
    """
    if not path.is_file():
        raise missing_file(path.absolute(), above[-1] if above else None)
    if path.suffix not in SUFFIXES:
        raise OSError(f"Only py/yml/yaml/json type are supported now! {path} is none of them")
    here = str(path.resolve())
    if here in above:
        circle = " -> ".join([*above[above.index(here) :], here])
        raise ConfigParsingError(f"the bases of a config form a circle: {circle}")


def check_keys(values: dict[str, Any], path: Path) -> None:
    """Refuse the keys that are attributes of ``Config`` itself."""
    for key in RESERVED_KEYS:
        if key in values:
            raise KeyError(f"{key} is reserved for config file, but {path} sets it")


def warn_if_deprecated(values: dict[str, Any], path: Path) -> None:
    """Take ``_deprecation_`` out of the settings and warn with what it says."""
    note = values.get(DEPRECATION_KEY)
    if isinstance(note, dict):
        message = f"The config file {path} will be deprecated in the future."
        if "expected" in note:
            message += f" Please use {note['expected']} instead."
        if "reference" in note:
            message += f" More information can be found at {note['reference']}"
        warnings.warn(message, DeprecationWarning, stacklevel=2)
        del values[DEPRECATION_KEY]
