"""OpenMMLab-style experiments on Lightning's ``Trainer``.

Three ways in, one implementation: a whole config (``mmlight train config.py``, or
:class:`mmlight.runner.Runner`), its pieces for a Trainer of your own (:func:`mmlight.from_config`),
or single hooks in a project that never saw a config (``Trainer(callbacks=[EMAHook()])``).
What was trained is sampled with :func:`mmlight.load_model` and :func:`mmlight.sample`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .version import __version__

if TYPE_CHECKING:
    from .runner.ported import Ported, from_config
    from .sampling import load_model, sample

__all__ = ["Ported", "__version__", "from_config", "load_model", "sample"]


def __getattr__(name: str) -> Any:
    # Importing them takes torch and Lightning, which `import mmlight` alone should not.
    if name in ("from_config", "Ported"):
        from .runner import ported

        return getattr(ported, name)
    if name in ("load_model", "sample"):
        from . import sampling

        return getattr(sampling, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
