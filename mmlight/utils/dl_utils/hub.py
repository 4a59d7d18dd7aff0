"""Weights from the web."""

from __future__ import annotations

from typing import Any

from torch.hub import load_state_dict_from_url


def load_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = True,
) -> dict[str, Any]:
    """Download a file of weights, unless it is there already, and load it.

    Args:
        url (str): Address of the file.
        model_dir (str, optional): Folder to keep it in; None takes that of ``torch.hub``.
        map_location (optional): Where to put the tensors, as for :func:`torch.load`.
        progress (bool): Show a progress bar.
        check_hash (bool): Compare the file with the hash in its name, ``name-<sha256>.ext``.
        file_name (str, optional): Name to keep it under.
        weights_only (bool): Load tensors and plain values only. What else a file may hold can run
            any code, so this is False for a source you trust alone.

    Returns:
        dict: What the file holds.

    Raises:
        RuntimeError: If the hash is another.

    Example:
        >>> url = "https://download.pytorch.org/models/resnet18-f37072fd.pth"
        >>> weights = load_url(url, check_hash=True)  # doctest: +SKIP
    """
    return load_state_dict_from_url(
        url,
        model_dir=model_dir,
        map_location=map_location,
        progress=progress,
        check_hash=check_hash,
        file_name=file_name,
        weights_only=weights_only,
    )
