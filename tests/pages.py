"""Does what a page of the documents shows, from its top to its end, as a reader would.

Blocks of Python run one after the other in one namespace, in a folder with ``configs`` alone; one
with a ``title`` is written to the file of that name. Commands run. A block of ``text`` behind one
is what it prints: its lines are there, in this order, and ``...`` stands for anything. Comments of
the page's source, which the site does not show, say the rest:

- ``setup:`` and ``check:`` hold Python that is run where they stand.
- ``status N:`` lets the commands of the next block end with that status.
- ``not run:``, with the reason, lets the next block be understood only.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import subprocess
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

ROOT = Path(__file__).parents[1]

_PIECE = re.compile(
    r"^```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<code>.*?)^```$"
    r"|<!-- (?P<word>setup|check|status \d+|not run):\s(?P<note>.*?)-->",
    re.MULTILINE | re.DOTALL,
)


@dataclass
class Piece:
    """A block of code, or a comment that is meant for this module."""

    kind: str
    text: str
    title: str | None
    line: int


def pieces(page: Path) -> list[Piece]:
    """Return the pieces of a page in their order."""
    text = page.read_text(encoding="utf-8")
    return [
        Piece(
            found["kind"] or found["word"],
            found["code"] or found["note"] or "",
            found["title"],
            text.count("\n", 0, found.start()) + 1,
        )
        for found in _PIECE.finditer(text)
    ]


def commands(block: str) -> Iterator[list[str]]:
    """Yield the words of each command of a block."""
    for line in block.replace("\\\n", " ").splitlines():
        if line.startswith("$ "):
            yield shlex.split(line[2:], comments=True)


def run_page(page: Path, folder: Path, reply: Any) -> None:
    """Do what a page shows, and send what went wrong: the text of an error, or nothing."""
    os.chdir(folder)
    Path("configs").symlink_to(ROOT / "configs")
    sys.path.insert(0, str(folder))
    where = page.name
    try:
        module = ModuleType("__main__")
        printed, status, understood_only = "", 0, False
        for piece in pieces(page):
            where = f"{page.name}, line {piece.line}"
            if piece.kind.startswith("status"):
                status = int(piece.kind.split()[1])
            elif piece.kind == "not run":
                understood_only = True
            elif piece.kind == "text":
                _compare(piece.text, printed)
            elif piece.title is not None:
                Path(piece.title).parent.mkdir(parents=True, exist_ok=True)
                Path(piece.title).write_text(piece.text)
            elif piece.kind == "console":
                for words in commands(piece.text):
                    understand(words)
                    if not understood_only:
                        printed = _command(words, status)
                status, understood_only = 0, False
            elif piece.kind in ("python", "setup", "check"):
                code = compile("\n" * piece.line + piece.text, page.name, "exec")
                if not understood_only:
                    printed = _printed(lambda code=code: exec(code, vars(module)))
                understood_only = False
        reply.send(None)
    except BaseException:
        reply.send(f"{where}\n{traceback.format_exc()}")


def understand(words: list[str]) -> None:
    """Parse a command; what it starts has to take its arguments."""
    from torch.distributed.run import get_args_parser

    from mmlight.cli.main import build_parser

    if words[0] == "srun":
        words = words[next(i for i, word in enumerate(words) if i and word[0] != "-") :]
    if words[0] == "torchrun":
        launch = get_args_parser().parse_args(words[1:])
        assert (launch.module, launch.training_script) == (True, "mmlight")
        words = ["mmlight", *launch.training_script_args]
    if words[:3] == ["python", "-m", "mmlight"]:
        words = words[2:]
    if words[0] == "mmlight":
        build_parser().parse_args(words[1:])
    else:
        assert words[0] in ("python", "pip", "make", "kill", "tensorboard"), words


def _command(words: list[str], expected: int) -> str:
    from mmlight.cli.main import main

    program, *arguments = words
    status = 0

    def run() -> None:
        nonlocal status
        argv = sys.argv
        try:
            if program == "mmlight":
                status = main(arguments)
            elif program == "torchrun":
                launch = [sys.executable, "-m", "torch.distributed.run", *arguments]
                done = subprocess.run(launch, capture_output=True, text=True, check=False)
                print(done.stdout, done.stderr)
                status = done.returncode
            else:
                assert program == "python", words
                sys.argv = arguments
                runpy.run_path(arguments[0], run_name="__main__")
        except SystemExit as end:
            status = end.code or 0
        finally:
            sys.argv = argv

    printed = _printed(run)
    assert status == expected, f"{shlex.join(words)} ended with {status}:\n{printed}"
    return printed


def _printed(run: Any) -> str:
    stream = io.StringIO()
    try:
        with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
            run()
    except BaseException:
        print(stream.getvalue()[-3000:])
        raise
    return stream.getvalue()


def _compare(expected: str, printed: str) -> None:
    left = printed
    for line in expected.splitlines():
        pattern = ".*?".join(map(re.escape, line.strip().split("...")))
        if line.strip() == "...":
            continue
        found = re.search(rf"^\s*{pattern}\s*$", left, re.MULTILINE)
        assert found, f"not printed: {line!r}; printed:\n{printed}"
        left = left[found.end() :]
