"""What mmlight's inferencer does beyond MMEngine's: messages, aliases, spellings."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest
import torch

from mmlight.config import Config
from mmlight.dataset import default_collate, pseudo_collate
from mmlight.infer import BaseInferencer
from mmlight.model import BaseModel
from mmlight.registry import MODELS, DefaultScope


class Scale(BaseModel):
    def __init__(self):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.tensor(1.0))

    def forward(self, inputs, data_samples=None, mode="tensor"):
        return [self.factor * one for one in inputs]


class Scaler(BaseInferencer):
    preprocess_kwargs = {"offset"}
    forward_kwargs = {"power"}
    visualize_kwargs = {"color"}
    postprocess_kwargs = {"digits"}

    def _init_pipeline(self, cfg):
        self.scope_of_pipeline = DefaultScope.get_current_instance()
        return lambda number: {"inputs": torch.tensor(float(number))}

    def preprocess(self, inputs, batch_size=1, offset=0):
        return super().preprocess([one + offset for one in inputs], batch_size)

    def forward(self, inputs, power=1):
        return [one**power for one in super().forward(inputs)]

    def visualize(self, inputs, preds, color="red"):
        return [f"{one} in {color}" for one in inputs]

    def postprocess(self, preds, visualization, return_datasample=False, digits=0):
        return [round(float(pred), digits) for pred in preds], visualization


def scaler(**kwargs) -> Scaler:
    with pytest.warns(UserWarning, match="random weights"):
        return Scaler({"model": {"type": Scale}, **kwargs}, device="cpu", show_progress=False)


@pytest.fixture
def mmdet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """An installed package mmdet that publishes three models."""
    torch.save({"state_dict": {"factor": torch.tensor(3.0)}}, tmp_path / "scale.pth")
    files = {
        "__init__.py": "",
        "models.py": """
            from mmlight.model import BaseModel
            from mmlight.registry import MODELS
            from tests.infer.test_infer import Scale

            @MODELS.register_module(force=True)
            class PublishedScale(Scale):
                pass
            """,
        ".mim/configs/scale.py": "model = dict(type='PublishedScale')",
        ".mim/configs/metafile.yml": f"""
            Models:
              - Name: scale_a
                Alias: a
                Config: configs/scale.py
                Weights: {tmp_path / "scale.pth"}
              - Name: scale_b
                Alias: [b, bb]
                Config: configs/scale.py
              - Name: scale_c
                Config: configs/scale.py
                Weights: null
            """,
        ".mim/model-index.yml": "Import:\n  - configs/metafile.yml\n",
    }
    for name, text in files.items():
        path = tmp_path / "mmdet" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
    monkeypatch.syspath_prepend(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.partition(".")[0] == "mmdet"]:
        del sys.modules[name]
    MODELS.module_dict.pop("PublishedScale", None)


def test_arguments_go_to_their_steps() -> None:
    found = scaler()([1, 2, 3], batch_size=2, offset=0.5, power=2, color="blue", digits=1)
    assert found == ([2.2, 6.2, 12.2], ["1 in blue", "2 in blue", "3 in blue"])


def test_an_argument_of_no_step() -> None:
    with pytest.raises(ValueError, match=r"\['colour'\].*takes \['color', 'digits', 'offset'"):
        scaler()([1], colour="blue")


@pytest.mark.parametrize("size", [0, -1])
def test_batches_need_a_size(size: int) -> None:
    with pytest.raises(ValueError, match=f"batch_size should be positive, but got {size}"):
        scaler()([1], batch_size=size)


def test_a_failure_inside_the_pipeline_is_not_taken_for_the_end() -> None:
    inferencer = scaler()
    inferencer.pipeline = lambda number: next(iter([]))
    with pytest.raises(RuntimeError):
        inferencer([1, 2])


def test_two_steps_cannot_take_one_argument() -> None:
    with pytest.raises(AssertionError, match=r"Clash has 'color' in both preprocess.*visualize_"):
        type("Clash", (Scaler,), {"preprocess_kwargs": {"color"}})


def test_samples_are_made_as_they_are_needed() -> None:
    made = []
    inferencer = scaler()
    inferencer.pipeline = lambda number: made.append(number) or {"inputs": torch.tensor(number)}
    batches = inferencer.preprocess([1, 2, 3, 4], batch_size=2)
    next(batches)
    assert made == [1, 2]


@pytest.mark.parametrize(
    ("given", "function"),
    [
        ("default_collate", default_collate),
        ({"type": "default_collate"}, default_collate),
        ({"type": default_collate}, default_collate),
        (default_collate, default_collate),
        (None, pseudo_collate),
    ],
)
def test_the_collate_function_of_the_config(given, function) -> None:
    loader = {} if given is None else {"collate_fn": given}
    batch = scaler(test_dataloader=loader).collate_fn([{"a": 1}, {"a": 2}])
    assert str(batch) == str(function([{"a": 1}, {"a": 2}]))


def test_a_misspelt_collate_function() -> None:
    with pytest.raises(KeyError, match="default_collate"):
        scaler(test_dataloader={"collate_fn": "defalt_collate"})


def test_without_a_visualizer_and_with_one_that_has_no_name() -> None:
    assert scaler().visualizer is None
    first, second = (scaler(visualizer={"type": "Visualizer"}).visualizer for _ in range(2))
    assert first is not second


def test_a_progress_bar(capsys: pytest.CaptureFixture) -> None:
    inferencer = scaler()
    inferencer([1, 2])
    assert "Inference" not in capsys.readouterr().out
    inferencer.show_progress = True
    inferencer([1, 2])
    assert "Inference" in capsys.readouterr().out


def test_a_config_that_does_not_exist() -> None:
    with pytest.raises(FileNotFoundError, match=r"no config file nowhere/net\.py"):
        Scaler("nowhere/net.py")


def test_published_models_are_listed(mmdet: Path) -> None:
    everything = ["scale_a", "a", "scale_b", "b", "bb", "scale_c"]
    assert BaseInferencer.list_models("mmdet") == everything
    assert BaseInferencer.list_models("mmdet", "b") == ["b", "bb"]
    assert BaseInferencer.list_models("mmdet", "none") == []
    with DefaultScope.overwrite_default_scope("mmdet"):
        assert BaseInferencer.list_models() == everything


def test_a_published_model_by_name_and_alias(mmdet: Path) -> None:
    for name in ("scale_a", "a"):
        inferencer = Scaler(name, device="cpu", scope="mmdet", show_progress=False)
        assert inferencer([2])[0] == [6.0]
        assert inferencer.scope == "mmdet"
        assert inferencer.scope_of_pipeline.scope_name == "mmdet"
    assert DefaultScope.get_current_instance() is None


@pytest.mark.parametrize("name", ["bb", "scale_c"])
def test_a_published_model_without_weights(mmdet: Path, name: str) -> None:
    with pytest.warns(UserWarning, match="random weights"):
        inferencer = Scaler(name, device="cpu", scope="mmdet")
    assert inferencer.model.factor == 1
    weights = str(mmdet / "scale.pth")
    assert Scaler(name, weights, device="cpu", scope="mmdet").model.factor == 3


def test_a_model_that_nobody_published(mmdet: Path) -> None:
    with pytest.raises(
        ValueError, match="Cannot find model: scale_z in mmdet, which has scale_a, a"
    ):
        Scaler("scale_z", scope="mmdet")


def test_a_scope_that_is_not_installed() -> None:
    cfg = Config({"model": {"type": Scale}})
    with pytest.warns(UserWarning) as caught:
        Scaler(cfg, device="cpu", scope="mmseg")
    messages = [str(one.message) for one in caught]
    assert any("pip install mmsegmentation" in message for message in messages)


def test_the_scope_of_the_config_holds_while_it_is_built(mmdet: Path) -> None:
    inferencer = scaler(default_scope="mmdet")
    assert inferencer.scope is None
    assert inferencer.scope_of_pipeline.scope_name == "mmdet"
