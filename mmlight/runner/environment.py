"""The part of the Runner that sets up processes, random seeds, folders and the logger."""

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
from mmlight.registry.diagnostics import check_arguments, did_you_mean
from mmlight.registry.place import section
from mmlight.utils import mkdir_or_exist
from mmlight.utils.checks import flags, whole
from mmlight.utils.dl_utils import collect_env, set_multi_processing

from .state import RunnerState
from .utils import set_random_seed

_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Environment(RunnerState):
    """Environment of a run; a part of :class:`~mmlight.runner.Runner`."""

    _deterministic: bool

    @property
    def deterministic(self) -> bool:
        """Whether cuDNN is held to deterministic algorithms."""
        return self._deterministic

    def _open_environment(
        self, env_cfg: dict, randomness: dict, experiment_name: str | None, log_level: str
    ) -> None:
        with section("env_cfg"):
            self.setup_env(env_cfg)
        with section("randomness"):
            check_arguments(self.set_randomness, randomness, randomness)
            self.set_randomness(**randomness)
        name = experiment_name or osp.splitext(osp.basename(self.cfg.filename or ""))[0]
        # Two runs of one name in a process would share their logger and message hub.
        self._experiment_name = f"{name}_{self._timestamp}" if name else self._timestamp
        self._log_dir = osp.join(self._work_dir, self._timestamp)
        if not self.is_rehearsal:
            with section("work_dir"):
                mkdir_or_exist(self._work_dir)
        with section("log_level"):
            self.logger = self.build_logger(log_level=log_level)
        self._log_env(env_cfg)

    def setup_env(self, env_cfg: dict) -> None:
        """Set up the processes, the start time and the limits of the machine.

        Args:
            env_cfg: ``cudnn_benchmark``, ``mp_cfg`` (arguments of
                :func:`~mmlight.utils.dl_utils.set_multi_processing`), ``dist_cfg`` (arguments of
                :func:`~mmlight.dist.init_dist`), ``resource_limit`` (open files per process).
        """
        if env_cfg.get("cudnn_benchmark"):
            torch.backends.cudnn.benchmark = True
        distributed = self._launcher != "none"
        with section("env_cfg", "mp_cfg"):
            mp_cfg = {**env_cfg.get("mp_cfg", {}), "distributed": distributed}
            check_arguments(set_multi_processing, mp_cfg, mp_cfg)
            set_multi_processing(**mp_cfg)
        if distributed and not is_distributed():
            dist_cfg = {**env_cfg.get("dist_cfg", {})}
            if dist_cfg.get("backend", "nccl") == "nccl" and not torch.cuda.is_available():
                dist_cfg["backend"] = "gloo"
            init_dist(self._launcher, **dist_cfg)
        if not distributed:
            start_processes(self.trainer)
        self._timestamp = new_timestamp()
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
        self.diff_rank_seed = diff_rank_seed
        self._deterministic = deterministic
        self._seed = set_random_seed(
            seed=seed, deterministic=deterministic, diff_rank_seed=diff_rank_seed
        )

    def share_seed(self) -> None:
        """Take the first process's seed; a Trainer of the user's connects processes late.

        The samplers of all of them must draw the same order, of which each takes its share.
        """
        if not is_distributed():
            return
        shared = torch.tensor(self._seed)
        broadcast(shared)
        seed = int(shared) + (get_rank() if self.diff_rank_seed else 0)
        if seed != self._seed:
            self._seed = set_random_seed(seed, deterministic=self._deterministic)

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
        _check_level(log_level)
        if log_file is None and not self.is_rehearsal:
            log_file = osp.join(self._log_dir, f"{self._timestamp}.log")
        kwargs.setdefault("file_mode", "a")
        kwargs.setdefault("name", self._experiment_name)
        return MMLogger.get_instance(log_level=log_level, log_file=log_file, **kwargs)

    def _log_env(self, env_cfg: dict) -> None:
        if not self.logger.isEnabledFor(logging.INFO):
            return
        facts = collect_env()
        brief = f"{_in_one_line(facts)}, seed {self._seed}"
        facts.update(env_cfg)
        facts.update({"Seed": self._seed, "Distributed launcher": self._launcher})
        lines = "\n".join(f"    {name}: {value}" for name, value in facts.items())
        rule = "-" * 60
        whole = f"\n{rule}\nSystem and runtime environment:\n{lines}\n{rule}\n"
        self.logger.info(whole, extra={"brief": brief})
        if self.cfg:
            where = self.logger.log_file or "log_level='DEBUG' shows them"
            self.logger.info(
                f"Config:\n{self.cfg.pretty_text}",
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
