"""What the documentation site needs beside mkdocs: files of the root as pages, links of docstrings.

``mkdocs.yml`` names this file twice, as a hook of mkdocs and as an extension of griffe.
"""

from __future__ import annotations

import posixpath
import re
from copy import copy
from pathlib import Path
from typing import Any

import griffe
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "configs/README.md": "configs.md",
}
"""Files outside of ``docs`` that are pages of the site."""

_LINK = re.compile(r"(!?\[(?:[^\]\n]|\n(?!\n))*\])\(([^)#\s:]+)(#[^)\s]*)?\)")
_EXAMPLE = re.compile(r"^( *)Example:$", re.MULTILINE)
_HANDED = re.compile(r"(?:handed_to\(.\w+., |staticmethod\()(\w+)(\.\w+)?\)")
_ROLE = re.compile(r":(?:class|func|meth|mod|attr|data|exc|obj):`(~?)([\w.]+)`")


def on_files(files: Files, config: Any) -> Files:
    """Add the files of the root to those of ``docs``."""
    for path, page in PAGES.items():
        if (ROOT / path).is_file():
            text = (ROOT / path).read_text(encoding="utf-8")
            files.append(File.generated(config, page, content=text))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Let links, which are right in the repository, be right in the site.

    What the site has no page of is on the repository's own page, or mere text if that is not known.
    """
    sources = {name: path for path, name in PAGES.items()}
    here = page.file.src_uri
    folder = posixpath.dirname(sources.get(here, f"docs/{here}"))

    def corrected(found: re.Match) -> str:
        text, target, anchor = found[1], found[2], found[3] or ""
        path = posixpath.normpath(posixpath.join(folder, target))
        name = PAGES.get(path, path.removeprefix("docs/"))
        if files.get_file_from_path(name):
            return f"{text}({posixpath.relpath(name, posixpath.dirname(here) or '.')}{anchor})"
        if not (ROOT / path).exists():
            return found[0]  # mkdocs tells of it
        if config.repo_url:
            return f"{text}({config.repo_url.rstrip('/')}/blob/main/{path}{anchor})"
        return text[1:-1]

    return _LINK.sub(corrected, markdown)


class Docstrings(griffe.Extension):
    """Lets docstrings be Markdown: roles become links, and an example is one of ``Examples``."""

    def on_object(self, *, obj: griffe.Object, **kwargs: Any) -> None:
        """Rewrite the docstring of ``obj``."""
        if obj.docstring:
            text = _EXAMPLE.sub(r"\1Examples:", obj.docstring.value)
            obj.docstring.value = _ROLE.sub(lambda role: _link(obj, *role.groups()), text)

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Document what a class hands to a part of it as it is documented there."""
        for path in ("runner.runner.Runner", "fileio.file_client.FileClient"):
            whole = pkg[path]
            for name, member in list(whole.members.items()):
                found = _HANDED.fullmatch(str(getattr(member, "value", "")))
                if found:
                    place = whole.module.resolve(found[1])
                    method = copy(pkg.modules_collection[place + (found[2] or "")])
                    method.name, method.parent, whole.members[name] = name, whole, method


def _link(obj: griffe.Object, short: str, name: str) -> str:
    scopes = [obj, *([obj.parent] if obj.parent else [])]
    paths = [path for scope in scopes if (path := _resolved(scope, name))]
    shown = name.rpartition(".")[2] if short else name
    return f'<autoref identifier="{(paths or [name])[0]}" optional>`{shown}`</autoref>'


def _resolved(scope: Any, name: str) -> str | None:
    try:
        return scope.resolve(name)
    except griffe.NameResolutionError:
        return None
