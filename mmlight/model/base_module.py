"""Modules that initialise their own weights from a config."""

from __future__ import annotations

import logging
from abc import ABCMeta
from collections.abc import Iterable
from logging import FileHandler
from typing import Any

from torch import nn

from mmlight.logging import MMLogger, print_log
from mmlight.model.weight_init import (
    PretrainedInit,
    initialize,
    record_init_info,
    update_init_info,
)
from mmlight.model.wrappers.utils import is_model_wrapper
from mmlight.registry import WEIGHT_INITIALIZERS, resolve_type


class BaseModule(nn.Module, metaclass=ABCMeta):
    """A ``torch.nn.Module`` whose weights are initialised from ``init_cfg``.

    Args:
        init_cfg (dict | list[dict], optional): What :func:`initialize` takes. ``Pretrained``
            entries are applied after the children, so that they overwrite what those did.

    Example:
        >>> import torch
        >>> quiet = MMLogger.get_instance("quiet", log_level="ERROR")
        >>> class Net(BaseModule):
        ...     def __init__(self):
        ...         super().__init__(init_cfg=dict(type="Constant", layer="Linear", val=1.0))
        ...         self.fc = torch.nn.Linear(2, 1)
        >>> net = Net()
        >>> net.init_weights()
        >>> net.fc.weight.tolist()
        [[1.0, 1.0]]
    """

    def __init__(self, init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None) -> None:
        super().__init__()
        self._is_init = False
        self.init_cfg = init_cfg

    @property
    def is_init(self) -> bool:
        """bool: Whether :meth:`init_weights` has run."""
        return self._is_init

    @is_init.setter
    def is_init(self, value: bool) -> None:
        self._is_init = value

    def init_weights(self) -> None:
        """Initialise this module and its children, once, and log how each parameter came about."""
        is_top_level = not hasattr(self, "_params_init_info")
        if is_top_level:
            record_init_info(self)
        try:
            if self._is_init:
                print_log(
                    f"init_weights of {type(self).__name__} has been called more than once.",
                    logger="current",
                    level=logging.WARNING,
                )
            else:
                self._init_once()
            if is_top_level:
                self._dump_init_info()
        finally:
            if is_top_level:
                for module in self.modules():
                    vars(module).pop("_params_init_info", None)

    def _init_once(self) -> None:
        last_cfgs = []
        if self.init_cfg:
            print_log(
                f"initialize {type(self).__name__} with init_cfg {self.init_cfg}",
                logger="current",
                level=logging.DEBUG,
            )
            cfgs = [self.init_cfg] if isinstance(self.init_cfg, dict) else self.init_cfg
            initialize(self, [cfg for cfg in cfgs if not _is_pretrained(cfg)])
            last_cfgs = [cfg for cfg in cfgs if _is_pretrained(cfg)]
        for child in self.children():
            wrapped = is_model_wrapper(child) and not hasattr(child, "init_weights")
            part: Any = child.module if wrapped else child
            if hasattr(part, "init_weights") and not getattr(part, "is_init", False):
                part.init_weights()
                name = type(part).__name__
                update_init_info(part, f"Initialized by user-defined `init_weights` in {name} ")
        if last_cfgs:
            initialize(self, last_cfgs)
        self._is_init = True

    def _dump_init_info(self) -> None:
        """Write to the log files, or to the logger where it has none, how each parameter began."""
        logger = MMLogger.get_current_instance()
        record: dict[nn.Parameter, dict[str, Any]] = vars(self)["_params_init_info"]
        lines = [
            f"\n{name} - {param.shape}: \n{record[param]['init_info']} \n"
            for name, param in self.named_parameters()
        ]
        files = [handler for handler in logger.handlers if isinstance(handler, FileHandler)]
        for handler in files:
            # Without a head of time and level, since this is a table.
            handler.acquire()
            try:
                stream = handler.stream or handler._open()
                stream.write("Name of parameter - Initialization information\n")
                stream.writelines(lines)
                stream.flush()
            finally:
                handler.release()
        if not files:
            for line in lines:
                logger.info(f"{line} ")

    def __repr__(self) -> str:
        text = super().__repr__()
        return f"{text}\ninit_cfg={self.init_cfg}" if self.init_cfg else text


def _is_pretrained(cfg: Any) -> bool:
    kind = resolve_type(cfg, WEIGHT_INITIALIZERS) if isinstance(cfg, dict) else None
    return isinstance(kind, type) and issubclass(kind, PretrainedInit)


class Sequential(BaseModule, nn.Sequential):
    """``torch.nn.Sequential`` with an ``init_cfg`` of its own.

    Args:
        *args (nn.Module | OrderedDict[str, nn.Module]): What ``torch.nn.Sequential`` takes.
        init_cfg (dict | list[dict], optional): See :class:`BaseModule`.

    Example:
        >>> from torch import nn
        >>> len(Sequential(nn.Linear(2, 2), nn.ReLU()))
        2
    """

    def __init__(
        self, *args: Any, init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None
    ) -> None:
        BaseModule.__init__(self, init_cfg)
        nn.Sequential.__init__(self, *args)


class ModuleList(BaseModule, nn.ModuleList):
    """``torch.nn.ModuleList`` with an ``init_cfg`` of its own.

    Args:
        modules (Iterable[nn.Module], optional): Modules to hold.
        init_cfg (dict | list[dict], optional): See :class:`BaseModule`.

    Example:
        >>> from torch import nn
        >>> len(ModuleList([nn.Linear(2, 2)]))
        1
    """

    def __init__(
        self,
        modules: Iterable[Any] | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        BaseModule.__init__(self, init_cfg)
        nn.ModuleList.__init__(self, modules)


class ModuleDict(BaseModule, nn.ModuleDict):
    """``torch.nn.ModuleDict`` with an ``init_cfg`` of its own.

    Args:
        modules (dict[str, nn.Module], optional): Modules to hold, by name.
        init_cfg (dict | list[dict], optional): See :class:`BaseModule`.

    Example:
        >>> from torch import nn
        >>> list(ModuleDict({"head": nn.Linear(2, 2)}))
        ['head']
    """

    def __init__(
        self,
        modules: dict[str, Any] | None = None,
        init_cfg: dict[str, Any] | list[dict[str, Any]] | None = None,
    ) -> None:
        BaseModule.__init__(self, init_cfg)
        nn.ModuleDict.__init__(self, modules)
