"""Whether a run makes the moving average of which a metric wants images."""

from __future__ import annotations

from typing import Any

from mmlight.model.bare_model import bare_model
from mmlight.registry.place import section_of


def check_averages(runner: Any, evaluator: Any) -> None:
    """Refuse a metric of images of a moving average that the model does not have and will not get.

    Args:
        runner (Runner): The Runner, with its model and its hooks.
        evaluator (Evaluator): The evaluator.

    Raises:
        ValueError: If a metric asks for ``ema``, and neither the model nor a hook makes one.
    """
    module = bare_model(runner.model)
    names = {name for name, _ in module.named_modules()}
    for hook in runner.hooks:
        names.update(getattr(hook, "module_keys", ()))
    if any(name.endswith("_ema") for name in names):
        return
    for metric in getattr(evaluator, "metrics", ()):
        if getattr(metric, "sampler_mode", "normal") != "normal" and metric.sample_model == "ema":
            with section_of(metric):
                raise ValueError(
                    f"{type(metric).__name__} (prefix {metric.prefix!r}) has sample_model='ema', "
                    f"but {type(module).__name__} has no moving average: give the model an "
                    "ema_config, add ExponentialMovingAverageHook(module_keys='generator_ema', "
                    "interval=1), or set sample_model='orig'"
                )
