import http.server
import pickle
import threading
from multiprocessing import get_context
from pathlib import Path

import pytest

from mmlight.fileio import HTTPBackend, dump, list_from_file, load


def test_a_file_of_a_server(server):
    address, folder = server
    (folder / "a.txt").write_text("größe", encoding="latin-1")
    backend = HTTPBackend()
    assert backend.get(f"{address}/a.txt") == b"gr\xf6\xdfe"
    assert backend.get_text(f"{address}/a.txt", encoding="latin-1") == "größe"
    assert backend.exists(f"{address}/a.txt")
    assert not backend.exists(f"{address}/none.txt")


def test_get_local_path_for_a_while(server):
    address, folder = server
    (folder / "a.bin").write_bytes(b"\x00" * 70_000)
    with HTTPBackend().get_local_path(f"{address}/a.bin") as path:
        assert Path(path).stat().st_size == 70_000
    assert not Path(path).exists()


def test_load_from_a_server(server):
    address, folder = server
    (folder / "a.json").write_text('{"a": [1, 2]}')
    (folder / "a.pkl").write_bytes(pickle.dumps({"b": 3}))
    assert load(f"{address}/a.json") == {"a": [1, 2]}
    assert load(f"{address}/a.pkl") == {"b": 3}


def test_what_is_not_there(server):
    address, _ = server
    with pytest.raises(FileNotFoundError, match=r"none.txt"):
        HTTPBackend().get(f"{address}/none.txt")
    with pytest.raises(OSError):
        HTTPBackend().get("http://127.0.0.1:9/a.txt")
    with pytest.raises(ValueError, match="not '/etc/hostname'"):
        HTTPBackend().get("/etc/hostname")


class _Answers(http.server.BaseHTTPRequestHandler):
    """A server with more to say than files: redirects, errors, no length and no HEAD."""

    def log_message(self, *args):
        """Keep the tests' output clean."""

    def do_GET(self):
        status, body = {"/moved": (302, b""), "/late": (200, b"gr\xc3\xb6\xc3\x9fe\r\n")}.get(
            self.path, (int(self.path[1:4]) if self.path[1:4].isdigit() else 404, b"")
        )
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "/late")
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def answers(server):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as web:
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{web.server_port}"
        web.shutdown()
        thread.join()


def test_redirects_and_answers_without_a_length(answers):
    backend = HTTPBackend()
    for address in (f"{answers}/moved", f"{answers}/late"):
        assert backend.get(address) == "größe\r\n".encode()
        assert backend.get_text(address) == "größe\n"
        with backend.get_local_path(address) as path:
            assert Path(path).read_bytes() == "größe\r\n".encode()
    assert list_from_file(f"{answers}/late") == ["größe"]


@pytest.mark.parametrize("status", [403, 500, 503])
def test_an_error_of_the_server_is_told_and_no_missing_file(answers, status):
    backend = HTTPBackend()
    for read in (backend.get, backend.get_text, list_from_file):
        with pytest.raises(ConnectionError, match=f"/{status} could not be read: {status}"):
            read(f"{answers}/{status}")
    with (
        pytest.raises(ConnectionError, match=f"{status}"),
        backend.get_local_path(f"{answers}/{status}"),
    ):
        pass


def test_writing_is_refused_before_the_server_is_asked(tmp_path):
    backend, address = HTTPBackend(), "http://nowhere.invalid/a.txt"
    (tmp_path / "a").touch()
    for call in (
        lambda: backend.put(b"a", address),
        lambda: backend.put_text("a", address),
        lambda: backend.remove(address),
        lambda: backend.rmtree(address),
        lambda: backend.copyfile(address, f"{address}.copy"),
        lambda: backend.copytree(address, f"{address}.copy"),
        lambda: backend.copy_if_symlink_fails(address, f"{address}.copy"),
        lambda: backend.copyfile_from_local(tmp_path / "a", address),
        lambda: backend.copytree_from_local(tmp_path, address),
        lambda: dump([1], "http://nowhere.invalid/a.json"),
    ):
        with pytest.raises(NotImplementedError, match="HTTPBackend can only read files"):
            call()


def _read(args):
    backend, address = args
    return backend.get(address)


def test_a_backend_works_on_in_a_forked_process(server):
    address, folder = server
    (folder / "a.txt").write_text("hello")
    backend = HTTPBackend()
    backend.get(f"{address}/a.txt")
    with get_context("fork").Pool(1) as pool:
        assert pool.map(_read, [(backend, f"{address}/a.txt")]) == [b"hello"]


def test_a_directory_is_an_address_that_ends_with_a_slash(server):
    address, folder = server
    (folder / "sub").mkdir()
    (folder / "sub" / "a.txt").write_text("hello")
    backend = HTTPBackend()
    assert backend.isdir(f"{address}/sub/")
    assert not backend.isdir("http://nowhere.invalid/a.jpg")
