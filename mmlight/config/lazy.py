"""Stand-ins for what a config imports, until somebody needs the real thing."""

from __future__ import annotations

import importlib
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

_parsing: ContextVar[bool] = ContextVar("mmlight_config_parsing", default=False)


@contextmanager
def keep_lazy() -> Generator[None, None, None]:
    """Let a ``ConfigDict`` hand its stand-ins out as they are, instead of importing them."""
    token = _parsing.set(True)
    try:
        yield
    finally:
        _parsing.reset(token)


def resolve(value: Any) -> Any:
    """Import what a stand-in stands for, except while a config is parsed.

    Args:
        value (Any): A stand-in, or anything else, which is returned as it is.

    Returns:
        Any: The imported object.
    """
    return value.build() if isinstance(value, Lazy) and not _parsing.get() else value


class Lazy:
    """What both kinds of stand-in have in common: each is its import path, and equal by it."""

    location: str | None
    _module: str
    _attribute: str

    @property
    def dotted(self) -> str:
        """Import path of the object."""
        return f"{self._module}.{self._attribute}" if self._attribute else self._module

    @property
    def module(self) -> str:
        """Name of the module to be imported."""
        return self._module

    def build(self) -> Any:
        """Import and return the object.

        Raises:
            ImportError: If the module cannot be imported, or has no such attribute.
        """
        try:
            found: Any = importlib.import_module(self._module)
        except ImportError as err:
            raise type(err)(
                f"cannot import {self._module!r}, which a config needs for {self.dotted!r}"
                f"{self._where()}: {err}",
                name=err.name,
            ) from err
        for part in self._attribute.split(".") if self._attribute else ():
            found = self._member(found, part)
        return found

    def _member(self, owner: Any, name: str) -> Any:
        if hasattr(owner, name):
            return getattr(owner, name)
        # `import a.b` binds `a`, whose submodule may not be loaded yet.
        full_name = f"{getattr(owner, '__name__', '')}.{name}"
        try:
            return importlib.import_module(full_name)
        except ImportError as err:
            raise ImportError(f"{owner!r} has no member {name!r}{self._where()}") from err

    def _where(self) -> str:
        return f" (imported in {self.location})" if self.location else ""

    def __getattr__(self, name: str) -> LazyAttr:
        if name.startswith("__"):
            raise AttributeError(
                f"{self.dotted} is imported lazily, so a config cannot use its {name}"
                f"{self._where()}",
                name=name,
                obj=self,
            )
        return LazyAttr(name, self, self.location)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        raise RuntimeError(
            f"{self.dotted} is imported lazily and cannot be called in a config"
            f"{self._where()}; give it as `type` of a dict instead"
        )

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[Any, ...]:
        raise RuntimeError(
            f"{self.dotted} is imported lazily and cannot be subclassed in a config{self._where()}"
        )

    def __eq__(self, other: object) -> bool:
        return self.dotted == other.dotted if isinstance(other, Lazy) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.dotted)

    def __deepcopy__(self, memo: dict[str, Any]) -> Lazy:
        return self

    def __str__(self) -> str:
        return self.dotted

    __repr__ = __str__


class LazyObject(Lazy):
    """Stand-in for an import statement.

    Args:
        module (str): Module that the statement names.
        imported (str, optional): Name imported from it, as in
            ``from module import imported``.
        location (str, optional): File and line of the statement, for error messages.

    Example:
        >>> LazyObject("collections", "OrderedDict").build()
        <class 'collections.OrderedDict'>
    """

    def __init__(
        self, module: str, imported: str | None = None, location: str | None = None
    ) -> None:
        if not isinstance(module, str):
            raise TypeError(f"module must be a str, but got {type(module)}")
        self._module = module
        self._attribute = imported or ""
        self.location = location

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._module, self._attribute, self.location)


class LazyAttr(Lazy):
    """Stand-in for an attribute of something imported.

    Args:
        name (str): Name of the attribute.
        source (LazyObject or LazyAttr): What it belongs to.
        location (str, optional): File and line of the import, for error messages.

    Example:
        >>> LazyObject("math").pi.build()
        3.141592653589793
    """

    def __init__(self, name: str, source: Lazy, location: str | None = None) -> None:
        if not isinstance(source, Lazy):
            raise TypeError(f"source must be a LazyObject or a LazyAttr, but got {type(source)}")
        self._name, self._source = name, source
        self._module = source._module
        self._attribute = f"{source._attribute}.{name}" if source._attribute else name
        self.location = location

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self._name, self._source, self.location)
