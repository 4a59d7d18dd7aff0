"""What the cells of a notebook show, and what the stop button does, in a real kernel."""

from __future__ import annotations

import base64
import io
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

nbformat = pytest.importorskip("nbformat", reason="the extra `notebooks` is not installed")
from jupyter_client import KernelManager  # noqa: E402
from nbclient import NotebookClient  # noqa: E402

ROOT = Path(__file__).parents[2]
Cell = Callable[..., list[Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kernel")


@pytest.fixture(scope="module")
def kernel(folder: Path) -> Iterator[KernelManager]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(folder))
        patch.setenv("JUPYTER_RUNTIME_DIR", str(folder))
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("PYTHONPATH", str(ROOT))
        manager = KernelManager()
        manager.start_kernel(cwd=str(folder))
    yield manager
    manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def run(kernel: KernelManager) -> Iterator[Cell]:
    """Run the source of a cell and return its outputs."""
    notebook = nbformat.v4.new_notebook()
    client = NotebookClient(notebook, km=kernel, timeout=300, shutdown_kernel="immediate")
    with client.setup_kernel():

        def execute(source: str, may_fail: bool = False) -> list[Any]:
            cell = nbformat.v4.new_code_cell(source)
            cell.metadata["tags"] = ["raises-exception"] if may_fail else []
            notebook.cells.append(cell)
            return client.execute_cell(cell, len(notebook.cells) - 1).outputs

        yield execute


BUILD = """
import os
from mmlight.config import Config
from mmlight.hooks import Hook
from mmlight.runner import Runner
from mmlight.visualization import Visualizer
from tests.bridge.parts import Accuracy, Classifier, config, loader

class Shows(Hook):
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        runner.visualizer.show(IMAGE * (runner.iter % 2), win_name="weights")

class Waits(Hook):  # until somebody has pressed the stop button
    def after_train_iter(self, runner, batch_idx, data_batch=None, outputs=None):
        if runner.iter == 5 and not hasattr(self, "done"):
            self.done = True
            open("reached", "w").close()
            open("pressed").close()

def built(name, *hooks):
    data = {**loader(), "num_workers": 1, "persistent_workers": True}
    default = {"checkpoint": {"type": "CheckpointHook", "by_epoch": False, "interval": 5},
               "logger": {"type": "LoggerHook", "interval": 2}}
    cfg = config(name, by_epoch=False, trainer={"accelerator": "cpu"}, default_hooks=default,
                 train_dataloader=data, custom_hooks=list(hooks))
    return Runner.from_cfg(Config(cfg))

import numpy as np
IMAGE = np.full((40, 120, 3), 200, np.uint8)
"""


def texts(outputs: list[Any]) -> str:
    return "".join(output.text for output in outputs if output.output_type == "stream")


def displays(outputs: list[Any], kind: str) -> list[str]:
    return [o.data[kind] for o in outputs if o.output_type == "display_data" and kind in o.data]


def test_a_training_shows_each_thing_once_and_keeps_it_up_to_date(run: Cell) -> None:
    run(BUILD)
    for _ in range(2):  # a cell that is run again shows what it showed before
        outputs = run('runner = built("shown", Shows())\nmodel = runner.train()')
        lines = displays(outputs, "text/plain")
        (bar,) = [line for line in lines if line.startswith("Training")]
        assert "100%|█" in bar and "12/12" in bar and "loss=" in bar
        (validation,) = [line for line in lines if line.startswith("Validation")]
        assert "5/5" in validation
        assert len(lines) == 4 and len([line for line in lines if "INFO" in line]) == 1
        shown = texts(outputs)
        assert shown.count("Iter(val)") == 3 and "Iter(train)" not in shown
        assert shown.count("PyTorch") == 1  # no handler of the run before writes as well
        (picture,) = displays(outputs, "image/png")
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))
        assert (pixels[-40:, :120] == 200).all() and pixels[:-40].min() < 100  # with its title
    (log,) = run("print(open(runner.logger.log_file).read())")
    assert log.text.count("Iter(train)") == 6


def test_the_stop_button_and_then_train_again(
    run: Cell, kernel: KernelManager, folder: Path
) -> None:
    run(BUILD)
    run('whole = built("whole")\nmodel = whole.train()')
    for name in ("reached", "pressed"):
        os.mkfifo(folder / name)

    def press() -> None:
        (folder / "reached").read_bytes()
        kernel.interrupt_kernel()
        (folder / "pressed").write_bytes(b"")

    presser = threading.Thread(target=press)
    presser.start()
    outputs = run('runner = built("stopped", Waits())\nmodel = runner.train()', may_fail=True)
    presser.join()
    assert outputs[-1].output_type == "error" and outputs[-1].ename == "Stopped"
    assert outputs[-1].traceback == ["KeyboardInterrupt"]
    assert "after iteration 6: runner.train() goes on from there" in texts(outputs)
    (bar,) = [x for x in displays(outputs, "text/plain") if "Training" in x]
    assert "6/12" in bar  # and not where it was last drawn
    (bar,) = [x for x in displays(run("model = runner.train()"), "text/plain") if "Training" in x]
    assert "12/12" in bar
    run("""
import torch
for name, value in whole.model.state_dict().items():
    assert torch.equal(value, runner.model.state_dict()[name]), name
history = [r.message_hub.get_scalar("train/loss").data[0].tolist() for r in (whole, runner)]
assert history[0] == history[1] and len(history[0]) == 12
""")


DEFINITION = """
from mmlight.registry import MODELS

@MODELS.register_module()
class Net(dict):
    version = {version}
"""


def test_a_definition_that_is_run_again_takes_the_place_of_the_old_one(run: Cell) -> None:
    for version in (1, 2):
        run(DEFINITION.format(version=version))
    assert run('print(MODELS.build(dict(type="Net")).version)')[0].text == "2\n"
    taken = run("MODELS.register_module(name='Net', module=dict)", may_fail=True)
    assert taken[-1].ename == "KeyError" and "Net is already registered" in taken[-1].evalue
    (shown,) = run("print(repr(MODELS))")  # rich would display it by itself, and return nothing
    assert "Registry of model" in shown.text
