"""Import aliases, each test in a process of its own: imports cannot be undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity.engines import Engine


def test_modules_and_classes_are_the_same_objects(mmlight: Engine) -> None:
    mmlight.run(import_both_names)


def import_both_names(engine: str) -> None:
    import mmlight.compat

    mmlight.compat.install()
    import mmengine.hooks.ema_hook
    from mmengine.hooks import EMAHook
    from mmengine.registry import HOOKS

    import mmlight.hooks
    import mmlight.hooks.ema_hook
    import mmlight.registry

    assert mmengine.hooks is mmlight.hooks
    assert mmengine.hooks.ema_hook is mmlight.hooks.ema_hook
    assert EMAHook is mmlight.hooks.EMAHook and HOOKS is mmlight.registry.HOOKS
    assert mmlight.hooks.ema_hook.__spec__.name == "mmlight.hooks.ema_hook"
    assert mmlight.hooks.__name__ == "mmlight.hooks"


@pytest.mark.parametrize("package", ["mmedit", "mmagic"])
def test_engine_of_the_generative_packages(package: str, mmlight: Engine) -> None:
    mmlight.run(import_engine, package)


def import_engine(engine: str, package: str) -> None:
    import importlib

    import mmlight.compat

    mmlight.compat.install()
    aliased = importlib.import_module(f"{package}.engine.hooks")
    hooks = importlib.import_module("mmlight.engine.hooks")
    assert importlib.import_module(f"{package}.engine") is importlib.import_module("mmlight.engine")
    assert aliased.ExponentialMovingAverageHook is hooks.ExponentialMovingAverageHook


def test_the_engine_of_an_installed_package_is_its_own(mmlight: Engine, tmp_path: Path) -> None:
    hooks = tmp_path / "mmagic" / "engine" / "hooks"
    hooks.mkdir(parents=True)
    for folder in (hooks.parent.parent, hooks.parent):
        (folder / "__init__.py").touch()
    (hooks / "__init__.py").write_text("from mmengine.hooks import Hook\nclass Mine(Hook): ...\n")
    own, other = mmlight.run(import_own_engine, str(tmp_path))
    assert own == "mmagic.engine.hooks"
    assert other == "mmlight.engine.hooks"


def import_own_engine(engine: str, folder: str) -> tuple[str, str]:
    import sys

    import mmlight.compat

    sys.path.insert(0, folder)
    mmlight.compat.install()
    import mmagic.engine.hooks
    import mmedit.engine.hooks

    from mmlight.hooks import Hook

    assert issubclass(mmagic.engine.hooks.Mine, Hook)
    return mmagic.engine.hooks.__name__, mmedit.engine.hooks.__name__


def test_the_top_module_has_the_names_and_version_of_mmengine(mmlight: Engine) -> None:
    message = mmlight.run(use_top_module)
    assert message == "module 'mmengine' has no attribute 'no_such_name'"


def use_top_module(engine: str) -> str:
    import mmlight.compat

    mmlight.compat.install()
    import mmengine
    from mmengine import Config, MMLogger, Registry, digit_version, list_from_file, print_log

    import mmlight.config

    assert Config is mmlight.config.Config
    assert mmengine.config is mmlight.config and mmengine.utils.is_str("a")
    from mmengine.version import version_info

    assert mmengine.version.__version__ == mmengine.__version__
    assert version_info == mmengine.version_info
    assert all(callable(thing) for thing in (MMLogger, Registry, list_from_file, print_log))
    assert digit_version("0.8.3") <= digit_version(mmengine.__version__) < digit_version("1.0.0")
    try:
        return f"it was answered: {mmengine.no_such_name}"
    except AttributeError as error:
        return str(error)


def test_installing_twice_is_installing_once(mmlight: Engine) -> None:
    before, after = mmlight.run(count_finders)
    assert after == before + 1


def count_finders(engine: str) -> tuple[int, int]:
    import sys

    import mmlight.compat

    before = len(sys.meta_path)
    mmlight.compat.install()
    mmlight.compat.install()
    return before, len(sys.meta_path)


def test_a_module_that_mmengine_lacks_is_missing_under_its_own_name(mmlight: Engine) -> None:
    message = mmlight.run(import_missing, "mmengine.no_such_module")
    assert message == "No module named 'mmengine.no_such_module'"


def test_other_imports_are_left_alone(mmlight: Engine) -> None:
    assert mmlight.run(import_missing, "mmcv_alike") == "No module named 'mmcv_alike'"


def import_missing(engine: str, name: str) -> str:
    import importlib

    import mmlight.compat

    mmlight.compat.install()
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        return str(error)
    return "it was imported"


def test_a_real_package_that_is_already_imported_is_refused(
    mmlight: Engine, tmp_path: Path
) -> None:
    package = tmp_path / "mmengine"
    package.mkdir()
    (package / "__init__.py").write_text("__version__ = '0.10.7'\n")
    message = mmlight.run(import_real_first, str(tmp_path))
    assert message.startswith(f"mmengine is already imported, from {package}")


def import_real_first(engine: str, folder: str) -> str:
    import sys

    sys.path.insert(0, folder)
    import mmengine

    import mmlight.compat

    assert mmengine.__version__ == "0.10.7"
    try:
        mmlight.compat.install()
    except RuntimeError as error:
        return str(error)
    return "it was not refused"


THIRD_PARTY = {
    "__init__.py": """
import mmengine
from mmengine.utils import digit_version
assert digit_version(mmengine.__version__) >= digit_version("0.8.3")
from .registry import MODELS
from .model import Net
""",
    "registry.py": """
from mmengine.registry import MODELS as ROOT, Registry
MODELS = Registry("model", parent=ROOT, scope="thirdparty")
""",
    "model.py": """
from torch import nn
from mmengine.model import BaseModel
from .registry import MODELS

@MODELS.register_module()
class Net(BaseModel):
    def __init__(self, width=2):
        super().__init__()
        self.layer = nn.Linear(width, 1)
    def forward(self, inputs, mode="tensor"):
        return self.layer(inputs)
""",
}


def test_a_third_party_package_imports_and_registers(mmlight: Engine, tmp_path: Path) -> None:
    package = tmp_path / "thirdparty"
    package.mkdir()
    for name, text in THIRD_PARTY.items():
        (package / name).write_text(text)
    assert mmlight.run(build_third_party, str(tmp_path)) == 5


def build_third_party(engine: str, folder: str) -> int:
    import sys

    import mmlight.compat

    sys.path.insert(0, folder)
    mmlight.compat.install()
    import thirdparty  # noqa: F401

    from mmlight.model import BaseModel
    from mmlight.registry import MODELS

    net = MODELS.build({"type": "thirdparty.Net", "width": 5})
    assert isinstance(net, BaseModel)
    return net.layer.in_features


def test_the_installed_path_of_mmengine_is_that_of_what_answers(mmlight: Engine) -> None:
    own, aliased = mmlight.run(installed_paths)
    assert own == aliased


def installed_paths(engine: str) -> tuple[str, str]:
    import mmlight.compat

    mmlight.compat.install()
    from mmlight.utils import get_installed_path, is_installed

    assert is_installed("mmengine")
    return get_installed_path("mmlight"), get_installed_path("mmengine")
