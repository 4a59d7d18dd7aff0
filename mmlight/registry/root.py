"""The root registries, and where the members of each are defined."""

from __future__ import annotations

from typing import Any

from .build_functions import (
    build_model_from_cfg,
    build_runner_from_cfg,
    build_scheduler_from_cfg,
)
from .float_arguments import build_optimizer_from_cfg
from .registry import ROOT_SCOPE, Registry


def _root(name: str, engine: str = "", kit: tuple[str, ...] = (), **kwargs: Any) -> Registry:
    """Create a root registry.

    ``engine`` holds the names that MMEngine's registry of this name has, so that a second
    class of such a name is refused; a name of the generative ``kit`` gives way to anybody's.
    """
    locations = [f"{ROOT_SCOPE}.{engine}"] if engine else []
    fallbacks = [f"{ROOT_SCOPE}.{part}" for part in kit]
    return Registry(
        name, scope=ROOT_SCOPE, locations=locations, fallback_locations=fallbacks, **kwargs
    )


RUNNERS = _root("runner", "runner", build_func=build_runner_from_cfg)
RUNNER_CONSTRUCTORS = _root("runner constructor", "runner")
LOOPS = _root("loop", "runner", ("engine.runner",))
HOOKS = _root("hook", "hooks", ("engine.hooks",))
LOG_PROCESSORS = _root("log_processor", "runner", ("engine.runner",))
STRATEGIES = _root("strategy", "_strategy")

DATASETS = _root("dataset", "dataset", ("generative.datasets",))
DATA_SAMPLERS = _root("data sampler", "dataset", ("generative.datasets",))
TRANSFORMS = _root("transform", kit=("generative.datasets",))
FUNCTIONS = _root("function", "dataset", ("generative.datasets",))

MODELS = _root("model", "model", ("generative.models",), build_func=build_model_from_cfg)
MODEL_WRAPPERS = _root("model_wrapper", "model")
WEIGHT_INITIALIZERS = _root("weight initializer", "model")
TASK_UTILS = _root("task util", kit=("generative.models",))
INFERENCERS = _root("inferencer")

OPTIMIZERS = _root("optimizer", "optim", build_func=build_optimizer_from_cfg)
OPTIM_WRAPPERS = _root("optim_wrapper", "optim")
OPTIM_WRAPPER_CONSTRUCTORS = _root("optimizer wrapper constructor", "optim", ("engine.optimizers",))
PARAM_SCHEDULERS = _root(
    "parameter scheduler", "optim", ("engine.schedulers",), build_func=build_scheduler_from_cfg
)

METRICS = _root("metric", "evaluator", ("generative.evaluation",))
EVALUATOR = _root("evaluator", "evaluator", ("generative.evaluation",))

VISUALIZERS = _root("visualizer", "visualization", ("engine",))
VISBACKENDS = _root("vis_backend", "visualization", ("engine",))
