"""Tells the sampler which epoch it is."""

from __future__ import annotations

from mmlight.hooks.hook import Hook
from mmlight.hooks.runner_protocol import RunnerLike
from mmlight.registry import HOOKS


@HOOKS.register_module()
class DistSamplerSeedHook(Hook):
    """Call ``set_epoch`` of the training sampler, so that each epoch has its own order.

    An iteration-based run needs this only at its start: its sampler never ends.

    Example:
        >>> DistSamplerSeedHook().get_triggered_stages()
        ['before_train_epoch']
    """

    priority = "NORMAL"

    def before_train_epoch(self, runner: RunnerLike) -> None:
        """Give the epoch to the sampler, or else to the sampler of the batch sampler."""
        loader = runner.train_loop.dataloader
        samplers = (
            getattr(loader, "sampler", None),
            getattr(getattr(loader, "batch_sampler", None), "sampler", None),
        )
        for sampler in samplers:
            if sampler is not None and hasattr(sampler, "set_epoch"):
                sampler.set_epoch(runner.epoch)
                return
