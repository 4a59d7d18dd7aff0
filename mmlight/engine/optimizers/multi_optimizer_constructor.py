"""One optimizer for each of several submodules, or one for several of them."""

from __future__ import annotations

from typing import Any

from torch import nn

from mmlight.engine.optimizers.submodules import (
    build_common_wrapper,
    check_configs,
    find_submodules,
    matching_submodules,
)
from mmlight.optim import OptimWrapper, OptimWrapperDict
from mmlight.registry import OPTIM_WRAPPER_CONSTRUCTORS


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class MultiOptimWrapperConstructor:
    """Build one optimizer wrapper for each submodule that the config names.

    Names may be regular expressions, which match whole names of submodules at any depth
    (``".*unet"``); all that one matches have a common optimizer. With ``modules``, a name or a list
    of names, the config is that of a single wrapper for all of these.

    Args:
        optim_wrapper_cfg (dict): Optimizer wrapper configs by name of submodule. Each may have
            ``paramwise_cfg`` and ``constructor``. Or the config of one wrapper, with ``modules``.
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
        >>> cfg = dict(optimizer=dict(type="SGD", lr=0.1), modules=["generator", "discr.*"])
        >>> len(MultiOptimWrapperConstructor(cfg)(gan).param_groups[0]["params"])
        4
    """

    def __init__(
        self, optim_wrapper_cfg: dict[str, Any], paramwise_cfg: dict[str, Any] | None = None
    ) -> None:
        self.modules: list[str] | None = None
        if isinstance(optim_wrapper_cfg, dict):
            named = optim_wrapper_cfg.get("modules")
            if isinstance(named, (str, list, tuple)):
                self.modules = [named] if isinstance(named, str) else list(named)
                single = {k: v for k, v in optim_wrapper_cfg.items() if k != "modules"}
                single.pop("constructor", None)
                optim_wrapper_cfg = {"modules": single}
        self.optim_cfg = check_configs(optim_wrapper_cfg, paramwise_cfg)

    def __call__(self, module: nn.Module) -> OptimWrapperDict | OptimWrapper:
        """Build the wrappers.

        Args:
            module (nn.Module): The model, perhaps wrapped.

        Returns:
            OptimWrapperDict | OptimWrapper: Wrappers by name of submodule, in the order of the
            config; with ``modules``, the single one.

        Raises:
            KeyError: If the model has no submodule of a name.
            AssertionError: If an optimizer for several submodules has ``paramwise_cfg``.
        """
        if self.modules is not None:
            parts = [part for name in self.modules for part in find_submodules(module, name)]
            return build_common_wrapper(self.optim_cfg["modules"], parts)
        return OptimWrapperDict(
            **{
                name: build_common_wrapper(cfg, find_submodules(module, name))
                for name, cfg in self.optim_cfg.items()
            }
        )


def get_params_by_names(
    module: nn.Module, names: str | list[str]
) -> tuple[list[nn.Parameter], list[str]]:
    """Collect the parameters of parts of a model.

    Args:
        module (nn.Module): The model, perhaps wrapped.
        names (str | list[str]): Names of submodules, or regular expressions of whole names.

    Returns:
        tuple[list, list]: The parameters, each once, and the names of the submodules found.

    Example:
        >>> params, found = get_params_by_names(nn.Sequential(nn.Linear(1, 1)), "[0-9]")
        >>> len(params), found
        (2, ['0'])
    """
    found: dict[str, nn.Module] = {}
    for name in [names] if isinstance(names, str) else names:
        found.update(matching_submodules(module, name))
    return list(nn.ModuleList(found.values()).parameters()), list(found)
