"""Questions about accelerators; those of vendors count once their torch extension is imported."""

from __future__ import annotations

import torch

_MEGABYTE = 1024 * 1024


def is_cuda_available() -> bool:
    """Tell whether there is a CUDA device.

    Returns:
        bool: Whether there is.

    Example:
        >>> is_cuda_available() in (True, False)
        True
    """
    return torch.cuda.is_available()


def is_mps_available() -> bool:
    """Tell whether there is an Apple GPU that torch can use.

    Returns:
        bool: Whether there is.

    Example:
        >>> is_mps_available() in (True, False)
        True
    """
    return torch.backends.mps.is_available()


def is_mlu_available() -> bool:
    """Tell whether Cambricon's torch is there and an MLU.

    Returns:
        bool: Whether there is.

    Example:
        >>> is_mlu_available() in (True, False)
        True
    """
    return _is_vendor_available("mlu")


def is_npu_available() -> bool:
    """Tell whether Ascend's torch is there and an NPU.

    Returns:
        bool: Whether there is.

    Example:
        >>> is_npu_available() in (True, False)
        True
    """
    return _is_vendor_available("npu")


def is_musa_available() -> bool:
    """Tell whether Moore Threads' torch is there and a MUSA device.

    Returns:
        bool: Whether there is.

    Example:
        >>> is_musa_available() in (True, False)
        True
    """
    return _is_vendor_available("musa")


def is_dipu_available() -> bool:
    """Tell whether DeepLink's torch_dipu is there and a device it serves.

    Returns:
        bool: Whether there is.

    Example:
        >>> is_dipu_available() in (True, False)
        True
    """
    return _is_vendor_available("dipu")


def _is_vendor_available(name: str) -> bool:
    module = getattr(torch, name, None)
    return module is not None and module.is_available()


def is_npu_support_full_precision() -> bool:
    """Tell whether the NPU computes in full precision, as those after the 910A do.

    Returns:
        bool: Whether it does; False without an NPU.

    Example:
        >>> is_npu_support_full_precision() in (True, False)
        True
    """
    first_with_full_precision = 220
    if not is_npu_available():
        return False
    result: bool = torch.npu.utils.get_soc_version() >= first_with_full_precision  # type: ignore[attr-defined]
    return result


_CHECKS = {
    "cuda": is_cuda_available,
    "mlu": is_mlu_available,
    "mps": is_mps_available,
    "npu": is_npu_available,
    "musa": is_musa_available,
    "dipu": is_dipu_available,
}


def get_device() -> str:
    """Return the type of the device that there is.

    Returns:
        str: ``cuda``, ``mlu``, ``mps``, or a vendor's, and ``cpu`` if there is none of them.

    Example:
        >>> get_device() in ("cuda", "mlu", "mps", "npu", "musa", "dipu", "cpu")
        True
    """
    return next((name for name, is_there in _CHECKS.items() if is_there()), "cpu")


def get_max_cuda_memory(device: torch.device | None = None) -> int:
    """Return the most memory that tensors have taken on a CUDA device since the start.

    Args:
        device (torch.device, optional): The device; None means the current one.

    Returns:
        int: Megabytes.

    Example:
        >>> get_max_cuda_memory() >= 0 if is_cuda_available() else True
        True
    """
    return torch.cuda.max_memory_allocated(device) // _MEGABYTE


def get_max_musa_memory(device: torch.device | None = None) -> int:
    """Return the most memory that tensors have taken on a MUSA device since the start.

    Args:
        device (torch.device, optional): The device; None means the current one.

    Returns:
        int: Megabytes.

    Example:
        >>> get_max_musa_memory() >= 0 if is_musa_available() else True
        True
    """
    result: int = torch.musa.max_memory_allocated(device) // _MEGABYTE  # type: ignore[attr-defined]
    return result
