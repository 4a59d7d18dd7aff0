"""What every strategy of a FlexibleRunner has."""

from __future__ import annotations

from typing import Any

_OF_THE_RUNNER = {
    "work_dir": "work_dir",
    "experiment_name": "experiment_name",
    "env_kwargs": "env_cfg and randomness",
    "log_kwargs": "log_level",
    "auto_scale_lr": "auto_scale_lr",
}


class BaseStrategy:
    """Leaves devices and processes to the config's ``trainer``; the base of the others.

    Args:
        **kwargs: None. What MMEngine takes here is the runner's, which has it already.

    Raises:
        TypeError: If there is an argument.
    """

    distributed = False
    skip_init_weights = False

    def __init__(self, **kwargs: Any) -> None:
        for name in kwargs:
            if name in _OF_THE_RUNNER:
                raise TypeError(
                    f"{type(self).__name__} takes no {name!r} (config key: strategy.{name}): give "
                    f"the runner {_OF_THE_RUNNER[name]}"
                )
            raise TypeError(f"{type(self).__name__} got an unexpected keyword argument {name!r}")

    def trainer_arguments(self) -> dict[str, Any]:
        """Return what the strategy says of the Trainer's arguments."""
        return {}

    def config_keys(self) -> dict[str, Any]:
        """Return what the strategy says of the Runner's other config keys."""
        return {}
