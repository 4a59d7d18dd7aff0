"""What the types in a config are, how they are shown, and which package has those that lack."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from functools import cache
from typing import Any

from mmlight.config.lazy import Lazy
from mmlight.config.utils import MODULE2PACKAGE
from mmlight.registry import Registry, root
from mmlight.registry.packages import import_registry_of, missing_operator

_Path = tuple[str, ...]
# Names that configs take from mmcv without its scope; those of its operators the registry knows.
_OF_MMCV = """
BN BN1d BN2d BN3d BitmapMasks CenterCrop Clamp Clip Compose Conv Conv1d Conv2d Conv3d ConvModule
ConvWS DepthwiseSeparableConvModule ELU FFN GELU GN HSigmoid HSwish IN IN1d IN2d IN3d ImageToTensor
KeyMapper LN LeakyReLU LoadAnnotations LoadImageFromFile MultiScaleFlipAug MultiheadAttention
NonLocal2d Normalize PReLU Pad PatchEmbed PixelShufflePack RReLU RandomApply RandomChoice
RandomChoiceResize RandomFlip RandomGrayscale RandomResize ReLU ReLU6 Resize RoIAlign RoIPool SiLU
Sigmoid Swish SyncBN Tanh TestTimeAug ToTensor TransformBroadcaster bilinear deconv nearest nms
pixel_shuffle soft_nms
"""
_LONGEST = 60


def items(node: dict[str, Any]) -> Any:
    """Return the keys and values of a dict, without importing what is lazy."""
    return dict.items(node)


def is_part(node: Any) -> bool:
    """Tell whether a value is the config of an object."""
    return isinstance(node, dict) and "type" in node


def parts_in(node: Any, path: _Path = ()) -> Iterator[tuple[_Path, dict[str, Any]]]:
    """Yield the configs of objects in a value, itself among them, each with the keys to it."""
    if is_part(node):
        yield path, node
    if isinstance(node, dict):
        for key, value in items(node):
            yield from parts_in(value, (*path, str(key)))
    elif isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from parts_in(value, (*path, str(index)))


class Types:
    """Finds the classes of a config in the scope where a run would find them.

    Args:
        scope: The config's ``default_scope``.
    """

    def __init__(self, scope: Any) -> None:
        self._scope = scope if isinstance(scope, str) else None
        self._found: dict[tuple[Registry, str, str | None], Any] = {}

    def find(self, node: Any, registry: Registry) -> Any:
        """Return the class or function of a config, None where nobody knows it.

        Args:
            node: The config, or what stands under its ``type``.
            registry: Where the run looks for it; all others are asked after that.
        """
        kind = dict.get(node, "type") if isinstance(node, dict) else node
        scope = self.scope_of(node)
        if isinstance(kind, Lazy):
            return _imported(kind)
        if not isinstance(kind, str):
            return kind if callable(kind) else None
        asked = (registry, kind, scope)
        if asked not in self._found:
            every = (_look_up(one, kind, scope) for one in (registry, *ROOTS))
            self._found[asked] = next((one for one in every if one is not None), None)
        return self._found[asked]

    def scope_of(self, node: Any) -> str | None:
        """Return the scope in which the type of a config is looked up."""
        own = dict.get(node, "_scope_") if isinstance(node, dict) else None
        return own if isinstance(own, str) else self._scope

    def package_of(self, node: dict[str, Any]) -> str:
        """Say which package would bring the type of a config that nobody knows."""
        kind = dict.get(node, "type")
        if isinstance(kind, Lazy):
            return _pip_name(kind._module.partition(".")[0])
        prefix, _, name = str(kind).rpartition(".")
        if missing_operator(name):
            return "mmcv with its compiled operators"
        first = prefix.partition(".")[0]
        if first and first != "mmlight":
            return _pip_name(first)
        scope = self.scope_of(node)
        return (
            "mmcv"
            if name in _OF_MMCV.split()
            else _pip_name(scope)
            if scope in MODULE2PACKAGE
            else ""
        )

    def say(self, node: Any, registry: Registry, leave_out: Any = ()) -> str:
        """Write a config as the call that it becomes.

        Args:
            node: The config.
            registry: Where the run looks its type up.
            leave_out: Arguments that are shown elsewhere.
        """
        found = self.find(node, registry)
        name = type_name(node) if found is None else shown_name(found)
        hidden = {"type", "_scope_", *leave_out}
        call = f"{name}({arguments_of(node, hidden)})"
        return f"{call}: not known" if found is None else call


def _look_up(registry: Registry, kind: str, scope: str | None) -> Any:
    try:
        asked = registry if scope is None else _registry_of(scope, registry)
        return asked.get(kind)
    except Exception:  # of a package that fails as it is imported; the check tells it
        return None


def _registry_of(scope: str, registry: Registry) -> Registry:
    _import_once(scope)
    return registry.of_scope(scope) or registry


@cache
def _import_once(scope: str) -> None:
    import_registry_of(scope)


def _imported(lazy: Lazy) -> Any:
    try:
        return lazy.build()
    except Exception:  # likewise
        return None


def _pip_name(package: str | None) -> str:
    return MODULE2PACKAGE.get(str(package), str(package))


def type_name(node: Any) -> str:
    """Return what stands under ``type``, in words."""
    kind = dict.get(node, "type") if isinstance(node, dict) else node
    if isinstance(kind, Lazy):
        return f"{kind._module}.{kind._attribute}".rstrip(".")
    return kind if isinstance(kind, str) else public_name(kind)


def public_name(found: Any) -> str:
    """Return the shortest path under which a class or function can be imported.

    Example:
        >>> from mmlight.hooks.ema_hook import EMAHook
        >>> public_name(EMAHook)
        'mmlight.hooks.EMAHook'
    """
    name = getattr(found, "__qualname__", None) or type(found).__name__
    home = str(getattr(found, "__module__", None) or type(found).__module__)
    words = home.split(".")
    for length in range(1, len(words)):
        package = ".".join(words[:length])
        if inspect.getattr_static(sys.modules.get(package), name, None) is found:
            return f"{package}.{name}"
    return name if home == "builtins" else f"{home}.{name}"


def shown_name(found: Any) -> str:
    """Return the name of a class or function, with its path if it is not mmlight's."""
    name = public_name(found)
    return name.rpartition(".")[2] if name.startswith("mmlight.") else name


def brief(value: Any) -> str:
    """Write a value in a few words.

    Example:
        >>> brief(dict(type="Resize", scale=(64, 64))), brief(list(range(100)))
        ('Resize(scale=(64, 64))', '[0, 1, 2, ... 100 items]')
    """
    text = _text(value)
    if len(text) <= _LONGEST:
        return text
    if isinstance(value, list | tuple) and value:
        shown = ", ".join(map(_short, value[:3]))
        return f"[{shown}{f', ... {len(value)} items' if len(value) > 3 else ''}]"
    return _short(value)


def _short(value: Any) -> str:
    if is_part(value):
        return f"{type_name(value).rpartition('.')[2]}(...)"
    if isinstance(value, dict):
        return f"dict of {len(value)} keys"
    text = _text(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 4]} ..."


def _text(value: Any) -> str:
    if is_part(value):
        return f"{type_name(value).rpartition('.')[2]}({arguments_of(value, {'type', '_scope_'})})"
    if isinstance(value, dict):
        return f"dict({arguments_of(value)})"
    if isinstance(value, list | tuple):
        inside = ", ".join(map(_text, value))
        comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
        return f"[{inside}]" if isinstance(value, list) else f"({inside}{comma})"
    if isinstance(value, Lazy) or inspect.isclass(value) or inspect.isroutine(value):
        return type_name(value)
    if isinstance(value, str | int | float | bool | None):
        return repr(value)
    return f"a {type(value).__name__}"


def arguments_of(node: dict[str, Any], hidden: Any = ()) -> str:
    """Write the keys of a dict as arguments of a call, all but some."""
    shown = [(key, value) for key, value in items(node) if key not in hidden]
    return ", ".join(f"{key}={brief(value)}" for key, value in shown)


ROOTS = tuple(one for one in vars(root).values() if isinstance(one, Registry))
"""All root registries."""
