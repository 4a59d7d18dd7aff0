"""What CheckpointHook cannot do, told before the training begins."""

from __future__ import annotations

import inspect
from string import Formatter
from typing import Any

from mmlight.hooks.best_metric import AUTO
from mmlight.hooks.monitored import refuse_unknown_metric
from mmlight.hooks.never import NO_VALIDATION, warn_of_never, why_never
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.utils import is_seq_of
from mmlight.utils.near_names import did_you_mean


def check_template(template: str | None, by_epoch: bool) -> str:
    """Return the template of file names, which has one place for a number."""
    if template is None:
        return "epoch_{}.pth" if by_epoch else "iter_{}.pth"
    if not isinstance(template, str):
        raise TypeError(f"filename_tmpl must be a str or None, got {template!r}")
    fields = [name for _, name, _, _ in Formatter().parse(template) if name is not None]
    if fields != [""]:
        raise ValueError(f"filename_tmpl must contain '{{}}' exactly once, got {template!r}")
    return template


def check_published_keys(keys: str | list[str] | None) -> list[str] | None:
    """Return the keys that published checkpoints keep, as a list."""
    if keys is None:
        return None
    if isinstance(keys, str):
        return [keys]
    if not is_seq_of(keys, str):
        raise TypeError(f"published_keys must be a str, a sequence of str or None, got {keys!r}")
    return list(keys)


def check_use(hook: Any, runner: RunnerLike) -> None:
    """Refuse arguments that nobody takes and metrics that never come, warn of what never happens.

    Args:
        hook (CheckpointHook): The hook.
        runner (Runner): The runner, about to train.

    Raises:
        TypeError: If ``runner.save_checkpoint`` does not take an argument of the hook's.
        KeyError: If no validation can give a metric that ``save_best`` names.
    """
    known = inspect.signature(runner.save_checkpoint).parameters
    takes_any = any(one.kind is one.VAR_KEYWORD for one in known.values())
    for name in hook.args:
        if name not in known and not takes_any:
            raise TypeError(
                f"neither CheckpointHook nor {type(runner).__name__}.save_checkpoint takes an "
                f"argument {name!r}.{did_you_mean(name, inspect.signature(type(hook)).parameters)}"
            )
    if hook.save_best is not None and not getattr(runner, "validates", True):
        cause: dict[str, Any] = {"save_best": hook.save_best}
        warn_of_never(runner, hook, "save a best checkpoint", NO_VALIDATION, **cause)
    for metric in hook.key_indicators if hook.key_indicators != [AUTO] else ():
        refuse_unknown_metric(runner, "save_best", metric)
    end, unit = (runner.max_epochs, "epochs") if hook.by_epoch else (runner.max_iters, "iterations")
    if not hook.save_last and hook.save_best is None:
        first = hook.save_begin or hook.interval
        why = why_never(hook.interval, first, end, unit)
        cause = {"save_begin": hook.save_begin} if hook.save_begin else {}
        warn_of_never(runner, hook, "save a checkpoint", why, interval=hook.interval, **cause)
    elif hook.interval > 0 and hook.save_begin:
        why = why_never(hook.interval, hook.save_begin, end, unit)
        warn_of_never(runner, hook, "save at intervals", why, save_begin=hook.save_begin)
