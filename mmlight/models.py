"""Another name of :mod:`mmlight.generative.models`: the same module."""

from mmlight.generative.models import *  # noqa: F403
from mmlight.utils.module_alias import answer_for

answer_for(__name__, "mmlight.generative.models")
