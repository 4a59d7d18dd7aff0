"""Registries under MMEngine and under mmlight: what is found, built and refused."""

from __future__ import annotations

from tests.parity.compare import assert_same


def outcomes(engine):
    """What each of a list of actions returns, or the kind of its error."""
    import importlib
    import warnings

    registry = importlib.import_module(f"{engine}.registry")
    warnings.simplefilter("ignore")
    Registry, DefaultScope = registry.Registry, registry.DefaultScope

    class Net:
        def __init__(self, depth, stages=4):
            self.depth, self.stages = depth, stages

    class Failing:
        def __init__(self, size):
            raise ValueError(size)

    def double(value=1):
        return 2 * value

    models = Registry("model", scope="base")
    det = Registry("det", parent=models, scope="det")
    small = Registry("small", parent=det, scope="small")
    models.register_module(module=Net)
    models.register_module(name=["failing", "broken"], module=Failing)
    models.register_module()(double)
    det.register_module(name="Head", module=Net)
    small.register_module(name="Tiny", module=Net)

    def name_of(found):
        return getattr(found, "__name__", found)

    def built(cfg, where=models, **kwargs):
        return vars(registry.build_from_cfg(cfg, where, **kwargs))

    def scopes(where, *names):
        found = []
        for name in names:
            with where.switch_scope_and_registry(name) as current:
                scope = DefaultScope.get_current_instance()
                found.append((current.name, scope and scope.scope_name))
        return found

    actions = [
        lambda: [name_of(det.get(key)) for key in ("Net", "Head", "det.Head", "det.Net", "None")],
        lambda: [name_of(models.get(key)) for key in ("Head", "det.Head", "det.small.Tiny", "x.Y")],
        lambda: [name_of(small.get(key)) for key in ("Net", "Head", "det.Head", "base.Net")],
        lambda: [name_of(det.get(key)) for key in ("torch.optim.SGD", "torch.optim.Nope")],
        lambda: models.get(3),
        lambda: ["Net" in models, "Head" in models, len(models), sorted(models.module_dict)],
        lambda: models.register_module()(Net),
        lambda: name_of(models.register_module(force=True)(Net)),
        lambda: models.register_module(force=1),
        lambda: models.register_module(name=1),
        lambda: models.register_module(module=3),
        lambda: models.register_module(Net),
        lambda: Registry("again", parent=models, scope="det"),
        lambda: Registry("wrong", scope=3),
        lambda: Registry("wrong", parent=3),
        lambda: [Registry.split_scope_key(key) for key in ("a", "a.b", "a.b.c")],
        lambda: built({"type": "Net", "depth": 1}),
        lambda: built({"type": Net, "depth": 1}),
        lambda: built({"depth": 1}, default_args={"type": "Net", "depth": 2, "stages": 3}),
        lambda: built({"type": "Head", "depth": 1, "_scope_": "det"}),
        lambda: built({"type": "Net", "dept": 1}),
        lambda: built({"type": "Net"}),
        lambda: built({"type": "Nt", "depth": 1}),
        lambda: built({"type": "failing", "size": 1}),
        lambda: built({"type": 3}),
        lambda: built({}),
        lambda: built([1]),
        lambda: built({"type": "Net"}, where="models"),
        lambda: built({"type": "Net"}, default_args=3),
        lambda: models.build({"type": "double", "value": 4}),
        lambda: registry.build_runner_from_cfg([], registry.RUNNERS),
        lambda: registry.build_runner_from_cfg({"runner_type": "Nope"}, registry.RUNNERS),
        lambda: registry.build_scheduler_from_cfg([], registry.PARAM_SCHEDULERS),
        lambda: registry.build_scheduler_from_cfg({"type": "Nope"}, registry.PARAM_SCHEDULERS),
        lambda: registry.build_scheduler_from_cfg(
            {"type": "ConstantLR", "convert_to_iter_based": True}, registry.PARAM_SCHEDULERS
        ),
        lambda: len(registry.build_model_from_cfg([{"type": "torch.nn.ReLU"}], registry.MODELS)),
        lambda: DefaultScope("x", 3),
        lambda: DefaultScope.get_current_instance(),
        lambda: scopes(models, "det", "small", None, "no_such_scope_"),
        lambda: DefaultScope.get_instance("run", scope_name="det").scope_name,
        lambda: scopes(models, None, "base", "small"),
        lambda: built({"type": "Head", "depth": 1}),
        lambda: [
            (info["scope"], info["num_modules"])
            for info in registry.traverse_registry_tree(small, verbose=False)
        ],
    ]
    results = []
    for action in actions:
        try:
            results.append(action())
        except Exception as err:
            results.append(type(err).__name__)
    return results


def test_finds_builds_and_refuses_the_same(both):
    theirs, ours = both(outcomes)
    assert_same(ours, theirs)


# Not in the documents: other engines beside MMEngine's own, and the runner that drives them.
OTHER_ENGINES = {
    "NPUProfilerHook",
    "CollosalAIModelWrapper",
    "ColossalAIModelWrapper",
    "ColossalAIOptimWrapper",
    "ColossalAIStrategy",
    "DDPStrategy",
    "DeepSpeedOptimWrapper",
    "DeepSpeedStrategy",
    "FSDPStrategy",
    "FlexibleRunner",
    "MMDeepSpeedEngineWrapper",
    "SingleDeviceStrategy",
}


def members(engine):
    """Names in the root registries that need no further package."""
    import importlib

    registry = importlib.import_module(f"{engine}.registry")
    counted = registry.count_registered_modules(verbose=False)["registries"]
    names = {}
    for name, tree in counted.items():
        groups = [value for value in tree[0].values() if isinstance(value, list)]
        names[name] = sorted(member for group in groups for member in group)
    return names


def test_root_registries_hold_what_those_of_mmengine_hold(both):
    theirs, ours = both(members)
    assert set(ours) == set(theirs)
    missing = {name: set(theirs[name]) - set(ours[name]) - OTHER_ENGINES for name in theirs}
    assert {name: lost for name, lost in missing.items() if lost} == {}
