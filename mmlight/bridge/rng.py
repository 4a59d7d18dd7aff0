"""The state of all global random generators, as plain types that any checkpoint reader accepts."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


def rng_state(cuda: bool = True) -> dict[str, Any]:
    """Return the states of Python's, NumPy's, torch's and (``cuda``) every GPU's generator.

    Example:
        >>> state = rng_state()
        >>> first = torch.rand(2)
        >>> set_rng_state(state)
        >>> bool((torch.rand(2) == first).all())
        True
    """
    version, internal, gauss = random.getstate()
    name, keys, position, has_gauss, cached = np.random.get_state()  # type: ignore[misc]
    state: dict[str, Any] = {
        "python": [version, torch.tensor(internal, dtype=torch.int64), gauss],
        "numpy": [
            str(name),
            torch.from_numpy(np.asarray(keys).astype(np.int64)),
            int(position),
            int(has_gauss),
            float(cached),
        ],
        "torch": torch.get_rng_state(),
    }
    if cuda and torch.cuda.is_available() and torch.cuda.is_initialized():
        state["cuda"] = torch.cuda.get_rng_state_all()
    return state


def set_rng_state(state: dict[str, Any]) -> None:
    """Put all generators into a state that :func:`rng_state` returned, its tensors anywhere."""
    version, internal, gauss = state["python"]
    random.setstate((version, tuple(internal.tolist()), gauss))
    name, keys, position, has_gauss, cached = state["numpy"]
    np.random.set_state((name, keys.cpu().numpy().astype(np.uint32), position, has_gauss, cached))
    torch.set_rng_state(state["torch"].cpu())
    for index, gpu_state in enumerate(state.get("cuda", ())):
        if index < torch.cuda.device_count():
            torch.cuda.set_rng_state(gpu_state.cpu(), index)
