"""check_python_script: what a script sees, and what is left behind."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mmlight.testing import check_python_script

SCRIPT = """
import sys
from pathlib import Path
assert __name__ == "__main__"
Path(sys.argv[1]).write_text(" ".join(sys.argv[2:]))
if "fail" in sys.argv:
    raise SystemExit(1)
"""


@pytest.fixture
def script(tmp_path: Path) -> Path:
    path = tmp_path / "script.py"
    path.write_text(SCRIPT)
    return path


@pytest.mark.parametrize("python", ["", "python "])
def test_a_script_has_its_arguments(python: str, script: Path, tmp_path: Path) -> None:
    argv = list(sys.argv)
    check_python_script(f"{python}{script} {tmp_path / 'out'} a 'b c'")
    assert (tmp_path / "out").read_text() == "a b c"
    assert sys.argv == argv


def test_what_a_script_raises_goes_on(script: Path, tmp_path: Path) -> None:
    argv = list(sys.argv)
    with pytest.raises(SystemExit) as ended:
        check_python_script(f"{script} {tmp_path / 'out'} fail")
    assert ended.value.code == 1
    assert sys.argv == argv


def test_a_script_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check_python_script(str(tmp_path / "none.py"))
    with pytest.raises(ValueError, match="should name a script"):
        check_python_script("python")
