"""Say all that is wrong with a config, each with its key, file and line."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any

from mmlight.config import Config, copy_config
from mmlight.registry.account import Account

from .checked_run import CheckedRun

_PLACE = re.compile(r" ?\(config key(?:: ([\w.]+)| `([^`]*)`(?: in [^)]*)?)\)")
_FILE = re.compile(r" \(in [^)]*\)$")


@dataclass
class Report:
    """What a check has found."""

    faults: list[str] = field(default_factory=list)
    """What would keep the config from running, a line each: key, file and line, what is wrong."""
    warnings: list[str] = field(default_factory=list)
    """What is perhaps not meant."""
    not_read: list[str] = field(default_factory=list, compare=False)
    """Keys of the dataloaders whose data were not looked at."""
    not_fetched: list[str] = field(default_factory=list, compare=False)
    """Addresses of files that the run will fetch."""

    @property
    def verdict(self) -> str:
        """Whether the config would run, in words."""
        found = f"{_counted(self.faults, 'fault')}, {_counted(self.warnings, 'warning')}"
        if self.faults:
            return f"would not run: {found}"
        left = (("not read", self.not_read), ("to fetch", self.not_fetched))
        unseen = "; ".join(f"{what}: {', '.join(names)}" for what, names in left if names)
        return f"would run{f', given its data ({unseen})' if unseen else ''}: {found}"


def check_config(cfg: Config | dict[str, Any], strict: bool = False) -> Report:
    """Find all that is wrong with a config.

    Each part is built by itself, on the CPU. Datasets are not read: their arguments are checked,
    and those of their transforms. What others registered is built where it asks for nothing but
    its arguments; their samplers and loops, and metrics on annotation files, are not.

    Args:
        cfg: The config.
        strict: Whether a key without effect is a fault.

    Returns:
        Report: The faults and the warnings.

    Example:
        >>> cfg = dict(model=dict(type="torch.nn.Linear", in_features=1), env_cfg=dict(seed=1))
        >>> report = check_config(dict(cfg, work_dir="x"))
        >>> report.faults
        ["model: Linear is missing 1 required argument: 'out_features'"]
        >>> report.warnings
        ['env_cfg.seed: it takes cudnn_benchmark, dist_cfg, mp_cfg, resource_limit, weights_only']
    """
    with TemporaryDirectory() as folder:
        run = CheckedRun(copy_config(cfg), folder)
        run.check()
    account = run.account
    faults = [_line(err, account) for err in run.errors]
    unread = account.lines()
    warnings = run.said.messages
    of_faults, of_warnings = (unread, []) if strict else ([], unread)
    return Report(
        [*of_faults, *faults],
        [*of_warnings, *warnings],
        [*dict.fromkeys(run.not_read)],
        [*dict.fromkeys(run.not_fetched)],
    )


def _counted(lines: list[str], what: str) -> str:
    return f"{len(lines) or 'no'} {what}{'' if len(lines) == 1 else 's'}"


def _line(err: Exception, account: Account) -> str:
    """Say an error in a line that begins with its key."""
    text = str(err.args[0]) if isinstance(err, KeyError) and err.args else str(err)
    text = "\n".join([text or type(err).__name__, *getattr(err, "__notes__", [])])
    found = _PLACE.search(text)
    if found is None:
        return text
    key = found[1] or found[2]
    text = _FILE.sub("", _PLACE.sub("", text, count=1)).strip()
    place = account.sources.place(key.split("."))
    return f"{key}{f' ({place})' if place else ''}: {text}"
