"""The part of the Runner that saves, loads and resumes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mmlight.bridge.checkpoint import (
    buffers_of,
    exact_state_of_rank,
    save_checkpoint,
)
from mmlight.bridge.missing_parts import paired_with_states, warn_of_missing_parts
from mmlight.bridge.restore import go_on_among_others, restore_callbacks, restore_progress
from mmlight.bridge.sharding import has_shards, split_gradients
from mmlight.dist import broadcast_object_list
from mmlight.fileio import join_path
from mmlight.hooks.out_dir import check_backend_args
from mmlight.model.bare_model import bare_model
from mmlight.registry.place import section
from mmlight.utils.same_data import same_data

from .building import Builders
from .checkpoint import (
    _load_checkpoint,
    _load_checkpoint_to_model,
    find_latest_checkpoint,
    refuse_foreign_weights,
    refuse_other_shapes,
    weights_in,
)
from .checkpoint_optimizers import restore_optimizers
from .placement import Placement

_STRIP_WRAPPER = [(r"^module.", "")]


class Checkpoints(Builders):
    """Checkpoints of a run; a part of :class:`~mmlight.runner.Runner`."""

    def save_checkpoint(
        self,
        out_dir: str,
        filename: str,
        file_client_args: dict | None = None,
        save_optimizer: bool = True,
        save_param_scheduler: bool = True,
        meta: dict | None = None,
        by_epoch: bool = True,
        backend_args: dict | None = None,
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
        backend_args = check_backend_args(file_client_args, backend_args)
        save_checkpoint(
            self,
            join_path(out_dir, filename, backend_args=backend_args),
            backend_args=backend_args,
            save_optimizer=save_optimizer,
            save_param_scheduler=save_param_scheduler,
            meta=meta,
            by_epoch=by_epoch,
        )

    def load_checkpoint(
        self,
        filename: str,
        map_location: str | Callable = "cpu",
        strict: bool = False,
        revise_keys: list = _STRIP_WRAPPER,
    ) -> dict:
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
        checkpoint = self._read_checkpoint(filename, map_location)
        weights_in(checkpoint, filename)
        self.call_hook("after_load_checkpoint", checkpoint=checkpoint)  # which may rename weights
        model = self.model if has_shards(self.model) else bare_model(self.model)
        refuse_foreign_weights(model, checkpoint, filename, revise_keys)
        _load_checkpoint_to_model(model, checkpoint, strict, self.logger, revise_keys)
        self._has_loaded = True
        self.logger.info(f"Load checkpoint from {filename}")
        return checkpoint

    def _read_checkpoint(self, filename: str, map_location: Any) -> dict:
        weights_only = self.cfg.get("env_cfg", {}).get("weights_only", True)
        placement = Placement(map_location)
        return placement.place(
            _load_checkpoint(filename, placement.read_to, self.logger, weights_only=weights_only)
        )

    def load_or_resume(self) -> None:
        """Load or resume what the config says, once."""
        if self._has_loaded:
            return
        resume_from = None
        if self._resume and self._load_from is None:
            resume_from = self._find_latest()
            if resume_from is None:
                self.logger.info("The run begins anew.")
            else:
                self.logger.info(f"Auto resumed from the latest checkpoint {resume_from}.")
        elif self._resume:
            resume_from = self._load_from
        with section("resume" if self._load_from is None else "load_from"):
            if resume_from is not None:
                self.resume(resume_from)
                self._has_loaded = True
            elif self._load_from is not None:
                self.load_checkpoint(self._load_from)
                self._has_loaded = True

    def _find_latest(self) -> str | None:
        """Ask one process: others might see a folder that is just being changed, and differ."""
        found = [find_latest_checkpoint(self.work_dir) if self.rank == 0 else None]
        broadcast_object_list(found)
        return found[0]

    def resume(
        self,
        filename: str,
        resume_optimizer: bool = True,
        resume_param_scheduler: bool = True,
        map_location: str | Callable = "default",
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
        # Not to the model's device: an optimizer leaves its counters where they come from, and on
        # a GPU it would wait for them in each step.
        where = "cpu" if map_location == "default" else map_location
        self._has_loaded = self._resume = True
        checkpoint = self.load_checkpoint(filename, map_location=where)
        refuse_other_shapes(bare_model(self.model), checkpoint, filename)
        self.restore(checkpoint, resume_optimizer, resume_param_scheduler)
        restore_callbacks(self.trainer, checkpoint)
        if saved := (self.exact_state or {}).get("buffers"):
            buffers = buffers_of(self.model)
            for name, value in saved.items():
                buffers[name].copy_(value)
        self.logger.info(f"resumed epoch: {self.epoch}, iter: {self.iter}")

    def resume_read(self, checkpoint: dict[str, Any], training: bool) -> None:
        """Continue from a checkpoint that the Trainer has read and whose weights it loads next.

        Args:
            checkpoint: The checkpoint; hooks may change it.
            training: Whether a training goes on; an evaluation needs the weights alone.
        """
        self._has_loaded = True
        self._resume = self._resume or training
        self.call_hook("after_load_checkpoint", checkpoint=checkpoint)
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
        self.exact_state = self._own_exact_state(checkpoint)
        restore_progress(self, checkpoint)
        self._compare_with(checkpoint.get("meta", {}))
        if "message_hub" in checkpoint:
            self.message_hub.load_state_dict(checkpoint["message_hub"])
        restore_optimizer = resume_optimizer and "optimizer" in checkpoint
        restore_schedulers = resume_param_scheduler and self.param_schedulers is not None
        if restore_optimizer:
            self.optim_wrapper = self.build_optim_wrapper(self.optim_wrapper)
        if restore_schedulers:
            # Before the optimizer has its state: a scheduler that is built sets the first rate.
            self.param_schedulers = self.build_param_scheduler(self.param_schedulers)
        if restore_optimizer:
            restore_optimizers(self, checkpoint["optimizer"])
        if restore_schedulers:
            self._restore_schedulers(checkpoint.get("param_schedulers"))
        warn_of_missing_parts(self, checkpoint, resume_optimizer, resume_param_scheduler)

    def _own_exact_state(self, checkpoint: dict[str, Any]) -> dict[str, Any] | None:
        if "mmlight" not in checkpoint:
            return None
        exact = exact_state_of_rank(checkpoint["mmlight"], self.rank, self.world_size)
        if exact is not None:
            return exact
        written_by = 1 + len(checkpoint["mmlight"].get("ranks", ()))
        self.logger.warning(
            f"The checkpoint was written by {written_by} process(es) and this run has "
            f"{self.world_size}: it goes on with the saved weights, optimizers, schedulers and "
            "counters, and with the samples that are left; random numbers begin anew, and "
            "so does an accumulation of gradients that was not over"
        )
        if self.schedule is None:  # the training loop counts for itself
            return None
        return go_on_among_others(self, checkpoint["mmlight"]["position"], written_by)

    def _restore_schedulers(self, states: Any) -> None:
        for _, scheduler, state in paired_with_states(self.param_schedulers, states):
            if state is not None:
                scheduler.load_state_dict(state)

    def _compare_with(self, meta: dict[str, Any]) -> None:
        """Warn where this run differs from the one that wrote the checkpoint."""
        seed = meta.get("seed")
        if seed is not None and seed != self.seed:
            self.logger.warning(
                f"The seed of this run ({self.seed}) is not that of the checkpoint ({seed})"
            )
        known = meta.get("dataset_meta")
        current = getattr(getattr(self.train_dataloader, "dataset", None), "metainfo", None)
        if known is not None and current is not None and not same_data(known, current):
            self.logger.warning(
                "The dataset metainfo of this run is not that of the checkpoint:\n"
                f"this run: {_start_of(current)}\ncheckpoint: {_start_of(known)}"
            )

    def restore_accumulation(self) -> None:
        """Let the optimizers count from where the run stands, pending gradients put back.

        Where a strategy splits the model, each process has pending gradients of its part alone.
        """
        pending = (self.exact_state or {}).get("accumulation")
        if pending:
            self.optim_wrapper.load_accumulation_state(split_gradients(self.optim_wrapper, pending))
        self.optim_wrapper.initialize_count_status(
            self.model, self.train_loop.iter, self.train_loop.max_iters
        )


def _start_of(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 1000 else f"{text[:1000]} ..."
