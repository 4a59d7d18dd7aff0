"""Which registry a scope means, at mmlight's roots and elsewhere."""

import json
import sys

import pytest

from mmlight.registry import (
    EVALUATOR,
    HOOKS,
    MODELS,
    OPTIMIZERS,
    DefaultScope,
    Registry,
    count_registered_modules,
    init_default_scope,
    root,
    traverse_registry_tree,
)


@pytest.fixture
def tree():
    models = Registry("model", scope="base")
    return (
        models,
        Registry("det", parent=models, scope="det"),
        Registry("cls", parent=models, scope="cls"),
    )


def test_default_scope_is_the_one_created_last():
    assert DefaultScope.get_current_instance() is None
    DefaultScope.get_instance("first", scope_name="det")
    assert DefaultScope.get_current_instance().scope_name == "det"
    with DefaultScope.overwrite_default_scope("cls"):
        assert DefaultScope.get_current_instance().scope_name == "cls"
        with DefaultScope.overwrite_default_scope(None):
            assert DefaultScope.get_current_instance().scope_name == "cls"
    assert DefaultScope.get_current_instance().scope_name == "det"
    with pytest.raises(AssertionError, match="scope_name should be a string"):
        DefaultScope("x", 3)


def test_overwritten_scope_is_restored_after_an_error():
    with pytest.raises(ZeroDivisionError), DefaultScope.overwrite_default_scope("cls"):
        raise ZeroDivisionError
    assert DefaultScope.get_current_instance() is None


def test_init_default_scope_can_be_called_again():
    for scope in ("det", "cls", "det"):
        init_default_scope(scope)
        assert DefaultScope.get_current_instance().scope_name == scope


def test_switching_follows_the_documented_example(tree):
    models, det, cls = tree
    custom = Registry("custom", parent=models, scope="custom")
    DefaultScope.get_instance("run", scope_name="custom")
    with custom.switch_scope_and_registry("cls") as registry:
        assert registry is cls
        assert DefaultScope.get_current_instance().scope_name == "cls"
    with custom.switch_scope_and_registry("det") as registry:
        assert registry is det
        with custom.switch_scope_and_registry("cls") as inner:
            assert inner is cls
    assert DefaultScope.get_current_instance().scope_name == "custom"


def test_the_current_registry_stands_in_for_an_unknown_scope(tree):
    with tree[1].switch_scope_and_registry("no_such_scope") as registry:
        assert registry is tree[1]
    with tree[1].switch_scope_and_registry(None) as registry:
        assert registry is tree[1]


def test_default_scope_decides_where_a_plain_type_is_built(tree):
    models, det, _ = tree
    models.register_module(name="Net", module=dict)
    det.register_module(name="Net", module=list)
    assert models.build({"type": "Net"}) == {}
    DefaultScope.get_instance("run", scope_name="det")
    assert models.build({"type": "Net"}) == []


@pytest.mark.parametrize("scope", ["mmengine", "mmedit", "mmagic", "mmlight"])
def test_roots_answer_for_the_packages_they_replace(scope):
    assert HOOKS.get(f"{scope}.EMAHook").__module__ == "mmlight.hooks.ema_hook"
    DefaultScope.get_instance("run", scope_name=scope)
    with MODELS.switch_scope_and_registry(None) as registry:
        # The scope of mmagic has registries for the names that mean another thing there.
        assert registry is MODELS or registry.stands_in
        assert registry.get("BaseModel") is MODELS.get("BaseModel")
    child = Registry("mine", parent=OPTIMIZERS, scope=f"mine_{scope}")
    assert child.get(f"{scope}.SGD") is OPTIMIZERS.get("SGD")
    del OPTIMIZERS.children[f"mine_{scope}"]


def test_import_path_into_a_replaced_package_means_ours():
    found = MODELS.get("mmengine.registry.Registry")
    assert found is Registry


def test_an_installed_package_answers_for_itself(tmp_path, monkeypatch):
    folder = tmp_path / "mmagic"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "registry.py").write_text(
        "from mmlight.registry import MODELS as ROOT, Registry\n"
        "MODELS = Registry('model', parent=ROOT)\n"
        "MODELS.register_module(name='Only', module=dict)\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    stand_in = MODELS.children.get("mmagic")
    try:
        with MODELS.switch_scope_and_registry("mmagic") as registry:
            assert registry is sys.modules["mmagic.registry"].MODELS
            assert registry.get("Only") is dict
            assert registry.get("BaseModel") is MODELS.get("BaseModel")
    finally:
        MODELS.children.pop("mmagic", None)
        if stand_in is not None:
            MODELS.children["mmagic"] = stand_in
        for name in ("mmagic", "mmagic.registry"):
            sys.modules.pop(name, None)


def test_names_of_two_meanings_are_the_generative_ones_in_the_scope_of_mmagic():
    with EVALUATOR.switch_scope_and_registry("mmagic") as registry:
        assert registry.get("Evaluator").__name__ == "GenEvaluator"
    assert EVALUATOR.get("Evaluator").__name__ == "Evaluator"


def test_an_error_inside_the_package_of_a_scope_is_not_swallowed(tmp_path, monkeypatch, tree):
    folder = tmp_path / "brokenscope"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "registry.py").write_text("import no_such_dependency\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="no_such_dependency"):
        tree[0].build({"type": "Net", "_scope_": "brokenscope"})


def test_tree_is_walked_from_the_root_wherever_one_starts(tree):
    _, det, cls = tree
    det.register_module(name="Net", module=pytest.Item)
    found = traverse_registry_tree(cls, verbose=False)
    assert [(info["scope"], info["num_modules"]) for info in found] == [
        ("base", 0),
        ("det", 1),
        ("cls", 0),
    ]
    assert found[1]["_pytest"] == ["Net"]


def test_counts_all_that_is_registered(tmp_path):
    counted = count_registered_modules(str(tmp_path / "new"), verbose=False)
    names = {name for name, value in vars(root).items() if isinstance(value, Registry)}
    assert set(counted["registries"]) == names
    hooks = counted["registries"]["HOOKS"][0]
    assert hooks["scope"] == "mmlight"
    assert "EMAHook" in hooks["mmlight/hooks"]
    assert hooks["num_modules"] == len(HOOKS)
    saved = json.loads((tmp_path / "new" / "modules_statistic_results.json").read_text())
    assert saved == counted
