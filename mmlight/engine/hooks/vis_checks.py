"""What is wrong with a picture of samples that is asked for, told before a training begins."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

from mmlight.engine.gen_visualizer import VIS_MODES
from mmlight.engine.sample_access import sample_function
from mmlight.engine.samplers import SAMPLE_MODELS, SAMPLER_TYPES, NoiseSampler
from mmlight.registry.diagnostics import did_you_mean

_FOR_SAMPLER = ("type", "sample_model", "sample_kwargs", "forward_kwargs")
_SOURCES = {"Data": "train", "ValData": "val", "TestData": "test"}


def check_entry(kwargs: Mapping[str, Any], aliases: Iterable[str]) -> None:
    """Refuse an entry of ``vis_kwargs_list`` that no model can satisfy.

    Args:
        kwargs: The entry, its alias resolved.
        aliases: Short names of types.

    Raises:
        ValueError: If its type, its ``sample_model`` or an option of its picture is not known.
    """
    known = (*SAMPLER_TYPES, *aliases)
    _check("type", kwargs["type"], known)
    _check("sample_model", kwargs.get("sample_model", "orig"), SAMPLE_MODELS)
    _check("vis_mode", kwargs.get("vis_mode") or "image", VIS_MODES)
    _check("color_order", kwargs.get("color_order", "rgb").lower(), ("rgb", "bgr"))


def _check(name: str, value: Any, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(
            f"an entry of vis_kwargs_list has {name}={value!r}, but it must be one of "
            f"{', '.join(known)}.{did_you_mean(str(value), known)}"
        )


def check_model(entries: Iterable[Mapping[str, Any]], module: nn.Module) -> None:
    """Refuse a model that cannot be sampled as the entries want.

    Args:
        entries: The entries of ``vis_kwargs_list``.
        module: The model.

    Raises:
        TypeError: If the model has no method to sample it, or there is no way to make its noise.
    """
    for kwargs in entries:
        sample_function(module)
        if kwargs["type"] == "Noise":
            NoiseSampler(module, num_batches=1, max_times=1, options={})


def check_surroundings(
    entries: Iterable[Mapping[str, Any]], module: nn.Module, runner: Any
) -> None:
    """Refuse a run that lacks data or a moving average that the entries want.

    Args:
        entries: The entries of ``vis_kwargs_list``.
        module: The model, with what other hooks have added to it.
        runner: The Runner.

    Raises:
        ValueError: If there is no dataloader for an entry, or no moving average.
    """
    for kwargs in entries:
        mode = _SOURCES.get(kwargs["type"])
        if mode is not None and getattr(runner, f"{mode}_dataloader") is None:
            raise ValueError(
                f"type={kwargs['type']!r} in vis_kwargs_list shows items of the {mode}_dataloader, "
                "which this training does not have"
            )
        wanted = kwargs.get("sample_model", "orig")
        names = (name for name, _ in module.named_modules())
        if "ema" in wanted and not any(name.endswith("_ema") for name in names):
            raise ValueError(
                f"sample_model={wanted!r} in vis_kwargs_list asks for a moving average, but "
                f"{type(module).__name__} has none: give it an ema_config or use "
                "ExponentialMovingAverageHook(module_keys='generator_ema', interval=1)"
            )


def warn_of_misspelt(
    entries: Iterable[Mapping[str, Any]], known: Iterable[str], runner: Any
) -> None:
    """Warn of options for the model that are most likely names of something else.

    Args:
        entries: The entries of ``vis_kwargs_list``.
        known: What is not for the model.
        runner: The Runner.
    """
    known = (*known, *_FOR_SAMPLER)
    for kwargs in entries:
        for name in kwargs.keys() - set(known):
            meant = did_you_mean(name, known, cutoff=0.8)
            if meant:
                runner.logger.warning(
                    f"{name}={kwargs[name]!r} of an entry of vis_kwargs_list is no option of "
                    f"pictures, so the model gets it with its inputs.{meant}"
                )
