"""Experiment trackers by their MMEngine names: ClearML, MLflow, Neptune, Aim and DVCLive.

Each is a thin layer over the tracker's own package, which is asked for by name when it is missing.
"""

from __future__ import annotations

import importlib
import os
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from itertools import islice
from numbers import Number
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mmlight.config.secrets import hide_secrets
from mmlight.registry import VISBACKENDS
from mmlight.utils import scandir

from .base_backend import BaseVisBackend, force_init_env

if TYPE_CHECKING:
    from mmlight.config import Config


class TrackerVisBackend(BaseVisBackend):
    """Base of the backends that store to an experiment tracker.

    Args:
        save_dir (str, optional): Folder of the files that the tracker writes. Defaults to None.
        init_kwargs (dict, optional): Arguments of the tracker's run. Defaults to None.
        artifact_suffix (str | Sequence[str]): Endings of the files below the ``work_dir`` of the
            stored config that are stored when the run ends. Defaults to ().
    """

    package: str

    def __init__(
        self,
        save_dir: str | None = None,
        init_kwargs: dict[str, Any] | None = None,
        artifact_suffix: str | Sequence[str] = (),
    ) -> None:
        super().__init__(save_dir)  # type: ignore[arg-type]
        if init_kwargs is not None and not isinstance(init_kwargs, dict):
            raise TypeError(f"init_kwargs must be a dict, but got {type(init_kwargs).__name__}")
        self._init_kwargs = dict(init_kwargs or {})
        self._artifact_suffix = (
            (artifact_suffix,) if isinstance(artifact_suffix, str) else tuple(artifact_suffix)
        )
        self._work_dir: str | None = None
        self._own_folder: str | None = None
        self._module: Any = None
        self._run: Any = None

    def _init_env(self) -> None:
        try:
            self._module = importlib.import_module(self.package)
        except ImportError as error:
            # Another attempt is to say the same, not that the backend is half set up.
            self._env_initialized = False
            raise ImportError(
                f"{type(self).__name__} needs {self.package}: pip install {self.package}"
            ) from error
        self._run = self._start()

    @abstractmethod
    def _start(self) -> Any:
        """Return the tracker's run."""

    @abstractmethod
    def _log_number(self, name: str, value: float, step: int) -> None:
        """Store a number."""

    @property
    @force_init_env
    def experiment(self) -> Any:
        """Any: The tracker's run."""
        return self._run

    @force_init_env
    def add_scalar(self, name: str, value: Any, step: int = 0, **kwargs: Any) -> None:
        self._log_number(name, _number(value), step)

    @force_init_env
    def add_scalars(
        self,
        scalar_dict: dict[str, Any],
        step: int = 0,
        file_path: str | None = None,
        **kwargs: Any,
    ) -> None:
        """Store several numbers; what is not a number is left out."""
        step = scalar_dict.get("step", step)
        for name, value in scalar_dict.items():
            if name != "step" and isinstance(value, (Number, torch.Tensor, np.ndarray)):
                self._log_number(name, _number(value), step)

    def _artifacts(self) -> Iterator[tuple[str, str]]:
        """Yield full path and path below the ``work_dir`` of each file to store at the end."""
        if self._work_dir is None or not os.path.isdir(self._work_dir):
            return
        # What the tracker itself keeps below the folder is stored already.
        own = None if self._own_folder is None else os.path.abspath(self._own_folder) + os.sep
        for name in sorted(scandir(self._work_dir, self._artifact_suffix, recursive=True)):
            path = os.path.abspath(os.path.join(self._work_dir, name))
            if own is None or not path.startswith(own):
                yield path, name


def _number(value: Any) -> Any:
    return value.item() if isinstance(value, (torch.Tensor, np.ndarray, np.generic)) else value


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the items of nested dicts, their keys joined by dots."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@VISBACKENDS.register_module()
class ClearMLVisBackend(TrackerVisBackend):
    """Stores to ClearML.

    Args:
        save_dir (str, optional): Folder of the files that the tracker writes. Defaults to None.
        init_kwargs (dict, optional): Arguments of ``clearml.Task.init``. Defaults to None.
        artifact_suffix (str | Sequence[str]): Endings of the files below the ``work_dir`` of the
            stored config that are uploaded when the run ends. Defaults to ('.py', '.pth').
    """

    package = "clearml"

    def __init__(
        self,
        save_dir: str | None = None,
        init_kwargs: dict[str, Any] | None = None,
        artifact_suffix: str | Sequence[str] = (".py", ".pth"),
    ) -> None:
        super().__init__(save_dir, init_kwargs, artifact_suffix)

    def _start(self) -> Any:
        return self._module.Task.init(**self._init_kwargs)

    def _log_number(self, name: str, value: float, step: int) -> None:
        self._run.get_logger().report_scalar(name, name, value, step)

    @force_init_env
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Store a config. See :meth:`BaseVisBackend.add_config`."""
        self._work_dir = config.get("work_dir")
        self._run.connect_configuration(hide_secrets(config.to_dict()))

    @force_init_env
    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Store an image. See :meth:`BaseVisBackend.add_image`."""
        self._run.get_logger().report_image(name, name, iteration=step, image=image)

    def close(self) -> None:
        """Upload the artifacts and end the task."""
        if self._run is not None:
            for path, name in self._artifacts():
                self._run.upload_artifact(name, path)
            self._run.close()


@VISBACKENDS.register_module()
class MLflowVisBackend(TrackerVisBackend):
    """Stores to MLflow.

    Args:
        save_dir (str): Folder of the runs, unless there is a tracking server.
        exp_name (str, optional): Name of the experiment. Defaults to None, 'mmlight'.
        run_name (str, optional): Name of the run. Defaults to None.
        tags (dict, optional): Tags of the run. Defaults to None.
        params (dict, optional): Parameters of the run. Defaults to None.
        tracking_uri (str, optional): Address of the tracking server. Defaults to None.
        artifact_suffix (str | Sequence[str]): Endings of the files below the ``work_dir`` of the
            stored config that are stored when the run ends.
            Defaults to ('.json', '.log', '.py', 'yaml').
        tracked_config_keys (Sequence[str], optional): Top-level keys of the config that become
            parameters, all of them if None. Defaults to None.
        artifact_location (str, optional): Where artifacts are stored. Defaults to None, in
            ``save_dir`` or where the tracking server wants them.
    """

    package = "mlflow"

    def __init__(
        self,
        save_dir: str,
        exp_name: str | None = None,
        run_name: str | None = None,
        tags: dict[str, Any] | None = None,
        params: dict[str, Any] | None = None,
        tracking_uri: str | None = None,
        artifact_suffix: str | Sequence[str] = (".json", ".log", ".py", "yaml"),
        tracked_config_keys: Sequence[str] | None = None,
        artifact_location: str | None = None,
    ) -> None:
        super().__init__(save_dir, artifact_suffix=artifact_suffix)
        self._exp_name = exp_name or "mmlight"
        self._run_name = run_name
        self._tags = tags
        self._params = params
        self._tracking_uri = tracking_uri
        self._tracked_config_keys = tracked_config_keys
        self._artifact_location = artifact_location

    def _start(self) -> Any:
        mlflow = self._module
        location = self._artifact_location
        if self._tracking_uri is None:
            folder = Path(self._save_dir).absolute()
            folder.mkdir(parents=True, exist_ok=True)
            self._own_folder = str(folder / "artifacts")
            location = location or (folder / "artifacts").as_uri()
            mlflow.set_tracking_uri(f"sqlite:///{folder / 'mlflow.db'}")
        else:
            mlflow.set_tracking_uri(self._tracking_uri)
        if mlflow.get_experiment_by_name(self._exp_name) is None:
            mlflow.create_experiment(self._exp_name, artifact_location=location)
        mlflow.set_experiment(self._exp_name)
        mlflow.start_run(run_name=self._run_name, tags=self._tags)
        mlflow.log_params(self._params or {})
        return mlflow

    def _log_number(self, name: str, value: float, step: int) -> None:
        self._run.log_metric(name, value, step)

    @force_init_env
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Store a config, also as parameters. See :meth:`BaseVisBackend.add_config`."""
        self._work_dir = config.get("work_dir")
        self._run.log_text(config.pretty_text, "config.py")
        keys = self._tracked_config_keys
        shown = hide_secrets(config.to_dict())
        params = _flat({k: v for k, v in shown.items() if keys is None or k in keys})
        # MLflow takes a hundred at once.
        while batch := dict(islice(params, 100)):
            self._run.log_params(batch)

    @force_init_env
    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Store an image. See :meth:`BaseVisBackend.add_image`."""
        self._run.log_image(image, f"{name}_{step}.png")

    def close(self) -> None:
        """Store the artifacts and end the run."""
        if self._run is not None:
            for path, name in self._artifacts():
                self._run.log_artifact(path, os.path.dirname(name) or None)
            self._run.end_run()


@VISBACKENDS.register_module()
class NeptuneVisBackend(TrackerVisBackend):
    """Stores to Neptune; without a project and a token in ``init_kwargs``, offline.

    Args:
        save_dir (str, optional): Folder of the files that the tracker writes. Defaults to None.
        init_kwargs (dict, optional): Arguments of ``neptune.init_run``. Defaults to None.
    """

    package = "neptune"

    def _start(self) -> Any:
        return self._module.init_run(**(self._init_kwargs or {"mode": "offline"}))

    def _log_number(self, name: str, value: float, step: int) -> None:
        self._run[name].append(value, step=step)

    @force_init_env
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Store a config. See :meth:`BaseVisBackend.add_config`."""
        self._run["config"].assign(config.pretty_text)

    @force_init_env
    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Store an image. See :meth:`BaseVisBackend.add_image`."""
        picture = self._module.types.File.as_image(image / 255)
        self._run["images"].append(picture, name=name, step=step)

    def close(self) -> None:
        """End the run."""
        if self._run is not None:
            self._run.stop()


@VISBACKENDS.register_module()
class AimVisBackend(TrackerVisBackend):
    """Stores to Aim.

    Args:
        save_dir (str, optional): Folder of Aim's repository. Defaults to None.
        init_kwargs (dict, optional): Arguments of ``aim.Run``. Defaults to None.
    """

    package = "aim"

    def _start(self) -> Any:
        if self._save_dir is not None:
            os.makedirs(self._save_dir, exist_ok=True)
            self._init_kwargs.setdefault("repo", self._save_dir)
        return self._module.Run(**self._init_kwargs)

    def _log_number(self, name: str, value: float, step: int) -> None:
        self._run.track(value, name=name, step=step)

    @force_init_env
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Store a config. See :meth:`BaseVisBackend.add_config`."""
        self._run["config"] = config.pretty_text

    @force_init_env
    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Store an image. See :meth:`BaseVisBackend.add_image`."""
        self._run.track(self._module.Image(image), name=name, step=step)

    def close(self) -> None:
        """End the run."""
        if self._run is not None:
            self._run.close()


@VISBACKENDS.register_module()
class DVCLiveVisBackend(TrackerVisBackend):
    """Stores to DVCLive.

    Args:
        save_dir (str): Folder of the files that the tracker writes.
        artifact_suffix (str | Sequence[str]): Endings of the files below the ``work_dir`` of the
            stored config that are stored when the run ends. Defaults to ('.json', '.py', 'yaml').
        init_kwargs (dict, optional): Arguments of ``dvclive.Live``. Defaults to None.
    """

    package = "dvclive"

    def __init__(
        self,
        save_dir: str,
        artifact_suffix: str | Sequence[str] = (".json", ".py", "yaml"),
        init_kwargs: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(save_dir, init_kwargs, artifact_suffix)

    def _start(self) -> Any:
        self._init_kwargs.setdefault("dir", os.path.join(self._save_dir, "dvclive"))
        self._own_folder = self._init_kwargs["dir"]
        return self._module.Live(**self._init_kwargs)

    def _log_number(self, name: str, value: float, step: int) -> None:
        self._run.step = step
        self._run.log_metric(name, value)

    @force_init_env
    def add_config(self, config: Config, **kwargs: Any) -> None:
        """Store a config. See :meth:`BaseVisBackend.add_config`."""
        self._work_dir = config.get("work_dir")
        self._run.log_params({"config": config.pretty_text})

    @force_init_env
    def add_image(self, name: str, image: np.ndarray, step: int = 0, **kwargs: Any) -> None:
        """Store an image. See :meth:`BaseVisBackend.add_image`."""
        self._run.step = step
        self._run.log_image(f"{name}.png", image)

    def close(self) -> None:
        """Store the artifacts, write what is left and end the run."""
        if self._run is not None:
            for path, _ in self._artifacts():
                self._run.log_artifact(path)
            self._run.end()
