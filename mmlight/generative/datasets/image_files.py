"""Which files of a folder are images."""

from __future__ import annotations

from typing import Any

from mmlight.fileio import isdir, join_path, list_dir_or_file

SUFFIXES = tuple(
    suffix
    for name in ("jpg", "jpeg", "png", "ppm", "bmp", "tif", "tiff")
    for suffix in (f".{name}", f".{name.upper()}")
)


def list_images(
    folder: str,
    suffixes: str | tuple[str, ...] | None = SUFFIXES,
    recursive: bool = True,
    backend_args: dict[str, Any] | None = None,
    argument: str = "data_root",
) -> list[str]:
    """List the images in a folder, in the order in which its storage gives them.

    Args:
        folder (str): A folder, or an address that fsspec knows.
        suffixes (str | tuple[str, ...], optional): Ends of file names. None stands for any.
        recursive (bool): Whether folders inside are searched. Defaults to True.
        backend_args (dict, optional): Of the storage. Defaults to None.
        argument (str): Which argument of a dataset names the folder, for the error.
            Defaults to ``data_root``.

    Returns:
        list[str]: Paths below the folder.

    Raises:
        FileNotFoundError: If there is no such folder, or no image in it.

    Example:
        >>> import tempfile
        >>> from pathlib import Path
        >>> folder = tempfile.mkdtemp()
        >>> Path(folder, "a.png").touch(); Path(folder, "a.txt").touch()
        >>> list_images(folder)
        ['a.png']
    """
    if not isdir(folder, backend_args):
        raise FileNotFoundError(
            f"{argument}: there is no folder {folder}; set it to where the images are"
        )
    names = list_dir_or_file(
        folder,
        list_dir=False,
        suffix=suffixes,
        recursive=recursive,
        backend_args=backend_args,
    )
    found = list(names)
    if not found:
        raise FileNotFoundError(
            f"no image in {folder}: looked for names that end with {', '.join(suffixes or ['*'])}"
        )
    return found


def join(folder: str, name: str, backend_args: dict[str, Any] | None = None) -> str:
    """Join a folder and a name below it, in the manner of its storage.

    Example:
        >>> join("memory://images", "a.png")
        'memory://images/a.png'
    """
    return str(join_path(folder, name, backend_args=backend_args))
