"""Classes whose instances are reached by name from anywhere in the process."""

from __future__ import annotations

import inspect
import threading
import warnings
from collections import OrderedDict
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

# Re-entrant: a constructor may ask for the instance of another managed class.
_lock = threading.RLock()


class ManagerMeta(type):
    """Metaclass that gives every class its own table of named instances.

    Args:
        *args: Name, bases and namespace of the class, as for :class:`type`.

    Raises:
        AssertionError: If the constructor of the class has no ``name`` argument.

    Example:
        >>> class Named(metaclass=ManagerMeta):
        ...     def __init__(self, name):
        ...         self.name = name
        >>> Named._instance_dict
        OrderedDict()
    """

    def __init__(cls, *args: Any) -> None:
        parameters = inspect.signature(cls.__init__).parameters  # type: ignore[misc]
        assert "name" in parameters, f"{cls}.__init__ must have the `name` argument"
        cls._instance_dict: OrderedDict[str, Any] = OrderedDict()
        super().__init__(*args)


class ManagerMixin(metaclass=ManagerMeta):
    """Base class of objects that are found again by name.

    Args:
        name (str): Name of the instance, not empty.

    Raises:
        AssertionError: If ``name`` is empty or not a string.

    Example:
        >>> class Counter(ManagerMixin):
        ...     def __init__(self, name="", start=0):
        ...         super().__init__(name)
        ...         self.value = start
        >>> first = Counter.get_instance("steps", start=3)
        >>> Counter.get_instance("steps") is first
        True
        >>> Counter.get_current_instance().instance_name
        'steps'
    """

    def __init__(self, name: str = "", **kwargs: Any) -> None:
        assert isinstance(name, str) and name, (
            f"name of a {type(self).__name__} must be a non-empty string, but got {name!r}"
        )
        self._instance_name = name

    @classmethod
    def get_instance(cls: type[T], name: str, **kwargs: Any) -> T:
        """Return the instance called ``name``, creating it if there is none.

        Args:
            name (str): Name of the instance.
            **kwargs: Arguments of the constructor, used only to create it.

        Returns:
            object: The instance called ``name``.

        Raises:
            AssertionError: If ``name`` is not a string.
        """
        assert isinstance(name, str), (
            f"{cls.__name__}.get_instance needs a name of type str, but got {type(name).__name__}"
        )
        with _lock:
            instances = cls._instance_dict  # type: ignore[attr-defined]
            if name not in instances:
                instances[name] = cls(name=name, **kwargs)  # type: ignore[call-arg]
            elif kwargs:
                warnings.warn(
                    f"{cls.__name__} {name!r} exists already: the arguments {sorted(kwargs)} "
                    "are ignored",
                    stacklevel=2,
                )
            result: T = instances[name]
            return result

    @classmethod
    def get_current_instance(cls: type[T]) -> T:
        """Return the instance that was created last, or that :func:`current_instances` put there.

        Returns:
            object: The current instance.

        Raises:
            RuntimeError: If ``get_instance`` has not been called yet.
        """
        with _lock:
            instances = cls._instance_dict  # type: ignore[attr-defined]
            if not instances:
                raise RuntimeError(
                    f"{cls.__name__} has no instance yet: call "
                    f"{cls.__name__}.get_instance(name=...) before get_current_instance()"
                )
            result: T = instances[next(reversed(instances))]
            return result

    @classmethod
    def check_instance_created(cls, name: str) -> bool:
        """Tell whether there is an instance called ``name``.

        Args:
            name (str): Name of the instance.

        Returns:
            bool: Whether the instance exists.
        """
        return name in cls._instance_dict

    @property
    def instance_name(self) -> str:
        """str: Name of the instance."""
        return self._instance_name


@contextmanager
def current_instances(*instances: ManagerMixin) -> Generator[None, None, None]:
    """Make objects the current ones of their classes inside a ``with`` block.

    What is created inside the block is current in its turn; after the block, what was current
    before it is current again.

    Args:
        *instances (ManagerMixin): The objects; one that no ``get_instance`` has created is found
            by its name inside the block alone.

    Example:
        >>> class Counter(ManagerMixin):
        ...     def __init__(self, name=""):
        ...         super().__init__(name)
        >>> first, second = Counter.get_instance("first"), Counter.get_instance("second")
        >>> with current_instances(first):
        ...     Counter.get_current_instance().instance_name
        'first'
        >>> Counter.get_current_instance().instance_name
        'second'
    """
    places = [(table, one) for one in instances for table in _tables_of(type(one))]
    marks = InstanceMarks(*(type(one) for one in instances))
    with _lock:
        known = [table.get(one.instance_name) for table, one in places]
        for table, one in places:
            table[one.instance_name] = one
            table.move_to_end(one.instance_name)
    try:
        yield
    finally:
        with _lock:
            for (table, one), before in zip(places, known, strict=True):
                if before is None:
                    table.pop(one.instance_name, None)
                else:
                    table[one.instance_name] = before
            marks.make_current()


class InstanceMarks:
    """Which instances of some classes there are now, and which of them are current.

    Args:
        *classes (type): The classes.

    Example:
        >>> class Counter(ManagerMixin):
        ...     def __init__(self, name=""):
        ...         super().__init__(name)
        >>> first = Counter.get_instance("first")
        >>> marks = InstanceMarks(Counter)
        >>> second = Counter.get_instance("second")
        >>> marks.make_current()
        >>> Counter.get_current_instance() is first
        True
        >>> marks.forget_newer()
        >>> Counter.check_instance_created("second")
        False
    """

    def __init__(self, *classes: type) -> None:
        tables = [table for cls in classes for table in _tables_of(cls)]
        with _lock:
            self._marks = [(table, list(table)) for table in tables]

    def make_current(self) -> None:
        """Make what was current then current again."""
        with _lock:
            for table, names in self._marks:
                if names and names[-1] in table:
                    table.move_to_end(names[-1])

    def forget_newer(self) -> None:
        """Forget the instances that were created since."""
        with _lock:
            for table, names in self._marks:
                for name in set(table).difference(names):
                    del table[name]


def _tables_of(cls: type) -> list[OrderedDict[str, Any]]:
    """Return the table of a class and those of its bases, which find its instances too."""
    return [
        base._instance_dict  # type: ignore[attr-defined]
        for base in cls.__mro__
        if "_instance_dict" in vars(base) and base is not ManagerMixin
    ]
