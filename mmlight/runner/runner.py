"""The Runner: everything that a config describes, built and run on a Lightning Trainer."""

from __future__ import annotations

import inspect
import os.path as osp
from collections.abc import Iterable
from contextlib import AbstractContextManager
from functools import cached_property
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer
from torch import nn
from typing_extensions import Self

from mmlight.bridge.current import CurrentRun
from mmlight.bridge.data import RunnerData
from mmlight.bridge.face import RunnerFace
from mmlight.bridge.interrupts import Interrupts
from mmlight.bridge.module import ModelModule
from mmlight.bridge.trainer import build_trainer
from mmlight.bridge.trainer_arguments import read_arguments
from mmlight.config import Config, copy_config
from mmlight.hooks import Hook
from mmlight.logging import MessageHub, MMLogger
from mmlight.registry import RUNNERS, DefaultScope, root_config
from mmlight.registry.account import Account
from mmlight.registry.place import section
from mmlight.utils.checks import flags
from mmlight.utils.handed import handed_to

from .base_loop import BaseLoop
from .building import Builders
from .checkpointing import Checkpoints
from .dataloader import build_dataloader
from .environment import Environment
from .hook_list import HookList
from .known_keys import find_unread, need_all_or_none, need_keys
from .optimization import Optimization
from .stages import KEYS, Stages


@RUNNERS.register_module()
class Runner(RunnerFace):
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

    # A loop, a wrapper or a scheduler is a config until it is needed, hence `Any`.
    cfg: Config
    account: Account
    model: nn.Module
    message_hub: MessageHub
    logger: MMLogger
    visualizer: Any
    log_processor: Any
    param_schedulers: Any
    _work_dir: str
    _log_dir: str
    _timestamp: str
    _experiment_name: str
    _model_name: str
    _train_dataloader: Any
    _val_dataloader: Any
    _test_dataloader: Any
    _train_loop: Any
    _val_loop: Any
    _test_loop: Any

    def __init__(
        self,
        model: nn.Module | dict[str, Any],
        work_dir: str,
        train_dataloader: Any = None,
        val_dataloader: Any = None,
        test_dataloader: Any = None,
        train_cfg: dict[str, Any] | None = None,
        val_cfg: dict[str, Any] | None = None,
        test_cfg: dict[str, Any] | None = None,
        auto_scale_lr: dict[str, Any] | None = None,
        optim_wrapper: Any = None,
        param_scheduler: Any = None,
        val_evaluator: Any = None,
        test_evaluator: Any = None,
        default_hooks: dict[str, Hook | dict[str, Any]] | None = None,
        custom_hooks: list[Hook | dict[str, Any]] | None = None,
        data_preprocessor: nn.Module | dict[str, Any] | None = None,
        load_from: str | None = None,
        resume: bool = False,
        launcher: str = "none",
        env_cfg: dict[str, Any] = dict(dist_cfg=dict(backend="nccl")),  # noqa: B006, C408 (documented)
        log_processor: dict[str, Any] | None = None,
        log_level: str = "INFO",
        visualizer: Any = None,
        default_scope: str = "mmengine",
        randomness: dict[str, Any] = dict(seed=None),  # noqa: B006, C408 (documented)
        experiment_name: str | None = None,
        cfg: dict[str, Any] | Config | None = None,
    ) -> None:
        given = {name: value for name, value in locals().items() if name in ARGUMENTS}
        self._keep(cfg, given)
        with self.root_config():
            with section("work_dir"):
                self._work_dir = osp.abspath(work_dir)
            for mode in KEYS:
                self._take(mode, given)
            self.optimization.check_schedulers(param_scheduler, optim_wrapper)
            self.environment.take_launcher(launcher)
            with section("resume"):
                flags("the Runner", resume=resume)
            with self.current_run.building():
                self.environment.open(env_cfg, randomness, experiment_name, log_level)
                self._default_scope = DefaultScope.get_instance(
                    self._experiment_name, scope_name=default_scope
                )
                self.message_hub = self.build_message_hub()
                self.visualizer = self.build_visualizer(visualizer)
                if self.cfg and self.trainer.enable_autolog_hparams:
                    self.visualizer.add_config(self.cfg)
                self.log_processor = self.build_log_processor(log_processor or {})
                self.model = self.builders.build_whole_model(model, data_preprocessor)
                self.register_hooks(default_hooks, custom_hooks)
                self.hook_list.tell()
                self.dump_config()

    def _keep(self, cfg: Any, given: dict[str, Any]) -> None:
        """Keep what was given; nothing of it is built yet."""
        super().__init__()
        self.environment, self.hook_list = Environment(self), HookList(self)
        self.builders, self.optimization = Builders(self), Optimization(self)
        self.stages, self.checkpoints = Stages(self), Checkpoints(self)
        self.current_run = CurrentRun(self)
        self.lightning_callbacks: list[Callback] = []
        self.cfg = as_config(cfg)
        self._given = {name: value for name, value in given.items() if value is not None}
        self.account = find_unread(self.cfg, type(self))
        self.auto_scale_lr = given.get("auto_scale_lr")
        self.optim_wrapper = given.get("optim_wrapper")
        self.param_schedulers = given.get("param_scheduler")
        self._load_from, self._resume = given.get("load_from"), given.get("resume", False)
        self.exact_state: dict[str, Any] | None = None

    def _take(self, mode: str, given: dict[str, Any]) -> None:
        """Keep what trains, validates or tests; some of it without the rest is an error."""
        purpose, keys = KEYS[mode]
        need_all_or_none(self.cfg, purpose, {key: given.get(key) for key in keys})
        setattr(self, f"_{mode}_dataloader", given.get(keys[0]))
        setattr(self, f"_{mode}_loop", given.get(keys[1]))
        setattr(self, f"_{mode}_evaluator", given.get(keys[2]))

    def root_config(self) -> AbstractContextManager[None]:
        """Let errors of what is built name key and file, and keep account of keys."""
        return root_config(self.cfg, self._given, self.account)

    @classmethod
    def from_cfg(cls, cfg: Config | dict[str, Any], strict: bool = False) -> Runner:
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

    # ------------------------------------------------------- what its parts do

    setup_env = handed_to("environment", Environment.setup_env)
    set_randomness = handed_to("environment", Environment.set_randomness)
    build_logger = handed_to("environment", Environment.build_logger)

    build_model = handed_to("builders", Builders.build_model)
    wrap_model = handed_to("builders", Builders.wrap_model)
    _init_model_weights = handed_to("builders", Builders.init_model_weights)
    build_dataloader = staticmethod(build_dataloader)
    build_evaluator = handed_to("builders", Builders.build_evaluator)
    build_train_loop = handed_to("builders", Builders.build_train_loop)
    build_val_loop = handed_to("builders", Builders.build_val_loop)
    build_test_loop = handed_to("builders", Builders.build_test_loop)
    build_message_hub = handed_to("builders", Builders.build_message_hub)
    build_visualizer = handed_to("builders", Builders.build_visualizer)
    build_log_processor = handed_to("builders", Builders.build_log_processor)
    dump_config = handed_to("builders", Builders.dump_config)

    build_optim_wrapper = handed_to("optimization", Optimization.build_optim_wrapper)
    scale_lr = handed_to("optimization", Optimization.scale_lr)
    build_param_scheduler = handed_to("optimization", Optimization.build_param_scheduler)

    register_hooks = handed_to("hook_list", HookList.register_hooks)
    register_default_hooks = handed_to("hook_list", HookList.register_default_hooks)
    register_custom_hooks = handed_to("hook_list", HookList.register_custom_hooks)
    get_hooks_info = handed_to("hook_list", HookList.get_hooks_info)

    train = handed_to("stages", Stages.train)
    val = handed_to("stages", Stages.val)
    test = handed_to("stages", Stages.test)

    save_checkpoint = handed_to("checkpoints", Checkpoints.save_checkpoint)
    load_checkpoint = handed_to("checkpoints", Checkpoints.load_checkpoint)
    load_or_resume = handed_to("checkpoints", Checkpoints.load_or_resume)
    resume = handed_to("checkpoints", Checkpoints.resume)

    # ------------------------------------------------ what Lightning is given

    @property
    def trainer(self) -> Trainer:
        """The Lightning Trainer underneath, built when it is first needed."""
        if self._trainer is None:
            with self.root_config(), section("trainer"):
                self.bind(build_trainer(self))
        return super().trainer

    @cached_property
    def trainer_arguments(self) -> dict[str, Any]:
        """The config's ``trainer`` with the objects in it built, once for every Trainer."""
        scope = self.cfg.get("default_scope")  # not the current one yet: a Trainer comes first
        scoped = DefaultScope.overwrite_default_scope(scope)
        with self.root_config(), section("trainer"), scoped:
            return read_arguments(self.cfg)

    @cached_property
    def interrupts(self) -> Interrupts:
        """What lets signals stop the training."""
        return Interrupts(self)

    @cached_property
    def module(self) -> ModelModule:
        """The model as a LightningModule."""
        return ModelModule(self)

    @cached_property
    def datamodule(self) -> RunnerData:
        """The dataloaders as a LightningDataModule."""
        return RunnerData(self)

    def __repr__(self) -> str:
        if "model" not in vars(self):  # shown in the traceback of what is wrong with the config
            return f"<{type(self).__name__} that is not built>"
        done = f"{self.iter} iterations done, " if self._progress is not None else ""
        return f"<{type(self).__name__} of {self._model_name}: {done}in {self._work_dir}>"

    def _take_callback(self, callback: Any) -> None:
        if isinstance(callback, Callback):
            self.lightning_callbacks.append(callback)
        else:
            super()._take_callback(callback)

    # --------------------------------------------------------------- properties

    @property
    def launcher(self) -> str:
        """What started the processes."""
        return self.environment.launcher

    @property
    def seed(self) -> int:
        """The number that the random generators were seeded with."""
        return self.environment.seed

    @property
    def diff_rank_seed(self) -> bool:
        """Whether each rank has added its number to the seed."""
        return self.environment.diff_rank_seed

    @property
    def deterministic(self) -> bool:
        """Whether cuDNN is held to deterministic algorithms."""
        return self.environment.deterministic

    @property
    def work_dir(self) -> str:
        """Folder for checkpoints and logs."""
        return self._work_dir

    @property
    def log_dir(self) -> str:
        """Folder for the logs of this run, inside the work_dir."""
        return self._log_dir

    @property
    def timestamp(self) -> str:
        """When the experiment began, as ``YYYYmmdd_HHMMSS``."""
        return self._timestamp

    @property
    def experiment_name(self) -> str:
        """Name of the experiment."""
        return self._experiment_name

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
        loop = self._train_loop
        return loop if isinstance(loop, BaseLoop) else self._built_loop("train")

    @property
    def val_loop(self) -> Any:
        """The validation loop, built when it is first asked for."""
        loop = self._val_loop
        return loop if isinstance(loop, BaseLoop) else self._built_loop("val")

    @property
    def test_loop(self) -> Any:
        """The test loop, built when it is first asked for."""
        loop = self._test_loop
        return loop if isinstance(loop, BaseLoop) else self._built_loop("test")

    def _built_loop(self, mode: str) -> Any:
        loop = getattr(self, f"_{mode}_loop")
        if loop is not None:
            loop = getattr(self, f"build_{mode}_loop")(loop)
            setattr(self, f"_{mode}_loop", loop)
        return loop

    @property
    def max_epochs(self) -> int:
        """Epochs of the training; 0 without one."""
        return getattr(self.train_loop, "max_epochs", 0)

    @property
    def max_iters(self) -> int:
        """Iterations of the training; 0 without one."""
        return getattr(self.train_loop, "max_iters", 0)

    @property
    def train_dataloader(self) -> Any:
        """The dataloader for training."""
        return getattr(self.train_loop, "dataloader", None)

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
        result: int = self.train_loop.val_interval
        return result

    @property
    def val_begin(self) -> int:
        """First epoch or iteration after which validation may run."""
        result: int = self.train_loop.val_begin
        return result


def as_config(cfg: Any) -> Config:
    """Return a Config of one's own with the content of another, of a dict or of nothing."""
    if cfg is None:
        return Config()
    if isinstance(cfg, Config):
        result: Config = copy_config(cfg)
        return result
    if isinstance(cfg, dict):
        return Config(copy_config(cfg))
    raise TypeError(f"cfg must be a dict, a Config or None, but got {type(cfg).__name__}")


ARGUMENTS = tuple(
    name for name in inspect.signature(Runner.__init__).parameters if name not in ("self", "cfg")
)
