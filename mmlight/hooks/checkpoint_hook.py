"""Saves checkpoints."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer

from mmlight.dist import is_main_process
from mmlight.fileio import FileClient, LocalBackend, get_file_backend
from mmlight.fileio.checkpoint_file import write_text_atomically
from mmlight.hooks.best_metric import BestMetrics
from mmlight.hooks.checkpoint_checks import (
    check_published_keys,
    check_template,
    check_use,
)
from mmlight.hooks.held_folders import HeldFolders
from mmlight.hooks.hook import DataBatch, Hook
from mmlight.hooks.metric_rule import BETTER, WORST
from mmlight.hooks.out_dir import check_backend_args, experiment_dir
from mmlight.hooks.publish import publish_checkpoint
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.registry import HOOKS
from mmlight.utils.checks import every, flags, of_type, whole
from mmlight.utils.path import from_here

_LAST = "last_checkpoint"
_INTERRUPTED = "interrupted_ckpt"


@HOOKS.register_module()
class CheckpointHook(Hook):
    """Save a checkpoint every so often, one for each best metric, and remove those outdated.

    A checkpoint is complete under its name before the file ``last_checkpoint`` names it, and
    before any older one is removed; so a run that is killed at any moment can be resumed. A new
    best metric saves the newest checkpoint again, so that it knows of it. What is kept is part of
    the checkpoints (in their message hub): a resumed run ends with the files of one that was never
    interrupted.

    Args:
        interval: Epochs or iterations between two checkpoints; -1 for never.
        by_epoch: Whether ``interval`` and ``save_begin`` count epochs; else they count iterations.
        save_optimizer: Whether a checkpoint holds the optimizer's state.
        save_param_scheduler: Whether a checkpoint holds the schedulers' state.
        out_dir: Folder or URL to save to; the name of the work directory is added to it. None is
            the work directory.
        max_keep_ckpts: How many checkpoints to keep, the newest ones; -1 for all.
        save_last: Whether the end of the training is saved whatever ``interval`` says.
        save_best: Metric, or metrics, whose best value has a checkpoint of its own; ``'auto'`` is
            the first metric of a validation.
        rule: ``'greater'`` or ``'less'``, what makes a metric better, one for all or one for each;
            taken from the metric's name by default.
        greater_keys: Parts of the names of metrics that should grow.
        less_keys: Parts of the names of metrics that should shrink.
        file_client_args: Deprecated, use ``backend_args``.
        filename_tmpl: Name of a checkpoint, with one ``{}`` (or ``{:04d}``) for the epoch or
            iteration; by default ``'epoch_{}.pth'`` or ``'iter_{}.pth'``.
        backend_args: Arguments of the storage backend of ``out_dir``.
        published_keys: Keys of a checkpoint; at the end of the training the newest and the best
            are written once more with only these and with their hash in the name.
        save_begin: Epoch or iteration before which nothing is saved.
        **kwargs: More arguments for ``runner.save_checkpoint``.

    Raises:
        AssertionError: If ``save_best`` or ``rule`` is of the wrong type, repeats itself, or there
            are not as many rules as metrics.
        KeyError: If a rule is unknown.
        TypeError: If another argument is of the wrong type.
        ValueError: If a number is out of its range, a rule cannot be inferred, or
            ``filename_tmpl`` has not exactly one ``{}``.

    Example:
        >>> hook = CheckpointHook(interval=2, save_best=["FID", "IS"], rule=["less", "greater"])
        >>> hook.rules
        ['less', 'greater']
    """

    priority = "VERY_LOW"
    writes = True
    training_only = True
    rule_map: Mapping[str, Callable[[float, float], bool]] = BETTER
    init_value_map: Mapping[str, float] = WORST

    def __init__(
        self,
        interval: int = -1,
        by_epoch: bool = True,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        out_dir: str | Path | None = None,
        max_keep_ckpts: int = -1,
        save_last: bool = True,
        save_best: str | list[str] | None = None,
        rule: str | list[str] | None = None,
        greater_keys: Sequence[str] | None = None,
        less_keys: Sequence[str] | None = None,
        file_client_args: dict[str, Any] | None = None,
        filename_tmpl: str | None = None,
        backend_args: dict[str, Any] | None = None,
        published_keys: str | list[str] | None = None,
        save_begin: int = 0,
        **kwargs: Any,
    ) -> None:
        every(self, interval=interval, max_keep_ckpts=max_keep_ckpts)
        flags(
            self,
            by_epoch=by_epoch,
            save_optimizer=save_optimizer,
            save_param_scheduler=save_param_scheduler,
            save_last=save_last,
        )
        of_type(self, (str, Path, type(None)), "a folder, a URL or None", out_dir=out_dir)
        whole(self, least=0, save_begin=save_begin)
        self.interval = interval
        self.by_epoch = by_epoch
        self.save_optimizer = save_optimizer
        self.save_param_scheduler = save_param_scheduler
        self.out_dir = None if out_dir is None else str(out_dir)
        self.max_keep_ckpts = max_keep_ckpts
        self.save_last = save_last
        self.args = kwargs
        self.file_client_args = file_client_args
        self.backend_args = check_backend_args(file_client_args, backend_args)
        self.save_best = save_best
        self._best = BestMetrics(
            save_best, rule, greater_keys, less_keys, self.rule_map, self.init_value_map
        )
        self.filename_tmpl = check_template(filename_tmpl, by_epoch)
        self.published_keys = check_published_keys(published_keys)
        self.save_begin = save_begin
        self.last_ckpt: str | None = None
        self.keep_ckpt_ids: list[int] = []
        self._is_training = False
        self._held = HeldFolders()

    @property
    def rules(self) -> list[str | None]:
        """The rule of each metric in ``save_best``."""
        return self._best.rules

    @property
    def key_indicators(self) -> list[str]:
        """The metrics in ``save_best``."""
        return self._best.metrics

    @property
    def greater_keys(self) -> list[str]:
        """Parts of the names of metrics that should grow."""
        return self._best.greater_keys

    @property
    def less_keys(self) -> list[str]:
        """Parts of the names of metrics that should shrink."""
        return self._best.less_keys

    @property
    def file_client(self) -> FileClient:
        """A client for where checkpoints go, known once a training has begun."""
        return FileClient.infer_client(self.file_client_args, self._dir)

    def before_train(self, runner: RunnerLike) -> None:
        """Settle where checkpoints go, and take up what a resumed run has kept so far.

        Raises:
            TypeError: If ``runner.save_checkpoint`` does not take an argument of the hook's.
            KeyError: If no validation can give a metric that ``save_best`` names.
            FolderInUseError: If another process trains in the same work directory, or saves to the
                same ``out_dir``.
        """
        check_use(self, runner)
        self._is_training = True
        self._dir = runner.work_dir
        if self.out_dir is not None:
            self._dir = experiment_dir(self.out_dir, runner.work_dir, self.backend_args)
        self.file_backend = get_file_backend(self._dir, backend_args=self.backend_args)
        # A store has no locks.
        own = [self._dir] if isinstance(self.file_backend, LocalBackend) else []
        self._held.hold(dict.fromkeys([runner.work_dir, *own]), runner.logger)
        told = "Checkpoints will be saved to {}."
        brief = {"brief": told.format(from_here(self._dir))}
        runner.logger.info(told.format(self._dir), extra=brief)
        self.last_ckpt = runner.message_hub.runtime_info.get("last_ckpt")
        self.keep_ckpt_ids = list(runner.message_hub.runtime_info.get("keep_ckpt_ids", ()))
        # What the checkpoint that is resumed was to replace is still there if the run was killed
        # between the two.
        outdated = list(runner.message_hub.runtime_info.get("outdated_ckpt_ids", ()))
        if self.max_keep_ckpts > 0:
            while len(self.keep_ckpt_ids) > self.max_keep_ckpts:
                outdated.append(self.keep_ckpt_ids.pop(0))
        self._remove([self._path_of(step) for step in outdated])

    def after_train_epoch(self, runner: RunnerLike) -> None:
        """Save a checkpoint if it is time, counted in epochs."""
        if not self.by_epoch:
            return
        if self.every_n_epochs(runner, self.interval, self.save_begin) or (
            self.save_last and self.is_last_train_epoch(runner)
        ):
            told = f"Saving checkpoint at {runner.epoch + 1} epochs"
            runner.logger.info(told, extra={"passing": True})
            self._save(runner, runner.epoch + 1, runner.epoch + 1, runner.iter)

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DataBatch = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Save a checkpoint if it is time, counted in iterations."""
        if self.by_epoch:
            return
        if self.every_n_train_iters(runner, self.interval, self.save_begin) or (
            self.save_last and self.is_last_train_iter(runner)
        ):
            told = f"Saving checkpoint at {runner.iter + 1} iterations"
            runner.logger.info(told, extra={"passing": True})
            self._save(runner, runner.iter + 1, runner.epoch, runner.iter + 1)

    def after_val_epoch(self, runner: RunnerLike, metrics: dict[str, float] | None = None) -> None:
        """In a training, save a checkpoint for each metric that is better than ever."""
        if self.save_best is None or not self._is_training:
            return
        if not metrics:
            runner.logger.warning(
                "The validation gave no metrics, so no best checkpoint can be told from it."
            )
            return
        step = runner.epoch if self.by_epoch else runner.iter
        found = False
        for metric, score in self._best.improved(metrics, runner.message_hub.runtime_info):
            self._save_best(runner, metric, score, step)
            found = True
        if found and self.last_ckpt is not None:
            self._save(runner, step, runner.epoch, runner.iter)

    def after_train(self, runner: RunnerLike) -> None:
        """Publish the newest and the best checkpoints if ``published_keys`` are given."""
        self._is_training = False
        if self.published_keys is None or not is_main_process():
            return
        paths = [self.last_ckpt] if self.save_last else []
        paths += [self._best.path(metric, runner.message_hub) for metric in self._best.metrics]
        for path in filter(None, paths):
            published = publish_checkpoint(
                path, self.published_keys, self.file_backend, runner.logger
            )
            runner.logger.info(f"The checkpoint ({path}) is published to {published}.")

    def after_run(self, runner: RunnerLike) -> None:
        """Let other runs into the folders."""
        self._held.release()

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Let other runs into the folders."""
        self._held.release()

    def save_interrupted(self, runner: RunnerLike) -> str:
        """Save the run in the middle, for a process that must end; return the checkpoint's path.

        The next checkpoint takes its place, so that the files in the end are those of a run that
        was never interrupted.
        """
        iteration = runner.iter + runner.progress.in_batch
        name = f"interrupted_iter_{iteration}.pth"
        path: str = self.file_backend.join_path(self._dir, name)
        previous = runner.message_hub.pop_info(_INTERRUPTED, None)
        runner.message_hub.update_info(_INTERRUPTED, path)
        runner.save_checkpoint(
            self._dir,
            name,
            meta={"epoch": runner.epoch, "iter": iteration},
            by_epoch=False,
            backend_args=self.backend_args,
        )
        self._name_last(runner, path)
        if previous is not None and previous != path:
            self._remove([previous])
        return path

    def _name_last(self, runner: RunnerLike, path: str) -> None:
        if is_main_process():
            write_text_atomically(path, Path(runner.work_dir, _LAST))

    def _path_of(self, step: int) -> str:
        result: str = self.file_backend.join_path(self._dir, self.filename_tmpl.format(step))
        return result

    def _save(self, runner: RunnerLike, step: int, epoch: int, iteration: int) -> None:
        """Save the checkpoint of ``step``, name it the last one, then remove the outdated."""
        self.last_ckpt = self._path_of(step)
        hub = runner.message_hub
        interrupted = hub.pop_info(_INTERRUPTED, None)
        hub.update_info("last_ckpt", self.last_ckpt)
        outdated: list[int] = []
        if self.max_keep_ckpts > 0:
            if step not in self.keep_ckpt_ids:
                self.keep_ckpt_ids.append(step)
            while len(self.keep_ckpt_ids) > self.max_keep_ckpts:
                outdated.append(self.keep_ckpt_ids.pop(0))
            hub.update_info("keep_ckpt_ids", list(self.keep_ckpt_ids))
            hub.update_info("outdated_ckpt_ids", outdated)
        runner.save_checkpoint(
            self._dir,
            self.filename_tmpl.format(step),
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta={"epoch": epoch, "iter": iteration},
            by_epoch=self.by_epoch,
            backend_args=self.backend_args,
            **self.args,
        )
        self._name_last(runner, self.last_ckpt)
        self._remove([self._path_of(old) for old in outdated])
        if interrupted is not None:
            self._remove([interrupted])

    def _save_best(self, runner: RunnerLike, metric: str, score: float, step: int) -> None:
        """Save the checkpoint of a best ``metric``, then remove the one it replaces."""
        hub = runner.message_hub
        name = f"best_{metric}_{self.filename_tmpl.format(step)}".replace("/", "_")
        path = self.file_backend.join_path(self._dir, name)
        previous = self._best.path(metric, hub)
        if previous is not None and self._own(previous) != path:
            # A folder that was copied or moved has its files under the same names.
            previous = self._own(previous)
        self._best.record(metric, score, path, hub)
        runner.save_checkpoint(
            self._dir,
            name,
            save_optimizer=self.save_optimizer,
            save_param_scheduler=self.save_param_scheduler,
            meta={"epoch": runner.epoch, "iter": runner.iter},
            by_epoch=False,
            backend_args=self.backend_args,
        )
        unit = "epoch" if self.by_epoch else "iter"
        runner.logger.info(
            f"The best checkpoint with {score:0.4f} {metric} at {step} {unit} is saved to {name}."
        )
        if previous is not None and previous != path and self._remove([previous]):
            told = "The previous best checkpoint {} is removed"
            brief = {"brief": told.format(from_here(previous)), "passing": True}
            runner.logger.info(told.format(previous), extra=brief)

    def _own(self, path: str) -> str:
        """Path of a recorded file in this run's folder, which may be resumed from another's."""
        return str(self.file_backend.join_path(self._dir, posixpath.basename(str(path))))

    def _remove(self, paths: list[str]) -> bool:
        """Remove what this run has of ``paths`` (files, or folders of sharded checkpoints)."""
        found = False
        paths = [path for path in paths if self._own(path) == str(path)]
        if is_main_process():
            for path in paths:
                if self.file_backend.isfile(path):
                    self.file_backend.remove(path)
                    found = True
                elif self.file_backend.isdir(path):
                    self.file_backend.rmtree(path)
                    found = True
        return found
