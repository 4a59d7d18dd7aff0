"""The keys of a config that nothing reads, and telling of them once."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import cached_property
from typing import Any, NamedTuple

from mmlight.config.sources import Sources


class Unread(NamedTuple):
    """A key that has no effect."""

    path: tuple[str, ...]
    why: str


class Account:
    """What a config says that nobody reads, gathered until it is told.

    Args:
        cfg (Config or dict): The whole config.
        strict (bool): Whether such a key is an error. Defaults to False.

    Example:
        >>> account = Account({}, strict=True)
        >>> account.add(["env_cfg", "cudnn_bechmark"], "did you mean 'cudnn_benchmark'?")
        >>> account.refuse()
        Traceback (most recent call last):
        ...
        ValueError: nothing reads this key of the config:
            env_cfg.cudnn_bechmark: did you mean 'cudnn_benchmark'?
    """

    def __init__(self, cfg: Any, strict: bool = False) -> None:
        self._cfg = cfg
        self.strict = strict
        self._found: list[Unread] = []
        self._told = 0

    @cached_property
    def sources(self) -> Sources:
        """The files of the config."""
        text = getattr(self._cfg, "_text", "")
        return Sources(text, getattr(self._cfg, "filename", None))

    def add(self, path: Sequence[str], why: str) -> None:
        """Note a key that has no effect.

        Args:
            path (Sequence[str]): The key, and those above it.
            why (str): Why nothing reads it, and what may have been meant.
        """
        unread = Unread(tuple(map(str, path)), why)
        if unread not in self._found:
            self._found.append(unread)

    def lines(self) -> list[str]:
        """Return a line for each key: where it is, and why nothing reads it."""
        return [self._line(unread) for unread in self._found]

    def tell(self, logger: logging.Logger) -> None:
        """Warn of the keys that were found since the last time, all in one.

        Args:
            logger (logging.Logger): Where to.

        Raises:
            ValueError: If ``strict``.
        """
        self.refuse()
        message = self._message(self._told)
        self._told = len(self._found)
        if message:
            logger.warning(message)

    def refuse(self) -> None:
        """Raise an error for what was found, if such a key is to be one.

        Raises:
            ValueError: If ``strict`` and there is such a key.
        """
        if self.strict and self._found:
            raise ValueError(self._message(0))

    def _message(self, first: int) -> str:
        lines = self.lines()[first:]
        keys = "this key" if len(lines) == 1 else "these keys"
        return "\n    ".join([f"nothing reads {keys} of the config:", *lines]) if lines else ""

    def _line(self, unread: Unread) -> str:
        place = self.sources.place(unread.path)
        return f"{'.'.join(unread.path)}{f' ({place})' if place else ''}: {unread.why}"
