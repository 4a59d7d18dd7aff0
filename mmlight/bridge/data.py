"""The data of a run: the dataloaders of its config, or those that its Trainer was given."""

from __future__ import annotations

from collections.abc import Iterator, Sized
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.trainer.connectors.data_connector import (
    _DataLoaderSource,  # what a Trainer was given for a stage has no public name
    _request_dataloader,  # asks it, so that a sampler can be put into what it returns
)
from lightning.pytorch.trainer.states import RunningStage, TrainerFn
from lightning.pytorch.utilities.model_helpers import is_overridden
from torch.utils.data import DataLoader

_NEEDED = {
    "fit": ("train", "train_dataloader, train_cfg and optim_wrapper"),
    "validate": ("val", "val_dataloader, val_cfg and val_evaluator"),
    "test": ("test", "test_dataloader, test_cfg and test_evaluator"),
}
_TRANSFERS = ("on_before_batch_transfer", "transfer_batch_to_device", "on_after_batch_transfer")


class RunnerData(pl.LightningDataModule):
    """The dataloaders of a run, for a Trainer and for whoever asks.

    Args:
        runner: The Runner that owns the loops.
    """

    def __init__(self, runner: Any) -> None:
        super().__init__()
        self.runner = runner
        self._of_config: dict[str, Any] = {}  # what others stand in for now, by mode

    def train_dataloader(self) -> Any:
        """Return the training data."""
        return self.runner.train_loop.dataloader

    def val_dataloader(self) -> Any:
        """Return the validation data, a list if there are several sets."""
        return _data_of(self.runner.val_loop)

    def test_dataloader(self) -> Any:
        """Return the test data, a list if there are several sets."""
        return _data_of(self.runner.test_loop)

    def predict_dataloader(self) -> Any:
        """Return the test data, or the validation data of a config without a test."""
        return _data_of(self.runner.test_loop or self.runner.val_loop)

    def transfer_batch_to_device(self, batch: Any, device: Any, dataloader_idx: int) -> Any:
        """Leave the batch where it is: the model's data preprocessor moves it."""
        return batch

    def follow(self, trainer: pl.Trainer, stage: str) -> None:
        """Let the loops use what ``trainer`` was given for ``stage``, or again the config's data.

        Raises:
            RuntimeError: If the config has nothing for the stage.
            TypeError: If a dataloader of the user's is none of torch's.
            ValueError: If the user's data do not fit the config.
        """
        mode, keys = _NEEDED.get(stage, ("", ""))
        if mode and getattr(self.runner, f"_{mode}_loop") is None:
            raise RuntimeError(
                f"Trainer.{TrainerFn(stage).value} needs {keys}, and the config has none of them: "
                "add these keys"
            )
        for mode, _, source in _sources(trainer, stage):
            self._refuse_incomplete(mode, source)
        for mode, running, source in _sources(trainer, stage):
            if source.instance is self or source.instance is self.runner.module:
                if mode in self._of_config:
                    self._use(mode, self._built(self._of_config.pop(mode)))
            elif getattr(self.runner, f"_{mode}_loop") is not None:
                self._of_config.setdefault(mode, getattr(self.runner, f"_{mode}_dataloader"))
                self._use(mode, _given(trainer, mode, running, source))
            elif source.is_defined():
                self.runner.logger.warning(
                    f"the {source.name} that the Trainer was given is not used: the config has no "
                    f"{mode}_cfg and {mode}_evaluator"
                )

    def _use(self, mode: str, dataloader: Any) -> None:
        setattr(self.runner, f"_{mode}_dataloader", dataloader)
        loop = getattr(self.runner, f"_{mode}_loop")
        if hasattr(loop, "use"):  # else it is to be built of its config, and of these data
            loop.use(dataloader)

    def _built(self, dataloader: Any) -> Any:
        if isinstance(dataloader, list | tuple):
            return [self._built(one) for one in dataloader]
        if not isinstance(dataloader, dict):
            return dataloader
        runner = self.runner
        return runner.build_dataloader(dataloader, runner.seed, runner.diff_rank_seed)

    def _refuse_incomplete(self, mode: str, source: _DataLoaderSource) -> None:
        owner = type(source.instance).__name__
        if getattr(self.runner, f"_{mode}_loop") is not None and not source.is_defined():
            raise ValueError(
                f"{owner} has no {source.name}, but the config has a {mode}_cfg: give it one, or "
                f"leave {mode}_dataloader, {mode}_cfg and {mode}_evaluator out of the config"
            )
        if isinstance(source.instance, RunnerData) or not source.is_module():
            return
        for name in _TRANSFERS:
            if is_overridden(name, source.instance):
                raise ValueError(
                    f"{owner}.{name} would not be called, since batches go to the model's "
                    "data_preprocessor as they are: put into that what it does"
                )


def _given(trainer: Any, mode: str, running: RunningStage, source: _DataLoaderSource) -> Any:
    """Return the dataloaders of the user's; a list if there are several."""
    loaders = _request_dataloader(source)
    prepared = []
    for one in loaders if isinstance(loaders, list | tuple) else [loaders]:
        _check(one, source.name, mode)
        # Puts a distributed sampler in, as the Trainer does; it has no public name for it.
        prepare = trainer._data_connector._prepare_dataloader
        prepared.append(prepare(one, shuffle=mode == "train", mode=running))
    return prepared[0] if len(prepared) == 1 else prepared


def _sources(trainer: Any, stage: str) -> Iterator[tuple[str, RunningStage, _DataLoaderSource]]:
    """Say where the data of a stage come from: a loop of Lightning's keeps it to itself."""
    if stage == "fit":
        yield "train", RunningStage.TRAINING, trainer.fit_loop._data_source
        validation = trainer.fit_loop.epoch_loop.val_loop
        yield "val", RunningStage.VALIDATING, validation._data_source
    elif stage == "validate":
        yield "val", RunningStage.VALIDATING, trainer.validate_loop._data_source
    elif stage == "test":
        yield "test", RunningStage.TESTING, trainer.test_loop._data_source


def _check(dataloader: Any, name: str, mode: str) -> None:
    if not isinstance(dataloader, DataLoader):
        raise TypeError(
            f"the {name} that the Trainer was given is a {type(dataloader).__name__}, but the "
            "loops of a config take a torch.utils.data.DataLoader"
        )
    if mode != "train" and not isinstance(dataloader.dataset, Sized):
        raise TypeError(
            f"the {name} that the Trainer was given has a {type(dataloader.dataset).__name__} "
            "without a length, which an evaluator needs"
        )


def _data_of(loop: Any) -> Any:
    return getattr(loop, "dataloaders", None) or getattr(loop, "dataloader", [])
