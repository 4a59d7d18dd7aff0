"""The drawing methods: where the ink goes, and what they refuse."""

from __future__ import annotations

import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.font_manager import FontProperties, findfont

from mmlight.visualization import Visualizer

HEIGHT, WIDTH = 60, 90


@pytest.fixture
def image() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)


@pytest.fixture
def black() -> Visualizer:
    return Visualizer(image=np.zeros((HEIGHT, WIDTH, 3), dtype=np.uint8))


def inked(vis: Visualizer) -> tuple[int, int, int, int]:
    """The box x1, y1, x2, y2 of all pixels that are not black."""
    ys, xs = vis.get_image().any(axis=2).nonzero()
    return xs.min(), ys.min(), xs.max() + 1, ys.max() + 1


@given(height=st.integers(1, 70), width=st.integers(1, 70))
@settings(max_examples=20)
def test_an_image_comes_back_as_it_was(height: int, width: int) -> None:
    image = np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert np.array_equal(Visualizer(image=image).get_image(), image)


def test_a_new_image_wipes_the_old_one(image: np.ndarray) -> None:
    vis = Visualizer(image=image)
    vis.draw_bboxes(np.array([1, 1, 50, 50]), face_colors="r")
    vis.set_image(image[:30, :40])
    assert np.array_equal(vis.get_image(), image[:30, :40])


@pytest.mark.parametrize(
    "wrong",
    [None, [[1]], np.zeros(3), np.zeros((2, 2, 2)), torch.zeros(3, 3), np.zeros((0, 5, 3))],
)
def test_what_is_no_image(wrong) -> None:
    with pytest.raises(AssertionError, match="image must"):
        Visualizer().set_image(wrong)


def test_bboxes_are_where_they_should_be(black: Visualizer) -> None:
    assert black.draw_bboxes(np.array([20, 10, 50, 40]), line_widths=1, alpha=1) is black
    x1, y1, x2, y2 = inked(black)
    assert (x1, y1) in ((19, 9), (20, 10)) and (x2, y2) in ((51, 41), (52, 42), (50, 40))
    assert not black.get_image()[15:35, 25:45].any()


def test_faces_are_filled(black: Visualizer) -> None:
    boxes = torch.tensor([[5, 5, 25, 25], [40, 5, 60, 25]])
    black.draw_bboxes(boxes, edge_colors="none", face_colors=[(255, 0, 0), (0, 0, 255)], alpha=1)
    image = black.get_image()
    assert image[15, 15].tolist() == [255, 0, 0] and image[15, 50].tolist() == [0, 0, 255]


def test_alpha_blends(black: Visualizer) -> None:
    black.draw_bboxes(np.array([5, 5, 50, 50]), edge_colors="none", face_colors="w", alpha=0.5)
    assert 126 <= black.get_image()[20, 20, 0] <= 129


@pytest.mark.parametrize(
    "draw",
    [
        lambda vis: vis.draw_circles(np.array([45, 30]), np.array([10]), face_colors="g"),
        lambda vis: vis.draw_polygons(np.array([[35, 20], [55, 20], [55, 40], [35, 40]])),
        lambda vis: vis.draw_polygons([torch.tensor([[35.0, 20], [55, 20], [55, 40], [35, 40]])]),
        lambda vis: vis.draw_lines(np.array([[35, 55], [35, 55]]), np.array([[20, 40], [40, 20]])),
        lambda vis: vis.draw_points(np.array([[36, 21], [54, 39]]), sizes=np.array([4, 4])),
        lambda vis: vis.draw_binary_masks(_mask(20, 40, 35, 55)),
    ],
    ids=["circle", "polygon", "polygons", "lines", "points", "mask"],
)
def test_shapes_are_where_they_should_be(black: Visualizer, draw) -> None:
    assert draw(black) is black
    assert np.abs(np.array(inked(black)) - (35, 20, 55, 40)).max() <= 3


def _mask(top: int, bottom: int, left: int, right: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), dtype=bool)
    mask[top:bottom, left:right] = True
    return mask


def test_text_grows_from_its_position(black: Visualizer) -> None:
    black.draw_texts("Hello", np.array([10, 20]), font_sizes=10, colors=(255, 255, 255))
    x1, y1, x2, y2 = inked(black)
    assert 9 <= x1 <= 13 and 19 <= y1 <= 25 and x2 > 25 and y2 < 40
    black.set_image(np.zeros((HEIGHT, WIDTH, 3)))
    black.draw_texts(
        "Hello",
        np.array([80, 20]),
        font_sizes=10,
        colors="w",
        horizontal_alignments="right",
        vertical_alignments="bottom",
        bboxes={"facecolor": "r", "edgecolor": "r", "pad": 0},
    )
    x1, y1, x2, y2 = inked(black)
    assert x1 < 60 and 78 <= x2 <= 82 and 19 <= y2 <= 23


def test_several_texts_each_with_their_own_options(black: Visualizer) -> None:
    black.draw_texts(
        ["a", "b"],
        torch.tensor([[5, 5], [60, 40]]),
        font_sizes=[12, 20],
        colors=["r", (0, 0, 255)],
        font_families=["serif", "monospace"],
    )
    image = black.get_image()
    assert image[:30, :30, 0].any() and not image[:30, :30, 2].any()
    assert image[30:, 50:, 2].any() and not image[30:, 50:, 0].any()


def test_masks_blend_in_turn(image: np.ndarray) -> None:
    first, second = _mask(0, 30, 0, 90), _mask(20, 60, 0, 90)
    vis = Visualizer(image=image)
    vis.draw_binary_masks(
        torch.from_numpy(np.stack([first, second])), colors=["r", (0, 0, 255)], alphas=[0.0, 1.0]
    )
    drawn = vis.get_image()
    assert np.array_equal(drawn[:20], image[:20])
    assert (drawn[20:] == (0, 0, 255)).all()


def test_masks_of_type_uint8(image: np.ndarray) -> None:
    mask = _mask(5, 9, 5, 9)
    drawn = [
        Visualizer(image=image).draw_binary_masks(value).get_image()
        for value in (mask, mask.astype(np.uint8), torch.from_numpy(mask))
    ]
    assert np.array_equal(drawn[0], drawn[1]) and np.array_equal(drawn[0], drawn[2])


def test_a_polygon_may_be_one_row_of_coordinates(black: Visualizer, image: np.ndarray) -> None:
    row = [35, 20, 55, 20, 55, 40, 35, 40]
    drawn = [
        Visualizer(image=image).draw_polygons(polygon, face_colors="r").get_image()
        for polygon in (np.array(row), [torch.tensor(row)], np.array(row).reshape(4, 2))
    ]
    assert not np.array_equal(drawn[0], image)
    assert np.array_equal(drawn[0], drawn[2]) and np.array_equal(drawn[1], drawn[2])


def test_boxes_that_a_bfloat16_model_predicts(image: np.ndarray) -> None:
    box = torch.tensor([5.0, 5, 50, 50], requires_grad=True)
    drawn = [
        Visualizer(image=image).draw_bboxes(value).get_image() for value in (box, box.bfloat16())
    ]
    assert np.array_equal(*drawn)


def test_a_font_from_a_file(black: Visualizer) -> None:
    fonts = [FontProperties(fname=findfont(name)) for name in ("DejaVu Serif", "DejaVu Sans Mono")]
    drawn = []
    for options in (
        {"font_properties": fonts[0]},
        {"font_properties": [fonts[1]]},
        {"font_families": "DejaVu Serif"},
        {"font_families": "DejaVu Sans Mono"},
    ):
        black.set_image(np.zeros((HEIGHT, WIDTH, 3)))
        black.draw_texts("Wil", np.array([5, 5]), font_sizes=15, **options)
        drawn.append(black.get_image())
    assert np.array_equal(drawn[0], drawn[2]) and np.array_equal(drawn[1], drawn[3])
    assert not np.array_equal(drawn[0], drawn[1])


@pytest.mark.parametrize(
    ("points", "within"),
    [
        ([[0, 0], [89, 59.9]], True),
        ([[90, 3]], False),
        ([[3, -1]], False),
        (np.zeros((0, 2)), True),
    ],
)
def test_whether_points_lie_within_the_image(black: Visualizer, points, within: bool) -> None:
    # Visualizers of detection and pose packages call it under this name.
    assert black._is_posion_valid(np.array(points)) is within


BOX = np.array([1, 1, 9, 9])
POINT = np.array([1, 1])


@pytest.mark.parametrize(
    ("method", "args", "options", "error", "message"),
    [
        ("draw_bboxes", ([1, 1, 2, 2],), {}, TypeError, "bboxes must be of type ndarray or Tensor"),
        (
            "draw_bboxes",
            (np.ones((2, 5)),),
            {},
            AssertionError,
            r"bboxes must have the shape \(N, 4",
        ),
        ("draw_bboxes", (np.array([5, 1, 2, 2]),), {}, AssertionError, "x1 <= x2"),
        ("draw_bboxes", (BOX,), {"edge_colors": (1, 2, 300)}, AssertionError, "from 0 to 255"),
        ("draw_bboxes", (BOX,), {"edge_colors": "colourless"}, ValueError, "'colourless'"),
        ("draw_bboxes", (BOX,), {"edge_colors": 3}, TypeError, "edge_colors: a colour must be"),
        ("draw_bboxes", (BOX,), {"face_colors": None}, TypeError, "face_colors: a colour must be"),
        ("draw_bboxes", (BOX,), {"line_styles": 3}, TypeError, "line_styles must be of type"),
        ("draw_lines", (POINT, POINT), {"line_styles": 3}, TypeError, "line_styles must be of"),
        ("draw_bboxes", (BOX,), {"line_widths": "a"}, TypeError, "line_widths must be of type"),
        ("draw_lines", (POINT, np.ones((1, 2))), {}, AssertionError, "the same shape"),
        ("draw_lines", (np.ones(3), np.ones(3)), {}, AssertionError, "x_datas must have the shape"),
        ("draw_lines", (POINT, [1, 1]), {}, TypeError, "y_datas must be of type"),
        ("draw_circles", (np.ones((2, 2)), np.ones(3)), {}, AssertionError, "there are that many"),
        (
            "draw_circles",
            (np.ones(3), np.ones(1)),
            {},
            AssertionError,
            "center must have the shape",
        ),
        ("draw_circles", (POINT, 3), {}, TypeError, "radius must be of type"),
        ("draw_polygons", (3,), {}, TypeError, "polygons must be of type"),
        ("draw_polygons", ([[1, 1]],), {}, TypeError, r"polygons\[0\] must be of type"),
        ("draw_polygons", (np.ones((2, 3)),), {}, AssertionError, r"must have the shape \(M, 2\)"),
        ("draw_polygons", (np.ones(3),), {}, AssertionError, r"or \(2 \* M,\), but got \(3,\)"),
        ("draw_texts", (3, POINT), {}, TypeError, "texts must be of type"),
        ("draw_texts", (["a", "b"], POINT), {}, AssertionError, r"must have the shape \(2, 2\)"),
        ("draw_texts", ("a", [1, 1]), {}, TypeError, "positions must be of type"),
        ("draw_texts", ("a", POINT), {"font_sizes": "9"}, TypeError, "font_sizes must be of type"),
        ("draw_texts", ("a", POINT), {"bboxes": 3}, TypeError, "bboxes must be of type"),
        (
            "draw_texts",
            (["a", "b"], np.ones((2, 2))),
            {"font_sizes": [3]},
            AssertionError,
            "at least 2 elements",
        ),
        ("draw_texts", ("a", POINT), {"font_properties": "a"}, TypeError, "font_properties must"),
        ("draw_points", ([1, 1],), {}, TypeError, "positions must be of type"),
        ("draw_points", (np.ones(3),), {}, AssertionError, "positions must have the shape"),
        ("draw_binary_masks", ([[1]],), {}, TypeError, "binary_masks must be of type"),
        ("draw_binary_masks", (np.ones((60, 90)),), {}, AssertionError, "must hold booleans"),
        ("draw_binary_masks", (np.full((60, 90), 2, "uint8"),), {}, AssertionError, "booleans"),
        ("draw_binary_masks", (np.ones((6, 9), bool),), {}, AssertionError, r"\(N, 60, 90\)"),
        (
            "draw_binary_masks",
            (np.ones((2, 60, 90), bool),),
            {"colors": ["r"]},
            AssertionError,
            "colors must have at least 2",
        ),
        (
            "draw_binary_masks",
            (np.ones((60, 90), bool),),
            {"alphas": 1.5},
            ValueError,
            "alphas must be from 0 to 1, but got 1.5",
        ),
    ],
)
def test_what_is_refused(black: Visualizer, method, args, options, error, message) -> None:
    with pytest.raises(error, match=message):
        getattr(black, method)(*args, **options)
    assert not black.get_image().any()


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("draw_bboxes", (BOX,)),
        ("draw_points", (POINT,)),
        ("draw_texts", ("a", POINT)),
        ("draw_polygons", (np.ones((3, 2)),)),
        ("draw_lines", (POINT, POINT)),
        ("draw_circles", (POINT, np.ones(1))),
        ("draw_binary_masks", (np.ones((2, 2), bool),)),
        ("get_image", ()),
    ],
)
def test_without_an_image(method: str, args: tuple) -> None:
    with pytest.raises(AssertionError, match="call set_image first"):
        getattr(Visualizer(), method)(*args)


@pytest.mark.parametrize(
    ("method", "args"),
    [
        ("draw_bboxes", (np.array([1, 1, 200, 2]),)),
        ("draw_polygons", (np.array([[1, 1], [2, 200], [3, 4]]),)),
        ("draw_lines", (np.array([1, 300]), np.array([1, 3]))),
        ("draw_circles", (np.array([1, 1]), np.array([30]))),
        ("draw_texts", ("a", np.array([100, 1]))),
    ],
)
def test_what_lies_outside_is_drawn_with_a_warning(black: Visualizer, method, args) -> None:
    with pytest.warns(UserWarning, match="outside of the image of 90 x 60 pixels"):
        getattr(black, method)(*args)


def test_nothing_to_draw(black: Visualizer) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        black.draw_bboxes(np.zeros((0, 4))).draw_polygons([]).draw_texts([], np.zeros((0, 2)))
    assert not black.get_image().any()


def test_pyplot_is_not_touched() -> None:
    code = """
import sys
import numpy as np
from mmlight.visualization import Visualizer
assert "matplotlib" not in sys.modules, "imported with the package"
vis = Visualizer()
assert "matplotlib" not in sys.modules, "imported before anything is drawn"
vis.set_image(np.zeros((9, 9, 3)))
vis.draw_bboxes(np.array([1, 1, 5, 5])).get_image()
assert "matplotlib.pyplot" not in sys.modules, "pyplot keeps every figure alive"
"""
    subprocess.run([sys.executable, "-c", code], check=True)
