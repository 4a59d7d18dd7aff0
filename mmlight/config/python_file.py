"""Read configs in the pure-Python style: bases are imported, other imports stay lazy."""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .config_dict import ConfigDict
from .lazy import LazyObject, keep_lazy
from .syntax import (
    BASE_KEY,
    is_base_assignment,
    is_read_base,
    is_setting,
    is_standard,
    parse_source,
)
from .utils import (
    ConfigParsingError,
    Loaded,
    check_file,
    check_keys,
    missing_file,
    warn_if_deprecated,
)

_HELPER = "__mmlight_import__"
_CONFIG_MODULES = frozenset({"mmengine.config", "mmlight.config", "mmengine", "mmlight"})


@contextmanager
def read_base() -> Generator[None, None, None]:
    """Mark the imports of a pure-Python config that name its bases.

    ``Config.fromfile`` reads the marked imports as bases; Python itself just runs them, so
    that editors and checkers understand the file.

    Example:
        >>> with read_base():
        ...     from collections import OrderedDict
    """
    yield


def load_python(text: str, path: Path, above: tuple[str, ...] = ()) -> Loaded:
    """Read a config in the pure-Python style with its bases.

    Args:
        text (str): What the file holds.
        path (Path): The file.
        above (tuple[str, ...]): The files that lead to this one as their base.

    Returns:
        Loaded: Its settings, with stand-ins for what it imports.

    Raises:
        SyntaxError: If Python cannot parse it.
        ConfigParsingError: If it breaks a rule of the style, or a base does not exist.
        KeyError: If a key is reserved.
    """
    reader = _Reader(path, above)
    with keep_lazy():
        reader.run(parse_source(text, path))
    values = {
        key: value
        for key, value in reader.namespace.items()
        if is_setting(key, value) and not reader.is_imported(key, value)
    }
    check_keys(values, path)
    warn_if_deprecated(values, path)
    imported = {
        key: value for key, value in reader.imported.items() if reader.namespace.get(key) is value
    }
    return Loaded(values, "\n".join([*reader.texts, f"{path}\n{text}"]), imported=imported)


class _Reader:
    """Runs one config file and the bases that it reads."""

    def __init__(self, path: Path, above: tuple[str, ...]) -> None:
        self.path = path
        self.chain = (*above, str(path.resolve()))
        self.namespace: dict[str, Any] = {"__name__": path.stem, "__file__": str(path)}
        self.imported: dict[str, Any] = {}
        self.texts: list[str] = []

    def run(self, tree: ast.Module) -> None:
        transformer = _ImportTransformer(self)
        tree = ast.fix_missing_locations(transformer.visit(tree))
        statements = transformer.statements
        self.namespace[_HELPER] = lambda index: self.run_import(*statements[index])
        exec(compile(tree, str(self.path), "exec"), self.namespace)

    def is_imported(self, key: str, value: Any) -> bool:
        return key in self.imported and self.imported[key] is value

    def run_import(self, node: ast.Import | ast.ImportFrom, as_base: bool) -> None:
        if as_base:
            self.read_base(node)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                # `import a.b` binds `a`; `import a.b as c` binds the submodule.
                module = alias.name if alias.asname else alias.name.split(".")[0]
                self.bind(alias.asname or module, self.stand_in(node, module))
        else:
            self.import_names(node)

    def import_names(self, node: ast.ImportFrom) -> None:
        if node.level:
            raise self.error(node, "a relative import is only allowed under `with read_base():`")
        module = node.module or ""
        for alias in node.names:
            if alias.name == "*":
                raise self.error(node, "`import *` is only allowed under `with read_base():`")
            if module in _CONFIG_MODULES and alias.name == "read_base":
                continue
            self.bind(alias.asname or alias.name, self.stand_in(node, module, alias.name))

    def stand_in(self, node: ast.stmt, module: str, name: str | None = None) -> Any:
        lazy = LazyObject(module, name, f"{self.path}, line {node.lineno}")
        # What comes with Python is at hand, and configs use it: paths, numbers, dates.
        return lazy.build() if is_standard(module) else lazy

    def bind(self, name: str, value: Any) -> None:
        self.namespace[name] = self.imported[name] = value

    def read_base(self, node: ast.Import | ast.ImportFrom) -> None:
        if isinstance(node, ast.Import):
            raise self.error(node, "a base is read with `from ... import ...`")
        try:
            path = self.base_path(node)
            check_file(path, self.chain)
        except FileNotFoundError as err:
            raise self.error(node, str(err)) from None
        text = path.read_text(encoding="utf-8")
        tree = parse_source(text, path)
        if any(is_base_assignment(statement) for statement in tree.body):
            raise self.error(
                node,
                f"{path} names its bases in `{BASE_KEY}`, which cannot be mixed with this style",
            )
        base = _Reader(path, self.chain)
        base.run(tree)
        self.texts += [*base.texts, f"{path}\n{text}"]
        for alias in node.names:
            if alias.name == "*":
                names = [name for name in base.namespace if not name.startswith("__")]
            elif alias.name in base.namespace:
                names = [alias.name]
            else:
                raise self.error(node, f"{path} has no {alias.name!r}")
            for name in names:
                self.take(base, name, alias.asname or name)

    def take(self, base: _Reader, name: str, target: str) -> None:
        value = base.namespace[name]
        if base.is_imported(name, value):
            self.bind(target, value)
        else:
            self.namespace[target] = ConfigDict(value=value)["value"]

    def base_path(self, node: ast.ImportFrom) -> Path:
        parts = node.module.split(".") if node.module else []
        if not parts:
            raise self.error(node, "name the file of the base: `from .file import *`")
        if node.level:
            folder = self.path.absolute().parents[node.level - 1]
            return folder.joinpath(*parts).with_suffix(".py")
        spec = importlib.util.find_spec(parts[0])
        if spec is None or not spec.submodule_search_locations:
            raise ModuleNotFoundError(
                f"package {parts[0]!r} is not installed, but {node.module!r} is a base of "
                f"{self.path}, line {node.lineno}",
                name=parts[0],
            )
        home = Path(spec.submodule_search_locations[0])
        places = [
            folder.joinpath(*parts[1:]).with_suffix(".py") for folder in (home, home / ".mim")
        ]
        for place in places:
            if place.is_file():
                return place
        raise missing_file(places[0], str(self.path))

    def error(self, node: ast.stmt, message: str) -> ConfigParsingError:
        return ConfigParsingError(f"{self.path}, line {node.lineno}: {message}")


class _ImportTransformer(ast.NodeTransformer):
    """Replaces the imports of a config by calls that run them our way, in their order."""

    def __init__(self, reader: _Reader) -> None:
        self.reader = reader
        self.statements: list[tuple[ast.Import | ast.ImportFrom, bool]] = []

    def _call(self, node: ast.Import | ast.ImportFrom, as_base: bool) -> ast.stmt:
        self.statements.append((node, as_base))
        index = ast.Constant(len(self.statements) - 1)
        call = ast.Call(ast.Name(_HELPER, ast.Load()), [index], [])
        return ast.copy_location(ast.Expr(call), node)

    def visit_Import(self, node: ast.Import) -> ast.stmt:
        return self._call(node, as_base=False)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        return self._call(node, as_base=False)

    def visit_With(self, node: ast.With) -> Any:
        if not is_read_base(node):
            raise self.reader.error(
                node, "Only `read_base` context manager can be used in the config"
            )
        statements = []
        for statement in node.body:
            if not isinstance(statement, (ast.Import, ast.ImportFrom)):
                raise self.reader.error(
                    statement, "only imports are allowed under `with read_base():`"
                )
            statements.append(self._call(statement, as_base=True))
        return statements

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        if is_base_assignment(node):
            raise self.reader.error(
                node, f"`{BASE_KEY}` cannot be mixed with `read_base` and lazy imports"
            )
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.stmt:
        return node
