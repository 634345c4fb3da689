"""The straight colour of premultiplied layers, carried to where they do not show it themselves."""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matting.field import fill, gather

CELL = 4
"""Side, in pixels, of the cells in which colour is gathered."""
_SURE = 0.95
"""Alpha from which a pixel shows the layer alone."""


def straight_around(color: Array, alpha: Array, share: Array | None = None) -> Array:
    """Color / alpha where the layer is sure, spread over the frame by push-pull: rows columns c, by ``CELL``.

    A layer that is sure nowhere (smoke, a veil) counts as a whole. ``color``: h w c premultiplied; ``alpha``: h w.
    ``share``: h w, 0..1, the part of alpha that is the layer's, where others are in the same colour.
    """
    own = alpha if share is None else alpha * share
    sure = (own >= _SURE).astype(np.uint8)
    if not sure.any():
        sure = (own > 0).astype(np.uint8)
    mean, confidence = gather(color, sure, CELL)
    solid, _ = gather(alpha[..., None], sure, CELL)
    return fill(mean / np.maximum(solid, np.float32(1e-6)), confidence, np.zeros(color.shape[2], np.float32))
