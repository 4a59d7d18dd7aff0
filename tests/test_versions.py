"""The releases that are promised, tested and told of are the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.version import Version

ROOT = Path(__file__).parents[1]


def pins(name: str) -> dict[str, Version]:
    """The version of each package in a file of constraints; the newest where Pythons differ."""
    found: dict[str, Version] = {}
    for package, version in re.findall(r"^([\w.-]+)==([^\s;]+)", (ROOT / name).read_text(), re.M):
        known = found.get(package.lower(), Version("0"))
        found[package.lower()] = max(known, Version(version))
    return found


def bounds() -> dict[str, str]:
    """The lower bound of each package that mmlight needs."""
    project = (ROOT / "pyproject.toml").read_text()
    needed = project.split("\ndependencies = [\n")[1].split("\n]\n")[0]
    return dict(re.findall(r'^ *"([\w-]+)(?:\[\w+\])?>=([\d.]+)"', needed, re.MULTILINE))


def test_the_oldest_releases_are_those_of_the_project() -> None:
    oldest = pins("constraints-oldest.txt")
    assert len(bounds()) == 14
    for package, bound in bounds().items():
        pinned = oldest[package.lower()].release
        wanted = Version(bound).release
        assert pinned[: len(wanted)] == wanted, package


def test_the_page_tells_what_is_tested() -> None:
    oldest, newest = pins("constraints-oldest.txt"), pins("constraints.txt")
    page = (ROOT / "docs" / "versioning.md").read_text()
    rows = re.findall(r"^\| (\w+) \| ([\d.]+) \| ([\d.]+) \|$", page, re.MULTILINE)
    assert {"torch", "Lightning"} < {row[0] for row in rows}
    for name, old, new in rows:
        if name == "Python":
            project = (ROOT / "pyproject.toml").read_text()
            assert f'requires-python = ">={old}"' in project
        else:
            found = (oldest[name.lower()], newest[name.lower()])
            assert found == (Version(old), Version(new)), name
