"""One optimizer for each of several submodules."""

from __future__ import annotations

from torch import nn

from mmlight.engine.optimizers.submodules import build_wrapper, check_configs, find_submodule
from mmlight.optim import OptimWrapperDict
from mmlight.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class MultiOptimWrapperConstructor:
    """Build one optimizer wrapper for each submodule that the config names.

    Args:
        optim_wrapper_cfg (dict): Optimizer wrapper configs by name of submodule. Each may have
            ``paramwise_cfg`` and ``constructor``.
        paramwise_cfg (dict, optional): Must be None. Defaults to None.

    Raises:
        TypeError: If a config is no dict.
        AssertionError: If there is a common ``paramwise_cfg``.

    Example:
        >>> gan = nn.ModuleDict(dict(generator=nn.Linear(1, 1), discriminator=nn.Linear(1, 1)))
        >>> constructor = MultiOptimWrapperConstructor(
        ...     dict(
        ...         generator=dict(optimizer=dict(type="Adam", lr=0.1)),
        ...         discriminator=dict(optimizer=dict(type="SGD", lr=0.2)),
        ...     )
        ... )
        >>> constructor(gan).get_lr()
        {'generator.lr': [0.1], 'discriminator.lr': [0.2]}
    """

    def __init__(self, optim_wrapper_cfg: dict, paramwise_cfg: dict | None = None) -> None:
        self.optim_cfg = check_configs(optim_wrapper_cfg, paramwise_cfg)

    def __call__(self, module: nn.Module) -> OptimWrapperDict:
        """Build the wrappers.

        Args:
            module (nn.Module): The model, perhaps wrapped.

        Returns:
            OptimWrapperDict: Wrappers by name of submodule, in the order of the config.

        Raises:
            KeyError: If the model has no submodule of a name.
        """
        return OptimWrapperDict(
            **{
                name: build_wrapper(cfg, find_submodule(module, name))
                for name, cfg in self.optim_cfg.items()
            }
        )
