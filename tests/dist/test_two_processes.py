"""Every function with two gloo processes, which two_processes.py starts once."""

import pickle

import numpy as np
import pytest
import torch
import torch.multiprocessing as mp

from tests.dist import two_processes


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("two_processes")
    mp.spawn(two_processes.run, args=(str(folder),), nprocs=2)
    return [pickle.loads((folder / f"results_{rank}.pkl").read_bytes()) for rank in (0, 1)]


@pytest.fixture
def both(ranks):
    """What both got from a check, the first process first."""

    def get(name):
        results = [results[name] for results in ranks]
        for result in results:
            if isinstance(result, Exception):
                raise result
        return results

    return get


def equal(result, expected):
    torch.testing.assert_close(result, expected, rtol=0, atol=0)
    return True


def test_who_is_who(both):
    common = {
        "backend": "gloo",
        "is_distributed": True,
        "device": "cpu",
        "group": True,
        "launcher": "pytorch",
    }
    assert both("who") == [
        {"info": (0, 2), "is_main": True, **common},
        {"info": (1, 2), "is_main": False, **common},
    ]


def test_the_local_group(both):
    assert both("local_rank_as_the_launcher_says") == [0, 1]
    for name in ("local_size_nobody_told", "local_group_before_it_is_made"):
        with pytest.raises(RuntimeError, match="call init_local_group first"):
            both(name)
    assert both("local_group") == [(0, 2, (0, 2)), (1, 2, (1, 2))]
    with pytest.raises(AssertionError, match="created already"):
        both("local_group_again")


def test_master_only(both):
    assert both("master_only") == [1, None]


def test_gather(both):
    parts = [torch.tensor([1, 2]), torch.tensor([3, 4])]
    assert equal(both("gather_to_first"), [parts, []])
    assert equal(both("gather_to_second"), [[], parts])
    assert both("gather_object") == [[{"rank": 0}, {"rank": 1}], None]


def test_all_gather(both):
    parts = [torch.tensor([1, 2]), torch.tensor([3, 4])]
    assert equal(both("all_gather"), [parts, parts])
    turned = torch.tensor([[0, 3], [1, 4], [2, 5]])
    assert equal(both("all_gather_of_a_view"), [[turned, turned + 1]] * 2)
    assert both("all_gather_object") == [["foo", 12]] * 2


@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("sum", [4, 6]),
        ("SUM", [4, 6]),
        ("mean", [2, 3]),
        ("produce", [3, 8]),
        ("min", [1, 2]),
        ("max", [3, 4]),
        ("band", [1 & 3, 2 & 4]),
        ("bor", [1 | 3, 2 | 4]),
        ("bxor", [1 ^ 3, 2 ^ 4]),
    ],
)
def test_all_reduce(both, op, expected):
    for results in both("all_reduce"):
        assert results[op].tolist() == expected


def test_all_reduce_takes_what_torch_calls_an_op(both):
    assert [data.tolist() for data in both("all_reduce_with_an_op_of_torch")] == [[4, 6]] * 2


def test_all_reduce_dict_names_what_is_no_tensor(both):
    with pytest.raises(TypeError, match=r"data\['count'\] should be a Tensor, but got 3"):
        both("all_reduce_dict_of_a_number")


def test_a_group_of_one_is_like_a_single_process(both):
    for rank, results in enumerate(both("in_a_group_of_its_own")):
        data = two_processes.data_of(rank).tolist()
        assert results == {
            "info": ((0, 1), True, "gloo"),
            "all_reduce": data,
            "broadcast": (data, [rank]),
            "gather": [data],
            "all_gather": [data],
            "objects": ([rank], [rank]),
        }


def test_all_reduce_names_the_ops(both):
    with pytest.raises(ValueError, match=r"op should be one of sum, mean, .* but got 'avg'"):
        both("all_reduce_with_an_unknown_op")


def test_all_reduce_works_in_place_on_views_and_parameters(both):
    for rank, (matrix, requires_grad) in enumerate(both("all_reduce_of_a_column_and_a_parameter")):
        assert matrix.tolist() == [[3.0, rank + 1.0]] * 2
        assert requires_grad


def test_all_reduce_dict_in_any_order_of_keys(both):
    for data in both("all_reduce_dict"):
        assert equal(
            dict(sorted(data.items())),
            {
                "a": torch.tensor([0, 2, 4]),
                "b": torch.ones(2, 2, dtype=torch.int64),
            },
        )


def test_all_reduce_dict_makes_one_type_of_several(both):
    for data in both("all_reduce_dict_of_two_types"):
        assert equal(data, {"count": torch.tensor(0.5), "loss": torch.tensor([0.5, 0.5])})


def test_all_reduce_params(both):
    first, second = both("all_reduce_params")
    assert first == second
    shape = torch.Size([400, 500])
    sums = [(torch.float32, shape, 2.0 * i + 1) for i in range(5)]
    sums.append((torch.int64, torch.Size([3]), 2))
    for name in ("together", "one by one", "in buckets"):
        assert first[name] == sums
    assert first["generator, mean"][:5] == [(torch.float32, shape, i + 0.5) for i in range(5)]
    assert first["generator, mean"][5] == (torch.int64, torch.Size([3]), 1)


def test_broadcast(both):
    assert equal(both("broadcast_from_second"), [torch.tensor([3, 4])] * 2)
    assert both("broadcast_object_list") == [["foo", 12, {1: 2}]] * 2
    with pytest.raises(AssertionError, match="data should be a list"):
        both("broadcast_of_no_list")


def test_sync_random_seed_is_the_first_process_draw(both):
    (first, next_first), (second, next_second) = both("sync_random_seed")
    for rank, following in ((0, next_first), (1, next_second)):
        generator = np.random.RandomState(rank)
        drawn = generator.randint(2**31)
        assert following == generator.randint(1000)
        if rank == 0:
            assert first == second == drawn


@pytest.mark.parametrize("device", ["cpu", "gpu"])
def test_collect_results_restores_the_order_of_the_samples(both, device):
    first, second = both("collect")
    assert set(second.values()) == {None}
    everything = [(0, 0), (1, 0), (0, 1), (1, 1)]
    for size in (2, 3, 4):
        assert first[f"{device} {size}"] == everything[:size]
    assert first[f"{device} uneven"] == [(0, 0), (1, 0), (0, 1), (0, 2)]


def test_one_folder_does_for_many_calls(both):
    first, second = both("collect_again_and_again")
    assert first == [[(0, n), (1, n)] for n in range(20)]
    assert second == [None] * 20


def test_collect_results_cleans_up(both):
    first, second = both("collect_in_a_folder")
    assert (first[0], second[0]) == ([0, 1], None)
    assert first[1:] == second[1:] == (False, [])


def test_collect_results_from_folders_that_are_not_shared(both):
    with pytest.raises(FileNotFoundError, match=r"part_1.pkl is missing.*device='gpu'"):
        both("collect_in_folders_that_are_not_shared")
