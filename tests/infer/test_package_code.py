"""An inferencer written for MMEngine, under mmlight's aliases and under MMEngine itself."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from tests.parity.engines import Engine

BOXES = [[2, 3, 20, 10], [5, 5, 6, 30], [0, 0, 9, 9], [12, 1, 30, 30], [1, 2, 3, 4]]


def infer(engine: str, zoo_folder: str, folder: str) -> dict:
    import os
    import sys
    import warnings

    if engine == "mmlight":
        import mmlight.compat

        mmlight.compat.install()
    sys.path.insert(0, zoo_folder)
    warnings.simplefilter("ignore")
    import cv2
    import mmengine
    import numpy as np
    from mmengine.config import Config, ConfigDict
    from tiny_zoo import BoxInferencer

    config = os.path.join(folder, "box.py")
    weights = os.path.join(folder, "box.pth")
    images = os.path.join(folder, "images")
    out = os.path.join(folder, f"out_{engine}")
    os.makedirs(out)
    files = sorted(os.path.join(images, name) for name in os.listdir(images))
    arrays = [cv2.imread(file) for file in files]
    inferencer = BoxInferencer(config, weights, device="cpu")
    found = {"attributes": sorted(vars(inferencer)), "meta": inferencer.model.dataset_meta}
    found["name"] = inferencer.visualizer.instance_name
    found["collate"] = inferencer.collate_fn([{"a": 1}, {"a": 2}])
    found["folder"] = sorted(inferencer(images, batch_size=2)["predictions"])
    found["folder batches"] = list(inferencer.model.batches)
    found["list"] = inferencer(files)["predictions"]
    found["one"] = inferencer(files[0])
    found["arrays"] = inferencer(arrays, batch_size=5)["predictions"]
    found["array"] = inferencer(arrays[1])["predictions"]
    found["none"] = inferencer([])
    samples = inferencer(files[:2], return_datasamples=True)["predictions"]
    found["datasamples"] = [(type(sample).__name__, sample.box.tolist()) for sample in samples]
    result = inferencer(files, batch_size=3, return_vis=True, img_out_dir=out, pred_out_dir=out)
    found["drawn"] = result["visualization"]
    found["stored"] = {
        name: mmengine.load(os.path.join(out, name))
        if name.endswith("json")
        else cv2.imread(os.path.join(out, name))
        for name in sorted(os.listdir(out))
    }
    found["stored as returned"] = all(
        np.array_equal(found["stored"][os.path.basename(file)], image)
        for file, image in zip(files, found["drawn"])
    )
    found["chunks"] = [list(inferencer._get_chunk_data(range(n), 2)) for n in (0, 1, 4, 5)]
    found["dispatched"] = inferencer._dispatch_kwargs(show=True, pred_out_dir="a")
    found["inputs"] = [inferencer._inputs_to_list(one) for one in ("a", ("a", "b"), "http://a/b")]
    found["from weights"] = BoxInferencer(weights=weights, device="cpu")(files)["predictions"]
    cfg = Config.fromfile(config)
    for kind, model in {"Config": cfg, "ConfigDict": cfg._cfg_dict, "dict": cfg.to_dict()}.items():
        other = BoxInferencer(model, weights, device="cpu")
        same = other(files)["predictions"] == found["list"]
        found[kind] = type(other.cfg).__name__, same, other.model.cfg is other.cfg
    found["untouched"] = cfg.model.pretrained, isinstance(cfg._cfg_dict, ConfigDict)
    return found


def errors(engine: str, zoo_folder: str, folder: str) -> dict:
    import os
    import sys
    import warnings

    if engine == "mmlight":
        import mmlight.compat

        mmlight.compat.install()
    sys.path.insert(0, zoo_folder)
    warnings.simplefilter("ignore")
    import torch
    from mmengine.infer import BaseInferencer
    from tiny_zoo import BoxInferencer

    config = os.path.join(folder, "box.py")
    inferencer = BoxInferencer(config, device="cpu")
    without_config = os.path.join(folder, "bare.pth")
    torch.save({"state_dict": {}}, without_config)

    class Unfinished(BaseInferencer):
        def _init_pipeline(self, cfg):
            return len

    calls = {
        "nothing": lambda: BoxInferencer(),
        "a number": lambda: BoxInferencer(3),
        "name without scope": lambda: BoxInferencer("box"),
        "no config in it": lambda: BoxInferencer(weights=without_config),
        "no such weights": lambda: BoxInferencer(config, os.path.join(folder, "none.pth")),
        "unknown argument": lambda: inferencer([], shwo=True),
        "abstract": lambda: Unfinished(config),
        "clash": lambda: type("A", (BoxInferencer,), {"forward_kwargs": {"show"}}),
        "no set": lambda: type("A", (BoxInferencer,), {"forward_kwargs": ["a"]}),
        "unknown scope": lambda: BaseInferencer._get_repo_or_mim_dir("nothing"),
        "absent package": lambda: BaseInferencer.list_models("mmrazor"),
        "models of no scope": lambda: BaseInferencer.list_models(),
    }
    found = {}
    for name, call in calls.items():
        try:
            call()
        except Exception as error:
            kinds = (ImportError, FileNotFoundError, KeyError)
            found[name] = next((k for k in kinds if isinstance(error, k)), type(error)).__name__
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A config, weights that need it, and images with a bright box each."""
    text = (
        "model = dict(type='BrightBox', pretrained='somewhere')\n"
        "test_dataloader = dict(dataset=dict(pipeline=[dict(type='ReadImage')]))\n"
        "visualizer = dict(type='Visualizer', name='boxes')\n"
    )
    (tmp_path / "box.py").write_text(text)
    meta = {"cfg": text, "dataset_meta": {"classes": ("bright",)}}
    torch.save(
        {"state_dict": {"threshold": torch.tensor(128.0)}, "meta": meta}, tmp_path / "box.pth"
    )
    (tmp_path / "images" / "deeper").mkdir(parents=True)
    (tmp_path / "images" / "deeper").rmdir()
    random = np.random.RandomState(0)
    for index, (left, top, right, bottom) in enumerate(BOXES):
        image = random.randint(0, 100, (32, 32, 3)).astype(np.uint8)
        image[top : bottom + 1, left : right + 1] += 140
        cv2.imwrite(str(tmp_path / "images" / f"{index}.png"), image)
    return tmp_path


def test_it_does_what_it_does_under_mmengine(
    mmengine: Engine, mmlight: Engine, folder: Path
) -> None:
    zoo = str(Path(__file__).parent)
    theirs, ours = (engine.run(infer, zoo, str(folder)) for engine in (mmengine, mmlight))
    assert ours["list"] == BOXES
    assert ours["folder batches"] == [2, 2, 1]
    assert ours["stored as returned"] and len(ours["stored"]) == len(BOXES) + 1
    for name in ("drawn", "stored"):
        np.testing.assert_equal(ours.pop(name), theirs.pop(name))
    assert ours == theirs


def test_what_is_wrong_raises_what_mmengine_raises(
    mmengine: Engine, mmlight: Engine, folder: Path
) -> None:
    zoo = str(Path(__file__).parent)
    theirs, ours = (engine.run(errors, zoo, str(folder)) for engine in (mmengine, mmlight))
    assert len(ours) == 12
    assert ours == theirs
