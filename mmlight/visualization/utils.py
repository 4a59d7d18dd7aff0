"""Checks and conversions of what the drawing methods accept."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

Color = Any  # a name, a tuple of three values up to 255, or a list of them


def tensor2ndarray(value: np.ndarray | torch.Tensor) -> np.ndarray:
    """Return the numpy array of a tensor on any device, and anything else as it is.

    Args:
        value (np.ndarray | torch.Tensor): The value.

    Returns:
        np.ndarray: The array.

    Example:
        >>> tensor2ndarray(torch.ones(2))
        array([1., 1.], dtype=float32)
    """
    if not isinstance(value, torch.Tensor):
        return value
    value = value.detach().cpu()
    # The one type of torch that numpy has no word for.
    return (value.float() if value.dtype == torch.bfloat16 else value).numpy()


def check_type(name: str, value: Any, valid_type: type | tuple[type, ...]) -> None:
    """Raise if an argument is not of a type.

    Args:
        name (str): Name of the argument.
        value (Any): Its value.
        valid_type (type | tuple[type]): Types it may have.

    Raises:
        TypeError: If it has another.

    Example:
        >>> check_type("texts", "a", (str, list))
    """
    if not isinstance(value, valid_type):
        types = valid_type if isinstance(valid_type, tuple) else (valid_type,)
        expected = " or ".join(valid.__name__ for valid in types)
        raise TypeError(f"{name} must be of type {expected}, but got {type(value).__name__}")


def check_length(name: str, value: Any, valid_length: int) -> None:
    """Raise if a list argument has too few elements.

    Args:
        name (str): Name of the argument.
        value (Any): Its value; anything that is not a list passes.
        valid_length (int): How many elements there must be at least.

    Raises:
        AssertionError: If there are fewer.

    Example:
        >>> check_length("font_sizes", [10, 12], 2)
    """
    if isinstance(value, list):
        assert len(value) >= valid_length, (
            f"{name} must have at least {valid_length} elements, but got {len(value)}"
        )


def check_type_and_length(
    name: str, value: Any, valid_type: type | tuple[type, ...], valid_length: int
) -> None:
    """Raise if an argument is not of a type, or is a list of too few elements.

    Args:
        name (str): Name of the argument.
        value (Any): Its value.
        valid_type (type | tuple[type]): Types it may have.
        valid_length (int): How many elements there must be at least if it is a list.

    Raises:
        TypeError: If it is of another type.
        AssertionError: If there are fewer elements.

    Example:
        >>> check_type_and_length("font_sizes", [10, 12], (int, list), 2)
    """
    check_type(name, value, valid_type)
    check_length(name, value, valid_length)


def value2list(value: Any, valid_type: type | tuple[type, ...], expand_dim: int) -> list[Any]:
    """Repeat a single value so that there is one for each thing drawn.

    Args:
        value (Any): One value, or a list of them.
        valid_type (type | tuple[type]): Types of a single value.
        expand_dim (int): How often to repeat it.

    Returns:
        list: The values.

    Example:
        >>> value2list(2, int, 3), value2list([1, 2, 3], int, 3)
        ([2, 2, 2], [1, 2, 3])
    """
    return [value] * expand_dim if isinstance(value, valid_type) else list(value)


def color_str2rgb(color: str) -> tuple[int, int, int]:
    """Return the RGB values of a colour's name.

    Args:
        color (str): A colour that matplotlib knows.

    Returns:
        tuple[int, int, int]: Values from 0 to 255.

    Raises:
        ValueError: If there is no such colour.

    Example:
        >>> color_str2rgb("g")
        (0, 127, 0)
    """
    from matplotlib import colors

    try:
        red, green, blue = (int(channel * 255) for channel in colors.to_rgb(color))
    except ValueError:
        raise ValueError(f"{color!r} is not a colour that matplotlib knows") from None
    return red, green, blue


def color_val_matplotlib(colors: Color) -> Any:
    """Return colours as matplotlib takes them.

    Args:
        colors (str | tuple | list): A name, a tuple of three values from 0 to 255, or a list.

    Returns:
        str | tuple[float, float, float] | list: Names, and tuples of values from 0 to 1.

    Raises:
        AssertionError: If a tuple does not have three values from 0 to 255.
        TypeError: If a colour is of another type.

    Example:
        >>> color_val_matplotlib([(255, 0, 51), "g"])
        [(1.0, 0.0, 0.2), 'g']
    """
    if isinstance(colors, str):
        from matplotlib import colors as known

        if not known.is_color_like(colors):
            raise ValueError(f"{colors!r} is not a colour that matplotlib knows")
        return colors
    if isinstance(colors, list):
        return [color_val_matplotlib(color) for color in colors]
    if isinstance(colors, tuple):
        assert len(colors) == 3 and all(0 <= channel <= 255 for channel in colors), (
            f"a colour must be a tuple of three values from 0 to 255, but got {colors}"
        )
        return tuple(channel / 255 for channel in colors)
    raise TypeError(
        "a colour must be a name, a tuple of three values or a list of these, "
        f"but got {type(colors).__name__}"
    )


def named_colors(name: str, colors: Color) -> Any:
    """Return colours as matplotlib takes them; an error names the argument.

    Args:
        name (str): Name of the argument.
        colors (str | tuple | list): As in :func:`color_val_matplotlib`, with its errors.

    Returns:
        str | tuple[float, float, float] | list: Names, and tuples of values from 0 to 1.

    Example:
        >>> named_colors("edge_colors", "colourless")
        Traceback (most recent call last):
        ValueError: edge_colors: 'colourless' is not a colour that matplotlib knows
    """
    try:
        return color_val_matplotlib(colors)
    except (AssertionError, TypeError, ValueError) as error:
        raise type(error)(f"{name}: {error}") from None


def polygon_corners(polygon: np.ndarray) -> np.ndarray:
    """Return the corners of a polygon.

    Args:
        polygon (np.ndarray): Shape (M, 2), or (2 * M,) with x and y in turn.

    Returns:
        np.ndarray: Shape (M, 2).

    Raises:
        AssertionError: If it has another shape.

    Example:
        >>> polygon_corners(np.array([0, 0, 1, 0, 1, 1])).shape
        (3, 2)
    """
    if polygon.ndim == 1 and polygon.size % 2 == 0:
        return polygon.reshape(-1, 2)
    assert polygon.ndim == 2 and polygon.shape[1] == 2, (
        f"a polygon must have the shape (M, 2) or (2 * M,), but got {polygon.shape}"
    )
    return polygon


def convert_overlay_heatmap(
    feat_map: np.ndarray | torch.Tensor, img: np.ndarray | None = None, alpha: float = 0.5
) -> np.ndarray:
    """Return activations as colours from blue to red, blended with an image if there is one.

    Args:
        feat_map (np.ndarray | torch.Tensor): Activations of shape (H, W) or (C, H, W), C 1 or 3.
        img (np.ndarray, optional): RGB image, uint8, shape (H, W, 3). Defaults to None.
        alpha (float): Weight of the colours against ``img``. Defaults to 0.5.

    Returns:
        np.ndarray: RGB image, uint8, shape (H, W, 3).

    Example:
        >>> convert_overlay_heatmap(np.array([[0.0, 1.0]])).tolist()
        [[[0, 0, 128], [128, 0, 0]]]
    """
    import cv2

    values = tensor2ndarray(feat_map)
    if values.ndim == 3:
        values = values.transpose(1, 2, 0)
    grey = cv2.normalize(values, np.zeros(values.shape), 0, 255, cv2.NORM_MINMAX)
    heat = cv2.applyColorMap(np.asarray(grey, dtype=np.uint8), cv2.COLORMAP_JET)
    heat = cv2.cvtColor(heat, cv2.COLOR_BGR2RGB)
    return heat if img is None else cv2.addWeighted(img, 1 - alpha, heat, alpha, 0)


def img_from_canvas(canvas: FigureCanvasAgg) -> np.ndarray:
    """Draw a canvas and return its pixels.

    Args:
        canvas (FigureCanvasAgg): The canvas.

    Returns:
        np.ndarray: RGB image, uint8, shape (H, W, 3).
    """
    buffer, (width, height) = canvas.print_to_buffer()
    result: np.ndarray = (
        np.frombuffer(buffer, dtype=np.uint8).reshape(height, width, 4)[..., :3].copy()
    )
    return result
