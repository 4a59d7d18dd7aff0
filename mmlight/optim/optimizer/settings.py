"""Which settings of an optimizer can be meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mmlight.utils.checks import number, of_type


def check_settings(owner: str, settings: Mapping[str, Any]) -> None:
    """Refuse settings with which no optimizer can work; those that it does not name may be None.

    Args:
        owner: Name of the optimizer.
        settings: Its arguments, or one of its parameter groups.

    Raises:
        TypeError: If a setting is no number.
        ValueError: If it is out of its range.

    Example:
        >>> check_settings("Adam", dict(lr=1e-3, betas=(0.9, 1.0)))
        Traceback (most recent call last):
        ...
        ValueError: betas[1] of Adam must be a number of 0 or more and below 1, but got 1.0
    """
    for name in ("lr", "weight_decay"):
        if settings.get(name) is not None:
            number(owner, least=0, **{name: settings[name]})
    if settings.get("momentum") is not None:
        number(owner, least=0, below=1, momentum=settings["momentum"])
    if settings.get("betas") is not None:
        of_type(owner, (tuple, list), "a pair of numbers", betas=settings["betas"])
        if len(settings["betas"]) < 2:
            raise ValueError(f"betas of {owner} must be two numbers, got {settings['betas']}")
        for index, beta in enumerate(settings["betas"]):
            number(owner, least=0, below=1, **{f"betas[{index}]": beta})
    eps = settings.get("eps")
    if eps is not None and not isinstance(eps, tuple | list):  # Adafactor has several
        number(owner, least=0, eps=eps)


def check_multipliers(owner: str, rules: Mapping[str, Any]) -> None:
    """Refuse multipliers of a setting that are no number, or negative.

    Args:
        owner: What they belong to.
        rules: Among others, the multipliers: their names end with ``_mult``.

    Raises:
        TypeError: If one is no number.
        ValueError: If one is negative or NaN.

    Example:
        >>> check_multipliers("paramwise_cfg", dict(bias_lr_mult=2, bypass_duplicate=True))
    """
    for name, value in rules.items():
        if str(name).endswith("_mult") and value is not None:
            number(owner, least=0, **{name: value})
