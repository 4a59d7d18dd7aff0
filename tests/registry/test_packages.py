"""What registries import of packages on demand, each time in a process of its own."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from mmlight.registry import MODELS, DefaultScope

ROOT = Path(__file__).parents[2]
REGISTRY = """
from mmlight.registry import {root} as ROOT, Registry
{root} = Registry('child', parent=ROOT{locations})
"""
MEMBERS = """
from {name}.registry import TASK_UTILS
@TASK_UTILS.register_module()
class Net:
    def __init__(self, depth):
        self.depth = depth
"""
REGISTER_ALL = """
def register_all_modules(init_default_scope=True):
    assert init_default_scope is False
    import {name}.models
"""


@pytest.fixture
def write(tmp_path):
    def write(name, text=""):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(textwrap.dedent(text))

    return write


@pytest.fixture
def packages(write):
    """Two packages; one names the locations of its members, the other registers them all."""
    for name, locations in (("mmseg", ", locations=['mmseg.models']"), ("mmpretrain", "")):
        write(f"{name}/__init__.py")
        write(f"{name}/registry.py", REGISTRY.format(root="TASK_UTILS", locations=locations))
        write(f"{name}/models.py", MEMBERS.format(name=name))
        write(f"{name}/utils/__init__.py", REGISTER_ALL.format(name=name))


@pytest.fixture
def fresh(tmp_path):
    """Run code in a new process that can import the written packages, and return its output."""

    def fresh(code):
        done = subprocess.run(
            [sys.executable, "-c", "from mmlight.registry import *\n" + textwrap.dedent(code)],
            cwd=tmp_path,
            env={"PYTHONPATH": f"{tmp_path}:{ROOT}", "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
        )
        return done.stdout + done.stderr

    return fresh


@pytest.mark.parametrize(
    ("scope", "other"), [("mmseg", "mmpretrain"), ("mmpretrain", "mmseg"), ("mmengine", "mmseg")]
)
def test_the_first_look_up_in_another_package_finds_its_members(packages, fresh, scope, other):
    code = f"""
    init_default_scope("{scope}")
    print(type(TASK_UTILS.build(dict(type="{other}.Net", depth=18))).__module__)
    """
    assert fresh(code) == f"{other}.models\n"


@pytest.mark.parametrize(
    "code",
    [
        'print(TASK_UTILS.get("mmseg.Net").__module__)',
        'print(TASK_UTILS.get("mmpretrain.Net") and TASK_UTILS.get("mmseg.Net").__module__)',
        'import mmpretrain.registry as r; print(r.TASK_UTILS.get("mmseg.Net").__module__)',
        'print(type(TASK_UTILS.build(dict(type="Net", _scope_="mmseg", depth=1))).__module__)',
        'print(resolve_type(dict(type="Net", _scope_="mmseg"), TASK_UTILS).__module__)',
        'init_default_scope("mmseg"); print(resolve_type("Net", TASK_UTILS).__module__)',
    ],
)
def test_every_way_to_ask_imports_the_package(packages, fresh, code):
    assert fresh(code) == "mmseg.models\n"


def test_a_broken_registry_says_what_is_wrong_in_it(packages, write, fresh):
    write("mmseg/registry.py", "import no_such_dependency")
    told = fresh('TASK_UTILS.get("mmseg.Net")')
    assert told.endswith("ModuleNotFoundError: No module named 'no_such_dependency'\n")


def test_a_package_that_is_not_installed_is_named(fresh):
    told = fresh('TASK_UTILS.build(dict(type="mmseg.Net"))')
    assert told.rstrip().endswith("package mmseg is not installed: pip install mmsegmentation.'")
    told = fresh('init_default_scope("mmseg"); TASK_UTILS.build(dict(type="Net"))')
    assert told.count("pip install mmsegmentation") == 2  # the scope's warning, and the error


@pytest.mark.parametrize("name", ["mmseg", "mmpretrain"])
def test_a_package_that_needs_compiled_operators_says_which(packages, write, fresh, name):
    write("mmcv/__init__.py")
    write(f"{name}/models.py", "from mmcv.ops import (\n    RoIAlign,\n    nms,\n)\n")
    told = fresh(f'TASK_UTILS.build(dict(type="{name}.Net"))').rstrip().splitlines()[-1]
    assert told.startswith("mmlight.registry.packages.MissingOperatorsError: ")
    assert "models.py, line 1, imports mmcv.ops.RoIAlign, mmcv.ops.nms" in told
    assert told.count("mmcv-lite has none") == 1


def test_a_type_that_is_a_compiled_operator_is_named(fresh):
    told = fresh('TASK_UTILS.build(dict(type="DCNv2"))')
    assert "the compiled operator mmcv.ops.ModulatedDeformConv2dPack" in told


def test_names_of_a_package_that_is_missing_are_not_those_of_the_kit() -> None:
    with DefaultScope.overwrite_default_scope("mmdet"):
        with pytest.raises(KeyError, match="The package mmdet is not installed"):
            MODELS.build({"type": "L1Loss"})
        assert type(MODELS.build({"type": "mmlight.L1Loss"})).__name__ == "L1Loss"
    assert type(MODELS.build({"type": "L1Loss"})).__name__ == "L1Loss"
