"""Another name of :mod:`mmlight.generative.evaluation`: the same module."""

from mmlight.generative.evaluation import *  # noqa: F403
from mmlight.utils.module_alias import answer_for

answer_for(__name__, "mmlight.generative.evaluation")
