"""Drawn pixels and stored files against MMEngine's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.parity.compare import assert_same


def drawn(engine, height, width):
    import importlib
    import warnings

    import numpy as np
    import torch
    from matplotlib.font_manager import FontProperties, findfont

    warnings.simplefilter("ignore")
    serif, mono = (
        FontProperties(fname=findfont(name)) for name in ("DejaVu Serif", "DejaVu Sans Mono")
    )
    bold = FontProperties(weight="bold")
    random = np.random.RandomState(0)
    image = random.randint(0, 256, (height, width, 3)).astype(np.uint8)
    vis = importlib.import_module(f"{engine}.visualization").Visualizer(image=image)
    begin = random.rand(5, 2) * [width * 0.7, height * 0.7]
    boxes = np.concatenate([begin, begin + random.rand(5, 2) * [width * 0.3, height * 0.3]], 1)
    xs, ys, corners = boxes[:, [0, 2]], boxes[:, [1, 3]], boxes.reshape(-1, 2)
    masks = random.rand(3, height, width) > 0.6
    radii = random.rand(5) * height * 0.2
    many = {
        "line_styles": ["-", "--", ":", "-.", "-"],
        "line_widths": [1, 2, 3, 10, 0.5],
    }
    colors = [(255, 0, 0), "b", "r", "cyan", "k"]
    draws = {
        "nothing": lambda: vis,
        "bboxes": lambda: vis.draw_bboxes(boxes),
        "bboxes filled": lambda: vis.draw_bboxes(
            torch.from_numpy(boxes), colors, **many, face_colors=(3, 200, 3), alpha=0.4
        ),
        "too few colors": lambda: vis.draw_bboxes(
            boxes.astype(int), ["r", "g"], line_widths=[1, 2]
        ),
        "lines": lambda: vis.draw_lines(xs, ys),
        "lines of many kinds": lambda: vis.draw_lines(xs, ys, colors, **many),
        "circles": lambda: vis.draw_circles(begin, radii),
        "circles filled": lambda: vis.draw_circles(
            begin, radii, "r", "--", 3, face_colors=colors, alpha=0.5
        ),
        "polygon": lambda: vis.draw_polygons(corners),
        "polygons": lambda: vis.draw_polygons(
            [corners, torch.from_numpy(corners[:4])], ["r", "b"], face_colors=["none", "g"]
        ),
        "text": lambda: vis.draw_texts("hello", np.array([width / 3, height / 3])),
        "texts": lambda: vis.draw_texts(
            ["a", "b\nc", "Wq"],
            begin[:3],
            font_sizes=[8, 12, 20.5],
            colors=["r", (0, 255, 0), "b"],
            vertical_alignments=["center", "bottom", "top"],
            horizontal_alignments="center",
            font_families="monospace",
            bboxes={"facecolor": "y", "alpha": 0.5},
        ),
        "text in fonts from files": lambda: vis.draw_texts(
            ["a", "Wq"], begin[:2], font_sizes=12, font_properties=[serif, mono]
        ),
        "text in bold": lambda: vis.draw_texts("Wq", begin[0], font_properties=bold),
        "half precision": lambda: vis.draw_bboxes(torch.from_numpy(boxes).half()),
        "outside": lambda: vis.draw_circles(begin - 20, radii * 9, line_widths=[1, 2.5, 0, 50, 3]),
        "points": lambda: vis.draw_points(begin),
        "stars": lambda: vis.draw_points(begin, colors, marker="*", sizes=np.arange(1, 6) * 9),
        "points of one color": lambda: vis.draw_points(begin, (255, 0, 100), sizes=4),
        "masks": lambda: vis.draw_binary_masks(masks),
        "masks of many colors": lambda: vis.draw_binary_masks(
            torch.from_numpy(masks), ["r", (0, 10, 250), "cyan"], [0.2, 0.5, 1]
        ),
        "chained": lambda: (
            vis.draw_bboxes(boxes).draw_binary_masks(masks[0]).draw_texts("z", begin[0])
        ),
        "grey": lambda: vis.set_image(image[..., 0]),
    }
    results = {}
    for name, draw in draws.items():
        vis.set_image(image)
        draw()
        results[name] = vis.get_image()
    return results


@pytest.mark.parametrize("size", [(1, 1), (40, 60), (123, 77), (600, 900)])
def test_drawn_pixels(both, size) -> None:
    theirs, ours = both(drawn, *size)
    assert len({image.tobytes() for image in theirs.values()}) > 5 or size == (1, 1)
    assert_same(ours, theirs)


def featmaps(engine):
    import importlib
    import itertools
    import warnings

    import numpy as np
    import torch

    warnings.simplefilter("ignore")
    draw = importlib.import_module(f"{engine}.visualization").Visualizer.draw_featmap
    random = np.random.RandomState(0)
    featmap = torch.from_numpy(random.rand(24, 30, 40)).float()
    image = random.randint(0, 256, (60, 80, 3)).astype(np.uint8)
    options = [
        {},
        {"alpha": 0.3, "resize_shape": (20, 50)},
        {"channel_reduction": "select_max"},
        {"channel_reduction": None},
        {"channel_reduction": None, "topk": 6, "arrangement": (2, 3)},
        {"channel_reduction": None, "topk": 4, "arrangement": (2, 4), "resize_shape": (50, 70)},
        {"channel_reduction": None, "topk": 30, "arrangement": (5, 6)},
    ]
    below = [None, image, image[..., 1], image[:30, :40].copy()]
    results = [draw(featmap, over, **kwargs) for kwargs, over in itertools.product(options, below)]
    for channels in (1, 3):
        results += [draw(featmap[:channels], over, None, topk=-1) for over in below]
    return results


def test_feature_maps(both) -> None:
    theirs, ours = both(featmaps)
    assert_same(ours, theirs)


def stored(engine, folder):
    import importlib

    import numpy as np
    import torch

    visualization = importlib.import_module(f"{engine}.visualization")
    Config = importlib.import_module(f"{engine}.config").Config
    vis = visualization.Visualizer(
        vis_backends=[{"type": "LocalVisBackend"}, {"type": "TensorboardVisBackend"}],
        save_dir=folder,
    )
    vis.add_config(Config({"model": {"type": "ResNet", "depth": 50}, "lr": 0.1}))
    vis.add_image("sample", np.arange(72, dtype=np.uint8).reshape(4, 6, 3), step=3)
    vis.add_scalar("loss", torch.tensor(0.7), step=3)
    vis.add_scalar("acc", np.float32(0.1))
    vis.add_scalars({"loss": 0.1, "iter": 4, "lr": 1e-5}, step=4, file_path="20260101.json")
    vis.close()


def test_stored_files(both, mmengine, mmlight, tmp_path: Path) -> None:
    contents = []
    for engine in (mmengine, mmlight):
        folder = tmp_path / engine.name
        engine.run(stored, str(folder))
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        contents.append(
            {
                str(path.relative_to(folder)).split(".out.")[0]: (
                    None if "events" in path.name else path.read_bytes()
                )
                for path in paths
            }
        )
    theirs, ours = contents
    assert_same(ours, theirs)
    assert json.loads(ours["vis_data/20260101.json"])["step"] == 4
