"""How far each track and each frame is to be trusted, by how far off it is."""

import numpy as np

from cyclorama.core.arrays import Array

RAYLEIGH_MEDIAN = 1.1774
"""Of the length of an error of standard deviation 1 along two axes."""
_KNOWN_SIGHTS = 4
"""The noise of all says as much of one track's or frame's as so many of its own observations."""


def own_noise_px(error_px: Array, group: Array, num_groups: int, noise_px: float | Array, num_taken: int = 0) -> Array:
    """One standard deviation along an axis of the observations of every group (a track, a frame): ``error_px`` (n,) are
    their lengths, ``group`` (n,) whose they are, ``noise_px`` what is thought of all; ``num_taken`` parameters were
    fitted to each group."""
    order = np.argsort(group, kind="stable")
    count = np.bincount(group, minlength=num_groups)
    parts = np.split(error_px[order], np.cumsum(count)[:-1])
    own = np.array([np.median(e) if len(e) else 0.0 for e in parts]) / RAYLEIGH_MEDIAN
    left = np.maximum(1 - num_taken / np.maximum(2 * count, 1), 1 / np.maximum(2 * count, 1))
    variance = (_KNOWN_SIGHTS * noise_px**2 + count * own**2 / left) / (_KNOWN_SIGHTS + count)
    return np.asarray(np.sqrt(variance))
