"""What the per-pixel kernels are made of: coarse fields read between their cells, and a smooth step."""

from typing import Any

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

Rgb = tuple[Any, Any, Any]
"""Three float32 of one pixel inside a kernel."""
Tap = tuple[int, int, Any]
"""Two cells around a pixel and the share of the second."""
_ZERO, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)


@njit(cache=True, nogil=True, inline="always")
def tap(position: int, step: Any, count: int) -> Tap:
    """The two cells around a pixel and the share of the second."""
    u = min(max((np.float32(position) + _HALF) * step - _HALF, _ZERO), np.float32(count - 1))
    first = min(int(u), max(count - 2, 0))
    return first, min(first + 1, count - 1), u - np.float32(first)


@njit(cache=True, nogil=True, inline="always")
def plane_at(field: Array, rows: Tap, columns: Tap) -> Any:
    y0, y1, fy = rows
    x0, x1, fx = columns
    top = field[y0, x0] + (field[y0, x1] - field[y0, x0]) * fx
    low = field[y1, x0] + (field[y1, x1] - field[y1, x0]) * fx
    return top + (low - top) * fy


@njit(cache=True, nogil=True, inline="always")
def channel_at(field: Array, rows: Tap, columns: Tap, c: int) -> Any:
    y0, y1, fy = rows
    x0, x1, fx = columns
    top = field[y0, x0, c] + (field[y0, x1, c] - field[y0, x0, c]) * fx
    low = field[y1, x0, c] + (field[y1, x1, c] - field[y1, x0, c]) * fx
    return top + (low - top) * fy


@njit(cache=True, nogil=True, inline="always")
def rgb_at(field: Array, rows: Tap, columns: Tap) -> Rgb:
    return channel_at(field, rows, columns, 0), channel_at(field, rows, columns, 1), channel_at(field, rows, columns, 2)


@njit(cache=True, nogil=True, inline="always")
def ramp(x: Any, low: Any, high: Any) -> Any:
    """0 up to ``low``, 1 from ``high`` on, smooth between."""
    t = min(max((x - np.float32(low)) / max(np.float32(high) - np.float32(low), np.float32(1e-9)), _ZERO), _ONE)
    return t * t * (np.float32(3.0) - np.float32(2.0) * t)


@njit(cache=True, nogil=True)
def spread(cells: Array, step: float, out: Array) -> None:
    """A colour field at full size. ``step``: cells a pixel. ``out``: h w 3."""
    for y in range(out.shape[0]):
        rows = tap(y, np.float32(step), cells.shape[0])
        for x in range(out.shape[1]):
            columns = tap(x, np.float32(step), cells.shape[1])
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = rgb_at(cells, rows, columns)


@njit(cache=True, nogil=True)
def span(allowed: Array, y0: int, y1: int) -> tuple[int, int]:
    """First and last column above 0 in two rows; last < first when there is none."""
    first, last = allowed.shape[1], -1
    for x in range(allowed.shape[1]):
        if allowed[y0, x] > 0 or allowed[y1, x] > 0:
            first, last = min(first, x), x
    return first, last
