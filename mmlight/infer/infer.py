"""The base of the inferencers that packages offer, such as mmdet's ``DetInferencer``."""

from __future__ import annotations

import copy
import re
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from mmlight.config import Config, ConfigDict
from mmlight.config.utils import SUFFIXES
from mmlight.device import get_device
from mmlight.fileio import get_file_backend, isdir, join_path, list_dir_or_file
from mmlight.hub.hub import models_of
from mmlight.registry import MODELS, VISUALIZERS, DefaultScope
from mmlight.runner.checkpoint import CheckpointLoader, _load_checkpoint_to_model
from mmlight.runner.dataloader import build_collate_fn
from mmlight.structures import InstanceData
from mmlight.visualization import Visualizer

from .published import current_scope, import_package, names_of, published_folder, scope_needed

InstanceList = list[InstanceData]
InputType = str | np.ndarray | torch.Tensor
InputsType = InputType | Sequence[InputType]
ImgType = np.ndarray | Sequence[np.ndarray]
ResType = dict[str, Any] | list[dict[str, Any]]
ConfigType = Config | ConfigDict
ModelType = dict[str, Any] | Config | ConfigDict | str

_STEPS = ("preprocess", "forward", "visualize", "postprocess")


class BaseInferencer(ABC):
    """Apply a model to inputs: preprocess, forward, visualize, postprocess.

    A subclass says how with :meth:`_init_pipeline`, :meth:`visualize` and :meth:`postprocess`. The
    keyword arguments of a call go to the step that names them in its set: ``preprocess_kwargs``,
    ``forward_kwargs``, ``visualize_kwargs`` or ``postprocess_kwargs``.

    Args:
        model (str, dict, Config or ConfigDict, optional): A config, the path of one, or a name or
            alias from the metafiles of the package ``scope``. Without it the config is taken from
            the checkpoint.
        weights (str, optional): Checkpoint, of any kind that :class:`CheckpointLoader` reads. A
            model of a metafile has its own if this is None.
        device (str, optional): Where the model runs; None takes the best there is.
        scope (str, optional): Package whose modules the config names; None takes the config's
            ``default_scope``.
        show_progress (bool): Whether to show a progress bar over the batches.

    Attributes:
        cfg (Config or ConfigDict): The config.
        model (nn.Module): The model, with ``cfg`` as an attribute.
        pipeline (Callable): What :meth:`_init_pipeline` returned.
        collate_fn (Callable): Makes a batch of what the pipeline returns.
        visualizer (Visualizer or None): The config's.

    Raises:
        ValueError: If there is neither ``model`` nor ``weights``, or no metafile has the model.
        TypeError: If ``model`` is of another type, or methods are missing in the subclass.
        FileNotFoundError: If ``model`` is the path of a config that does not exist.
        AssertionError: If ``model`` is a name, and there is no scope to look in; if it is None, and
            the checkpoint holds no config; or, when a subclass is defined, if one of its four sets
            is no set or two share a name.

    Example:
        >>> from mmlight.model import BaseModel
        >>> class Twice(BaseModel):
        ...     def forward(self, inputs, data_samples=None, mode="tensor"):
        ...         return [2 * one for one in inputs]
        >>> class Doubler(BaseInferencer):
        ...     postprocess_kwargs = {"digits"}
        ...     def _init_pipeline(self, cfg):
        ...         return lambda number: {"inputs": torch.tensor(number)}
        ...     def visualize(self, inputs, preds, show=False):
        ...         return None
        ...     def postprocess(self, preds, visualization, return_datasample=False, digits=1):
        ...         return {"predictions": [round(float(pred), digits) for pred in preds]}
        >>> with warnings.catch_warnings():  # of a model without weights
        ...     warnings.simplefilter("ignore")
        ...     double = Doubler({"model": {"type": Twice}}, device="cpu", show_progress=False)
        >>> double([0.26, 3.0, 4.0], batch_size=2, digits=2)
        {'predictions': [0.52, 6.0, 8.0]}
    """

    preprocess_kwargs: set[Any] = set()
    forward_kwargs: set[Any] = set()
    visualize_kwargs: set[Any] = set()
    postprocess_kwargs: set[Any] = set()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        owner: dict[str, str] = {}
        for step in _STEPS:
            names = getattr(cls, f"{step}_kwargs")
            if not isinstance(names, set):
                raise AssertionError(f"{cls.__name__}.{step}_kwargs must be a set, got {names!r}")
            for name in sorted(names):
                if name in owner:
                    raise AssertionError(
                        f"{cls.__name__} has {name!r} in both {owner[name]}_kwargs and "
                        f"{step}_kwargs: an argument belongs to one step"
                    )
                owner[name] = step

    def __init__(
        self,
        model: ModelType | None = None,
        weights: str | None = None,
        device: str | None = None,
        scope: str | None = None,
        show_progress: bool = True,
    ) -> None:
        self.model: Any
        self.scope = current_scope(scope)
        self.show_progress = show_progress
        cfg: Config | ConfigDict
        if isinstance(model, str):
            cfg, weights = self._find_config(model, weights)
        elif isinstance(model, (Config, ConfigDict)):
            cfg = copy.deepcopy(model)
        elif isinstance(model, dict):
            cfg = ConfigDict(copy.deepcopy(model))
        elif model is not None:
            raise TypeError(
                "model should be a config, the path of one or the name of a model, "
                f"but got {type(model).__name__}"
            )
        elif weights is None:
            raise ValueError("model or weights is needed, but both are None")
        else:
            cfg = _config_of_checkpoint(weights)
        # The checkpoint brings these weights.
        cfg.model.pop("pretrained", None)
        self.cfg = cfg
        name = self.scope or cfg.get("default_scope")
        if name is not None:
            import_package(name)
        with DefaultScope.overwrite_default_scope(name):
            self.model = self._init_model(cfg, weights, device or get_device())
            self.pipeline = self._init_pipeline(cfg)
            self.collate_fn = self._init_collate(cfg)
            self.visualizer = self._init_visualizer(cfg)

    def __call__(
        self,
        inputs: InputsType,
        return_datasamples: bool = False,
        batch_size: int = 1,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Apply the model to inputs.

        Args:
            inputs (str, ndarray, Tensor or a list of these): The inputs; a folder stands for its
                files.
            return_datasamples (bool): Given to :meth:`postprocess`.
            batch_size (int): Number of inputs in a batch.
            **kwargs: Arguments of the four steps.

        Returns:
            dict: What :meth:`postprocess` returns.

        Raises:
            ValueError: If no step takes an argument, or ``batch_size`` is not positive.
        """
        for_preprocess, for_forward, for_visualize, for_postprocess = self._dispatch_kwargs(
            **kwargs
        )
        originals = self._inputs_to_list(inputs)
        batches = self.preprocess(originals, batch_size=batch_size, **for_preprocess)
        predictions: list[Any] = []
        for batch in self._with_progress(batches):
            predictions.extend(self.forward(batch, **for_forward))
        visualization = self.visualize(originals, predictions, **for_visualize)
        # By position: subclasses call it return_datasample or return_datasamples.
        return self.postprocess(predictions, visualization, return_datasamples, **for_postprocess)

    def preprocess(self, inputs: InputsType, batch_size: int = 1, **kwargs: Any) -> Iterator[Any]:
        """Make batches of the inputs, one after the other as they are asked for.

        Args:
            inputs (list): What :meth:`_inputs_to_list` returned.
            batch_size (int): Number of inputs in a batch.
            **kwargs: Arguments named in ``preprocess_kwargs``.

        Yields:
            Any: What ``model.test_step`` takes.
        """
        # No `map`: it would take a StopIteration of the pipeline for the end of the inputs.
        samples = (self.pipeline(one) for one in inputs)
        for chunk in self._get_chunk_data(samples, batch_size):
            yield self.collate_fn(chunk)

    def forward(self, inputs: dict[str, Any] | tuple[Any, ...], **kwargs: Any) -> Any:
        """Predict a batch with ``model.test_step``, without gradients.

        Args:
            inputs (dict or tuple): A batch of :meth:`preprocess`.
            **kwargs: Arguments named in ``forward_kwargs``; here there are none.

        Returns:
            Any: One prediction for each input, in an iterable.
        """
        with torch.no_grad():
            return self.model.test_step(inputs)

    @abstractmethod
    def visualize(
        self, inputs: list[Any], preds: Any, show: bool = False, **kwargs: Any
    ) -> list[np.ndarray] | None:
        """Draw the predictions.

        Args:
            inputs (list): What :meth:`_inputs_to_list` returned.
            preds (list): The predictions of all inputs.
            show (bool): Whether to show them in a window.
            **kwargs: Arguments named in ``visualize_kwargs``.

        Returns:
            list[np.ndarray] or None: The drawings.
        """

    @abstractmethod
    def postprocess(
        self,
        preds: Any,
        visualization: list[np.ndarray] | None,
        return_datasample: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """Make the result of predictions and drawings, and store what is to be stored.

        Args:
            preds (list): The predictions of all inputs.
            visualization (list[np.ndarray] or None): What :meth:`visualize` returned.
            return_datasample (bool): Whether to return predictions as they are; otherwise they are
                best made of plain types.
            **kwargs: Arguments named in ``postprocess_kwargs``.

        Returns:
            dict: The result, with ``predictions`` and ``visualization``.
        """

    @abstractmethod
    def _init_pipeline(self, cfg: ConfigType) -> Callable[..., Any]:
        """Return the function that makes a sample for the model of one input."""

    def _init_model(self, cfg: ConfigType, weights: str | None, device: str = "cpu") -> nn.Module:
        """Build the model, load its weights and put it on the device, for evaluation."""
        model = MODELS.build(cfg.model)
        model.cfg = cfg
        checkpoint = None
        if weights is not None:
            checkpoint = CheckpointLoader.load_checkpoint(weights, map_location="cpu")
        self._load_weights_to_model(model, checkpoint, cfg)
        evaluated: nn.Module = model.to(device).eval()
        return evaluated

    def _load_weights_to_model(
        self, model: nn.Module, checkpoint: dict[str, Any] | None, cfg: ConfigType | None
    ) -> None:
        """Load the weights; a subclass also takes class names and the like from here.

        Args:
            model (nn.Module): The model.
            checkpoint (dict, optional): The checkpoint; None if there is none.
            cfg (Config or ConfigDict, optional): The config.
        """
        if checkpoint is None:
            warnings.warn(
                "no weights are given: the model predicts with random weights", stacklevel=2
            )
        else:
            _load_checkpoint_to_model(model, checkpoint)

    def _init_collate(self, cfg: ConfigType) -> Callable[..., Any]:
        """Return the ``collate_fn`` of the test dataloader, ``pseudo_collate`` if it has none."""
        function = cfg.get("test_dataloader", {}).get("collate_fn", "pseudo_collate")
        collate = build_collate_fn({"type": function} if isinstance(function, str) else function)
        assert collate is not None
        return collate

    def _init_visualizer(self, cfg: ConfigType) -> Visualizer | None:
        """Build the config's visualizer, under a name of its own if it has none."""
        if "visualizer" not in cfg:
            return None
        visualizer = copy.deepcopy(cfg.visualizer)
        visualizer.setdefault("name", str(datetime.now().timestamp()))
        result: Visualizer | None = VISUALIZERS.build(visualizer)
        return result

    def _inputs_to_list(self, inputs: InputsType) -> list[Any]:
        """Return the files of a folder, the elements of a list, or the one input as a list."""
        if isinstance(inputs, str):
            backend = get_file_backend(inputs)
            # Some stores, such as http, have no folders.
            if hasattr(backend, "isdir") and isdir(inputs):
                return [
                    join_path(inputs, name) for name in list_dir_or_file(inputs, list_dir=False)
                ]
        return list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]

    def _get_chunk_data(self, inputs: Iterable[Any], chunk_size: int) -> Iterator[list[Any]]:
        """Yield lists of ``chunk_size`` inputs; the last may be shorter."""
        if chunk_size < 1:
            raise ValueError(f"batch_size should be positive, but got {chunk_size}")
        remaining = iter(inputs)
        while chunk := list(islice(remaining, chunk_size)):
            yield chunk

    def _dispatch_kwargs(
        self, **kwargs: Any
    ) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
        """Sort arguments by the step that takes them.

        Raises:
            ValueError: If no step takes one of them.
        """
        sets = [getattr(self, f"{step}_kwargs") for step in _STEPS]
        if unknown := kwargs.keys() - set().union(*sets):
            raise ValueError(
                f"unknown argument {sorted(unknown)}: {type(self).__name__} takes "
                f"{sorted(set().union(*sets))}"
            )
        first, second, third, fourth = (
            {name: value for name, value in kwargs.items() if name in names} for names in sets
        )
        return first, second, third, fourth

    def _with_progress(self, batches: Iterable[Any]) -> Any:
        if not self.show_progress:
            return batches
        from rich.progress import track

        return track(batches, description="Inference")

    def _find_config(self, model: str, weights: str | None) -> tuple[Config, str | None]:
        if Path(model).is_file():
            return Config.fromfile(model), weights
        if model.endswith(SUFFIXES):
            raise FileNotFoundError(f"model: there is no config file {model}")
        cfg, published = self._load_model_from_metafile(model)
        return cfg, published if weights is None else weights

    def _load_model_from_metafile(self, model: str) -> tuple[Config, str | None]:
        """Find a published model by its name or alias, and return its config and weights."""
        folder = Path(self._get_repo_or_mim_dir(scope_needed(self.scope)))
        names = []
        for published in self._get_models_from_metafile(str(folder)):
            if model in (found := names_of(published)):
                return Config.fromfile(folder / published["Config"]), published.get("Weights")
            names += found
        raise ValueError(
            f"Cannot find model: {model} in {self.scope}, which has {', '.join(names) or 'none'}"
        )

    @staticmethod
    def _get_repo_or_mim_dir(scope: str) -> str:
        """Return the folder with the ``model-index.yml`` of a package."""
        return published_folder(scope)

    @staticmethod
    def _get_models_from_metafile(dir: str) -> Iterator[dict[str, Any]]:
        """Yield what the metafiles below a folder with a ``model-index.yml`` say of each model."""
        yield from models_of(dir)

    @staticmethod
    def list_models(scope: str | None = None, patterns: str = r".*") -> list[str]:
        """List the models that a package publishes.

        Args:
            scope (str, optional): The package; None takes the current default scope.
            patterns (str): Regular expression that names and aliases must match from their start.

        Returns:
            list[str]: Names and aliases in the order of the metafiles.

        Raises:
            AssertionError: If there is no scope.
            KeyError: If ``scope`` is no package of OpenMMLab.
            ImportError: If it is not installed.

        Example:
            >>> BaseInferencer.list_models("mmdet", "rtmdet-ins")  # doctest: +SKIP
            ['rtmdet-ins_tiny_8xb32-300e_coco', 'rtmdet-ins-s', ...]
        """
        folder = BaseInferencer._get_repo_or_mim_dir(scope_needed(current_scope(scope)))
        names = (name for model in models_of(folder) for name in names_of(model))
        return [name for name in names if re.match(patterns, name)]


def _config_of_checkpoint(weights: str) -> Config:
    checkpoint = CheckpointLoader.load_checkpoint(weights, map_location="cpu")
    text = checkpoint.get("meta", {}).get("cfg")
    if text is None:
        text = checkpoint.get("message_hub", {}).get("runtime_info", {}).get("cfg")
    if not isinstance(text, str):
        raise AssertionError(
            f"{weights} holds no config, in neither meta nor message_hub: give model as well"
        )
    return Config.fromstring(text, ".py")
