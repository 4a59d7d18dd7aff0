"""Registering and looking up."""

import pytest

from mmlight.registry import Registry, build_from_cfg


class Animal:
    pass


class Dog(Animal):
    pass


def bark(loud=False):
    return "WUFF" if loud else "wuff"


@pytest.fixture
def animals():
    return Registry("animal", scope="zoo")


def test_registers_as_decorator_and_by_call(animals):
    assert animals.register_module()(Animal) is Animal
    assert animals.register_module(name="Hund", module=Dog) is Dog
    assert animals.register_module(name=["bark", "woof"], module=bark) is bark
    assert animals.get("Animal") is Animal
    assert animals.get("Hund") is Dog
    assert animals.get("woof") is animals.get("bark") is bark
    assert len(animals) == 4
    assert "Hund" in animals and "Dog" not in animals
    assert list(animals.module_dict) == ["Animal", "Hund", "bark", "woof"]


def test_a_taken_name_needs_force(animals):
    animals.register_module(module=Dog)
    with pytest.raises(KeyError, match="Dog is already registered in animal at"):
        animals.register_module(name="Dog", module=Animal)
    assert animals.get("Dog") is Dog
    animals.register_module(name="Dog", module=Animal, force=True)
    assert animals.get("Dog") is Animal


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"force": 1}, "force must be a boolean"),
        ({"name": 3}, "name must be None, an instance of str, or a sequence of str"),
        ({"name": ["a", 3]}, "name must be None, an instance of str, or a sequence of str"),
        ({"module": "Dog"}, "module must be Callable"),
    ],
)
def test_refuses_wrong_arguments(animals, arguments, message):
    with pytest.raises(TypeError, match=message):
        animals.register_module(**arguments)


def test_key_must_be_a_string(animals):
    with pytest.raises(TypeError, match="must be a str"):
        animals.get(Dog)


def test_shows_its_members_in_a_table(animals):
    animals.register_module(module=Dog)
    text = repr(animals)
    assert "Registry of animal" in text
    assert "Dog" in text and "Names" in text and "Objects" in text


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("collections.OrderedDict", True),
        ("collections.NoSuchThing", False),
        ("no_such_package.Thing", False),
    ],
)
def test_dotted_names_are_import_paths(animals, path, expected):
    assert (animals.get(path) is not None) == expected


def test_children_inherit_parents_and_siblings_are_found_by_scope(animals):
    dogs = Registry("dog", parent=animals, scope="kennel")
    cats = Registry("cat", parent=animals, scope="sofa")
    animals.register_module(module=Animal)
    dogs.register_module(module=Dog)
    assert dogs.get("Animal") is Animal
    assert dogs.get("kennel.Animal") is None
    assert animals.get("Dog") is None
    assert animals.get("kennel.Dog") is Dog
    assert cats.get("kennel.Dog") is Dog
    assert cats.root is dogs.root is animals
    assert animals.children == {"kennel": dogs, "sofa": cats}
    with pytest.raises(AssertionError, match="scope kennel exists in animal registry"):
        Registry("other", parent=animals, scope="kennel")


def test_grandchildren_are_found_by_scope(animals):
    dogs = Registry("dog", parent=animals, scope="kennel")
    small = Registry("small dog", parent=dogs, scope="basket")
    small.register_module(module=Dog)
    assert animals.get("kennel.basket.Dog") is Dog
    assert animals.get("basket.Dog") is Dog


def test_children_build_as_their_parent_does():
    def build(cfg, registry):
        return registry.name, cfg

    parent = Registry("parent", build_func=build, scope="a")
    child = Registry("child", parent=parent, scope="b")
    assert child.build({"x": 1}) == ("child", {"x": 1})
    assert Registry("lone", scope="c").build_func is build_from_cfg


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"scope": 3}, "scope must be a str"), ({"parent": "zoo"}, "parent must be a Registry")],
)
def test_refuses_a_wrong_scope_or_parent(arguments, message):
    with pytest.raises(AssertionError, match=message):
        Registry("any", **arguments)


def test_scope_is_the_package_of_the_definition():
    namespace = {"__name__": "zoopackage.models.registry", "Registry": Registry}
    exec("REGISTRY = Registry('any')\nscope = Registry.infer_scope()", namespace)
    assert namespace["REGISTRY"].scope == "zoopackage"
    assert namespace["scope"] == "zoopackage"


@pytest.mark.parametrize(
    ("key", "split"),
    [
        ("ResNet", (None, "ResNet")),
        ("mmdet.ResNet", ("mmdet", "ResNet")),
        ("torch.nn.ReLU", ("torch", "nn.ReLU")),
    ],
)
def test_splits_the_first_scope_off(key, split):
    assert Registry.split_scope_key(key) == split


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package with a registry whose members live in modules that nothing imports."""
    folder = tmp_path / "lazyzoo"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "registry.py").write_text(
        "from mmlight.registry import Registry\n"
        "ANIMALS = Registry('animal', locations=['lazyzoo.members'],\n"
        "                   fallback_locations=['lazyzoo.spare'])\n"
    )
    for module, names in (("members", ["Lion"]), ("spare", ["Tiger", "Bear"])):
        classes = "".join(f"@ANIMALS.register_module()\nclass {n}:\n    pass\n" for n in names)
        (folder / f"{module}.py").write_text(f"from lazyzoo.registry import ANIMALS\n{classes}")
    monkeypatch.syspath_prepend(tmp_path)
    import sys

    yield __import__("lazyzoo.registry").registry.ANIMALS
    for name in [name for name in sys.modules if name.split(".")[0] == "lazyzoo"]:
        del sys.modules[name]


def test_members_are_imported_when_they_are_needed(package):
    assert len(package) == 0
    assert package.get("Lion").__module__ == "lazyzoo.members"
    assert "Tiger" not in package.module_dict
    assert package.get("Tiger").__module__ == "lazyzoo.spare"
    assert package.known_names() == ["Lion", "Tiger", "Bear"]


def test_a_second_class_of_a_built_in_name_is_refused_but_a_fallback_gives_way(package):
    with pytest.raises(KeyError, match=r"Lion is already registered in animal at lazyzoo.members"):
        package.register_module(name="Lion", module=Dog)
    package.register_module(name="Tiger", module=Dog)
    assert package.get("Bear").__module__ == "lazyzoo.spare"
    assert package.get("Tiger") is Dog
    package.register_module(name="Bear", module=Dog)
    assert package.get("Bear") is Dog


def test_a_location_that_cannot_be_imported_says_so_each_time():
    registry = Registry("broken", scope="zoo", locations=["mmlight.no_such_module"])
    for _ in range(2):
        with pytest.raises(ModuleNotFoundError, match="no_such_module"):
            registry.get("Anything")
