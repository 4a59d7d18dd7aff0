"""Building from configs, and what is said about a wrong one."""

import pytest
import torch
from torch import nn

from mmlight.config import Config, ConfigDict
from mmlight.registry import (
    MODELS,
    PARAM_SCHEDULERS,
    DefaultScope,
    Registry,
    build_from_cfg,
    build_model_from_cfg,
    build_runner_from_cfg,
    build_scheduler_from_cfg,
    root_config,
)
from mmlight.utils import ManagerMixin, deprecated_api_warning


class ResNet:
    def __init__(self, depth, stages=4, *, width=64):
        self.depth, self.stages, self.width = depth, stages, width


class Open:
    def __init__(self, first, **kwargs):
        self.first, self.kwargs = first, kwargs


class Failing:
    def __init__(self, size):
        raise ValueError(f"{size} is no size")


class Misspelling:
    """Its own code, not its config, passes a wrong argument on."""

    def __init__(self, size):
        ResNet(dept=size)


class Named(ManagerMixin):
    def __init__(self, name, level=0):
        super().__init__(name)
        self.level = level


def double(value):
    return 2 * value


@pytest.fixture
def registry():
    registry = Registry("model", scope="demo")
    for module in (ResNet, Open, Failing, Misspelling, Named, double):
        registry.register_module(module=module)
    return registry


@pytest.mark.parametrize("kind", [dict, ConfigDict, Config])
def test_builds_from_every_kind_of_config(registry, kind):
    cfg = kind({"type": "ResNet", "depth": 50})
    built = registry.build(cfg)
    assert (built.depth, built.stages, built.width) == (50, 4, 64)
    assert cfg["type"] == "ResNet"  # the config is left as it was


def test_default_args_fill_up_and_may_hold_the_type(registry):
    built = build_from_cfg({"depth": 50}, registry, {"type": "ResNet", "depth": 1, "stages": 3})
    assert (built.depth, built.stages) == (50, 3)


def test_type_may_be_a_class_a_function_or_an_import_path(registry):
    assert registry.build({"type": ResNet, "depth": 1}).depth == 1
    assert registry.build({"type": "double", "value": 4}) == 8
    assert registry.build({"type": double, "value": 4}) == 8
    assert registry.build({"type": "fractions.Fraction", "numerator": 3}) == 3


def test_managed_classes_are_looked_up_by_name(registry):
    first = registry.build({"type": "Named", "name": "one", "level": 2})
    assert registry.build({"type": "Named", "name": "one"}) is first
    assert Named.get_instance("one") is first


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        (
            ([1], "r"),
            TypeError,
            "cfg should be a dict, ConfigDict or Config, but got <class 'list'>",
        ),
        (({"type": "ResNet"}, "r"), TypeError, "registry must be a Registry object"),
        (({"type": "ResNet"}, None, 3), TypeError, "default_args should be a dict"),
        (({"depth": 3}, None), KeyError, '`cfg` or `default_args` must contain the key "type"'),
        (({"type": 3}, None), TypeError, "type must be a str or valid type"),
    ],
)
def test_refuses_what_is_no_config(registry, arguments, error, message):
    arguments = tuple(registry if argument is None else argument for argument in arguments)
    with pytest.raises(error, match=message):
        build_from_cfg(*arguments)


def test_unknown_type_names_the_nearest(registry):
    with pytest.raises(KeyError, match=r"Resnet is not in the demo::model registry. .*'ResNet'"):
        registry.build({"type": "Resnet"})
    with pytest.raises(KeyError, match="Did you mean 'Fraction'"):
        registry.build({"type": "fractions.Fractoin"})
    with pytest.raises(KeyError, match="custom_imports"):
        registry.build({"type": "SomethingElse"})


def test_unknown_type_names_those_of_other_scopes(registry):
    Registry("child", parent=registry, scope="kid").register_module(name="Toy", module=ResNet)
    with pytest.raises(KeyError, match=r"kid.Toy"):
        registry.build({"type": "kid.Toi"})


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("torch.optin.SGD", "There is no module torch.optin. Did you mean 'optim'\\?"),
        (
            "mmpretrein.ResNet",
            "neither a scope nor a package mmpretrein. Did you mean 'mmpretrain'",
        ),
        ("torch.optim.SDG", "Did you mean 'SGD'"),
        ("nopackage.models.resnet18", "the package nopackage is not installed"),
    ],
)
def test_unknown_type_names_the_part_that_is_wrong(registry, kind, message):
    with pytest.raises(KeyError, match=message):
        registry.build({"type": kind})


@pytest.mark.parametrize("kind", ["LinearLR", "LinearMomentum"])
@pytest.mark.parametrize("change", [{}, {"convert_to_iter_based": True, "epoch_length": 2}])
def test_an_argument_for_a_base_class_names_the_class_of_the_config(optimizer, kind, change):
    message = (
        f"^{kind} got .* 'start_facter'. Did you mean 'start_factor'.*"
        "config key `scheduler.start_facter`"
    )
    cfg = {"type": kind, "start_facter": 0.1, **change}
    with root_config({"scheduler": cfg}), pytest.raises(TypeError, match=message):
        PARAM_SCHEDULERS.build(cfg, default_args={"optimizer": optimizer})


def test_misspelt_argument_names_class_argument_and_nearest(registry):
    with pytest.raises(TypeError, match=r"ResNet got .* argument 'stagse'. .*'stages'\?$"):
        registry.build({"type": "ResNet", "depth": 50, "stagse": 3})
    with pytest.raises(TypeError, match=r"'zzz'. It takes: depth, stages, width."):
        registry.build({"type": "ResNet", "depth": 50, "zzz": 3})
    with pytest.raises(TypeError, match="ResNet is missing 1 required argument: 'depth'"):
        registry.build({"type": "ResNet"})


def test_error_names_config_key_and_file(registry, tmp_path):
    path = tmp_path / "exp.py"
    path.write_text(
        "model = dict(parts=[dict(type='ResNet', depth=1), dict(type='ResNet', dept=2)])\n"
        "other = dict(type='Resnet')\n"
    )
    cfg = Config.fromfile(path)
    with root_config(cfg):
        with pytest.raises(TypeError) as wrong_argument:
            registry.build(cfg.model.parts[1])
        with pytest.raises(KeyError) as wrong_type:
            registry.build(dict(cfg.other))  # a copy is recognised, too
    assert f"(config key `model.parts.1.dept` in {path})" in str(wrong_argument.value)
    assert f"(config key `other.type` in {path})" in str(wrong_type.value)
    with pytest.raises(TypeError) as outside:
        registry.build(cfg.model.parts[1])
    assert "config key" not in str(outside.value)


def test_class_that_takes_any_argument_gets_any(registry):
    assert registry.build({"type": "Open", "first": 1, "other": 2}).kwargs == {"other": 2}


def test_wrapper_that_renames_arguments_decides_itself(registry):
    class Renamed:
        @deprecated_api_warning({"old": "new"}, cls_name="Renamed")
        def __init__(self, new):
            self.new = new

    with pytest.warns(DeprecationWarning):
        assert registry.build({"type": Renamed, "old": 3}).new == 3


def test_error_of_the_constructor_itself_stays_as_it_is(registry):
    with pytest.raises(ValueError, match=r"^7 is no size$") as caught:
        registry.build({"type": "Failing", "size": 7})
    assert caught.value.__cause__ is None
    with pytest.raises(TypeError, match="unexpected keyword argument 'dept'") as caught:
        registry.build({"type": "Misspelling", "size": 7})
    assert "Misspelling got" not in str(caught.value)
    assert caught.traceback[-1].name == "__init__"


def test_list_of_models_becomes_a_sequential_that_initialises_its_parts():
    relu = {"type": "torch.nn.ReLU"}
    linear = {"type": "torch.nn.Linear", "in_features": 2, "out_features": 3}
    model = MODELS.build([linear, relu])
    assert isinstance(model, nn.Sequential)
    assert model(torch.zeros(1, 2)).shape == (1, 3)
    assert hasattr(model, "init_weights")
    assert len(build_model_from_cfg([], MODELS)) == 0
    assert build_model_from_cfg([relu], MODELS, {"inplace": True})[0].inplace
    assert isinstance(build_model_from_cfg(relu, MODELS), nn.ReLU)


def test_runner_is_built_by_from_cfg():
    runners = Registry("runner", build_func=build_runner_from_cfg, scope="demo")

    class Base:
        def __init__(self, cfg):
            self.cfg = cfg

        @classmethod
        def from_cfg(cls, cfg):
            return cls(cfg)

    class Custom(Base):
        pass

    runners.register_module(name="Runner", module=Base)
    runners.register_module(module=Custom)
    cfg = Config({"work_dir": "w"})
    assert type(runners.build(cfg)) is Base
    assert type(runners.build({"runner_type": "Custom"})) is Custom
    with pytest.raises(KeyError, match=r"Custm .*'Custom'"):
        runners.build({"runner_type": "Custm"})
    with pytest.raises(AssertionError, match="cfg should be a dict"):
        build_runner_from_cfg([], runners)
    with pytest.raises(AssertionError, match="registry should be a Registry"):
        build_runner_from_cfg(cfg, "runners")


@pytest.fixture
def optimizer():
    return torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=1.0)


def test_scheduler_is_converted_to_iterations_on_request(optimizer):
    cfg = {"type": "MultiStepLR", "milestones": [2, 3], "gamma": 0.5, "begin": 1, "end": 4}
    plain = PARAM_SCHEDULERS.build(cfg, default_args={"optimizer": optimizer, "epoch_length": 10})
    assert plain.by_epoch and (plain.begin, plain.end) == (1, 4)
    converted = PARAM_SCHEDULERS.build(
        {**cfg, "convert_to_iter_based": True},
        default_args={"optimizer": optimizer, "epoch_length": 10},
    )
    assert not converted.by_epoch
    assert (converted.begin, converted.end) == (10, 40)
    assert sorted(converted.milestones) == [20, 30]


@pytest.mark.parametrize(
    "cfg", [{"convert_to_iter_based": True}, {"convert_to_iter_based": True, "by_epoch": False}]
)
def test_conversion_needs_epochs(optimizer, cfg):
    lengths = {} if "by_epoch" not in cfg else {"epoch_length": 10}
    with pytest.raises(AssertionError, match="Only epoch-based parameter scheduler"):
        PARAM_SCHEDULERS.build(
            {"type": "ConstantLR", **cfg}, default_args={"optimizer": optimizer, **lengths}
        )


def test_scheduler_refuses_what_is_no_config():
    with pytest.raises(AssertionError, match="cfg should be a dict"):
        build_scheduler_from_cfg([], PARAM_SCHEDULERS)
    with pytest.raises(AssertionError, match="registry should be a Registry"):
        build_scheduler_from_cfg({"type": "ConstantLR"}, "schedulers")
    with pytest.raises(KeyError, match='must contain the key "type"'):
        build_scheduler_from_cfg({"convert_to_iter_based": True}, PARAM_SCHEDULERS)


def test_scope_key_of_a_config_picks_the_registry(registry):
    child = Registry("child", parent=registry, scope="kid")
    seen = []

    @child.register_module(name="ResNet")
    def in_child():
        seen.append(DefaultScope.get_current_instance().scope_name)

    registry.build({"type": "ResNet", "_scope_": "kid"})
    assert seen == ["kid"]
    assert DefaultScope.get_current_instance() is None


def test_error_names_the_registry_that_was_asked():
    models = Registry("models", scope="base")
    Registry("detectors", parent=models, scope="det")
    other = Registry("classifiers", parent=models, scope="cls")
    for asked in (models, other):
        with pytest.raises(KeyError, match=r"det\.Nett is not in the det::detectors registry"):
            asked.build({"type": "det.Nett"})
