"""What is looked at before it is built is found in the scope that it will be built in."""

from pathlib import Path

import pytest
import torch
import torchmetrics
from torch import nn

from mmlight.evaluator import Evaluator
from mmlight.model import BaseModule, PretrainedInit
from mmlight.registry import (
    FUNCTIONS,
    METRICS,
    VISBACKENDS,
    WEIGHT_INITIALIZERS,
    DefaultScope,
    Registry,
)
from mmlight.runner import Runner
from mmlight.visualization import LocalVisBackend, Visualizer


@pytest.fixture
def child():
    """Make a child of a root registry in the scope of a user's project, which is the default."""
    made = []

    def child(parent):
        made.append(Registry(parent.name, parent=parent, scope="myproj"))
        DefaultScope.get_instance("run", scope_name="myproj")
        return made[-1]

    yield child
    for registry in made:
        del registry.parent.children["myproj"]


class Kept(LocalVisBackend):
    pass


def test_a_backend_of_the_project_gets_its_folder(child, tmp_path: Path) -> None:
    child(VISBACKENDS).register_module(module=Kept)
    for config in ({"type": "Kept"}, {"type": "myproj.Kept"}):
        visualizer = Visualizer(vis_backends=[config], save_dir=str(tmp_path))
        assert visualizer.get_backend("Kept")._save_dir == str(tmp_path / "vis_data")


def test_the_scope_of_a_config_counts_too(child, tmp_path: Path) -> None:
    child(VISBACKENDS).register_module(module=Kept)
    DefaultScope.get_instance("other", scope_name="mmengine")
    visualizer = Visualizer(
        vis_backends=[{"type": "Kept", "_scope_": "myproj"}], save_dir=str(tmp_path)
    )
    assert visualizer.get_backend("Kept")._save_dir == str(tmp_path / "vis_data")


def test_a_registered_backend_needs_no_base_class(child, tmp_path: Path) -> None:
    class Own:
        def __init__(self, save_dir):
            self.save_dir, self.scalars = save_dir, []

        def add_scalar(self, name, value, step=0, **kwargs):
            self.scalars.append((name, value, step))

        def close(self):
            self.scalars = None

    child(VISBACKENDS).register_module(module=Own)
    visualizer = Visualizer(vis_backends=[{"type": "Own"}], save_dir=str(tmp_path))
    own = visualizer.get_backend("Own")
    visualizer.add_scalar("loss", 1.0, 3)
    visualizer.release_files()
    assert own.scalars == [("loss", 1.0, 3)] and own.save_dir == str(tmp_path / "vis_data")
    visualizer.close()
    assert own.scalars is None
    with pytest.raises(TypeError, match="an element of type Own"):
        Visualizer(vis_backends=[Own("x")])


def test_a_metric_of_torchmetrics(child) -> None:
    class Error(torchmetrics.MeanSquaredError):
        pass

    child(METRICS).register_module(module=Error)
    evaluator = Evaluator({"type": "Error", "prefix": "val"})
    evaluator.process([{"pred": torch.tensor([1.0]), "gt": torch.tensor([3.0])}])
    assert evaluator.evaluate(1) == {"val/Error": 4.0}


def test_a_collate_function(child) -> None:
    child(FUNCTIONS).register_module(name="longest", module=lambda batch, by: max(batch) * by)
    loader = Runner.build_dataloader(
        {
            "dataset": [0, 1, 2, 3],
            "batch_size": 2,
            "sampler": {"type": "DefaultSampler", "shuffle": False},
            "collate_fn": {"type": "longest", "by": 10},
        }
    )
    assert list(loader) == [10, 30]


def test_pretrained_weights_are_loaded_last(child, tmp_path: Path) -> None:
    class Weights(PretrainedInit):
        pass

    child(WEIGHT_INITIALIZERS).register_module(module=Weights)
    torch.save({"weight": torch.full((1, 1), 7.0)}, tmp_path / "weights.pth")

    class Model(BaseModule):
        def __init__(self):
            super().__init__({"type": "Weights", "checkpoint": str(tmp_path / "weights.pth")})
            self.weight = nn.Parameter(torch.zeros(1, 1))
            self.part = Part(self)

    class Part(BaseModule):
        def __init__(self, owner):
            super().__init__()
            self.tensor = [owner.weight]

        def init_weights(self):
            self.tensor[0].data.fill_(1.0)

    model = Model()
    model.init_weights()
    assert model.weight.item() == 7.0
