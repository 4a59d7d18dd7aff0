"""What configs of MMagic mean by names that MMEngine has too, where MMagic is not installed.

In the scope ``mmagic``, such a name is the generative class; every other name leads to the root
registries, which hold the rest. An installed MMagic brings its own registries in place of these.
"""

from __future__ import annotations

from mmlight.engine.gen_average import GenExponentialMovingAverage
from mmlight.engine.gen_visualizer import GenVisualizer
from mmlight.engine.hooks import IterTimerHook
from mmlight.engine.runner import LogProcessor
from mmlight.generative.evaluation import GenEvaluator
from mmlight.registry import root
from mmlight.registry.registry import Registry

SCOPE = "mmagic"


def _child(parent: Registry) -> Registry:
    return Registry(parent.name, parent=parent, scope=SCOPE, locations=[__name__])


_CHILDREN = {
    name: _child(registry)
    for name, registry in vars(root).items()
    if isinstance(registry, Registry)
}
for _name, _type, _class in (
    ("EVALUATOR", "Evaluator", GenEvaluator),
    ("HOOKS", "IterTimerHook", IterTimerHook),
    ("LOG_PROCESSORS", "LogProcessor", LogProcessor),
    ("MODELS", "ExponentialMovingAverage", GenExponentialMovingAverage),
    ("VISUALIZERS", "Visualizer", GenVisualizer),
):
    _CHILDREN[_name].register_module(_type, module=_class)
