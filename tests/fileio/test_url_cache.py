"""What came from the web is kept by its address, and as a whole."""

from __future__ import annotations

import http.server
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import torch

from mmlight.fileio.url_cache import cached_file, fetch
from mmlight.runner import CheckpointLoader
from tests.web import serve


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "cache"))


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """Two servers that have different weights under one name."""
    with ExitStack() as stack:
        addresses = []
        for number in (1, 2):
            folder = tmp_path / f"web{number}"
            folder.mkdir()
            torch.save({"from": number}, folder / "x.pth")
            addresses.append(stack.enter_context(serve(folder)))
        yield addresses[0], addresses[1]


def test_one_name_on_two_servers_is_two_files(servers: tuple[str, str]) -> None:
    for _ in range(2):
        for number, address in enumerate(servers, 1):
            read = CheckpointLoader.load_checkpoint(f"{address}/x.pth", logger="silent")
            assert read == {"from": number}


def test_queries_are_part_of_an_address(servers: tuple[str, str], tmp_path: Path) -> None:
    first = fetch(f"{servers[0]}/x.pth?version=1", tmp_path / "kept")
    assert cached_file(f"{servers[0]}/x.pth?version=1", tmp_path / "kept") == first
    assert cached_file(f"{servers[0]}/x.pth?version=2", tmp_path / "kept") is None


def test_the_plain_name_is_for_other_programs(servers: tuple[str, str], tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    for address in servers:
        fetch(f"{address}/x.pth", kept)
    assert torch.load(kept / "x.pth") == {"from": 1}
    assert not list(kept.rglob("*.partial"))


def test_a_file_put_there_by_hand_is_taken(tmp_path: Path) -> None:
    kept = tmp_path / "cache" / "hub" / "checkpoints"
    kept.mkdir(parents=True)
    torch.save({"from": "hand"}, kept / "x.pth")
    read = CheckpointLoader.load_checkpoint("http://127.0.0.1:9/x.pth", logger="silent")
    assert read == {"from": "hand"}


@pytest.mark.parametrize("path", ["", "/", "/..", "/a/../..", "/%2e%2e/x.pth"])
def test_an_address_leads_to_no_other_folder(path: str, tmp_path: Path) -> None:
    (tmp_path / "x.pth").write_text("another's")
    assert cached_file(f"http://127.0.0.1:9{path}", tmp_path / "kept") is None


class _BreaksOff(http.server.BaseHTTPRequestHandler):
    """A server that promises more than it sends."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "1000")
        self.end_headers()
        self.wfile.write(b"x" * 400)

    def log_message(self, *args: Any) -> None:
        """Keep the output of the tests clean."""


def test_half_a_file_is_not_kept(tmp_path: Path) -> None:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _BreaksOff) as web:
        thread = threading.Thread(target=web.serve_forever)
        thread.start()
        url = f"http://127.0.0.1:{web.server_port}/x.pth"
        try:
            for _ in range(2):
                with pytest.raises(OSError, match=r"x\.pth: .* ended after 400 of 1000 bytes"):
                    CheckpointLoader.load_checkpoint(url, logger="silent")
        finally:
            web.shutdown()
            thread.join()
    assert not [path for path in (tmp_path / "cache").rglob("*") if path.is_file()]
