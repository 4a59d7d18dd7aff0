"""A container of tensors with metainfo, that acts on all of its tensors at once."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from typing_extensions import Self

_FIELDS = ("_metainfo_fields", "_data_fields")


class BaseDataElement:
    """Data, such as boxes or scores, with metainfo, such as the shape of their image.

    Both are attributes of the object. Metainfo is copied when it is set and is not touched by
    tensor-like methods, which act on the tensors among the data and on elements nested in it.

    Args:
        metainfo (dict, optional): What describes the data. Defaults to None.
        **kwargs: The data.

    Raises:
        AssertionError: If ``metainfo`` is not a dict.
        AttributeError: If a name is both metainfo and data.

    Example:
        >>> sample = BaseDataElement(metainfo=dict(img_shape=(4, 6)), scores=torch.ones(2))
        >>> sample.keys(), sample.metainfo_keys()
        (['scores'], ['img_shape'])
        >>> sample.bboxes = torch.zeros(2, 4)
        >>> "bboxes" in sample, sample.get("masks") is None
        (True, True)
        >>> sample.to(torch.float16).scores.dtype
        torch.float16
    """

    # Field names in the order in which they were set.
    _metainfo_fields: dict[str, None]
    _data_fields: dict[str, None]

    def __init__(self, *, metainfo: dict[str, Any] | None = None, **kwargs: Any) -> None:
        self._metainfo_fields = {}
        self._data_fields = {}
        if metainfo is not None:
            self.set_metainfo(metainfo)
        if kwargs:
            self.set_data(kwargs)

    def set_metainfo(self, metainfo: dict[str, Any]) -> None:
        """Set or change metainfo.

        Args:
            metainfo (dict): Metainfo by name; it is copied.

        Raises:
            AssertionError: If ``metainfo`` is not a dict.
            AttributeError: If one of the names is data.
        """
        assert isinstance(metainfo, dict), (
            f"metainfo must be a dict, but got {type(metainfo).__name__}"
        )
        for name, value in copy.deepcopy(metainfo).items():
            self.set_field(value, name, field_type="metainfo")

    def set_data(self, data: dict[str, Any]) -> None:
        """Set or change data.

        Args:
            data (dict): Data by name.

        Raises:
            AssertionError: If ``data`` is not a dict.
            AttributeError: If one of the names is metainfo.
        """
        assert isinstance(data, dict), f"data must be a dict, but got {type(data).__name__}"
        for name, value in data.items():
            # As if assigned, so that a property of a subclass is used.
            setattr(self, name, value)

    def update(self, instance: BaseDataElement) -> None:
        """Take over metainfo and data of another element.

        Args:
            instance (BaseDataElement): The other element.

        Raises:
            AssertionError: If ``instance`` is not a :class:`BaseDataElement`.
        """
        assert isinstance(instance, BaseDataElement), (
            f"instance must be a BaseDataElement, but got {type(instance).__name__}"
        )
        self.set_metainfo(dict(instance.metainfo_items()))
        self.set_data(dict(instance.items()))

    def new(self, *, metainfo: dict[str, Any] | None = None, **kwargs: Any) -> Self:
        """Return an element of the same type.

        Args:
            metainfo (dict, optional): Its metainfo; that of this element if None.
            **kwargs: Its data; that of this element, not copied, if there are none.

        Returns:
            BaseDataElement: The new element.

        Example:
            >>> first = BaseDataElement(metainfo=dict(id=1), scores=torch.ones(2))
            >>> first.new(metainfo=dict(id=2)).keys()
            ['scores']
        """
        new = self.__class__()
        new.set_metainfo(dict(self.metainfo_items()) if metainfo is None else metainfo)
        new.set_data(kwargs or dict(self.items()))
        return new

    def clone(self) -> Self:
        """Return a deep copy; tensors stay part of their graph.

        Returns:
            BaseDataElement: The copy.

        Example:
            >>> sample = BaseDataElement(scores=torch.ones(2))
            >>> sample.clone().scores is sample.scores
            False
        """
        return copy.deepcopy(self)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        clone = self.__class__.__new__(self.__class__)
        memo[id(self)] = clone
        for name, value in vars(self).items():
            object.__setattr__(clone, name, _deep_copy(value, memo))
        return clone

    def keys(self) -> list[Any]:
        """Return the names of the data.

        Returns:
            list[str]: The names; a field behind a property goes by the property's name.
        """
        # `self.scores` may be a property that stores `_scores`: that is one field, not two.
        return [name for name in self._data_fields if not self._is_behind_property(name)]

    def _is_behind_property(self, name: str) -> bool:
        return (
            name.startswith("_")
            and name[1:] in self._data_fields
            and isinstance(getattr(type(self), name[1:], None), property)
        )

    def metainfo_keys(self) -> list[Any]:
        """Return the names of the metainfo.

        Returns:
            list[str]: The names.
        """
        return list(self._metainfo_fields)

    def values(self) -> list[Any]:
        """Return the data.

        Returns:
            list: The values, in the order of :meth:`keys`.
        """
        return [getattr(self, name) for name in self.keys()]

    def metainfo_values(self) -> list[Any]:
        """Return the metainfo.

        Returns:
            list: The values, in the order of :meth:`metainfo_keys`.
        """
        return [getattr(self, name) for name in self.metainfo_keys()]

    def all_keys(self) -> list[Any]:
        """Return the names of metainfo and data.

        Returns:
            list[str]: The names, metainfo first.
        """
        return self.metainfo_keys() + self.keys()

    def all_values(self) -> list[Any]:
        """Return metainfo and data.

        Returns:
            list: The values, in the order of :meth:`all_keys`.
        """
        return self.metainfo_values() + self.values()

    def items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over the data.

        Yields:
            tuple[str, Any]: Name and value.
        """
        for name in self.keys():
            yield name, getattr(self, name)

    def metainfo_items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over the metainfo.

        Yields:
            tuple[str, Any]: Name and value.
        """
        for name in self.metainfo_keys():
            yield name, getattr(self, name)

    def all_items(self) -> Iterator[tuple[str, Any]]:
        """Iterate over metainfo, then data.

        Yields:
            tuple[str, Any]: Name and value.
        """
        yield from self.metainfo_items()
        yield from self.items()

    @property
    def metainfo(self) -> dict[str, Any]:
        """dict: The metainfo by name."""
        return dict(self.metainfo_items())

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _FIELDS:
            if name in vars(self):
                raise AttributeError(f"{name} is kept by {type(self).__name__} and cannot be set")
            super().__setattr__(name, value)
        else:
            self.set_field(value, name)

    def __delattr__(self, name: str) -> None:
        if name in _FIELDS:
            raise AttributeError(f"{name} is kept by {type(self).__name__} and cannot be deleted")
        super().__delattr__(name)
        self._metainfo_fields.pop(name, None)
        self._data_fields.pop(name, None)

    __delitem__ = __delattr__

    def get(self, key: str, default: Any = None) -> Any:
        """Return metainfo or data.

        Args:
            key (str): Its name.
            default (Any): What to return if there is none. Defaults to None.

        Returns:
            Any: The value.
        """
        return getattr(self, key, default)

    def pop(self, *args: Any) -> Any:
        """Remove metainfo or data and return it.

        Args:
            *args: Its name and, optionally, what to return if there is none.

        Returns:
            Any: The value.

        Raises:
            KeyError: If there is none and no default.
            AssertionError: If there are no or more than two arguments.

        Example:
            >>> sample = BaseDataElement(scores=torch.ones(2))
            >>> sample.pop("scores"), sample.pop("scores", None)
            (tensor([1., 1.]), None)
        """
        assert 1 <= len(args) <= 2, f"pop takes a name and a default, but got {len(args)} arguments"
        name = args[0]
        if name in self:
            value = getattr(self, name)
            delattr(self, name)
            return value
        if len(args) == 2:
            return args[1]
        raise KeyError(f"{name!r} is neither metainfo nor data: there are {self.all_keys()}")

    def __contains__(self, item: str) -> bool:
        return item in self._data_fields or item in self._metainfo_fields

    def set_field(
        self,
        value: Any,
        name: str,
        dtype: type | tuple[type, ...] | None = None,
        field_type: str = "data",
    ) -> None:
        """Set one piece of data or metainfo; for the setters of properties in subclasses.

        Args:
            value (Any): The value.
            name (str): Its name.
            dtype (type or tuple[type], optional): Types that ``value`` may have. Defaults to None.
            field_type (str): ``'data'`` or ``'metainfo'``. Defaults to ``'data'``.

        Raises:
            AssertionError: If ``value`` is not of ``dtype``, or ``field_type`` is another.
            AttributeError: If the name is taken by the other kind.

        Example:
            >>> class Sample(BaseDataElement):
            ...     @property
            ...     def boxes(self):
            ...         return self._boxes
            ...     @boxes.setter
            ...     def boxes(self, value):
            ...         self.set_field(value, "_boxes", dtype=torch.Tensor)
            >>> Sample(boxes=torch.zeros(1, 4)).keys()
            ['boxes']
        """
        assert field_type in ("data", "metainfo"), (
            f"field_type must be 'data' or 'metainfo', but got {field_type!r}"
        )
        if dtype is not None:
            assert isinstance(value, dtype), (
                f"{name} must be of type {dtype}, but got {type(value).__name__}"
            )
        own, other, other_type = self._data_fields, self._metainfo_fields, "metainfo"
        if field_type == "metainfo":
            own, other, other_type = other, own, "data"
        if name in other:
            raise AttributeError(
                f"{name} cannot be set as {field_type} of {type(self).__name__}: "
                f"it is {other_type} already"
            )
        object.__setattr__(self, name, value)
        own[name] = None

    def _map(self, kind: type, function: Callable[[Any], Any]) -> Self:
        """Return a new element with a function applied to data of one type, nested included."""
        data = {}
        for name, value in self.items():
            if isinstance(value, kind):
                value = function(value)
            elif isinstance(value, BaseDataElement):
                value = value._map(kind, function)
            data[name] = value
        return self.new(**data)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """Call :meth:`torch.Tensor.to` of every tensor.

        Args:
            *args: Its arguments.
            **kwargs: Its keyword arguments.

        Returns:
            BaseDataElement: A new element.
        """
        return self._map(torch.Tensor, lambda tensor: tensor.to(*args, **kwargs))

    def pin_memory(self) -> Self:
        """Copy every tensor to pinned memory, as a dataloader with ``pin_memory`` asks for.

        Returns:
            BaseDataElement: A new element.
        """
        return self._map(torch.Tensor, lambda tensor: tensor.pin_memory())

    def cpu(self) -> Self:
        """Move every tensor to the CPU.

        Returns:
            BaseDataElement: A new element.
        """
        return self.to("cpu")

    def cuda(self) -> Self:
        """Move every tensor to the current GPU.

        Returns:
            BaseDataElement: A new element.
        """
        return self._map(torch.Tensor, lambda tensor: tensor.cuda())

    def npu(self) -> Self:
        """Move every tensor to the current NPU.

        Returns:
            BaseDataElement: A new element.
        """
        return self.to("npu")

    def mlu(self) -> Self:
        """Move every tensor to the current MLU.

        Returns:
            BaseDataElement: A new element.
        """
        return self.to("mlu")

    def musa(self) -> Self:
        """Move every tensor to the current MUSA device.

        Returns:
            BaseDataElement: A new element.
        """
        return self.to("musa")

    def detach(self) -> Self:
        """Detach every tensor from its graph.

        Returns:
            BaseDataElement: A new element.
        """
        return self._map(torch.Tensor, lambda tensor: tensor.detach())

    def numpy(self) -> Self:
        """Turn every tensor into a numpy array.

        Returns:
            BaseDataElement: A new element.

        Example:
            >>> BaseDataElement(scores=torch.ones(2)).numpy().scores
            array([1., 1.], dtype=float32)
        """
        return self._map(torch.Tensor, lambda tensor: tensor.detach().cpu().numpy())

    def to_tensor(self) -> Self:
        """Turn every numpy array into a tensor that shares its memory.

        Returns:
            BaseDataElement: A new element.
        """
        return self._map(np.ndarray, torch.from_numpy)

    def to_dict(self) -> dict[str, Any]:
        """Return metainfo and data as one dict, nested elements too.

        Returns:
            dict: The values by name.

        Example:
            >>> BaseDataElement(metainfo=dict(id=1), inner=BaseDataElement(x=2)).to_dict()
            {'id': 1, 'inner': {'x': 2}}
        """
        return {
            name: value.to_dict() if isinstance(value, BaseDataElement) else value
            for name, value in self.all_items()
        }

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__}(\n\n    META INFORMATION{_section(self.metainfo_items())}"
            f"\n\n    DATA FIELDS{_section(self.items())}\n) at {hex(id(self))}>"
        )


def _section(items: Iterator[tuple[str, Any]]) -> str:
    return "".join("\n    " + _indented(_line(name, value)) for name, value in items)


def _line(name: str, value: Any) -> str:
    if not isinstance(value, dict):
        return f"{name}: {_indented(repr(value))}"
    lines = "".join("\n" + _line(*item) for item in value.items())
    return f"{name}: {_indented(lines)}"


def _indented(text: str) -> str:
    return text.replace("\n", "\n    ")


def _deep_copy(value: Any, memo: dict[int, Any]) -> Any:
    """Copy deeply; a tensor inside a graph, which torch refuses to copy so, is cloned."""
    if id(value) in memo:
        return memo[id(value)]
    if isinstance(value, torch.Tensor) and value.grad_fn is not None:
        return memo.setdefault(id(value), value.clone())
    if type(value) is dict:
        items: dict[str, Any] = memo.setdefault(id(value), {})
        items.update((_deep_copy(k, memo), _deep_copy(v, memo)) for k, v in value.items())
        return items
    if type(value) is list:
        entries: list[Any] = memo.setdefault(id(value), [])
        entries.extend(_deep_copy(item, memo) for item in value)
        return entries
    if type(value) is tuple:
        return memo.setdefault(id(value), tuple(_deep_copy(item, memo) for item in value))
    return copy.deepcopy(value, memo)
