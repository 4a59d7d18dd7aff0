"""One optimizer for each resolution of a progressively growing GAN."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

from torch import nn

from mmlight.engine.optimizers.submodules import build_wrapper, check_configs, find_submodule
from mmlight.logging import print_log
from mmlight.model.bare_model import bare_model
from mmlight.optim import OptimWrapperDict
from mmlight.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class PGGANOptimWrapperConstructor:
    """Build one optimizer wrapper for each network and scale of a growing GAN.

    ``model.scales`` lists the resolutions, as numbers of pixels or as ``(height, width)``. The
    generator's wrapper for 64 pixels is named ``generator_64``. A network may keep what it adds at
    the i-th scale in ``blocks[i]``; of any other, such as those of MMagic, each scale's optimizer
    has all parameters. Beside the networks, the config may have:

    - ``lr_schedule``: for a network, learning rates by scale (``{"generator": {"128": 0.0015}}``);
      other scales keep the rate of the network's own config.
    - ``reset_optim_for_new_scale``: True (the default) gives each scale an optimizer of its own
      for all that is in use there, so that a new scale begins with fresh moments; the model steps
      the wrapper of the current scale. False keeps the moments: each scale gets an optimizer for
      the block it adds alone, and the model steps the wrappers of all scales up to the current
      one; a network without ``blocks`` has one optimizer under the names of all scales.

    What a network has outside of its ``blocks`` belongs to every scale in the first case, and to
    the first scale in the second.

    Source: Karras et al., "Progressive Growing of GANs for Improved Quality, Stability, and
    Variation", ICLR 2018.

    Args:
        optim_wrapper_cfg (dict): Optimizer wrapper configs by name of network, and the above.
        paramwise_cfg (dict, optional): Must be None. Defaults to None.

    Raises:
        TypeError: If a config is no dict.
        AssertionError: If there is a common ``paramwise_cfg``.
        KeyError: If ``lr_schedule`` names a network without a config.

    Example:
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.blocks = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])
        >>> model = nn.ModuleDict(dict(generator=Net()))
        >>> model.scales = [4, 8]
        >>> constructor = PGGANOptimWrapperConstructor(
        ...     dict(
        ...         generator=dict(optimizer=dict(type="Adam", lr=0.001)),
        ...         lr_schedule=dict(generator={"8": 0.002}),
        ...     )
        ... )
        >>> constructor(model).get_lr()
        {'generator_4.lr': [0.001], 'generator_8.lr': [0.002]}
    """

    def __init__(
        self, optim_wrapper_cfg: dict[str, Any], paramwise_cfg: dict[str, Any] | None = None
    ) -> None:
        if not isinstance(optim_wrapper_cfg, dict):
            check_configs(optim_wrapper_cfg, paramwise_cfg)
        cfg = dict(optim_wrapper_cfg)
        self.reset_optim_for_new_scale = bool(cfg.pop("reset_optim_for_new_scale", True))
        self.lr_schedule = {
            name: {str(scale): lr for scale, lr in rates.items()}
            for name, rates in (cfg.pop("lr_schedule", None) or {}).items()
        }
        self.optim_cfg = check_configs(cfg, paramwise_cfg)
        unknown = sorted(self.lr_schedule.keys() - self.optim_cfg.keys())
        if unknown:
            raise KeyError(
                f"lr_schedule has {unknown}, but there are optimizers for "
                f"{sorted(self.optim_cfg)} only"
            )

    def __call__(self, module: nn.Module) -> OptimWrapperDict:
        """Build the wrappers.

        Args:
            module (nn.Module): The model, perhaps wrapped.

        Returns:
            OptimWrapperDict: Wrappers by name of network and scale.

        Raises:
            AttributeError: If the model has no ``scales``.
            KeyError: If the model has no network of a name.
            ValueError: If a network has another number of blocks than there are scales, or
                ``lr_schedule`` names a scale that the model does not have.
        """
        model = bare_model(module)
        scales = [str(_pixels(scale)) for scale in model.scales]
        wrappers = {}
        for name, cfg in self.optim_cfg.items():
            rates = self.lr_schedule.get(name, {})
            unknown = sorted(set(rates) - set(scales))
            if unknown:
                raise ValueError(f"lr_schedule has the scales {unknown}, the model has {scales}")
            network = find_submodule(model, name)
            if not self.reset_optim_for_new_scale and not hasattr(network, "blocks"):
                if rates:
                    print_log(
                        f"lr_schedule has no effect on {name!r}: with "
                        "reset_optim_for_new_scale=False all its scales have one optimizer",
                        logger="current",
                        level=logging.WARNING,
                    )
                common = build_wrapper(cfg, network)
                wrappers.update({f"{name}_{scale}": common for scale in scales})
                continue
            for scale, part in zip(scales, self._parts(network, scales), strict=True):
                optimizer = dict(cfg["optimizer"])
                optimizer["lr"] = rates.get(scale, optimizer.get("lr"))
                wrappers[f"{name}_{scale}"] = build_wrapper({**cfg, "optimizer": optimizer}, part)
        return OptimWrapperDict(**wrappers)

    def _parts(self, network: Any, scales: list[str]) -> Iterator[nn.Module]:
        """The modules whose parameters each scale's optimizer updates."""
        if not hasattr(network, "blocks"):
            yield from [network] * len(scales)
            return
        blocks = list(network.blocks.children())
        if len(blocks) != len(scales):
            raise ValueError(
                f"{type(network).__name__} has {len(blocks)} blocks for {len(scales)} scales"
            )
        common = {name: child for name, child in network.named_children() if name != "blocks"}
        for index in range(len(scales)):
            begin = 0 if self.reset_optim_for_new_scale else index
            part = nn.ModuleDict(common if begin == 0 else {})
            if begin == 0:
                for name, weight in network.named_parameters(recurse=False):
                    part.register_parameter(name, weight)
            part["blocks"] = nn.ModuleDict({str(i): blocks[i] for i in range(begin, index + 1)})
            yield part


def _pixels(scale: int | tuple[int, int]) -> int:
    return scale[0] if isinstance(scale, (tuple, list)) else scale
