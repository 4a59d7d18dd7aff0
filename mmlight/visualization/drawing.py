"""The drawing methods of a visualizer: boxes, lines, circles, polygons, points, text and masks."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from .canvas import Canvas
from .utils import (
    Color,
    check_type,
    check_type_and_length,
    color_str2rgb,
    named_colors,
    polygon_corners,
    tensor2ndarray,
    value2list,
)

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from typing_extensions import Self

Array = np.ndarray | torch.Tensor
Width = int | float | list[int | float]


class Drawing(Canvas):
    """A canvas with methods that draw on its image; each returns the canvas, to be chained.

    A tuple of three values from 0 to 255, or a name that matplotlib knows, is a colour. Colours,
    line styles and line widths may be lists with one for each thing drawn.

    Args:
        fig_save_cfg (dict): Arguments of :class:`matplotlib.figure.Figure`.

    Example:
        >>> canvas = Drawing(dict(frameon=False))
        >>> canvas.set_image(np.zeros((40, 60, 3)))
        >>> image = canvas.draw_bboxes(np.array([10, 10, 20, 20])).get_image()
        >>> int(image[10, 15].argmax())  # the edge is green
        1
    """

    def draw_points(
        self,
        positions: Array,
        colors: Color = "g",
        marker: str | None = None,
        sizes: Array | list[Any] | int | float | None = None,
    ) -> Self:
        """Draw points.

        Args:
            positions (np.ndarray | torch.Tensor): Shape (N, 2) or (2,), x and y.
            colors (str | tuple | list): Colours. Defaults to 'g'.
            marker (str, optional): A marker of matplotlib. Defaults to None.
            sizes (np.ndarray | torch.Tensor, optional): Areas in points, shape (N,).
                Defaults to None.

        Returns:
            Visualizer: The visualizer itself.

        Raises:
            TypeError: If an argument is of another type.
            AssertionError: If ``positions`` has another shape.
        """
        self._check_image()
        points = self._coordinates("positions", positions, 2)
        self.ax_save.scatter(
            points[:, 0],
            points[:, 1],
            c=named_colors("colors", colors if isinstance(colors, list) else [colors]),
            s=tensor2ndarray(sizes),  # type: ignore[arg-type]
            marker=marker,
        )
        return self

    def draw_texts(
        self,
        texts: str | list[str],
        positions: Array,
        font_sizes: int | float | list[int | float] | None = None,
        colors: Color = "g",
        vertical_alignments: str | list[str] = "top",
        horizontal_alignments: str | list[str] = "left",
        font_families: str | list[str] = "sans-serif",
        bboxes: dict[str, Any] | list[dict[str, Any]] | None = None,
        font_properties: FontProperties | list[FontProperties] | None = None,
    ) -> Self:
        """Draw texts.

        Args:
            texts (str | list[str]): The texts.
            positions (np.ndarray | torch.Tensor): Shape (N, 2) or (2,), x and y of each.
            font_sizes (int | float | list, optional): Font sizes; by default they fit the image.
            colors (str | tuple | list): Colours. Defaults to 'g'.
            vertical_alignments (str | list[str]): 'center', 'top', 'bottom' or 'baseline'.
                Defaults to 'top'.
            horizontal_alignments (str | list[str]): 'center', 'right' or 'left'.
                Defaults to 'left'.
            font_families (str | list[str]): 'serif', 'sans-serif', 'cursive', 'fantasy' or
                'monospace'. Defaults to 'sans-serif'.
            bboxes (dict | list[dict], optional): Arguments of
                :class:`matplotlib.patches.FancyBboxPatch` for a box around each text.
                Defaults to None.
            font_properties (FontProperties | list[FontProperties], optional): Fonts, such as
                ``FontProperties(fname=...)`` for text in Chinese; sizes and families are those of
                the other arguments. Defaults to None.

        Returns:
            Visualizer: The visualizer itself.

        Raises:
            TypeError: If an argument is of another type.
            AssertionError: If ``positions`` has another shape, or a list is too short.
        """
        self._check_image()
        check_type("texts", texts, (str, list))
        texts = [texts] if isinstance(texts, str) else texts
        count = len(texts)
        points = self._coordinates("positions", positions, 2)
        assert len(points) == count, (
            f"positions must have the shape ({count}, 2), but got {points.shape}"
        )
        self._warn_outside("text", points)
        if font_sizes is None:
            font_sizes = self._default_font_size
        options = {
            "size": ("font_sizes", font_sizes, (int, float)),
            "color": ("colors", named_colors("colors", colors), (str, tuple)),
            "verticalalignment": ("vertical_alignments", vertical_alignments, str),
            "horizontalalignment": ("horizontal_alignments", horizontal_alignments, str),
            "family": ("font_families", font_families, str),
        }
        if bboxes is not None:
            options["bbox"] = ("bboxes", bboxes, dict)
        if font_properties is not None:
            from matplotlib.font_manager import FontProperties

            options["fontproperties"] = ("font_properties", font_properties, FontProperties)
        lists = {key: self._per_item(*option, count) for key, option in options.items()}
        for index, (text, (x, y)) in enumerate(zip(texts, points)):
            self.ax_save.text(x, y, text, **{key: values[index] for key, values in lists.items()})
        return self

    @staticmethod
    def _per_item(name: str, value: Any, kind: Any, count: int) -> list[Any]:
        """Check an option that may be a list and return one value for each thing drawn."""
        kinds = kind if isinstance(kind, tuple) else (kind,)
        check_type_and_length(name, value, (*kinds, list), count)
        return value2list(value, kind, count)

    def draw_lines(
        self,
        x_datas: Array,
        y_datas: Array,
        colors: Color = "g",
        line_styles: str | list[str] = "-",
        line_widths: Width = 2,
    ) -> Self:
        """Draw line segments.

        Args:
            x_datas (np.ndarray | torch.Tensor): Shape (N, 2) or (2,), x of start and end.
            y_datas (np.ndarray | torch.Tensor): Shape (N, 2) or (2,), y of start and end.
            colors (str | tuple | list): Colours. Defaults to 'g'.
            line_styles (str | list[str]): Line styles of matplotlib. Defaults to '-'.
            line_widths (int | float | list): Line widths. Defaults to 2.

        Returns:
            Visualizer: The visualizer itself.

        Raises:
            TypeError: If an argument is of another type.
            AssertionError: If the coordinates have another shape.
        """
        from matplotlib.collections import LineCollection

        self._check_image()
        xs = self._coordinates("x_datas", x_datas, 2)
        ys = self._coordinates("y_datas", y_datas, 2)
        assert x_datas.shape == y_datas.shape, (
            "x_datas and y_datas must have the same shape, "
            f"but got {tuple(x_datas.shape)} and {tuple(y_datas.shape)}"
        )
        segments = np.stack((xs, ys), axis=2)
        self._warn_outside("line", segments)
        check_type("line_styles", line_styles, (str, tuple, list))
        check_type("line_widths", line_widths, (int, float, list))
        collection = LineCollection(
            list(segments),
            colors=named_colors("colors", colors),
            linestyles=line_styles,
            linewidths=line_widths,
        )
        self.ax_save.add_collection(collection)
        return self

    def draw_circles(
        self,
        center: Array,
        radius: Array,
        edge_colors: Color = "g",
        line_styles: str | list[str] = "-",
        line_widths: Width = 2,
        face_colors: Color = "none",
        alpha: float | int = 0.8,
    ) -> Self:
        """Draw circles.

        Args:
            center (np.ndarray | torch.Tensor): Shape (N, 2) or (2,), x and y of each centre.
            radius (np.ndarray | torch.Tensor): Shape (N,), the radii.
            edge_colors (str | tuple | list): Colours of the edges. Defaults to 'g'.
            line_styles (str | list[str]): Line styles of matplotlib. Defaults to '-'.
            line_widths (int | float | list): Line widths. Defaults to 2.
            face_colors (str | tuple | list): Colours of the insides. Defaults to 'none'.
            alpha (float): Opacity from 0 to 1. Defaults to 0.8.

        Returns:
            Visualizer: The visualizer itself.

        Raises:
            TypeError: If an argument is of another type.
            AssertionError: If the coordinates have another shape.
        """
        from matplotlib.collections import PatchCollection
        from matplotlib.patches import Circle

        self._check_image()
        centers = self._coordinates("center", center, 2)
        check_type("radius", radius, (np.ndarray, torch.Tensor))
        check_type("line_styles", line_styles, (str, tuple, list))
        radii = tensor2ndarray(radius)
        assert radii.shape == (len(centers),), (
            f"radius must have the shape ({len(centers)},), as there are that many centers, "
            f"but got {radii.shape}"
        )
        reach = radii[:, None]
        self._warn_outside("circle", np.stack((centers - reach, centers + reach)))
        circles = [Circle(tuple(point), size) for point, size in zip(centers, radii)]
        collection = PatchCollection(
            circles,
            alpha=alpha,
            facecolors=named_colors("face_colors", face_colors),
            edgecolors=named_colors("edge_colors", edge_colors),
            linewidths=self._line_widths(line_widths, len(circles)),
            linestyles=line_styles,
        )
        self.ax_save.add_collection(collection)
        return self

    def draw_bboxes(
        self,
        bboxes: Array,
        edge_colors: Color = "g",
        line_styles: str | list[str] = "-",
        line_widths: Width = 2,
        face_colors: Color = "none",
        alpha: int | float = 0.8,
    ) -> Self:
        """Draw boxes.

        Args:
            bboxes (np.ndarray | torch.Tensor): Shape (N, 4) or (4,), x1, y1, x2 and y2.
            edge_colors (str | tuple | list): Colours of the edges. Defaults to 'g'.
            line_styles (str | list[str]): Line styles of matplotlib. Defaults to '-'.
            line_widths (int | float | list): Line widths. Defaults to 2.
            face_colors (str | tuple | list): Colours of the insides. Defaults to 'none'.
            alpha (float): Opacity from 0 to 1. Defaults to 0.8.

        Returns:
            Visualizer: The visualizer itself.

        Raises:
            TypeError: If an argument is of another type.
            AssertionError: If ``bboxes`` has another shape, or a box ends before it begins.
        """
        self._check_image()
        boxes = self._coordinates("bboxes", bboxes, 4)
        assert (boxes[:, :2] <= boxes[:, 2:]).all(), (
            "bboxes must be (x1, y1, x2, y2) with x1 <= x2 and y1 <= y2"
        )
        self._warn_outside("bbox", boxes.reshape(-1, 2, 2))
        corners = boxes[:, [0, 1, 2, 1, 2, 3, 0, 3]].reshape(-1, 4, 2)
        return self._add_polygons(
            corners, edge_colors, line_styles, line_widths, face_colors, alpha
        )

    def draw_polygons(
        self,
        polygons: Array | list[Array],
        edge_colors: Color = "g",
        line_styles: str | list[str] = "-",
        line_widths: Width = 2,
        face_colors: Color = "none",
        alpha: int | float = 0.8,
    ) -> Self:
        """Draw polygons.

        Args:
            polygons (np.ndarray | torch.Tensor | list): One polygon of shape (M, 2), x and y of
                each corner, or the same in a row, shape (2 * M,); or a list of them.
            edge_colors (str | tuple | list): Colours of the edges. Defaults to 'g'.
            line_styles (str | list[str]): Line styles of matplotlib. Defaults to '-'.
            line_widths (int | float | list): Line widths. Defaults to 2.
            face_colors (str | tuple | list): Colours of the insides. Defaults to 'none'.
            alpha (float): Opacity from 0 to 1. Defaults to 0.8.

        Returns:
            Visualizer: The visualizer itself.

        Raises:
            TypeError: If an argument is of another type.
            AssertionError: If a polygon has another shape.
        """
        self._check_image()
        check_type("polygons", polygons, (list, np.ndarray, torch.Tensor))
        listed = polygons if isinstance(polygons, list) else [polygons]
        for index, polygon in enumerate(listed):
            check_type(f"polygons[{index}]", polygon, (np.ndarray, torch.Tensor))
        corners = [polygon_corners(tensor2ndarray(polygon)) for polygon in listed]
        for polygon in corners:
            self._warn_outside("polygon", polygon)
        return self._add_polygons(
            corners, edge_colors, line_styles, line_widths, face_colors, alpha
        )

    def _add_polygons(
        self,
        polygons: Any,
        edge_colors: Color,
        line_styles: str | list[str],
        line_widths: Width,
        face_colors: Color,
        alpha: int | float,
    ) -> Self:
        from matplotlib.collections import PolyCollection

        check_type("line_styles", line_styles, (str, tuple, list))
        collection = PolyCollection(
            polygons,
            alpha=alpha,
            facecolor=named_colors("face_colors", face_colors),
            linestyles=line_styles,
            edgecolors=named_colors("edge_colors", edge_colors),
            linewidths=self._line_widths(line_widths, len(polygons)),
        )
        self.ax_save.add_collection(collection)
        return self

    def draw_binary_masks(
        self, binary_masks: Array, colors: Color = "g", alphas: float | list[float] = 0.8
    ) -> Self:
        """Blend masks with the image.

        Args:
            binary_masks (np.ndarray | torch.Tensor): Booleans, or 0 and 1 of type uint8, of shape
                (N, H, W) or (H, W), as large as the image.
            colors (str | tuple | list): Colours of the masks. Defaults to 'g'.
            alphas (float | list[float]): Opacities from 0 to 1. Defaults to 0.8.

        Returns:
            Visualizer: The visualizer itself.

        Raises:
            TypeError: If an argument is of another type.
            AssertionError: If ``binary_masks`` is not boolean or not as large as the image, or a
                list is too short.
            ValueError: If an opacity is not from 0 to 1.
        """
        import cv2

        self._check_image()
        check_type("binary_masks", binary_masks, (np.ndarray, torch.Tensor))
        masks = tensor2ndarray(binary_masks)
        if masks.dtype == np.uint8 and masks.size and masks.max() <= 1:
            masks = masks.astype(np.bool_)
        assert masks.dtype == np.bool_, (
            f"binary_masks must hold booleans, or 0 and 1 of type uint8, but got {masks.dtype}"
        )
        masks = masks[None] if masks.ndim == 2 else masks
        assert masks.ndim == 3 and masks.shape[1:] == (self.height, self.width), (
            f"binary_masks must have the shape (N, {self.height}, {self.width}) of the image, "
            f"but got {masks.shape}"
        )
        image = self.get_image()
        colors = self._per_item("colors", colors, (str, tuple), len(masks))
        alphas = self._per_item("alphas", alphas, (int, float), len(masks))
        for mask, color, alpha in zip(masks, colors, alphas):
            rgb = color_str2rgb(color) if isinstance(color, str) else color
            assert len(rgb) == 3 and all(0 <= channel <= 255 for channel in rgb), (
                f"a colour must be a tuple of three values from 0 to 255, but got {rgb}"
            )
            if not 0 <= alpha <= 1:
                raise ValueError(f"alphas must be from 0 to 1, but got {alpha}")
            colored = np.where(mask[..., None], np.array(rgb, dtype=np.uint8), image)
            image = cv2.addWeighted(image, 1 - alpha, colored, alpha, 0)
        self._show_pixels(image, "nearest")
        return self

    def _coordinates(self, name: str, value: Array, columns: int) -> np.ndarray:
        """Return coordinates as an array of one row for each thing drawn."""
        check_type(name, value, (np.ndarray, torch.Tensor))
        array = tensor2ndarray(value)
        array = array[None] if array.ndim == 1 else array
        assert array.ndim == 2 and array.shape[1] == columns, (
            f"{name} must have the shape (N, {columns}) or ({columns},), "
            f"but got {tuple(value.shape)}"
        )
        return array

    def _line_widths(self, line_widths: Width, count: int) -> list[float]:
        check_type("line_widths", line_widths, (int, float, list))
        greatest = self._default_font_size / 4
        return [
            min(max(width, 1), greatest) for width in value2list(line_widths, (int, float), count)
        ]

    def _is_posion_valid(self, position: np.ndarray) -> bool:
        """Tell whether points (..., 2) lie within the image; visualizers of packages call this."""
        size = (self.width, self.height)
        return not position.size or bool((position >= 0).all() and (position < size).all())

    def _warn_outside(self, name: str, position: np.ndarray) -> None:
        if not self._is_posion_valid(position):
            warnings.warn(
                f"a {name} lies partly outside of the image of {self.width} x {self.height} pixels",
                stacklevel=3,
            )
