"""Whether a model is being traced."""

from __future__ import annotations

import torch


def is_jit_tracing() -> bool:
    """Tell whether ``torch.jit.trace`` is at work.

    Returns:
        bool: Whether it is.

    Example:
        >>> is_jit_tracing()
        False
    """
    return bool(torch.jit.is_tracing())
