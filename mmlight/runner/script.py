"""A config as a script on Lightning's Trainer: its classes imported, its parts spelled out."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from pathlib import Path
from textwrap import indent
from typing import Any

from lightning.pytorch.callbacks import ProgressBar

from mmlight.bridge.progress_bar import RunnerProgressBar
from mmlight.bridge.trainer_parts import listed
from mmlight.config import Config
from mmlight.config.secrets import hide_secrets
from mmlight.hooks import Hook
from mmlight.registry import HOOKS
from mmlight.utils.priority import get_priority
from mmlight.version import __version__

from .explain_types import Types, is_part, items
from .hook_list import DEFAULT_HOOKS
from .runner import ARGUMENTS, Runner, as_config
from .script_text import ScriptWriter

# Written as objects, in other places.
_ELSEWHERE = ("custom_hooks", "data_preprocessor", "default_hooks", "launcher", "model")
# What the Runner reads of the whole config.
_OF_CONFIG = (
    "compile",
    "efficient_conv_bn_eval",
    "find_unused_parameters",
    "model_wrapper_cfg",
    "sync_bn",
)
_TRAINER = {
    "accelerator": "auto",
    "devices": 1,
    "logger": False,
    "enable_checkpointing": False,
    "enable_model_summary": False,
    "num_sanity_val_steps": 0,
    "inference_mode": False,
}
_DEFAULTS = inspect.signature(Runner.__init__).parameters
_PARTS_OF_TRAINER = ("callbacks", "logger", "plugins", "profiler", "strategy")
_ALIASES = """from importlib.util import find_spec

if find_spec("mmengine") is None:
    from mmlight.compat import install

    install()  # modules below may import MMEngine"""


def write_script(cfg: Config | dict[str, Any]) -> str:
    """Write a script that does what ``mmlight train`` does with a config.

    The script has the Trainer, its callbacks and the model as objects. Data, optimizers, schedulers
    and loops are handed to the Runner as classes with arguments, since it makes them in the
    documented order, once the seed is set: so the numbers are those of the config, bit for bit.

    Args:
        cfg: The config, which would run.

    Returns:
        str: Python source.

    Raises:
        ValueError: If the config holds objects, or is for another runner or a launcher.
    """
    cfg = as_config(cfg)
    settings = hide_secrets(cfg._cfg_dict)
    _refuse(settings)
    return _Script(settings, cfg.filename).text()


def _refuse(settings: dict[str, Any]) -> None:
    if settings.get("runner_type", "Runner") != "Runner":
        raise ValueError(
            f"runner_type={settings['runner_type']!r} has a Trainer of its own: --script writes "
            "what a Runner does"
        )
    if settings.get("launcher") not in (None, "none"):
        raise ValueError(
            "a script has no launcher: leave it out, and write trainer=dict(devices=...) for "
            "several processes"
        )


class _Script:
    def __init__(self, settings: dict[str, Any], filename: str | None) -> None:
        self._settings, self._filename = settings, filename
        self._types = Types(settings.get("default_scope", "mmengine"))
        self._write = ScriptWriter(self._types)

    def text(self) -> str:
        blocks = [self._callbacks(), self._run(), self._trainer(), self._stage()]
        main = indent("\n".join(blocks), "    ")
        model = self._model()
        strangers = self._strangers()
        name = Path(self._filename).name if self._filename else "a config"
        parts = [
            f'"""What `mmlight train {name}` does.\n\nWritten by `mmlight explain --script` of '
            f'mmlight {__version__}.\n"""',
            "\n".join(["import lightning.pytorch as L", *self._write.imports(ours=True)]),
            f"{_ALIASES}\n{strangers}" if strangers else "",
            f"\ndef build_model():\n    return {model}",
            f"\ndef main():\n{main}",
            '\nif __name__ == "__main__":\n    main()',
        ]
        return "\n\n".join(filter(None, parts)) + "\n"

    def _strangers(self) -> str:
        custom = self._settings.get("custom_imports")
        names = listed(custom.get("imports")) if isinstance(custom, dict) else []
        registers = [f"import {name}  # registers its classes" for name in names]
        return "\n".join([*self._write.imports(ours=False), *registers])

    def _model(self) -> str:
        model = dict(items(self._settings["model"]))
        preprocessor = self._settings.get("data_preprocessor")
        if preprocessor is not None:
            model.setdefault("data_preprocessor", preprocessor)
        return self._write.object(("model",), model, 1)

    def _callbacks(self) -> str:
        before, lines = [], []
        for _, path, hook in sorted(self._hooks(), key=lambda one: one[0]):
            written = self._write.object(path, hook, 1, ("priority",))
            priority = dict.get(hook, "priority") if isinstance(hook, dict) else None
            if priority is not None:
                name = path[1] if path[0] == "default_hooks" else f"hook_{path[1]}"
                before += [
                    f"{name} = {written}",
                    f"{name}.priority = {self._write.value(path, priority, 0)}",
                ]
                written = name
            lines.append(written)
        for index, callback in enumerate(listed(self._given.get("callbacks"))):
            lines.append(self._write.object(("trainer", "callbacks", str(index)), callback, 1))
        if self._wants_bar():
            lines.append(f"{self._write.name(RunnerProgressBar)}()")
        return "\n".join([*before, self._write.joined("callbacks = [", lines, "]", 0)])

    def _hooks(self) -> Iterator[tuple[int, tuple[str, ...], Any]]:
        """Yield the hooks, each with its priority and its key."""
        default = dict(items(self._settings.get("default_hooks") or {}))
        for name, hook in {**DEFAULT_HOOKS, **default}.items():
            if isinstance(hook, dict) and "type" not in hook:
                hook = {**DEFAULT_HOOKS[name], **dict(items(hook))}
            if hook is not None:
                yield self._priority(hook), ("default_hooks", name), hook
        for index, hook in enumerate(listed(self._settings.get("custom_hooks"))):
            yield self._priority(hook), ("custom_hooks", str(index)), hook

    def _priority(self, hook: Any) -> int:
        found = self._types.find(hook, HOOKS) if is_part(hook) else type(hook)
        own = dict.get(hook, "priority") if isinstance(hook, dict) else None
        if own is None and not issubclass(found, Hook):
            return 101  # a callback of Lightning's
        return get_priority(found.priority if own is None else own)

    def _wants_bar(self) -> bool:
        given = listed(self._given.get("callbacks")) + listed(self._settings.get("custom_hooks"))
        kinds = [self._types.find(one, HOOKS) if is_part(one) else type(one) for one in given]
        has_one = any(isinstance(kind, type) and issubclass(kind, ProgressBar) for kind in kinds)
        return not has_one and self._given.get("enable_progress_bar") is not False

    def _run(self) -> str:
        arguments = ["# called once the seed is set\n    model=dict(type=build_model)"]
        for name in ARGUMENTS:
            value = self._settings.get(name, default := _DEFAULTS[name].default)
            if name not in _ELSEWHERE and value is not None and value != default:
                arguments.append(f"{name}={self._write.value((name,), value, 1)}")
        none = self._write.value((), dict.fromkeys(DEFAULT_HOOKS), 1)
        arguments.append(f"# they are among the callbacks\n    default_hooks={none}")
        rest = {key: self._settings[key] for key in _OF_CONFIG if self._settings.get(key)}
        if rest:
            arguments.append(f"cfg={self._write.value((), rest, 1)}")
        return self._write.joined(f"run = {self._write.name(Runner)}(", arguments, ")", 0)

    def _trainer(self) -> str:
        derived = {**_TRAINER, "log_every_n_steps": self._log_interval()}
        derived["max_epochs"] = dict(self._settings.get("train_cfg") or {}).get("max_epochs", 1)
        given = {key: value for key, value in items(self._given) if key != "callbacks"}
        arguments = ["default_root_dir=run.work_dir", "callbacks=callbacks"]
        for key, value in {**derived, **given}.items():
            path = ("trainer", key)
            if key in _PARTS_OF_TRAINER and isinstance(value, list | tuple):
                parts = [
                    self._write.object((*path, str(index)), one, 2)
                    for index, one in enumerate(value)
                ]
                arguments.append(f"{key}={self._write.joined('[', parts, ']', 1)}")
            elif key in _PARTS_OF_TRAINER:
                arguments.append(f"{key}={self._write.object(path, value, 1)}")
            else:
                arguments.append(f"{key}={self._write.value(path, value, 1)}")
        if any(one.startswith("default_root_dir") for one in arguments[2:]):
            del arguments[0]
        return self._write.joined("trainer = L.Trainer(", arguments, ")", 0)

    @property
    def _given(self) -> dict[str, Any]:
        return self._settings.get("trainer") or {}

    def _log_interval(self) -> int:
        hook = (self._settings.get("default_hooks") or {}).get("logger")
        return dict.get(hook, "interval", 10) if isinstance(hook, dict) else 10

    def _stage(self) -> str:
        trains = self._settings.get("train_cfg") is not None
        return f"trainer.{'fit' if trains else 'test'}(run.module, datamodule=run.datamodule)"
