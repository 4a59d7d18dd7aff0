"""One optimizer for each scale of a SinGAN."""

from __future__ import annotations

from typing import Any

from torch import nn

from mmlight.engine.optimizers.submodules import build_wrapper, check_configs, find_submodule
from mmlight.optim import OptimWrapperDict
from mmlight.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class SinGANOptimWrapperConstructor:
    """Build one optimizer wrapper for each scale of each network.

    A network keeps the part for scale ``i`` in ``blocks[i]``; the wrapper of the generator's is
    named ``generator_i``.

    Args:
        optim_wrapper_cfg (dict): Optimizer wrapper configs by name of network.
        paramwise_cfg (dict, optional): Must be None. Defaults to None.

    Raises:
        TypeError: If a config is no dict.
        AssertionError: If there is a common ``paramwise_cfg``.

    Example:
        >>> class Net(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.blocks = nn.ModuleList([nn.Linear(1, 1), nn.Linear(1, 1)])
        >>> model = nn.ModuleDict(dict(generator=Net()))
        >>> cfg = dict(generator=dict(optimizer=dict(type="Adam", lr=0.1)))
        >>> list(SinGANOptimWrapperConstructor(cfg)(model).keys())
        ['generator_0', 'generator_1']
    """

    def __init__(
        self, optim_wrapper_cfg: dict[str, Any], paramwise_cfg: dict[str, Any] | None = None
    ) -> None:
        self.optim_cfg = check_configs(optim_wrapper_cfg, paramwise_cfg)

    def __call__(self, module: nn.Module) -> OptimWrapperDict:
        """Build the wrappers.

        Args:
            module (nn.Module): The model, perhaps wrapped.

        Returns:
            OptimWrapperDict: Wrappers by name of network and scale.

        Raises:
            KeyError: If the model has no network of a name, or the network no blocks.
        """
        wrappers = {}
        for name, cfg in self.optim_cfg.items():
            blocks = find_submodule(module, f"{name}.blocks")
            for scale, block in enumerate(blocks.children()):
                wrappers[f"{name}_{scale}"] = build_wrapper(cfg, block)
        return OptimWrapperDict(**wrappers)
