"""Pictures of generated samples under the name and with the defaults of MMEditing."""

from __future__ import annotations

from typing import Any

from mmlight.engine.hooks.visualization_hook import VisualizationHook
from mmlight.registry import HOOKS


@HOOKS.register_module()
class GenVisualizationHook(VisualizationHook):
    """Show samples of a generative model in training, and those of a test.

    This is :class:`VisualizationHook`, which describes the arguments, with 8 images in a row.

    Example:
        >>> hook = GenVisualizationHook(vis_kwargs_list=dict(type="GAN", name="fake_img"))
        >>> hook.vis_kwargs_list[0]["type"], hook.vis_kwargs_list[0]["n_row"]
        ('Noise', 8)
    """

    def __init__(
        self,
        interval: int = 1000,
        vis_kwargs_list: list[dict[str, Any]]
        | tuple[dict[str, Any], ...]
        | dict[str, Any]
        | None = None,
        fixed_input: bool = True,
        n_samples: int | None = 64,
        n_row: int | None = 8,
        message_hub_vis_kwargs: str
        | dict[str, Any]
        | list[str]
        | list[dict[str, Any]]
        | None = None,
        save_at_test: bool = True,
        max_save_at_test: int | None = 100,
        test_vis_keys: str | list[str] | None = None,
        show: bool = False,
        wait_time: float = 0,
    ) -> None:
        super().__init__(
            interval,
            vis_kwargs_list,
            fixed_input,
            n_samples,
            n_row,
            message_hub_vis_kwargs,
            save_at_test,
            max_save_at_test,
            test_vis_keys,
            show,
            wait_time,
        )

    def _vis_messages(self, batch_idx: int) -> None:
        order, mean, std = (
            self._message_range.get(name, default)
            for name, default in (
                ("color_order", "rgb"),
                ("target_mean", 127.5),
                ("target_std", 127.5),
            )
        )
        self.vis_from_message_hub(batch_idx, order, mean, std)

    def vis_from_message_hub(  # type: ignore[override]
        self, batch_idx: int, color_order: str, target_mean: Any, target_std: Any
    ) -> None:
        """Show the images in the message hub.

        Args:
            batch_idx (int): Index of the batch.
            color_order (str): Order of the channels, ``rgb`` or ``bgr``.
            target_mean (float | Sequence[float]): Grey level of 0.
            target_std (float | Sequence[float]): Grey levels that make 1.
        """
        picture = {"color_order": color_order, "target_mean": target_mean, "target_std": target_std}
        self._show_messages(batch_idx, picture)
