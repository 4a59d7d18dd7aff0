"""Start of the default process group under the known launchers."""

from __future__ import annotations

import os
from typing import Any

import torch
import torch.distributed as torch_dist

_DEFAULT_PORT = "29500"


def infer_launcher() -> str:
    """Return which launcher started this process, judging by its environment.

    Returns:
        str: ``pytorch``, ``slurm``, ``mpi`` or ``none``.

    Example:
        >>> infer_launcher() in ("pytorch", "slurm", "mpi", "none")
        True
    """
    if "WORLD_SIZE" in os.environ:
        return "pytorch"
    if "SLURM_NTASKS" in os.environ:
        return "slurm"
    if "OMPI_COMM_WORLD_LOCAL_RANK" in os.environ:
        return "mpi"
    return "none"


def init_dist(
    launcher: str, backend: str = "nccl", init_backend: str = "torch", **kwargs: Any
) -> None:
    """Make the default process group out of what a launcher left in the environment.

    Args:
        launcher (str): ``pytorch`` (torchrun), ``mpi`` or ``slurm``.
        backend (str): ``nccl``, ``gloo`` or ``mpi``.
        init_backend (str): ``torch``, by whose function the group is made.
        **kwargs: Passed to :func:`torch.distributed.init_process_group`; ``port`` is the port of
            the main process under slurm.

    Raises:
        ValueError: If the launcher or ``init_backend`` is not one of them.
        KeyError: If an environment variable of the launcher is missing.

    Example:
        >>> init_dist("ray")
        Traceback (most recent call last):
        ValueError: Invalid launcher type: 'ray', expected one of pytorch, mpi, slurm
    """
    if launcher not in _SETUPS:
        raise ValueError(
            f"Invalid launcher type: {launcher!r}, expected one of {', '.join(_SETUPS)}"
        )
    if init_backend != "torch":
        raise ValueError(f"init_backend must be 'torch', but got {init_backend!r}")
    local_rank = _SETUPS[launcher](kwargs)
    if torch.cuda.is_available():
        torch.cuda.set_device(local_rank % torch.cuda.device_count())
    torch_dist.init_process_group(backend=backend, **kwargs)


def _variable(name: str, launcher: str) -> str:
    if name not in os.environ:
        raise KeyError(
            f"The environment variable {name} is not set: launcher {launcher!r} needs it"
        )
    return os.environ[name]


def _setup_pytorch(kwargs: dict[str, Any]) -> int:
    rank = _variable("RANK", "pytorch")
    return int(os.environ.get("LOCAL_RANK", rank))


def _setup_mpi(kwargs: dict[str, Any]) -> int:
    _variable("MASTER_ADDR", "mpi")
    os.environ.setdefault("MASTER_PORT", _DEFAULT_PORT)
    os.environ["RANK"] = _variable("OMPI_COMM_WORLD_RANK", "mpi")
    os.environ["WORLD_SIZE"] = _variable("OMPI_COMM_WORLD_SIZE", "mpi")
    os.environ["LOCAL_RANK"] = _variable("OMPI_COMM_WORLD_LOCAL_RANK", "mpi")
    return int(os.environ["LOCAL_RANK"])


def _setup_slurm(kwargs: dict[str, Any]) -> int:
    # Imported here because only a slurm job needs it, and it brings all of Lightning.
    from lightning.fabric.plugins.environments import SLURMEnvironment

    os.environ["RANK"] = _variable("SLURM_PROCID", "slurm")
    os.environ["WORLD_SIZE"] = _variable("SLURM_NTASKS", "slurm")
    os.environ["LOCAL_RANK"] = _variable("SLURM_LOCALID", "slurm")
    if "port" in kwargs:
        os.environ["MASTER_PORT"] = str(kwargs.pop("port"))
    os.environ.setdefault("MASTER_PORT", _DEFAULT_PORT)
    if "MASTER_ADDR" not in os.environ:
        nodes = _variable("SLURM_NODELIST", "slurm")
        os.environ["MASTER_ADDR"] = SLURMEnvironment.resolve_root_node_address(nodes)
    return int(os.environ["LOCAL_RANK"])


_SETUPS = {"pytorch": _setup_pytorch, "mpi": _setup_mpi, "slurm": _setup_slurm}
