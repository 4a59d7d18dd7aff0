"""The public names of MMEngine 0.10.7; their arguments and defaults, but those with a reason."""

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
