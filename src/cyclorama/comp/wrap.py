"""Light wrap: bright places behind the actor spill over his edge, as they do in a lens.

Additive, in linear light: what is seen of the place beside him, blurred, is laid over his alpha. Only what is brighter
than his edge spills, and the brighter the more, so that a dim wall adds next to nothing.
"""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.layers import Layers
from cyclorama.core.lighting import LUMINANCE

WIDTH = 0.006  # sigma of the spill, of the picture's height: it reaches about 1 %
_CELLS = 1.3  # of the small field in one sigma
_BRIGHT = 0.5  # luminance that spills half as strongly as light without end
_LEAST = np.float32(1e-4)
_WEIGHTS = LUMINANCE.astype(np.float32)
_RED, _GREEN, _BLUE = _WEIGHTS


def wrap_of(layers: Layers, strength: float) -> Array | None:
    """The field of ``Layers.wrap``, h' w' 3 float32; None without an actor. ``strength``: how far the very edge goes
    to the brightness of the place beside it; at most 1, so that no edge outshines what is behind it."""
    if not layers.actors or strength == 0:
        return None
    actor = layers.joint
    h, w = actor.alpha.shape
    sigma = WIDTH * h
    cell = max(1.0, sigma / _CELLS)
    small = np.zeros((max(1, round(h / cell)), max(1, round(w / cell)), 6), np.float32)
    _gather(actor.color, actor.alpha, layers.place.color, small)
    if layers.shadow is not None:
        small[..., :3] *= cv2.resize(layers.shadow, small.shape[1::-1])
    if layers.relight_gain is not None:
        small[..., 4] *= cv2.resize(layers.relight_gain[..., 3], small.shape[1::-1])
    sigmas = (sigma * small.shape[1] / w, sigma * small.shape[0] / h)
    behind = cv2.GaussianBlur(small[..., :3], (0, 0), *sigmas)
    bare, own, covered = np.moveaxis(cv2.GaussianBlur(small[..., 3:], (0, 0), *sigmas), -1, 0)
    seen = np.maximum(behind / np.maximum(bare, _LEAST)[..., None], 0)
    light = seen @ _WEIGHTS
    above = np.maximum(light - own / np.maximum(covered, _LEAST), 0) / np.maximum(light, _LEAST)
    reach = np.where(covered > _LEAST, np.minimum(2 * bare / np.maximum(bare + covered, _LEAST), 1), 0)
    bright = light**2 / (light**2 + _BRIGHT**2)
    return np.asarray((strength * reach * above * bright)[..., None] * seen, np.float32)


@njit(cache=True, nogil=True)
def _gather(color, alpha, place, cells):  # type: ignore[no-untyped-def]
    """Means over the cells: the place that is seen (3), how much of it, the actor's luminance, how much of him."""
    h, w = alpha.shape
    gh, gw, _ = cells.shape
    column = np.empty(w, np.int64)
    for x in range(w):
        column[x] = x * gw // w
    count = np.bincount(column, minlength=gw)
    rows = np.zeros(gh, np.int64)
    for y in range(h):
        gy = y * gh // h
        rows[gy] += 1
        r = g = b = bare = own = covered = np.float32(0.0)
        for x in range(w):
            a = alpha[y, x]
            rest = np.float32(1.0) - a
            r += rest * place[y, x, 0]
            g += rest * place[y, x, 1]
            b += rest * place[y, x, 2]
            bare += rest
            if a > 0:
                own += _RED * color[y, x, 0] + _GREEN * color[y, x, 1] + _BLUE * color[y, x, 2]
                covered += a
            if x + 1 == w or column[x + 1] != column[x]:
                cell = cells[gy, column[x]]
                cell[0] += r
                cell[1] += g
                cell[2] += b
                cell[3] += bare
                cell[4] += own
                cell[5] += covered
                r = g = b = bare = own = covered = np.float32(0.0)
    for gy in range(gh):
        for gx in range(gw):
            for c in range(6):
                cells[gy, gx, c] /= np.float32(rows[gy] * count[gx])
