"""Schedulers of any setting of an optimizer's parameter groups."""

from .base_scheduler import INF, _ParamScheduler
from .cosine_schedulers import CosineAnnealingParamScheduler, CosineRestartParamScheduler
from .factor_schedulers import (
    ConstantParamScheduler,
    ExponentialParamScheduler,
    LinearParamScheduler,
    PolyParamScheduler,
)
from .one_cycle_scheduler import OneCycleParamScheduler
from .plateau_scheduler import ReduceOnPlateauParamScheduler
from .step_schedulers import MultiStepParamScheduler, StepParamScheduler

__all__ = [
    "INF",
    "ConstantParamScheduler",
    "CosineAnnealingParamScheduler",
    "CosineRestartParamScheduler",
    "ExponentialParamScheduler",
    "LinearParamScheduler",
    "MultiStepParamScheduler",
    "OneCycleParamScheduler",
    "PolyParamScheduler",
    "ReduceOnPlateauParamScheduler",
    "StepParamScheduler",
    "_ParamScheduler",
]
