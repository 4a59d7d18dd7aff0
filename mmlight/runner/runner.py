"""The Runner: everything that a config describes, built and run on a Lightning Trainer."""

from __future__ import annotations

import inspect
import os.path as osp
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer
from torch import nn
from typing_extensions import Self

from mmlight.bridge.current import CurrentRun
from mmlight.bridge.data import RunnerData
from mmlight.bridge.interrupts import Interrupts
from mmlight.bridge.module import ModelModule
from mmlight.bridge.progress import OwnCounters
from mmlight.bridge.schedule import schedule_of
from mmlight.bridge.trainer import build_trainer
from mmlight.bridge.trainer_arguments import read_arguments
from mmlight.config import Config, copy_config
from mmlight.hooks import Hook
from mmlight.hooks.length import length_of
from mmlight.model.bare_model import bare_model
from mmlight.model.efficient_conv_bn_eval import turn_on_efficient_conv_bn_eval
from mmlight.registry import RUNNERS, DefaultScope
from mmlight.registry.place import section
from mmlight.utils.checks import flags

from .base_loop import BaseLoop
from .checkpointing import Checkpoints
from .environment import Environment
from .known_keys import find_unread, need_all_or_none, need_keys
from .loops import TrainLoop

_LAUNCHERS = ("none", "pytorch", "slurm", "mpi")


@RUNNERS.register_module()
class Runner(Checkpoints, Environment):
    """Train, validate and test what a config describes.

    Everything but the model is built when it is first needed, so a config for testing alone
    needs no training keys. Underneath is ``runner.trainer``, a ``lightning.pytorch.Trainer``;
    the config key ``trainer=dict(...)`` goes to it as it is (strategy, precision, loggers, ...).

    Args:
        model: Model, or its config.
        work_dir: Folder for checkpoints and logs.
        train_dataloader: Dataloader for training, or its config.
        val_dataloader: Dataloader for validation, or its config.
        test_dataloader: Dataloader for testing, or its config.
        train_cfg: Config of the training loop: ``by_epoch`` or ``type``, ``max_epochs`` or
            ``max_iters``, ``val_begin``, ``val_interval``, ``dynamic_intervals``.
        val_cfg: Config of the validation loop.
        test_cfg: Config of the test loop.
        auto_scale_lr: ``dict(base_batch_size=..., enable=True)`` scales the learning rate with
            the batch size.
        optim_wrapper: Optimizer wrapper, or its config.
        param_scheduler: Schedulers, or their configs; a dict of lists for several optimizers.
        val_evaluator: Evaluator for validation, or the config of it or of its metrics.
        test_evaluator: The same for testing.
        default_hooks: Changes to the default hooks by name; None removes one.
        custom_hooks: Further hooks, configs of hooks, or Lightning callbacks.
        data_preprocessor: Config that the model's own ``data_preprocessor`` overrides.
        load_from: Checkpoint to load weights from.
        resume: True resumes from ``load_from``, or else the newest checkpoint in ``work_dir``.
        launcher: What starts the processes: ``none``, ``pytorch``, ``slurm`` or ``mpi``.
        env_cfg: Environment: ``cudnn_benchmark``, ``mp_cfg``, ``dist_cfg``, ``resource_limit``.
        log_processor: Config of the log processor.
        log_level: Level of the logger.
        visualizer: Visualizer, or its config.
        default_scope: Scope in which types without a prefix are looked up first.
        randomness: ``dict(seed=..., diff_rank_seed=..., deterministic=...)``.
        experiment_name: Name of the experiment, to which the start time is added; the name of
            the config's file by default.
        cfg: The whole config.

    Raises:
        ValueError: If only some of the arguments for training (or validation, or testing) are
            given.
        TypeError: If an argument is of the wrong type.

    Example:
        >>> cfg = Config.fromfile("configs/dcgan/dcgan_digits-32x32.py")  # doctest: +SKIP
        >>> runner = Runner.from_cfg(cfg)  # doctest: +SKIP
        >>> model = runner.train()  # doctest: +SKIP
    """

    def __init__(
        self,
        model: nn.Module | dict,
        work_dir: str,
        train_dataloader: Any = None,
        val_dataloader: Any = None,
        test_dataloader: Any = None,
        train_cfg: dict | None = None,
        val_cfg: dict | None = None,
        test_cfg: dict | None = None,
        auto_scale_lr: dict | None = None,
        optim_wrapper: Any = None,
        param_scheduler: Any = None,
        val_evaluator: Any = None,
        test_evaluator: Any = None,
        default_hooks: dict[str, Hook | dict] | None = None,
        custom_hooks: list[Hook | dict] | None = None,
        data_preprocessor: nn.Module | dict | None = None,
        load_from: str | None = None,
        resume: bool = False,
        launcher: str = "none",
        env_cfg: dict = dict(dist_cfg=dict(backend="nccl")),  # noqa: B006, C408 (documented)
        log_processor: dict | None = None,
        log_level: str = "INFO",
        visualizer: Any = None,
        default_scope: str = "mmengine",
        randomness: dict = dict(seed=None),  # noqa: B006, C408 (documented)
        experiment_name: str | None = None,
        cfg: dict | Config | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in ARGUMENTS}
        self._keep(cfg, given)
        with self._root_config():
            with section("work_dir"):
                self._work_dir = osp.abspath(work_dir)
            self._take_loops(train_dataloader, train_cfg, optim_wrapper)
            self._take_evaluations(
                (val_dataloader, val_cfg, val_evaluator),
                (test_dataloader, test_cfg, test_evaluator),
            )
            self._check_schedulers(param_scheduler, optim_wrapper)
            self._take_launcher(launcher)
            with section("resume"):
                flags("the Runner", resume=resume)
            with self.current_run.building():
                self._open_environment(env_cfg, randomness, experiment_name, log_level)
                self._default_scope = DefaultScope.get_instance(
                    self._experiment_name, scope_name=default_scope
                )
                self.message_hub = self.build_message_hub()
                self.visualizer = self.build_visualizer(visualizer)
                if self.cfg and self.trainer.enable_autolog_hparams:
                    self.visualizer.add_config(self.cfg)
                self.log_processor = self.build_log_processor(log_processor or {})
                self.model = self._build_whole_model(model, data_preprocessor)
                self.register_hooks(default_hooks, custom_hooks)
                self.logger.info(
                    f"Hooks will be executed in the following order:\n{self.get_hooks_info()}",
                    extra={"brief": f"Hooks by priority:\n{self.get_hooks_table()}"},
                )
                self.dump_config()

    def _keep(self, cfg: Any, given: dict[str, Any]) -> None:
        """Keep what was given; nothing of it is built yet."""
        super().__init__()
        self.current_run = CurrentRun(self)
        self.lightning_callbacks: list[Callback] = []
        self.hook_keys: list[tuple[Any, tuple[str, ...]]] = []
        self._module: ModelModule | None = None
        self._datamodule: RunnerData | None = None
        self.cfg = as_config(cfg)
        self._given = {name: value for name, value in given.items() if value is not None}
        self.account = find_unread(self.cfg, type(self))
        self.auto_scale_lr = given.get("auto_scale_lr")
        self.param_schedulers = given.get("param_scheduler")
        self._load_from, self._resume = given.get("load_from"), given.get("resume", False)
        self._has_loaded = False
        self.exact_state: dict[str, Any] | None = None
        self._scaled: Any = None

    @classmethod
    def from_cfg(cls, cfg: Config | dict, strict: bool = False) -> Runner:
        """Build a Runner from a config, whose keys are the arguments of the class.

        The run leaves the config as it is, and runs the very objects in it: callbacks, hooks,
        loggers, models, data.

        Args:
            cfg: The config; keys that the Runner does not know (``trainer`` aside) are left to
                whoever put them there, and those that look like a slip are warned of.
            strict: Whether a key without effect is an error.

        Raises:
            KeyError: If there is no ``model``, or no ``work_dir`` in a config of no file;
                one of a file has ``work_dirs/<its name>``.
            ValueError: If ``strict`` and nothing reads some key.
        """
        return cls._from_keys(cfg, ARGUMENTS, ("model", "work_dir"), strict)

    @classmethod
    def _from_keys(
        cls, cfg: Any, names: Iterable[str], needed: Iterable[str], strict: bool
    ) -> Self:
        cfg = copy_config(cfg)
        filename = getattr(cfg, "filename", None)
        if filename and cfg.get("work_dir") is None:
            cfg.work_dir = str(Path("work_dirs", Path(filename).stem))
        find_unread(cfg, cls, strict).refuse()
        need_keys(cfg, *needed)
        runner = cls(**{name: cfg[name] for name in names if name in cfg}, cfg=cfg)
        runner.account.strict = strict
        return runner

    def _take_launcher(self, launcher: str) -> None:
        with section("launcher"):
            if launcher not in _LAUNCHERS:
                raise ValueError(f"launcher must be one of {_LAUNCHERS}, but got {launcher!r}")
        self._launcher = launcher

    def _take_loops(self, dataloader: Any, cfg: Any, optim_wrapper: Any) -> None:
        keys = {
            "train_dataloader": dataloader,
            "train_cfg": cfg,
            "optim_wrapper": optim_wrapper,
        }
        need_all_or_none(self.cfg, "training", keys)
        self._train_dataloader = dataloader
        self._train_loop: Any = cfg
        self.optim_wrapper = optim_wrapper

    def _take_evaluations(self, val: tuple, test: tuple) -> None:
        for mode, (dataloader, cfg, evaluator) in (("val", val), ("test", test)):
            keys = {
                f"{mode}_dataloader": dataloader,
                f"{mode}_cfg": cfg,
                f"{mode}_evaluator": evaluator,
            }
            need_all_or_none(self.cfg, "validation" if mode == "val" else "testing", keys)
            setattr(self, f"_{mode}_dataloader", dataloader)
            setattr(self, f"_{mode}_loop", cfg)
            setattr(self, f"_{mode}_evaluator", evaluator)

    # ------------------------------------------------------------------ running

    def train(self) -> nn.Module:
        """Train and return the model.

        A training that was broken off, by an error or Ctrl-C, goes on where it was.

        Raises:
            RuntimeError: If the Runner has nothing to train with.
            SystemExit: With status 143 or 130, if SIGTERM or Ctrl-C came and the run was saved.
            KeyboardInterrupt: If Ctrl-C came in an interactive session.
        """
        self._need("train", "train_dataloader, train_cfg and optim_wrapper")
        with self.current_run, self.interrupts.handled():
            self.trainer.fit(self.module, datamodule=self.datamodule)
        return self.model

    def begin(self, stage: str) -> None:
        """Build what a Trainer needs that is about to ``fit``, ``validate``, ... (``stage``)."""
        for backend in self.visualizer.join_loggers(self.trainer.loggers):
            if self.trainer.enable_autolog_hparams:
                backend.add_config(self.cfg)
        with self._root_config():
            if stage == "fit":
                self.prepare_training()
                return
            mode = "val" if stage == "validate" else "test"
            loop = getattr(self, f"{mode}_loop")  # built now, before anything is announced
            self.account.tell(self.logger)
            self.call_hook("before_run")
            self.load_or_resume()
            if loop is not None:
                self._maybe_compile(f"{mode}_step")

    def end(self, stage: str) -> None:
        """Announce the end of what the Trainer did."""
        self.call_hook("after_run")

    def prepare_training(self) -> None:
        """Do all that comes before the first event of training, in the documented order."""
        if self.interrupts.goes_on:  # all of it was done, and no run has ended since
            self.interrupts.goes_on = False
            return
        self._train_loop = self.build_train_loop(self._train_loop)
        self._limit_training()
        self.optim_wrapper = self.build_optim_wrapper(self.optim_wrapper)
        if self.optim_wrapper is not self._scaled:  # a second training goes on with these rates
            self.scale_lr(self.optim_wrapper, self.auto_scale_lr)
            self._scaled = self.optim_wrapper
        if self.param_schedulers is not None:
            self.param_schedulers = self.build_param_scheduler(self.param_schedulers)
        if self._val_loop is not None:
            self._val_loop = self.build_val_loop(self._val_loop)
        if self.cfg.get("efficient_conv_bn_eval"):
            with section("efficient_conv_bn_eval"):
                turn_on_efficient_conv_bn_eval(
                    bare_model(self.model), self.cfg["efficient_conv_bn_eval"]
                )
        self.account.tell(self.logger)
        self.call_hook("before_run")
        self._init_model_weights()
        self.load_or_resume()
        self._maybe_compile("train_step")

    def _limit_training(self) -> None:
        trainer, loop = self.trainer, self._train_loop
        if isinstance(loop, TrainLoop):
            self.schedule = schedule_of(trainer, loop)
        else:
            self._progress = OwnCounters(trainer, loop)

    @property
    def is_done(self) -> bool:
        """Whether a documented training loop has no iteration left."""
        return self.schedule is not None and self.iter >= self.schedule.last_iter

    def batches_of_epoch(self) -> float:
        """Batches of an epoch of training; an iteration-based training is one epoch."""
        loop = self.train_loop
        if not loop.by_epoch and (self.schedule is None or self.schedule.batches):
            return loop.max_iters
        return length_of(loop.dataloader) if self.schedule is None else self.schedule.batches

    def reload_data(self) -> None:
        """Build the datasets and dataloaders of training and validation anew."""
        for mode, loop in (("train", self.train_loop), ("val", self.val_loop)):
            given = getattr(self, f"_{mode}_dataloader")
            if isinstance(given, dict) and loop is not None:
                loop.use(self.build_dataloader(given, self.seed, self.diff_rank_seed))

    def val(self) -> dict:
        """Validate and return the metrics by name.

        Raises:
            RuntimeError: If the Runner has nothing to validate with.
        """
        self._need("val", "val_dataloader, val_cfg and val_evaluator")
        return self._evaluate("val")

    def test(self) -> dict:
        """Test and return the metrics by name.

        Raises:
            RuntimeError: If the Runner has nothing to test with.
        """
        self._need("test", "test_dataloader, test_cfg and test_evaluator")
        return self._evaluate("test")

    def _evaluate(self, mode: str) -> dict:
        trainer = self.trainer
        run = trainer.validate if mode == "val" else trainer.test
        with self.current_run:
            run(self.module, datamodule=self.datamodule, verbose=False)
        loop: Any = trainer.validate_loop if mode == "val" else trainer.test_loop
        return loop.metrics

    def _need(self, mode: str, keys: str) -> None:
        if getattr(self, f"_{mode}_loop") is None:
            raise RuntimeError(
                f"runner.{mode}() needs {keys}, and this Runner has none of them: add these keys "
                "to the config"
            )

    @property
    def trainer(self) -> Trainer:
        """The Lightning Trainer underneath, built when it is first needed."""
        if self._trainer is None:
            with self._root_config(), section("trainer"):
                self.bind(build_trainer(self))
        return super().trainer

    @cached_property
    def trainer_arguments(self) -> dict[str, Any]:
        """The config's ``trainer`` with the objects in it built, once for every Trainer."""
        scope = self.cfg.get("default_scope")  # not the current one yet: a Trainer comes first
        scoped = DefaultScope.overwrite_default_scope(scope)
        with self._root_config(), section("trainer"), scoped:
            return read_arguments(self.cfg)

    @cached_property
    def interrupts(self) -> Interrupts:
        """What lets signals stop the training."""
        return Interrupts(self)

    @property
    def module(self) -> ModelModule:
        """The model as a LightningModule."""
        if self._module is None:
            self._module = ModelModule(self)
        return self._module

    @property
    def datamodule(self) -> RunnerData:
        """The dataloaders as a LightningDataModule."""
        if self._datamodule is None:
            self._datamodule = RunnerData(self)
        return self._datamodule

    def __repr__(self) -> str:
        if "model" not in vars(self):  # shown in the traceback of what is wrong with the config
            return f"<{type(self).__name__} that is not built>"
        done = f"{self.iter} iterations done, " if self._progress is not None else ""
        return f"<{type(self).__name__} of {self._model_name}: {done}in {self._work_dir}>"

    # --------------------------------------------------------------- properties

    @property
    def model_name(self) -> str:
        """Name of the model, as a rule that of its class."""
        return self._model_name

    @property
    def epoch(self) -> int:
        """Epochs done: the 0-based index of the running one."""
        return getattr(self._train_loop, "epoch", 0)

    @property
    def log_interval(self) -> int:
        """Iterations between two log points of the config's LoggerHook."""
        hooks = self.cfg.get("default_hooks")
        logger = hooks.get("logger") if isinstance(hooks, dict) else None
        return logger.get("interval", 10) if isinstance(logger, dict) else 10

    @property
    def train_cfg(self) -> Any:
        """The training loop or, until it is built, its config."""
        return self._train_loop

    @property
    def validates(self) -> bool:
        """Whether the run has a validation."""
        return self._val_loop is not None

    @property
    def train_loop(self) -> Any:
        """The training loop, built when it is first asked for."""
        if self._train_loop is None or isinstance(self._train_loop, BaseLoop):
            return self._train_loop
        self._train_loop = self.build_train_loop(self._train_loop)
        return self._train_loop

    @property
    def val_loop(self) -> Any:
        """The validation loop, built when it is first asked for."""
        if self._val_loop is None or isinstance(self._val_loop, BaseLoop):
            return self._val_loop
        self._val_loop = self.build_val_loop(self._val_loop)
        return self._val_loop

    @property
    def test_loop(self) -> Any:
        """The test loop, built when it is first asked for."""
        if self._test_loop is None or isinstance(self._test_loop, BaseLoop):
            return self._test_loop
        self._test_loop = self.build_test_loop(self._test_loop)
        return self._test_loop

    @property
    def val_dataloader(self) -> Any:
        """The dataloader for validation."""
        return getattr(self.val_loop, "dataloader", None)

    @property
    def test_dataloader(self) -> Any:
        """The dataloader for testing."""
        return getattr(self.test_loop, "dataloader", None)

    @property
    def val_evaluator(self) -> Any:
        """The evaluator for validation."""
        return getattr(self.val_loop, "evaluator", None)

    @property
    def test_evaluator(self) -> Any:
        """The evaluator for testing."""
        return getattr(self.test_loop, "evaluator", None)

    @property
    def val_interval(self) -> int:
        """Epochs or iterations between two validations."""
        return self.train_loop.val_interval

    @property
    def val_begin(self) -> int:
        """First epoch or iteration after which validation may run."""
        return self.train_loop.val_begin


def as_config(cfg: Any) -> Config:
    """Return a Config of one's own with the content of another, of a dict or of nothing."""
    if cfg is None:
        return Config()
    if isinstance(cfg, Config):
        return copy_config(cfg)
    if isinstance(cfg, dict):
        return Config(copy_config(cfg))
    raise TypeError(f"cfg must be a dict, a Config or None, but got {type(cfg).__name__}")


ARGUMENTS = tuple(
    name for name in inspect.signature(Runner.__init__).parameters if name not in ("self", "cfg")
)
