"""The logger of a run: one file per run or per process, colours on a terminal."""

from __future__ import annotations

import copy
import getpass
import logging
import logging.handlers
import os
import socket
import sys
from typing import Any, TextIO

from mmlight.utils import ManagerMixin
from mmlight.utils.notebook import LiveText, in_notebook

_COLORS = {"DEBUG": 32, "INFO": 97, "WARNING": 33, "ERROR": 31, "CRITICAL": 31}
_TERMINAL_DATE = "%m/%d %H:%M:%S"
_FILE_DATE = "%Y/%m/%d %H:%M:%S"

# What launchers call the rank of a process before its process group exists.
_RANK_VARIABLES = ("RANK", "SLURM_PROCID", "OMPI_COMM_WORLD_RANK", "LOCAL_RANK")


class FilterDuplicateWarning(logging.Filter):
    """Let a warning pass once; everything else always.

    Args:
        name (str): Name of the logger. Defaults to ``'mmengine'``.

    Example:
        >>> once = FilterDuplicateWarning()
        >>> warning = logging.makeLogRecord({"levelno": logging.WARNING, "msg": "low memory"})
        >>> once.filter(warning), once.filter(warning)
        (True, False)
    """

    def __init__(self, name: str = "mmengine") -> None:
        super().__init__(name)
        self.seen: set[str] = set()

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is to be written.

        Args:
            record (logging.LogRecord): The record.

        Returns:
            bool: False for a warning whose text was seen before.
        """
        if record.levelno != logging.WARNING:
            return True
        text = record.getMessage()
        if text in self.seen:
            return False
        self.seen.add(text)
        return True


class MMFormatter(logging.Formatter):
    """Format records as ``time - logger - LEVEL - message``; errors also say where.

    Args:
        color (bool): Whether to colour the level. Defaults to True.
        **kwargs: Arguments of :class:`logging.Formatter`, such as ``datefmt``.

    Example:
        >>> formatter = MMFormatter(color=False, datefmt="today")
        >>> record = logging.makeLogRecord(
        ...     {"name": "mmengine", "levelno": 20, "levelname": "INFO", "msg": "loss: 1"})
        >>> formatter.format(record)
        'today - mmengine - INFO - loss: 1'
    """

    def __init__(self, color: bool = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._color = color
        self._layouts: dict[str, logging.PercentStyle] = {}

    def _layout(self, record: logging.LogRecord) -> logging.PercentStyle:
        level = record.levelname
        if self._color:
            level = f"\x1b[1m\x1b[{_COLORS.get(level, 97)}m{level}\x1b[0m"
        where = ""
        if record.levelno >= logging.ERROR:
            where = "%(pathname)s - %(funcName)s - %(lineno)d - "
        level = level.replace("%", "%%")
        return logging.PercentStyle(f"%(asctime)s - %(name)s - {level} - {where}%(message)s")

    def usesTime(self) -> bool:
        """Return True: every layout shows the time."""
        return True

    def formatMessage(self, record: logging.LogRecord) -> str:
        """Return the line of a record in the layout of its level.

        Args:
            record (logging.LogRecord): The record, with ``message`` and ``asctime`` set.

        Returns:
            str: The line.
        """
        layout = self._layouts.get(record.levelname)
        if layout is None:
            layout = self._layouts[record.levelname] = self._layout(record)
        return layout.format(record)


class TerminalHandler(logging.StreamHandler):  # type: ignore[type-arg]  # of Python 3.11
    """Write to the standard output of the moment, above a progress bar if one is shown.

    A rich bar replaces ``sys.stdout`` while it lives, so the stream is looked up at every line;
    a tqdm bar has to be asked to step aside. Of a message that is logged with
    ``extra={"brief": ...}`` only that is shown, unless the level is ``DEBUG``. In a notebook one
    that is logged with ``extra={"passing": True}`` is shown where the last such was; at the level
    ``DEBUG`` it stays, as it does on a terminal.

    Example:
        >>> TerminalHandler().stream is sys.stdout
        True
        >>> logger = MMLogger("docs", logger_name="run")
        >>> logger.handlers[0].setFormatter(logging.Formatter())
        >>> logger.info("a table of 300 lines", extra={"brief": "12 hooks"})
        12 hooks
    """

    def __init__(self) -> None:
        logging.Handler.__init__(self)
        self._passing = LiveText()

    @property
    def stream(self) -> TextIO:  # type: ignore[override]
        """TextIO: The standard output of the moment."""
        return sys.stdout

    def format(self, record: logging.LogRecord) -> str:
        """Return the text to show of a record.

        Args:
            record (logging.LogRecord): The record.

        Returns:
            str: The text.
        """
        brief = getattr(record, "brief", None)
        if brief is not None and self.level > logging.DEBUG:
            record = copy.copy(record)
            record.msg, record.args = brief, ()
        return super().format(record)

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record as one line.

        Args:
            record (logging.LogRecord): The record.
        """
        tqdm = getattr(sys.modules.get("tqdm.std"), "tqdm", None)
        try:
            if getattr(record, "passing", False) and self.level > logging.DEBUG and in_notebook():
                self._passing.write(self.format(record))
            elif tqdm is None or not getattr(tqdm, "_instances", None):
                super().emit(record)
            else:
                tqdm.write(self.format(record), file=self.stream)
                self.flush()
        except Exception:  # logging never stops the program: the standard report of a bad record
            self.handleError(record)


class LogFile(logging.FileHandler):
    """Write to a file, opened with the first line, and again with the first one after a release.

    Args:
        path (str): Path of the file; its folder is created with it.
        mode (str): Mode in which it is opened the first time.

    Example:
        >>> import tempfile
        >>> folder = tempfile.TemporaryDirectory()
        >>> file = LogFile(os.path.join(folder.name, "run.log"), "w")
        >>> for text in ("begun", "gone on"):
        ...     file.emit(logging.makeLogRecord({"msg": text}))
        ...     file.release_files()
        >>> open(file.baseFilename).read()
        'begun\\ngone on\\n'
        >>> folder.cleanup()
    """

    def __init__(self, path: str, mode: str) -> None:
        super().__init__(path, mode, encoding="utf-8", delay=True)

    def _open(self) -> Any:
        os.makedirs(os.path.dirname(self.baseFilename), exist_ok=True)
        stream = super()._open()
        self.mode = "a"  # what is written later comes behind what was written now
        return stream

    def release_files(self) -> None:
        """Close the file until there is another line to write."""
        with self.lock:  # type: ignore[union-attr]  # None only before __init__
            if self.stream is not None:
                self.stream.close()
                self.stream = None  # type: ignore[assignment]  # typed as if always open


def _file_handler(path: str, mode: str, cfg: dict[str, Any] | None) -> logging.FileHandler:
    if cfg is None:
        return LogFile(path, mode)
    arguments = {"delay": True, "encoding": "utf-8", **cfg, "filename": path}
    kind = arguments.pop("type", None)
    found = getattr(logging.handlers, str(kind), None)
    if not (isinstance(found, type) and issubclass(found, logging.FileHandler)):
        known = [n for n in vars(logging.handlers) if n.endswith("FileHandler")]
        raise ValueError(
            f"file_handler_cfg needs a type out of logging.handlers, {known}, but has {kind!r}"
        )
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    return found(**arguments)


class MMLogger(logging.Logger, ManagerMixin):
    """Formatted logger used to record messages, found by its instance name.

    It is not known to :func:`logging.getLogger`, so other libraries' logging set-up does not touch
    it. On ranks other than 0 only errors reach the terminal, and there is a file only if
    ``distributed`` is set.

    Args:
        name (str): Name of the instance.
        logger_name (str): Name shown in each line. Defaults to ``'mmengine'``.
        log_file (str, optional): Path of the log file; its folder is created. Defaults to None.
        log_level (int or str): Least level written. Defaults to ``'INFO'``.
        file_mode (str): Mode in which ``log_file`` is opened. Defaults to ``'w'``.
        distributed (bool): Whether every process writes a file of its own, called
            ``<log_file>_<user>@<host>_device<id>_rank<rank>``. Defaults to False.
        file_handler_cfg (dict, optional): Another handler of ``log_file``: ``type``, a class of
            :mod:`logging.handlers` such as ``TimedRotatingFileHandler``, and its arguments.

    Raises:
        ValueError: If ``log_level`` is not the name of a level, or ``file_handler_cfg`` has no
            such type.

    Example:
        >>> logger = MMLogger.get_instance("docs", logger_name="train")
        >>> logger.name, logger.instance_name, logger is logging.getLogger("train")
        ('train', 'docs', False)
    """

    def __init__(
        self,
        name: str,
        logger_name: str = "mmengine",
        log_file: str | None = None,
        log_level: int | str = "INFO",
        file_mode: str = "w",
        distributed: bool = False,
        file_handler_cfg: dict[str, Any] | None = None,
    ) -> None:
        logging.Logger.__init__(self, logger_name)
        ManagerMixin.__init__(self, name)
        self.setLevel(log_level)
        rank, world_size = _rank_and_world_size()
        terminal = TerminalHandler()
        terminal.setFormatter(MMFormatter(color=terminal.stream.isatty(), datefmt=_TERMINAL_DATE))
        terminal.setLevel(self.level if rank == 0 else max(self.level, logging.ERROR))
        self._add(terminal, logger_name)
        self._log_file = log_file
        if log_file is not None and (rank == 0 or distributed):
            if distributed and world_size > 1:
                log_file = self._log_file = _file_of_rank(log_file, rank)
            file = _file_handler(log_file, file_mode, file_handler_cfg)
            file.setFormatter(MMFormatter(color=False, datefmt=_FILE_DATE))
            file.setLevel(self.level)
            self._add(file, logger_name)

    def _add(self, handler: logging.Handler, logger_name: str) -> None:
        handler.addFilter(FilterDuplicateWarning(logger_name))
        self.addHandler(handler)

    @property
    def log_file(self) -> str | None:
        """str | None: Path of this process's log file, or the one given if it writes none."""
        return self._log_file

    @classmethod
    def get_current_instance(cls) -> MMLogger:
        """Return the logger of the run that executes, or else the one created last.

        If there is none, a new one called ``mmengine`` is created.

        Example:
            >>> isinstance(MMLogger.get_current_instance(), MMLogger)
            True
        """
        if not cls._instance_dict:
            cls.get_instance("mmengine")
        return super().get_current_instance()

    def release_files(self) -> None:
        """Close the log file; a line that comes later opens it again."""
        for handler in self.handlers:
            if isinstance(handler, LogFile):
                handler.release_files()
            elif isinstance(handler, logging.FileHandler):
                handler.close()  # those of `logging.handlers` append, and so open it again

    def callHandlers(self, record: logging.LogRecord) -> None:
        """Pass a record to the handlers of this logger and its parents.

        Unlike :class:`logging.Logger`, nothing is written where there is no handler.

        Args:
            record (logging.LogRecord): The record.
        """
        logger: logging.Logger | None = self
        while logger is not None:
            for handler in logger.handlers:
                if record.levelno >= handler.level:
                    handler.handle(record)
            logger = logger.parent if logger.propagate else None

    def setLevel(self, level: int | str) -> None:
        """Set the least level written.

        Args:
            level (int or str): The level or its name, in any case.

        Raises:
            ValueError: If there is no level of that name.
            TypeError: If ``level`` is neither an int nor a str.

        Example:
            >>> logger = MMLogger("quiet")
            >>> logger.setLevel("ERROR")
            >>> logger.isEnabledFor(logging.WARNING)
            False
        """
        super().setLevel(level.upper() if isinstance(level, str) else level)
        # Loggers remember which levels are enabled; logging only resets those it manages.
        for logger in (self, *MMLogger._instance_dict.values()):
            logger._cache.clear()

    def __reduce__(self) -> tuple[Any, ...]:
        # A copy, or another process, uses the logger of that name rather than these handlers.
        return type(self).get_instance, (self.instance_name,)


def _rank_and_world_size() -> tuple[int, int]:
    """Return rank and size of the process group, or the rank that the launcher announced."""
    if "torch.distributed" in sys.modules:  # importing torch only to hear "no group" is slow
        from mmlight.dist import get_dist_info, is_distributed

        if is_distributed():
            return get_dist_info()
    announced = next((os.environ[name] for name in _RANK_VARIABLES if name in os.environ), "0")
    return int(announced), int(os.environ.get("WORLD_SIZE", 1))


def _file_of_rank(log_file: str, rank: int) -> str:
    root, extension = os.path.splitext(log_file)
    host = f"{getpass.getuser()}@{socket.gethostname()}"
    return f"{root}_{host}_device{_device_index()}_rank{rank}{extension}"


def _device_index() -> int:
    """Return the number of this process's GPU on its machine, 0 without one."""
    import torch

    if not torch.cuda.is_available():
        return 0
    index = torch.cuda.current_device()
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    return int(visible[index]) if index < len(visible) and visible[index].isdigit() else index


def print_log(msg: Any, logger: logging.Logger | str | None = None, level: int = logging.INFO):
    """Print a log message.

    Args:
        msg (str): The message.
        logger (logging.Logger or str, optional): ``None`` prints with :func:`print`, ``'silent'``
            prints nothing, ``'current'`` is that of the run which executes or else
            the one created last, any other string the instance
            name of an :class:`MMLogger`. Defaults to None.
        level (int): Level of the message, where there is a logger. Defaults to ``logging.INFO``.

    Raises:
        ValueError: If there is no logger of that instance name.
        TypeError: If ``logger`` is of another type.

    Example:
        >>> print_log("12 images found")
        12 images found
        >>> print_log("12 images found", logger="silent")
    """
    if logger is None:
        print(msg)
    elif isinstance(logger, logging.Logger):
        logger.log(level, msg)
    elif logger == "silent":
        return
    elif logger == "current":
        MMLogger.get_current_instance().log(level, msg)
    elif isinstance(logger, str):
        if not MMLogger.check_instance_created(logger):
            raise ValueError(
                f"there is no MMLogger called {logger!r}: create it with "
                f"MMLogger.get_instance({logger!r}); there are {list(MMLogger._instance_dict)}"
            )
        MMLogger.get_instance(logger).log(level, msg)
    else:
        raise TypeError(
            "logger must be a logging.Logger, the name of an MMLogger, 'silent', 'current' or "
            f"None, but got {type(logger).__name__}"
        )
