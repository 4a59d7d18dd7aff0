"""Read configs that name their bases in ``_base_``: Python, json and yaml files."""

from __future__ import annotations

import ast
import copy
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mmlight.fileio.data_text import load_json, load_yaml
from mmlight.fileio.extent import ExtentError, check_extent, parts_of_data

from .config_dict import ConfigDict, copy_settings
from .merge import merge_into
from .substitution import (
    BaseReferences,
    fill_base_references,
    quote_base_references,
    substitute_environment,
    substitute_file_variables,
)
from .syntax import (
    BASE_KEY,
    is_base_assignment,
    is_pure_python,
    is_read_base,
    is_setting,
    parse_source,
)
from .utils import (
    DEPRECATION_KEY,
    ConfigParsingError,
    Loaded,
    check_file,
    check_keys,
    package_file,
    warn_if_deprecated,
)


@dataclass
class ReadOptions:
    """How files of the text style are read.

    Args:
        file_variables (bool): Whether to replace ``{{ fileDirname }}`` and its like.
        environment (bool): Whether to replace ``{{$NAME:default}}``.
        real_imports (bool): Whether a base may import packages that do not come with
            Python, which otherwise marks the pure-Python style.
    """

    file_variables: bool = True
    environment: bool = True
    real_imports: bool = False


def load_text_file(
    filename: str | Path, options: ReadOptions, above: tuple[str, ...] = ()
) -> Loaded:
    """Read a config file and merge it over its bases.

    Args:
        filename (str or Path): The file.
        options (ReadOptions): What is substituted in it.
        above (tuple[str, ...]): The files that lead to this one as their base.

    Returns:
        Loaded: Its content.

    Raises:
        FileNotFoundError: If the file or a base does not exist.
        OSError: If it is of another kind than py, json, yaml or yml.
        SyntaxError: If Python cannot parse it.
        ConfigParsingError: If its bases form a circle.
        KeyError: If two bases hold the same key, or a key is reserved.
        TypeError: If it does not hold a mapping, or does not fit over its bases.
    """
    path = Path(filename)
    check_file(path, above)
    text = path.read_text(encoding="utf-8")
    return load_text(text, path, options, above)


def load_text(text: str, path: Path, options: ReadOptions, above: tuple[str, ...] = ()) -> Loaded:
    """Like :func:`load_text_file`, for the text of a file that was read already."""
    source = substitute_file_variables(text, path) if options.file_variables else text
    env_variables: dict[str, str] = {}
    if options.environment:
        source, env_variables = substitute_environment(source)
    chain = (*above, str(path.resolve()))
    if path.suffix == ".py":
        bases, evaluate = _parse_python(source, path, options.real_imports or not above)
    else:
        bases, evaluate = _parse_data(source, path)
    base_values: dict[str, Any] = {}
    origins: dict[str, str] = {}
    texts = []
    for base in bases:
        loaded = _load_base(base, path, options, chain)
        _refuse_duplicates(origins, loaded.origins, path)
        base_values.update(loaded.values)
        origins.update(loaded.origins)
        texts.append(loaded.text)
        env_variables = {**loaded.env_variables, **env_variables}
    before = copy_settings(base_values)
    values, base_values = evaluate(base_values)
    check_keys(values, path)
    changed = {key for key in base_values if key not in before or base_values[key] != before[key]}
    origins.update(dict.fromkeys(values.keys() | changed, chain[-1]))
    try:
        merged = merge_into(values, base_values) if base_values else values
    except TypeError as err:
        raise TypeError(f"{path}: {err}") from None
    warn_if_deprecated(values, path)
    return Loaded(merged, "\n".join([*texts, f"{path}\n{text}"]), env_variables, origins)


def _load_base(base: str, path: Path, options: ReadOptions, chain: tuple[str, ...]) -> Loaded:
    if "::" not in base:
        return load_text_file(os.path.abspath(path.parent / base), options, chain)
    found, scope = package_file(base, chain[-1])
    loaded = load_text_file(found, options, chain)
    loaded.values = _scoped(loaded.values, scope)
    return loaded


def _scoped(value: Any, scope: str) -> Any:
    """Note in each outermost dict with a type that it belongs to the scope of another package.

    What is in it is built in that scope too. Not all of it goes through a registry, and a layer
    that is given the dict of its normalization as arguments would get the note among them.
    """
    if isinstance(value, dict):
        scoped = copy.copy(value)
        if "type" in scoped:
            scoped.setdefault("_scope_", scope)
            return scoped
        for key, item in dict.items(value):
            scoped[key] = _scoped(item, scope)
        return scoped
    if type(value) in (list, tuple):
        return type(value)(_scoped(item, scope) for item in value)
    return value


def _refuse_duplicates(held: dict[str, str], new: dict[str, str], path: Path) -> None:
    """Refuse two bases that set one key, unless both have it from the same file."""
    shared = held.keys() & new.keys() - {DEPRECATION_KEY}
    duplicates = sorted(key for key in shared if held[key] != new[key])
    if duplicates:
        places = ", ".join(f"{key!r} in {held[key]} and {new[key]}" for key in duplicates)
        raise KeyError(
            f"Duplicate key is not allowed among bases. Duplicate keys: {duplicates} in {path} "
            f"({places})"
        )


Evaluate = Callable[[dict[str, Any]], tuple[dict[str, Any], dict[str, Any]]]


def _parse_data(source: str, path: Path) -> tuple[list[str], Evaluate]:
    """Parse json or yaml, and return its bases and what fills in references to them."""
    source = quote_base_references(source)
    values = (load_json if path.suffix == ".json" else load_yaml)(source, path)
    try:
        check_extent(values, parts_of_data)
    except ExtentError as err:
        raise ConfigParsingError(f"{path}: {err}") from None
    if not isinstance(values, dict):
        raise TypeError(f"{path} must hold a mapping of keys to values, not {type(values)}")
    bases = _base_names(values.pop(BASE_KEY, []), path)
    return bases, lambda base: (fill_base_references(values, base), base)


def _base_names(bases: Any, path: Path) -> list[str]:
    bases = [bases] if isinstance(bases, str) else bases
    if not isinstance(bases, (list, tuple)) or not all(isinstance(base, str) for base in bases):
        raise TypeError(
            f"{BASE_KEY} in {path} must be the path of a config or a list of paths, not {bases!r}"
        )
    return list(bases)


def _parse_python(source: str, path: Path, real_imports: bool) -> tuple[list[str], Evaluate]:
    """Parse Python, and return its bases and what runs it on top of them."""
    tree = parse_source(source, path)
    if "import" in source:
        _refuse_pure_python(tree, path, real_imports)
    bases: list[str] = []
    for index, node in enumerate(tree.body):
        if is_base_assignment(node):
            bases = _base_names(_constant(node.value, path), path)  # type: ignore[attr-defined]
            del tree.body[index]
            break
    uses_base = bool(bases) and source.count(BASE_KEY) > 1
    if uses_base:
        tree = ast.fix_missing_locations(BaseReferences().visit(tree))
    code = compile(tree, str(path), "exec")

    def evaluate(base: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        namespace: dict[str, Any] = {}
        if uses_base:
            # What the config changes through `_base_` is changed in its base.
            base = namespace[BASE_KEY] = ConfigDict(base)
        exec(code, namespace)
        return {key: value for key, value in namespace.items() if is_setting(key, value)}, base

    return bases, evaluate


def _refuse_pure_python(tree: ast.Module, path: Path, real_imports: bool) -> None:
    if any(is_read_base(node) for node in tree.body):
        raise ConfigParsingError(
            f"{path} reads its bases with `read_base`, so it cannot be a base of a config that "
            f"names its bases in `{BASE_KEY}`, or have that itself"
        )
    if not real_imports and is_pure_python(tree):
        raise ConfigParsingError(
            f"{path} imports a package lazily, so it cannot be a base of a config that names its "
            f"bases in `{BASE_KEY}`; read it with `read_base`, or give `lazy_import=False`"
        )


def _constant(node: ast.expr, path: Path) -> Any:
    try:
        return eval(compile(ast.Expression(node), str(path), "eval"), {})
    except NameError as err:
        raise ConfigParsingError(
            f"{BASE_KEY} in {path} is read before the rest of the file, so it cannot use a name "
            f"of it: {err}"
        ) from None
