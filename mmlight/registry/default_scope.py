"""The scope in which registries look names up when a name carries no scope itself."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from contextlib import contextmanager

from mmlight.utils import ManagerMixin

_overwrite_count = itertools.count()


class DefaultScope(ManagerMixin):
    """Scope of the current task, reachable from everywhere.

    Args:
        name (str): Name under which the instance is kept.
        scope_name (str): Scope that unprefixed types are looked up in first.

    Example:
        >>> scope = DefaultScope.get_instance("task", scope_name="mmdet")
        >>> DefaultScope.get_current_instance().scope_name
        'mmdet'
        >>> with DefaultScope.overwrite_default_scope("mmcls"):
        ...     DefaultScope.get_current_instance().scope_name
        'mmcls'
    """

    def __init__(self, name: str, scope_name: str) -> None:
        super().__init__(name)
        assert isinstance(scope_name, str), f"scope_name should be a string, but got {scope_name!r}"
        self._scope_name = scope_name

    @property
    def scope_name(self) -> str:
        """Name of the scope."""
        return self._scope_name

    @classmethod
    def get_current_instance(cls) -> DefaultScope | None:  # type: ignore[override]
        """Return the scope of the run that executes, or else the one created last.

        Returns:
            DefaultScope or None: None while no scope was created.

        Example:
            >>> DefaultScope.get_current_instance() is None
            True
        """
        return super().get_current_instance() if cls._instance_dict else None

    @classmethod
    @contextmanager
    def overwrite_default_scope(cls, scope_name: str | None) -> Generator[None, None, None]:
        """Make ``scope_name`` the current scope inside a ``with`` block.

        Args:
            scope_name (str, optional): The scope; None leaves the current one.

        Example:
            >>> with DefaultScope.overwrite_default_scope("mmcls"):
            ...     DefaultScope.get_current_instance().scope_name
            'mmcls'
        """
        if scope_name is None:
            yield
            return
        key = f"overwrite-{next(_overwrite_count)}"
        cls.get_instance(key, scope_name=scope_name)
        try:
            yield
        finally:
            cls._instance_dict.pop(key, None)
