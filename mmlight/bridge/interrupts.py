"""Signals that end a training: it stops after the running iteration, where it can go on exactly."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException

from mmlight.bridge.checkpoint import exact_state, restore_progress
from mmlight.dist import all_reduce
from mmlight.utils.notebook import is_interactive

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(SIGTERMException):
    """Ends a training that a signal has stopped: a ``SystemExit`` with status 128 + the signal.

    It is no ``KeyboardInterrupt``, after which Lightning ends the process with status 1 and leaves
    it deaf to Ctrl-C.

    Args:
        signum: The signal.
    """

    def __init__(self, signum: int) -> None:
        super().__init__(128 + signum)
        self.signum = signum


class Stopped(KeyboardInterrupt):
    """Ends a training that somebody at a prompt has stopped, where the next ``train()`` goes on."""

    def _render_traceback_(self) -> list[str]:
        """What IPython shows: no place in the code is to blame, and the log says how to go on."""
        return ["KeyboardInterrupt"]


class Interrupts:
    """Lets SIGTERM and Ctrl-C stop a training after the running iteration.

    In a script the run then saves a checkpoint and the process ends with status 143 (or 130). In an
    interactive session Ctrl-C raises ``KeyboardInterrupt``, and ``runner.train()`` goes on where it
    stopped; in a Trainer of the user's Lightning then does what it always does. A second signal
    ends it at once.

    Args:
        runner: The Runner.
    """

    how_to_go_on = "run it again with resume=True"
    """What somebody does who wants a saved run to go on."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._received: int | None = None
        self._in_training = False
        self._loop_begun = False
        self._at_once = False
        self._trainable: list[torch.nn.Parameter] = []
        self.goes_on = False
        """Whether a training was broken off, and the next one goes on with everything built."""

    @contextmanager
    def handled(self) -> Iterator[None]:
        """Answer signals until the end of the block, which is a whole training.

        Raises:
            Interrupted: If the process was told to end.
            KeyboardInterrupt: If that was Ctrl-C in an interactive session.
        """
        self._received, self._loop_begun, self._at_once = None, False, False
        self._trainable = [p for p in self._runner.model.parameters() if p.requires_grad]
        before = {one: signal.getsignal(one) for one in _SIGNALS}
        self._in_training = True
        self._listen()
        try:
            yield
            if self._received is not None:
                self._tell("when it was done; nothing is left to train")
                raise Interrupted(self._received)
        except Interrupted as interruption:
            if self._stays(interruption.signum):
                raise Stopped from None
            raise
        finally:
            self._in_training = False
            if _in_main_thread():
                for one, handler in before.items():
                    signal.signal(one, handler)

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Run the training loop inside the block: a signal breaks it off after its iteration."""
        if not self._in_training:  # a Trainer of the user's
            with self.handled(), self.heeded():
                yield
            return
        runner = self._runner
        self._listen()  # Lightning's own handler has come in between, and calls a collective
        if runner.distributed:
            runner.call_after("after_train_iter", self._agree)
        self._loop_begun = True
        try:
            yield
        except BaseException as error:
            in_order = isinstance(error, Interrupted) and not self._at_once
            if in_order:
                self._save()
            if not runner.distributed:
                self._keep_place(in_order)
            raise

    def _listen(self) -> None:
        if _in_main_thread():
            for one in _SIGNALS:
                signal.signal(one, self._receive)

    def _receive(self, signum: int, frame: Any) -> None:
        if self._received is not None or not self._loop_begun:
            self._received, self._at_once = signum, True
            raise Interrupted(signum)
        self._received = signum
        if not self._stays(signum):
            for one in _SIGNALS:  # the second one ends even a process that hangs
                signal.signal(one, signal.SIG_DFL)
        if self._runner.rank == 0:
            # Not through Python's streams, in whose middle this may be.
            note = "stopping after this iteration; another signal stops at once"
            os.write(2, f"\n{signal.Signals(signum).name}: {note}\n".encode())
        if not self._runner.distributed:
            self._runner.call_after("after_train_iter", self._stop)

    def _stop(self, runner: Any, **kwargs: Any) -> None:
        assert self._received is not None
        raise Interrupted(self._received)

    def _agree(self, runner: Any, **kwargs: Any) -> None:
        """Stop all processes at one iteration: at each log point they ask each other."""
        done = runner.iter + 1
        if done % runner.log_interval and done != runner.train_loop.max_iters:
            return
        device = runner.trainer.strategy.root_device
        received = torch.tensor(self._received or 0, device=device)
        all_reduce(received, "max")
        if signum := int(received):
            self._received = signum
            self._stop(runner)

    def _stays(self, signum: int) -> bool:
        return is_interactive() and signum == signal.SIGINT

    def _save(self) -> None:
        """Save what the process would take with it, and say how to go on."""
        runner = self._runner
        assert self._received is not None
        if self._stays(self._received):
            self._tell("runner.train() goes on from there")
            return
        hooks = [hook for hook in runner.hooks if hasattr(hook, "save_interrupted")]
        if runner.is_rehearsal:
            self._tell("nothing is saved, since this is a fast_dev_run")
        elif not hooks:
            self._tell("nothing is saved, since the run has no CheckpointHook")
        else:
            paths = [hook.save_interrupted(runner) for hook in hooks]
            self._tell(f"saved {paths[-1]}; to go on, {self.how_to_go_on}")
        # A launcher ends all processes when the first one has ended.
        runner.trainer.strategy.barrier("interrupted")

    def _tell(self, what: str) -> None:
        runner = self._runner
        if runner.rank == 0:
            name = signal.Signals(self._received or 0).name
            done = runner.iter + runner.progress.in_batch
            runner.logger.warning(f"{name} stopped the training after iteration {done}: {what}")

    def _keep_place(self, in_order: bool) -> None:
        """Let the next training of this process go on from here."""
        runner = self._runner
        self.goes_on = True
        if not in_order:
            runner.optim_wrapper.zero_grad()
            for parameter in self._trainable:  # a GAN freezes some while it trains the others
                parameter.requires_grad_(True)
            for metric in getattr(runner.val_evaluator, "metrics", ()):
                metric.results.clear()  # of a validation that was broken off
        if not hasattr(runner.train_loop, "stream"):
            return  # a loop of the user's counts for itself
        state = exact_state(runner)
        if runner.progress.in_batch and runner.point == "before_train_iter":
            _take_back_batch(state, runner.train_loop.by_epoch)
        restore_progress(runner, {"mmlight": state})
        runner.exact_state = state


def _take_back_batch(state: dict[str, Any], by_epoch: bool) -> None:
    """Let a batch whose training step was broken off be the next one again."""
    position = state["position"]
    position["iter"] -= 1
    position["batch_in_epoch"] -= 1
    position["phase"] = "within" if by_epoch else "between"
    state["loader"]["taken"] -= 1


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()
