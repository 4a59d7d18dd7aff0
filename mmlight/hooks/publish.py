"""Writes the part of a checkpoint that others need."""

from __future__ import annotations

import hashlib
import io
import logging
import os.path as osp
from collections.abc import Sequence
from typing import Any

import torch

from mmlight.fileio.checkpoint_file import read_checkpoint


def publish_checkpoint(path: str, keys: Sequence[str], backend: Any, logger: logging.Logger) -> str:
    """Write ``keys`` of a checkpoint beside it, with the start of their SHA-256 in the name.

    Args:
        path: Path or URL of the checkpoint.
        keys: What to keep of it.
        backend: Storage backend of ``path``.
        logger: Where to say what is left out.

    Returns:
        Path or URL of the new file, ``<name>-<8 hex digits>.pth``.
    """
    checkpoint = read_checkpoint(io.BytesIO(backend.get(path)), map_location="cpu")
    kept = {key: value for key, value in checkpoint.items() if key in keys}
    missing = [key for key in keys if key not in checkpoint]
    if missing:
        logger.warning(f"{path} has no {', '.join(missing)} to publish")
    logger.info(f"Left out when publishing: {', '.join(k for k in checkpoint if k not in kept)}")
    buffer = io.BytesIO()
    torch.save(kept, buffer)
    data = buffer.getvalue()
    target = f"{osp.splitext(path)[0]}-{hashlib.sha256(data).hexdigest()[:8]}.pth"
    backend.put(data, target)
    return target
