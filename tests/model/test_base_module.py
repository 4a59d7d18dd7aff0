"""Modules that initialise their own weights."""

import logging

import pytest
import torch
from torch import nn

from mmlight.logging import MMLogger
from mmlight.model import BaseModule, ModuleDict, ModuleList, PretrainedInit, Sequential


class Leaf(BaseModule):
    def __init__(self, init_cfg=None):
        super().__init__(init_cfg)
        self.fc = nn.Linear(2, 2)


class Parent(BaseModule):
    def __init__(self, init_cfg=None, leaf_cfg=None):
        super().__init__(init_cfg)
        self.leaf = Leaf(leaf_cfg)
        self.fc = nn.Linear(2, 2)


def constant(val, **kwargs):
    return {"type": "Constant", "layer": "Linear", "val": val, **kwargs}


def weights(module):
    return [p.mean().item() for name, p in module.named_parameters() if name.endswith("weight")]


@pytest.fixture
def log():
    """Records of the current logger."""
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logger = MMLogger.get_instance("test", log_level="DEBUG")
    logger.addHandler(handler)
    return records


def test_children_are_initialised_after_their_parent():
    parent = Parent(constant(1.0), constant(2.0))
    parent.init_weights()
    assert weights(parent) == [2.0, 1.0]
    assert parent.is_init and parent.leaf.is_init


@pytest.mark.parametrize("kind", ["Pretrained", "mmengine.Pretrained", PretrainedInit])
def test_a_pretrained_parent_comes_after_its_children(tmp_path, kind):
    path = tmp_path / "parent.pth"
    torch.save({name: torch.full_like(p, 7.0) for name, p in Parent().state_dict().items()}, path)
    pretrained = {"type": kind, "checkpoint": str(path)}
    parent = Parent([pretrained, constant(1.0)], constant(2.0))
    parent.init_weights()
    assert weights(parent) == [7.0, 7.0]


def test_children_of_plain_modules_are_left_to_their_parent():
    parent = Parent(constant(1.0))
    parent.body = nn.Sequential(Leaf(constant(2.0)))
    parent.init_weights()
    assert weights(parent) == [1.0, 1.0, 1.0]


def test_wrapped_children_are_initialised():
    parent = BaseModule()
    parent.leaf = nn.DataParallel(Leaf(constant(3.0)))
    parent.init_weights()
    assert weights(parent) == [3.0]


def test_a_second_call_changes_nothing_and_warns(log):
    leaf = Leaf(constant(1.0))
    leaf.init_weights()
    nn.init.constant_(leaf.fc.weight, 5.0)
    log.clear()
    leaf.init_weights()
    assert weights(leaf) == [5.0]
    assert "init_weights of Leaf has been called more than once." in log[0].getMessage()
    assert log[0].levelno == logging.WARNING


def test_a_child_that_is_initialised_is_left_alone():
    parent = Parent(leaf_cfg=constant(1.0))
    parent.leaf.init_weights()
    nn.init.constant_(parent.leaf.fc.weight, 5.0)
    parent.init_weights()
    assert weights(parent)[0] == 5.0
    parent.leaf.is_init = False
    parent.is_init = False
    parent.init_weights()
    assert weights(parent)[0] == 1.0


def test_the_log_says_how_each_parameter_was_initialised(log):
    Parent(constant(1.0), {"type": "Normal", "layer": "Linear"}).init_weights()
    infos = [record.getMessage() for record in log if record.levelno == logging.INFO]
    assert infos[0] == (
        "\nleaf.fc.weight - torch.Size([2, 2]): \nNormalInit: mean=0, std=1, bias=0 \n "
    )
    assert infos[2] == "\nfc.weight - torch.Size([2, 2]): \nConstantInit: val=1.0, bias=0 \n "


def test_a_log_file_gets_it_as_a_table(tmp_path):
    MMLogger.get_instance("test", log_file=str(tmp_path / "a.log"), log_level="WARNING")
    Leaf().init_weights()
    text = (tmp_path / "a.log").read_text()
    assert text.startswith("Name of parameter - Initialization information\n\nfc.weight - ")
    assert "same before and after calling `init_weights` of Leaf" in text


def test_the_record_is_gone_afterwards_even_if_initialisation_fails():
    parent = Parent(leaf_cfg={"type": "Constant", "layer": "Linear"})
    with pytest.raises(TypeError):
        parent.init_weights()
    assert not any(hasattr(module, "_params_init_info") for module in parent.modules())
    parent.leaf.init_cfg = constant(1.0)
    parent.init_weights()
    assert weights(parent)[0] == 1.0


def test_a_user_defined_initialisation_must_not_add_parameters():
    class Adding(BaseModule):
        def init_weights(self):
            self.fc = nn.Linear(1, 1)

    parent = BaseModule()
    parent.child = Adding()
    with pytest.raises(AssertionError, match="do not add or replace parameters"):
        parent.init_weights()


@pytest.mark.parametrize(
    "container",
    [
        Sequential(nn.Linear(1, 1), init_cfg=constant(4.0)),
        ModuleList([nn.Linear(1, 1)], init_cfg=constant(4.0)),
        ModuleDict({"a": nn.Linear(1, 1)}, init_cfg=constant(4.0)),
    ],
    ids=lambda container: type(container).__name__,
)
def test_containers_have_an_init_cfg_of_their_own(container):
    assert len(container) == 1
    container.init_weights()
    assert weights(container) == [4.0]
    assert repr(container).endswith(f"init_cfg={constant(4.0)}")


def test_containers_may_be_empty():
    assert [len(kind()) for kind in (Sequential, ModuleList, ModuleDict)] == [0, 0, 0]
