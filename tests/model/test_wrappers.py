"""Wrapped models with two gloo processes, which two_processes.py starts once."""

import pickle

import pytest
import torch
import torch.multiprocessing as mp
from torch import nn

from mmlight.logging import MessageHub
from mmlight.model import (
    MMDistributedDataParallel,
    MMFullyShardedDataParallel,
    is_model_wrapper,
)
from mmlight.registry import MODEL_WRAPPERS, Registry
from tests.model import two_processes
from tests.model.two_processes import DATA, Regression, TwoParts, batch, optim_wrappers, sgd


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wrappers")
    mp.spawn(two_processes.run, args=(str(folder),), nprocs=2)
    return [pickle.loads((folder / f"results_{rank}.pkl").read_bytes()) for rank in (0, 1)]


def alone(model, optim_wrapper):
    """Weights and predictions after the same three steps on the whole batch in one process."""
    for _ in range(3):
        model.train_step(batch(0, 1), optim_wrapper)
    return model.state_dict(), torch.stack(model.val_step({"inputs": DATA}))


def close(weights, expected):
    assert weights.keys() == expected.keys()
    for name, value in weights.items():
        torch.testing.assert_close(torch.tensor(value), expected[name])


def test_ddp_trains_like_one_process(ranks):
    model = Regression()
    expected, predictions = alone(model, sgd(model))
    for weights, logged, (val, test) in (rank["ddp"] for rank in ranks):
        close(weights, expected)
        assert logged == ["loss"]
        torch.testing.assert_close(torch.stack(val).cpu(), predictions)
        torch.testing.assert_close(torch.stack(test).cpu(), predictions)


def test_separate_ddp_trains_its_parts_by_turns(ranks):
    model = TwoParts()
    expected, predictions = alone(model, optim_wrappers(model))
    for weights, kinds, modes, sync, (val, test) in (rank["separate"] for rank in ranks):
        close(weights, expected)
        wrapped = "MMDistributedDataParallel"
        assert kinds == ["BaseDataPreprocessor", wrapped, wrapped, "Linear"]
        assert modes == {False}
        assert sync == [False, False]
        torch.testing.assert_close(torch.stack(val).cpu(), predictions)
        torch.testing.assert_close(torch.stack(test).cpu(), predictions)


def test_fsdp_shares_the_parameters_and_trains_like_one_process(ranks):
    model = Regression()
    expected, predictions = alone(model, sgd(model))
    total = sum(param.numel() for param in model.parameters())
    assert sum(rank["fsdp"][2] for rank in ranks) == total
    for weights, units, _, (val, test) in (rank["fsdp"] for rank in ranks):
        assert units == 3
        close(
            {name.replace("_fsdp_wrapped_module.", ""): v for name, v in weights.items()}, expected
        )
        torch.testing.assert_close(torch.stack(val).cpu(), predictions)
        torch.testing.assert_close(torch.stack(test).cpu(), predictions)


@pytest.mark.parametrize("number", range(len(two_processes.CLIPS)))
def test_fsdp_clips_by_the_norm_of_the_whole_gradients(ranks, number):
    model = Regression()
    optim_wrapper = sgd(model, clip_grad=two_processes.CLIPS[number])
    optim_wrapper.message_hub = MessageHub.get_instance(f"alone{number}")
    expected, _ = alone(model, optim_wrapper)
    logged = optim_wrapper.message_hub.log_scalars.get("train/grad_norm")
    for weights, norms in (rank["fsdp_clips"][number] for rank in ranks):
        close(weights, expected)
        assert norms == pytest.approx([] if logged is None else logged.data[0].tolist())


def test_the_state_of_fsdp_is_that_of_one_process(ranks):
    model = Regression()
    states = [{name: value.clone() for name, value in model.state_dict().items()}]
    model.load_state_dict({name: 2 * value for name, value in states[0].items()})
    states.append({name: value.clone() for name, value in model.state_dict().items()})
    model.train_step(batch(0, 1), sgd(model))
    states.append(model.state_dict())
    for rank in ranks:
        for state, expected in zip(rank["fsdp_state"], states, strict=True):
            close(state, expected)


def test_fsdp_goes_on_between_two_updates(ranks):
    model = Regression()
    optim_wrapper = sgd(model, accumulative_counts=3)
    for _ in range(2):
        expected, _ = alone(model, optim_wrapper)
    for weights, resumed, _ in (rank["fsdp_resumes"] for rank in ranks):
        close(weights, expected)
        assert resumed == weights
    total = sum(param.numel() for param in model.parameters())
    assert sum(rank["fsdp_resumes"][2] for rank in ranks) == total


def test_torchmetrics_leave_out_what_the_sampler_repeated(ranks):
    for rank in ranks:
        assert rank["torchmetric"] == [
            {"MeanMetric": 2.0, "MaxMetric": 4.0},
            {"MeanMetric": 2.5, "MaxMetric": 5.0},
            {"MeanMetric": 0.0, "MaxMetric": 0.0},
        ]


def test_metrics_are_computed_from_the_samples_of_both(ranks):
    for rank in ranks:
        assert rank["metric"] == [
            {f"{device}/sum": 10, f"{device}/order": [0, 1, 2, 3, 4]} for device in ("cpu", "gpu")
        ]


@pytest.fixture
def group():
    dist = torch.distributed
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_wrappers_are_recognised(group):
    assert is_model_wrapper(MMDistributedDataParallel(nn.Linear(1, 1)))
    assert is_model_wrapper(nn.parallel.DistributedDataParallel(nn.Linear(1, 1)))
    assert not is_model_wrapper(nn.Sequential(nn.Linear(1, 1)))


def test_wrappers_of_a_child_registry_are_recognised():
    child = Registry("child wrapper", parent=MODEL_WRAPPERS, scope="tests_model")

    @child.register_module()
    class Wrapper(nn.Module):
        pass

    assert is_model_wrapper(Wrapper())
    assert is_model_wrapper(Wrapper(), registry=child)
    assert not is_model_wrapper(nn.DataParallel(nn.Linear(1, 1)), registry=child)


def test_all_wrappers_are_registered():
    names = ["MMDistributedDataParallel", "MMSeparateDistributedDataParallel"]
    names += ["MMFullyShardedDataParallel", "DistributedDataParallel", "DataParallel"]
    assert all(MODEL_WRAPPERS.get(name) for name in names)


@pytest.mark.parametrize(
    ("kwargs", "error", "message"),
    [
        ({"cpu_offload": 3}, TypeError, "`cpu_offload` should be None, bool or CPUOffload"),
        ({"backward_prefetch": 3}, TypeError, "`backward_prefetch` should be None, Backward"),
        ({"backward_prefetch": "pre"}, ValueError, r"\['BACKWARD_PRE', 'BACKWARD_POST'\]"),
        ({"fsdp_auto_wrap_policy": 3}, TypeError, "`fsdp_auto_wrap_policy` should be None, a str"),
        ({"fsdp_auto_wrap_policy": "nope"}, ValueError, "'nope' is not in the registry"),
        ({"sharding_strategy": "HALF"}, ValueError, "FULL_SHARD"),
        ({"mixed_precision": 3}, TypeError, "None, dict or MixedPrecision"),
        ({"param_init_fn": "nope"}, ValueError, "'nope' is not in the registry"),
    ],
)
def test_wrong_arguments_of_fsdp(group, kwargs, error, message):
    with pytest.raises(error, match=message):
        MMFullyShardedDataParallel(nn.Linear(1, 1), **kwargs)


def test_fsdp_takes_plain_values_as_a_config_has_them(group):
    model = MODEL_WRAPPERS.build(
        {
            "type": "MMFullyShardedDataParallel",
            "module": Regression(),
            "cpu_offload": False,
            "sharding_strategy": "NO_SHARD",
            "backward_prefetch": "BACKWARD_POST",
            "auto_wrap_policy": "always_wrap_policy",
            "mixed_precision": {"param_dtype": "bfloat16"},
            "device_id": torch.device("cpu"),  # where the group works
        }
    )
    assert model(DATA)[0].dtype == torch.bfloat16


def test_data_that_cannot_be_passed_on(group):
    model = MMDistributedDataParallel(Regression())
    with pytest.raises(TypeError, match="should be list, tuple or dict, but got"):
        model.train_step(torch.ones(1), sgd(model))
