"""efficient_conv_bn_eval: the names, the numbers and the errors of MMEngine 0.10.7."""

from __future__ import annotations

from typing import Any


def names(engine: str) -> dict[str, list[str]]:
    import importlib
    import inspect

    module = importlib.import_module(f"{engine}.model.efficient_conv_bn_eval")
    return {
        name: [*inspect.signature(value).parameters]
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__ and not name.startswith("_")
    }


def trained(engine: str, frozen: bool) -> Any:
    import importlib

    import torch
    from torch import nn

    module = importlib.import_module(f"{engine}.model.efficient_conv_bn_eval")
    torch.manual_seed(0)
    layers = [
        nn.Sequential(nn.Conv2d(4, 4, 3, bias=i % 2 == 0), nn.BatchNorm2d(4), nn.ReLU())
        for i in range(3)
    ]
    model = nn.Sequential(nn.Sequential(*layers))
    for one in model.modules():
        if isinstance(one, nn.BatchNorm2d):
            one.running_mean.uniform_(-1, 1)
            one.running_var.uniform_(0.5, 2)
    model.train(not frozen)
    module.turn_on_efficient_conv_bn_eval(model, ["0"])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        model(torch.randn(2, 4, 9, 9)).square().mean().backward()
        optimizer.step()
    return {name: value.tolist() for name, value in model.state_dict().items()}


def errors(engine: str) -> list[str]:
    import importlib

    from torch import nn

    module = importlib.import_module(f"{engine}.model.efficient_conv_bn_eval")
    found = []
    for wrong in ("nope", ["0", "nope"], "", 3, None):
        try:
            module.turn_on_efficient_conv_bn_eval(nn.Sequential(nn.ReLU()), wrong)
        except Exception as error:
            found.append(type(error).__name__)
    return found


def test_the_names_and_arguments(both) -> None:
    theirs, ours = both(names)
    assert theirs == {name: ours.get(name) for name in theirs}


def test_a_training_gives_the_same_weights(both) -> None:
    for frozen in (True, False):
        theirs, ours = both(trained, frozen)
        assert theirs == ours


def test_the_types_of_errors(both) -> None:
    theirs, ours = both(errors)
    assert theirs == ours == ["AttributeError"] * 3 + ["TypeError"] * 2
