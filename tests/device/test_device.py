import sys
import types

import pytest
import torch

from mmlight import device

VENDORS = ["mlu", "npu", "musa", "dipu"]


def test_the_device_is_one_that_torch_has():
    name = device.get_device()
    if torch.cuda.is_available():
        assert name == "cuda"
    elif not torch.backends.mps.is_available():
        assert name == "cpu"
    torch.zeros(1, device=name)


def test_the_questions_agree_with_torch():
    assert device.is_cuda_available() == torch.cuda.is_available()
    assert device.is_mps_available() == torch.backends.mps.is_available()


@pytest.mark.parametrize("vendor", VENDORS)
def test_a_vendor_counts_once_its_extension_is_imported(vendor, monkeypatch):
    is_there = getattr(device, f"is_{vendor}_available")
    assert is_there() is False
    extension = types.SimpleNamespace(is_available=lambda: True)
    # What `import torch_npu` and the like do.
    monkeypatch.setattr(torch, vendor, extension, raising=False)
    assert is_there() is True
    if not torch.cuda.is_available():
        assert device.get_device() == vendor
    extension.is_available = lambda: False
    assert is_there() is False


@pytest.mark.parametrize(("version", "expected"), [(104, False), (220, True)])
def test_full_precision_of_an_npu(version, expected, monkeypatch):
    assert device.is_npu_support_full_precision() is False
    utils = types.SimpleNamespace(get_soc_version=lambda: version)
    extension = types.SimpleNamespace(is_available=lambda: True, utils=utils)
    monkeypatch.setattr(torch, "npu", extension, raising=False)
    assert device.is_npu_support_full_precision() is expected


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_max_cuda_memory_in_megabytes():
    before = device.get_max_cuda_memory()
    block = torch.empty(64 * 2**20, dtype=torch.uint8, device="cuda")
    after = device.get_max_cuda_memory(torch.device("cuda", 0))
    del block
    assert isinstance(after, int)
    assert after >= max(before, 64)
    assert device.get_max_cuda_memory() == after


def test_max_musa_memory_asks_the_extension(monkeypatch):
    extension = types.SimpleNamespace(max_memory_allocated=lambda device: 5 * 2**20 + 1)
    monkeypatch.setattr(torch, "musa", extension, raising=False)
    assert device.get_max_musa_memory() == 5


def test_no_vendor_package_is_imported():
    assert not {"torch_npu", "torch_mlu", "torch_musa"} & sys.modules.keys()
