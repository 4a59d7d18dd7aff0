"""Whose turn it is where several networks train against each other."""

from __future__ import annotations

from mmlight.logging import MessageHub


def iterations_before() -> int:
    """Count the iterations before this one, which RuntimeInfoHook keeps in the message hub.

    Returns:
        int: The number.

    Raises:
        RuntimeError: If the hook is not there.
    """
    done: int | None = MessageHub.get_current_instance().get_info("iter")
    if done is None:
        raise RuntimeError(
            "the message hub does not have the iteration, which tells whose turn it is; "
            "keep RuntimeInfoHook among the hooks"
        )
    return done
