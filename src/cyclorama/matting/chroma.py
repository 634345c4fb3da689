"""The colour difference that tells a screen from everything else, and the small kernels that read it."""

from typing import Any

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

# A ``Difference`` row: screen channel, lesser other channel, greater other channel, mix.
Difference = tuple[int, int, int, float]


def difference_of(screen_rgb: tuple[float, float, float]) -> Difference:
    """The difference that keys a screen of this linear colour.

    d(C) = C_k - max(C_i, (1 - t) C_i + t C_j), with k the screen's channel and j the larger of the others. t = 1 is
    the classic G - max(R, B). A teal screen has so much blue that t = 1 would leave little signal; there t falls (not
    below 1/2) until d(screen) is 3/5 of C_k. Every grey has d = 0, and d is linear along a mix of screen and actor.
    """
    k = 1 if screen_rgb[1] >= screen_rgb[2] else 2
    others = [c for c in range(3) if c != k]
    i, j = sorted(others, key=lambda c: float(screen_rgb[c]))
    spread = screen_rgb[j] - screen_rgb[i]
    wanted = 0.4 * screen_rgb[k] - screen_rgb[i]
    mix = 1.0 if spread <= 1e-6 else float(np.clip(wanted / spread, 0.5, 1.0))
    return k, i, j, mix


@njit(cache=True, nogil=True, inline="always")
def difference_at(r: Any, g: Any, b: Any, k: int, i: int, mix: Any) -> Any:
    """d(C) of one pixel."""
    if k == 1:
        key = g
        lesser, greater = (r, b) if i == 0 else (b, r)
    else:
        key = b
        lesser, greater = (r, g) if i == 0 else (g, r)
    mixed = (np.float32(1.0) - mix) * lesser + mix * greater
    return key - max(lesser, mixed)


@njit(cache=True, nogil=True)
def difference_plane(picture: Array, k: int, i: int, mix: float) -> Array:
    """d(C) of a picture, h w float32."""
    h, w = picture.shape[:2]
    out = np.empty((h, w), np.float32)
    m = np.float32(mix)
    for y in range(h):
        for x in range(w):
            out[y, x] = difference_at(picture[y, x, 0], picture[y, x, 1], picture[y, x, 2], k, i, m)
    return out


@njit(cache=True, nogil=True)
def block_mean(picture: Array, factor: int) -> Array:
    """Means of ``factor`` x ``factor`` blocks; the last row and column of blocks may be partial."""
    h, w = picture.shape[:2]
    rows, columns = (h + factor - 1) // factor, (w + factor - 1) // factor
    out = np.zeros((rows, columns, 3), np.float32)
    for by in range(rows):
        y1 = min(h, (by + 1) * factor)
        for bx in range(columns):
            x1 = min(w, (bx + 1) * factor)
            r = g = b = np.float32(0.0)
            for y in range(by * factor, y1):
                for x in range(bx * factor, x1):
                    r += picture[y, x, 0]
                    g += picture[y, x, 1]
                    b += picture[y, x, 2]
            scale = np.float32(1.0) / np.float32((y1 - by * factor) * (x1 - bx * factor))
            out[by, bx, 0], out[by, bx, 1], out[by, bx, 2] = r * scale, g * scale, b * scale
    return out


DARKEST = 0.13
"""How dark a shadow on the screen may be to count as screen, as a share of the screen's level."""


@njit(cache=True, nogil=True)
def screen_like(picture: Array, difference: Array, axis: Array, floor: float, tolerance: float) -> Array:
    """Pixels of the screen's chroma or a purer one (as shadows are, while a mix with the actor is duller): h w uint8.

    ``axis``: C_i / C_k and C_j / C_k of the screen, then k, i, j. ``floor``: the least d. ``tolerance``: how far a
    ratio may exceed the axis.
    """
    h, w = difference.shape
    out = np.zeros((h, w), np.uint8)
    k, i, j = int(axis[2]), int(axis[3]), int(axis[4])
    for y in range(h):
        for x in range(w):
            if difference[y, x] > floor:
                key = picture[y, x, k]
                off = max(picture[y, x, i] / key - axis[0], picture[y, x, j] / key - axis[1])
                if off < tolerance:
                    out[y, x] = 1
    return out
