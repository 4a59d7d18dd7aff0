import importlib

import numpy as np
import pytest
import torch
from torch import nn

from mmlight.utils.dl_utils import (
    TORCH_VERSION,
    has_batch_norm,
    is_jit_tracing,
    is_norm,
    mmcv_full_available,
    tensor2imgs,
    torch_meshgrid,
)
from mmlight.utils.dl_utils.parrots_wrapper import SyncBatchNorm, _BatchNorm, _InstanceNorm

NORMS = [
    nn.BatchNorm1d(2),
    nn.BatchNorm2d(2),
    nn.SyncBatchNorm(2),
    nn.GroupNorm(1, 2),
    nn.LayerNorm(2),
    nn.InstanceNorm2d(2),
]


@pytest.mark.parametrize("layer", NORMS, ids=lambda layer: type(layer).__name__)
def test_is_norm(layer):
    assert is_norm(layer)
    assert not is_norm(layer, exclude=type(layer))
    assert not is_norm(layer, exclude=(nn.Linear, type(layer)))
    assert is_norm(layer, exclude=(nn.Linear,))


def test_is_norm_of_other_layers_and_arguments():
    assert not is_norm(nn.Linear(1, 1))
    assert not is_norm(nn.LocalResponseNorm(2))
    for exclude in (3, ("a",), [nn.BatchNorm2d]):
        with pytest.raises(TypeError, match='"exclude" must be None, a type or a tuple of types'):
            is_norm(NORMS[0], exclude=exclude)


def test_has_batch_norm():
    assert [has_batch_norm(nn.Sequential(nn.Sequential(layer))) for layer in NORMS] == (
        [True] * 3 + [False] * 3
    )
    assert has_batch_norm(NORMS[0])
    assert not has_batch_norm(nn.Linear(1, 1))


def test_mmcv_full_available(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    package = tmp_path / "mmcv"
    package.mkdir()
    (package / "__init__.py").touch()
    assert mmcv_full_available() is False
    (package / "_ext.py").touch()
    importlib.invalidate_caches()
    assert mmcv_full_available() is True


def test_tensor2imgs_undoes_the_normalization():
    images = np.random.RandomState(0).randint(0, 256, (2, 4, 5, 3)).astype(np.float32)
    mean, std = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
    normalized = (images - np.float32(mean)) / np.float32(std)
    tensor = torch.tensor(normalized.transpose(0, 3, 1, 2), requires_grad=True)
    for to_bgr in (False, True):
        results = tensor2imgs(tensor, mean, std, to_bgr=to_bgr)
        for result, image in zip(results, images, strict=True):
            assert result.dtype == np.float32 and result.flags["C_CONTIGUOUS"]
            np.testing.assert_allclose(result, image[..., ::-1] if to_bgr else image, atol=1e-3)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.uint8])
def test_tensor2imgs_keeps_the_type(dtype):
    tensor = torch.tensor([[[[1]], [[2]], [[3]]]], dtype=dtype)
    (image,) = tensor2imgs(tensor, mean=[1, 1, 1], std=[2, 2, 2])
    assert image.tolist() == [[[7, 5, 3]]]
    assert torch.from_numpy(image).dtype == dtype


def test_tensor2imgs_of_gray_images():
    results = tensor2imgs(torch.ones(2, 1, 3, 4), mean=(1,), std=(2,), to_bgr=False)
    assert [(image.shape, image.max()) for image in results] == [((3, 4, 1), 3.0)] * 2
    assert np.array_equal(tensor2imgs(torch.ones(1, 1, 3, 4), to_bgr=False)[0], np.ones((3, 4, 1)))


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((np.zeros((1, 3, 2, 2)),), r"tensor should be a torch.Tensor .*ndarray"),
        ((torch.zeros(3, 2, 2),), r"shape \(N, 3 or 1, H, W\), but got \(3, 2, 2\)"),
        ((torch.zeros(1, 2, 2, 2),), r"but got \(1, 2, 2, 2\)"),
        ((torch.zeros(1, 1, 2, 2),), "to_bgr should be False"),
        ((torch.zeros(1, 3, 2, 2), (1,)), "mean should have a value for each of 3 channels"),
        ((torch.zeros(1, 3, 2, 2), None, (1, 1)), "std should have a value for each of 3"),
    ],
)
def test_tensor2imgs_says_what_does_not_fit(args, message):
    with pytest.raises(AssertionError, match=message):
        tensor2imgs(*args)


def test_torch_meshgrid():
    rows, columns = torch_meshgrid(torch.arange(2), torch.arange(3))
    assert rows.tolist() == [[0, 0, 0], [1, 1, 1]]
    assert columns.tolist() == [[0, 1, 2], [0, 1, 2]]


def test_is_jit_tracing():
    seen = []

    def double(x):
        seen.append(is_jit_tracing())
        return x * 2

    torch.jit.trace(double, torch.ones(1), check_trace=False)
    double(torch.ones(1))
    assert seen == [True, False]


def test_names_that_other_packages_import():
    assert torch.__version__ == TORCH_VERSION and TORCH_VERSION >= (2, 0)
    assert issubclass(nn.BatchNorm2d, _BatchNorm)
    assert issubclass(nn.InstanceNorm2d, _InstanceNorm)
    assert SyncBatchNorm is nn.SyncBatchNorm
