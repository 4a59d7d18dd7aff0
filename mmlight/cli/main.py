"""The command ``mmlight``: its parsers, and how its errors are shown."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from mmlight.config import DictAction
from mmlight.version import __version__

from . import commands
from .errors import diagnosis
from .sample import sample


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: Arguments; None takes those of the process.

    Returns:
        int: Exit code: 0, or 1 for an error that was explained, or a config with faults.

    Raises:
        SystemExit: With status 143 or 130, if SIGTERM or Ctrl-C has stopped a training.
    """
    arguments = build_parser().parse_args(argv)
    arguments.words = sys.argv[1:] if argv is None else argv
    try:
        code = arguments.command(arguments)
    except Exception as error:
        explained = None if arguments.debug else diagnosis(error)
        if explained is None:
            raise
        print(f"mmlight: {explained}", file=sys.stderr)
        print("(--debug shows the traceback)", file=sys.stderr)
        return 1
    return code or 0


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

    _add_sample(subparsers)

    check = _command(subparsers, "check", "list all that is wrong with a config")
    check.epilog = (
        "It reads no data and fetches nothing: whether the folders of the datasets, and weights on "
        "the web, are there, shows in the run. The last line names what was left out."
    )
    check.set_defaults(command=commands.check, work_dir=None, launcher="none", verbose=False)
    _add_config_options(check)
    _add_strict(check)

    explain = _command(subparsers, "explain", "say where each key of a config goes")
    explain.set_defaults(command=commands.explain)
    explain.add_argument(
        "--script", action="store_true", help="print a Python script that does what it trains"
    )
    _add_config_options(explain)
    _add_strict(explain)

    config = _command(subparsers, "config", "print a config with its bases and changes resolved")
    config.set_defaults(command=commands.config)
    _add_config_options(config)
    config.add_argument(
        "--dump", metavar="FILE", help="write it to a .py, .json or .yaml file instead"
    )

    env = _command(subparsers, "env", "print what a bug report should tell about this machine")
    env.set_defaults(command=commands.env)
    return parser


def _add_sample(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = _command(subparsers, "sample", "write pictures of what a generative model makes")
    parser.set_defaults(command=sample, work_dir=None, launcher="none", verbose=False)
    _add_config_options(parser)
    parser.add_argument("checkpoint", help="checkpoint of a training, or published weights")
    parser.add_argument(
        "--out", metavar="DIR", help="folder or URL for the pictures (work_dirs/<config>/samples)"
    )
    parser.add_argument("--num", type=int, help="number of images (16, or all of --input)")
    parser.add_argument("--seed", type=int, help="seed of the random numbers (0)")
    parser.add_argument(
        "--sample-model",
        metavar="ema|orig|ema/orig",
        help="the moving average of the generator, itself, or both (ema if there is one)",
    )
    parser.add_argument(
        "--input",
        metavar="FOLDER_OR_FILE",
        help="images to work on (those of the config's test or validation dataset)",
    )
    parser.add_argument("--domain", help="domain to translate to (the model's default)")
    parser.add_argument(
        "--frames", type=int, help="moments of a gif that goes from image to image (32); 0 for none"
    )


def _command(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser], name: str, does: str
) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(name, help=does, description=f"{does.capitalize()}.")
    parser.add_argument(
        "--debug", action="store_true", help="show tracebacks of explained errors too"
    )
    return parser


class _Options(DictAction):
    """Keeps the changes of a config as they were typed, too."""

    def __call__(
        self, parser: Any, namespace: argparse.Namespace, values: Any, option_string: Any = None
    ) -> None:
        super().__call__(parser, namespace, values, option_string)
        namespace.option_words = [*namespace.option_words, *values]


def _add_config_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("config", help="config file")
    parser.set_defaults(option_words=[])
    parser.add_argument(
        "--cfg-options",
        nargs="+",
        action=_Options,
        default={},
        metavar="KEY=VALUE",
        help="change the config: model.depth=50 hook.names=[a,b] pipeline.0.type=Load",
    )


def _add_strict(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--strict", action="store_true", help="let a key that nothing reads be an error"
    )


def _add_run_options(parser: argparse.ArgumentParser) -> None:
    _add_config_options(parser)
    _add_strict(parser)
    parser.add_argument(
        "--verbose",
        action="store_true",
        help="show environment, config and order of hooks in full (log_level='DEBUG')",
    )
    parser.add_argument("--work-dir", help="folder for logs and checkpoints (work_dirs/<config>)")
    parser.add_argument(
        "--launcher",
        choices=["none", "pytorch", "slurm", "mpi"],
        default="none",
        help="what started the processes of a distributed run",
    )
