"""The command ``mmlight``: its parsers, and how its errors are shown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from mmlight.config import DictAction
from mmlight.version import __version__

from . import commands
from .errors import diagnosis


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments; None takes those of the process.

    Returns:
        int: Exit code: 0, or 1 for an error that was explained on standard error.

    Raises:
        SystemExit: With status 143 or 130, if SIGTERM or Ctrl-C has stopped a training.
    """
    arguments = build_parser().parse_args(argv)
    arguments.words = sys.argv[1:] if argv is None else argv
    try:
        arguments.command(arguments)
    except Exception as error:
        explained = None if arguments.debug else diagnosis(error)
        if explained is None:
            raise
        print(f"mmlight: {explained}", file=sys.stderr)
        print("(--debug shows the traceback)", file=sys.stderr)
        return 1
    return 0


def build_parser() -> argparse.ArgumentParser:
    """Return the parser; each command's function is in its ``command``."""
    parser = argparse.ArgumentParser(
        prog="mmlight", description="OpenMMLab-style experiments on Lightning's Trainer."
    )
    parser.add_argument("--version", action="version", version=f"mmlight {__version__}")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")

    train = _command(subparsers, "train", "train a model")
    train.set_defaults(command=commands.train)
    _add_run_options(train)
    train.add_argument(
        "--resume",
        nargs="?",
        const="auto",
        metavar="CHECKPOINT",
        help="go on with a run: from this checkpoint, or the newest in the work dir",
    )
    train.add_argument("--amp", action="store_true", help="train in mixed precision")
    train.add_argument(
        "--auto-scale-lr",
        action="store_true",
        help="scale the learning rate from the config's base batch size to the real one",
    )
    train.add_argument("--seed", type=int, help="seed of all random numbers")

    test = _command(subparsers, "test", "evaluate a trained model")
    test.set_defaults(command=commands.test)
    _add_run_options(test)
    test.add_argument("checkpoint", help="checkpoint file of the model")
    test.add_argument("--out", metavar="FILE.pkl", help="also write all predictions to this file")

    config = _command(subparsers, "config", "print a config with its bases and changes resolved")
    config.set_defaults(command=commands.config)
    _add_config_options(config)
    config.add_argument(
        "--dump", metavar="FILE", help="write it to a .py, .json or .yaml file instead"
    )

    env = _command(subparsers, "env", "print what a bug report should tell about this machine")
    env.set_defaults(command=commands.env)
    return parser


def _command(
    subparsers: argparse._SubParsersAction, name: str, does: str
) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(name, help=does, description=f"{does.capitalize()}.")
    parser.add_argument(
        "--debug", action="store_true", help="show tracebacks of explained errors too"
    )
    return parser


def _add_config_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="config file")
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=DictAction,
        default={},
        metavar="KEY=VALUE",
        help="change the config: model.depth=50 hook.names=[a,b] pipeline.0.type=Load",
    )


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    _add_config_options(parser)
    parser.add_argument("--work-dir", help="folder for logs and checkpoints (work_dirs/<config>)")
    parser.add_argument(
        "--launcher",
        choices=["none", "pytorch", "slurm", "mpi"],
        default="none",
        help="what started the processes of a distributed run",
    )
