"""What each command does. Torch and Lightning are imported only by those that run a model."""

from __future__ import annotations

import importlib.util
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from mmlight.config import Config

from .ending import command_to_resume, ending


def train(arguments: Namespace) -> None:
    """Train what the config describes."""
    cfg = load_config(arguments)
    if arguments.amp:
        _use_mixed_precision(cfg)
    if arguments.auto_scale_lr:
        _enable_lr_scaling(cfg)
    if arguments.seed is not None:
        cfg.merge_from_dict({"randomness.seed": arguments.seed})
    given = {}
    if arguments.resume is not None:
        cfg.resume = True
        cfg.load_from = None if arguments.resume == "auto" else arguments.resume
        option = "--resume" if cfg.load_from is None else f"--resume {cfg.load_from}"
        given = dict.fromkeys(("resume", "load_from"), option)
    from mmlight.registry import RUNNERS
    from mmlight.registry.place import given_by

    with given_by(given):
        runner = RUNNERS.build(cfg, **_strictness(arguments))
        runner.interrupts.how_to_go_on = f"run\n    {command_to_resume(arguments)}"
        runner.train()
    if runner.rank == 0:
        print(ending(runner, arguments))


def test(arguments: Namespace) -> None:
    """Evaluate a checkpoint with the config's ``test_*`` keys."""
    cfg = load_config(arguments)
    cfg.load_from, cfg.resume = arguments.checkpoint, False
    if arguments.out is not None:
        _add_metric(cfg, {"type": "DumpResults", "out_file_path": arguments.out})
    from mmlight.registry import RUNNERS
    from mmlight.registry.place import given_by

    with given_by({"load_from": f"the argument {arguments.checkpoint}"}):
        RUNNERS.build(cfg, **_strictness(arguments)).test()


def check(arguments: Namespace) -> int:
    """Print all that is wrong with a config; return 1 if it would not run."""
    cfg = load_config(arguments)
    from mmlight.runner.check import check_config

    from .explain import show_report

    report = check_config(cfg, arguments.strict)
    show_report(report, arguments.config, sys.stdout)
    return 1 if report.faults else 0


def explain(arguments: Namespace) -> int:
    """Print where each key of a config goes, or a script; return 1 if it would not run."""
    sys.path.insert(0, str(Path.cwd()))
    _alias_mmengine()
    cfg = Config.fromfile(arguments.config, import_custom_modules=False)
    cfg.merge_from_dict(arguments.cfg_options)
    cfg.setdefault("work_dir", str(Path("work_dirs") / Path(arguments.config).stem))
    from mmlight.runner.explain import explain_config
    from mmlight.runner.script import write_script

    from .explain import show, show_report

    explained = explain_config(cfg, arguments.strict)
    if not arguments.script:
        show(explained, arguments.config)
    elif explained.runs:
        print(write_script(cfg), end="")
    if arguments.script:  # piped into a file, most often
        show_report(explained.report, arguments.config, sys.stderr)
    return 0 if explained.runs else 1


def _strictness(arguments: Namespace) -> dict[str, bool]:
    # A runner of the user's own need not know the argument.
    return {"strict": True} if arguments.strict else {}


def config(arguments: Namespace) -> None:
    """Print the resolved config or write it to a file."""
    _alias_mmengine()
    cfg = Config.fromfile(arguments.config, import_custom_modules=False)
    cfg.merge_from_dict(arguments.cfg_options)
    if arguments.dump is None:
        print(cfg.pretty_text, end="")
    else:
        cfg.dump(arguments.dump)


def env(arguments: Namespace) -> None:
    """Print versions of Python, torch, compilers and graphics cards."""
    import lightning

    from mmlight.utils.dl_utils import collect_env

    for key, value in {**collect_env(), "Lightning": lightning.__version__}.items():
        print(f"{key}: {value}")


def load_config(arguments: Namespace) -> Config:
    """Read the config that a command is given, with the changes that its options make."""
    # Modules of the project that the config's custom_imports name lie in its working directory.
    sys.path.insert(0, str(Path.cwd()))
    _alias_mmengine()
    cfg = Config.fromfile(arguments.config)
    cfg.merge_from_dict(arguments.cfg_options)
    cfg.launcher = arguments.launcher
    if arguments.verbose:
        cfg.log_level = "DEBUG"
    if arguments.work_dir is not None:
        cfg.work_dir = arguments.work_dir
    elif cfg.get("work_dir") is None:
        cfg.work_dir = str(Path("work_dirs") / Path(arguments.config).stem)
    return cfg


def _alias_mmengine() -> None:
    """Answer imports of MMEngine by the config and its modules, unless it is installed."""
    if importlib.util.find_spec("mmengine") is None:
        from mmlight.compat import install

        install()


def _use_mixed_precision(cfg: Config) -> None:
    wrapper = cfg.get("optim_wrapper")
    if not isinstance(wrapper, dict):
        raise ValueError(f"--amp needs a config with an optim_wrapper, which {cfg.filename} lacks")
    kind = wrapper.get("type", "OptimWrapper")
    if kind not in ("OptimWrapper", "AmpOptimWrapper"):
        raise ValueError(f"--amp turns an OptimWrapper into an AmpOptimWrapper, but got {kind!r}")
    wrapper["type"] = "AmpOptimWrapper"
    wrapper.setdefault("loss_scale", "dynamic")


def _enable_lr_scaling(cfg: Config) -> None:
    scaling = cfg.get("auto_scale_lr")
    if not isinstance(scaling, dict) or "base_batch_size" not in scaling:
        raise ValueError(
            f"--auto-scale-lr needs auto_scale_lr=dict(base_batch_size=...) in {cfg.filename}"
        )
    scaling["enable"] = True


def _add_metric(cfg: Config, metric: dict[str, Any]) -> None:
    evaluator = cfg.get("test_evaluator")
    if evaluator is None:
        raise ValueError(f"--out needs a test_evaluator, which {cfg.filename} lacks")
    if isinstance(evaluator, dict) and "metrics" in evaluator:
        present = evaluator["metrics"]
        evaluator["metrics"] = [*(present if isinstance(present, list) else [present]), metric]
    else:
        cfg.test_evaluator = [*(evaluator if isinstance(evaluator, list) else [evaluator]), metric]
