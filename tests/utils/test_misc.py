import math
import os.path
import sys
import warnings
from collections import OrderedDict, defaultdict, namedtuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmlight.utils import (
    apply_to,
    check_prerequisites,
    concat_list,
    deprecated_api_warning,
    deprecated_function,
    get_object_from_string,
    has_method,
    import_modules_from_strings,
    is_list_of,
    is_method_overridden,
    is_seq_of,
    is_str,
    is_tuple_of,
    iter_cast,
    list_cast,
    requires_executable,
    requires_package,
    slice_list,
    to_1tuple,
    to_2tuple,
    to_3tuple,
    to_4tuple,
    to_ntuple,
    tuple_cast,
)


@pytest.mark.parametrize(
    ("repeat", "length"),
    [(to_1tuple, 1), (to_2tuple, 2), (to_3tuple, 3), (to_4tuple, 4), (to_ntuple(6), 6)],
)
def test_to_ntuple_repeats_a_value_and_keeps_an_iterable(repeat, length):
    assert repeat(7) == (7,) * length
    pair = (1, 2, 3, 4, 5, 6, 7)
    assert repeat(pair) is pair
    assert repeat("ab") == "ab"


def test_is_str():
    assert is_str("a")
    assert not is_str(b"a")


@settings(max_examples=40)
@given(st.lists(st.one_of(st.integers(), st.text())), st.sampled_from([list, tuple]))
def test_is_seq_of_agrees_with_a_look_at_every_item(items, container):
    seq = container(items)
    expected = all(isinstance(item, str) for item in items)
    assert is_seq_of(seq, str) is expected
    assert is_seq_of(seq, (str, int))
    assert is_list_of(seq, str) is (expected and container is list)
    assert is_tuple_of(seq, str) is (expected and container is tuple)


def test_is_seq_of_refuses_what_is_no_sequence_and_a_seq_type_that_is_no_type():
    assert not is_seq_of({1, 2}, int)
    assert not is_seq_of([1], int, seq_type=tuple)
    with pytest.raises(AssertionError, match="seq_type must be a type"):
        is_seq_of([1], int, seq_type="list")


def test_casts():
    assert list_cast(("1", "2"), int) == [1, 2]
    assert tuple_cast([1, 2], str) == ("1", "2")
    assert list(iter_cast("12", int)) == [1, 2]
    with pytest.raises(TypeError, match="inputs must be an iterable object"):
        list_cast(1, int)
    with pytest.raises(TypeError, match="dst_type must be a valid type, but got 'int'"):
        list_cast([1], "int")


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers())))
def test_slicing_undoes_concatenation(parts):
    assert slice_list(concat_list(parts), [len(part) for part in parts]) == parts


def test_slice_list_takes_one_length_for_all_parts():
    assert slice_list([1, 2, 3, 4], 2) == [[1, 2], [3, 4]]
    assert slice_list((1, 2), 2) == [(1, 2)]


def test_slice_list_says_what_does_not_fit():
    with pytest.raises(AssertionError, match="2 does not divide 3"):
        slice_list([1, 2, 3], 2)
    with pytest.raises(ValueError, match="2 != 3"):
        slice_list([1, 2, 3], [1, 1])
    with pytest.raises(TypeError, match="lens must be an integer or a list"):
        slice_list([1, 2, 3], (1, 2))


def test_import_modules_from_strings():
    assert import_modules_from_strings(["os.path", "sys"]) == [os.path, sys]
    assert import_modules_from_strings("math") is math
    assert import_modules_from_strings(None) is None
    assert import_modules_from_strings([]) is None


def test_an_import_that_fails():
    with pytest.raises(ImportError, match="Failed to import no_such_module"):
        import_modules_from_strings(["math", "no_such_module"])
    with pytest.warns(UserWarning, match="no_such_module failed to import and is ignored"):
        modules = import_modules_from_strings(["no_such_module", "math"], allow_failed_imports=True)
    assert modules == [None, math]
    with pytest.raises(TypeError, match="must be a list but got type"):
        import_modules_from_strings(3)
    with pytest.raises(TypeError, match="cannot be imported"):
        import_modules_from_strings([3])


class Base:
    def run(self):
        """Do nothing."""

    @classmethod
    def build(cls):
        """Do nothing."""


class Derived(Base):
    def run(self):
        """Do nothing else."""


class Heir(Base):
    pass


def test_is_method_overridden_of_classes_and_instances():
    assert is_method_overridden("run", Base, Derived)
    assert is_method_overridden("run", Base, Derived())
    assert not is_method_overridden("run", Base, Heir)
    with pytest.raises(AssertionError, match="base_class must be a class"):
        is_method_overridden("run", Base(), Derived)
    with pytest.raises(AttributeError, match="walk"):
        is_method_overridden("walk", Base, Derived)


@pytest.mark.parametrize("name", ["made", "still", "length"])
def test_is_method_overridden_of_class_methods_and_others(name):
    class First:
        @classmethod
        def made(cls): ...

        @staticmethod
        def still(): ...

        @property
        def length(self): ...

    second = type("Second", (First,), {name: lambda self: 1})
    assert not is_method_overridden(name, First, First)
    assert not is_method_overridden(name, First, type("Heir", (First,), {}))
    assert is_method_overridden(name, First, second)


def test_has_method():
    assert has_method(Base(), "run")
    assert not has_method(Base(), "walk")
    assert not has_method(1, "real")


def test_prerequisites_that_are_missing_are_all_named():
    @requires_package(["numpy", "no-such-package", "nor_this"])
    def run():
        return 1

    with pytest.raises(ImportError, match=r'"no-such-package, nor_this".*"run"') as caught:
        run()
    assert isinstance(caught.value, RuntimeError)


def test_prerequisites_that_are_met_let_the_call_through():
    @requires_package("numpy")
    @requires_executable("ls")
    def double(x, *, by=2):
        """Multiply."""
        return x * by

    assert double(3, by=3) == 9
    assert (double.__name__, double.__doc__) == ("double", "Multiply.")


def test_a_program_and_a_message_of_ones_own():
    @requires_executable("no-such-program")
    def run():
        return 1

    with pytest.raises(RuntimeError, match="no-such-program"):
        run()

    @check_prerequisites("moon", checker=lambda name: False, msg_tmpl="{} is missing for {}")
    def fly():
        return 1

    with pytest.raises(RuntimeError, match="moon is missing for fly"):
        fly()


def test_deprecated_argument_names_still_work():
    @deprecated_api_warning({"rate": "lr"}, cls_name="Optimizer")
    def step(lr=0.1, times=1):
        return lr, times

    with pytest.warns(DeprecationWarning, match=r'"rate" is deprecated in `Optimizer.step`.*"lr"'):
        assert step(rate=0.2, times=3) == (0.2, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert step(0.3) == (0.3, 1)
    with pytest.raises(AssertionError, match="got both 'rate'"):
        step(rate=0.2, lr=0.1)


def test_a_deprecated_function_says_so_once():
    @deprecated_function("1.0", "2.0", "use `walk`")
    def run():
        """Run."""
        return 1

    with pytest.warns(DeprecationWarning, match=r"since version 1.0.*Please use `walk`"):
        run()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert run() == 1
    assert "deprecated:: 1.0" in run.__doc__ and "Run." in run.__doc__


def test_get_object_from_string():
    assert get_object_from_string("os.path.join") is os.path.join
    assert get_object_from_string("collections.OrderedDict.fromkeys") == OrderedDict.fromkeys
    assert get_object_from_string("xml.dom.minidom").__name__ == "xml.dom.minidom"
    assert get_object_from_string("no_such_module.x") is None
    assert get_object_from_string("math.nothing") is None
    assert get_object_from_string("math.pi.real.nothing") is None


def test_apply_to_keeps_the_containers():
    Pair = namedtuple("Pair", "a b")
    data = {"x": [1, "s"], "y": OrderedDict(z=(2, Pair(3, 4)))}
    result = apply_to(data, lambda v: isinstance(v, int), lambda v: v * 10)
    assert result == {"x": [10, "s"], "y": OrderedDict(z=(20, Pair(30, 40)))}
    assert isinstance(result["y"], OrderedDict) and isinstance(result["y"]["z"][1], Pair)
    assert data["x"] == [1, "s"]


def test_apply_to_keeps_what_a_defaultdict_makes():
    result = apply_to(defaultdict(list, a=1), lambda v: isinstance(v, int), lambda v: v + 1)
    assert result == {"a": 2} and result["b"] == []
