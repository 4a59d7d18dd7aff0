"""turn_on_activation_checkpointing: the same gradients, computed from fewer activations."""

import copy

import pytest
import torch
from torch import nn

from mmlight.runner import turn_on_activation_checkpointing


def test_equal_gradients_with_fewer_activations_kept():
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.Tanh(), nn.Linear(4, 4)), nn.Tanh())
    saving = copy.deepcopy(plain)
    turn_on_activation_checkpointing(saving, ["0"])
    assert saving.state_dict().keys() == plain.state_dict().keys()
    kept = []
    for model in (plain, saving):
        sizes = []
        with torch.autograd.graph.saved_tensors_hooks(
            lambda x, sizes=sizes: (sizes.append(x.numel()), x)[1], lambda x: x
        ):
            out = model(torch.ones(3, 4))
        kept.append(sum(sizes))
        out.sum().backward()
    assert kept[1] < kept[0]
    for one, other in zip(plain.parameters(), saving.parameters()):
        assert torch.equal(one.grad, other.grad)


def test_an_unknown_module_is_named():
    with pytest.raises(KeyError, match=r"no module 'bod'.*Did you mean 'body'"):
        turn_on_activation_checkpointing(nn.ModuleDict({"body": nn.Linear(1, 1)}), "bod")
