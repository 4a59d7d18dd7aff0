"""The tables of ``mmlight explain``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mmlight.utils.notebook import in_notebook
from mmlight.utils.path import from_here

if TYPE_CHECKING:
    from mmlight.runner.check import Report
    from mmlight.runner.explain import Explanation

_Cells = Sequence[str]


def show(explained: Explanation, name: str, console: Console | None = None) -> None:
    """Print an explanation, the result of its check last.

    Where the output is no terminal, a row is a line of whatever length.

    Args:
        explained: What is said of a config.
        name: What the config is called.
        console: Where to; None takes the standard output.
    """
    if console is None:
        plain = False if in_notebook() else None  # rich would cut rows after 80 characters
        console = Console(highlight=False, force_jupyter=False, force_terminal=plain)
    if explained.sets:
        _table(
            console,
            "The files it was made of, bases first",
            ("", "file", "keys that it set last"),
            [
                (str(number + 1), from_here(file), ", ".join(explained.sets[number]))
                for number, file in enumerate(explained.files)
            ],
        )
    _table(
        console,
        "Where each key goes",
        ("key", "goes to", "set in", "becomes"),
        [
            (row.key, row.to, "" if place is None else f"{place[0] + 1}:{place[1]}", row.becomes)
            for row, place in zip(explained.rows, explained.places, strict=True)
        ],
    )
    if explained.unknown:
        _table(
            console,
            "Types that are not known",
            ("type", "pip install", "where"),
            [
                (one.type, one.package or "?", one.keys[0] + _more(one.keys))
                for one in explained.unknown
            ],
        )
    show_report(explained.report, name, console.file)


def show_report(report: Report, name: str, file: IO[str]) -> None:
    """Print the result of a check, a line for each finding.

    Args:
        report: What was found.
        name: What the config is called.
        file: Where to.
    """
    for kind, lines in (("warning", report.warnings), ("fault", report.faults)):
        for line in lines:
            print(f"{kind}: {line}", file=file)
    print(f"{name} {report.verdict}", file=file)


def _table(console: Console, title: str, head: _Cells, rows: list[_Cells]) -> None:
    if not console.is_terminal:
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        for cells in ((title,), head, *rows):
            line = "  ".join(f"{cell:<{width}}" for cell, width in zip(cells, widths, strict=False))
            console.print(line.rstrip(), markup=False, soft_wrap=True)
        console.print()
        return
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    longest = max((len(row[0]) for row in rows), default=0)
    for index, name in enumerate(head):
        # Keys are folded in a narrow terminal, never cut.
        least = min(longest, console.width * 2 // 5) if index == 0 else None
        table.add_column(name, overflow="fold", min_width=least)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(table)


def _more(keys: list[str]) -> str:
    return f" and {len(keys) - 1} more" if keys[1:] else ""
