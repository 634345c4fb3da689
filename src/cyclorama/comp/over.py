"""Layers to one picture: the premultiplied over of Porter and Duff (1984), in scene-linear light."""

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.layers import Layers

_NO_GAIN = np.ones(3, np.float32)


def flatten(layers: Layers) -> Array:
    """The finished frame, h w 3 float32 scene-linear: relit actors + (1 - alpha) backdrop. Absent layers do nothing.

    Several actors are shares of the pixel, so their colours add and alpha is the sum of theirs.
    """
    gain = _NO_GAIN if layers.relight_gain is None else layers.relight_gain
    out = np.empty_like(layers.place.color)
    actor = layers.joint
    _over(actor.color, actor.alpha, layers.place.color, gain, out)
    return out


@njit(cache=True, nogil=True)
def _over(color, alpha, backdrop, gain, out):  # type: ignore[no-untyped-def]
    h, w = alpha.shape
    for y in range(h):
        for x in range(w):
            rest = np.float32(1.0) - alpha[y, x]
            for c in range(3):
                out[y, x, c] = gain[c] * color[y, x, c] + rest * backdrop[y, x, c]
