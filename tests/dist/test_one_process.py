import os
import socket

import numpy as np
import pytest
import torch

from mmlight import dist

tensor = torch.arange(2)


def test_there_is_nobody_else():
    assert dist.get_dist_info() == (dist.get_rank(), dist.get_world_size()) == (0, 1)
    assert (dist.get_local_rank(), dist.get_local_size()) == (0, 1)
    assert dist.get_backend() is None
    assert dist.get_default_group() is None
    assert dist.get_local_group() is None
    assert not dist.is_distributed()
    assert dist.is_main_process()
    assert dist.get_comm_device() == torch.device("cpu")
    assert dist.barrier() is None
    assert dist.master_only(lambda x: x + 1)(2) == 3


def test_gathering_gives_a_list_of_what_there_is():
    for gather in (dist.gather, dist.all_gather, dist.gather_object, dist.all_gather_object):
        result = gather(tensor)
        assert len(result) == 1 and result[0] is tensor


def test_in_place_collectives_change_nothing():
    data, objects = torch.arange(3), ["foo", 12]
    dist.all_reduce(data)
    dist.broadcast(data)
    dist.all_reduce_dict({"a": data})
    dist.all_reduce_params([data])
    dist.broadcast_object_list(objects)
    assert data.tolist() == [0, 1, 2]
    assert objects == ["foo", 12]


def test_arguments_are_checked_here_too():
    for op in ("avg", None, 3):
        with pytest.raises(ValueError, match=r"op should be one of sum, mean, .* but got"):
            dist.all_reduce(tensor, op=op)
    with pytest.raises(AssertionError, match="data should be a dict"):
        dist.all_reduce_dict([tensor])
    with pytest.raises(AssertionError, match="data should be a list"):
        dist.broadcast_object_list(tensor)


def test_sync_random_seed_draws_from_numpy():
    np.random.seed(3)
    seed = dist.sync_random_seed()
    assert isinstance(seed, int)
    assert seed == np.random.RandomState(3).randint(2**31)


def test_collect_results():
    for device in ("cpu", "gpu"):
        assert dist.collect_results([1, 2, 3], 2, device=device) == [1, 2]
    with pytest.raises(NotImplementedError, match="'cpu', 'gpu' or 'npu', but got 'cuda'"):
        dist.collect_results([1], 1, device="cuda")
    with pytest.raises(AssertionError, match="tmpdir should be None when device is 'gpu'"):
        dist.collect_results([1], 1, device="gpu", tmpdir="folder")


@pytest.fixture
def launcher(monkeypatch):
    """Sets the variables that a launcher leaves, and nothing else of that kind."""
    names = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")
    for name in names:
        # First set, so that what init_dist adds goes away in the end.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])

    def set_variables(**variables):
        for name, value in {"MASTER_PORT": port, **variables}.items():
            monkeypatch.setenv(name, value)

    yield set_variables
    if torch.distributed.is_initialized():
        torch.distributed.destroy_process_group()


@pytest.mark.parametrize(
    ("name", "variables"),
    [
        ("pytorch", {"RANK": "0", "WORLD_SIZE": "1", "MASTER_ADDR": "127.0.0.1"}),
        (
            "mpi",
            {
                "OMPI_COMM_WORLD_RANK": "0",
                "OMPI_COMM_WORLD_SIZE": "1",
                "OMPI_COMM_WORLD_LOCAL_RANK": "0",
                "MASTER_ADDR": "127.0.0.1",
            },
        ),
        (
            "slurm",
            {
                "SLURM_PROCID": "0",
                "SLURM_NTASKS": "1",
                "SLURM_LOCALID": "0",
                "SLURM_NODELIST": "localhost",
            },
        ),
    ],
)
def test_init_dist_under_each_launcher(launcher, name, variables):
    assert dist.infer_launcher() == "none"
    launcher(**variables)
    assert dist.infer_launcher() == name
    dist.init_dist(name, backend="gloo")
    assert dist.is_distributed()
    assert dist.get_dist_info() == (0, 1)
    assert dist.get_backend() == "gloo"


def test_init_dist_names_what_is_wrong(launcher):
    with pytest.raises(ValueError, match="Invalid launcher type: 'ray', expected one of pytorch"):
        dist.init_dist("ray")
    with pytest.raises(ValueError, match="init_backend must be 'torch', but got 'deepspeed'"):
        dist.init_dist("pytorch", init_backend="deepspeed")
    with pytest.raises(KeyError, match="RANK is not set"):
        dist.init_dist("pytorch")
    with pytest.raises(KeyError, match="MASTER_ADDR is not set: launcher 'mpi'"):
        dist.init_dist("mpi")
    with pytest.raises(RuntimeError, match="call init_dist first"):
        dist.init_local_group(0, 1)


def test_slurm_takes_a_port(launcher):
    variables = {"SLURM_PROCID": "0", "SLURM_NTASKS": "1", "SLURM_LOCALID": "0"}
    launcher(**variables, MASTER_ADDR="127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    dist.init_dist("slurm", backend="gloo", port=port)
    assert dist.is_distributed()
    assert os.environ["MASTER_PORT"] == str(port)
