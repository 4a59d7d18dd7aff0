"""Priorities of hooks under their documented path; hooks need them below this layer."""

from mmlight.utils.priority import Priority, get_priority

__all__ = ["Priority", "get_priority"]
