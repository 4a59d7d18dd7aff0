"""The state of all global random generators, as plain types that any checkpoint reader accepts.

Of Python's and NumPy's only the seed is kept while nobody has drawn from them since all generators
were seeded alike, which is usual in the main process of a run whose workers read the data.
"""

from __future__ import annotations

import random
from collections.abc import Collection
from functools import lru_cache
from typing import Any

import numpy as np
import torch

from mmlight.utils.generator_state import pack_generator_state, unpack_generator_state

CPU = frozenset({"python", "numpy", "torch"})
ALL = CPU | {"cuda"}


def rng_state(of: Collection[str] = ALL) -> dict[str, Any]:
    """Return the states of Python's, NumPy's, torch's and every GPU's generator.

    Args:
        of: Which of ``"python"``, ``"numpy"``, ``"torch"`` and ``"cuda"`` are wanted.

    Example:
        >>> state = rng_state()
        >>> first = torch.rand(2)
        >>> set_rng_state(state)
        >>> bool((torch.rand(2) == first).all())
        True
    """
    state: dict[str, Any] = {}
    if "python" in of:
        state["python"] = _python_state(torch.initial_seed())
    if "numpy" in of:
        state["numpy"] = _numpy_state(torch.initial_seed())
    if "torch" in of:
        state["torch"] = pack_generator_state(torch.get_rng_state())
    if "cuda" in of and torch.cuda.is_available() and torch.cuda.is_initialized():
        state["cuda"] = torch.stack(torch.cuda.get_rng_state_all())
    return state


def _python_state(seed: int) -> list[Any]:
    state = random.getstate()
    if state == _python_seeded(seed):
        return [seed]
    version, (*words, position), gauss = state
    return [version, _tensor(words), position, gauss]


def _numpy_state(seed: int) -> list[Any]:
    name, words, position, has_gauss, cached = np.random.get_state()  # type: ignore[misc]
    if 0 <= seed < 2**32:
        _, seeded, beginning, *_ = _numpy_seeded(seed)
        if position == beginning and not has_gauss and np.array_equal(words, seeded):
            return [seed]
    return [str(name), _tensor(words), int(position), int(has_gauss), float(cached)]


@lru_cache(maxsize=1)
def _python_seeded(seed: int) -> Any:
    return random.Random(seed).getstate()


@lru_cache(maxsize=1)
def _numpy_seeded(seed: int) -> Any:
    return np.random.RandomState(seed).get_state()


def set_rng_state(state: dict[str, Any]) -> None:
    """Put generators into a state that :func:`rng_state` returned, its tensors anywhere.

    Those that it lacks stay as they are. What mmlight wrote before its words had 32 bits each is
    understood too.
    """
    if "python" in state:
        _set_python_state(*state["python"])
    if "numpy" in state:
        _set_numpy_state(*state["numpy"])
    if "torch" in state:
        torch.set_rng_state(unpack_generator_state(state["torch"]))
    for index, gpu_state in enumerate(state.get("cuda", ())):
        if index < torch.cuda.device_count():
            torch.cuda.set_rng_state(gpu_state.cpu(), index)


def _set_python_state(first: int, words: Any = None, *rest: Any) -> None:
    if words is None:
        random.seed(first)
        return
    *position, gauss = rest
    random.setstate((first, (*_words(words).tolist(), *position), gauss))


def _set_numpy_state(first: Any, words: Any = None, *rest: Any) -> None:
    if words is None:
        np.random.seed(first)
        return
    np.random.set_state((first, _words(words), *rest))


def _tensor(words: Any) -> torch.Tensor:
    # Not torch.uint32, which lacks much and not every reader knows.
    return torch.from_numpy(np.asarray(words, dtype=np.uint32).view(np.int32))


def _words(tensor: torch.Tensor) -> np.ndarray:
    return tensor.cpu().numpy().astype(np.uint32)
