"""What a run depends on: machine, compilers and packages."""

from __future__ import annotations

import os.path as osp
import shutil
import subprocess
import sys
from collections import OrderedDict, defaultdict
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch

from mmlight.version import __version__


def is_rocm_pytorch() -> bool:
    """Tell whether torch was built for AMD's GPUs.

    Returns:
        bool: Whether it was.
    """
    return torch.version.hip is not None


def collect_env() -> dict[str, Any]:
    """Collect what a run depends on.

    Returns:
        dict: ``sys.platform``, ``Python``, ``CUDA available``, with GPUs their names, ``CUDA_HOME``
        and ``NVCC``, ``GCC`` (``n/a`` without one), ``MSVC`` on Windows, ``PyTorch`` and how it was
        compiled, ``TorchVision`` and ``OpenCV`` if installed, ``MMEngine`` (whose place mmlight
        takes).

    Example:
        >>> collect_env()["PyTorch"] == torch.__version__
        True
    """
    info: dict[str, Any] = OrderedDict()
    info["sys.platform"] = sys.platform
    info["Python"] = sys.version.replace("\n", "")
    info["CUDA available"] = torch.cuda.is_available()
    info["numpy_random_seed"] = np.random.get_state()[1][0]  # type: ignore[index]
    if info["CUDA available"]:
        info.update(_gpus())
    info["GCC"] = _first_line("gcc") or "n/a"
    if sys.platform == "win32":
        info["MSVC"] = _msvc_version()
    info["PyTorch"] = torch.__version__
    info["PyTorch compiling details"] = torch.__config__.show()
    for label, module in (("TorchVision", "torchvision"), ("OpenCV", "cv2")):
        if find_spec(module) is not None:
            info[label] = import_module(module).__version__
    info["MMEngine"] = f"mmlight {__version__}"
    return info


def _gpus() -> dict[str, str]:
    from torch.utils.cpp_extension import CUDA_HOME

    ids_of_name = defaultdict(list)
    for index in range(torch.cuda.device_count()):
        ids_of_name[torch.cuda.get_device_name(index)].append(str(index))
    found = {f"GPU {','.join(ids)}": name for name, ids in ids_of_name.items()}
    found["CUDA_HOME"] = str(CUDA_HOME)
    if CUDA_HOME is not None and osp.isdir(CUDA_HOME):
        compiler = "hipcc" if is_rocm_pytorch() else "nvcc"
        found["NVCC"] = _last_line(osp.join(CUDA_HOME, "bin", compiler)) or "Not Available"
    return found


def _output_lines(program: str, *args: str) -> list[str]:
    if shutil.which(program) is None:
        return []
    done = subprocess.run([program, *args], capture_output=True, text=True, check=False)
    return (done.stdout or done.stderr).strip().splitlines()


def _first_line(program: str) -> str:
    return next(iter(_output_lines(program, "--version")), "")


def _last_line(program: str) -> str:
    lines = _output_lines(program, "--version")
    return lines[-1] if lines else ""


def _msvc_version() -> str:
    return next(iter(_output_lines("cl")), "n/a")
