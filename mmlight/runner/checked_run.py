"""A run that is built part by part, without data, GPU or a file left behind."""

from __future__ import annotations

import logging
import os.path as osp
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from mmlight.bridge.attach import attach
from mmlight.bridge.current import new_timestamp
from mmlight.bridge.trainer import derived_kwargs, make_trainer
from mmlight.evaluator import Evaluator
from mmlight.evaluator.torchmetrics_adapter import build_metric
from mmlight.fileio.url_cache import nothing_fetched
from mmlight.hooks import CheckpointHook, EarlyStoppingHook, Hook, NPUProfilerHook, ProfilerHook
from mmlight.logging import MMLogger
from mmlight.optim import OptimWrapper, OptimWrapperDict
from mmlight.registry import LOOPS, METRICS, RUNNERS, DefaultScope, resolve_type
from mmlight.registry.build_functions import check_cfg
from mmlight.registry.place import current_section, part, section
from mmlight.registry.registry import UNKNOWN_SCOPE
from mmlight.utils.checks import flags
from mmlight.visualization import Visualizer

from .dataloader import build_dataloader
from .flexible_runner import FlexibleRunner, build_strategy
from .known_keys import find_unread, need_all_or_none, need_keys
from .loops import EpochBasedTrainLoop, IterBasedTrainLoop, TestLoop, ValLoop
from .model_faults import init_faults, inner_faults, need_step
from .runner import ARGUMENTS, Runner
from .stand_ins import (
    BlankModel,
    UnknownMetric,
    UnreadData,
    dataset_faults,
    is_ours,
    sampler_faults,
    unread_dataloader,
    without_names,
    without_workers,
)

# Of this machine, or of no account before a run.
_NOT_CHECKED = ("accelerator", "devices", "num_nodes", "strategy", "logger", "default_root_dir")
_PLAIN = (str, int, float, bool)


class _Said(logging.Handler):
    """Keeps the warnings of a logger."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        scope = UNKNOWN_SCOPE.match(message)  # each registry says it for itself
        if scope is None or not any(one.startswith(scope[0]) for one in self.messages):
            self.messages.append(message)


class CheckedRun(Runner):
    """A Runner that keeps the errors of its parts, and puts stand-ins where one cannot be built."""

    def __init__(self, cfg: Any, folder: str) -> None:
        given = {name: cfg[name] for name in ARGUMENTS if name in cfg}
        self._keep(cfg, given)
        self.account = find_unread(self.cfg, _runner_class(self.cfg) or Runner)
        self.errors: list[Exception] = []
        self.said = _Said()
        self.not_read: list[str] = []
        self.not_fetched: list[str] = []
        self._work_dir = self._log_dir = folder
        self._timestamp = new_timestamp()
        self._experiment_name = f"check_{self._timestamp}_{osp.basename(folder)}"
        self._has_model = False
        self.hook_list.guard = self.part
        for mode in ("train", "val", "test"):
            setattr(self, f"_{mode}_loop", None)
            setattr(self, f"_{mode}_dataloader", None)
        self.optim_wrapper = None

    @contextmanager
    def part(self, *path: Any) -> Generator[None, None, None]:
        """Keep an error instead of raising it."""
        try:
            with section(*path):
                yield
        except Exception as err:
            self._take_error(err)

    def _take_error(self, err: Exception) -> None:
        if str(err) not in map(str, self.errors):  # the test may be the validation once more
            self.errors.append(err)

    def check(self) -> None:
        """Build all parts."""
        scope = self._given.get("default_scope", "mmengine")
        root = MMLogger.get_current_instance()
        with self.root_config(), self._heard(root), self.part("default_scope"):
            if not isinstance(scope, str):
                raise TypeError(f"default_scope should be the name of a scope, but got {scope!r}")
            with DefaultScope.overwrite_default_scope(scope):
                _runner_class(self.cfg)  # imports the package of the scope
        if self.errors:
            return  # no type could be found
        with (
            self.root_config(),
            DefaultScope.overwrite_default_scope(scope),
            self.current_run.building(),
        ):
            with self._heard(root):
                self._check_runner()
                self._check_trainer()
                self._check_environment()
                self._check_logging()
            self._check_model()
            self._check_hooks()
            self._check_training()
            with self._heard(self.logger):
                self._check_optimizers()
            for mode in ("val", "test"):
                with nothing_fetched() as addresses:
                    self._check_evaluation(mode)
                self.not_fetched += addresses
            with self._heard(self.logger):
                self._check_together()

    @contextmanager
    def _heard(self, logger: logging.Logger) -> Generator[None, None, None]:
        """Take what is warned of inside for a finding of the check; it is not shown here."""
        handlers, logger.handlers = logger.handlers, [self.said]
        try:
            yield
        finally:
            logger.handlers = handlers

    def _check_runner(self) -> None:
        kind = _runner_class(self.cfg)
        with self.part("runner_type"):
            if kind is None:
                check_cfg({"type": self.cfg.get("runner_type")}, RUNNERS)
        is_flexible = kind is not None and issubclass(kind, FlexibleRunner)
        with self.part():
            need_keys(self.cfg, "model", *([] if is_flexible else ["work_dir"]))
        if is_flexible:
            with self.part("strategy"):
                build_strategy(self.cfg.get("strategy"))

    def _check_trainer(self) -> None:
        arguments: dict[str, Any] = {}
        with self.part("trainer"):
            written = self.cfg.get("trainer")
            if isinstance(written, dict):  # what can be told of it if the rest is wrong
                arguments = {key: one for key, one in written.items() if type(one) in _PLAIN}
            arguments = self.trainer_arguments
        given = {key: value for key, value in arguments.items() if key not in _NOT_CHECKED}
        derived = {**derived_kwargs(self), "accelerator": "cpu"}
        with self.part("trainer"):
            self.bind(make_trainer(derived, **given))
        if self._trainer is None:
            self.bind(make_trainer(derived))

    def _check_environment(self) -> None:
        given = self._given
        with self.part("work_dir"):
            osp.abspath(given.get("work_dir", ""))
        with self.part("launcher"):
            self.environment.take_launcher(given.get("launcher") or "none")
        self.environment.launcher = "none"
        with self.part("env_cfg"):
            self.setup_env(given.get("env_cfg", {}))
        with self.part("randomness"):
            self.environment.seed_generators(given.get("randomness", {"seed": None}))
        with self.part("resume"):
            flags("the Runner", resume=given.get("resume", False))
        with self.part("load_from"):
            self._check_file(given.get("load_from"))

    def _check_file(self, path: Any) -> None:
        if path is not None and not isinstance(path, str):
            raise TypeError(f"load_from should be the path of a checkpoint, but got {path!r}")
        if path and "://" in path:
            self.not_fetched.append(path)
        elif path and not osp.exists(path):
            raise FileNotFoundError(f"there is no checkpoint {path}")

    def _check_logging(self) -> None:
        given = self._given
        with self.part("log_level"):
            logging.Handler().setLevel(given.get("log_level", "INFO"))
        self.logger = self.build_logger("WARNING")
        self.logger.handlers.clear()
        self.message_hub = self.build_message_hub()
        self.visualizer = None
        with self.part("visualizer"):
            self.visualizer = self.build_visualizer(given.get("visualizer"))
        if self.visualizer is None:
            self.visualizer = Visualizer(name=self._experiment_name)
        with self.part("log_processor"):
            self.log_processor = self.build_log_processor(given.get("log_processor", {}))

    def _check_model(self) -> None:
        self.model = BlankModel()
        if "model" in self.cfg:
            with self.part("model"):
                preprocessor = self._given.get("data_preprocessor")
                self.model = self.builders.build_whole_model(self._given.get("model"), preprocessor)
                self._has_model = True
            faults = init_faults(self.model) if self._has_model else inner_faults(self.cfg["model"])
            for err in faults:
                self._take_error(err)

    def _check_hooks(self) -> None:
        with self.part("default_hooks"):
            self.register_default_hooks(self._given.get("default_hooks"))
        if "custom_hooks" in self._given:
            with self.part("custom_hooks"):
                self.register_custom_hooks(self._given["custom_hooks"])

    # --------------------------------------------------------------------- data

    def build_dataloader(  # type: ignore[override]
        self, dataloader: Any, seed: int | None = None, diff_rank_seed: bool = False
    ) -> Any:
        """Build a dataloader whose dataset is not read."""
        if not isinstance(dataloader, dict):
            return build_dataloader(dataloader)
        cfg = {**dataloader}
        for key, err in sampler_faults(dataloader):
            del cfg[key]
            if err is not None:
                self._take_error(err)
        if isinstance(cfg.get("dataset"), dict):
            with part(dataloader, "dataset"):
                for err in dataset_faults(cfg["dataset"]):
                    self._take_error(err)
            cfg["dataset"] = UnreadData()
            self.not_read.append(".".join(current_section()))
        with part(dataloader):
            with warnings.catch_warnings():  # of how many processors this machine has
                warnings.simplefilter("ignore", UserWarning)
                build_dataloader(cfg, seed, diff_rank_seed)  # for its arguments
            return build_dataloader(without_workers(cfg), seed, diff_rank_seed)

    def _data(self, key: str) -> Any:
        given = self._given.get(key)
        if isinstance(given, list | tuple):
            return [self._one_of_data(one, key, index) for index, one in enumerate(given)]
        return unread_dataloader() if given is None else self._one_of_data(given, key)

    def _one_of_data(self, given: Any, *key: Any) -> Any:
        with self.part(*key):
            return self.build_dataloader(given, self.seed, self.diff_rank_seed)
        return build_dataloader({"dataset": UnreadData(), "batch_size": 1})

    # ----------------------------------------------------------------- training

    def _check_keys(self, purpose: str, *names: str) -> bool:
        """Tell whether there is something to check; parts of it that lack are an error."""
        with self.part():
            need_all_or_none(self.cfg, purpose, {name: self._given.get(name) for name in names})
        return any(name in self._given for name in names)

    def _check_training(self) -> None:
        keys = ("train_dataloader", "train_cfg", "optim_wrapper")
        if not self._check_keys("training", *keys):
            return
        self._train_dataloader = self._data("train_dataloader")
        cfg = self._given.get("train_cfg", {"max_epochs": 1})
        with self.part("train_cfg"):
            if self._is_strange("train_cfg", cfg):
                self._train_loop = None
            else:
                self._train_loop = self.build_train_loop(cfg)
                self._check_step("train")
        if self._train_loop is None:
            self._train_loop = _some_loop(self, cfg)

    def _check_step(self, mode: str) -> None:
        if self._has_model:
            with self.part("model"):
                need_step(self.model, mode)

    def _is_strange(self, key: str, cfg: Any) -> bool:
        """Tell whether a loop is of a type that may want more than its arguments."""
        if not (isinstance(cfg, dict) and "type" in cfg):
            return False
        more = (
            ("runner", "dataloader")
            if key == "train_cfg"
            else ("runner", "dataloader", "evaluator")
        )
        return not is_ours(check_cfg(cfg, LOOPS, dict.fromkeys(more)))

    def _check_optimizers(self) -> None:
        if self._train_loop is None:
            return
        given: Any = self._given.get("optim_wrapper")
        with self.part("optim_wrapper"):
            self.optim_wrapper = self.build_optim_wrapper(
                given if self._has_model else without_names(given)
            )
        if self.optim_wrapper is None:
            parameter = nn.Parameter(torch.zeros(1))
            self.optim_wrapper = OptimWrapper(torch.optim.SGD([parameter], lr=0.1))
        with self.part("auto_scale_lr"):
            self.scale_lr(self.optim_wrapper, self.auto_scale_lr)
        schedulers = self.param_schedulers
        with self.part("param_scheduler"):
            self.optimization.check_schedulers(schedulers, given)
        self.param_schedulers = None
        right = self._right_schedulers(schedulers)
        if right:
            with self.part("param_scheduler"):
                self.param_schedulers = self.build_param_scheduler(right)

    def _right_schedulers(self, given: Any) -> Any:
        """Return those schedulers that can be built, as they were given."""
        if isinstance(given, dict) and "type" not in given:
            several = isinstance(self.optim_wrapper, OptimWrapperDict)
            if not (several or self._has_model):  # a stand-in is a single one
                return None
            return {
                name: [one for one in _listed(some) if self._can_schedule({name: [one]})]
                for name, some in given.items()
            }
        return [one for one in _listed(given) if self._can_schedule([one])]

    def _can_schedule(self, schedulers: Any) -> bool:
        with self.part("param_scheduler"):
            self.build_param_scheduler(schedulers)
            return True
        return False

    # --------------------------------------------------------------- evaluation

    def build_evaluator(self, evaluator: Any) -> Evaluator:
        """Build an evaluator from those of its metrics that can be built."""
        if isinstance(evaluator, dict) and "metrics" in evaluator:
            return super().build_evaluator({**evaluator, "metrics": self._metrics(evaluator)})
        if isinstance(evaluator, dict | list):
            return super().build_evaluator(self._metrics(evaluator))
        return super().build_evaluator(evaluator)

    def _metrics(self, evaluator: Any) -> Any:
        metrics = evaluator
        if isinstance(evaluator, dict):
            metrics = evaluator.get("metrics", evaluator)
        if isinstance(metrics, list | tuple):
            return [self._metric(one) for one in metrics]
        return [self._metric(metrics)] if metrics else metrics

    def _metric(self, metric: Any) -> Any:
        try:
            with part(metric):
                if isinstance(metric, dict) and "ann_file" in metric:
                    check_cfg(metric, METRICS)
                else:
                    return build_metric(metric)
        except Exception as err:
            self._take_error(err)
        return UnknownMetric()

    def _check_evaluation(self, mode: str) -> None:
        purpose = "validation" if mode == "val" else "testing"
        keys = [f"{mode}_{name}" for name in ("dataloader", "cfg", "evaluator")]
        if not self._check_keys(purpose, *keys):
            return
        cfg, evaluator = self._given.get(keys[1]), self._given.get(keys[2])
        setattr(self, f"_{mode}_dataloader", self._data(keys[0]))
        unknown = [UnknownMetric()]
        setattr(self, f"_{mode}_evaluator", unknown if evaluator is None else evaluator)
        loop: Any = None
        kind = ValLoop if mode == "val" else TestLoop
        with self.part(keys[1]):
            if self._is_strange(keys[1], cfg):
                pass
            elif isinstance(cfg, dict) and "type" in cfg and not self._has_model:
                loop = kind(self, unread_dataloader(), self._all_metrics(evaluator))
            else:
                build = self.build_val_loop if mode == "val" else self.build_test_loop
                loop = build({} if cfg is None else cfg)
                self._check_step(mode)
        if loop is None:
            loop = kind(self, unread_dataloader(), Evaluator([UnknownMetric()]))
        setattr(self, f"_{mode}_loop", loop)

    def _all_metrics(self, evaluator: Any) -> Evaluator:
        """Build metrics for a loop that asks the model, where there is none to be asked."""
        given = _listed(evaluator)
        are_evaluators = all(
            isinstance(one, list | tuple) or (isinstance(one, dict) and "metrics" in one)
            for one in given
        )
        built = [self.build_evaluator(one) for one in (given if are_evaluators else [evaluator])]
        metrics = [metric for one in built for metric in one.metrics]
        return Evaluator(metrics or [UnknownMetric()])

    # ----------------------------------------------------------------- together

    def _check_together(self) -> None:
        """Check what a run would check before its first iteration."""
        if self._train_loop is None:
            return
        with self.part("trainer"):
            attach(self.trainer, self)
            self.stages.limit_training()
        with self.part("compile"):
            self.builders.compile("train_step")
        for hook, key in self.hook_keys:
            if self._may_be_asked(hook):
                with self.part(*key):
                    hook.before_run(self)
                    hook.before_train(self)
                    if isinstance(hook, ProfilerHook):
                        hook.profiler.stop()

    def _may_be_asked(self, hook: Any) -> bool:
        if not isinstance(hook, Hook) or isinstance(hook, NPUProfilerHook):
            return False
        if not is_ours(type(hook)):
            return False
        if hasattr(hook, "out_dir"):
            hook.out_dir = None  # files of a check go to a folder of its own
        return self._has_model or isinstance(hook, CheckpointHook | EarlyStoppingHook)


def _runner_class(cfg: Any) -> type | None:
    kind = resolve_type(cfg.get("runner_type", "Runner"), RUNNERS)
    return kind if isinstance(kind, type) else None


def _some_loop(run: CheckedRun, cfg: Any) -> Any:
    """Return a training loop in place of one that cannot be built, of the kind that was meant."""
    by_iterations = isinstance(cfg, dict) and ("max_iters" in cfg or cfg.get("by_epoch") is False)
    if by_iterations:
        return IterBasedTrainLoop(run, unread_dataloader(), max_iters=1 << 20)
    return EpochBasedTrainLoop(run, unread_dataloader(), max_epochs=1 << 10)


def _listed(given: Any) -> list[Any]:
    if given is None:
        return []
    return list(given) if isinstance(given, list | tuple) else [given]
