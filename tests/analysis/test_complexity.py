"""What models cost, against MMEngine and against numbers worked out by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from mmlight.analysis import get_model_complexity_info, parameter_count
from mmlight.analysis.print_helper import _format_size
from tests.parity.engines import Engine


def count_nets(engine: str) -> dict:
    import importlib
    import warnings

    import torch
    from torch import nn

    warnings.simplefilter("ignore")
    analysis = importlib.import_module(f"{engine}.analysis")

    class TwoInputs(nn.Module):
        def __init__(self):
            super().__init__()
            self.image, self.vector = nn.Conv2d(3, 4, 3), nn.Linear(10, 4)
            self.unused = nn.Linear(2, 2)

        def forward(self, image, vector):
            return self.image(image).mean((2, 3)) @ self.vector(vector).mT

    shared = nn.Linear(4, 4, bias=False)
    nets = {
        "conv": (nn.Sequential(nn.Conv2d(3, 8, 3, stride=2), nn.ReLU()), (3, 11, 11)),
        "grouped": (nn.Sequential(nn.Conv2d(4, 8, 3, groups=2)), (4, 10, 10)),
        "1d": (nn.Sequential(nn.Conv1d(3, 4, 3, padding=1)), (3, 10)),
        "3d": (nn.Sequential(nn.Conv3d(3, 4, 3)), (3, 5, 5, 5)),
        "transposed": (nn.Sequential(nn.ConvTranspose2d(3, 8, 3, stride=2)), (3, 10, 10)),
        "mlp": (nn.Sequential(nn.Linear(7, 5), nn.GELU(), nn.Linear(5, 3, bias=False)), (6, 7)),
        "shared": (nn.Sequential(shared, shared), (4,)),
        "nested": (
            nn.Sequential(
                nn.Sequential(nn.Conv2d(3, 4, 3), nn.Sequential(nn.Conv2d(4, 4, 1))),
                nn.Flatten(),
                nn.Linear(256, 3),
            ),
            (3, 10, 10),
        ),
        "attention": (nn.MultiheadAttention(8, 2, batch_first=True), ((5, 8), (5, 8), (5, 8))),
        "two inputs": (TwoInputs(), ((3, 8, 8), (5, 10))),
    }
    keys = ["flops", "activations", "params", "flops_str", "activations_str", "params_str"]
    found = {}
    for name, (net, shape) in nets.items():
        info = analysis.get_model_complexity_info(net, shape)
        found[name] = {key: info[key] for key in keys}
        found[name]["outline"] = info["out_arch"] if name == "conv" else ""
    net, shape = nets["conv"]
    batch = torch.ones(4, *shape)
    found["batch"] = analysis.get_model_complexity_info(
        net, inputs=batch, show_table=False, show_arch=False
    )
    found["table"] = analysis.get_model_complexity_info(nets["mlp"][0], (6, 7))["out_table"].strip()
    helper = importlib.import_module(f"{engine}.analysis.print_helper")
    counts = [0, 5, -5, 99, 100, 999, 99999, 100000, 12345678, 10**8, 10**11, 15 * 10**11, 10**15]
    found["sizes"] = [
        helper._format_size(count, *args) for count in counts for args in ((), (2,), (1, True))
    ]
    return found


def test_numbers_are_those_of_mmengine(mmengine: Engine, mmlight: Engine) -> None:
    theirs, ours = mmengine.run(count_nets), mmlight.run(count_nets)
    assert {key: ours[key] for key in theirs if key != "conv"} == {
        key: value for key, value in theirs.items() if key != "conv"
    }
    assert ours["conv"].pop("outline").strip() == theirs["conv"].pop("outline").strip()
    assert ours["conv"] == theirs["conv"]


def test_norms_and_pooling_count_nothing() -> None:
    conv = nn.Conv2d(3, 8, 3)
    alone = get_model_complexity_info(conv, (3, 10, 10))
    more = nn.Sequential(conv, nn.BatchNorm2d(8), nn.MaxPool2d(2)).eval()
    assert get_model_complexity_info(more, (3, 10, 10))["flops"] == alone["flops"] == 8 * 64 * 27


def test_fused_attention_counts_as_two_matrix_products() -> None:
    class Attention(nn.Module):
        def forward(self, q, k, v):
            return nn.functional.scaled_dot_product_attention(q, k, v)

    info = get_model_complexity_info(Attention(), ((2, 6, 4), (2, 6, 4), (2, 6, 4)))
    assert info["flops"] == 2 * (2 * 6 * 6 * 4)


def test_a_model_keeps_its_mode_and_gets_no_gradient() -> None:
    seen = []

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3, 1).double()

        def forward(self, x):
            seen.append((self.training, torch.is_grad_enabled(), x.dtype, tuple(x.shape)))
            return self.fc(x)

    net = Net().eval()
    get_model_complexity_info(net, (3,))
    assert seen == [(False, False, torch.float64, (1, 3))]
    assert not net.training


def test_a_forward_that_was_replaced() -> None:
    net = nn.Linear(3, 2)
    forward = net.forward
    net.forward = lambda x: forward(x) + forward(x)
    assert get_model_complexity_info(net, inputs=torch.ones(1, 3))["flops"] == 12


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "but neither is"),
        ({"input_shape": (3,), "inputs": torch.ones(1, 3)}, "but both are"),
        ({"input_shape": [3]}, r"tuple of tuples of int, but got \[3\]"),
        ({"input_shape": "3"}, "but got '3'"),
        ({"input_shape": ((3,), [3])}, "but got"),
    ],
)
def test_wrong_inputs(arguments: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        get_model_complexity_info(nn.Linear(3, 1), **arguments)


def test_parameters_held_twice_count_once() -> None:
    layer = nn.Linear(3, 2)
    counts = parameter_count(nn.ModuleDict({"a": layer, "b": layer}))
    assert counts[""] == counts["a"] == 8
    assert counts["a.weight"] == 6


def test_the_table_goes_three_modules_deep() -> None:
    net = nn.Sequential(nn.Sequential(nn.Sequential(nn.Sequential(nn.Linear(2, 2)))))
    table = get_model_complexity_info(net, (2,))["out_table"]
    assert "0.0.0 " in table and "0.0.0.0" not in table


def test_a_size_of_zero_can_be_hidden() -> None:
    assert (_format_size(0), _format_size(0, hide_zero=True)) == ("0", "")


def table_rows(engine: str) -> list[list[str]]:
    import importlib

    import torch
    from torch import nn

    class Nested(nn.Module):
        def __init__(self):
            super().__init__()
            self.free = nn.Parameter(torch.zeros(3, 7))
            inner = nn.Sequential(nn.Linear(40, 50), nn.ReLU())
            self.deep = nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Linear(1000, 1200), inner))

    analysis = importlib.import_module(f"{engine}.analysis")
    tables = [analysis.parameter_count_table(Nested(), depth) for depth in (0, 1, 2, 3)]
    lines = [line.strip("|").split("|") for text in tables for line in text.splitlines()]
    rows = [[cell.strip() for cell in line] for line in lines if len(line) == 2]
    return sorted(rows)


def test_a_table_of_parameters_has_the_rows_of_mmengine(both) -> None:
    theirs, ours = both(table_rows)
    assert [name for name, _ in ours] == [name for name, _ in theirs]
    shapes = [size for _, size in ours if size.startswith("(")]
    assert shapes == [size for _, size in theirs if size.startswith("(")]
    assert "(3, 2)" in shapes
