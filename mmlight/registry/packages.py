"""The packages that registries reach into: what is imported of them, and what they lack."""

from __future__ import annotations

import ast
import importlib
import sys
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType

from mmlight.config.utils import MODULE2PACKAGE

# A light build of mmcv lacks the first, a build for another torch the second.
_COMPILED = ("mmcv.ops", "mmcv._ext")
_BUILD = "Install an mmcv with its compiled operators, built for this torch; mmcv-lite has none."
# What answers for a package that is not installed.
_STAND_INS = {"mmagic": "mmlight.compat.mmagic_scope"}
# Types that mmcv registers together with the operators.
_OPERATOR_TYPES = {
    "DCN": "DeformConv2dPack",
    "DCNv2": "ModulatedDeformConv2dPack",
    "MMSyncBN": "SyncBatchNorm",
    "MultiScaleDeformableAttention": "MultiScaleDeformableAttention",
    "SAC": "SAConv2d",
    "carafe": "CARAFEPack",
}


class MissingOperatorsError(ModuleNotFoundError):
    """Something needs compiled operators of mmcv, and the installed build has none."""


def import_registry_of(scope: str) -> None:
    """Import ``<scope>.registry``, which creates the registries of that scope.

    Args:
        scope (str): A scope. Nothing happens if there is no such module.
    """
    if scope.isidentifier() and _import_if_there(scope, "registry") is None and scope in _STAND_INS:
        importlib.import_module(_STAND_INS[scope])


def register_all_modules(package: str) -> bool:
    """Let a package register its members by its ``utils.register_all_modules``.

    Args:
        package (str): Name of the package.

    Returns:
        bool: Whether it has this function.

    Example:
        >>> register_all_modules("json")
        False
    """
    utils = _import_if_there(package, "utils")
    if not hasattr(utils, "register_all_modules"):
        return False
    with named_operators():
        utils.register_all_modules(False)
    return True


def _import_if_there(package: str, module: str) -> object:
    name = f"{package}.{module}"
    try:
        with named_operators():
            return importlib.import_module(name)
    except ModuleNotFoundError as err:
        if err.name not in (package, name):
            raise
        return None


def missing_package(scope: str) -> str:
    """Say what to install for a scope whose package of OpenMMLab is not there.

    Args:
        scope (str): A scope.

    Returns:
        str: A sentence; empty for other scopes and for packages that are installed.
    """
    package = MODULE2PACKAGE.get(scope)
    if package is None or scope in sys.modules or find_spec(scope) is not None:
        return ""
    return f" The package {scope} is not installed: pip install {package}."


def missing_operator(name: str) -> str:
    """Say of a type that nobody registered that it is a compiled operator of mmcv.

    Args:
        name (str): The type, without scope.

    Returns:
        str: A sentence; empty for other types.
    """
    operator = _OPERATOR_TYPES.get(name)
    return f" It is the compiled operator mmcv.ops.{operator}. {_BUILD}" if operator else ""


@contextmanager
def named_operators() -> Generator[None, None, None]:
    """Name the operators in the error of an import that needs mmcv's compiled ones.

    Example:
        >>> with named_operators():
        ...     from collections import OrderedDict
    """
    try:
        yield
    except ImportError as err:
        if isinstance(err, MissingOperatorsError) or not str(err.name).startswith(_COMPILED):
            raise
        raise MissingOperatorsError(
            f"{_asker(err.__traceback__)} needs what is not there: {err}. {_BUILD}", name=err.name
        ) from err


def _asker(trace: TracebackType | None) -> str:
    """Tell which file imports which operators, from where an import failed."""
    asker = "a module"
    while trace is not None:
        path, line = trace.tb_frame.f_code.co_filename, trace.tb_lineno
        if path.endswith(".py") and Path(path).is_file():
            for node in ast.walk(ast.parse(Path(path).read_text(encoding="utf-8"))):
                if (
                    isinstance(node, ast.ImportFrom)
                    and (node.module or "").startswith("mmcv.ops")
                    and node.lineno <= line <= (node.end_lineno or line)
                ):
                    names = ", ".join(f"mmcv.ops.{alias.name}" for alias in node.names)
                    asker = f"{path}, line {line}, imports {names} and so"
        trace = trace.tb_next
    return asker
