"""The public names and methods of MMEngine 0.10.7; their arguments, but those with a reason."""

from __future__ import annotations

from typing import Any

NAMESPACES = [
    *("analysis", "config", "dataset", "device", "dist", "evaluator", "fileio", "hooks", "hub"),
    *("infer", "logging", "model", "optim", "registry", "runner", "structures", "testing"),
    *("utils", "visualization", "runner.checkpoint"),
]

# Arguments that are not there or have another default, each with the reason why.
OTHER = {
    ("analysis.flop_count", "supported_ops"): "the operators are counted by torch's own counter",
    ("analysis.activation_count", "supported_ops"): "the operators are counted by torch's counter",
    ("model.BaseDataPreprocessor", "non_blocking"): "None is True where a copy need not wait",
    ("model.ImgDataPreprocessor", "non_blocking"): "None is True where a copy need not wait",
    ("model.PretrainedInit", "map_location"): "None means the CPU too",
    ("registry.Registry", "locations"): "a tuple, which nobody can change",
    ("runner.checkpoint.load_from_local", "map_location"): "need not be given",
}

# The same of methods, which are named without their namespace: several export a class.
OTHER_METHODS = {
    ("BaseFileHandler.dump_to_path", "mode"): "None is the mode of the format",
    ("BaseFileHandler.load_from_path", "mode"): "None is the mode of the format",
    ("JsonHandler.dump_to_path", "mode"): "None is the mode of the format",
    ("JsonHandler.load_from_path", "mode"): "None is the mode of the format",
    ("YamlHandler.dump_to_path", "mode"): "None is the mode of the format",
    ("YamlHandler.load_from_path", "mode"): "None is the mode of the format",
    ("LmdbBackend.get_text", "encoding"): "None does nothing there; a value is text as elsewhere",
    ("MemcachedBackend.get_text", "encoding"): "None does nothing there; as with LmdbBackend",
    ("CheckpointHook.after_train_iter", "outputs"): "the default is a type there, by mistake",
    ("CheckpointHook.after_val_epoch", "metrics"): "need not be given",
    ("EarlyStoppingHook.after_val_epoch", "metrics"): "need not be given",
    ("ProfilerHook.after_train_iter", "data_batch"): "need not be given",
    ("ProfilerHook.after_train_iter", "outputs"): "need not be given",
}

_ANALYZER = "handles and warnings of a tracer; the operators are counted by torch's own counter"
_DEVICE = "the plugin for these devices gives it to each module"
_LAZY = "what is imported lazily is imported when it is read"

# Methods and attributes that are not there.
MISSING_METHODS = {
    **{
        f"{analyzer}.{method}": _ANALYZER
        for analyzer in ("FlopAnalyzer", "ActivationAnalyzer")
        for method in (
            *("ancestor_mode", "canonical_module_name", "clear_op_handles", "copy"),
            *("set_op_handle", "tracer_warnings", "uncalled_modules"),
            *("uncalled_modules_warnings", "unsupported_ops", "unsupported_ops_warnings"),
        )
    },
    **{
        f"{model}.{device}": _DEVICE
        for model in ("BaseModel", "BaseDataPreprocessor", "ImgDataPreprocessor", "BaseTTAModel")
        for device in ("mlu", "musa", "npu")
    },
    "ConfigDict.build_lazy": _LAZY,
    "ConfigDict.lazy": _LAZY,
    "FlexibleRunner.build_strategy": "the strategy is built before the Runner, from `strategy`",
    "FlexibleRunner.logger": "an attribute of the instance, as of a Runner",
}


def describe(engine: str, namespaces: list[str]) -> dict[str, Any]:
    """List each name with its arguments and their defaults, those of classes and functions."""
    import importlib
    import inspect

    registry = importlib.import_module(f"{engine}.registry").Registry

    def default(parameter: inspect.Parameter) -> str:
        value = parameter.default
        if value is parameter.empty:
            return "required"
        return value.name if isinstance(value, registry) else repr(value).replace(f"{engine}.", "")

    found = {}
    for namespace in namespaces:
        module = importlib.import_module(f"{engine}.{namespace}")
        listed = getattr(module, "__all__", None) or [
            name
            for name, value in vars(module).items()
            if getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
        ]
        for name in listed:
            value = getattr(module, name)
            try:
                parameters = inspect.signature(value).parameters.values()
            except (TypeError, ValueError):
                parameters = []
            found[f"{namespace}.{name}"] = {
                p.name: default(p)
                for p in parameters
                if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
            }
    return found


def describe_methods(engine: str, namespaces: list[str]) -> dict[str, dict[str, str]]:
    """List the public methods of each class with their arguments, and its other attributes.

    Those of MMEngine are its own and those of the dict that its ConfigDict derives from.
    """
    import importlib
    import inspect

    registry = importlib.import_module(f"{engine}.registry").Registry

    def default(parameter: inspect.Parameter) -> str:
        value = parameter.default
        if value is parameter.empty:
            return "required"
        return value.name if isinstance(value, registry) else repr(value).replace(f"{engine}.", "")

    def arguments(method: object) -> dict[str, str]:
        try:
            parameters = inspect.signature(method).parameters.values()
        except (TypeError, ValueError):  # an attribute, or a method without a signature
            return {}
        return {
            p.name: default(p)
            for p in parameters
            if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)
        }

    def wanted(kind: type, name: str) -> bool:
        owner = next((base for base in kind.__mro__ if name in vars(base)), None)
        home = "" if owner is None else owner.__module__.split(".")[0]
        return not name.startswith("_") and (engine == "mmlight" or home in (engine, "addict"))

    found = {}
    for namespace in namespaces:
        module = importlib.import_module(f"{engine}.{namespace}")
        for kind in vars(module).values():
            if inspect.isclass(kind) and kind.__module__.split(".")[0] == engine:
                for name in dir(kind):
                    if wanted(kind, name):
                        found[f"{kind.__name__}.{name}"] = arguments(getattr(kind, name))
    return found


def test_every_name_is_there(both) -> None:
    theirs, ours = both(describe, NAMESPACES)
    assert not theirs.keys() - ours.keys()


def test_every_argument_and_default_is_the_same_or_has_a_reason(both) -> None:
    theirs, ours = both(describe, NAMESPACES)
    other = {
        (name, argument)
        for name in theirs.keys() & ours.keys()
        for argument, default in theirs[name].items()
        if ours[name].get(argument) != default
    }
    assert other == {*OTHER}


def test_every_method_is_there_or_has_a_reason(both) -> None:
    theirs, ours = both(describe_methods, NAMESPACES)
    classes = {name.split(".")[0] for name in ours}  # that public ones are there, says the first
    missing = {name for name in theirs.keys() - ours.keys() if name.split(".")[0] in classes}
    assert missing == MISSING_METHODS.keys()


def test_every_argument_of_a_method_is_the_same_or_has_a_reason(both) -> None:
    theirs, ours = both(describe_methods, NAMESPACES)
    other = {
        (name, argument)
        for name in theirs.keys() & ours.keys()
        for argument, default in theirs[name].items()
        if ours[name].get(argument) != default
    }
    assert other == {*OTHER_METHODS}
