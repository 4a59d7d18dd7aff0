"""Stores what a training has worked out beside weights."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

from torch import Tensor

from mmlight.dist import is_main_process
from mmlight.hooks import Hook, RunnerLike
from mmlight.hooks.never import iterations_of, warn_of_never, why_never
from mmlight.model.bare_model import bare_model
from mmlight.registry import HOOKS
from mmlight.utils.checks import every, flags

DATA_BATCH = dict[str, Any] | tuple[Any, ...] | list[Any] | None


@HOOKS.register_module()
class PickleDataHook(Hook):
    """Write values of a training into pickle files, such as the fixed noises of a SinGAN.

    A value is looked up in the outputs of the training step, then among the attributes of the
    model. Tensors are written as arrays. The main process writes.

    Args:
        output_dir (str): Folder to write into; a relative one is in the runner's ``work_dir``.
        data_name_list (list[str]): Names of the values.
        interval (int): Iterations between two files; -1 for none during the training.
            Defaults to -1.
        before_run (bool): Also write before the run. Defaults to False.
        after_run (bool): Also write after the run. Defaults to False.
        filename_tmpl (str): Name of a file; ``{}`` is the number of the iteration, that of the
            next one before and after the run. Defaults to ``iter_{}.pkl``.

    Raises:
        TypeError: If ``data_name_list`` is no list of strings, or another argument is of the wrong
            type.
        ValueError: If ``interval`` is 0 or below -1.

    Example:
        >>> PickleDataHook("pickle", ["fixed_noises"], interval=100).data_name_list
        ['fixed_noises']
    """

    writes = True
    training_only = True

    def __init__(
        self,
        output_dir: str,
        data_name_list: list[str],
        interval: int = -1,
        before_run: bool = False,
        after_run: bool = False,
        filename_tmpl: str = "iter_{}.pkl",
    ) -> None:
        if not isinstance(data_name_list, (list, tuple)) or not all(
            isinstance(name, str) for name in data_name_list
        ):
            raise TypeError(f"data_name_list must be a list of str, got {data_name_list!r}")
        every(self, interval=interval)
        flags(self, before_run=before_run, after_run=after_run)
        self.output_dir = output_dir
        self.data_name_list = list(data_name_list)
        self.interval = interval
        self.filename_tmpl = filename_tmpl
        self._before_run = before_run
        self._after_run = after_run
        self._outputs: dict[str, Any] = {}
        self._done = 0
        self._looked = False

    def before_train(self, runner: RunnerLike) -> None:
        """Warn if no file will be written."""
        self._looked = False
        if not self._before_run and not self._after_run:
            why = why_never(self.interval, self.interval, iterations_of(runner), "iterations")
            warn_of_never(runner, self, "write a file", why, interval=self.interval)

    def before_run(self, runner: RunnerLike) -> None:
        """Write a file, if wanted before the run."""
        if self._before_run:
            self._outputs, self._done = {}, runner.iter + 1
            self._pickle_data(runner)

    def after_run(self, runner: RunnerLike) -> None:
        """Write a file, if wanted after the run."""
        if self._after_run:
            self._done = runner.iter + 1
            self._pickle_data(runner)

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: DATA_BATCH = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Write a file, if it is time for it."""
        self._outputs = outputs or {}
        if not self._looked:
            self._looked = True
            self._warn_of_missing(runner)
        if self.every_n_train_iters(runner, self.interval):
            self._done = runner.iter + 1
            self._pickle_data(runner)

    def _warn_of_missing(self, runner: RunnerLike) -> None:
        """Tell in the first iteration what may be missing in a later one."""
        model = bare_model(runner.model)
        missing = [
            name
            for name in self.data_name_list
            if name not in self._outputs and not hasattr(model, name)
        ]
        if missing:
            runner.logger.warning(
                f"PickleDataHook finds no {missing} yet: the training step returned "
                f"{list(self._outputs)}, and {type(model).__name__} has no such attribute"
            )

    def _pickle_data(self, runner: RunnerLike) -> None:
        """Write the values into a file.

        Args:
            runner (Runner): The runner.

        Raises:
            KeyError: If there is no value of a name.
        """
        if not is_main_process():
            return
        model = bare_model(runner.model)
        values = {}
        for name in self.data_name_list:
            if name in self._outputs:
                values[name] = self._get_numpy_data(self._outputs[name])
            elif hasattr(model, name):
                values[name] = self._get_numpy_data(getattr(model, name))
            else:
                raise KeyError(
                    f"PickleDataHook finds no {name!r}: the training step returned "
                    f"{list(self._outputs)}, and {type(model).__name__} has no such attribute"
                )
        folder = Path(runner.work_dir, self.output_dir)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / self.filename_tmpl.format(self._done)
        with path.open("wb") as file:
            pickle.dump(values, file)
        runner.logger.info(f"Saved {', '.join(values)} to {path}")

    def _get_numpy_data(self, data: Any) -> Any:
        """Turn tensors into arrays.

        Args:
            data (list[Tensor] | Tensor | int): The value.

        Returns:
            list[np.ndarray] | np.ndarray | int: A copy, with arrays for tensors, also in lists
            and dicts; anything else as it is.
        """
        if isinstance(data, Tensor):
            return data.detach().cpu().numpy().copy()
        if isinstance(data, (list, tuple)):
            return [self._get_numpy_data(item) for item in data]
        if isinstance(data, dict):
            return {name: self._get_numpy_data(item) for name, item in data.items()}
        return data
