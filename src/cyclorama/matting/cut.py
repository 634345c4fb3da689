"""The smoothest mask that the evidence allows: a minimum cut, relaxed."""

from typing import Any

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

_STEPS = 120
"""Steps of the solver; from a carried mask the edge has settled by then."""
_CONTRAST = np.float32(1.0 / 200.0)
"""An edge is free to pass where neighbours differ by some 14 codes of Lab: weight exp(-difference^2 / 200)."""
_FLOOR = np.float32(0.05)
"""Share of an edge's weight that no contrast takes away."""


def cut(evidence: Array, lab: Array, start: Array, smooth: Any) -> Array:
    """min over x in 0..1 of -sum(evidence x) + sum(g |difference of x|) over 4-neighbours, from ``start``.

    Chambolle-Pock steps; its threshold at one half is a minimum cut (Unger et al., TVSeg, BMVC 2008).
    ``evidence``: h w float32 log odds of the actor. ``lab``: h w 3 uint8. ``smooth``: g of neighbours of one colour.
    """
    return np.asarray(_solve(np.ascontiguousarray(evidence, np.float32), lab, start, np.float32(smooth)))


@njit(cache=True, nogil=True)
def _weight(lab: Array, i: int, j: int, k: int, m: int) -> float:
    total = np.float32(0)
    for c in range(3):
        step = np.float32(lab[i, j, c]) - np.float32(lab[k, m, c])
        total += step * step
    return _FLOOR + (np.float32(1) - _FLOOR) * np.exp(-_CONTRAST * total)


@njit(cache=True, nogil=True, fastmath=True)
def _solve(evidence: Array, lab: Array, start: Array, smooth: Any) -> Array:
    h, w = evidence.shape
    x, bar = start.copy(), start.copy()
    gx, gy = np.zeros((h, w), np.float32), np.zeros((h, w), np.float32)
    px, py = np.zeros((h, w), np.float32), np.zeros((h, w), np.float32)
    for i in range(h):
        for j in range(w):
            if j + 1 < w:
                gx[i, j] = smooth * _weight(lab, i, j, i, j + 1)
            if i + 1 < h:
                gy[i, j] = smooth * _weight(lab, i, j, i + 1, j)
    tau = np.float32(0.35)  # tau^2 times 8, the norm of the differences, must stay below 1
    for _ in range(_STEPS):
        for i in range(h):
            for j in range(w):
                if j + 1 < w:
                    px[i, j] = min(max(px[i, j] + tau * (bar[i, j + 1] - bar[i, j]), -gx[i, j]), gx[i, j])
                if i + 1 < h:
                    py[i, j] = min(max(py[i, j] + tau * (bar[i + 1, j] - bar[i, j]), -gy[i, j]), gy[i, j])
        for i in range(h):
            for j in range(w):
                spread = px[i, j] + py[i, j]
                if j > 0:
                    spread -= px[i, j - 1]
                if i > 0:
                    spread -= py[i - 1, j]
                new = min(max(x[i, j] + tau * (spread + evidence[i, j]), np.float32(0)), np.float32(1))
                bar[i, j] = 2 * new - x[i, j]
                x[i, j] = new
    return x
