"""efficient_conv_bn_eval: one convolution, the same numbers and gradients."""

from __future__ import annotations

import copy
import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn
from torch.utils._python_dispatch import TorchDispatchMode

from mmlight.logging import MMLogger
from mmlight.model import BaseModel
from mmlight.model.efficient_conv_bn_eval import (
    efficient_conv_bn_eval_control,
    turn_on_efficient_conv_bn_eval,
)
from tests.hooks.toy import runner_of


class Operations(TorchDispatchMode):
    """Counts what is called: convolutions and normalizations."""

    def __init__(self) -> None:
        super().__init__()
        self.called: list[str] = []

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        name = func.__name__.split(".")[0].replace("native_", "")
        if name in ("convolution", "batch_norm"):
            self.called.append("conv" if name == "convolution" else "bn")
        return func(*args, **kwargs or {})


def called(model: nn.Module, x: torch.Tensor) -> list[str]:
    with Operations() as operations:
        model(x)
    return operations.called


def seasoned(model: nn.Module) -> nn.Module:
    """Give normalizations statistics and weights that matter; the whole in eval mode."""
    torch.manual_seed(3)
    for module in model.modules():
        for name in ("weight", "bias", "running_mean", "running_var"):
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                tensor = getattr(module, name)
                if tensor is not None:
                    tensor.data.uniform_(0.5, 2)
    return model.eval()


def pair() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))


class Model(nn.Module):
    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x)


class Branching(Model):
    """No trace of it: which way it goes depends on numbers."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.body(x + 1 if x.sum() > 0 else x)


class Twice(nn.Module):
    """The output of its convolution has two uses."""

    def __init__(self) -> None:
        super().__init__()
        self.conv, self.bn = nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        return self.bn(y) + y


class Peeking(Twice):
    """A second use that a trace in eval mode does not see."""

    peek = False

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.conv(x)
        out = self.bn(y)
        return out + y.relu() if self.peek else out


@pytest.mark.parametrize(
    ("body", "channels", "dims"),
    [
        (pair(), 3, 2),
        (nn.Sequential(nn.Conv1d(4, 6, 3, bias=False), nn.BatchNorm1d(6)), 4, 1),
        (nn.Sequential(nn.Conv3d(4, 6, 3, stride=2), nn.BatchNorm3d(6, affine=False)), 4, 3),
        (nn.Sequential(nn.Conv2d(4, 6, 3, groups=2), nn.SyncBatchNorm(6)), 4, 2),
        (
            nn.Sequential(nn.Conv2d(3, 6, 3, 1, 1, padding_mode="circular"), nn.BatchNorm2d(6)),
            3,
            2,
        ),
        (Branching(pair()), 3, 2),
    ],
)
def test_one_convolution_gives_the_same_output_and_gradients(
    body: nn.Module, channels: int, dims: int
) -> None:
    usual = seasoned(Model(copy.deepcopy(body)))
    joined = copy.deepcopy(usual)
    assert turn_on_efficient_conv_bn_eval(joined, "body") is None
    assert list(joined.state_dict()) == list(usual.state_dict())
    x = torch.randn(2, channels, *[7] * dims, generator=torch.Generator().manual_seed(1))
    assert called(usual, x) == ["conv", "bn"]
    assert called(joined, x) == ["conv"]
    usual(x).square().sum().backward()
    joined(x).square().sum().backward()
    torch.testing.assert_close(joined(x), usual(x))
    for ours, theirs in zip(joined.parameters(), usual.parameters(), strict=True):
        assert theirs.grad is not None and theirs.grad.abs().sum() > 0
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-3)


def test_in_train_mode_the_two_run_as_usual() -> None:
    usual = seasoned(Model(pair())).train()
    joined = copy.deepcopy(usual)
    turn_on_efficient_conv_bn_eval(joined, ["body"])
    x = torch.randn(2, 3, 5, 5)
    assert called(joined, x) == called(usual, x) == ["conv", "bn"]
    for name, value in usual.state_dict().items():
        assert torch.equal(joined.state_dict()[name], value)
    joined.body[1].eval()  # frozen in a model that trains
    assert called(joined, x) == ["conv"]


def test_an_output_with_another_use_is_computed() -> None:
    x = torch.randn(2, 3, 5, 5)
    for body in (Twice(), Peeking()):
        usual = seasoned(Model(body))
        joined = copy.deepcopy(usual)
        turn_on_efficient_conv_bn_eval(joined, "body")
        usual.body.peek = joined.body.peek = True
        torch.testing.assert_close(joined(x), usual(x))
        assert joined(x).shape == (2, 4, 3, 3)


def test_a_convolution_called_from_elsewhere_gives_its_own_output() -> None:
    usual = seasoned(Model(pair()))
    joined = copy.deepcopy(usual)
    turn_on_efficient_conv_bn_eval(joined, "body")
    x = torch.randn(2, 3, 5, 5)
    alone = joined.body[0](x)
    assert alone.shape == (2, 4, 3, 3)
    torch.testing.assert_close(alone + 0, usual.body[0](x))
    other = nn.BatchNorm2d(4).eval()
    torch.testing.assert_close(other(joined.body[0](x)), other(usual.body[0](x)))


def test_without_running_statistics_the_two_run_as_usual() -> None:
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, track_running_stats=False))
    model = Model(body).eval()
    x = torch.randn(2, 3, 5, 5)
    before = model(x)
    turn_on_efficient_conv_bn_eval(model, "body")
    assert torch.equal(model(x), before)
    assert torch.equal(efficient_conv_bn_eval_control(body[1], body[0], x), before)


def test_a_transposed_convolution_runs_as_usual_which_is_said() -> None:
    model = seasoned(Model(nn.Sequential(nn.ConvTranspose2d(3, 4, 3), nn.BatchNorm2d(4))))
    before = model(torch.ones(1, 3, 5, 5))
    said: list[str] = []
    logger = MMLogger.get_instance("efficient_conv_bn_eval")
    handler = logging.Handler()
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger.addHandler(handler)
    turn_on_efficient_conv_bn_eval(model, "body")
    assert torch.equal(model(torch.ones(1, 3, 5, 5)), before)
    (message,) = said
    assert "'body' has no convolution that a batch normalization follows" in message


def test_copies_use_their_own_weights() -> None:
    model = seasoned(Model(pair()))
    turn_on_efficient_conv_bn_eval(model, "body")
    other = copy.deepcopy(model)
    with torch.no_grad():
        other.body[0].weight.zero_()
        other.body[0].bias.zero_()
    x = torch.randn(2, 3, 5, 5)
    assert called(other, x) == ["conv"]
    assert not torch.allclose(other(x), model(x))
    turn_on_efficient_conv_bn_eval(model, "body")  # a second time changes nothing
    assert called(model, x) == ["conv"]


@pytest.mark.parametrize("names", ["bodi", ["body", "bodi"], ""])
def test_an_unknown_name_is_an_error(names: Any) -> None:
    with pytest.raises(AttributeError, match="has no module"):
        turn_on_efficient_conv_bn_eval(Model(pair()), names)


def test_names_are_strings() -> None:
    with pytest.raises(TypeError, match="name or a list of names, but got 3"):
        turn_on_efficient_conv_bn_eval(Model(pair()), 3)  # type: ignore[arg-type]


class Frozen(BaseModel):
    """Trains with the statistics of its normalization frozen."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.backbone: Any = seasoned(pair())

    def train(self, mode: bool = True) -> Frozen:
        super().train(mode)
        self.backbone[1].eval()
        return self

    def forward(self, inputs: torch.Tensor, mode: str = "tensor") -> Any:
        return {"loss": self.backbone(inputs[:, :, None, None].expand(-1, -1, 4, 4)).mean()}


def test_the_config_key_is_for_training(tmp_path: Path) -> None:
    trained = []
    for extra in ({}, {"efficient_conv_bn_eval": ["backbone"]}):
        runner = runner_of(tmp_path, model=Frozen(), default_hooks={"logger": None}, **extra)
        with Operations() as operations:
            runner.train()
        trained.append((operations.called, runner.model))
    (usual, one), (joined, other) = trained
    assert usual == ["conv", "bn"] * 12
    assert joined == ["conv"] * 12
    for name, value in one.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value)


def test_a_wrong_config_is_an_error(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, model=Frozen(), efficient_conv_bn_eval=["backbon"])
    with pytest.raises(AttributeError, match=r"Frozen has no module 'backbon'.*backbone"):
        runner.train()
