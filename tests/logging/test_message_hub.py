"""MessageHub: values, information, and a state that any loader may read."""

from __future__ import annotations

import io
import threading
from collections import OrderedDict
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from mmlight.logging import HistoryBuffer, MessageHub
from tests.logging.test_history_buffer import HostReads


@pytest.fixture
def hub() -> MessageHub:
    return MessageHub("test")


@pytest.mark.parametrize(
    "value",
    [1, 0.5, True, torch.tensor(0.5), torch.tensor([[0.5]]), np.array([0.5]), np.float32(0.5)],
)
def test_one_number_of_any_kind_is_logged(hub: MessageHub, value) -> None:
    hub.update_scalar("loss", value)
    hub.update_scalar("loss", value, count=2)
    assert hub.get_scalar("loss").data[0].tolist() == [float(np.asarray(value).item())] * 2
    assert hub.get_scalar("loss").data[1].tolist() == [1, 2]


@pytest.mark.parametrize("value", ["1", None, [1], torch.ones(2), np.ones(2)])
@pytest.mark.parametrize("first", [True, False])
def test_anything_else_is_refused_by_name(hub: MessageHub, value, first: bool) -> None:
    if not first:
        hub.update_scalar("loss", 1.0)
    with pytest.raises(AssertionError, match="the value of 'loss' must be a number"):
        hub.update_scalar("loss", value)
    with pytest.raises(AssertionError, match="the count of 'loss' must be a number"):
        hub.update_scalar("loss", 1.0, count=value)
    assert ("loss" in hub.log_scalars) is not first


def test_count_may_be_a_tensor_or_an_array(hub: MessageHub) -> None:
    hub.update_scalar("loss", 6.0, count=torch.tensor(2))
    hub.update_scalar("loss", 3.0, count=np.array([1]))
    assert hub.get_scalar("loss").mean() == 3


def test_update_scalars(hub: MessageHub) -> None:
    hub.update_scalars({"a": 1, "b": {"value": torch.tensor(4.0), "count": 2}, "c": {"value": 5}})
    assert hub.get_scalar("b").mean() == 2
    assert hub.get_scalar("c").current() == 5
    with pytest.raises(AssertionError, match="'value'"):
        hub.update_scalars({"a": {"count": 1}})
    with pytest.raises(AssertionError, match="log_dict must be a dict"):
        hub.update_scalars([1])  # type: ignore[arg-type]


def test_resumed_must_not_change(hub: MessageHub) -> None:
    hub.update_scalar("loss", 1)
    hub.update_info("iter", 1, resumed=False)
    with pytest.raises(AssertionError, match="loss"):
        hub.update_scalar("loss", 3, resumed=False)
    with pytest.raises(AssertionError, match="iter"):
        hub.update_info("iter", 3)
    assert hub.get_scalar("loss").data[0].tolist() == [1] and hub.get_info("iter") == 1


def test_information(hub: MessageHub) -> None:
    hub.update_info_dict({"iter": 1, "meta": {"classes": ["a"]}})
    hub.get_info("meta")["classes"].append("b")
    hub.runtime_info["iter"] = 7
    assert hub.get_info("meta") == {"classes": ["a"]} and hub.get_info("iter") == 1
    assert hub.get_info("epoch") is None and hub.get_info("epoch", 3) == 3
    assert hub.pop_info("iter") == 1 and hub.pop_info("iter", 0) == 0
    with pytest.raises(AssertionError, match="info_dict must be a dict"):
        hub.update_info_dict([1])  # type: ignore[arg-type]


def test_information_that_cannot_be_copied_is_shared(hub: MessageHub, capsys) -> None:
    lock = threading.Lock()
    hub.update_info("lock", lock)
    assert hub.get_info("lock") is lock
    assert "lock in the message hub cannot be copied" in capsys.readouterr().out


def test_an_unknown_scalar_says_which_there_are(hub: MessageHub) -> None:
    hub.update_scalar("train/loss", 1)
    with pytest.raises(KeyError, match=r"no scalar 'loss'.*train/loss"):
        hub.get_scalar("loss")


def test_constructor_checks_its_arguments() -> None:
    with pytest.raises(TypeError, match="log_scalars must be a dict"):
        MessageHub("a", log_scalars=[1])  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match=r"log_scalars\['loss'\] must be a HistoryBuffer"):
        MessageHub("a", log_scalars={"loss": 1})
    with pytest.raises(AssertionError, match="'loss'"):
        MessageHub("a", resumed_keys={"loss": True})
    hub = MessageHub(
        "a",
        OrderedDict(loss=HistoryBuffer([1.0], [1])),
        OrderedDict(task="x"),
        OrderedDict(loss=True),
    )
    assert hub.get_scalar("loss").current() == 1 and hub.get_info("task") == "x"


def test_the_current_instance_is_the_latest() -> None:
    assert MessageHub.get_current_instance().instance_name == "mmengine"
    latest = MessageHub.get_instance("latest")
    assert MessageHub.get_current_instance() is latest


def test_flush_gives_each_new_value_once_and_reads_once(hub: MessageHub) -> None:
    for step in range(300):
        hub.update_scalar("loss", torch.tensor(float(step)))
        hub.update_scalar("time", 0.5)
        hub.update_scalar("norm", torch.tensor([2.0 * step]))
    with HostReads() as reads:
        new = hub.flush()
    assert reads.count == 0
    assert new["loss"].tolist() == list(range(300))
    assert new["norm"].tolist() == list(range(0, 600, 2))
    assert new["time"].tolist() == [0.5] * 300
    assert hub.flush() == {}
    hub.update_scalar("loss", torch.tensor(float("nan")))
    assert np.isnan(hub.flush()["loss"]).all()


def test_flush_gives_what_a_statistic_has_read_meanwhile(hub: MessageHub) -> None:
    hub.update_scalar("loss", torch.tensor(1.0))
    assert hub.get_scalar("loss").mean() == 1
    hub.update_scalar("loss", 2.0)
    assert hub.flush()["loss"].tolist() == [1.0, 2.0]


def test_the_state_is_plain_and_comes_back(hub: MessageHub) -> None:
    for step in range(300):
        hub.update_scalar("loss", torch.tensor(step / 3), count=step % 3 + 1)
    hub.update_scalar("secret", 1.0, resumed=False)
    info = {
        "iter": 300,
        "meta": {"palette": np.arange(6).reshape(2, 3), "classes": ("a", "b"), "weights": {1, 2}},
        "score": np.float64(0.5),
        "best": torch.ones(2),
    }
    hub.update_info_dict(info)
    file = io.BytesIO()
    torch.save(hub.state_dict(), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    assert set(state["resumed_keys"]) == {"loss", *info}

    other = MessageHub("other")
    other.update_scalar("loss", 7.0)
    other.load_state_dict(state)
    for mine, theirs in zip(hub.get_scalar("loss").data, other.get_scalar("loss").data):
        assert np.array_equal(mine, theirs)
    meta = other.get_info("meta")
    assert np.array_equal(meta["palette"], info["meta"]["palette"])
    assert isinstance(meta["palette"], np.ndarray)
    assert meta["classes"] == ("a", "b") and meta["weights"] == {1, 2}
    assert other.get_info("score") == 0.5 and torch.equal(other.get_info("best"), torch.ones(2))
    assert "secret" not in other.log_scalars
    with pytest.raises(AssertionError):
        other.update_scalar("loss", 1.0, resumed=False)


def test_the_state_is_a_copy(hub: MessageHub) -> None:
    hub.update_scalar("loss", 1.0)
    hub.update_info("best", torch.ones(1))
    state = hub.state_dict()
    hub.update_scalar("loss", 2.0)
    hub._runtime_info["best"].zero_()
    other = MessageHub("other")
    other.load_state_dict(state)
    assert other.get_scalar("loss").data[0].tolist() == [1.0]
    assert state["runtime_info"]["best"].tolist() == [1.0]


def test_counts_that_are_not_whole_are_kept(hub: MessageHub) -> None:
    hub.update_scalar("loss", 1.0, count=2.5)
    other = MessageHub("other")
    other.load_state_dict(hub.state_dict())
    assert other.get_scalar("loss").data[1].tolist() == [2.5]


def test_whole_numbers_stay_whole(hub: MessageHub) -> None:
    # A log line shows 3 as 3 and 3.0 as 3.0000, before a resume and after it.
    hub.update_scalar("boxes", 2**53 + 1)
    other = MessageHub("other")
    other.load_state_dict(hub.state_dict())
    assert other.get_scalar("boxes").current() == 2**53 + 1
    assert other.get_scalar("boxes").current().dtype == np.int64
    other.update_scalar("boxes", 0.5)
    assert other.get_scalar("boxes").current() == 0.5


def test_what_is_not_plain_is_left_out_of_the_state_and_said(hub: MessageHub, capsys) -> None:
    hub.update_info("hook", SimpleNamespace())
    assert hub.state_dict()["runtime_info"] == {}
    assert "hook in the message hub is left out of its state: SimpleNamespace" in (
        capsys.readouterr().out
    )


def test_reads_histories_of_a_foreign_checkpoint(hub: MessageHub, capsys) -> None:
    theirs = SimpleNamespace(
        _log_history=np.array([1.0, 2.0]), _count_history=np.array([1, 1]), max_length=5
    )
    state = {
        "log_scalars": {"loss": theirs, "broken": 3},
        "runtime_info": {"iter": 2},
        "resumed_keys": {"loss": True, "iter": True},
    }
    hub.load_state_dict(state)
    hub.update_scalar("loss", 3.0)
    assert hub.get_scalar("loss").data[0].tolist() == [1.0, 2.0, 3.0]
    assert hub.get_scalar("loss").max_length == 5
    assert "broken in the message hub's state is not a history" in capsys.readouterr().out
    assert theirs._log_history.tolist() == [1.0, 2.0]


def test_reads_histories_of_the_first_layout(hub: MessageHub) -> None:
    state = {
        "log_history": torch.tensor([0.1, 0.5], dtype=torch.float64),
        "count_history": torch.tensor([1, 3]),
        "max_length": 7,
    }
    hub.load_state_dict(
        {"log_scalars": {"loss": state}, "runtime_info": {}, "resumed_keys": {"loss": True}}
    )
    logs, counts = hub.get_scalar("loss").data
    assert logs.tolist() == [0.1, 0.5] and counts.tolist() == [1, 3]
    assert hub.get_scalar("loss").max_length == 7


def test_a_history_that_grows_without_bound_when_unpacked_is_not_resumed(
    hub: MessageHub, capsys
) -> None:
    hub.update_scalar("loss", 1.0)
    state = hub.state_dict()
    log = state["log_scalars"]["loss"]["log_history"]
    log["lengths"] = torch.tensor([2**62])
    other = MessageHub("other")
    other.load_state_dict(state)
    assert "loss" not in other.log_scalars
    assert "loss in the message hub's state is not a history" in capsys.readouterr().out


def test_loads_another_hub(hub: MessageHub) -> None:
    hub.update_scalar("loss", 1.0, resumed=False)
    other = MessageHub("other")
    other.load_state_dict(hub)
    other.update_scalar("loss", 2.0, resumed=False)
    assert hub.get_scalar("loss").data[0].tolist() == [1.0]
    assert other.get_scalar("loss").data[0].tolist() == [1.0, 2.0]


def test_a_state_that_is_none_is_refused(hub: MessageHub) -> None:
    with pytest.raises(TypeError, match="state_dict must be a dict or a MessageHub"):
        hub.load_state_dict(3)  # type: ignore[arg-type]
    with pytest.raises(AssertionError, match="'runtime_info'"):
        hub.load_state_dict({"log_scalars": {}})


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_is_not_waited_for(hub: MessageHub) -> None:
    weight = torch.ones(3, device="cuda", requires_grad=True)
    norm = torch.zeros((), device="cuda")
    torch.cuda.set_sync_debug_mode("error")
    try:
        for _ in range(1000):
            norm += 1
            hub.update_scalar("loss", (weight * 2).sum())
            hub.update_scalar("norm", norm)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    hub.update_scalar("loss", torch.tensor(0.5))
    new = hub.flush()
    assert new["loss"].tolist() == [6.0] * 1000 + [0.5]
    assert new["norm"].tolist() == list(range(1, 1001))


def test_values_of_inference_mode(hub: MessageHub) -> None:
    with torch.inference_mode():
        for step in range(300):
            hub.update_scalar("loss", torch.tensor(float(step)))
    hub.update_scalar("loss", torch.tensor(300.0))
    assert hub.flush()["loss"].tolist() == list(range(301))
