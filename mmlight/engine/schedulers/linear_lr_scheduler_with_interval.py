"""A linear schedule that moves in steps."""

from __future__ import annotations

from typing import Any

from mmlight.optim import LinearLR
from mmlight.registry import PARAM_SCHEDULERS
from mmlight.utils.checks import whole


@PARAM_SCHEDULERS.register_module()
class LinearLrInterval(LinearLR):
    """Change the learning rate linearly, but only at every ``interval``-th step.

    Up to ``begin`` the learning rate is ``start_factor``; from there it moves to ``end_factor``, in
    as many steps of ``interval`` as there are whole ones up to ``end``. Both are learning rates
    themselves, whatever rate the optimizer has. The first step up to ``begin`` counts as none, so
    the last of them is not taken.

    Args:
        *args (Any): Arguments of :class:`~mmlight.optim.LinearLR`.
        interval (int): Steps (epochs or iterations, as ``by_epoch`` says) between two changes.
            Defaults to 1.
        **kwargs (Any): Arguments of :class:`~mmlight.optim.LinearLR` by name.

    Raises:
        TypeError: If ``interval`` is no whole number.
        ValueError: If it is not positive, or there is no whole one up to ``end``.

    Example:
        >>> import torch
        >>> sgd = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=1.0)
        >>> scheduler = LinearLrInterval(sgd, start_factor=0.2, end_factor=0.0, end=6, interval=2)
        >>> rates = []
        >>> for _ in range(5):
        ...     _ = sgd.step(), scheduler.step()
        ...     rates.append(round(scheduler.get_last_value()[0], 3))
        >>> rates
        [0.2, 0.2, 0.133, 0.133, 0.067]
    """

    def __init__(self, *args: Any, interval: int = 1, **kwargs: Any) -> None:
        whole(self, interval=interval)
        self.interval = interval
        super().__init__(*args, **kwargs)
        if self.begin > 0 and self.last_step == -1:
            self._set_values(self._get_value())

    def _get_value(self) -> list[Any]:
        """Compute the learning rates from the number of steps done.

        Returns:
            list: The rate of each parameter group.
        """
        intervals = (self.end - self.begin) // self.interval
        if intervals < 1:
            raise ValueError(
                f"LinearLrInterval changes nothing: interval={self.interval} is more than there is "
                f"between begin={self.begin} and end={self.end}"
            )
        done = max(0, self.last_step - 1) // self.interval
        rate = self.start_factor + (self.end_factor - self.start_factor) * done / intervals
        return [rate] * len(self._unchanged())
