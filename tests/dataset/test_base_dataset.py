"""Datasets that read an annotation file."""

import copy
import json
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from mmlight.config import Config
from mmlight.dataset import BaseDataset, Compose, force_full_init, pseudo_collate
from mmlight.registry import DATASETS, TRANSFORMS

ENTRIES = [{"img_path": f"{n}.jpg", "n": n} for n in range(10)]


@pytest.fixture
def ann_file(tmp_path):
    def write(content=None, name="ann.json"):
        content = content or {"metainfo": {"task": "file", "x": 1}, "data_list": ENTRIES}
        (tmp_path / name).write_text(json.dumps(content))
        return str(tmp_path / name)

    return write


class Numbers(BaseDataset):
    METAINFO = {"task": "class", "name": "numbers"}

    def __init__(self, count=10, **kwargs):
        self.count = count
        super().__init__(**kwargs)

    def load_data_list(self):
        return [{"n": n} for n in range(self.count)]


def numbers(dataset):
    return [dataset[i]["n"] for i in range(len(dataset))]


@pytest.mark.parametrize("serialize_data", [True, False])
def test_entries_come_back(ann_file, serialize_data):
    dataset = BaseDataset(ann_file(), serialize_data=serialize_data)
    assert len(dataset) == 10
    for index in (0, 3, 9, -1, -10, np.int64(4), torch.tensor(-2)):
        position = int(index) % 10
        assert dataset[index] == {**ENTRIES[position], "sample_idx": position}
        assert type(dataset[index]["sample_idx"]) is int


@pytest.mark.parametrize("serialize_data", [True, False])
def test_an_entry_is_a_copy(serialize_data):
    dataset = Numbers(serialize_data=serialize_data)
    dataset[0]["n"] = 99
    assert dataset[0]["n"] == 0


@pytest.mark.parametrize("serialize_data", [True, False])
@pytest.mark.parametrize("index", [10, -11])
def test_an_index_out_of_range(serialize_data, index):
    with pytest.raises(IndexError, match=f"index {index} is out of range for a dataset of 10"):
        Numbers(serialize_data=serialize_data)[index]


@pytest.mark.parametrize("serialize_data", [True, False])
@pytest.mark.parametrize("index", ["a", 1.0, slice(1, 2), None])
def test_an_index_that_is_none(serialize_data, index):
    with pytest.raises(TypeError, match="an index of a sample should be an int, but got"):
        Numbers(serialize_data=serialize_data)[index]


@pytest.mark.parametrize(
    ("root", "prefix", "path"),
    [
        ("", "", "0.jpg"),
        ("", "imgs", "imgs/0.jpg"),
        ("/data", "", "/data/0.jpg"),
        ("/data", "imgs/", "/data/imgs/0.jpg"),
        ("/data", "/abs", "/abs/0.jpg"),
        ("/data", "http://host/imgs", "http://host/imgs/0.jpg"),
        ("s3://bucket/data", "imgs/", "s3://bucket/data/imgs/0.jpg"),
        ("s3://bucket/data/", "", "s3://bucket/data/0.jpg"),
    ],
)
def test_prefixes_come_before_paths(ann_file, root, prefix, path):
    dataset = BaseDataset(ann_file(), data_root=root, data_prefix={"img_path": prefix})
    assert dataset[0]["img_path"] == path


def test_the_annotation_file_is_below_the_root(ann_file, tmp_path):
    ann_file()
    assert len(BaseDataset("ann.json", data_root=str(tmp_path))) == 10


@pytest.mark.parametrize("metainfo", [{"task": "given"}, Config({"task": "given"}), None])
def test_meta_information_has_three_sources(ann_file, metainfo):
    class WithMeta(BaseDataset):
        METAINFO = {"task": "class", "name": "numbers"}

    dataset = WithMeta(ann_file(), metainfo=metainfo)
    assert dataset.metainfo == {
        "task": "given" if metainfo else "class",
        "name": "numbers",
        "x": 1,
    }
    dataset.metainfo["task"] = "changed"
    assert dataset.metainfo["task"] != "changed" and WithMeta.METAINFO["task"] == "class"


def test_meta_information_from_a_text_file(tmp_path):
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    meta = {"classes": str(tmp_path / "classes.txt"), "other": "not-a-file"}
    assert Numbers(metainfo=meta).metainfo == {
        **Numbers.METAINFO,
        "classes": ["cat", "dog"],
        "other": "not-a-file",
    }


def test_meta_information_that_looks_like_a_lost_file_is_told(capsys):
    meta = {"dataset_type": "div2k", "classes": "lost/classes.txt"}
    assert Numbers(metainfo=meta).metainfo.items() >= meta.items()
    told = "".join(capsys.readouterr())
    assert "metainfo classes='lost/classes.txt' is no path of a file" in told
    assert "div2k" not in told


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ([1], TypeError, "should be a dict, but got <class 'list'>"),
        ({"data_list": []}, ValueError, r"must have data_list and metainfo keys.*\['data_list'\]"),
        ({"metainfo": {}, "data_list": [{"x": 1}]}, AssertionError, "the key 'img_path'"),
        ({"metainfo": [1], "data_list": []}, TypeError, r"metainfo of annotation file .*ann\.json"),
        ({"metainfo": {}, "data_list": {"a": 1}}, TypeError, "data_list .* should be a list, but"),
        ({"metainfo": {}, "data_list": None}, TypeError, "should be a list, but got .*NoneType"),
        ({"metainfo": {}, "data_list": [1]}, TypeError, "entry of data_list should be a dict, but"),
    ],
)
def test_wrong_annotation_files(ann_file, content, error, message):
    with pytest.raises(error, match=message):
        BaseDataset(ann_file(content))


@pytest.mark.parametrize(
    ("kwargs", "message"),
    [
        ({"metainfo": 3}, "metainfo should be a Mapping or Config"),
        ({"data_prefix": {"img_path": None}}, r"prefix should be a string.*'img_path'"),
        ({"data_prefix": "imgs"}, "data_prefix should be a dict of key and prefix, but got .*str"),
        ({"data_prefix": None}, "data_prefix should be a dict"),
        ({"pipeline": [3]}, "transform must be a callable object or dict, but got <class 'int'>"),
        ({"indices": 1.5}, "indices should be a int or sequence of int"),
    ],
)
def test_wrong_arguments(kwargs, message):
    with pytest.raises(TypeError, match=message):
        Numbers(**kwargs)


def test_a_missing_annotation_file(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nothing\.json"):
        BaseDataset(str(tmp_path / "nothing.json"))


@pytest.mark.parametrize(
    ("parsed", "expected"),
    [
        ([{"n": 1}, {"n": 2}], 20),
        (3, "should be a dict or list of dict, but got <class 'int'>"),
        ([{"n": 1}, 3], "must be list of dict, but got <class 'int'>"),
    ],
)
def test_an_entry_may_be_parsed_into_several_samples(ann_file, parsed, expected):
    class Parsing(BaseDataset):
        def parse_data_info(self, raw_data_info):
            return copy.deepcopy(parsed)

    if isinstance(expected, int):
        assert len(Parsing(ann_file())) == expected
    else:
        with pytest.raises(TypeError, match=expected):
            Parsing(ann_file())


def test_filtering_comes_before_the_indices():
    class Filtered(Numbers):
        def filter_data(self):
            return [item for item in self.data_list if item["n"] >= self.filter_cfg["least"]]

    assert numbers(Filtered(filter_cfg={"least": 4}, indices=2)) == [4, 5]


@pytest.mark.parametrize("serialize_data", [True, False])
@pytest.mark.parametrize(
    ("indices", "expected"),
    [
        (3, [0, 1, 2]),
        (-3, [7, 8, 9]),
        (0, []),
        (10, list(range(10))),
        ([2, 9, 2], [2, 9, 2]),
        ((-1, 0), [9, 0]),
        ([], []),
    ],
)
def test_subsets(serialize_data, indices, expected):
    whole = Numbers(serialize_data=serialize_data)
    assert numbers(whole.get_subset(indices)) == expected
    assert numbers(whole) == list(range(10))
    assert numbers(Numbers(serialize_data=serialize_data, indices=indices)) == expected
    whole.get_subset_(indices)
    assert numbers(whole) == expected
    assert [whole[i]["sample_idx"] for i in range(len(whole))] == list(range(len(expected)))


@given(st.data())
@settings(max_examples=40)
def test_a_subset_of_a_subset(data):
    expected = list(range(10))
    dataset = Numbers()
    for _ in range(3):
        length = len(expected)
        if data.draw(st.booleans()):
            count = data.draw(st.integers(-length, length))
            expected = expected[:count] if count >= 0 else expected[count:]
            dataset = dataset.get_subset(count)
        elif length:
            picks = data.draw(st.lists(st.integers(-length, length - 1), max_size=6))
            expected = [expected[pick] for pick in picks]
            dataset = dataset.get_subset(picks)
    assert numbers(dataset) == expected


def test_wrong_subsets():
    with pytest.raises(AssertionError, match="11 samples were asked for"):
        Numbers().get_subset(11)
    with pytest.raises(IndexError, match="index 10 is out of range"):
        Numbers().get_subset([10])
    for wrong in (1.5, "12", None):
        with pytest.raises(TypeError, match="indices should be a int or sequence of int"):
            Numbers().get_subset(wrong)


def test_a_subset_keeps_settings():
    subset = Numbers(pipeline=[lambda data: data["n"]], metainfo={"x": 2}).get_subset([3])
    assert subset[0] == 3 and subset.metainfo["x"] == 2 and subset.count == 10


def test_lazy_initialisation():
    dataset = Numbers(lazy_init=True)
    assert dataset.metainfo == Numbers.METAINFO
    assert not dataset._fully_initialized
    assert len(dataset) == 10
    assert dataset._fully_initialized
    for use in (lambda d: d[0], lambda d: d.get_data_info(0), lambda d: d.get_subset(1)):
        assert use(Numbers(lazy_init=True)) is not None


def test_initialising_twice_loads_once():
    loads = []

    class Counting(Numbers):
        def load_data_list(self):
            loads.append(1)
            return super().load_data_list()

    dataset = Counting(lazy_init=True)
    dataset.full_init()
    dataset.full_init()
    assert len(loads) == 1


def test_force_full_init_needs_a_full_init():
    class Bare:
        @force_full_init
        def __len__(self):
            return 0

    with pytest.raises(AttributeError, match="does not have full_init method"):
        len(Bare())


class Holes(Numbers):
    def prepare_data(self, idx):
        self.asked = [*getattr(self, "asked", []), idx]
        data = super().prepare_data(idx)
        return data if data["n"] >= 8 else None


def test_training_draws_another_sample_for_a_broken_one():
    np.random.seed(0)
    dataset = Holes()
    assert dataset[0]["n"] >= 8
    np.random.seed(0)
    drawn = [np.random.randint(0, 10) for _ in dataset.asked[1:]]
    assert dataset.asked == [0, *drawn]


def test_a_broken_sample_is_an_error_in_the_end_and_at_once_in_test_mode():
    np.random.seed(0)
    with pytest.raises(Exception, match="Cannot find a valid sample after 0 more tries"):
        Holes(max_refetch=0)[0]
    with pytest.raises(Exception, match="returned None for sample 0 in test mode"):
        Holes(test_mode=True)[0]
    assert Holes(test_mode=True)[8]["n"] == 8


def test_categories_are_for_subclasses():
    with pytest.raises(NotImplementedError, match="must implement `get_cat_ids`"):
        Numbers().get_cat_ids(0)


def test_compose():
    @TRANSFORMS.register_module(force=True)
    class AddOne:
        def __call__(self, data):
            return data + 1

        def __repr__(self):
            return "AddOne()"

    compose = Compose([{"type": "AddOne"}, AddOne()])
    assert compose(1) == 3
    assert repr(compose) == "Compose(\n    AddOne()\n    AddOne()\n)"
    assert Compose([lambda data: None, AddOne()])(1) is None
    assert Compose(None)("same") == "same"
    with pytest.raises(TypeError, match="should be a callable object, but got"):
        Compose([{"type": "builtins.dict"}])


@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_workers_read_the_same_entries(context):
    dataset = Numbers(count=23)
    loader = DataLoader(
        dataset,
        batch_size=4,
        num_workers=2,
        collate_fn=pseudo_collate,
        multiprocessing_context=context,
    )
    assert [n for batch in loader for n in batch["n"]] == list(range(23))


def test_pickled_datasets():
    assert numbers(pickle.loads(pickle.dumps(Numbers()))) == list(range(10))


def test_any_dataset_of_torch_can_be_built_from_the_registry():
    built = DATASETS.build({"type": "torch.utils.data.StackDataset", "a": torch.arange(3)})
    assert built[2] == {"a": torch.tensor(2)}
