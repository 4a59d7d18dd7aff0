"""The notebooks: executed from start to end with small settings, and what is stored of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

nbformat = pytest.importorskip("nbformat", reason="the extra `notebooks` is not installed")
from jupyter_client import KernelManager  # noqa: E402
from nbclient import NotebookClient  # noqa: E402

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
NAMES = [path.stem for path in NOTEBOOKS]
LARGEST = 600_000  # bytes: a checkout stays small, and sites render the file
STOPS = "raises-exception"  # the tag of a cell that is to end with an error


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[KernelManager]:
    """One kernel for all, since importing takes longer than most of what they do."""
    checkout = tmp_path_factory.mktemp("checkout")
    (checkout / "notebooks").mkdir()
    (checkout / "configs").symlink_to(ROOT / "configs")
    with pytest.MonkeyPatch.context() as patch:
        for name in ("IPYTHONDIR", "JUPYTER_RUNTIME_DIR"):
            patch.setenv(name, str(checkout))
        patch.setenv("MMLIGHT_NOTEBOOK_QUICK", "1")
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PYTHONPATH", str(ROOT))
        manager = KernelManager()
        manager.start_kernel(cwd=str(checkout / "notebooks"))
    yield manager
    manager.shutdown_kernel(now=True)


def test_all_are_there() -> None:
    assert NAMES == [
        "digits_gan",
        "hooks_in_your_module",
        "port_a_config",
        "resume_and_compare",
        "write_your_own",
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_runs_from_start_to_end(path: Path, kernel: KernelManager) -> None:
    stored = nbformat.read(path, as_version=4)
    executed = nbformat.read(path, as_version=4)
    # What one has defined must not be there for the next.
    executed.cells.insert(0, nbformat.v4.new_code_cell("%reset -f"))
    NotebookClient(executed, km=kernel, timeout=300).execute()
    for ran, kept in zip(executed.cells[1:], stored.cells, strict=True):
        assert ran.cell_type != "code" or _kinds(ran) == _kinds(kept), ran.source


@pytest.mark.parametrize("path", NOTEBOOKS, ids=NAMES)
def test_what_is_stored(path: Path) -> None:
    stored = nbformat.read(path, as_version=4)
    nbformat.validate(stored)
    assert path.stat().st_size <= LARGEST
    assert "At the end of this notebook you will have" in stored.cells[0].source
    cells = [cell for cell in stored.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    for cell in cells:
        fails = STOPS in cell.metadata.get("tags", ())
        assert ("error" in _kinds(cell)) == fails, cell.source
    assert any("image/png" in _kinds(cell) for cell in cells)
    text = str([cell.outputs for cell in cells])
    assert str(Path.home()) not in text and str(ROOT) not in text and "site-packages" not in text


def _kinds(cell: Any) -> set[str]:
    """Whether a cell has pictures, and whether it ended with an error."""
    kinds = {output.output_type for output in cell.outputs}
    pictures = {kind for output in cell.outputs for kind in output.get("data", {})}
    return (kinds & {"error"}) | (pictures & {"image/png"})
