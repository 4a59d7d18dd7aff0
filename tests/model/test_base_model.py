"""Steps of a model, and its losses."""

from collections import OrderedDict
from contextlib import contextmanager

import pytest
import torch
from torch import nn

from mmlight.model import BaseDataPreprocessor, BaseModel, ImgDataPreprocessor
from mmlight.optim import OptimWrapper


class Regression(BaseModel):
    """Tells what it was called with."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.fc = nn.Linear(2, 1, bias=False)
        self.calls = []

    def forward(self, inputs, data_samples=None, mode="tensor"):
        self.calls.append((mode, torch.is_grad_enabled()))
        out = self.fc(inputs)
        if mode == "loss":
            return {"loss": (out - data_samples).square(), "size": torch.tensor(4.0)}
        return [out] if mode == "predict" else out


BATCH = {"inputs": torch.eye(2), "data_samples": torch.ones(2, 1)}


@pytest.mark.parametrize("batch", [BATCH, tuple(BATCH.values()), list(BATCH.values())])
def test_train_step_is_one_step_down_the_gradient_of_the_mean(batch):
    model = Regression()
    nn.init.zeros_(model.fc.weight)
    optim_wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.5))
    log_vars = model.train_step(batch, optim_wrapper)
    assert model.fc.weight.tolist() == [[0.5, 0.5]]
    assert list(log_vars) == ["loss", "size"]
    assert log_vars["loss"].item() == 1.0
    assert model.calls == [("loss", True)]


def test_the_context_of_the_optim_wrapper_is_around_the_forward_pass():
    events = []

    class Recording(OptimWrapper):
        @contextmanager
        def optim_context(self, model):
            events.append("enter")
            with super().optim_context(model):
                yield
            events.append("exit")

        def update_params(self, loss, **kwargs):
            events.append("update")
            super().update_params(loss, **kwargs)

    class Model(Regression):
        def forward(self, *args, **kwargs):
            events.append("forward")
            return super().forward(*args, **kwargs)

    model = Model()
    model.train_step(BATCH, Recording(torch.optim.SGD(model.parameters(), lr=0.1)))
    assert events == ["enter", "forward", "exit", "update"]


@pytest.mark.parametrize("step", ["val_step", "test_step"])
def test_val_and_test_step_predict(step):
    model = Regression()
    (out,) = getattr(model, step)({"inputs": torch.eye(2)})
    assert torch.equal(out, model.fc.weight.T)
    assert model.calls[0][0] == "predict"


def test_the_preprocessor_knows_whether_it_is_training():
    seen = []

    class Preprocessor(BaseDataPreprocessor):
        def forward(self, data, training=False):
            seen.append(training)
            return super().forward(data, training)

    model = Regression(data_preprocessor=Preprocessor())
    model.train_step(BATCH, OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)))
    model.val_step(BATCH)
    model.test_step(BATCH)
    assert seen == [True, False, False]


def test_data_preprocessor_from_a_config():
    model = Regression(data_preprocessor={"type": "ImgDataPreprocessor", "mean": [1], "std": [2]})
    assert isinstance(model.data_preprocessor, ImgDataPreprocessor)
    assert type(Regression().data_preprocessor) is BaseDataPreprocessor
    with pytest.raises(TypeError, match=r"should be a `dict` or `nn.Module` instance"):
        Regression(data_preprocessor=3)


def test_the_preprocessor_moves_with_the_model_and_with_what_is_around_it():
    model = Regression()
    around = nn.ModuleList([model])
    for moved in (model.to("meta"), around.to_empty(device="cpu"), around.to("meta")):
        device = next(moved.parameters()).device
        assert model.data_preprocessor.device == device
    assert model.to_empty(device="cpu").cpu().data_preprocessor.device.type == "cpu"
    assert model.double().data_preprocessor.device.type == "cpu"


def test_parse_losses():
    losses = OrderedDict(
        acc=torch.tensor([1.0, 3.0]),
        loss_a=torch.tensor([[2.0, 4.0]]),
        b_loss=[torch.tensor([1.0, 2.0]), torch.tensor(0.5)],
    )
    total, log_vars = Regression().parse_losses(losses)
    assert total.item() == 5.0
    assert {name: value.item() for name, value in log_vars.items()} == {
        "loss": 5.0,
        "acc": 2.0,
        "loss_a": 3.0,
        "b_loss": 2.0,
    }
    assert next(iter(log_vars)) == "loss"


@pytest.mark.parametrize("shape", [(), (3,)])
@pytest.mark.parametrize("names", [["loss"], ["loss_a"], ["loss_a", "acc"]])
def test_logged_losses_are_not_what_is_written_to_afterwards(shape, names):
    """A CUDA graph writes the next losses where the last ones were, and users scale in place."""
    losses = {name: torch.full(shape, 2.0) for name in names}
    total, log_vars = Regression().parse_losses(losses)
    total *= 5
    for value in losses.values():
        value.fill_(7.0)
    assert {name: value.item() for name, value in log_vars.items()} == dict.fromkeys(
        ["loss", *names], 2.0
    )


@pytest.mark.parametrize("value", [1.0, [1.0], None, "x", [torch.ones(1), 1.0]])
def test_a_loss_that_is_no_tensor_is_named(value):
    with pytest.raises(TypeError, match="loss_x is not a tensor or list of tensors"):
        Regression().parse_losses({"loss_x": value})


def test_a_model_without_losses_is_told_so():
    class Lossless(Regression):
        def forward(self, *args, **kwargs):
            return {"acc": torch.ones(1), "los": torch.ones(1)}

    model = Lossless()
    with pytest.raises(ValueError, match=r"Lossless.forward returned no loss.*\['acc', 'los'\]"):
        model.train_step(BATCH, OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1)))


def test_data_of_a_wrong_type():
    with pytest.raises(TypeError, match="should be list, tuple or dict, but got"):
        Regression().val_step(torch.ones(1))


def test_forward_is_abstract():
    with pytest.raises(TypeError, match="abstract"):
        BaseModel()


def test_a_train_step_reads_nothing_on_the_host():
    from torch.utils._python_dispatch import TorchDispatchMode

    reads = []

    class Reads(TorchDispatchMode):
        def __torch_dispatch__(self, func, types, args=(), kwargs=None):
            if "_local_scalar_dense" in str(func):
                reads.append(str(func))
            return func(*args, **(kwargs or {}))

    model = Regression()
    optim_wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    with Reads():
        model.train_step(BATCH, optim_wrapper)
    assert reads == []
