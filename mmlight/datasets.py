"""Another name of :mod:`mmlight.generative.datasets`: the same module."""

from mmlight.generative.datasets import *  # noqa: F403
from mmlight.utils.module_alias import answer_for

answer_for(__name__, "mmlight.generative.datasets")
