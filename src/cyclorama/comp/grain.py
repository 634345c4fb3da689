"""Grain: the noise that the plate has and the place lacks, laid on the place, alive in time.

One tile of noise is made for a shot, seamless, with the plate's correlation between pixels and between channels; every
frame reads it from another place that its number gives, so that the same frame has the same bytes. Its strength follows
the brightness of what it lies on.
"""

from functools import lru_cache

import numpy as np
from numba import njit
from scipy.ndimage import convolve1d

from cyclorama.core.arrays import Array, readonly
from cyclorama.core.display import display_from_linear, linear_from_display
from cyclorama.core.film import Grain

_TILE = 512  # pixels; a power of 2
_STEPS = 4095  # of the table of strengths over linear 0..1
_SEED = 7
_TINY_PX = 0.1  # finer is white noise
_REACH = 3.5  # sigmas
_STEP = 1 / 512  # of display values, for a slope
AXES = np.array([[1, 1, 1], [1, -1, 0], [1, 1, -2]]) / np.sqrt([[3], [2], [6]])
"""What the channels share, then what tells them apart: orthonormal."""


def kernel_of(size_px: float) -> Array:
    """The filter that makes grain of a size from white noise, one axis, its squares summing to 1."""
    reach = int(np.ceil(_REACH * size_px)) if size_px > _TINY_PX else 0
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(size_px, _TINY_PX)) ** 2)
    return np.asarray(taps / np.sqrt((taps**2).sum()))


def grain_of(color: Array, alpha: Array, grain: Grain, index: int) -> Array:
    """What is added to the finished frame ``index``, h w 3 float32 scene-linear: grain on the place where the actor
    (``alpha``, h w) leaves it bare. ``color``: the place, h w 3."""
    out = np.empty_like(color)
    down, across = np.random.default_rng((_SEED, index)).integers(0, _TILE, 2)
    _lay(color, alpha, _strengths(grain), _tile(grain.size_px, grain.shared), (int(down), int(across)), out)
    return out


@lru_cache(maxsize=2)
def _tile(size_px: tuple[float, float], shared: float) -> Array:
    """Noise without seams, tile x tile x 3 float32; every channel has variance 1."""
    white = np.random.default_rng(_SEED).standard_normal((_TILE, _TILE, 3), np.float32)
    for axis, size in enumerate((size_px[0], size_px[1], size_px[1])):
        taps = kernel_of(size)
        plane = convolve1d(convolve1d(white[..., axis], taps, 0, mode="wrap"), taps, 1, mode="wrap")
        white[..., axis] = (plane - plane.mean()) / plane.std()
    spread = np.sqrt([1 + 2 * shared, 1 - shared, 1 - shared])
    return readonly(np.ascontiguousarray(white @ (spread[:, None] * AXES).astype(np.float32)))


@lru_cache(maxsize=2)
def _strengths(grain: Grain) -> Array:
    """Linear standard deviation of each channel over linear 0..1, steps + 1 x 3 float32; held above white."""
    display = display_from_linear(np.linspace(0, 1, _STEPS + 1))
    slope = (linear_from_display(display + _STEP) - linear_from_display(display - _STEP)) / (2 * _STEP)
    sigma = np.array(grain.sigma)
    found = np.stack([np.interp(display, grain.levels, sigma[:, c]) * slope for c in range(3)], 1)
    return readonly(found.astype(np.float32))


@njit(cache=True, nogil=True)
def _lay(color, alpha, strengths, tile, start, out):  # type: ignore[no-untyped-def]
    h, w = alpha.shape
    last = tile.shape[0] - 1
    top = np.float32(strengths.shape[0] - 1)
    for y in range(h):
        ty = (y + start[0]) & last
        for x in range(w):
            rest = np.float32(1.0) - alpha[y, x]
            if rest <= 0:
                out[y, x, 0] = out[y, x, 1] = out[y, x, 2] = np.float32(0.0)
                continue
            tx = (x + start[1]) & last
            for c in range(3):
                level = int(min(max(color[y, x, c], np.float32(0.0)), np.float32(1.0)) * top)
                out[y, x, c] = rest * strengths[level, c] * tile[ty, tx, c]
