"""Imports go down only, and in no circle: the layers are those that CONTRIBUTING.md draws."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "mmlight"
_DRAWN = re.compile(r"Imports go down only:\n\n((?:    .*\n)+)")


def layers() -> dict[str, int]:
    """The layer of each folder, counted from above; of a module beside the folders too."""
    drawn = _DRAWN.search((ROOT / "CONTRIBUTING.md").read_text())
    assert drawn is not None
    rows = [re.split(" {3,}", line.strip())[0].split() for line in drawn[1].splitlines()]
    found = {name: number for number, names in enumerate(rows) for name in names}
    return {"__main__": -1, "__init__": 0, **found, "version": len(rows)}


def _below(node: ast.AST) -> Iterator[tuple[ast.AST, bool]]:
    """Every node below one, and whether it is there for type checkers alone."""
    for child in ast.iter_child_nodes(node):
        is_typing = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        yield child, is_typing
        yield from ((inner, is_typing or also) for inner, also in _below(child))


@cache
def imports() -> dict[str, dict[str, bool]]:
    """What each module imports of the package, wherever; and whether for type checkers alone."""
    paths = {}
    for path in PACKAGE.rglob("*.py"):
        parts = path.relative_to(ROOT).with_suffix("").parts
        paths[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    found: dict[str, dict[str, bool]] = {name: {} for name in paths}
    for name, path in paths.items():
        home = name.split(".")[: None if path.name == "__init__.py" else -1]
        for node, is_typing in _below(ast.parse(path.read_text())):
            for target in _targets(node, home):
                target = target if target in paths else target.rpartition(".")[0]
                if target in paths and target != name:
                    found[name][target] = is_typing and found[name].get(target, True)
    return found


def _targets(node: ast.AST, home: list[str]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return []
    above = home[: len(home) - node.level + 1] if node.level else []
    base = [*above, *filter(None, [node.module])]
    return [".".join([*base, alias.name]) for alias in node.names]


def test_every_folder_has_a_layer() -> None:
    folders = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    assert not folders - layers().keys()


def test_no_import_goes_up() -> None:
    layer = layers()

    def of(module: str) -> int:
        return layer[[*module.split("."), "__init__"][1]]

    upwards = {
        f"{name} imports {target}"
        for name, targets in imports().items()
        for target in targets
        if of(target) < of(name)
    }
    assert not upwards


def test_no_import_goes_in_a_circle() -> None:
    graph = {
        name: {target for target, is_typing in targets.items() if not is_typing}
        for name, targets in imports().items()
    }
    while True:  # leave out what nobody imports, and what imports nobody
        imported = set().union(*graph.values())
        inner = {name: graph[name] & graph.keys() for name in graph if name in imported}
        inner = {name: targets for name, targets in inner.items() if targets}
        if inner == graph:
            break
        graph = inner
    assert not graph
