"""What a picture may be expected to look like where nothing is known of it, coarsely: as it does beside that, in the
same row; and what in it is found nowhere else."""

from typing import NamedTuple

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

GRID_LONG_SIDE = 64
"""Cells along the longer side: what is finer than a cell is not expected."""
_LEAST_KNOWN = 0.5  # of a cell's pixels
_ALONG = 1.0  # what counts lies so many times as far along the row as the nearest that is known
_ACROSS = 0.18  # and so many times above and below: the world stands upright, its horizon is level
_ODD = 0.1  # of display white: what differs by so much from the rest counts half (a sun, a lamp, a sign)
_TURNS = 3  # of weighing down what is odd
_BEHIND = (1.25, 0.04)  # times, and of the nearest inverse depth: what is nearer says nothing of what is behind it
_OWN, _AROUND = 2, 5  # cells: a thing, and how far around it its like is looked for
_VARIES = 0.5  # what varies in a cell counts half as much as its colour
_NEGLIGIBLE = 7.0  # a weight of exp of minus so much


class Expected(NamedTuple):
    """On a coarse grid. ``means``: gh gw 4 float32, colour of a cell, display-like, and how much varies in it; where
    the picture is unknown as it is expected. ``odd``: gh gw float32, by how much, squared, a known cell differs from
    what is around it."""

    means: Array
    odd: Array


def cell_means(values: Array) -> Array:
    """h w c or h w float32 -> means of cells."""
    h, w = values.shape[:2]
    scale = min(1.0, GRID_LONG_SIDE / max(h, w))
    grid = (max(1, round(w * scale)), max(1, round(h * scale)))
    return cv2.resize(values, grid, interpolation=cv2.INTER_AREA)


def enlarged(cells: Array, hw: tuple[int, int]) -> Array:
    """Cells as a smooth picture of ``hw``."""
    return cv2.resize(cells, hw[::-1], interpolation=cv2.INTER_LINEAR)


def expected(display: Array, share: Array, known: Array) -> Expected:
    """Of a picture (h w 3 float32, display-like) that is ``known`` (h w bool) in part. ``share``: h w, inverse depth of
    the nearest surface's, whole."""
    part = cell_means(known.astype(np.float32))[..., None]
    shown = np.where(known[..., None], display, np.float32(0))
    part_or_one = np.maximum(part, np.float32(1e-6))
    color, squares = cell_means(shown) / part_or_one, cell_means(shown * shown) / part_or_one
    varies = np.sqrt(np.maximum(squares - color * color, 0).mean(-1, keepdims=True))
    means = np.concatenate([color, _VARIES * varies], -1).astype(np.float32)
    there = part[..., 0] >= min(_LEAST_KNOWN, float(part.max()))
    away = cv2.distanceTransform((~there).astype(np.uint8), cv2.DIST_L2, 5)
    out, odd = means.copy(), np.zeros(there.shape, np.float32)
    _look_around(means, cell_means(share), there, away, out, odd)
    return Expected(out, odd)


@njit(cache=True, nogil=True, fastmath=True)
def _look_around(means, share, there, away, out, odd):  # type: ignore[no-untyped-def]
    """Means of what is known, near cells and those of the same row most; what is odd among them little."""
    h, w, num = means.shape
    weights, cells, mean = np.empty(h * w, np.float32), np.empty((h * w, 2), np.int32), np.empty(num, np.float32)
    for y in range(h):
        for x in range(w):
            own = _OWN if there[y, x] else 0
            reach = np.float32(_AROUND) if there[y, x] else away[y, x]
            nearest = np.float32(_BEHIND[0]) * share[y, x] + np.float32(_BEHIND[1])
            count, best = 0, np.float32(-1e9)
            for sy in range(h):
                for sx in range(w):
                    if not there[sy, sx] or share[sy, sx] > nearest or max(abs(sy - y), abs(sx - x)) <= own:
                        continue
                    k = -(abs(sx - x) / np.float32(_ALONG) + abs(sy - y) / np.float32(_ACROSS)) / reach
                    best = max(best, k)
                    if k > best - np.float32(_NEGLIGIBLE):
                        weights[count], cells[count, 0], cells[count, 1] = k, sy, sx
                        count += 1
            if count == 0:
                continue
            for i in range(count):
                weights[i] = np.exp(max(weights[i] - best, np.float32(-30)))
            _mean(means, cells, weights, count, mean)
            for c in range(num):
                odd[y, x] += (means[y, x, c] - mean[c]) ** 2 if there[y, x] else np.float32(0)
                out[y, x, c] = means[y, x, c] if there[y, x] else mean[c]


@njit(cache=True, nogil=True, fastmath=True)
def _mean(means, cells, weights, count, out):  # type: ignore[no-untyped-def]
    """The weighted mean of cells, those less that differ from it (Lorentzian weights)."""
    num = means.shape[2]
    values = np.empty(num, np.float32)
    for turn in range(_TURNS + 1):
        total = np.float32(0)
        values[:] = 0
        for i in range(count):
            k, gap = weights[i], np.float32(0)
            if turn:
                for c in range(num):
                    gap += (means[cells[i, 0], cells[i, 1], c] - out[c]) ** 2
                k /= 1 + gap / np.float32(_ODD * _ODD)
            total += k
            for c in range(num):
                values[c] += k * means[cells[i, 0], cells[i, 1], c]
        for c in range(num):
            out[c] = values[c] / total
