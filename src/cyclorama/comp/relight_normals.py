"""How an actor's outline says which way his surface faces."""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

_COARSEST = 8  # pixels of the shorter side
_SWEEPS = 12
_OVER_RELAXED = 1.6
_ROUNDED = 1.0  # pixels by which the relief is smoothed before it is differentiated


def inflated_normals(alpha: Array) -> Array:
    """Normals, h w 3 float32, of the relief that swells from an outline: x right, y down, z towards the camera.

    The square of the height solves Poisson's equation inside the outline and is 0 outside, which makes a circle a half
    sphere and a long strip a half cylinder (Johnston 2002; Twarog et al. 2012). An outline that the frame cuts goes on
    beyond it. ``alpha``: h w float32, small; the solution is found from coarse to fine.
    """
    squared = cv2.GaussianBlur(inflated(alpha), (0, 0), _ROUNDED, borderType=cv2.BORDER_REPLICATE)
    across = cv2.Sobel(squared, cv2.CV_32F, 1, 0, scale=1 / 8, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(squared, cv2.CV_32F, 0, 1, scale=1 / 8, borderType=cv2.BORDER_REPLICATE)
    normal = np.stack([-across / 2, -down / 2, np.sqrt(np.maximum(squared, 1e-3))], -1)
    return np.asarray(normal / np.linalg.norm(normal, axis=-1, keepdims=True), np.float32)


def inflated(alpha: Array) -> Array:
    """The squared height of that relief, h w float32, in pixels."""
    return _solve(np.ascontiguousarray(np.clip(alpha, 0, 1), np.float32))


def _solve(alpha: Array) -> Array:
    h, w = alpha.shape
    if min(h, w) <= 2 * _COARSEST:
        start = np.zeros_like(alpha)
    else:
        half = cv2.resize(alpha, ((w + 1) // 2, (h + 1) // 2), interpolation=cv2.INTER_AREA)
        start = 4 * cv2.resize(_solve(half), (w, h), interpolation=cv2.INTER_LINEAR)
    _relax(alpha, start, _SWEEPS if min(h, w) > 2 * _COARSEST else 4 * _SWEEPS)
    return start


@njit(cache=True, nogil=True)
def _relax(alpha, squared, sweeps):  # type: ignore[no-untyped-def]
    """Successive over-relaxation of laplacian(squared) = -4 where there is an actor; partly covered pixels are held
    down by what they lack."""
    h, w = alpha.shape
    for _ in range(sweeps):
        for y in range(h):
            for x in range(w):
                a = alpha[y, x]
                if a < 0.02:
                    squared[y, x] = 0.0
                    continue
                around = squared[max(y - 1, 0), x] + squared[min(y + 1, h - 1), x]
                around += squared[y, max(x - 1, 0)] + squared[y, min(x + 1, w - 1)]
                wanted = a * (around + 4.0) / 4.0
                squared[y, x] += _OVER_RELAXED * (wanted - squared[y, x])
