"""What a checkpoint may hold is on a list of our own, the same with each version of torch."""

from __future__ import annotations

import collections
import datetime
import pathlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from mmlight.fileio.checkpoint_file import CheckpointFileError, read_checkpoint


def parameter_with_attribute() -> nn.Parameter:
    parameter = nn.Parameter(torch.ones(2), requires_grad=False)
    parameter.note = "mine"
    return parameter


def ordered_with_metadata() -> collections.OrderedDict:
    state = nn.Linear(2, 1).state_dict()
    assert state._metadata
    return state


VALUES: dict[str, Any] = {
    "set": {1, "a", (2, 3)},
    "frozenset": frozenset({1, 2}),
    "Counter": collections.Counter("abba"),
    "defaultdict": collections.defaultdict(list, {"a": [1]}),
    "OrderedDict": collections.OrderedDict(a=1),
    "bytes": b"\x00\xff",
    "no bytes": b"",
    "bytearray": bytearray(b"\x00\xff"),
    "complex": 1 + 2j,
    "range": range(1, 9, 3),
    "slice": slice(1, None, 2),
    "long": 2**200,
    "datetime": datetime.datetime(2026, 11, 26, 15, 0, 1, 7),
    "timedelta": datetime.timedelta(days=1, seconds=2),
    "path": pathlib.PurePosixPath("a/b"),
    "Size": torch.Size([1, 2]),
    "device": torch.device("cuda", 1),
    "dtype": torch.bfloat16,
    "layout": torch.sparse_csr,
    "np.dtype": np.dtype(">f4"),
}
TENSORS: dict[str, Any] = {
    "bfloat16": torch.arange(3, dtype=torch.bfloat16),
    "bool": torch.tensor([True, False]),
    "number": torch.tensor(3),
    "empty": torch.empty(0, 4),
    "part": torch.arange(10.0)[2:8:2],
    "empty part": torch.arange(10.0)[10:],
    "transposed": torch.arange(6.0).reshape(2, 3).t(),
    "expanded": torch.ones(1, 3).expand(4, 3),
    "conjugate": torch.tensor([1 + 2j]).conj(),
    "parameter": nn.Parameter(torch.ones(2)),
    "parameter with an attribute": parameter_with_attribute(),
}
SPARSE: dict[str, torch.Tensor] = {
    "coalesced": torch.eye(3).to_sparse(),
    "with repeats": torch.sparse_coo_tensor([[0, 0]], [1.0, 2.0], (2,)),
    "csr": torch.eye(3).to_sparse_csr(),
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", VALUES)
def test_value(name: str, zipped: bool, tmp_path: Path) -> None:
    torch.save(VALUES[name], tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(tmp_path / "a.pth")
    assert read == VALUES[name] and type(read) is type(VALUES[name])


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", TENSORS)
def test_tensor(name: str, zipped: bool, tmp_path: Path) -> None:
    value = TENSORS[name]
    torch.save(value, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(tmp_path / "a.pth")
    assert (type(read), read.dtype, read.shape) == (type(value), value.dtype, value.shape)
    assert torch.equal(read, value)
    assert read.requires_grad == value.requires_grad
    assert getattr(read, "note", None) == getattr(value, "note", None)


@pytest.mark.parametrize("name", SPARSE)
def test_sparse(name: str, tmp_path: Path) -> None:
    torch.save(SPARSE[name], tmp_path / "a.pth")
    read = read_checkpoint(tmp_path / "a.pth")
    assert read.layout == SPARSE[name].layout
    assert torch.equal(read.to_dense(), SPARSE[name].to_dense())
    torch.save(SPARSE[name], tmp_path / "a.pth", _use_new_zipfile_serialization=False)
    with pytest.raises(CheckpointFileError, match="a sparse tensor in the format of torch before"):
        read_checkpoint(tmp_path / "a.pth")


def test_quantized_and_meta(tmp_path: Path) -> None:
    values = [
        torch.quantize_per_tensor(torch.arange(4.0), 0.5, 1, torch.quint8),
        torch.empty(2, 3, device="meta"),
    ]
    torch.save(values, tmp_path / "a.pth")
    quantized, meta = read_checkpoint(tmp_path / "a.pth")
    assert torch.equal(quantized.dequantize(), values[0].dequantize())
    assert (meta.device.type, meta.shape) == ("meta", (2, 3))


@pytest.mark.parametrize("zipped", [True, False])
def test_storages_stay_shared_and_metadata_is_kept(zipped: bool, tmp_path: Path) -> None:
    base = torch.arange(6.0)
    value = {"a": base, "b": base[2:4], "state": ordered_with_metadata()}
    torch.save(value, tmp_path / "a.pth", _use_new_zipfile_serialization=zipped)
    read = read_checkpoint(tmp_path / "a.pth")
    read["a"][2] = 100
    assert read["b"].tolist() == [100, 3]
    assert read["state"]._metadata == value["state"]._metadata


def test_optimizer_and_scheduler(tmp_path: Path) -> None:
    model = nn.Linear(2, 1)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    torch.save(optimizer.state_dict(), tmp_path / "a.pth")
    read = read_checkpoint(tmp_path / "a.pth")
    torch.optim.AdamW(model.parameters()).load_state_dict(read)
    assert read["param_groups"] == optimizer.state_dict()["param_groups"]


def test_nothing_is_asked_of_the_list_of_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("safe_globals", "add_safe_globals"):  # which came with torch 2.4 and 2.5
        monkeypatch.delattr(torch.serialization, name)
    monkeypatch.setattr("torch._weights_only_unpickler._get_allowed_globals", dict)
    torch.save([VALUES["set"], TENSORS["parameter"], np.ones(2)], tmp_path / "a.pth")
    items, parameter, array = read_checkpoint(tmp_path / "a.pth")
    assert items == VALUES["set"]
    assert parameter.tolist() == array.tolist() == [1, 1]


class Mine:
    """A type of the user's."""

    def __init__(self) -> None:
        self.size = 3


def test_types_that_the_user_calls_safe(tmp_path: Path) -> None:
    torch.save(Mine(), tmp_path / "a.pth")
    with pytest.raises(CheckpointFileError, match=r"test_safe_types\.Mine"):
        read_checkpoint(tmp_path / "a.pth")
    known = torch.serialization.get_safe_globals()
    torch.serialization.add_safe_globals([Mine])
    try:
        assert read_checkpoint(tmp_path / "a.pth").size == 3
    finally:
        torch.serialization.clear_safe_globals()
        torch.serialization.add_safe_globals(known)


def test_a_variable_that_keeps_torch_from_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.save({}, tmp_path / "a.pth")
    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
    with pytest.raises(CheckpointFileError, match="TORCH_FORCE_WEIGHTS_ONLY_LOAD"):
        read_checkpoint(tmp_path / "a.pth")
