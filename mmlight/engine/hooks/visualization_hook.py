"""Pictures of generated samples."""

from __future__ import annotations

import math
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

from torch import nn

from mmlight.engine.gen_visualizer import GenVisualizer, add_samples
from mmlight.engine.hooks.vis_checks import (
    check_entry,
    check_model,
    check_surroundings,
    warn_of_misspelt,
)
from mmlight.engine.sample_access import (
    model_range,
    noted_order,
    output_range,
    sample_function,
    samples_of,
)
from mmlight.engine.samplers import get_sampler, sampling
from mmlight.hooks import Hook, RunnerLike
from mmlight.hooks.never import iterations_to_count, warn_of_never, why_never
from mmlight.logging import MessageHub
from mmlight.model.bare_model import bare_model
from mmlight.registry import HOOKS
from mmlight.utils.checks import every, flags, number, whole
from mmlight.visualization import Visualizer

_DEFAULT_BATCH = 64
# Options of the picture; the others of a `vis_kwargs` go to the sampler and so to the model.
_PICTURE = ("target_keys", "vis_mode", "draw_gt", "color_order", "target_mean", "target_std")
_NOT_FOR_MODEL = (*_PICTURE, "name", "n_samples", "n_row", "fixed_input")


@HOOKS.register_module()
class VisualizationHook(Hook):
    """Show samples of a generative model in training, and those of a test.

    In training, every ``interval`` iterations, each entry of ``vis_kwargs_list`` makes one
    grid, or one for each kind of image. An entry has:

    - ``type``: what the model is given. ``Noise``; ``Arguments`` (the entry's ``forward_kwargs``);
      ``Data``, ``ValData`` or ``TestData`` (items of that dataset); or an alias of
      ``VIS_KWARGS_MAPPING`` (``GAN``, ``SinGAN``, ``Translation``, ``TranslationVal``,
      ``TranslationTest``, ``DDPMDenoising``), in upper or lower case.
    - ``name``: name of the grid. Defaults to the type in lower case.
    - ``n_samples`` (or ``num_samples``), ``n_row`` (or ``n_rows``), ``fixed_input``: instead of
      the hook's own arguments.
    - ``vis_mode``, ``target_keys``, ``draw_gt``, ``color_order``, ``target_mean``, ``target_std``:
      see :func:`~mmlight.engine.gen_visualizer.add_samples`.
    - anything else goes to the model with its inputs, ``sample_model="ema/orig"`` for instance.

    An entry's own values count more than the alias's, and these more than the hook's arguments.
    Colours are in the order that the pipeline has noted, or else that of the data preprocessor.
    Sampling leaves no trace in the training: neither in random numbers nor in running statistics.

    A model is sampled through its ``val_step``; a plain LightningModule through its
    ``predict_step``, or what it overrides of ``forward``, which is given the noise as a tensor
    ``(num_batches, noise_size)`` unless the entry has options for the model; then it is a dict
    with ``inputs``. For ``Noise`` either kind needs an attribute ``noise_size`` or a method
    ``noise_fn(num_batches=...)``; with ``sample_model="ema"`` a network whose name ends with
    ``_ema``. It returns images ``(N, C, H, W)``, a dict of them or a list of samples.

    Args:
        interval (int): Iterations between two; -1 for none. Defaults to 1000.
        vis_kwargs_list (list[dict] | dict, optional): What to generate and how to show it.
            Defaults to None, nothing.
        fixed_input (bool): Give the model the same inputs each time. Defaults to True.
        n_samples (int, optional): Samples in a grid. Defaults to 64.
        n_row (int, optional): Images in one row of a grid; None for as many as there are rows.
            Defaults to None.
        message_hub_vis_kwargs (str | dict | list, optional): Keys of images ``(N, C, H, W)`` in
            the message hub to show as well, in the range in which the model works; as dicts with
            ``key`` they may have ``name``, ``n_row`` and options of the picture.
            Defaults to None.
        save_at_test (bool): Store the samples of a test. Defaults to True.
        max_save_at_test (int, optional): At most so many of them, all if None. Defaults to 100.
        test_vis_keys (str | list[str], optional): Which of their fields. Defaults to None, all.
        show (bool): Also open windows. Defaults to False.
        wait_time (float): Seconds to keep a window open. Defaults to 0.

    Raises:
        KeyError: If an entry has no ``type``, or one for the message hub no ``key``.
        TypeError: If an argument is of the wrong type.
        ValueError: If an entry's type, ``sample_model``, ``vis_mode`` or ``color_order`` is not
            known, or a number is out of its range.

    Example:
        >>> hook = VisualizationHook(vis_kwargs_list=dict(type="GAN", name="fake_img"))
        >>> hook.vis_kwargs_list[0]["type"], hook.vis_kwargs_list[0]["n_samples"]
        ('Noise', 64)
    """

    priority = "NORMAL"
    writes = True

    VIS_KWARGS_MAPPING: dict[str, dict[str, Any]] = {
        "GAN": {"type": "Noise"},
        "SinGAN": {"type": "Arguments"},
        "Translation": {"type": "Data"},
        "TranslationVal": {"type": "ValData"},
        "TranslationTest": {"type": "TestData"},
        "DDPMDenoising": {
            "type": "Arguments",
            "name": "ddpm_sample",
            "n_samples": 16,
            "n_row": 4,
            "vis_mode": "gif",
            "forward_kwargs": {
                "forward_mode": "sampling",
                "sample_kwargs": {"show_pbar": True, "save_intermedia": True},
            },
        },
    }
    """Short names of kinds of models, and the ``vis_kwargs`` that each stands for."""

    def __init__(
        self,
        interval: int = 1000,
        vis_kwargs_list: list[dict[str, Any]]
        | tuple[dict[str, Any], ...]
        | dict[str, Any]
        | None = None,
        fixed_input: bool = True,
        n_samples: int | None = 64,
        n_row: int | None = None,
        message_hub_vis_kwargs: str
        | dict[str, Any]
        | list[str]
        | list[dict[str, Any]]
        | None = None,
        save_at_test: bool = True,
        max_save_at_test: int | None = 100,
        test_vis_keys: str | list[str] | None = None,
        show: bool = False,
        wait_time: float = 0,
    ) -> None:
        every(self, interval=interval)
        flags(self, fixed_input=fixed_input, save_at_test=save_at_test, show=show)
        number(self, least=0, wait_time=wait_time)
        if max_save_at_test is not None:
            whole(self, least=0, max_save_at_test=max_save_at_test)
        self._check_grid(n_samples=n_samples, n_row=n_row)
        self.interval = interval
        self.fixed_input = fixed_input
        self.n_samples = n_samples
        self.n_row = n_row
        self.save_at_test = save_at_test
        self.max_save_at_test = max_save_at_test
        self.test_vis_keys = test_vis_keys
        self.show = show
        self.wait_time = wait_time
        self.vis_kwargs_list = [self._resolve(kwargs) for kwargs in _as_list(vis_kwargs_list)]
        self.message_vis_kwargs = [
            {"key": item} if isinstance(item, str) else dict(item)
            for item in _as_list(message_hub_vis_kwargs)
        ]
        for item in self.message_vis_kwargs:
            if "key" not in item:
                raise KeyError(f"message_hub_vis_kwargs needs the 'key' of its image: {item}")
        self.inputs_buffer: dict[int, list[Any]] = {}
        self._visualizer: Any = None
        self._message_range: dict[str, Any] = {}
        self._saved_at_test = 0

    def _check_grid(self, **counts: int | None) -> None:
        whole(self, **{name: count for name, count in counts.items() if count is not None})

    def _resolve(self, vis_kwargs: Mapping[str, Any]) -> dict[str, Any]:
        """Fill in what the alias of a type and the hook's own arguments leave to be said."""
        if "type" not in vis_kwargs:
            raise KeyError(f"each of vis_kwargs_list needs a 'type': {dict(vis_kwargs)}")
        kwargs = deepcopy(dict(vis_kwargs))
        asked = str(kwargs["type"])
        for alias, meaning in self.VIS_KWARGS_MAPPING.items():
            if alias.lower() == asked.lower():
                kwargs = {**deepcopy(meaning), **kwargs, "type": meaning["type"]}
                break
        for plural, name in (("num_samples", "n_samples"), ("n_rows", "n_row")):
            if plural in kwargs:
                kwargs[name] = kwargs.pop(plural)
        for name in ("n_samples", "n_row", "fixed_input"):
            if kwargs.get(name) is None:
                kwargs[name] = getattr(self, name)
        self._check_grid(n_samples=kwargs["n_samples"], n_row=kwargs["n_row"])
        kwargs["name"] = kwargs.get("name") or asked.lower()
        check_entry(kwargs, self.VIS_KWARGS_MAPPING)
        return kwargs

    def before_run(self, runner: RunnerLike) -> None:
        """Check that the model can be sampled.

        Raises:
            TypeError: If it has neither ``val_step`` nor ``predict_step``, or there is no way to
                make noise for it.
        """
        check_model(self.vis_kwargs_list, bare_model(runner.model))

    def before_train(self, runner: RunnerLike) -> None:
        """Check that the run has what is to be shown, and that it is long enough.

        Raises:
            ValueError: If there is no dataloader for an entry, or no moving average.
        """
        check_surroundings(self.vis_kwargs_list, bare_model(runner.model), runner)
        warn_of_misspelt(self.vis_kwargs_list, _NOT_FOR_MODEL, runner)
        if self.vis_kwargs_list or self.message_vis_kwargs:
            end = iterations_to_count(runner)
            why = why_never(self.interval, self.interval, end, "iterations")
            warn_of_never(runner, self, "show samples", why, interval=self.interval)
        elif not self.save_at_test:
            why = "there is nothing to show in the training, and a test is left out"
            warn_of_never(runner, self, "show samples", why, vis_kwargs_list=None)

    def before_test(self, runner: RunnerLike) -> None:
        """Begin to count the samples of a test anew."""
        self._saved_at_test = 0

    def after_val_iter(
        self, runner: RunnerLike, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Do nothing: validation is not visualized."""

    def after_test_iter(
        self, runner: RunnerLike, batch_idx: int, data_batch: Any = None, outputs: Any = None
    ) -> None:
        """Store each sample of a test as an image, up to ``max_save_at_test``."""
        if not self.save_at_test:
            return
        scale = output_range(bare_model(runner.model))
        for sample in samples_of(() if outputs is None else outputs):
            if self.max_save_at_test is not None and self._saved_at_test >= self.max_save_at_test:
                return
            self._show(
                runner.visualizer,
                _test_name(sample),
                [sample],
                target_keys=self.test_vis_keys,
                n_row=1,
                step=self._saved_at_test,
                **{**scale, **noted_order([sample])},
            )
            self._saved_at_test += 1

    def after_train_iter(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Show samples, if it is time for it."""
        if not self.every_n_inner_iters(batch_idx, self.interval):
            return
        self.vis_sample(runner, batch_idx, data_batch, outputs)
        if self.message_vis_kwargs:
            self._visualizer = runner.visualizer
            self._message_range = model_range(bare_model(runner.model))
            self._vis_messages(batch_idx)

    def vis_sample(
        self,
        runner: RunnerLike,
        batch_idx: int,
        data_batch: Any,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Generate and show samples, leaving the training as it was.

        Args:
            runner (Runner): The runner, whose model is sampled.
            batch_idx (int): Index of the batch.
            data_batch (Any): The batch.
            outputs (dict, optional): Losses of the iteration. Defaults to None.
        """
        module = bare_model(runner.model)
        scale = {**output_range(module), **noted_order(data_batch)}
        for index, kwargs in enumerate(self.vis_kwargs_list):
            samples = self._generate(runner, module, index, kwargs)[: kwargs["n_samples"]]
            asked = {name: kwargs[name] for name in _PICTURE if name in kwargs}
            picture = {**scale, **noted_order(samples), **asked}
            self._show(
                runner.visualizer,
                kwargs["name"],
                samples,
                n_row=kwargs["n_row"],
                step=runner.iter + 1,
                **picture,
            )

    def _generate(
        self, runner: RunnerLike, module: nn.Module, index: int, kwargs: Mapping[str, Any]
    ) -> list[Any]:
        wanted = kwargs["n_samples"] or _DEFAULT_BATCH
        batch_size = getattr(runner.train_dataloader, "batch_size", None) or _DEFAULT_BATCH
        batch_size = min(batch_size, wanted)
        options = {name: value for name, value in kwargs.items() if name not in _NOT_FOR_MODEL}
        options.update(num_batches=batch_size, max_times=math.ceil(wanted / batch_size))
        fixed = kwargs["fixed_input"]
        seed = (runner.seed or 0) + (0 if fixed else runner.iter + 1)
        forward = sample_function(module)
        with sampling(module, seed):
            inputs = self.inputs_buffer.get(index) or list(get_sampler(options, runner, module))
        if fixed:
            self.inputs_buffer[index] = inputs
        with sampling(module, seed):
            return [sample for data in inputs for sample in samples_of(forward(data))]

    def _vis_messages(self, batch_idx: int) -> None:
        self.vis_from_message_hub(batch_idx)

    def vis_from_message_hub(self, batch_idx: int) -> None:
        """Show the images in the message hub, in the range of the model that trains.

        Args:
            batch_idx (int): Index of the batch.

        Raises:
            KeyError: If the message hub has no such image.
        """
        self._show_messages(batch_idx, self._message_range)

    def _show_messages(self, batch_idx: int, picture: dict[str, Any]) -> None:
        """Show the images in the message hub, which are as the model made them."""
        hub = MessageHub.get_current_instance()
        visualizer = self._visualizer or Visualizer.get_current_instance()
        for item in self.message_vis_kwargs:
            options = {**picture, **{name: item[name] for name in _PICTURE if name in item}}
            images = hub.get_info(item["key"])
            if images is None:
                raise KeyError(f"the message hub has no {item['key']!r} to show")
            self._show(
                visualizer,
                item.get("name") or item["key"],
                samples_of(images),
                n_row=item.get("n_row", self.n_row),
                step=batch_idx + 1,
                **options,
            )

    def _show(self, visualizer: Any, name: str, samples: list[Any], **options: Any) -> None:
        options.update(show=self.show, wait_time=self.wait_time)
        if isinstance(visualizer, GenVisualizer):
            visualizer.add_datasample(name, samples, **options)
        else:
            add_samples(visualizer, name, samples, **options)


def _as_list(value: Any) -> list[Any]:
    if value is None:
        return []
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _test_name(sample: Any) -> str:
    path = sample.get("img_path") if hasattr(sample, "get") else None
    return f"test_{Path(str(path)).stem}" if path else "test_sample"
