"""Synchronised batch normalization and back."""

import sys

import pytest
import torch
from torch import nn

from mmlight.model import convert_sync_batchnorm, revert_sync_batchnorm
from mmlight.optim import build_optim_wrapper
from mmlight.utils.dl_utils import mmcv_full_available


def trained(net):
    for _ in range(3):
        net(torch.randn(4, 3, 5, 5))
    return net


def test_there_and_back_gives_the_same_network():
    net = trained(nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(nn.BatchNorm2d(3))))
    net[1][0].eval()
    image = torch.randn(2, 3, 5, 5)
    expected, state, weight = net(image), net.state_dict(), net[1][0].weight
    converted = convert_sync_batchnorm(net)
    assert type(converted[1][0]) is nn.SyncBatchNorm
    reverted = revert_sync_batchnorm(converted)
    assert reverted is net
    assert not isinstance(reverted[1][0], nn.SyncBatchNorm)
    assert reverted[1][0].weight is weight
    assert not reverted[1][0].training
    assert torch.equal(reverted(image), expected)
    assert reverted.state_dict().keys() == state.keys()


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (2, 3, 4, 4), (2, 3, 2, 2, 2)])
def test_reverted_layers_take_any_number_of_dimensions(shape):
    layer = revert_sync_batchnorm(nn.SyncBatchNorm(3, affine=False, track_running_stats=False))
    assert layer.weight is None and layer.running_mean is None
    assert layer(torch.randn(shape)).shape == shape


def test_reverted_layers_refuse_a_vector():
    with pytest.raises(ValueError, match="expected at least 2D input"):
        revert_sync_batchnorm(nn.SyncBatchNorm(3))(torch.ones(3))


def test_other_layers_stay():
    net = nn.Sequential(nn.InstanceNorm2d(3), nn.BatchNorm2d(3))
    norm = net[0]
    assert revert_sync_batchnorm(convert_sync_batchnorm(net))[0] is norm


def test_implementations():
    with pytest.raises(ValueError, match='sync_bn should be "torch" or "mmcv", but got other'):
        convert_sync_batchnorm(nn.BatchNorm2d(1), "other")


def test_mmcv_is_asked_for_by_name():
    try:
        import mmcv.ops  # noqa: F401
    except ImportError:
        with pytest.raises(ModuleNotFoundError, match="needs the package mmcv"):
            convert_sync_batchnorm(nn.BatchNorm2d(1), "mmcv")
    else:
        layer = convert_sync_batchnorm(nn.BatchNorm2d(1), "mmcv")
        assert type(layer).__module__.startswith("mmcv")
        assert not isinstance(revert_sync_batchnorm(layer), type(layer))


def test_an_installed_mmcv_that_cannot_be_imported_is_left_alone(tmp_path, monkeypatch):
    package = tmp_path / "mmcv"
    package.mkdir()
    (package / "__init__.py").write_text("import mmengine_that_is_not_installed\n")
    (package / "_ext.py").write_text("")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "mmcv", raising=False)
    assert type(revert_sync_batchnorm(nn.SyncBatchNorm(3))).__name__ == "BatchNormXd"
    assert mmcv_full_available()
    cfg = {"optimizer": {"type": "SGD", "lr": 0.1}, "paramwise_cfg": {"bias_lr_mult": 2.0}}
    wrapper = build_optim_wrapper(nn.Conv2d(1, 1, 1), cfg)
    assert [group["lr"] for group in wrapper.param_groups][:2] == [0.1, 0.2]
    assert "mmcv" not in sys.modules
