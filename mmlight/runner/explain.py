"""Say of a config where each of its keys goes, what is missing, and whether it would run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from mmlight.config import Config
from mmlight.config.secrets import hide_secrets
from mmlight.config.sources import Place, Sources
from mmlight.registry import RUNNERS, resolve_type
from mmlight.utils import import_modules_from_strings

from .check import Report, check_config
from .explain_keys import Keys, Row
from .explain_unknown import Unknown, unknown_types
from .known_keys import known_keys
from .runner import Runner, as_config


@dataclass
class Explanation:
    """What a config becomes."""

    files: list[str]
    """The files that it was made of, the bases first."""
    rows: list[Row]
    """Where each key goes."""
    places: list[tuple[int, int] | None]
    """For each row the file that set the key, by its index in ``files``, and the line."""
    unknown: list[Unknown]
    """Types that nobody knows."""
    report: Report
    """What ``mmlight check`` finds."""

    @cached_property
    def sets(self) -> dict[int, list[str]]:
        """By index of a file, the outermost keys that it was the last to set."""
        found: dict[int, list[str]] = {index: [] for index in range(len(self.files))}
        for row, place in zip(self.rows, self.places, strict=True):
            if place is not None and row.path[0] not in found[place[0]]:
                found[place[0]].append(row.path[0])
        return found if any(found.values()) else {}

    @property
    def runs(self) -> bool:
        """Whether the config would run."""
        return not self.report.faults


def explain_config(cfg: Config | dict[str, Any], strict: bool = False) -> Explanation:
    """Say where each key of a config goes, and check it; no data is read.

    Args:
        cfg: The config.
        strict: Whether a key without effect is a fault.

    Example:
        >>> cfg = dict(work_dir="x", model=dict(type="torch.nn.Linear", in_features=1, bias=True))
        >>> explained = explain_config(cfg)
        >>> [(row.key, row.to, row.becomes) for row in explained.rows][1]
        ('model', 'module', 'torch.nn.Linear(in_features=1, bias=True)')
        >>> explained.runs
        False
    """
    cfg = as_config(cfg)
    failed = _import_custom_modules(cfg)
    report = check_config(cfg, strict)  # imports the packages of scopes
    report.faults[:0] = failed
    settings = hide_secrets(cfg._cfg_dict)
    sources = Sources(cfg._text, cfg.filename)
    keys = Keys(settings, _known(settings), sources.used_names)
    rows = [*keys.rows()]
    files = sources.files
    places = []
    for row in rows:
        place = _place(row.path, settings, sources)
        places.append(None if place is None else (files.index(place.file), place.line))
    unknown = unknown_types(settings, keys.types, _wrong(report))
    return Explanation(files, rows, places, unknown, report)


def _import_custom_modules(cfg: Config) -> list[str]:
    """Import what a config asks for; return what is wrong with that."""
    wanted = cfg.get("custom_imports")
    if not isinstance(wanted, dict):
        return []
    try:
        import_modules_from_strings(**wanted)
    except Exception as error:  # of whatever the modules do as they are imported
        return [f"custom_imports: {error.__cause__ or error}"]
    return []


def _place(path: tuple[str, ...], settings: Any, sources: Sources) -> Place | None:
    """Find where a key is set; what a comprehension or a function made has the place of that."""
    node = settings
    for key in path:
        if isinstance(node, dict):
            if key not in node:
                return None  # a default
            node = dict.get(node, key)
        elif isinstance(node, list | tuple):
            node = node[int(key)]
    above = (sources.place(path[:length]) for length in range(len(path), 0, -1))
    return next((one for one in above if one is not None), None)


def _known(settings: dict[str, Any]) -> set[str]:
    kind = resolve_type(dict.get(settings, "runner_type", "Runner"), RUNNERS)
    return known_keys(kind if isinstance(kind, type) else Runner)


def _wrong(report: Report) -> set[tuple[str, ...]]:
    """Return the keys that the faults of a check begin with."""
    keys = {re.split(r"[ :]", line, maxsplit=1)[0] for line in report.faults}
    return {tuple(key.removesuffix(".type").split(".")) for key in keys}
