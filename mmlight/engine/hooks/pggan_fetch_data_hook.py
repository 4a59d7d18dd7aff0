"""Feeds a growing GAN with images of the size that it has grown to."""

from __future__ import annotations

import logging
from typing import Any

from torch.utils.data import DataLoader, DistributedSampler

from mmlight.bridge.train_data import (
    begin_epoch,
    single_train_dataloader,
    use_train_dataloader,
)
from mmlight.bridge.trainer_face import TrainerFace
from mmlight.dataset import DefaultSampler, InfiniteSampler
from mmlight.hooks import Hook, RunnerLike
from mmlight.logging import print_log
from mmlight.model.bare_model import bare_model
from mmlight.registry import HOOKS
from mmlight.runner.endless import EndlessLoader

DATA_BATCH = dict[str, Any] | tuple[Any, ...] | list[Any] | None


@HOOKS.register_module()
class PGGANFetchDataHook(Hook):
    """Change image size and batch size of the running dataloader as the model grows.

    ``model.curr_scale``, a number of pixels or ``(height, width)``, is the scale that the model
    trains at; it has to be right again once a checkpoint is loaded. The dataset has
    ``update_annotations(curr_scale)``, which changes over to a scale and returns whether that
    changed anything, and then ``samples_per_gpu``, the size of a batch at that scale. The training
    is iteration-based.

    The change takes effect before the next batch is read. After a resume the dataloader goes on
    where it was within the scale.

    In a Trainer of one's own a plain LightningModule has ``curr_scale``, its training data are a
    single ``DataLoader`` of such a dataset, and epochs count as Lightning counts them: the one in
    which the model grows ends with the new dataloader.

    Example:
        >>> PGGANFetchDataHook().get_triggered_stages()
        ['before_train', 'before_train_epoch', 'before_train_iter', 'after_train_iter']
    """

    def __init__(self) -> None:
        self._scale: int | None = None

    def before_train(self, runner: RunnerLike) -> None:
        """Go on with the scale that a resumed model has.

        The first batch of a new training is read as the config has it.
        """
        self._scale = None
        scale = self._scale_of(runner)  # before data is read
        if runner.iter:
            self._follow(runner, scale)

    def before_train_epoch(self, runner: RunnerLike) -> None:
        """Tell a Trainer of one's own how long its epochs are now."""
        if isinstance(runner, TrainerFace):
            begin_epoch(runner.trainer)

    def before_train_iter(
        self, runner: RunnerLike, batch_idx: int, data_batch: DATA_BATCH = None
    ) -> None:
        """Follow a model that grew, or that says by ``next_scale`` that it is about to."""
        self._follow(runner, getattr(bare_model(runner.model), "next_scale", None))

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DATA_BATCH = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Follow a model that grew in its training step."""
        self._follow(runner)

    @staticmethod
    def _scale_of(runner: RunnerLike) -> int:
        scale = getattr(bare_model(runner.model), "curr_scale", None)
        if scale is None:
            raise TypeError(
                f"PGGANFetchDataHook needs a model with curr_scale, the scale that it trains at; "
                f"{type(bare_model(runner.model)).__name__} has none"
            )
        result: int = scale[0] if isinstance(scale, (tuple, list)) else scale
        return result

    def _follow(self, runner: RunnerLike, scale: int | None = None) -> None:
        scale = scale or self._scale_of(runner)
        if scale == self._scale:
            return
        self._scale = scale
        loop = runner.train_loop
        if isinstance(runner, TrainerFace):
            dataloader = self.update_dataloader(single_train_dataloader(runner.trainer), scale)
            if dataloader is not None:
                use_train_dataloader(runner.trainer, dataloader)
            return
        if not hasattr(loop, "dataloader_iterator"):
            raise TypeError(
                "PGGANFetchDataHook changes the dataloader of an iteration-based training, but "
                f"train_cfg is a {type(loop).__name__}"
            )
        dataloader = self.update_dataloader(loop.dataloader, scale)
        if dataloader is not None:
            loop.dataloader = dataloader
            loop.dataloader_iterator = EndlessLoader(dataloader)

    def update_dataloader(
        self, dataloader: DataLoader[Any], curr_scale: int
    ) -> DataLoader[Any] | None:
        """Change a dataloader over to a scale.

        Args:
            dataloader (DataLoader): The dataloader.
            curr_scale (int): The scale, pixels.

        Returns:
            DataLoader | None: A new dataloader; None if nothing has to change, or the dataset
            cannot.
        """
        dataset: Any = dataloader.dataset
        if not hasattr(dataset, "update_annotations"):
            print_log(
                f"PGGANFetchDataHook leaves the data as they are: {type(dataset).__name__} has no "
                f"update_annotations(curr_scale), which would change it to scale {curr_scale}",
                logger="current",
                level=logging.WARNING,
            )
            return None
        if not dataset.update_annotations(curr_scale):
            return None
        workers = dataloader.num_workers
        return DataLoader(
            dataset,
            batch_size=getattr(dataset, "samples_per_gpu", dataloader.batch_size),
            sampler=_sampler_for(dataset, dataloader.sampler),
            num_workers=workers,
            collate_fn=dataloader.collate_fn,
            pin_memory=dataloader.pin_memory,
            drop_last=dataloader.drop_last,
            timeout=dataloader.timeout,
            worker_init_fn=dataloader.worker_init_fn,
            multiprocessing_context=dataloader.multiprocessing_context if workers else None,
            prefetch_factor=dataloader.prefetch_factor,
            persistent_workers=dataloader.persistent_workers,
        )


def _sampler_for(dataset: Any, sampler: Any) -> Any:
    """A sampler of the same kind that knows the new length; one of another kind as it is."""
    if isinstance(sampler, DistributedSampler):  # Lightning's choice for several processes
        return DistributedSampler(
            dataset, sampler.num_replicas, sampler.rank, sampler.shuffle, sampler.seed
        )
    if isinstance(sampler, InfiniteSampler):
        return InfiniteSampler(dataset, sampler.shuffle, sampler.seed)
    if isinstance(sampler, DefaultSampler):
        return DefaultSampler(dataset, sampler.shuffle, sampler.seed, sampler.round_up)
    return sampler
