"""The part of a Runner that saves, loads and resumes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from torch.optim import Optimizer

from mmlight.bridge.checkpoint import (
    buffers_of,
    collect,
    exact_state_of_rank,
    go_on_among_others,
    restore_callbacks,
    restore_progress,
)
from mmlight.bridge.missing_parts import paired_with_states, warn_of_missing_parts
from mmlight.bridge.sharding import has_shards, load_optimizers, split_gradients
from mmlight.dist import broadcast_object_list
from mmlight.fileio import join_path
from mmlight.fileio.checkpoint_file import write_checkpoint
from mmlight.hooks.out_dir import check_backend_args
from mmlight.model.bare_model import bare_model
from mmlight.registry.place import section
from mmlight.utils.path import from_here
from mmlight.utils.same_data import same_data

from .checkpoint import (
    _load_checkpoint,
    _load_checkpoint_to_model,
    find_latest_checkpoint,
    refuse_foreign_weights,
    refuse_other_shapes,
    weights_in,
)
from .checkpoint_loader import Placement
from .parts import RunnerPart

_STRIP_WRAPPER = [(r"^module.", "")]
_WHAT_TO_DO = (
    "Take the optimizer of the run that wrote it, or begin a run with its weights alone: load_from "
    "without resume (Runner.resume goes on without it: resume_optimizer=False, "
    "resume_param_scheduler=False)"
)


class Checkpoints(RunnerPart):
    """Saves a run, and loads and resumes one."""

    has_loaded = False
    """Whether the weights have come from a checkpoint."""

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        file_client_args: dict[str, Any] | None = None,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        meta: dict[str, Any] | None = None,
        by_epoch: bool = True,
        backend_args: dict[str, Any] | None = None,
    ) -> None:
        """Write a checkpoint from which mmlight, MMEngine and Lightning can resume.

        Args:
            out_dir: Folder or URL to write to.
            filename: Name of the file.
            file_client_args: Deprecated, use ``backend_args``.
            save_optimizer: Whether to save the states of optimizers.
            save_param_scheduler: Whether to save the states of schedulers.
            meta: Entries to add to ``meta``.
            by_epoch: Whether the running epoch counts as done (else the running iteration does).
            backend_args: Arguments of the storage backend.

        Raises:
            TypeError: If ``meta`` is no dict.
            ValueError: If both kinds of storage arguments are given.
            OSError: If the file cannot be written; a file of that name that was there stays.
        """
        runner = self.runner
        backend_args = check_backend_args(file_client_args, backend_args)
        path = join_path(out_dir, filename, backend_args=backend_args)
        checkpoint = collect(runner, save_optimizer, save_param_scheduler, meta, by_epoch)
        runner.call_hook("before_save_checkpoint", checkpoint=checkpoint)
        if runner.rank == 0:
            write_checkpoint(checkpoint, path, backend_args=backend_args)
        runner.trainer.strategy.barrier("save_checkpoint")

    def load_checkpoint(
        self,
        filename: str,
        map_location: str | Callable[..., Any] = "cpu",
        strict: bool = False,
        revise_keys: list[tuple[str, str]] = _STRIP_WRAPPER,
    ) -> dict[str, Any]:
        """Load the weights of a checkpoint into the model.

        Args:
            filename: Path or URL.
            map_location: Where its weights and the states of its optimizers go first, as for
                :func:`torch.load`. All other tensors are read to the CPU.
            strict: Whether each weight must have its counterpart.
            revise_keys: Pairs of a regular expression and what replaces it in the names.

        Returns:
            dict: The checkpoint.

        Raises:
            RuntimeError: If it has no weight that the model has, or none at all.
        """
        runner = self.runner
        checkpoint = self._read_checkpoint(filename, map_location)
        weights_in(checkpoint, filename)
        runner.call_hook("after_load_checkpoint", checkpoint=checkpoint)  # which may rename weights
        model = runner.model if has_shards(runner.model) else bare_model(runner.model)
        refuse_foreign_weights(model, checkpoint, filename, revise_keys)
        _load_checkpoint_to_model(model, checkpoint, strict, runner.logger, revise_keys)
        self.has_loaded = True
        runner.logger.info(f"Load checkpoint from {filename}")
        return checkpoint

    def _read_checkpoint(self, filename: str, map_location: Any) -> dict[str, Any]:
        weights_only = self.runner.cfg.get("env_cfg", {}).get("weights_only", True)
        placement, logger = Placement(map_location), self.runner.logger
        result: dict[str, Any] = placement.place(
            _load_checkpoint(filename, placement.read_to, logger, weights_only)
        )
        return result

    def load_or_resume(self) -> None:
        """Load or resume what the config says, once."""
        runner = self.runner
        if self.has_loaded:
            return
        resume_from = None
        if runner._resume and runner._load_from is None:
            resume_from = self._find_latest()
            if resume_from is None:
                runner.logger.info("The run begins anew.")
            else:
                resume_from = from_here(resume_from)
                runner.logger.info(f"Auto resumed from the latest checkpoint {resume_from}.")
        elif runner._resume:
            resume_from = runner._load_from
        with section("resume" if runner._load_from is None else "load_from"):
            if resume_from is not None:
                runner.resume(resume_from)
                self.has_loaded = True
            elif runner._load_from is not None:
                runner.load_checkpoint(runner._load_from)
                self.has_loaded = True

    def _find_latest(self) -> str | None:
        """Ask one process: others might see a folder that is just being changed, and differ."""
        found = [find_latest_checkpoint(self.runner.work_dir) if self.runner.rank == 0 else None]
        broadcast_object_list(found)
        return found[0]

    def resume(
        self,
        filename: str,
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
        map_location: str | Callable[..., Any] = "default",
    ) -> None:
        """Continue the run that wrote a checkpoint.

        One that mmlight wrote is continued exactly: random states, position in the data and
        pending gradients included. One that MMEngine wrote is continued as MMEngine would.

        Args:
            filename: Path or URL.
            resume_optimizer: Whether to restore the optimizers.
            resume_param_scheduler: Whether to restore the schedulers.
            map_location: Where its weights and the states of its optimizers go first, as for
                :func:`torch.load`; ``default`` leaves it to the model and the optimizers to take
                them to their devices. All other tensors are read to the CPU.

        Raises:
            RuntimeError: If weights of it are of other shapes than the model's parameters.
            ValueError: If its optimizers are others, or it does not say how far its run had come.
        """
        runner = self.runner
        # Not to the model's device: an optimizer leaves its counters where they come from, and on
        # a GPU it would wait for them in each step.
        where = "cpu" if map_location == "default" else map_location
        self.has_loaded = runner._resume = True
        checkpoint = runner.load_checkpoint(filename, map_location=where)
        refuse_other_shapes(bare_model(runner.model), checkpoint, filename)
        self.restore(checkpoint, resume_optimizer, resume_param_scheduler)
        restore_callbacks(runner.trainer, checkpoint)
        if saved := (runner.exact_state or {}).get("buffers"):
            buffers = buffers_of(runner.model)
            for name, value in saved.items():
                buffers[name].copy_(value)
        runner.logger.info(f"resumed epoch: {runner.epoch}, iter: {runner.iter}")

    def resume_read(self, checkpoint: dict[str, Any], training: bool) -> None:
        """Continue from a checkpoint that the Trainer has read and whose weights it loads next.

        Args:
            checkpoint: The checkpoint; hooks may change it.
            training: Whether a training goes on; an evaluation needs the weights alone.
        """
        runner = self.runner
        self.has_loaded = True
        runner._resume = runner._resume or training
        runner.call_hook("after_load_checkpoint", checkpoint=checkpoint)
        if training:
            self.restore(checkpoint)
            # Lightning refuses a file without these; what it lacks has been named.
            checkpoint.setdefault("optimizer_states", [])
            checkpoint.setdefault("lr_schedulers", [])

    def restore(
        self,
        checkpoint: dict[str, Any],
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
    ) -> None:
        """Take everything but the weights from a checkpoint that was read.

        Args:
            checkpoint: The checkpoint.
            resume_optimizer: Whether to restore the optimizers.
            resume_param_scheduler: Whether to restore the schedulers.
        """
        runner = self.runner
        runner.exact_state = self._own_exact_state(checkpoint)
        restore_progress(runner, checkpoint)
        self._compare_with(checkpoint.get("meta", {}))
        if "message_hub" in checkpoint:
            runner.message_hub.load_state_dict(checkpoint["message_hub"])
        restore_optimizer = resume_optimizer and "optimizer" in checkpoint
        restore_schedulers = resume_param_scheduler and runner.param_schedulers is not None
        if restore_optimizer:
            runner.optim_wrapper = runner.build_optim_wrapper(runner.optim_wrapper)
        if restore_schedulers:
            # Before the optimizer has its state: a scheduler that is built sets the first rate.
            runner.param_schedulers = runner.build_param_scheduler(runner.param_schedulers)
        if restore_optimizer:
            _restore_optimizers(runner, checkpoint["optimizer"])
        if restore_schedulers:
            self._restore_schedulers(checkpoint.get("param_schedulers"))
        warn_of_missing_parts(runner, checkpoint, resume_optimizer, resume_param_scheduler)

    def _own_exact_state(self, checkpoint: dict[str, Any]) -> dict[str, Any] | None:
        runner = self.runner
        if "mmlight" not in checkpoint:
            return None
        exact = exact_state_of_rank(checkpoint["mmlight"], runner.rank, runner.world_size)
        if exact is not None:
            return exact
        written_by = 1 + len(checkpoint["mmlight"].get("ranks", ()))
        runner.logger.warning(
            f"The checkpoint was written by {written_by} process(es) and this run has "
            f"{runner.world_size}: it goes on with the saved weights, optimizers, schedulers and "
            "counters, and with the samples that are left; random numbers begin anew, and "
            "so does an accumulation of gradients that was not over"
        )
        if runner.schedule is None:  # the training loop counts for itself
            return None
        return go_on_among_others(runner, checkpoint["mmlight"]["position"], written_by)

    def _restore_schedulers(self, states: Any) -> None:
        for _, scheduler, state in paired_with_states(self.runner.param_schedulers, states):
            if state is not None:
                scheduler.load_state_dict(state)

    def _compare_with(self, meta: dict[str, Any]) -> None:
        """Warn where this run differs from the one that wrote the checkpoint."""
        runner = self.runner
        seed = meta.get("seed")
        if seed is not None and seed != runner.seed and runner.environment.seed_is_given:
            runner.logger.warning(
                f"The seed of this run ({runner.seed}) is not that of the checkpoint ({seed})"
            )
        known = meta.get("dataset_meta")
        current = getattr(getattr(runner.train_dataloader, "dataset", None), "metainfo", None)
        if known is not None and current is not None and not same_data(known, current):
            runner.logger.warning(
                "The dataset metainfo of this run is not that of the checkpoint:\n"
                f"this run: {_start_of(current)}\ncheckpoint: {_start_of(known)}"
            )

    def restore_accumulation(self) -> None:
        """Let the optimizers count from where the run stands, pending gradients put back.

        Where a strategy splits the model, each process has pending gradients of its part alone.
        """
        runner = self.runner
        wrapper, loop = runner.optim_wrapper, runner.train_loop
        pending = (runner.exact_state or {}).get("accumulation")
        if pending:
            wrapper.load_accumulation_state(split_gradients(wrapper, pending))
        wrapper.initialize_count_status(runner.model, loop.iter, loop.max_iters)


def _start_of(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 1000 else f"{text[:1000]} ..."


def _restore_optimizers(runner: Any, state: dict[str, Any]) -> None:
    """Give a run's optimizers their states of a checkpoint, or refuse those of others."""
    try:
        load_optimizers(runner, state)
    except (KeyError, ValueError) as err:
        _refuse_other_settings(runner.optim_wrapper)
        what = f"no {err.args[0]!r}" if isinstance(err, KeyError) and err.args else str(err)
        kinds = " and ".join(type(one).__name__ for _, one in _each(runner.optim_wrapper))
        raise ValueError(
            f"the optimizer state of the checkpoint does not fit {kinds}: {what}. {_WHAT_TO_DO}"
        ) from err
    _refuse_other_settings(runner.optim_wrapper)


def _refuse_other_settings(wrapper: Any) -> None:
    """Refuse states that have left an optimizer without settings of its own.

    Asked once they are loaded: an optimizer fills in what older versions of it did not have.
    """
    for place, optimizer in _each(wrapper):
        for group in optimizer.param_groups:
            lost = [name for name in optimizer.defaults if name not in group]
            if lost:
                found = [name for name in group if name != "params"]
                raise ValueError(
                    f"the optimizer state of the checkpoint{place} does not fit "
                    f"{type(optimizer).__name__}: it lacks {', '.join(lost)}; it has "
                    f"{', '.join(found)}. {_WHAT_TO_DO}"
                )


def _each(wrapper: Any) -> Iterator[tuple[str, Optimizer]]:
    several = getattr(wrapper, "optim_wrappers", None)
    if several is None:
        yield "", wrapper.optimizer
        return
    for name, one in several.items():
        yield f" for {name!r}", one.optimizer
