"""The history of one logged value, cheap to append to and cheap to read."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from .device_blocks import DeviceBlocks

# Values wait in a Python list and move to arrays in blocks of this size: large enough to make the
# move cheap per value, small enough that a run which nobody reads holds few Python objects.
_BLOCK = 256

_NUMBERS = frozenset((float, int))


class HistoryBuffer:
    """Unified storage format for different log types.

    Appending costs the same at any length. A tensor is accepted on any device without reading
    its value on the host: it stays on its device until a statistic is read.

    Args:
        log_history (Sequence): History of values. Defaults to [].
        count_history (Sequence): Count of each value, used as weight by :meth:`mean`.
            Defaults to [].
        max_length (int): Most values kept; the oldest go first. Defaults to 1000000.

    Raises:
        AssertionError: If the two histories differ in length.
        TypeError: If ``max_length`` is not an int.
        ValueError: If ``max_length`` is less than 1.

    Example:
        >>> history_buffer = HistoryBuffer()
        >>> history_buffer.update(1)
        >>> history_buffer.update(2)
        >>> float(history_buffer.min()), float(history_buffer.max())
        (1.0, 2.0)
        >>> float(history_buffer.mean())
        1.5
        >>> float(history_buffer.statistics("mean"))
        1.5
    """

    _statistics_methods: dict[str, Callable[..., Any]] = {}

    def __init__(
        self,
        log_history: Sequence[Any] | np.ndarray = [],  # noqa: B006 - documented, never changed
        count_history: Sequence[Any] | np.ndarray = [],  # noqa: B006
        max_length: int = 1000000,
    ) -> None:
        self._max_length = _checked_length(max_length)
        # Of more dimensions are the histories of several runs, one after the other.
        log_history, count_history = np.ravel(log_history), np.ravel(count_history)
        assert len(log_history) == len(count_history), (
            "log_history and count_history must have the same length, "
            f"but got {len(log_history)} and {len(count_history)}"
        )
        if len(log_history) > max_length:
            warnings.warn(
                f"log_history has {len(log_history)} values, more than max_length={max_length}: "
                "the oldest are dropped",
                stacklevel=2,
            )
            log_history = log_history[-max_length:]
            count_history = count_history[-max_length:]
        # Values [first, end) of everything ever appended are kept, at the start of the arrays.
        self._first = 0
        self._end = len(log_history)
        self._flushed = self._end
        self._waiting_logs: list[Any] = []
        self._waiting_counts: list[Any] = []
        self._has_tensors = False
        self._blocks: dict[torch.device, DeviceBlocks] = {}
        # A copy, or the caller's own array would be written to as the history grows.
        self._logs = np.array(log_history)
        self._counts = np.array(count_history)

    @property
    def max_length(self) -> int:
        """int: Most values kept; a greater one does not bring back what was dropped."""
        return self._max_length

    @max_length.setter
    def max_length(self, max_length: int) -> None:
        max_length = _checked_length(max_length)
        self._settle()
        kept = min(self._end - self._first, self._max_length)
        self._refit(kept, kept, self._logs.dtype, self._counts.dtype)
        self._max_length = max_length

    @classmethod
    def starting_with(cls, log_val: Any, count: Any = 1) -> HistoryBuffer:
        """Return a history of one value whose arrays have that value's own type.

        Args:
            log_val (int | float | torch.Tensor): The value; a tensor is not read on the host.
            count (int): Its count. Defaults to 1.

        Returns:
            HistoryBuffer: The new buffer.

        Example:
            >>> HistoryBuffer.starting_with(3).data
            (array([3]), array([1]))
        """
        buffer = cls()
        # Boolean is the type that every other one replaces when it is promoted.
        buffer._logs = np.empty(0, dtype=np.bool_)
        buffer._counts = np.empty(0, dtype=np.bool_)
        buffer.update(log_val, count)
        return buffer

    def update(self, log_val: Any, count: Any = 1) -> None:
        """Append a value.

        Args:
            log_val (int | float | torch.Tensor): The value; a tensor of one element on any
                device is kept there and not read on the host.
            count (int): Its count, a weight for :meth:`mean`. Defaults to 1.

        Raises:
            TypeError: If ``log_val`` is not a number or a tensor of one element, or ``count`` is
                not a number.
        """
        if type(log_val) not in _NUMBERS:
            log_val = self._accept(log_val, "log_val")
        if type(count) not in _NUMBERS:
            count = self._accept(count, "count")
        waiting = self._waiting_logs
        waiting.append(log_val)
        self._waiting_counts.append(count)
        if len(waiting) >= _BLOCK:
            self._settle()

    def _accept(self, value: Any, name: str) -> Any:
        """Turn what is not a plain number into what may wait, or raise ``TypeError``."""
        if isinstance(value, torch.Tensor):
            if name == "log_val" and (value.dim() == 0 or value.numel() == 1):
                self._has_tensors = True
                # A loss belongs to its graph and nobody changes it in place, so letting go of the
                # graph is enough; a buffer may be overwritten before it is read.
                value = value.clone() if value.grad_fn is None else value
                value = value.detach() if value.requires_grad else value
                return value.reshape(()) if value.dim() else value
        elif isinstance(value, (int, float)):
            return value
        shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
        expected = (
            "a number or a tensor of one element" if name == "log_val" else "an int or a float"
        )
        raise TypeError(f"{name} must be {expected}, but got {type(value).__name__}{shape}")

    def _settle(self) -> None:
        """Move the waiting values to the arrays; tensors move to a block on their device."""
        logs = self._waiting_logs
        if not logs:
            return
        new_logs = self._settle_tensors(logs) if self._has_tensors else np.array(logs)
        new_counts = np.array(self._waiting_counts)
        self._waiting_logs = []
        self._waiting_counts = []
        self._append(new_logs, new_counts)

    def _settle_tensors(self, values: list[Any]) -> np.ndarray:
        """Put the tensors of ``values`` into blocks and leave 0 in their places."""
        self._has_tensors = False
        if all(isinstance(value, torch.Tensor) for value in values):
            devices = {value.device for value in values}
            if len(devices) == 1:
                blocks = self._blocks.setdefault(devices.pop(), DeviceBlocks())
                places = list(range(self._end, self._end + len(values)))
                return np.zeros(len(values), float if blocks.add(places, values) else int)
        by_device: dict[torch.device, tuple[list[int], list[torch.Tensor]]] = {}
        numbers: list[Any] = []
        for position, value in enumerate(values, self._end):
            if isinstance(value, torch.Tensor):
                positions, tensors = by_device.setdefault(value.device, ([], []))
                positions.append(position)
                tensors.append(value)
                # The 0 that leaves the dtype to the numbers beside it.
                value = False
            numbers.append(value)
        logs = np.array(numbers)
        for device, (positions, tensors) in by_device.items():
            blocks = self._blocks.setdefault(device, DeviceBlocks())
            logs = logs + (0.0 if blocks.add(positions, tensors) else 0)
        return logs

    def _append(self, logs: np.ndarray, counts: np.ndarray) -> None:
        kept = self._end - self._first
        used = kept + len(logs)
        log_dtype = np.result_type(self._logs.dtype, logs.dtype)
        count_dtype = np.result_type(self._counts.dtype, counts.dtype)
        if (
            used > len(self._logs)
            or log_dtype != self._logs.dtype
            or count_dtype != self._counts.dtype
        ):
            # Fresh arrays, so that what `data` has handed out never changes.
            kept = min(kept, max(self._max_length - len(logs), 0))
            self._refit(kept, max(2 * (kept + len(logs)), _BLOCK), log_dtype, count_dtype)
        self._logs[kept : kept + len(logs)] = logs
        self._counts[kept : kept + len(logs)] = counts
        self._end += len(logs)

    def _refit(self, kept: int, size: int, log_dtype: Any, count_dtype: Any) -> None:
        """Move the last ``kept`` values to arrays of ``size`` places and forget the others."""
        self._logs = self._grown(self._logs, kept, size, log_dtype)
        self._counts = self._grown(self._counts, kept, size, count_dtype)
        self._first = self._end - kept
        for device in list(self._blocks):
            if not self._blocks[device].drop_before(self._first):
                del self._blocks[device]

    def _grown(self, array: np.ndarray, kept: int, size: int, dtype: Any) -> np.ndarray:
        grown = np.empty(size, dtype=dtype)
        end = self._end - self._first
        grown[:kept] = array[end - kept : end]
        return grown

    def device_values(self) -> dict[torch.device, torch.Tensor]:
        """Return the values that are still on a device, one tensor each, without reading them.

        Returns:
            dict[torch.device, torch.Tensor]: 1-d tensors, to be handed to :meth:`receive` once
            they are on the host.
        """
        self._settle()
        return {device: blocks.joined() for device, blocks in self._blocks.items()}

    def receive(self, device: torch.device, values: np.ndarray) -> None:
        """Take the host copy of what :meth:`device_values` returned for ``device``.

        Args:
            device (torch.device): Where the values were.
            values (np.ndarray): The same values in the same order.
        """
        positions = self._blocks.pop(device).positions() - self._first
        known = positions >= 0
        # Assigning to arrays that `data` has handed out is safe: it calls this first.
        self._logs[positions[known]] = values[known]

    def _fetch(self) -> None:
        """Bring every value to the host."""
        for device, values in self.device_values().items():
            self.receive(device, values.cpu().numpy())

    def new_values(self) -> np.ndarray:
        """Return the values appended since the last call; tensors are read on the host.

        Returns:
            np.ndarray: Shape (N,), at most ``max_length`` values.

        Example:
            >>> history_buffer = HistoryBuffer()
            >>> history_buffer.update(0.5)
            >>> history_buffer.new_values(), history_buffer.new_values()
            (array([0.5]), array([], dtype=float64))
        """
        history = self._log_history
        new = self._end - self._flushed
        self._flushed = self._end
        return history[max(len(history) - new, 0) :]

    @property
    def _log_history(self) -> np.ndarray:
        if self._waiting_logs or self._blocks:
            self._fetch()
        return self._logs[self._start() : self._end - self._first]

    @property
    def _count_history(self) -> np.ndarray:
        self._settle()
        return self._counts[self._start() : self._end - self._first]

    def _start(self) -> int:
        return max(self._end - self._first - self._max_length, 0)

    @property
    def data(self) -> tuple[np.ndarray, np.ndarray]:
        """tuple[np.ndarray, np.ndarray]: The values and their counts, each of shape (N,)."""
        return self._log_history, self._count_history

    @classmethod
    def register_statistics(cls, method: Callable[..., Any]) -> Callable[..., Any]:
        """Make a function available to :meth:`statistics` under its name.

        Args:
            method (Callable): A function whose first argument is the buffer.

        Returns:
            Callable: The function itself.

        Raises:
            AssertionError: If the name is taken.

        Example:
            >>> @HistoryBuffer.register_statistics
            ... def spread(self, window_size):
            ...     return np.ptp(self.data[0][-window_size:])
            >>> float(HistoryBuffer([1, 5, 4], [1, 1, 1]).statistics("spread", 2))
            1.0
            >>> _ = HistoryBuffer._statistics_methods.pop("spread")
        """
        name = method.__name__
        assert name not in cls._statistics_methods, (
            f"the statistics method {name!r} is registered already"
        )
        cls._statistics_methods[name] = method
        return method

    def statistics(self, method_name: str, *arg: Any, **kwargs: Any) -> Any:
        """Call a statistics method by name.

        Args:
            method_name (str): ``min``, ``max``, ``mean``, ``current`` or a registered name.
            *arg: Arguments of the method.
            **kwargs: Keyword arguments of the method.

        Returns:
            Any: What the method returns.

        Raises:
            KeyError: If there is no such method.
        """
        if method_name not in self._statistics_methods:
            raise KeyError(
                f"{method_name!r} is not a registered statistics method of HistoryBuffer: there "
                f"are {sorted(self._statistics_methods)}"
            )
        return self._statistics_methods[method_name](self, *arg, **kwargs)

    def _window(self, window_size: int | None) -> slice:
        if window_size is None:
            return slice(None)
        assert isinstance(window_size, int), (
            f"window_size must be an int or None, but got {type(window_size).__name__}"
        )
        return slice(-window_size, None)

    def mean(self, window_size: int | None = None) -> np.ndarray:
        """Return the sum of the latest values over the sum of their counts.

        Args:
            window_size (int, optional): How many of the latest values; all if None or longer than
                the history.

        Returns:
            np.ndarray: The mean, a numpy scalar.

        Raises:
            AssertionError: If ``window_size`` is not an int.
        """
        window = self._window(window_size)
        result: np.ndarray = self._log_history[window].sum() / self._count_history[window].sum()
        return result

    def max(self, window_size: int | None = None) -> np.ndarray:
        """Return the greatest of the latest values.

        Args:
            window_size (int, optional): How many of the latest values; all if None or longer than
                the history.

        Returns:
            np.ndarray: The maximum, a numpy scalar.

        Raises:
            AssertionError: If ``window_size`` is not an int.
            ValueError: If the history is empty.
        """
        result: np.ndarray = self._log_history[self._window(window_size)].max()
        return result

    def min(self, window_size: int | None = None) -> np.ndarray:
        """Return the least of the latest values.

        Args:
            window_size (int, optional): How many of the latest values; all if None or longer than
                the history.

        Returns:
            np.ndarray: The minimum, a numpy scalar.

        Raises:
            AssertionError: If ``window_size`` is not an int.
            ValueError: If the history is empty.
        """
        result: np.ndarray = self._log_history[self._window(window_size)].min()
        return result

    def current(self) -> np.ndarray:
        """Return the latest value.

        Returns:
            np.ndarray: The value, a numpy scalar.

        Raises:
            ValueError: If the history is empty.
        """
        history = self._log_history
        if not len(history):
            raise ValueError("the HistoryBuffer is empty: call update() before current()")
        result: np.ndarray = history[-1]
        return result

    def __reduce__(self) -> tuple[Any, ...]:
        logs, counts = self.data
        return type(self), (logs.copy(), counts.copy(), self.max_length)


def _checked_length(max_length: int) -> int:
    if not isinstance(max_length, int):
        raise TypeError(f"max_length must be an int, but got {type(max_length).__name__}")
    if max_length < 1:
        raise ValueError(f"max_length must be at least 1, but got {max_length}")
    return max_length


for _method in (HistoryBuffer.min, HistoryBuffer.max, HistoryBuffer.current, HistoryBuffer.mean):
    HistoryBuffer.register_statistics(_method)
