"""Which points of a place lie in its own shadow, by a map of what stands nearest to the light."""

import numpy as np
from numba import njit

_BEFORE_ALL = np.float32(-1e9)
_WIDEST = np.float32(4.0)  # cells that a point covers at most, to each side
_GRAZING = np.float32(0.15)  # cosine: a surface lit more flatly keeps as far from its own shadow as here


@njit(cache=True, nogil=True)
def cast(casters, axes, cell, nearest):  # type: ignore[no-untyped-def]
    """``nearest`` n x n: of every cell across the light the largest distance towards it at which something stands.
    ``casters`` n x 4: points and the radius that each covers; ``axes`` 3 x 3: two across the light, one towards it."""
    size = nearest.shape[0]
    half, middle = np.float32(0.5), np.float32(size) / np.float32(2.0)
    nearest[:] = _BEFORE_ALL
    for i in range(len(casters)):
        x, y, z = casters[i, 0], casters[i, 1], casters[i, 2]
        t = x * axes[2, 0] + y * axes[2, 1] + z * axes[2, 2]
        u = (x * axes[0, 0] + y * axes[0, 1] + z * axes[0, 2]) / cell + middle - half
        v = (x * axes[1, 0] + y * axes[1, 1] + z * axes[1, 2]) / cell + middle - half
        r = min(max(casters[i, 3] / cell, half), _WIDEST)
        left, right = max(int(np.ceil(u - r)), 0), min(int(np.floor(u + r)), size - 1)
        for row in range(max(int(np.ceil(v - r)), 0), min(int(np.floor(v + r)), size - 1) + 1):
            for column in range(left, right + 1):
                if t > nearest[row, column]:
                    nearest[row, column] = t


@njit(cache=True, nogil=True)
def shaded(points, axes, cell, bias, nearest, out):  # type: ignore[no-untyped-def]
    """``out`` (n,): 0 lit to 1 in shadow, of ``points`` n x 6 (place and normal); what turns away from the light has
    no shadow cast on it. ``bias``: what stands nearer to a point than this casts none on it."""
    size = nearest.shape[0]
    half, middle = np.float32(0.5), np.float32(size) / np.float32(2.0)
    for i in range(len(points)):
        x, y, z = points[i, 0], points[i, 1], points[i, 2]
        cosine = points[i, 3] * axes[2, 0] + points[i, 4] * axes[2, 1] + points[i, 5] * axes[2, 2]
        out[i] = 0.0
        u = (x * axes[0, 0] + y * axes[0, 1] + z * axes[0, 2]) / cell + middle - half
        v = (x * axes[1, 0] + y * axes[1, 1] + z * axes[1, 2]) / cell + middle - half
        a, b = int(np.floor(u)), int(np.floor(v))
        if cosine <= 0 or a < 0 or b < 0 or a >= size - 1 or b >= size - 1:
            continue
        limit = x * axes[2, 0] + y * axes[2, 1] + z * axes[2, 2] + bias / max(cosine, _GRAZING)
        fu, fv = u - np.float32(a), v - np.float32(b)
        for k in range(4):
            row, column = b + (k >> 1), a + (k & 1)
            if nearest[row, column] > limit:
                out[i] += (fu if k & 1 else 1 - fu) * (fv if k >> 1 else 1 - fv)
