"""Build objects from the dicts of a config."""

from __future__ import annotations

import inspect
from pkgutil import iter_modules
from typing import Any

from mmlight.config import Config, ConfigDict
from mmlight.config.secrets import hidden_key, hide_secrets
from mmlight.utils import ManagerMixin, get_object_from_string
from mmlight.utils.checks import flags

from .default_scope import DefaultScope
from .diagnostics import check_arguments, did_you_mean, name_class
from .packages import missing_operator, missing_package
from .place import add_place, place_of, place_of_error


def build_from_cfg(cfg: Any, registry: Any, default_args: Any = None) -> Any:
    """Build an object from a config dict, or call a function with it.

    Args:
        cfg (dict or ConfigDict or Config): Arguments, and under ``type`` the
            class or function: a registered name, an import path or the object itself.
        registry (Registry): Registry to look the type up in.
        default_args (dict or ConfigDict or Config, optional): Arguments used where
            ``cfg`` has none.

    Returns:
        Any: The constructed object, or what the function returned.

    Raises:
        TypeError: If an argument is of the wrong type, or ``cfg`` has a key that the
            class does not take.
        KeyError: If there is no ``type``, or it is not known.

    Example:
        >>> from mmlight.registry import Registry
        >>> MODELS = Registry("models")
        >>> @MODELS.register_module()
        ... class ResNet:
        ...     def __init__(self, depth, stages=4):
        ...         self.depth, self.stages = depth, stages
        >>> build_from_cfg(dict(type="ResNet", depth=50), MODELS, dict(stages=3)).stages
        3
        >>> build_from_cfg(dict(type="ResNet", dept=50), MODELS)
        Traceback (most recent call last):
        ...
        TypeError: ResNet got an unexpected keyword argument 'dept'. Did you mean 'depth'?
    """
    kind, args, scope = _taken_apart(cfg, registry, default_args)
    with registry.switch_scope_and_registry(scope) as current:
        return _construct(_resolve(kind, current, cfg), args, cfg)


def check_cfg(cfg: Any, registry: Any, default_args: Any = None) -> Any:
    """Do all that :func:`build_from_cfg` does before it calls the class or function.

    Args:
        cfg (dict or ConfigDict or Config): See there, and so the next two.
        registry (Registry): Registry to look the type up in.
        default_args (dict or ConfigDict or Config, optional): Further arguments.

    Returns:
        Any: The class or function.

    Raises:
        TypeError: If ``cfg`` has a key that the class does not take, or lacks one.
        KeyError: If there is no ``type``, or it is not known.

    Example:
        >>> from mmlight.registry import Registry
        >>> check_cfg(dict(type="queue.Queue", maxsize=-1), Registry("any"))
        <class 'queue.Queue'>
    """
    kind, args, scope = _taken_apart(cfg, registry, default_args)
    with registry.switch_scope_and_registry(scope) as current:
        obj = _resolve(kind, current, cfg)
        check_arguments(obj, args, cfg)
        return obj


def _taken_apart(cfg: Any, registry: Any, default_args: Any) -> tuple[Any, dict[str, Any], Any]:
    _check_mapping(cfg, "cfg should be a dict, ConfigDict or Config")
    if not _is_registry(registry):
        raise TypeError(f"registry must be a Registry object, but got {type(registry)}")
    if default_args is not None:
        _check_mapping(default_args, "default_args should be a dict, ConfigDict, Config or None")
    args = {**_plain(default_args or {}), **_plain(cfg)}
    return _type_of(args, cfg), args, args.pop("_scope_", None)


def _plain(cfg: Any) -> dict[str, Any]:
    # Through items(), so that lazily imported values are imported now.
    return dict(cfg.items())


def _type_of(args: dict[str, Any], cfg: Any) -> Any:
    if "type" not in args:
        raise KeyError(
            '`cfg` or `default_args` must contain the key "type", but got '
            f"{hide_secrets(args)}{place_of(cfg)}"
        )
    return args.pop("type")


def _check_mapping(value: Any, expected: str) -> None:
    if not isinstance(value, (dict, ConfigDict, Config)):
        raise TypeError(f"{expected}, but got {type(value)}")


def _is_registry(value: Any) -> bool:
    # By its face: the class itself is defined on top of this module.
    return callable(getattr(value, "switch_scope_and_registry", None))


def resolve_type(cfg: Any, registry: Any) -> Any:
    """Return what a config is built with, found where it will be built: in its scope.

    Args:
        cfg (dict or ConfigDict or Config or str): The config, or what stands under ``type``.
        registry (Registry): The registry that builds it.

    Returns:
        Any: The class or function; None where there is none of the name, or no ``type``.

    Example:
        >>> from mmlight.registry import Registry
        >>> resolve_type(dict(type="collections.OrderedDict", a=1), Registry("any"))
        <class 'collections.OrderedDict'>
    """
    is_config = isinstance(cfg, (dict, ConfigDict, Config))
    kind, scope = (cfg.get("type"), cfg.get("_scope_")) if is_config else (cfg, None)
    if not isinstance(kind, str):
        return kind
    with registry.switch_scope_and_registry(scope) as current:
        return current.get(kind)


def _resolve(kind: Any, registry: Any, cfg: Any) -> Any:
    """Turn the ``type`` of a config into what has to be called."""
    if isinstance(kind, str):
        found = registry.get(kind)
        if found is None:
            raise KeyError(_unknown(kind, registry) + place_of(cfg, "type"))
        return found
    if callable(kind):
        return kind
    raise TypeError(
        f"type must be a str or valid type, but got {type(kind)}{place_of(cfg, 'type')}"
    )


def _unknown(kind: str, registry: Any) -> str:
    scope, _ = registry.split_scope_key(kind)
    owner = None if scope is None else registry.of_scope(scope)
    asked = registry if owner is None else owner
    message = f"{kind} is not in the {asked.scope}::{asked.name} registry."
    missing = missing_operator(kind.rpartition(".")[2])
    missing = missing or missing_package(scope or _default_scope())
    if missing:
        return message + missing
    known = registry.known_names()
    hint = "" if scope is None or owner is not None else _no_such_path(kind, registry)
    hint = hint or did_you_mean(kind, known)
    if not hint and "." in kind:
        module, _, name = kind.rpartition(".")
        hint = did_you_mean(name, dir(get_object_from_string(module)) or known)
    return message + (
        hint or " Was the module that registers it imported (`custom_imports` in a config)?"
    )


def _no_such_path(kind: str, registry: Any) -> str:
    """Say which part of a dotted type, but its name, is not there."""
    first, *between, _ = kind.split(".")
    found = get_object_from_string(first)
    if found is None:
        hint = did_you_mean(first, registry.known_scopes())
        if hint:
            return f" There is neither a scope nor a package {first}.{hint}"
        near = did_you_mean(kind, registry.known_names())
        return near or f" There is no scope {first}, and the package {first} is not installed."
    path = first
    for part in between:
        inner = get_object_from_string(f"{path}.{part}")
        if inner is None and inspect.ismodule(found):
            modules = [info.name for info in iter_modules(getattr(found, "__path__", ()))]
            return f" There is no module {path}.{part}.{did_you_mean(part, modules)}"
        found, path = inner, f"{path}.{part}"
    return ""


def _default_scope() -> str:
    current = DefaultScope.get_current_instance()
    return "" if current is None else current.scope_name


def _construct(obj: Any, args: dict[str, Any], cfg: Any) -> Any:
    check_arguments(obj, args, cfg)
    _refuse_hidden(args, cfg)
    call = obj
    if inspect.isclass(obj) and issubclass(obj, ManagerMixin):
        call = obj.get_instance
    try:
        return call(**args)
    except Exception as err:
        name_class(err, obj, args)
        add_place(err, place_of_error(err, cfg))
        raise


def _refuse_hidden(args: dict[str, Any], cfg: Any) -> None:
    path = hidden_key(args)
    if path is not None:
        name = path.rpartition(".")[2]
        raise ValueError(
            f"the value of {path!r} was hidden when this config was written{place_of(cfg)}. Give "
            f"it with --cfg-options, or take the config that this one was written from; there "
            f"{name}='{{{{$NAME:}}}}' takes it from an environment variable"
        )


def build_runner_from_cfg(cfg: Any, registry: Any, **options: Any) -> Any:
    """Build a runner with the ``from_cfg`` of its class.

    Args:
        cfg (dict or ConfigDict or Config): The whole config of the run;
            ``runner_type`` in it names a class other than ``Runner``.
        registry (Registry): Registry to look the class up in.
        **options: Further arguments of ``from_cfg``.

    Returns:
        Any: The runner.

    Raises:
        AssertionError: If an argument is of the wrong type.
        KeyError: If ``runner_type`` is not known.

    Example:
        >>> from mmlight.registry import Registry
        >>> RUNNERS = Registry("runners", build_func=build_runner_from_cfg)
        >>> @RUNNERS.register_module()
        ... class CustomRunner(dict):
        ...     @classmethod
        ...     def from_cfg(cls, cfg):
        ...         return cls(cfg)
        >>> RUNNERS.build(dict(runner_type="CustomRunner", work_dir="x"))["work_dir"]
        'x'
    """
    _assert_config(cfg, registry)
    scope = cfg.get("_scope_", None)
    with registry.switch_scope_and_registry(scope) as current:
        kind = cfg.get("runner_type", "Runner")
        runner_cls = current.get(kind) if isinstance(kind, str) else kind
        if runner_cls is None:
            raise KeyError(_unknown(kind, current) + " (config key `runner_type`)")
        return runner_cls.from_cfg(cfg, **options)


def build_model_from_cfg(cfg: Any, registry: Any, default_args: Any = None) -> Any:
    """Build a model from a config dict, or a ``Sequential`` from a list of them.

    Args:
        cfg (dict or list[dict]): Config of a module, or of several in a row.
        registry (Registry): Registry to look the types up in.
        default_args (dict, optional): Arguments used where a config has none.

    Returns:
        nn.Module: The module.

    Example:
        >>> from mmlight.registry import MODELS
        >>> relu = dict(type="torch.nn.ReLU")
        >>> len(build_model_from_cfg([relu, relu], MODELS))
        2
    """
    if not isinstance(cfg, list):
        return build_from_cfg(cfg, registry, default_args)
    modules = [build_from_cfg(part, registry, default_args) for part in cfg]
    # By name, as registries find all their members: models stand on registries.
    return get_object_from_string("mmlight.model.Sequential")(*modules)


def build_scheduler_from_cfg(cfg: Any, registry: Any, default_args: Any = None) -> Any:
    """Build a parameter scheduler, converted to iterations if the config says so.

    Args:
        cfg (dict or ConfigDict or Config): Config of the scheduler. With
            ``convert_to_iter_based=True`` it is built by ``build_iter_from_epoch``.
        registry (Registry): Registry to look the type up in.
        default_args (dict or ConfigDict or Config, optional): Arguments used where
            ``cfg`` has none: ``optimizer``, and ``epoch_length`` for a conversion.

    Returns:
        Any: The scheduler.

    Raises:
        AssertionError: If an argument is of the wrong type, or ``epoch_length`` is
            missing for a conversion.

    Example:
        >>> import torch
        >>> from mmlight.registry import PARAM_SCHEDULERS
        >>> optimizer = torch.optim.SGD([torch.zeros(1)], lr=1.0)
        >>> cfg = dict(type="ExponentialLR", gamma=0.1, end=5, convert_to_iter_based=True)
        >>> scheduler = build_scheduler_from_cfg(
        ...     cfg, PARAM_SCHEDULERS, dict(optimizer=optimizer, epoch_length=100)
        ... )
        >>> scheduler.by_epoch, scheduler.end
        (False, 500)
    """
    _assert_config(cfg, registry)
    args = {**_plain(default_args or {}), **_plain(cfg)}
    epoch_length = args.pop("epoch_length", None)
    converts = args.pop("convert_to_iter_based", False)
    flags("a scheduler", convert_to_iter_based=converts)
    if not converts:
        return build_from_cfg(args, registry)
    kind = _type_of(args, cfg)
    with registry.switch_scope_and_registry(args.pop("_scope_", None)) as current:
        scheduler_cls = _resolve(kind, current, cfg)
        assert args.get("by_epoch", True) and epoch_length is not None, (
            "Only epoch-based parameter scheduler can be converted to iter-based, and "
            f"`epoch_length` should be set{place_of(cfg)}"
        )
        try:
            return scheduler_cls.build_iter_from_epoch(**args, epoch_length=epoch_length)
        except TypeError as err:
            name_class(err, scheduler_cls, args)
            add_place(err, place_of_error(err, cfg))
            raise


def _assert_config(cfg: Any, registry: Any) -> None:
    assert isinstance(cfg, (dict, ConfigDict, Config)), (
        f"cfg should be a dict, ConfigDict or Config, but got {type(cfg)}"
    )
    assert _is_registry(registry), f"registry should be a Registry object, but got {type(registry)}"
