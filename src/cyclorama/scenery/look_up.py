"""Pictures sampled at places between their pixels."""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

_LIGHT = 1.5  # linear light that no picture of codes holds, even where the kernel overshoots
_SHARPER = 0.2  # share by which the bicubic kernel may leave the bilinear one beside bright light


def look_up(image: Array, u: Array, v: Array) -> Array:
    """``image`` (h w 3 float32 scene-linear) at places ``u``, ``v`` (centres at whole numbers), bicubic, never
    negative; beside light far brighter than white it is held near the bilinear value, where the kernel would ring
    black."""
    color = cv2.remap(image, u, v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if color.max() > _LIGHT:
        _hold(color, cv2.remap(image, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    else:
        np.maximum(color, 0, out=color)
    return color


@njit(cache=True, nogil=True)
def _hold(color, near):  # type: ignore[no-untyped-def]
    low, high = np.float32(1 - _SHARPER), np.float32(1 + _SHARPER)
    h, w, num = color.shape
    for y in range(h):
        for x in range(w):
            for c in range(num):
                value = near[y, x, c]
                color[y, x, c] = max(np.float32(0.0), min(max(color[y, x, c], low * value), high * value))


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def cubic(t):  # type: ignore[no-untyped-def]
    """Keys' bicubic kernel (1981) at distance ``t``, a = -0.75."""
    a = np.float32(-0.75)
    t = abs(t)
    if t <= 1:
        return ((a + 2) * t - (a + 3)) * t * t + np.float32(1.0)
    if t < 2:
        return a * (((t - 5) * t + 8) * t - 4)
    return np.float32(0.0)
