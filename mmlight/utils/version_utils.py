"""Versions of packages and of the working copy."""

from __future__ import annotations

import subprocess

from packaging.version import Version

_PRE_RELEASE_ORDER = {"a": -3, "b": -2, "rc": -1}
_DEV_RELEASE = -4


def digit_version(version_str: str, length: int = 4) -> tuple[int, ...]:
    """Turn a version into a tuple of integers that compares as the version does.

    Args:
        version_str (str): A version as PEP 440 allows it; a local part and an epoch are ignored.
        length (int): Number of release levels to keep; missing ones are 0.

    Returns:
        tuple of int: The release levels, then the kind of release (dev -4, alpha -3, beta -2,
        candidate -1, final 0, post 1) and its number.

    Raises:
        ValueError: If ``version_str`` is not a version.

    Example:
        >>> digit_version("2.1rc1+cpu")
        (2, 1, 0, 0, -1, 1)
        >>> digit_version("1.10") > digit_version("1.9.1")
        True
    """
    version = Version(version_str)
    release = list(version.release[:length])
    release += [0] * (length - len(release))
    if version.pre is not None:
        letter, number = version.pre
        kind = (_PRE_RELEASE_ORDER[letter], number)
    elif version.post is not None:
        kind = (1, version.post)
    elif version.dev is not None:
        kind = (_DEV_RELEASE, 0)
    else:
        kind = (0, 0)
    return (*release, *kind)


def get_git_hash(fallback: str = "unknown", digits: int | None = None) -> str:
    """Return the commit that the working directory has checked out.

    Args:
        fallback (str): What to return where git or a repository is missing.
        digits (int, optional): Number of leading digits to keep. None keeps all.

    Returns:
        str: The commit hash.

    Raises:
        TypeError: If ``digits`` is neither None nor an integer.

    Example:
        >>> len(get_git_hash(digits=7))
        7
    """
    if digits is not None and not isinstance(digits, int):
        raise TypeError(f"digits must be None or an integer, but got {type(digits)}")
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return fallback
    return done.stdout.strip()[:digits]
