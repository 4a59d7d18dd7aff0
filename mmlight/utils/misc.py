"""Checks and conversions of plain Python values, and imports by name."""

from __future__ import annotations

import collections
import collections.abc
import importlib
import itertools
import warnings
from collections.abc import Callable, Iterable, Sequence
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from .decorators import (
    PrerequisiteError,
    check_prerequisites,
    deprecated_api_warning,
    deprecated_function,
    requires_executable,
    requires_package,
)

__all__ = [
    "PrerequisiteError",
    "apply_to",
    "check_prerequisites",
    "concat_list",
    "deprecated_api_warning",
    "deprecated_function",
    "get_object_from_string",
    "has_method",
    "import_modules_from_strings",
    "is_list_of",
    "is_method_overridden",
    "is_seq_of",
    "is_str",
    "is_tuple_of",
    "iter_cast",
    "list_cast",
    "requires_executable",
    "requires_package",
    "slice_list",
    "to_1tuple",
    "to_2tuple",
    "to_3tuple",
    "to_4tuple",
    "to_ntuple",
    "tuple_cast",
]


def to_ntuple(n: int) -> Callable[[Any], Any]:
    """Return a function that repeats a value ``n`` times and leaves an iterable alone.

    Args:
        n (int): Length of the tuples.

    Returns:
        Callable: The function.

    Example:
        >>> to_ntuple(3)(7), to_2tuple((4, 5))
        ((7, 7, 7), (4, 5))
    """

    def parse(x: Any) -> Any:
        return x if isinstance(x, collections.abc.Iterable) else (x,) * n

    return parse


to_1tuple = to_ntuple(1)
to_2tuple = to_ntuple(2)
to_3tuple = to_ntuple(3)
to_4tuple = to_ntuple(4)


def is_str(x: Any) -> bool:
    """Tell whether ``x`` is a string.

    Args:
        x: Any object.

    Returns:
        bool: Whether it is a string.

    Example:
        >>> is_str("a"), is_str(b"a")
        (True, False)
    """
    return isinstance(x, str)


def is_seq_of(
    seq: Any,
    expected_type: type | tuple[type, ...],
    seq_type: type | None = None,
) -> bool:
    """Tell whether ``seq`` is a sequence whose items all have a type.

    Args:
        seq: The object to check.
        expected_type (type or tuple of type): Type of the items.
        seq_type (type, optional): Type of the sequence; None takes any sequence.

    Returns:
        bool: Whether it is; an empty sequence is a sequence of anything.

    Raises:
        AssertionError: If ``seq_type`` is not a type.

    Example:
        >>> is_seq_of(["a", "b"], str), is_seq_of(("a", 1), str), is_list_of((1,), int)
        (True, False, False)
    """
    assert seq_type is None or isinstance(seq_type, type), (
        f"seq_type must be a type or None, but got {seq_type!r}"
    )
    is_sequence = isinstance(seq, collections.abc.Sequence if seq_type is None else seq_type)
    return is_sequence and all(isinstance(item, expected_type) for item in seq)


def is_list_of(seq: Any, expected_type: type | tuple[type, ...]) -> bool:
    """Tell whether ``seq`` is a list whose items all have a type.

    Args:
        seq: The object to check.
        expected_type (type or tuple of type): Type of the items.

    Returns:
        bool: Whether it is.

    Example:
        >>> is_list_of([1, 2], int), is_list_of((1, 2), int)
        (True, False)
    """
    return is_seq_of(seq, expected_type, seq_type=list)


def is_tuple_of(seq: Any, expected_type: type | tuple[type, ...]) -> bool:
    """Tell whether ``seq`` is a tuple whose items all have a type.

    Args:
        seq: The object to check.
        expected_type (type or tuple of type): Type of the items.

    Returns:
        bool: Whether it is.

    Example:
        >>> is_tuple_of((1, 2), int), is_tuple_of((1, "a"), int)
        (True, False)
    """
    return is_seq_of(seq, expected_type, seq_type=tuple)


def iter_cast(inputs: Iterable[Any], dst_type: type, return_type: type | None = None) -> Any:
    """Convert every item of an iterable.

    Args:
        inputs (Iterable): The items.
        dst_type (type): Type that each item is converted to.
        return_type (type, optional): Type of the result; None returns an iterator.

    Returns:
        Iterator or ``return_type``: The converted items.

    Raises:
        TypeError: If ``inputs`` is not iterable or ``dst_type`` is not a type.

    Example:
        >>> list_cast(("1", "2"), int), tuple_cast([1, 2], str)
        ([1, 2], ('1', '2'))
    """
    if not isinstance(inputs, collections.abc.Iterable):
        raise TypeError(f"inputs must be an iterable object, but got {type(inputs)}")
    if not isinstance(dst_type, type):
        raise TypeError(f"dst_type must be a valid type, but got {dst_type!r}")
    converted = map(dst_type, inputs)
    return converted if return_type is None else return_type(converted)


def list_cast(inputs: Iterable[Any], dst_type: type) -> list[Any]:
    """Convert every item of an iterable and return a list.

    Args:
        inputs (Iterable): The items.
        dst_type (type): Type that each item is converted to.

    Returns:
        list: The converted items.

    Example:
        >>> list_cast(("1", "2"), int)
        [1, 2]
    """
    result: list[Any] = iter_cast(inputs, dst_type, return_type=list)
    return result


def tuple_cast(inputs: Iterable[Any], dst_type: type) -> tuple[Any, ...]:
    """Convert every item of an iterable and return a tuple.

    Args:
        inputs (Iterable): The items.
        dst_type (type): Type that each item is converted to.

    Returns:
        tuple: The converted items.

    Example:
        >>> tuple_cast([1, 2], str)
        ('1', '2')
    """
    result: tuple[Any, ...] = iter_cast(inputs, dst_type, return_type=tuple)
    return result


def slice_list(in_list: Sequence[Any], lens: int | list[int]) -> list[Any]:
    """Cut a list into parts.

    Args:
        in_list (list): The list to cut.
        lens (int or list of int): Length of every part, or one length that divides the list.

    Returns:
        list: The parts.

    Raises:
        TypeError: If ``lens`` is neither an integer nor a list.
        AssertionError: If the one length does not divide the length of the list.
        ValueError: If the lengths do not add up to the length of the list.

    Example:
        >>> slice_list([1, 2, 3, 4], [1, 3])
        [[1], [2, 3, 4]]
    """
    if isinstance(lens, int):
        assert len(in_list) % lens == 0, (
            f"lens must divide the length of in_list, but {lens} does not divide {len(in_list)}"
        )
        lens = [lens] * (len(in_list) // lens)
    if not isinstance(lens, list):
        raise TypeError(f"lens must be an integer or a list of integers, but got {type(lens)}")
    if sum(lens) != len(in_list):
        raise ValueError(
            f"sum of lens and list length does not match: {sum(lens)} != {len(in_list)}"
        )
    ends = list(itertools.accumulate(lens))
    return [in_list[end - size : end] for end, size in zip(ends, lens, strict=True)]


def concat_list(in_list: Iterable[Iterable[Any]]) -> list[Any]:
    """Join lists into one.

    Args:
        in_list (list of list): The lists.

    Returns:
        list: Their items.

    Example:
        >>> concat_list([[1], [2, 3]])
        [1, 2, 3]
    """
    return list(itertools.chain.from_iterable(in_list))


def has_method(obj: object, method: str) -> bool:
    """Tell whether an object has a method.

    Args:
        obj (object): The object.
        method (str): Name of the method.

    Returns:
        bool: Whether the attribute exists and can be called.

    Example:
        >>> has_method([], "append"), has_method(1, "real")
        (True, False)
    """
    return callable(getattr(obj, method, None))


def is_method_overridden(method: str, base_class: type, derived_class: type | Any) -> bool:
    """Tell whether a class replaces a method of its base class.

    Args:
        method (str): Name of the method.
        base_class (type): The class that defines it first.
        derived_class (type or object): The class below it, or an instance of that.

    Returns:
        bool: Whether the method is replaced.

    Raises:
        AssertionError: If ``base_class`` is not a class.
        AttributeError: If the base class has no such method.

    Example:
        >>> class Base:
        ...     def run(self): ...
        >>> class Derived(Base):
        ...     def run(self): ...
        >>> is_method_overridden("run", Base, Derived)
        True
    """
    assert isinstance(base_class, type), (
        f"base_class must be a class, but got the instance {base_class!r}"
    )
    if not isinstance(derived_class, type):
        derived_class = type(derived_class)
    of_base, of_derived = getattr(base_class, method), getattr(derived_class, method)
    # A class method is a new object at each look, bound to the class: the function tells.
    return getattr(of_derived, "__func__", of_derived) is not getattr(of_base, "__func__", of_base)


def import_modules_from_strings(
    imports: list[str] | str | None, allow_failed_imports: bool = False
) -> list[ModuleType | None] | ModuleType | None:
    """Import modules by their names.

    Args:
        imports (list of str or str, optional): Names of the modules.
        allow_failed_imports (bool): Warn and put None in place of a module that does not import.

    Returns:
        list or module or None: A list for a list, a module for a string, None for nothing.

    Raises:
        TypeError: If ``imports`` or one of its items has another type.
        ImportError: If a module does not import.

    Example:
        >>> path, math = import_modules_from_strings(["os.path", "math"])
        >>> math.sqrt(4)
        2.0
    """
    if not imports:
        return None
    if isinstance(imports, str):
        return _import_one(imports, allow_failed_imports)
    if not isinstance(imports, list):
        raise TypeError(f"custom_imports must be a list but got type {type(imports)}")
    return [_import_one(name, allow_failed_imports) for name in imports]


def _import_one(name: str, allow_failure: bool) -> ModuleType | None:
    if not isinstance(name, str):
        raise TypeError(f"{name!r} is of type {type(name)} and cannot be imported.")
    try:
        return importlib.import_module(name)
    except ImportError as error:
        if not allow_failure:
            raise ImportError(f"Failed to import {name}: {error}", name=error.name) from error
        warnings.warn(f"{name} failed to import and is ignored: {error}", stacklevel=3)
        return None


def get_object_from_string(obj_name: str) -> Any:
    """Return the object that a dotted name means, importing the modules on the way.

    Args:
        obj_name (str): Name such as ``collections.OrderedDict.fromkeys``.

    Returns:
        object: The object, or None where there is none.

    Example:
        >>> get_object_from_string("math.pi")
        3.141592653589793
    """
    parts = obj_name.split(".")
    found: Any = None
    for index, part in enumerate(parts):
        if hasattr(found, part):
            found = getattr(found, part)
        elif found is None or isinstance(found, ModuleType):
            found = _import_if_there(".".join(parts[: index + 1]))
        else:
            found = None
        if found is None:
            return None
    return found


def _import_if_there(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name) if find_spec(name) is not None else None
    except ModuleNotFoundError:
        return None


def apply_to(data: Any, expr: Callable[[Any], bool], apply_func: Callable[[Any], Any]) -> Any:
    """Replace the values inside nested containers that meet a condition.

    Args:
        data: A value, or dicts, lists and tuples of values at any depth.
        expr (Callable): Condition on a value.
        apply_func (Callable): Makes the new value.

    Returns:
        Same types as ``data``: The containers with the new values.

    Example:
        >>> apply_to({"a": [1, "x"]}, lambda v: isinstance(v, int), lambda v: v + 1)
        {'a': [2, 'x']}
    """
    if isinstance(data, collections.abc.Mapping):
        items = {key: apply_to(value, expr, apply_func) for key, value in data.items()}
        if isinstance(data, collections.defaultdict):
            return type(data)(data.default_factory, items)
        return type(data)(items)  # type: ignore[call-arg]
    if isinstance(data, tuple) and hasattr(data, "_fields"):
        return type(data)(*(apply_to(value, expr, apply_func) for value in data))
    if isinstance(data, (tuple, list)):
        return type(data)(apply_to(value, expr, apply_func) for value in data)
    return apply_func(data) if expr(data) else data
