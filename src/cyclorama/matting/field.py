"""Fields known in places, filled everywhere: push-pull over a pyramid."""

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array


@njit(cache=True, nogil=True)
def gather(values: Array, weights: Array, cell: int) -> tuple[Array, Array]:
    """Weighted means of ``cell`` x ``cell`` blocks and their confidence, 0..1: full when a quarter of it is known."""
    h, w, channels = values.shape
    rows, columns = (h + cell - 1) // cell, (w + cell - 1) // cell
    mean = np.zeros((rows, columns, channels), np.float32)
    confidence = np.zeros((rows, columns), np.float32)
    for y in range(h):
        for x in range(w):
            weight = weights[y, x]
            if weight > 0:
                confidence[y // cell, x // cell] += weight
                for c in range(channels):
                    mean[y // cell, x // cell, c] += weight * values[y, x, c]
    for y in range(rows):
        for x in range(columns):
            total = confidence[y, x]
            if total > 0:
                for c in range(channels):
                    mean[y, x, c] /= total
            confidence[y, x] = min(np.float32(1.0), total * np.float32(4.0) / np.float32(cell * cell))
    return mean, confidence


@njit(cache=True, nogil=True)
def _push(mean: Array, confidence: Array) -> tuple[Array, Array]:
    h, w, channels = mean.shape
    rows, columns = (h + 1) // 2, (w + 1) // 2
    coarse = np.zeros((rows, columns, channels), np.float32)
    total = np.zeros((rows, columns), np.float32)
    for y in range(h):
        for x in range(w):
            weight = confidence[y, x]
            total[y // 2, x // 2] += weight
            for c in range(channels):
                coarse[y // 2, x // 2, c] += weight * mean[y, x, c]
    for y in range(rows):
        for x in range(columns):
            if total[y, x] > 0:
                for c in range(channels):
                    coarse[y, x, c] /= total[y, x]
            total[y, x] = min(np.float32(1.0), total[y, x])
    return coarse, total


@njit(cache=True, nogil=True)
def _pull(mean: Array, confidence: Array, coarse: Array) -> None:
    h, w, channels = mean.shape
    rows, columns = coarse.shape[:2]
    for y in range(h):
        v = min(max(np.float32(0.5) * y - np.float32(0.25), np.float32(0.0)), np.float32(rows - 1))
        y0 = min(int(v), max(rows - 2, 0))
        y1, fy = min(y0 + 1, rows - 1), v - y0
        for x in range(w):
            share = confidence[y, x]
            if share >= 1.0:
                continue
            u = min(max(np.float32(0.5) * x - np.float32(0.25), np.float32(0.0)), np.float32(columns - 1))
            x0 = min(int(u), max(columns - 2, 0))
            x1, fx = min(x0 + 1, columns - 1), u - x0
            for c in range(channels):
                top = coarse[y0, x0, c] * (1 - fx) + coarse[y0, x1, c] * fx
                low = coarse[y1, x0, c] * (1 - fx) + coarse[y1, x1, c] * fx
                mean[y, x, c] = share * mean[y, x, c] + (1 - share) * (top * (1 - fy) + low * fy)


def fill(mean: Array, confidence: Array, fallback: Array) -> Array:
    """The field everywhere: known cells kept, the others from ever coarser means; ``fallback`` where nothing is known.

    ``mean``: h w c float32. ``confidence``: h w float32 in 0..1.
    """
    levels = [(mean.copy(), confidence)]
    while max(levels[-1][0].shape[:2]) > 1:
        levels.append(_push(*levels[-1]))
    top, known = levels[-1]
    top[known <= 0] = fallback
    for (fine, share), (coarse, _) in zip(levels[-2::-1], levels[:0:-1]):
        _pull(fine, share, coarse)
    return levels[0][0]
