"""The edge of a matte: levels, grow, soften. Only what lies near an edge is touched."""

from functools import cache, lru_cache
from typing import Any

import cv2
import numpy as np
from numba import njit
from scipy.special import ive

from cyclorama.core.arrays import Array

_DIRECTIONS = 24
"""Points on a circle at which a disc is told: an edge of any direction moves by at least cos(180/24) = 0.991 of it."""
_BLOCK = 8
"""Side, in pixels, of the blocks that are left alone where they and their neighbours are even."""
UNCHANGED = 1e-5
"""A change of alpha up to this (less than a 16-bit step) is rounding, and no edit."""
_TAIL = 1e-4
"""What a truncated blur kernel may leave out of its sum."""


def levels(alpha: Array, black: float, white: float) -> Array:
    """(alpha - black) / (white - black), clipped to 0..1. ``black`` < ``white``."""
    out = np.empty_like(alpha)
    _levels(alpha, np.float32(black), np.float32(1.0 / (white - black)), out)
    return out


@njit(cache=True, nogil=True)
def _levels(alpha: Array, black: Any, gain: Any, out: Array) -> None:
    for y in range(alpha.shape[0]):
        for x in range(alpha.shape[1]):
            out[y, x] = min(max((alpha[y, x] - black) * gain, np.float32(0.0)), np.float32(1.0))


def grow(alpha: Array, pixels: float) -> Array:
    """The edge moved outwards by ``pixels`` (inwards where negative), a soft one with its softness.

    Grey-level dilation by a disc (Serra, Image Analysis and Mathematical Morphology, 1982) of the whole radii below
    and above, and between them linearly: a ramp moves by just the asked amount, a step covers the share of the next
    pixel that it reaches, and the result never falls where ``pixels`` rises. Beyond the frame the picture goes on as
    at its border. ``alpha``: h w float32, 0..1.
    """
    radius, share = divmod(abs(pixels), 1.0)
    inner, outer = int(radius), int(np.ceil(abs(pixels)))
    reach = outer + 1
    padded = cv2.copyMakeBorder(-alpha if pixels < 0 else alpha, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    active = _uneven(alpha, reach)
    out = np.ascontiguousarray(padded[reach:-reach, reach:-reach])
    for ring in range(1, inner + 1):
        _raise(padded, reach, _ring(ring), active, out)
    if share > 0:
        further = out.copy()
        _raise(padded, reach, _ring(outer), active, further)
        cv2.addWeighted(out, 1.0 - share, further, share, 0.0, dst=out)
    if pixels < 0:
        np.negative(out, out=out)
    return np.clip(out, 0, 1, out=out)


@cache
def _ring(radius: int) -> tuple[Array, Array]:
    """What a disc of a whole radius adds to the one before: (n, 2) offsets y, x of samples, and (n, 4) the weights of
    the pixels there, one to the right, one below, and both."""
    step = np.arange(-radius, radius + 1)
    whole = [(y, x) for y in step for x in step if (radius - 1) ** 2 < y * y + x * x <= radius * radius]
    angles = 2 * np.pi * np.arange(_DIRECTIONS) / _DIRECTIONS
    samples = np.concatenate([whole, np.stack([np.sin(angles), np.cos(angles)], 1) * radius]).round(9)
    corner = np.floor(samples)
    (fy, fx) = (samples - corner).T
    weights = np.stack([(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx], 1)
    return corner.astype(np.int64), weights.astype(np.float32)


@njit(cache=True, nogil=True)
def _raise(padded: Array, reach: int, ring: tuple[Array, Array], active: Array, out: Array) -> None:
    """Raises ``out`` to the greatest sample around every pixel of an active block."""
    offsets, weights = ring
    h, w = out.shape
    for y in range(h):
        start = 0
        while start < w:
            if not active[y // _BLOCK, start // _BLOCK]:
                start += _BLOCK
                continue
            stop = start
            while stop < w and active[y // _BLOCK, stop // _BLOCK]:
                stop += _BLOCK
            row = out[y, start : min(stop, w)]
            for k in range(len(offsets)):
                top, left = y + reach + offsets[k, 0], start + reach + offsets[k, 1]
                upper = padded[top, left : left + len(row) + 1]
                lower = padded[top + 1, left : left + len(row) + 1]
                _raise_row(row, upper, lower, weights[k])
            start = stop


@njit(cache=True, nogil=True)
def _raise_row(row: Array, upper: Array, lower: Array, weights: Array) -> None:
    a, b, c, d = weights
    if a == np.float32(1.0):
        for x in range(len(row)):
            row[x] = upper[x] if upper[x] > row[x] else row[x]
        return
    for x in range(len(row)):
        found = a * upper[x] + b * upper[x + 1] + c * lower[x] + d * lower[x + 1]
        row[x] = found if found > row[x] else row[x]


def soften(alpha: Array, pixels: float) -> Array:
    """The edge blurred: a hard one becomes about ``pixels`` wide.

    The discrete Gaussian (Lindeberg, Scale-Space for Discrete Signals, 1990) of the variance of a ramp that wide,
    ``pixels``^2 / 12, so that tenths of a pixel count. Pixels out of its reach are kept to the bit.
    """
    kernel = _discrete_gaussian(pixels * pixels / 12.0)
    reach = len(kernel) // 2
    active = cv2.resize(_uneven(alpha, reach).astype(np.uint8), None, fx=_BLOCK, fy=_BLOCK, interpolation=0)
    active = active[: alpha.shape[0], : alpha.shape[1]]
    x, y, w, h = cv2.boundingRect(active)
    out = alpha.copy()
    if w == 0 or reach == 0:
        return out
    y0, x0 = max(y - reach, 0), max(x - reach, 0)
    part = alpha[y0 : y + h + reach, x0 : x + w + reach]
    blurred = cv2.sepFilter2D(part, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    inside = (slice(y, y + h), slice(x, x + w))
    found = np.clip(blurred[y - y0 : y - y0 + h, x - x0 : x - x0 + w], 0, 1)
    np.copyto(out[inside], found, where=np.abs(found - out[inside]) > UNCHANGED)
    return out


@lru_cache(maxsize=16)
def _discrete_gaussian(variance: float) -> Array:
    """exp(-t) I_n(t), from -n to n, where what is beyond is less than ``_TAIL``."""
    reach = 0
    while 1.0 - ive(np.arange(-reach, reach + 1), variance).sum() > _TAIL:
        reach += 1
    kernel = ive(np.arange(-reach, reach + 1), variance)
    return (kernel / kernel.sum()).astype(np.float32)


def _uneven(alpha: Array, reach: int) -> Array:
    """Blocks with another value within ``reach`` pixels of one of theirs: bool, one a block."""
    low, high = _ranges(alpha, _BLOCK)
    side = 2 * -(-reach // _BLOCK) + 1
    box = np.ones((side, side), np.uint8)
    uneven: Array = cv2.erode(low, box) != cv2.dilate(high, box)
    return uneven


@njit(cache=True, nogil=True)
def _ranges(alpha: Array, block: int) -> tuple[Array, Array]:
    h, w = alpha.shape
    shape = ((h + block - 1) // block, (w + block - 1) // block)
    low, high = np.full(shape, np.inf, np.float32), np.full(shape, -np.inf, np.float32)
    for y in range(h):
        for column in range(shape[1]):
            least, most = low[y // block, column], high[y // block, column]
            for value in alpha[y, column * block : min((column + 1) * block, w)]:
                least = value if value < least else least
                most = value if value > most else most
            low[y // block, column], high[y // block, column] = least, most
    return low, high
