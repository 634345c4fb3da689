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
_MARGIN = 3
"""Working pixels around what is solved that are read with it: the interpolation's one, the closed form's two."""
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
    share = cv2.blur(_partial(alpha, factor), (_WINDOW, _WINDOW))
    weight = np.clip((cv2.dilate(share, np.ones((5, 5), np.uint8)) - _FEW) / (_MANY - _FEW), 0, 1)
    if not weight.any():
        return alpha
    part, weight = _around(weight, factor, alpha.shape)
    near = alpha[part]
    band = ((weight > 0) & (near < 1)).astype(np.uint8)
    guide = cv2.transform(np.ascontiguousarray(plate[part]), _LUMA)
    solved = solve_band(guide, near, np.full_like(near, _TRUST), band, noise=_NOISE)
    out = alpha.copy()
    out[part] = near + weight * (solved - near)
    return out


def _around(weight: Array, factor: int, hw: tuple[int, ...]) -> tuple[tuple[slice, slice], Array]:
    """The part of the picture in which ``weight``, by blocks of ``factor``, has a say, and the weight of its pixels."""
    x, y, width, height = cv2.boundingRect((weight > 0).astype(np.uint8))
    rows, columns = (slice(max(0, at - _MARGIN), at + size + _MARGIN) for at, size in ((y, height), (x, width)))
    cells = weight[rows, columns]
    size = (cells.shape[1] * factor, cells.shape[0] * factor)
    top, left = rows.start * factor, columns.start * factor
    part = slice(top, min(top + size[1], hw[0])), slice(left, min(left + size[0], hw[1]))
    fine = cv2.resize(cells, size, interpolation=cv2.INTER_LINEAR)
    return part, np.ascontiguousarray(fine[: part[0].stop - top, : part[1].stop - left])
