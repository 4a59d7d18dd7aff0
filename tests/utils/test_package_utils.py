import subprocess
import sys
from pathlib import Path

import pytest

import mmlight
from mmlight.utils import call_command, get_installed_path, install_package, is_installed


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder to import from, with the distribution "tiny-dist" whose module is "tinymodule"."""
    (tmp_path / "tinymodule").mkdir()
    (tmp_path / "tinymodule" / "__init__.py").touch()
    info = tmp_path / "tiny_dist-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiny-dist\nVersion: 1.0\n")
    (info / "RECORD").write_text("tinymodule/__init__.py,,\ntiny_dist-1.0.dist-info/METADATA,,\n")
    (tmp_path / "spaceonly").mkdir()
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tiny-dist", True),
        ("Tiny_Dist", True),
        ("tinymodule", True),
        ("json", True),
        ("no-such-package", False),
        ("no_such_package.module", False),
        ("", False),
    ],
)
def test_is_installed(site, name, expected):
    assert is_installed(name) is expected


@pytest.mark.parametrize("call", [is_installed, get_installed_path])
@pytest.mark.parametrize("name", [None, 3, ["numpy"]])
def test_a_name_of_another_type(call, name):
    with pytest.raises(TypeError, match="package should be a name, but got"):
        call(name)


def test_get_installed_path_by_either_name(site):
    assert Path(get_installed_path("tinymodule")) == site / "tinymodule"
    assert Path(get_installed_path("tiny-dist")) == site / "tinymodule"
    (site / "tiny_dist-1.0.dist-info" / "top_level.txt").write_text("_tiny\ntinymodule\n")
    assert Path(get_installed_path("tiny-dist")) == site / "tinymodule"
    assert Path(get_installed_path("mmlight")) == Path(mmlight.__file__).parent


def test_get_installed_path_of_what_has_none(site):
    with pytest.raises(ModuleNotFoundError, match="no-such-package"):
        get_installed_path("no-such-package")
    with pytest.raises(RuntimeError, match="spaceonly is a namespace package"):
        get_installed_path("spaceonly")


def test_call_command_fails_with_the_command(tmp_path):
    call_command([sys.executable, "-c", f"open({str(tmp_path / 'made')!r}, 'w')"])
    assert (tmp_path / "made").exists()
    with pytest.raises(subprocess.CalledProcessError, match="exit status 3"):
        call_command([sys.executable, "-c", "raise SystemExit(3)"])
    with pytest.raises(FileNotFoundError):
        call_command(["no-such-program"])


def test_install_package_leaves_what_is_there_and_reports_a_failure(site, monkeypatch):
    install_package("tiny-dist")
    # No index and no cache: pip has to fail without going anywhere.
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    with pytest.raises(subprocess.CalledProcessError):
        install_package("no-such-package-of-mmlight")
