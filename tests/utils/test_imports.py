"""What importing a low namespace brings along."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["mmlight.utils", "mmlight.fileio"])
def test_importing_it_loads_neither_torch_nor_lightning(module):
    code = (
        f"import sys, {module}; "
        "print([name for name in ('torch', 'lightning', 'rich') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
