"""What becomes of each argument of Lightning's Trainer, in a config and in a user's own Trainer.

Most go to the Trainer and are obeyed. The rest would be without effect where an optimizer wrapper
steps and hooks write checkpoints; they are refused by name, with what to write instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import (
    BatchSizeFinder,
    Checkpoint,
    GradientAccumulationScheduler,
    LearningRateFinder,
    ModelCheckpoint,
    ProgressBar,
    StochasticWeightAveraging,
)

from mmlight.bridge.callbacks import callbacks_of
from mmlight.bridge.data import RunnerData
from mmlight.bridge.trainer_parts import build_parts, listed
from mmlight.registry import HOOKS, resolve_type
from mmlight.utils.near_names import did_you_mean


@dataclass(frozen=True)
class Obeyed:
    """An argument that has the effect that Lightning documents."""

    by: str
    """What obeys it."""


@dataclass(frozen=True)
class Refused:
    """An argument that would have no effect, or a wrong one.

    Args:
        harmless: Values that ask for nothing.
        reason: Why it cannot be obeyed.
        instead: What to write; ``{value}`` is the value that was given.
        own_trainer: Whether it is refused in a user's own Trainer as well.
    """

    harmless: tuple[Any, ...]
    reason: str
    instead: str
    own_trainer: bool = True

    def check(self, name: str, value: Any) -> None:
        """Refuse ``value`` unless it is harmless.

        Raises:
            ValueError: If it is not.
        """
        if any(value is one or value == one for one in self.harmless):
            return
        value = getattr(value, "value", value)  # Lightning keeps names as members of an enum
        raise ValueError(
            f"Trainer({name}={value!r}) cannot be obeyed (config key: trainer.{name}), since "
            f"{self.reason}: use {self.instead.format(value=value)}"
        )


_TRAINER = Obeyed("the Trainer, before and after its loops")
_LOOP = Obeyed("the loop, which asks the Trainer for it")
_PART = Obeyed("the Trainer, which keeps the object; in a config also dict(type=...)")

ARGUMENTS: dict[str, Obeyed | Refused] = {
    "accelerator": _TRAINER,
    "strategy": _PART,
    "devices": _TRAINER,
    "num_nodes": _TRAINER,
    "precision": Obeyed("the stepper of the optimizer wrapper, and the transfer of a batch"),
    "logger": _PART,
    "callbacks": _PART,
    "fast_dev_run": _LOOP,
    "max_epochs": _LOOP,
    "min_epochs": _LOOP,
    "max_steps": _LOOP,
    "min_steps": _LOOP,
    "max_time": Obeyed("Lightning's Timer, which the Trainer adds"),
    "limit_train_batches": _LOOP,
    "limit_val_batches": _LOOP,
    "limit_test_batches": _LOOP,
    "limit_predict_batches": _LOOP,
    "overfit_batches": _LOOP,
    "val_check_interval": _LOOP,
    "check_val_every_n_epoch": _LOOP,
    "num_sanity_val_steps": _LOOP,
    "log_every_n_steps": _LOOP,
    "enable_checkpointing": Obeyed("the Trainer, which adds a ModelCheckpoint of its own"),
    "enable_progress_bar": _TRAINER,
    "enable_model_summary": _TRAINER,
    "accumulate_grad_batches": Refused(
        (1,),
        "the optimizer wrapper accumulates gradients",
        "optim_wrapper=dict(accumulative_counts={value})",
    ),
    "gradient_clip_val": Refused(
        (None, 0),
        "the optimizer wrapper clips gradients, each of several its own",
        "optim_wrapper=dict(clip_grad=dict(max_norm={value})), or with "
        "gradient_clip_algorithm='value' clip_grad=dict(type='value', clip_value={value})",
    ),
    "gradient_clip_algorithm": Refused(
        (None,),
        "the optimizer wrapper clips gradients",
        "optim_wrapper=dict(clip_grad=dict(type='{value}', ...))",
    ),
    "deterministic": _TRAINER,
    "benchmark": _TRAINER,
    "inference_mode": _LOOP,
    "use_distributed_sampler": Obeyed("the samplers of a config, which shard by themselves"),
    "profiler": _PART,
    "detect_anomaly": _TRAINER,
    "barebones": Refused(
        (False,),
        "the hooks of a config, which log and write checkpoints, would stay",
        "default_hooks=dict(logger=None, checkpoint=None) and "
        "trainer=dict(enable_progress_bar=False) to measure a bare loop",
    ),
    "plugins": _PART,
    "sync_batchnorm": Refused(
        (False,),
        "the model is wrapped before the Trainer would convert it",
        "sync_bn='torch' beside `model`",
        own_trainer=False,
    ),
    "reload_dataloaders_every_n_epochs": _LOOP,
    "default_root_dir": _TRAINER,
    "enable_autolog_hparams": Obeyed("the Runner, which gives the visualizer the config or not"),
    "model_registry": Refused(
        (None,),
        "it names the model that Lightning's default ModelCheckpoint uploads, and CheckpointHook "
        "stands in its place",
        "a LitModelCheckpoint(model_registry={value!r}) in trainer.callbacks",
        own_trainer=False,
    ),
}
"""Each parameter of ``Trainer.__init__``."""

_SWITCHES: dict[str, type[Callback]] = {
    "enable_checkpointing": Checkpoint,
    "enable_progress_bar": ProgressBar,
}


_REFUSED_CALLBACKS: dict[type[Callback], tuple[str, str]] = {
    GradientAccumulationScheduler: (
        "the optimizer wrapper accumulates gradients",
        "optim_wrapper=dict(accumulative_counts=...)",
    ),
    LearningRateFinder: (
        "it sets the rates of a training whose optimizer steps by itself, and here the optimizer "
        "wrapper and the config's param_scheduler do that",
        "a short run with param_scheduler=dict(type='ExponentialLR', gamma=..., by_epoch=False), "
        "and read off the logged losses",
    ),
    BatchSizeFinder: (
        "it changes a batch_size of the module, and the config has that of the data",
        "train_dataloader=dict(batch_size=...)",
    ),
    StochasticWeightAveraging: (
        "Lightning steps its schedule of rates in automatic optimization alone, and adds an epoch "
        "to the training",
        "custom_hooks=[dict(type='EMAHook', ema_type='StochasticWeightAverage', begin_epoch=...)] "
        "with a param_scheduler for the rates, or Lightning's WeightAveraging",
    ),
}


def read_arguments(cfg: Any) -> dict[str, Any]:
    """Check the ``trainer`` of a config and build the objects in it.

    Args:
        cfg: The whole config.

    Returns:
        dict: Arguments of a Trainer; none of the config's own dicts and lists.

    Raises:
        TypeError: If the Trainer does not take an argument, or not such a value.
        ValueError: If an argument cannot be obeyed, or contradicts another one or another key.
        KeyError: If the ``type`` of an object is not known.

    Example:
        >>> read_arguments({"trainer": {"strategi": "ddp"}})
        Traceback (most recent call last):
        ...
        TypeError: lightning.pytorch.Trainer has no argument 'strategi' (config key: \
trainer.strategi). Did you mean 'strategy'?
    """
    given = {} if cfg.get("trainer") is None else cfg["trainer"]
    if not isinstance(given, dict):
        raise TypeError(
            f"trainer must be a dict of arguments of lightning.pytorch.Trainer, but got {given!r}; "
            "a Trainer of your own runs what mmlight.from_config returns"
        )
    check_arguments(given)
    for name, value in given.items():
        rule = ARGUMENTS[name]
        if isinstance(rule, Refused):
            rule.check(name, value)
    _check_against_keys(given, cfg)
    check_callbacks(_kinds(cfg.get("custom_hooks")), given)
    return build_parts(given)


def check_arguments(given: Mapping[str, Any]) -> None:
    """Refuse arguments that no Trainer with a documented module can obey.

    Raises:
        TypeError: If there is no such argument.
        ValueError: If it cannot be obeyed.
    """
    for name, value in given.items():
        rule = ARGUMENTS.get(name)
        if rule is None:
            raise TypeError(
                f"lightning.pytorch.Trainer has no argument {name!r} (config key: trainer.{name})."
                f"{did_you_mean(name, ARGUMENTS)}"
            )
        if isinstance(rule, Refused) and rule.own_trainer:
            rule.check(name, value)


def refuse_unsupported(trainer: Trainer) -> None:
    """Refuse a Trainer with arguments or callbacks that cannot be obeyed.

    Args:
        trainer: A Trainer that is about to run a documented module, before it reads data.

    Raises:
        ValueError: If an argument or a callback would have no effect.
    """
    for name, rule in ARGUMENTS.items():
        if isinstance(rule, Refused) and rule.own_trainer:
            rule.check(name, getattr(trainer, name))
    check_callbacks(map(type, callbacks_of(trainer)), {})
    for callback in callbacks_of(trainer):
        # Private: only its checkpoint's key tells it publicly, among other settings.
        if isinstance(callback, ModelCheckpoint) and callback._train_time_interval is not None:
            raise ValueError(
                "ModelCheckpoint(train_time_interval=...) cannot be obeyed, since Lightning looks "
                "at the time in automatic optimization alone: use every_n_train_steps, or a "
                "CheckpointHook"
            )


def check_callbacks(kinds: Iterable[type], written: Mapping[str, Any]) -> None:
    """Refuse callbacks that need automatic optimization, or that an argument switches off.

    Args:
        kinds: Classes of the callbacks.
        written: The arguments that the user wrote.

    Raises:
        ValueError: If there is one that cannot work here, such as a GradientAccumulationScheduler,
            a ModelCheckpoint beside ``enable_checkpointing=False``, or a progress bar beside
            ``enable_progress_bar=False``.
    """
    for kind in kinds:
        for refused, (reason, instead) in _REFUSED_CALLBACKS.items():
            if issubclass(kind, refused):
                raise ValueError(
                    f"{kind.__name__} among the callbacks of a Trainer cannot be obeyed (config "
                    f"keys: trainer.callbacks, custom_hooks), since {reason}: use {instead}"
                )
        for name, base in _SWITCHES.items():
            if issubclass(kind, base) and written.get(name) is False:
                raise ValueError(
                    f"{name}=False contradicts the {kind.__name__} among the callbacks (config "
                    f"keys: trainer.{name}, trainer.callbacks, custom_hooks): leave one of them out"
                )


def keep_samplers(trainer: Trainer) -> None:
    """Let a Trainer leave the samplers of a config alone, which shard the data by themselves.

    Args:
        trainer: A Trainer that has its data, but has not asked for dataloaders yet.
    """
    if isinstance(getattr(trainer, "datamodule", None), RunnerData):
        # Private: a Trainer takes this when it is made, and its default is to shard once more.
        trainer._accelerator_connector.use_distributed_sampler = False


def _kinds(hooks: Any) -> list[type]:
    kinds = [resolve_type(h, HOOKS) if isinstance(h, dict) else type(h) for h in listed(hooks)]
    return [kind for kind in kinds if isinstance(kind, type)]


def _check_against_keys(given: Mapping[str, Any], cfg: Any) -> None:
    """Refuse a ``trainer`` that says the opposite of another key of the config."""
    keys = {}
    for name, key in (("env_cfg", "cudnn_benchmark"), ("randomness", "deterministic")):
        inside = cfg.get(name)  # what is no dict is refused where it is read
        keys[f"{name}.{key}"] = inside.get(key) if isinstance(inside, dict) else None
    opposites = [
        ("benchmark", given.get("benchmark") is False, "env_cfg.cudnn_benchmark"),
        # Lightning turns the benchmark off where only `deterministic` is given.
        (
            "deterministic",
            bool(given.get("deterministic")) and given.get("benchmark") is None,
            "env_cfg.cudnn_benchmark",
        ),
        ("benchmark", bool(given.get("benchmark")), "randomness.deterministic"),
        ("deterministic", given.get("deterministic") is False, "randomness.deterministic"),
    ]
    for name, is_opposite, key in opposites:
        if is_opposite and keys[key]:
            raise ValueError(
                f"trainer.{name}={given[name]!r} contradicts {key}={keys[key]!r}: "
                "leave one of them out"
            )
