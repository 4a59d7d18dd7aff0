"""Tells what a model costs, as numbers, a table and an outline of the model."""

from __future__ import annotations

import io
from typing import Any

import torch
from torch import nn

from mmlight.utils import is_tuple_of

from .complexity_analysis import Complexity, measure, parameter_count

_TABLE_DEPTH = 3


def get_model_complexity_info(
    model: nn.Module,
    input_shape: tuple[int, ...] | tuple[tuple[int, ...], ...] | None = None,
    inputs: torch.Tensor | tuple[Any, ...] | None = None,
    show_table: bool = True,
    show_arch: bool = True,
) -> dict[str, Any]:
    """Count a model's parameters, its multiply-adds and the activations it computes.

    It runs the model once, as it is (training or not) and without gradients. Counted are matrix
    products, attention and convolutions, by torch's own counter
    (:class:`torch.utils.flop_counter.FlopCounterMode`); a multiply-add is one flop, an activation
    is one number that such an operation puts out. For nets whose work is these, the numbers are
    MMEngine's. Normalisation, pooling and upsampling count nothing here and one to five flops an
    element there, which makes a ResNet-50 half a percent cheaper here; fused attention counts
    nothing there. What a module does outside of its call, as when another one uses its weights,
    counts for the module that does it.

    Args:
        model (nn.Module): The model.
        input_shape (tuple, optional): Shape of the input without its batch dimension, such as
            ``(3, 224, 224)``, or a tuple of such shapes for a model of several inputs. They are
            filled with random numbers, in a batch of one.
        inputs (Tensor or tuple, optional): The input or inputs instead.
        show_table (bool): Whether to make ``out_table``; it goes three modules deep.
        show_arch (bool): Whether to make ``out_arch``.

    Returns:
        dict: ``flops``, ``activations`` and ``params`` (int), the same for reading as
        ``flops_str``, ``activations_str`` and ``params_str``, a table of modules ``out_table`` and
        the model's outline with its numbers ``out_arch``; both are empty if not asked for.

    Raises:
        ValueError: If both ``input_shape`` and ``inputs`` are given or neither is, or
            ``input_shape`` is neither a tuple of int nor a tuple of these.

    Example:
        >>> model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten(), nn.Linear(512, 10))
        >>> info = get_model_complexity_info(model, (3, 10, 10))
        >>> info["flops"], info["flops_str"], info["activations"], info["params_str"]
        (18944, '18.944K', 522, '5.354K')
        >>> print(info["out_arch"])
        Sequential(
          #params: 5.35K, #flops: 18.94K, #acts: 0.52K
          (0): Conv2d(
            3, 8, kernel_size=(3, 3), stride=(1, 1)
            #params: 0.22K, #flops: 13.82K, #acts: 0.51K
          )
          (1): Flatten(start_dim=1, end_dim=-1)
          (2): Linear(
            in_features=512, out_features=10, bias=True
            #params: 5.13K, #flops: 5.12K, #acts: 10
          )
        )
    """
    if (input_shape is None) == (inputs is None):
        raise ValueError(
            'One of "input_shape" and "inputs" should be set, '
            + ("but neither is" if inputs is None else "but both are")
        )
    if inputs is None:
        inputs = _random_inputs(model, input_shape)
    counts = measure(model, inputs if isinstance(inputs, tuple) else (inputs,))
    info: dict[str, Any] = {}
    for key in ("flops", "activations", "params"):
        info[key] = getattr(counts, key)[""]
        info[f"{key}_str"] = _format_size(info[key])
    info["out_table"] = _table(model, counts) if show_table else ""
    info["out_arch"] = _outline(model, "", counts) if show_arch else ""
    return info


def parameter_count_table(model: nn.Module, max_depth: int = 3) -> str:
    """Write down how many elements the parameters of each module have.

    Args:
        model (nn.Module): The model; a parameter that it holds twice counts once.
        max_depth (int): How deep below the model a module or parameter may be.

    Returns:
        str: A table, the shape of a parameter in the place of a count.

    Example:
        >>> table = parameter_count_table(nn.Sequential(nn.Linear(3, 2)))
        >>> [line for line in table.splitlines() if "weight" in line]
        ['|   0.weight |   (2, 3)           |']
    """
    from rich import box
    from rich.table import Table

    counts = parameter_count(model)
    table = Table("name", "#elements or shape", box=box.ASCII2)
    for name, module in model.named_modules():
        depth = name.count(".") + bool(name)
        if depth > max_depth or not counts[name]:
            continue
        table.add_row(" " * depth + (name or "model"), " " * depth + _format_size(counts[name]))
        if depth == max_depth:
            continue
        for key, parameter in module.named_parameters(name, recurse=False):
            indent = " " * (depth + 1)
            table.add_row(indent + key, indent + str(tuple(parameter.shape)))
    return _rendered(table)


def _random_inputs(model: nn.Module, input_shape: Any) -> tuple[torch.Tensor, ...]:
    if is_tuple_of(input_shape, int):
        shapes = (input_shape,)
    elif is_tuple_of(input_shape, tuple) and all(is_tuple_of(one, int) for one in input_shape):
        shapes = input_shape
    else:
        raise ValueError(
            '"input_shape" should be a tuple of int or a tuple of tuples of int, '
            f"but got {input_shape!r}"
        )
    like = next(model.parameters(), torch.empty(0))
    return tuple(torch.rand(1, *shape, dtype=like.dtype, device=like.device) for shape in shapes)


def _format_size(x: int, sig_figs: int = 3, hide_zero: bool = False) -> str:
    """Write a count with a suffix: K, M, G, T or P.

    Args:
        x (int): The count.
        sig_figs (int): Digits behind the point, of which trailing zeros are left out.
        hide_zero (bool): Whether 0 is an empty string.

    Returns:
        str: The text; a suffix is taken above a tenth of it.

    Example:
        >>> _format_size(99), _format_size(123), _format_size(123456), _format_size(25_557_032, 2)
        ('99', '0.123K', '0.123M', '25.56M')
    """
    if x == 0 and hide_zero:
        return ""
    for power, suffix in ((15, "P"), (12, "T"), (9, "G"), (6, "M"), (3, "K")):
        if abs(x) > 10 ** (power - 1):
            return f"{x / 10**power:.{sig_figs}f}".rstrip("0").rstrip(".") + suffix
    return str(x)


def _table(model: nn.Module, counts: Complexity) -> str:
    # Imported here because rich takes longer to import than the counting takes.
    from rich import box
    from rich.table import Table

    table = Table("module", "#parameters or shape", "#flops", "#activations", box=box.ASCII2)

    def add(name: str, indent: str, size: str, done: bool) -> None:
        numbers = (counts.flops.get(name), counts.activations.get(name)) if done else ("", "")
        texts = ["" if not number else _format_size(number) for number in numbers]  # type: ignore[arg-type]
        table.add_row(indent + (name or "model"), indent + size, *(indent + text for text in texts))

    for name, module in model.named_modules():
        depth = name.count(".") + bool(name)
        if depth > _TABLE_DEPTH or not counts.params[name]:
            continue
        add(name, " " * depth, _format_size(counts.params[name]), True)
        for key, parameter in module.named_parameters(name, recurse=False):
            add(key, " " * (depth + 1), str(tuple(parameter.shape)), False)
    return _rendered(table)


def _rendered(table: Any) -> str:
    from rich.console import Console

    text = io.StringIO()
    Console(file=text, width=1000, color_system=None).print(table, markup=False)
    return text.getvalue()


def _outline(module: nn.Module, name: str, counts: Complexity) -> str:
    """``repr(module)`` with a line of numbers for each module that has any."""
    lines = module.extra_repr().splitlines()
    numbers = {
        "params": counts.params.get(name),
        "flops": counts.flops.get(name),
        "acts": counts.activations.get(name),
    }
    texts = [f"#{key}: {_format_size(count, 2)}" for key, count in numbers.items() if count]
    children = [
        f"({key}): {_outline(child, f'{name}.{key}'.lstrip('.'), counts)}"
        for key, child in module.named_children()
    ]
    kind = type(module).__name__
    if not texts and not children:
        return repr(module)
    lines += [", ".join(texts)] if texts else []
    body = "\n".join([*lines, *children]).replace("\n", "\n  ")
    return f"{kind}(\n  {body}\n)"
