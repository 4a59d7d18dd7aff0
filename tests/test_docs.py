"""The documents: what their pages show does what they say."""

from __future__ import annotations

import inspect
import multiprocessing
import re
from pathlib import Path

import pytest

from mmlight.config import Config
from mmlight.runner import FlexibleRunner, Runner
from mmlight.runner.known_keys import find_unread, known_keys
from tests.pages import Piece, pieces, run_page

DOCS = Path(__file__).parents[1] / "docs"
OF_OTHER_TESTS = {"security.md"}
PAGES = sorted(
    path
    for path in DOCS.rglob("*.md")
    if path.relative_to(DOCS).parts[0] not in {"api", *OF_OTHER_TESTS}
)
WITH_CODE = [
    path for path in PAGES if any(piece.kind in ("python", "console") for piece in pieces(path))
]
BLOCK = re.compile(r"^ *```(\w*)", re.MULTILINE)

# Every page has a process of its own, which starts with these modules imported.
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["mmlight.cli.main", "mmlight.runner", "tests.pages"])


@pytest.mark.parametrize("page", WITH_CODE, ids=lambda page: str(page.relative_to(DOCS)))
def test_what_a_page_shows_is_so(page: Path, tmp_path: Path) -> None:
    receive, send = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=run_page, args=(page, tmp_path, send))
    process.start()
    send.close()
    try:
        failure = receive.recv()
    except EOFError:
        failure = "its process has died"
    process.join()
    assert failure is None, failure


def is_comment(piece: Piece) -> bool:
    return re.match("setup|check|status|not run", piece.kind) is not None


def test_every_block_and_comment_is_one_that_is_run() -> None:
    for page in PAGES:
        found = pieces(page)
        languages = [name for name in BLOCK.findall(page.read_text()) if name]
        assert languages == [
            piece.kind for piece in found if not re.match("setup|check|status|not run", piece.kind)
        ], page

    comments = [len(re.findall("<!--", page.read_text())) for page in PAGES]
    assert comments == [sum(map(is_comment, pieces(page))) for page in PAGES]


def test_little_is_left_out_and_each_with_a_reason() -> None:
    reasons = [piece.text for page in PAGES for piece in pieces(page) if piece.kind == "not run"]
    assert len(reasons) <= 3
    assert all(len(reason.split()) >= 3 for reason in reasons)


def keys_inside(key: str) -> list[str]:
    """The keys that a dict of a config takes: what is said of one that it does not take."""
    account = find_unread(Config({key: {"qqqqqq": 1}}), Runner, strict=True)
    with pytest.raises(ValueError, match=rf"{key}\.qqqqqq") as refused:
        account.refuse()
    return re.search(r"it takes ([\w, ]+)", str(refused.value))[1].split(", ")


def test_all_keys_of_a_config_are_on_their_page_with_their_defaults() -> None:
    rows = dict(
        re.findall(
            r"^\| `([\w.]+)` \| [^|]+ \| ([^|]+) \|", (DOCS / "config_keys.md").read_text(), re.M
        )
    )
    inside = {f"{key}.{name}" for key in ("env_cfg", "auto_scale_lr") for name in keys_inside(key)}
    of_the_file = {"custom_imports", "_scope_"}
    assert set(rows) == known_keys(FlexibleRunner) | inside | of_the_file
    for name, parameter in inspect.signature(Runner.__init__).parameters.items():
        if name in ("self", "cfg", "model", "work_dir"):
            continue
        (shown,) = re.findall(r"^`(.+)`$", rows[name])
        assert eval(shown, {}) == parameter.default, name
