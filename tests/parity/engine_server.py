"""A process that has one engine imported and runs each request in a fork of itself.

Importing torch and an engine takes seconds, a fork milliseconds; a fork is still a process of its
own, so no request sees the singletons, random states or registries of another.
Started by :class:`tests.parity.engines.Engine`; speaks length-prefixed pickles on stdin and stdout.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import pickle
import struct
import sys
import traceback
from pathlib import Path
from typing import Any, BinaryIO


def receive(stream: BinaryIO) -> Any:
    """Read one message; None at the end of the stream."""
    header = stream.read(8)
    if len(header) < 8:
        return None
    return pickle.loads(stream.read(struct.unpack("<Q", header)[0]))


def send(stream: BinaryIO, message: Any) -> None:
    """Write one message."""
    body = pickle.dumps(message)
    stream.write(struct.pack("<Q", len(body)) + body)
    stream.flush()


def load_module(path: Path) -> Any:
    """Import a Python file by its path, under its own name."""
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return module


def serve_one(engine: str, request: dict[str, Any]) -> None:
    """Run one request; what it returns lands in ``request["result"]``. Called in the fork."""
    import torch

    log = os.open(request["log"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.chdir(request["cwd"])
    sys.path[:0] = [str(Path(request["file"]).parent)]
    function = getattr(load_module(Path(request["file"])), request["function"])
    result = function(engine, *request["args"], **request["kwargs"])
    torch.save(result, request["result"])


def report(error: BaseException) -> None:
    """Print where an error came from without quoting the source of the engine under test."""
    for frame in traceback.extract_tb(error.__traceback__):
        print(f"  {frame.filename}:{frame.lineno} in {frame.name}", file=sys.stderr)
    print("".join(traceback.format_exception_only(error)), file=sys.stderr)


def main(engine: str, preload: list[str]) -> None:
    import torch

    torch.set_num_threads(1)
    for name in preload:
        importlib.import_module(name)
    requests, replies = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    while (request := receive(requests)) is not None:
        child = os.fork()
        if child == 0:
            replies.close()
            try:
                serve_one(engine, request)
                code = 0
            except SystemExit as end:
                code = end.code if isinstance(end.code, int) else 1
            except BaseException as error:
                report(error)
                code = 1
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(code)
        _, status = os.waitpid(child, 0)
        send(replies, os.waitstatus_to_exitcode(status))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
