"""One optimizer for all parameters of a model, with rules for some of them."""

from __future__ import annotations

import inspect
import logging
import sys
from functools import cached_property
from typing import Any

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm
from torch.optim import LBFGS, Optimizer

from mmlight.logging import print_log
from mmlight.model.bare_model import bare_model
from mmlight.registry import OPTIM_WRAPPER_CONSTRUCTORS, OPTIM_WRAPPERS, OPTIMIZERS, resolve_type
from mmlight.registry.diagnostics import nearest
from mmlight.registry.place import note_unread, part

from .optimizer_wrapper import OptimWrapper
from .settings import check_multipliers, check_settings

_NORM_LAYERS = (_BatchNorm, _InstanceNorm, nn.GroupNorm, nn.LayerNorm)
_NEED_WEIGHT_DECAY = ("bias_decay_mult", "norm_decay_mult", "dwconv_decay_mult")
_RULES = (
    *_NEED_WEIGHT_DECAY,
    "flat_decay_mult",
    "bias_lr_mult",
    "dcn_offset_lr_mult",
    "custom_keys",
    "bypass_duplicate",
)


@OPTIM_WRAPPER_CONSTRUCTORS.register_module()
class DefaultOptimWrapperConstructor:
    """Build an optimizer and its wrapper, with learning rate and weight decay by parameter.

    With ``paramwise_cfg``, each parameter that needs a gradient becomes a group of its own.
    Its keys are:

    - ``custom_keys`` (dict): ``lr_mult``, ``decay_mult`` and any further group settings by a part
      of the parameter's name. The longest part that fits wins, then the first in the alphabet;
      no other key applies to such a parameter.
    - ``bias_lr_mult`` (float): Multiplies the learning rate of biases, except in normalization
      layers and deformable convolutions.
    - ``bias_decay_mult`` (float): Multiplies the weight decay of those biases, and of biases in
      normalization layers where there is no ``norm_decay_mult``.
    - ``norm_decay_mult`` (float): Multiplies the weight decay in normalization layers.
    - ``dwconv_decay_mult`` (float): Multiplies the weight decay in depthwise 2d convolutions.
    - ``flat_decay_mult`` (float): Multiplies the weight decay of all other 1d parameters.
    - ``dcn_offset_lr_mult`` (float): Multiplies the learning rate of the offset convolution in
      deformable convolutions.
    - ``bypass_duplicate`` (bool): Whether a parameter that the model holds twice is skipped the
      second time, instead of refused.

    Args:
        optim_wrapper_cfg (dict): ``optimizer``, a config with its ``type``; and optionally the
            wrapper's ``type`` and its arguments.
        paramwise_cfg (dict, optional): The rules.

    Raises:
        TypeError: If a config is not a dict, or a multiplier or a setting no number.
        AssertionError: If ``optim_wrapper_cfg`` has no ``optimizer``.
        ValueError: If a weight decay is to be multiplied and the optimizer's config has none, or a
            multiplier or a setting is out of its range.

    Example:
        >>> import torch
        >>> optimizer = dict(type='SGD', lr=0.1, weight_decay=0.01)
        >>> paramwise_cfg = dict(norm_decay_mult=0.0)
        >>> constructor = DefaultOptimWrapperConstructor(dict(optimizer=optimizer), paramwise_cfg)
        >>> constructor(torch.nn.Linear(1, 1)).get_lr()
        {'base_lr': [0.1], 'lr': [0.1, 0.1]}
    """

    def __init__(
        self, optim_wrapper_cfg: dict[str, Any], paramwise_cfg: dict[str, Any] | None = None
    ) -> None:
        if not isinstance(optim_wrapper_cfg, dict):
            raise TypeError(f"optim_wrapper_cfg should be a dict, but got {optim_wrapper_cfg!r}")
        if "optimizer" not in optim_wrapper_cfg:
            raise AssertionError(
                '`optim_wrapper_cfg` must contain "optimizer" config, '
                f"but got only {list(optim_wrapper_cfg)}"
            )
        self.optim_wrapper_cfg = dict(optim_wrapper_cfg)
        self.optimizer_cfg = self.optim_wrapper_cfg.pop("optimizer")
        if not isinstance(self.optimizer_cfg, dict):
            raise TypeError(
                "optimizer in optim_wrapper_cfg should be a config dict with its type, but got "
                f"{type(self.optimizer_cfg)}"
            )
        self.paramwise_cfg = {} if paramwise_cfg is None else paramwise_cfg
        self.base_lr = self.optimizer_cfg.get("lr")
        self.base_wd = self.optimizer_cfg.get("weight_decay")
        self._groups: list[dict[str, Any]] | None = None
        self._names: dict[int, str] = {}
        self._validate_cfg()

    def _validate_cfg(self) -> None:
        if not isinstance(self.paramwise_cfg, dict):
            raise TypeError(
                f"paramwise_cfg should be None or a dict, but got {type(self.paramwise_cfg)}"
            )
        custom_keys = self.paramwise_cfg.get("custom_keys", {})
        if not isinstance(custom_keys, dict):
            raise TypeError(
                f"If specified, custom_keys must be a dict, but got {type(custom_keys)}"
            )
        for key, custom in custom_keys.items():
            if not isinstance(custom, dict):
                raise TypeError(
                    f"custom_keys[{key!r}] must be a dict, such as dict(lr_mult=0.1), "
                    f"but got {custom!r}"
                )
            check_multipliers(f"custom_keys[{key!r}]", custom)
        check_multipliers("paramwise_cfg", self.paramwise_cfg)
        with part(self.optimizer_cfg):
            check_settings(str(self.optimizer_cfg.get("type", "the optimizer")), self.optimizer_cfg)
        self._warn_of_unknown_rules()
        if self.base_wd is not None:
            return
        needy = [f"custom_keys[{k!r}]" for k, v in custom_keys.items() if "decay_mult" in v]
        needy += [key for key in _NEED_WEIGHT_DECAY if key in self.paramwise_cfg]
        if needy:
            raise ValueError(
                f"base_wd should not be None: paramwise_cfg has {', '.join(needy)}, which multiply "
                "the weight decay, but the optimizer's config has no weight_decay"
            )

    def _warn_of_unknown_rules(self) -> None:
        if type(self) is not DefaultOptimWrapperConstructor:
            return  # a subclass may have rules of its own
        for rule in self.paramwise_cfg:
            if rule not in _RULES:
                near = nearest(str(rule), _RULES)
                hint = f"did you mean {near[0]!r}?" if near else f"the rules are {list(_RULES)}"
                self._tell_unread(f"no rule {rule!r}", hint, str(rule))

    def _warn_of_keys_without_parameter(self, model: nn.Module) -> None:
        if type(self).add_params is not DefaultOptimWrapperConstructor.add_params:
            return
        names = [name if "." in name else f".{name}" for name, _ in model.named_parameters()]
        for key in self.paramwise_cfg.get("custom_keys", {}):
            if not any(key in name for name in names):
                near = nearest(key, _parts_of(names, key.count(".") + 1))
                hint = f"; did you mean {near[0]!r}?" if near else ""
                why = f"no parameter of {type(model).__name__} has it in its name{hint}"
                self._tell_unread(f"custom_keys[{key!r}]", why, "custom_keys", key)

    def _tell_unread(self, what: str, why: str, *keys: str) -> None:
        if not note_unread(self.paramwise_cfg, why, *keys):
            message = f"paramwise_cfg has {what}, which does nothing: {why}"
            print_log(message, logger="current", level=logging.WARNING)

    def __call__(self, model: nn.Module) -> OptimWrapper:
        """Build the optimizer wrapper.

        Args:
            model (nn.Module): The model, perhaps wrapped.

        Returns:
            OptimWrapper: The wrapper.

        Raises:
            KeyError: If a ``type`` is unknown.
        """
        model = bare_model(model)
        if self.paramwise_cfg:
            self._warn_of_keys_without_parameter(model)
            groups: list[dict[str, Any]] = []
            self.add_params(groups, model)
            optimizer = self._build_from_groups(groups)
        else:
            optimizer = self._build_optimizer(model.parameters())
        optim_wrapper_cfg = {"type": "OptimWrapper", **self.optim_wrapper_cfg}
        result: OptimWrapper = OPTIM_WRAPPERS.build(
            optim_wrapper_cfg, default_args={"optimizer": optimizer}
        )
        return result

    def _build_from_groups(self, groups: list[dict[str, Any]]) -> Optimizer:
        """Build an optimizer with many groups in a time that grows with their number alone.

        Torch looks at all groups before when it takes one. So it takes those of equal settings as
        one, which is taken apart afterwards; to LBFGS, and perhaps to optimizers of other packages,
        this would make a difference.
        """
        kind = resolve_type(self.optimizer_cfg, OPTIMIZERS)
        is_plain = str(getattr(kind, "__module__", "")).startswith("torch.optim.")
        if not is_plain or issubclass(kind, LBFGS):
            return self._build_optimizer(groups)
        merged: dict[Any, dict[str, Any]] = {}
        for group in groups:
            settings = {key: value for key, value in group.items() if key != "params"}
            one = merged.setdefault(repr(settings), {"params": [], **settings})
            one["params"] += group["params"]
        optimizer = self._build_optimizer([*merged.values()])
        of_param = {id(p): group for group in optimizer.param_groups for p in group["params"]}
        optimizer.param_groups = [
            {**of_param[id(group["params"][0])], "params": group["params"]} for group in groups
        ]
        return optimizer

    def _build_optimizer(self, params: Any) -> Optimizer:
        # An optimizer's first argument takes the parameters, whatever its name.
        kind = resolve_type(self.optimizer_cfg, OPTIMIZERS)
        parameters = {} if kind is None else inspect.signature(kind).parameters
        for setting, value in self.optimizer_cfg.items():
            default = getattr(parameters.get(setting), "default", None)
            if value is None and isinstance(default, int | float):
                raise TypeError(f"{setting} of {kind.__name__} must be a number, but got None")
        name = next(iter(parameters), "params")
        result: Optimizer = OPTIMIZERS.build({**self.optimizer_cfg, name: params})
        return result

    def add_params(
        self,
        params: list[dict[str, Any]],
        module: nn.Module,
        prefix: str = "",
        is_dcn_module: int | float | None = None,
    ) -> None:
        """Add a group for each parameter of ``module`` and its children to ``params``.

        Args:
            params (list[dict]): The groups so far; it is extended in place.
            module (nn.Module): The module.
            prefix (str): Name of the module within the model.
            is_dcn_module (int or float, optional): Whether the module that holds this one is a
                deformable convolution.
        """
        custom_keys = self.paramwise_cfg.get("custom_keys", {})
        by_priority = sorted(sorted(custom_keys), key=len, reverse=True)
        seen = self._seen_in(params)
        for name, param in module.named_parameters(recurse=False):
            group: dict[str, Any] = {"params": [param]}
            full_name = f"{prefix}.{name}" if prefix else name
            skipped = self._why_skipped(param, seen, prefix, full_name)
            if skipped is not None:
                print_log(skipped, logger="current", level=logging.WARNING)
                continue
            custom_key = next((key for key in by_priority if key in f"{prefix}.{name}"), None)
            settings = self._rule_settings(module, prefix, name, param, bool(is_dcn_module))
            if custom_key is not None:
                settings = self._custom_settings(custom_keys[custom_key], settings)
            group.update(settings)
            params.append(group)
            seen[id(param)] = full_name
            self._log_settings(full_name, group)

        is_dcn_module = isinstance(module, self._deformable_convolutions)
        for child_name, child in module.named_children():
            child_prefix = f"{prefix}.{child_name}" if prefix else child_name
            self.add_params(params, child, prefix=child_prefix, is_dcn_module=is_dcn_module)

    def _seen_in(self, params: list[dict[str, Any]]) -> dict[int, str]:
        """Give the names of the parameters in the groups of a list, found once for all of it."""
        if self._groups is not params:
            self._groups, self._names = params, {}
            for group in params:
                self._names.update((id(param), "a group before") for param in group["params"])
        return self._names

    def _why_skipped(
        self, param: nn.Parameter, seen: dict[int, str], prefix: str, full_name: str
    ) -> str | None:
        if id(param) in seen:
            if self.paramwise_cfg.get("bypass_duplicate", False):
                return f"{prefix} is duplicate. It is skipped since bypass_duplicate=True"
            if param.requires_grad:
                raise ValueError(
                    f"the parameter {full_name} is also {seen[id(param)]}, and can be in one group "
                    "only: use paramwise_cfg=dict(bypass_duplicate=True), which takes the first"
                )
        if not param.requires_grad:
            return f"{full_name} is skipped since its requires_grad=False"
        return None

    @staticmethod
    def _is_in(param_group: dict[str, Any], param_group_list: list[dict[str, Any]]) -> bool:
        """Tell whether a group's parameter is in others: constructors of packages ask for it."""
        known = {id(param) for group in param_group_list for param in group["params"]}
        return any(id(param) in known for param in param_group["params"])

    @staticmethod
    def _log_settings(full_name: str, group: dict[str, Any]) -> None:
        for key, value in group.items():
            if key != "params":
                print_log(f"paramwise_options -- {full_name}:{key}={value}", logger="current")

    def _custom_settings(self, custom: dict[str, Any], by_rules: dict[str, Any]) -> dict[str, Any]:
        settings: dict[str, Any] = {}
        if self.base_lr is not None or "lr_mult" in custom:
            settings["lr"] = self._times(self.base_lr, custom.get("lr_mult", 1.0), "lr_mult")
        if self.base_wd is not None:
            # A key that says nothing of weight decay leaves that to the rules.
            by_rule = by_rules.get("weight_decay", self.base_wd)
            custom_wd = self.base_wd * custom.get("decay_mult", 1.0)
            settings["weight_decay"] = custom_wd if "decay_mult" in custom else by_rule
        return {**settings, **custom}

    def _rule_settings(
        self, module: nn.Module, prefix: str, name: str, param: nn.Parameter, in_dcn: bool
    ) -> dict[str, Any]:
        rules = self.paramwise_cfg
        is_norm = isinstance(module, _NORM_LAYERS)
        settings = {}
        bias_lr_mult = rules.get("bias_lr_mult")
        if name == "bias" and not is_norm and not in_dcn and bias_lr_mult is not None:
            settings["lr"] = self._times(self.base_lr, bias_lr_mult, "bias_lr_mult")
        offset_lr_mult = rules.get("dcn_offset_lr_mult")
        is_offset = in_dcn and "conv_offset" in prefix and isinstance(module, nn.Conv2d)
        if is_offset and offset_lr_mult is not None:
            settings["lr"] = self._times(self.base_lr, offset_lr_mult, "dcn_offset_lr_mult")
        decay_mult = self._decay_mult(module, name, param, in_dcn)
        if self.base_wd is not None and decay_mult is not None:
            settings["weight_decay"] = self.base_wd * decay_mult
        return settings

    def _decay_mult(
        self, module: nn.Module, name: str, param: nn.Parameter, in_dcn: bool
    ) -> float | None:
        is_depthwise = isinstance(module, nn.Conv2d) and module.in_channels == module.groups
        in_order = (
            ("norm_decay_mult", isinstance(module, _NORM_LAYERS)),
            ("bias_decay_mult", name == "bias" and not in_dcn),
            ("dwconv_decay_mult", is_depthwise),
            ("flat_decay_mult", param.ndim == 1 and not in_dcn),
        )
        given = (self.paramwise_cfg.get(key) for key, applies in in_order if applies)
        return next((mult for mult in given if mult is not None), None)

    def _times(self, base: float | None, mult: float, key: str) -> float:
        if base is None:
            raise TypeError(
                f"paramwise_cfg has {key}, which multiplies the learning rate, but the config of "
                f"the optimizer {self.optimizer_cfg.get('type')!r} has no lr"
            )
        return base * mult

    @cached_property
    def _deformable_convolutions(self) -> tuple[type, ...]:
        """Those of mmcv; a model that has one has imported them, so nothing is imported here."""
        ops = sys.modules.get("mmcv.ops")
        return () if ops is None else (ops.DeformConv2d, ops.ModulatedDeformConv2d)


def _parts_of(names: list[str], count: int) -> set[str]:
    """Return the names of modules and parameters, ``count`` of them in a row."""
    found = set()
    for name in names:
        words = name.split(".")
        found |= {".".join(words[at : at + count]) for at in range(len(words) - count + 1)}
    return found - {""}
