"""A linear schedule that moves in steps."""

from __future__ import annotations

from typing import Any

from mmlight.optim import LinearLR
from mmlight.registry import PARAM_SCHEDULERS


@PARAM_SCHEDULERS.register_module()
class LinearLrInterval(LinearLR):
    """Change the learning rate linearly, but only at every ``interval``-th step.

    Up to ``begin`` the learning rate is the optimizer's times ``start_factor``; from there it
    moves to the optimizer's times ``end_factor``, in steps of ``interval``.

    Args:
        *args (Any): Arguments of :class:`~mmlight.optim.LinearLR`.
        interval (int): Steps (epochs or iterations, as ``by_epoch`` says) between two changes.
            Defaults to 1.
        **kwargs (Any): Arguments of :class:`~mmlight.optim.LinearLR` by name.

    Raises:
        ValueError: If ``interval`` is not positive.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = LinearLrInterval(sgd, start_factor=1.0, end_factor=0.0, end=5, interval=2)
        >>> for _ in range(4):
        ...     _ = sgd.step(), scheduler.step()
        ...     print(scheduler.get_last_value())
        [1.0]
        [0.5]
        [0.5]
        [0.0]
    """

    def __init__(self, *args: Any, interval: int = 1, **kwargs: Any) -> None:
        if interval < 1:
            raise ValueError(f"interval must be a positive number of steps, got {interval}")
        self.interval = interval
        super().__init__(*args, **kwargs)
        if self.begin > 0 and self.last_step == -1:
            self._set_values([value * self.start_factor for value in self._unchanged()])

    def _get_value(self) -> list:
        """Compute the learning rates from the present ones.

        Returns:
            list: The rate of each parameter group.
        """
        return [value * self._share() for value in self._unchanged()]

    def _share(self) -> float:
        """What the present rate is multiplied by."""
        if self.last_step == 0:
            return self.start_factor if self.begin == 0 else 1.0
        if self.last_step % self.interval:
            return 1.0
        rise = self.end_factor - self.start_factor
        before = self.total_iters * self.start_factor + (self.last_step - self.interval) * rise
        return 1.0 + self.interval * rise / before
