"""Showing an image, on a matplotlib backend whose windows exist in memory only."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from matplotlib import pyplot as plt

from mmlight.visualization import Visualizer
from mmlight.visualization.utils import img_from_canvas
from tests.visualization import headless_backend

IMAGE = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)


@pytest.fixture
def screen() -> Iterator[type]:
    plt.switch_backend(f"module://{headless_backend.__name__}")
    canvas = headless_backend.FigureCanvas
    canvas.keys.clear()
    canvas.loops.clear()
    yield canvas
    plt.close("all")
    plt.switch_backend("agg")


def test_the_image_is_on_the_screen(screen) -> None:
    Visualizer(image=IMAGE).show(win_name="sample", wait_time=2)
    [number] = plt.get_fignums()
    figure = plt.figure(number)
    assert np.array_equal(img_from_canvas(figure.canvas), IMAGE)
    assert figure.canvas.manager.get_window_title() == "sample"
    assert screen.loops == [(2, "timeout 2")]


def test_only_the_right_key_ends_the_waiting(screen) -> None:
    screen.keys.extend(["m", "j", "n"])
    Visualizer(image=IMAGE).show(continue_key="j")
    assert screen.loops == [(0, "j")] and screen.keys == ["n"]


def test_one_window_is_used_again_until_it_is_closed(screen) -> None:
    vis = Visualizer()
    vis.show(IMAGE)
    vis.show(IMAGE[:10, :10])
    [number] = plt.get_fignums()
    assert np.array_equal(img_from_canvas(plt.figure(number).canvas), IMAGE[:10, :10])
    plt.close(number)
    vis.show(IMAGE)
    assert len(plt.get_fignums()) == 1
    vis.close()
    assert plt.get_fignums() == []


def test_a_data_sample_is_shown(screen) -> None:
    Visualizer().add_datasample("sample", IMAGE, show=True, wait_time=1)
    assert screen.loops == [(1, "timeout 1")]


@pytest.mark.parametrize("backend", ["agg", "svg"])
def test_without_a_display_showing_warns_and_goes_on(backend: str) -> None:
    plt.switch_backend(backend)
    try:
        with pytest.warns(UserWarning, match="sample is not shown: matplotlib has no display"):
            Visualizer(image=IMAGE).show(win_name="sample")
        assert plt.get_fignums() == []
    finally:
        plt.switch_backend("agg")


def test_opencv_is_given_its_own_order_of_colours(monkeypatch) -> None:
    shown, waited = [], []
    monkeypatch.setattr(cv2, "imshow", lambda title, image: shown.append((title, image)))
    monkeypatch.setattr(cv2, "waitKey", waited.append)
    Visualizer(image=IMAGE).show(win_name="sample", wait_time=0.0015, backend="cv2")
    Visualizer().show(IMAGE[..., 0], backend="cv2")
    assert [title for title, _ in shown] == ["sample", "image"] and waited == [2, 0]
    assert np.array_equal(shown[0][1], IMAGE[..., ::-1])
    assert np.array_equal(shown[1][1], IMAGE[..., 0])


@pytest.mark.skipif(
    "GUI:                           NONE" not in cv2.getBuildInformation(),
    reason="this OpenCV has windows",
)
def test_opencv_without_windows_warns_and_goes_on() -> None:
    with pytest.warns(UserWarning, match="sample is not shown: OpenCV has no windows here"):
        Visualizer(image=IMAGE).show(win_name="sample", backend="cv2")


def test_an_unknown_backend() -> None:
    with pytest.raises(ValueError, match="backend must be 'matplotlib' or 'cv2', but got 'qt'"):
        Visualizer(image=IMAGE).show(backend="qt")
