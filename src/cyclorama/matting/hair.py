"""Hair, veils and blur: where much of the picture is partly covered, alpha is solved as matting."""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.matting.closed_form import solve_band

_PARTIAL = 0.03
"""Alpha this far from 0 and 1 counts as partial."""
_WINDOW = 9
"""Side, in working pixels, of the window in which partial pixels are counted."""
_FEW, _MANY = 0.55, 0.75
"""Share of partial pixels in the window from which the solve has a say, and from which it has the whole say: an edge as
sharp as the picture stays below."""
_TRUST = 1.0
"""Weight of the alpha found pixel by pixel against the smoothness of the closed form."""
_NOISE = 0.02
"""Linear noise of luma that the closed form allows for."""
_LUMA = np.full((3, 1), 1.0, np.float32) @ np.array([[0.2126, 0.7152, 0.0722]], np.float32)


@njit(cache=True, nogil=True)
def _partial(alpha: Array, factor: int) -> Array:
    """Share of partial pixels by blocks of ``factor`` x ``factor``; the last ones may be cut."""
    h, w = alpha.shape
    out = np.zeros(((h + factor - 1) // factor, (w + factor - 1) // factor), np.float32)
    low, high = np.float32(_PARTIAL), np.float32(1 - _PARTIAL)
    part = np.float32(1.0 / (factor * factor))
    for y in range(h):
        for x in range(w):
            if low < alpha[y, x] < high:
                out[y // factor, x // factor] += part
    return out


def solve_hair(plate: Array, alpha: Array, factor: int) -> Array:
    """``alpha`` with its wide soft regions solved by the closed form; itself where there is none.

    In linear light alpha is affine in luma where screen and hair are even, and luma is what 4:2:0 keeps sharp: it draws
    the strands that chroma blurs. ``plate``: h w 3 float32 scene-linear. ``factor``: pixels a working pixel.
    """
    h, w = alpha.shape
    share = cv2.blur(_partial(alpha, factor), (_WINDOW, _WINDOW))
    weight = np.clip((cv2.dilate(share, np.ones((5, 5), np.uint8)) - _FEW) / (_MANY - _FEW), 0, 1)
    if not weight.any():
        return alpha
    weight = cv2.resize(weight, (w, h), interpolation=cv2.INTER_LINEAR)
    band = ((weight > 0) & (alpha < 1)).astype(np.uint8)
    solved = solve_band(cv2.transform(plate, _LUMA), alpha, np.full_like(alpha, _TRUST), band, noise=_NOISE)
    return np.asarray(alpha + weight * (solved - alpha), np.float32)
