"""What the components of a run tell each other: logged values and runtime information."""

from __future__ import annotations

import copy
import logging
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mmlight.utils import ManagerMixin

from .history_buffer import HistoryBuffer
from .logger import print_log
from .plain_state import from_plain, history_from_state, history_to_state, to_plain

if TYPE_CHECKING:
    from typing_extensions import Self

_NUMBERS = frozenset((float, int))
_IMMUTABLE = (str, bytes, int, float, bool, type(None))


class MessageHub(ManagerMixin):
    """Message hub for component interaction, found by its instance name.

    Logged values, such as losses and learning rates, are kept as :class:`HistoryBuffer`; runtime
    information, such as the iteration, is overwritten by its next update.

    Args:
        name (str): Name of the instance.
        log_scalars (dict, optional): :class:`HistoryBuffer` of each logged value.
            Defaults to None.
        runtime_info (dict, optional): Runtime information. Defaults to None.
        resumed_keys (dict, optional): Whether each key is part of :meth:`state_dict`.
            Defaults to None.

    Raises:
        TypeError: If one of the three is not a dict.
        AssertionError: If a value of ``log_scalars`` is not a :class:`HistoryBuffer`, or a key of
            ``resumed_keys`` is in neither of the others.

    Example:
        >>> hub = MessageHub("docs", log_scalars={"loss": HistoryBuffer([1.0], [1])})
        >>> hub.update_scalar("loss", 3.0)
        >>> float(hub.get_scalar("loss").mean())
        2.0
    """

    def __init__(
        self,
        name: str,
        log_scalars: dict[str, Any] | None = None,
        runtime_info: dict[str, Any] | None = None,
        resumed_keys: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(name)
        self._log_scalars: OrderedDict[str, HistoryBuffer] = _as_dict("log_scalars", log_scalars)
        self._runtime_info: OrderedDict[str, Any] = _as_dict("runtime_info", runtime_info)
        self._resumed_keys: OrderedDict[str, bool] = _as_dict("resumed_keys", resumed_keys)
        for key, value in self._log_scalars.items():
            assert isinstance(value, HistoryBuffer), (
                f"log_scalars[{key!r}] must be a HistoryBuffer, but got {type(value).__name__}"
            )
        for key in self._resumed_keys:
            assert key in self._log_scalars or key in self._runtime_info, (
                f"resumed_keys has {key!r}, which is in neither log_scalars nor runtime_info"
            )

    @classmethod
    def get_current_instance(cls) -> Self:
        """Return the hub of the run that executes, or else the one created last.

        If there is none, a new one called ``mmengine`` is created.

        Example:
            >>> isinstance(MessageHub.get_current_instance(), MessageHub)
            True
        """
        if not cls._instance_dict:
            cls.get_instance("mmengine")
        return super().get_current_instance()

    def update_scalar(self, key: str, value: Any, count: Any = 1, resumed: bool = True) -> None:
        """Append a value to the history of ``key``, which is created if there is none.

        A tensor is kept on its device; its value is read when somebody asks for a statistic.

        Args:
            key (str): Name of the value.
            value (int | float | torch.Tensor | np.ndarray): A number or one element.
            count (int | float | torch.Tensor | np.ndarray): Weight of the value in a mean.
                Defaults to 1.
            resumed (bool): Whether the history is part of :meth:`state_dict`. Defaults to True.

        Raises:
            AssertionError: If ``value`` is not one number, or ``resumed`` differs from an earlier
                call with this key.

        Example:
            >>> hub = MessageHub("docs")
            >>> hub.update_scalar("loss", 1)
            >>> hub.update_scalar("loss", torch.tensor(3.0))
            >>> hub.get_scalar("loss").data[0]
            array([1., 3.])
        """
        if type(value) not in _NUMBERS:
            value = _one_number(key, "value", value)
        if type(count) not in _NUMBERS:
            count = _one_number(key, "count", count)
            count = count.item() if isinstance(count, torch.Tensor) else count
        if self._resumed_keys.get(key) is not resumed:
            self._set_resumed(key, resumed)
        buffer = self._log_scalars.get(key)
        if buffer is None:
            self._log_scalars[key] = HistoryBuffer.starting_with(value, count)
        else:
            buffer.update(value, count)

    def update_scalars(self, log_dict: dict[str, Any], resumed: bool = True) -> None:
        """Call :meth:`update_scalar` for each item of a dict.

        Args:
            log_dict (dict): Values, or dicts ``dict(value=...)`` or ``dict(value=..., count=...)``.
            resumed (bool): Whether the histories are part of :meth:`state_dict`. Defaults to True.

        Raises:
            AssertionError: If ``log_dict`` is not a dict, or an item of it has no ``value``.

        Example:
            >>> hub = MessageHub("docs")
            >>> hub.update_scalars({"loss": 1, "acc": dict(value=1, count=2)})
            >>> hub.get_scalar("acc").data[1]
            array([2])
        """
        _check_dict("log_dict", log_dict)
        for key, value in log_dict.items():
            if not isinstance(value, dict):
                self.update_scalar(key, value, 1, resumed)
                continue
            assert "value" in value, (
                f"log_dict[{key!r}] must have the key 'value', but got the keys {list(value)}"
            )
            self.update_scalar(key, value["value"], value.get("count", 1), resumed)

    def update_info(self, key: str, value: Any, resumed: bool = True) -> None:
        """Set runtime information.

        Args:
            key (str): Name of the information.
            value (Any): What it is from now on.
            resumed (bool): Whether it is part of :meth:`state_dict`. Defaults to True.

        Raises:
            AssertionError: If ``resumed`` differs from an earlier call with this key.

        Example:
            >>> hub = MessageHub("docs")
            >>> hub.update_info("iter", 100)
            >>> hub.get_info("iter")
            100
        """
        if self._resumed_keys.get(key) is not resumed:
            self._set_resumed(key, resumed)
        self._runtime_info[key] = value

    def pop_info(self, key: str, default: Any = None) -> Any:
        """Remove runtime information.

        Args:
            key (str): Name of the information.
            default (Any): What to return if there is none. Defaults to None.

        Returns:
            Any: The information removed.
        """
        return self._runtime_info.pop(key, default)

    def update_info_dict(self, info_dict: dict[str, Any], resumed: bool = True) -> None:
        """Call :meth:`update_info` for each item of a dict.

        Args:
            info_dict (dict): Runtime information by name.
            resumed (bool): Whether it is part of :meth:`state_dict`. Defaults to True.

        Raises:
            AssertionError: If ``info_dict`` is not a dict.

        Example:
            >>> hub = MessageHub("docs")
            >>> hub.update_info_dict({"iter": 100})
        """
        _check_dict("info_dict", info_dict)
        for key, value in info_dict.items():
            self.update_info(key, value, resumed)

    def _set_resumed(self, key: str, resumed: bool) -> None:
        before = self._resumed_keys.setdefault(key, resumed)
        assert before == resumed, (
            f"{key} was stored with resumed={before} before and cannot be stored with "
            f"resumed={resumed} now"
        )

    @property
    def log_scalars(self) -> OrderedDict[str, Any]:
        """OrderedDict[str, HistoryBuffer]: All histories, themselves and not copies."""
        return self._log_scalars

    @property
    def runtime_info(self) -> OrderedDict[str, Any]:
        """OrderedDict[str, Any]: A copy of all runtime information."""
        return OrderedDict((key, self._copied(key)) for key in self._runtime_info)

    def get_scalar(self, key: str) -> HistoryBuffer:
        """Return the history of a value, itself and not a copy.

        Args:
            key (str): Name of the value.

        Returns:
            HistoryBuffer: Its history.

        Raises:
            KeyError: If there is no such history.

        Example:
            >>> hub = MessageHub("docs")
            >>> hub.update_scalar("loss", 1.5)
            >>> float(hub.get_scalar("loss").current())
            1.5
        """
        if key not in self._log_scalars:
            raise KeyError(
                f"the MessageHub {self.instance_name!r} has no scalar {key!r}: "
                f"there are {list(self._log_scalars)}"
            )
        return self._log_scalars[key]

    def get_info(self, key: str, default: Any = None) -> Any:
        """Return a copy of runtime information.

        Args:
            key (str): Name of the information.
            default (Any): What to return if there is none. Defaults to None.

        Returns:
            Any: The copy; the object itself if it cannot be copied.

        Example:
            >>> hub = MessageHub("docs")
            >>> hub.update_info("iter", 100)
            >>> hub.get_info("iter"), hub.get_info("epoch", 0)
            (100, 0)
        """
        return self._copied(key) if key in self._runtime_info else default

    def _copied(self, key: str) -> Any:
        value = self._runtime_info[key]
        if isinstance(value, _IMMUTABLE):
            return value
        try:
            return copy.deepcopy(value)
        except Exception as error:  # a value may refuse in any way: say so once and share it
            print_log(
                f"{key} in the message hub cannot be copied ({error}): a reference is returned",
                logger="current",
                level=logging.WARNING,
            )
            return value

    def flush(self) -> dict[str, np.ndarray]:
        """Bring all values to the host, with one transfer per device.

        Returns:
            dict[str, np.ndarray]: Per name the values that are new since the last call, each of
            shape (N,); names without new values are left out.

        Example:
            >>> hub = MessageHub("docs")
            >>> hub.update_scalar("loss", torch.tensor(2.0))
            >>> hub.flush(), hub.flush()
            ({'loss': array([2.])}, {})
        """
        self._fetch()
        new = {key: buffer.new_values() for key, buffer in self._log_scalars.items()}
        return {key: values for key, values in new.items() if len(values)}

    def _fetch(self) -> None:
        """Bring the values of all histories to the host, with one transfer per device."""
        by_device: dict[torch.device, list[tuple[HistoryBuffer, torch.Tensor]]] = {}
        for buffer in self._log_scalars.values():
            for device, values in buffer.device_values().items():
                by_device.setdefault(device, []).append((buffer, values))
        for device, parts in by_device.items():
            host = torch.cat([values for _, values in parts]).cpu().numpy()
            start = 0
            for buffer, values in parts:
                buffer.receive(device, host[start : start + len(values)])
                start += len(values)

    def state_dict(self) -> dict[str, Any]:
        """Return what is to be resumed, as plain types and tensors only.

        Returns:
            dict: With the keys ``log_scalars``, ``runtime_info`` and ``resumed_keys``. A history is
            a dict of ``log_history``, ``count_history``, both packed, and ``max_length``.

        Example:
            >>> hub = MessageHub("docs")
            >>> hub.update_scalar("loss", 2.0)
            >>> hub.state_dict()["log_scalars"]["loss"]["log_history"]
            {'dtype': 'float64', 'values': tensor([2.])}
        """
        self._fetch()
        resumed = [key for key, kept in self._resumed_keys.items() if kept]
        info: dict[str, Any] = {}
        for key in resumed:
            if key in self._runtime_info:
                try:
                    info[key] = to_plain(self._runtime_info[key])
                except TypeError as error:
                    print_log(
                        f"{key} in the message hub is left out of its state: {error}",
                        logger="current",
                        level=logging.WARNING,
                    )
        scalars = {
            key: history_to_state(self._log_scalars[key])
            for key in resumed
            if key in self._log_scalars
        }
        kept = {key: True for key in resumed if key in scalars or key in info}
        return {"log_scalars": scalars, "runtime_info": info, "resumed_keys": kept}

    def load_state_dict(self, state_dict: MessageHub | dict[str, Any]) -> None:
        """Load what :meth:`state_dict` returned, or everything that another hub has.

        Args:
            state_dict (dict or MessageHub): With the keys ``log_scalars``, ``runtime_info`` and
                ``resumed_keys``. Histories may also be objects with the attributes of
                MMEngine's ``HistoryBuffer``.

        Raises:
            AssertionError: If one of the keys is missing.
            TypeError: If ``state_dict`` is neither a dict nor a hub.

        Example:
            >>> hub, other = MessageHub("docs"), MessageHub("copy")
            >>> hub.update_scalar("loss", 2.0)
            >>> other.load_state_dict(hub.state_dict())
            >>> float(other.get_scalar("loss").current())
            2.0
        """
        if isinstance(state_dict, MessageHub):
            self._log_scalars = copy.deepcopy(state_dict._log_scalars)
            self._runtime_info = state_dict.runtime_info
            self._resumed_keys = copy.copy(state_dict._resumed_keys)
            return
        if not isinstance(state_dict, Mapping):
            raise TypeError(
                f"state_dict must be a dict or a MessageHub, but got {type(state_dict).__name__}"
            )
        for key in ("log_scalars", "runtime_info", "resumed_keys"):
            assert key in state_dict, (
                f"the state_dict of a MessageHub must have the key {key!r}, "
                f"but got the keys {list(state_dict)}"
            )
        resumed_keys = state_dict["resumed_keys"]
        for key, state in state_dict["log_scalars"].items():
            buffer = history_from_state(state)
            if buffer is None:
                print_log(
                    f"{key} in the message hub's state is not a history: it is not resumed",
                    logger="current",
                    level=logging.WARNING,
                )
                continue
            self._log_scalars[key] = buffer
            self._resumed_keys[key] = resumed_keys.get(key, True)
        for key, state in state_dict["runtime_info"].items():
            self._runtime_info[key] = from_plain(state)
            self._resumed_keys[key] = resumed_keys.get(key, True)


def _as_dict(name: str, value: dict[str, Any] | None) -> OrderedDict[str, Any]:
    if value is None:
        return OrderedDict()
    if not isinstance(value, dict):
        raise TypeError(f"{name} must be a dict or None, but got {type(value).__name__}")
    return value if isinstance(value, OrderedDict) else OrderedDict(value)


def _check_dict(name: str, value: Any) -> None:
    assert isinstance(value, dict), f"{name} must be a dict, but got {type(value).__name__}"


def _one_number(key: str, name: str, value: Any) -> Any:
    """Return a tensor of one element as it is and anything else as a Python number."""
    if isinstance(value, torch.Tensor) and (value.dim() == 0 or value.numel() == 1):
        return value
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, (np.number, np.bool_, np.ndarray)) and value.size == 1:
        return value.item()
    shape = f" of shape {tuple(value.shape)}" if hasattr(value, "shape") else ""
    raise AssertionError(
        f"the {name} of {key!r} must be a number or have one element, "
        f"but got {type(value).__name__}{shape}"
    )
