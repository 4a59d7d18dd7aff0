"""What the screen says when a training is over: where its results lie, and what to do with them."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from argparse import Namespace
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mmlight.config.secrets import hide_in_option
from mmlight.utils.path import from_here


def ending(runner: Any, arguments: Namespace) -> str:
    """Return the last lines of ``mmlight train``; a rehearsal, which leaves nothing, has none.

    Args:
        runner: The Runner that has trained.
        arguments: What the command was given.
    """
    if runner.is_rehearsal:
        return ""
    info = runner.message_hub.runtime_info
    best = list(_best(runner.hooks, info))
    lines = [("results", _quoted(runner.work_dir))]
    lines += [(f"best {name}", f"{score:.4g} in {_quoted(path)}") for name, score, path in best]
    checkpoint = best[0][2] if best else info.get("last_ckpt")
    if checkpoint is not None:
        folder = os.path.dirname(info.get("last_ckpt") or checkpoint)
        if os.path.abspath(folder) != os.path.abspath(runner.work_dir):  # CheckpointHook.out_dir
            lines.insert(1, ("checkpoints", _quoted(folder)))
    if not best and checkpoint is not None:
        lines.append(("newest checkpoint", _quoted(checkpoint)))
    lines += [
        (f"{len(names)} image{'s' * (len(names) > 1)}", _quoted(folder))
        for folder, names in _images(runner.log_dir)
    ]
    if checkpoint is not None and runner.cfg.get("test_dataloader") is not None:
        lines.append(("to test it", command_to_test(arguments, from_here(checkpoint))))
    if any(Path(runner.work_dir).rglob("events.out.tfevents.*")):
        words = [
            *_program("tensorboard", "tensorboard.main"),
            "--logdir",
            from_here(runner.work_dir),
        ]
        lines.append(("to see its curves", shlex.join(words)))
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {text}" for name, text in lines)


def command_to_test(arguments: Namespace, checkpoint: str) -> str:
    """Return the command that evaluates what ``mmlight train`` trained.

    Args:
        arguments: What the training was given.
        checkpoint: The file to evaluate.
    """
    words = [*_program("mmlight", "mmlight"), "test", arguments.config, checkpoint]
    if arguments.work_dir is not None:
        words += ["--work-dir", arguments.work_dir]
    options = [hide_in_option(word) for word in arguments.option_words]
    if arguments.seed is not None:
        options.append(f"randomness.seed={arguments.seed}")
    return shlex.join([*words, *(["--cfg-options", *options] if options else [])])


def command_to_resume(arguments: Namespace) -> str:
    """Return the command that goes on with a training which was interrupted.

    Args:
        arguments: What the training was given.
    """
    given = arguments.resume
    names = ("--resume", f"--resume={given}")
    words = [word for word in arguments.words if word not in names]
    if given not in (None, "auto") and names[1] not in arguments.words:
        words.remove(given)  # it stood behind --resume; now the newest checkpoint is meant
    words = [hide_in_option(word) for word in words]
    return shlex.join([*_program("mmlight", "mmlight"), *words, "--resume"])


def _best(hooks: Any, info: dict[str, Any]) -> Iterator[tuple[str, float, str]]:
    """The metrics that have a best checkpoint, with its score and path."""
    for hook in hooks:
        metrics = getattr(hook, "key_indicators", ())
        for metric in metrics:
            suffix = f"_{metric}" if len(metrics) > 1 else ""
            path = info.get(f"best_ckpt{suffix}")
            if path is not None:
                yield metric, info[f"best_score{suffix}"], path


def _images(folder: str) -> Iterator[tuple[str, list[str]]]:
    """The folders with images below a folder, and the names of these."""
    for path, _, names in os.walk(folder):
        images = [name for name in names if name.endswith((".png", ".jpg"))]
        if images:
            yield path, images


def _program(name: str, module: str) -> list[str]:
    """The words that start a program of this Python in the user's shell."""
    beside = Path(sys.executable).with_name(name)
    if not beside.exists():
        return [sys.executable, "-m", module]
    found = shutil.which(name)
    return [name if found and Path(found).samefile(beside) else str(beside)]


def _quoted(path: str) -> str:
    return shlex.quote(from_here(path))
