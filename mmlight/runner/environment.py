"""The part of a Runner that sets up processes, random seeds, folders and the logger."""

from __future__ import annotations

import logging
import os.path as osp
from typing import Any

import lightning
import torch

from mmlight.bridge.current import new_timestamp
from mmlight.bridge.processes import start_processes
from mmlight.dist import broadcast, get_rank, init_dist, is_distributed
from mmlight.logging import MMLogger
from mmlight.registry.diagnostics import check_arguments
from mmlight.registry.place import section
from mmlight.utils import mkdir_or_exist
from mmlight.utils.checks import flags, whole
from mmlight.utils.dl_utils import collect_env, set_multi_processing
from mmlight.utils.near_names import did_you_mean
from mmlight.utils.path import from_here

from .parts import RunnerPart
from .utils import set_random_seed

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


_LAUNCHERS = ("none", "pytorch", "slurm", "mpi")


class Environment(RunnerPart):
    """Sets up the processes, the random seeds, the names and folders and the logger of a run."""

    launcher = "none"
    """What started the processes."""
    seed = 0
    """The number that the random generators were seeded with."""
    seed_is_given = False
    """Whether the config names the seed, which otherwise is drawn."""
    diff_rank_seed = False
    """Whether each rank has added its number to the seed."""
    deterministic = False
    """Whether cuDNN is held to deterministic algorithms."""

    @section("launcher")
    def take_launcher(self, launcher: str) -> None:
        """Keep what started the processes.

        Raises:
            ValueError: If there is no launcher of that name.
        """
        if launcher not in _LAUNCHERS:
            raise ValueError(f"launcher must be one of {_LAUNCHERS}, but got {launcher!r}")
        self.launcher = launcher

    def open(
        self,
        env_cfg: dict[str, Any],
        randomness: dict[str, Any],
        experiment_name: str | None,
        log_level: str,
    ) -> None:
        """Set up all that a run needs before anything is built."""
        runner = self.runner
        with section("env_cfg"):
            runner.setup_env(env_cfg)
        self.seed_generators(randomness)
        name = experiment_name or osp.splitext(osp.basename(runner.cfg.filename or ""))[0]
        # Two runs of one name in a process would share their logger and message hub.
        start = runner.timestamp
        runner._experiment_name = f"{name}_{start}" if name else start
        runner._log_dir = osp.join(runner.work_dir, start)
        if not runner.is_rehearsal:
            with section("work_dir"):
                mkdir_or_exist(runner.work_dir)
        with section("log_level"):
            runner.logger = runner.build_logger(log_level=log_level)
        self._log_env(env_cfg)

    @section("randomness")
    def seed_generators(self, randomness: dict[str, Any]) -> None:
        """Seed the generators as a config says."""
        check_arguments(self.runner.set_randomness, randomness, randomness)
        self.runner.set_randomness(**randomness)

    def setup_env(self, env_cfg: dict[str, Any]) -> None:
        """Set up the processes, the start time and the limits of the machine.

        Args:
            env_cfg: ``cudnn_benchmark``, ``mp_cfg`` (arguments of
                :func:`~mmlight.utils.dl_utils.set_multi_processing`), ``dist_cfg`` (arguments of
                :func:`~mmlight.dist.init_dist`), ``resource_limit`` (open files per process).
        """
        if env_cfg.get("cudnn_benchmark"):
            torch.backends.cudnn.benchmark = True
        distributed = self.launcher != "none"
        with section("env_cfg", "mp_cfg"):
            mp_cfg = {**env_cfg.get("mp_cfg", {}), "distributed": distributed}
            check_arguments(set_multi_processing, mp_cfg, mp_cfg)
            set_multi_processing(**mp_cfg)
        if distributed and not is_distributed():
            dist_cfg = {**env_cfg.get("dist_cfg", {})}
            if dist_cfg.get("backend", "nccl") == "nccl" and not torch.cuda.is_available():
                dist_cfg["backend"] = "gloo"
            init_dist(self.launcher, **dist_cfg)
        if not distributed:
            start_processes(self.runner.trainer)
        self.runner._timestamp = new_timestamp()
        _raise_open_file_limit(int(env_cfg.get("resource_limit", 4096)))

    def set_randomness(
        self, seed: int | None, diff_rank_seed: bool = False, deterministic: bool = False
    ) -> None:
        """Seed Python's, NumPy's and torch's generators.

        Args:
            seed: The seed; drawn and shared by all ranks if None.
            diff_rank_seed: Whether each rank adds its number to the seed.
            deterministic: Whether cuDNN must be deterministic.

        Raises:
            TypeError: If one of them is of the wrong type.
            ValueError: If ``seed`` is negative.
        """
        flags("randomness", diff_rank_seed=diff_rank_seed, deterministic=deterministic)
        if seed is not None:
            whole("randomness", least=0, seed=seed)
        self.seed_is_given = seed is not None
        self.diff_rank_seed = diff_rank_seed
        self.deterministic = deterministic
        self.seed = set_random_seed(
            seed=seed, deterministic=deterministic, diff_rank_seed=diff_rank_seed
        )

    def share_seed(self) -> None:
        """Take the first process's seed; a Trainer of the user's connects processes late.

        The samplers of all of them must draw the same order, of which each takes its share.
        """
        if not is_distributed():
            return
        shared = torch.tensor(self.seed)
        broadcast(shared)
        seed = int(shared) + (get_rank() if self.diff_rank_seed else 0)
        if seed != self.seed:
            self.seed = set_random_seed(seed, deterministic=self.deterministic)

    def build_logger(
        self, log_level: int | str = "INFO", log_file: str | None = None, **kwargs: Any
    ) -> MMLogger:
        """Build the logger, or return it where it exists.

        Args:
            log_level: Level from which on records are shown.
            log_file: File to write to; ``<log_dir>/<timestamp>.log`` if None.
            **kwargs: Further arguments of :class:`~mmlight.logging.MMLogger`.

        Raises:
            ValueError: If there is no level of that name.
            TypeError: If the level is neither a name nor a number.
        """
        runner = self.runner
        _check_level(log_level)
        if log_file is None and not runner.is_rehearsal:
            log_file = osp.join(runner.log_dir, f"{runner.timestamp}.log")
        kwargs.setdefault("file_mode", "a")
        kwargs.setdefault("name", runner.experiment_name)
        return MMLogger.get_instance(log_level=log_level, log_file=log_file, **kwargs)

    def _log_env(self, env_cfg: dict[str, Any]) -> None:
        runner = self.runner
        logger = runner.logger
        if not logger.isEnabledFor(logging.INFO):
            return
        facts = collect_env()
        brief = f"{_in_one_line(facts)}, seed {self.seed}"
        facts.update(env_cfg)
        facts.update({"Seed": self.seed, "Distributed launcher": self.launcher})
        lines = "\n".join(f"    {name}: {value}" for name, value in facts.items())
        rule = "-" * 60
        whole = f"\n{rule}\nSystem and runtime environment:\n{lines}\n{rule}\n"
        logger.info(whole, extra={"brief": brief})
        if runner.cfg:
            where = "log_level='DEBUG' shows them"
            if logger.log_file:
                where = from_here(logger.log_file)
            logger.info(
                f"Config:\n{runner.cfg.pretty_text}",
                extra={"brief": f"Environment, config and order of hooks in full: {where}"},
            )


def _in_one_line(facts: dict[str, Any]) -> str:
    gpus = [f"{name} {value}" for name, value in facts.items() if name.startswith("GPU ")]
    versions = [f"{name} {facts[name].split()[0]}" for name in ("Python", "PyTorch")]
    return ", ".join(
        [facts["MMEngine"], f"Lightning {lightning.__version__}", *versions, *(gpus or ["no GPU"])]
    )


def _check_level(level: Any) -> None:
    if isinstance(level, int):
        return
    # An unknown name comes back in a sentence.
    if not isinstance(level, str) or isinstance(logging.getLevelName(level.upper()), str):
        kind = ValueError if isinstance(level, str) else TypeError
        hint = did_you_mean(str(level), _LEVELS) or f" It is one of {', '.join(_LEVELS)}."
        raise kind(f"there is no log level {level!r}.{hint}")


def _raise_open_file_limit(wanted: int) -> None:
    """Let the process open more files, as dataloader workers need."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = max(soft, wanted) if hard == resource.RLIM_INFINITY else min(max(soft, wanted), hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
