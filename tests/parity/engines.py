"""Runs one piece of code under MMEngine, its fork or mmlight, each in its own process."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from tests.parity import engine_server

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = Path(__file__).parent / "scenarios"
PRELOAD = {
    "mmengine": ["mmengine.runner", "mmengine.visualization"],
    "onedl": ["mmengine.runner", "mmengine.visualization"],
    "mmlight": ["lightning.pytorch", "torch.utils.tensorboard", "matplotlib.pyplot"],
}


class EngineError(AssertionError):
    """Code that ran under an engine ended with another exit code than the test expected."""


class Engine:
    """One engine, imported once in a server process that forks for every call.

    Args:
        name: ``"mmengine"``, ``"onedl"`` (MMEngine's maintained fork) or ``"mmlight"``. Only the
            engine asked for is importable: under ``"mmlight"`` there is no ``mmengine``.
        scratch: Folder for logs, results and the sources of functions.
    """

    def __init__(self, name: str, scratch: Path) -> None:
        self.name = name
        self.module = "mmlight" if name == "mmlight" else "mmengine"
        self._scratch = scratch
        self._calls = 0
        self._server: subprocess.Popen[bytes] | None = None

    @property
    def folder(self) -> Path:
        """Where the engine is installed for these tests only."""
        return ROOT if self.name == "mmlight" else ROOT / ".parity" / self.name

    @property
    def installed(self) -> bool:
        """Whether the engine can be imported from its folder."""
        return (self.folder / self.module).is_dir()

    @property
    def environ(self) -> dict[str, str]:
        """Environment in which exactly this engine is importable, with one thread."""
        return {
            **os.environ,
            "PYTHONPATH": str(self.folder),
            "OMP_NUM_THREADS": "1",
            "MKL_NUM_THREADS": "1",
            "MPLBACKEND": "Agg",
            "CUDA_VISIBLE_DEVICES": "",
        }

    def run(
        self, code: str | Path | Callable[..., Any], *args: Any, exit_code: int = 0, **kwargs: Any
    ):
        """Call a function in a process of its own and return what it returned.

        Args:
            code: A function (it must bring its own imports: only its source travels) that takes
                the engine's module name (``"mmengine"`` or ``"mmlight"``) first; or a file, or the
                name of one in ``tests/parity/scenarios``, whose ``run`` is such a function; that
                one gets a fresh ``work_dir`` if it is given none.
            args: Picklable arguments.
            exit_code: How the process must end; ``-9`` for one that kills itself.
            kwargs: Picklable keyword arguments.

        Returns:
            The function's result (plain types, arrays and tensors), or None if it was to die.

        Raises:
            EngineError: The process ended otherwise; the message holds the end of its output.
        """
        self._calls += 1
        stem = self._scratch / f"{self.name}_{self._calls}"
        file, function = self._source(code, stem)
        if not callable(code):
            kwargs.setdefault("work_dir", f"{stem}_work")
        request = {
            "file": str(file),
            "function": function,
            "args": args,
            "kwargs": kwargs,
            "log": f"{stem}.log",
            "result": f"{stem}.pt",
            "cwd": str(self._scratch),
        }
        ended = self._ask(request)
        if ended != exit_code:
            tail = Path(f"{stem}.log").read_text(errors="replace")[-6000:]
            raise EngineError(f"{self.name}: exit code {ended}, expected {exit_code}\n{tail}")
        return torch.load(f"{stem}.pt", weights_only=False) if ended == 0 else None

    def close(self) -> None:
        """End the server process."""
        if self._server is not None:
            assert self._server.stdin is not None and self._server.stdout is not None
            # Not by closing its input: a worker that a test forked and left may hold the other end.
            self._server.kill()
            self._server.wait()
            self._server.stdin.close()
            self._server.stdout.close()
            self._server = None

    def _source(self, code: str | Path | Callable[..., Any], stem: Path) -> tuple[Path, str]:
        if isinstance(code, str):
            return SCENARIOS / f"{code}.py", "run"
        if isinstance(code, Path):
            return code, "run"
        file = stem.with_name(f"{stem.name}_{code.__name__}.py")
        source = textwrap.dedent(inspect.getsource(code))
        file.write_text(f"from __future__ import annotations\n{source}")
        return file, code.__name__

    def _ask(self, request: dict[str, Any]) -> int:
        if self._server is None:
            command = [sys.executable, engine_server.__file__, self.module, *PRELOAD[self.name]]
            self._server = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=self.environ
            )
        assert self._server.stdin is not None and self._server.stdout is not None
        engine_server.send(self._server.stdin, request)  # type: ignore[arg-type]
        ended = engine_server.receive(self._server.stdout)  # type: ignore[arg-type]
        if ended is None:
            raise EngineError(f"{self.name}'s server died; its error is on standard error above")
        return ended
