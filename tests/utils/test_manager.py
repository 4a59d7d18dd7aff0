import threading

import pytest

from mmlight.utils import InstanceMarks, ManagerMeta, ManagerMixin, current_instances


@pytest.fixture
def counter():
    class Counter(ManagerMixin):
        def __init__(self, name="", start=0):
            super().__init__(name)
            self.start = start

    return Counter


def test_a_managed_class_needs_a_name_in_its_constructor():
    with pytest.raises(AssertionError, match="must have the `name` argument"):

        class Nameless(metaclass=ManagerMeta):
            def __init__(self, *args, **kwargs):
                pass


def test_every_class_has_its_own_instances(counter):
    class Child(counter):
        pass

    counter.get_instance("a")
    assert counter.check_instance_created("a")
    assert not Child.check_instance_created("a")
    assert Child.get_instance("a") is not counter.get_instance("a")


def test_an_instance_is_made_once_and_found_by_its_name(counter):
    first = counter.get_instance("a", start=2)
    assert (first.start, first.instance_name) == (2, "a")
    with pytest.warns(UserWarning, match=r"'a' exists already.*\['start'\]"):
        assert counter.get_instance("a", start=3) is first
    assert first.start == 2


def test_the_current_instance_is_the_one_created_last(counter):
    with pytest.raises(RuntimeError, match=r"call Counter.get_instance"):
        counter.get_current_instance()
    counter.get_instance("a")
    latest = counter.get_instance("b")
    counter.get_instance("a")
    assert counter.get_current_instance() is latest


def test_an_older_instance_is_current_for_a_while(counter):
    old, latest = counter.get_instance("old"), counter.get_instance("latest")
    with pytest.raises(ZeroDivisionError), current_instances(old):
        assert counter.get_current_instance() is old
        newer = counter.get_instance("newer")
        assert counter.get_current_instance() is newer
        raise ZeroDivisionError
    assert counter.get_current_instance() is latest
    assert counter.get_instance("newer") is newer


def test_an_instance_that_is_not_registered_is_current_for_a_while(counter):
    known, direct, namesake = counter.get_instance("a"), counter("b"), counter("a")
    with current_instances(direct, namesake):
        assert counter.get_instance("b") is direct
        assert counter.get_current_instance() is counter.get_instance("a") is namesake
    assert not counter.check_instance_created("b")
    assert counter.get_current_instance() is counter.get_instance("a") is known


def test_an_instance_of_a_subclass_is_current_for_its_bases_too(counter):
    class Child(counter):
        pass

    latest = counter.get_instance("latest")
    child = Child.get_instance("child")
    with current_instances(child):
        assert counter.get_current_instance() is Child.get_current_instance() is child
    assert counter.get_current_instance() is latest


def test_marks_bring_back_what_was_current(counter):
    empty = InstanceMarks(counter)
    first = counter.get_instance("first")
    marks = InstanceMarks(counter)
    second = counter.get_instance("second")
    empty.make_current()
    assert counter.get_current_instance() is second
    marks.make_current()
    assert counter.get_current_instance() is first
    marks.forget_newer()
    assert counter.check_instance_created("first")
    assert not counter.check_instance_created("second")


def test_an_instance_made_directly_is_not_registered(counter):
    assert counter(name="a").instance_name == "a"
    assert not counter.check_instance_created("a")


@pytest.mark.parametrize("name", ["", 3, None])
def test_a_bad_name_is_refused(counter, name):
    with pytest.raises(AssertionError, match="name"):
        counter(name)


def test_get_instance_needs_a_string(counter):
    with pytest.raises(AssertionError, match="type str, but got int"):
        counter.get_instance(3)


def test_threads_that_ask_at_once_get_one_object():
    started = threading.Barrier(8)

    class Slow(ManagerMixin):
        made = 0

        def __init__(self, name=""):
            super().__init__(name)
            type(self).made += 1

    found = []

    def ask():
        started.wait()
        found.append(Slow.get_instance("a"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Slow.made == 1
    assert len(set(map(id, found))) == 1
