"""What goes into a learned model and what comes out: display-referred pictures in, checked alpha out."""

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError

_SLACK = 0.01
"""How far outside 0..1 an alpha may lie (half-precision rounding) before it counts as no alpha."""


def resized(plane: Array, hw: tuple[int, int]) -> Array:
    """Averaged along sides that shrink, linear along sides that grow, pixel centres at .5; ``plane``: h w or h w c.

    Sides are taken one by one, since OpenCV's area mode does not average when either side grows.
    """
    for h, w in ((hw[0], plane.shape[1]), hw):
        if (h, w) != plane.shape[:2]:
            shrinks = h < plane.shape[0] or w < plane.shape[1]
            plane = cv2.resize(plane, (w, h), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return plane


def planes(codes: Array, mean: Array, deviation: Array) -> Array:
    """(c / 255 - mean) / deviation as 1 3 h w float32; ``codes``: h w 3 uint8, ``mean``, ``deviation``: (3,)."""
    scale = (1.0 / (255.0 * deviation)).astype(np.float32)
    offset = (-mean / deviation).astype(np.float32)
    out = np.empty((1, 3, *codes.shape[:2]), np.float32)
    for c in range(3):
        np.multiply(codes[..., c], scale[c], out=out[0, c])
        out[0, c] += offset[c]
    return out


def finished(alpha: Array, hw: tuple[int, int], model: str, index: int) -> Array:
    """A model's alpha at the clip's size: h w float32, 0..1.

    ``InputError`` for values that are not finite, or no alpha: wrong or damaged weights.
    """
    alpha = np.ascontiguousarray(alpha, np.float32)
    low, high = float(alpha.min()), float(alpha.max())
    if not np.isfinite(low + high):
        raise InputError(f"{model} answered with numbers that are not finite at frame {index}; its weights are damaged")
    if low < -_SLACK or high > 1.0 + _SLACK:
        raise InputError(
            f"{model} must answer with alpha in 0..1, got {low:.3g}..{high:.3g} at frame {index}; these weights are of "
            "another kind of model"
        )
    return resized(np.clip(alpha, 0.0, 1.0), hw)
