"""Which colours are the actor's, here and anywhere: histograms of Lab, of the whole picture or in overlapping tiles.

The tiles do what the local classifiers of Video SnapCut do (Bai et al., SIGGRAPH 2009, section 3), splatted and sliced
as a bilateral grid (Marki et al., CVPR 2016).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

_BINS = 16
"""Bins of each of L, a and b: 16 codes of L wide, 8 codes of a and b (64..192) wide."""


@dataclass(frozen=True)
class ColourModel:
    """``counts``: tile rows, tile columns, 2 (actor, background), then L, a, b; float32. ``tile_px``: side of a tile;
    tile (0, 0) has its middle in the picture's corner."""

    counts: Array
    tile_px: float

    def look_up(self, lab: Array) -> Array:
        """How often each pixel's colour was the actor's and the background's near its place: h w 2 float32."""
        out = np.empty((*lab.shape[:2], 2), np.float32)
        _slice(self.counts, lab, np.float32(1.0 / self.tile_px), out)
        return out


@dataclass(frozen=True)
class Sample:
    """A picture whose mask is known. ``lab``: h w 3 uint8; ``mask``: h w 0..1; ``places``: where the new picture's
    pixels lie in it, h w 2."""

    lab: Array
    mask: Array
    places: Array


def learn(samples: list[Sample], tile_px: float) -> ColourModel:
    """Counts the colours of all samples at the new picture's places; blurred over colours, and over tiles."""
    h, w = samples[0].places.shape[:2]
    size = (int(h / tile_px) + 2, int(w / tile_px) + 2, 2, _BINS, _BINS, _BINS)
    counts = np.zeros(size, np.float32)
    for sample in samples:
        _splat(counts, sample.lab, sample.mask, sample.places, np.float32(1.0 / tile_px))
    if size[:2] != (2, 2):
        for axis in (0, 1):
            counts = _blur_tiles(counts, axis)
    _blur_colours(counts.reshape(-1, _BINS, _BINS, _BINS))
    return ColourModel(counts, tile_px)


def _blur_tiles(counts: Array, axis: int) -> Array:
    out = counts.copy()
    before, after = [slice(None)] * counts.ndim, [slice(None)] * counts.ndim
    before[axis], after[axis] = slice(None, -1), slice(1, None)
    out[tuple(after)] += np.float32(0.5) * counts[tuple(before)]
    out[tuple(before)] += np.float32(0.5) * counts[tuple(after)]
    return out


@njit(cache=True, nogil=True)
def _splat(counts: Array, lab: Array, mask: Array, places: Array, per_px: Any) -> None:
    h, w = places.shape[:2]
    for i in range(h):
        for j in range(w):
            a = int(np.floor(places[i, j, 0] + 0.5))
            b = int(np.floor(places[i, j, 1] + 0.5))
            if a < 0 or b < 0 or a >= lab.shape[1] or b >= lab.shape[0]:
                continue
            bin_l = lab[b, a, 0] >> 4
            bin_a = min(max((int(lab[b, a, 1]) - 64) >> 3, 0), 15)
            bin_b = min(max((int(lab[b, a, 2]) - 64) >> 3, 0), 15)
            v, u = np.float32(i + 0.5) * per_px, np.float32(j + 0.5) * per_px
            y, x = int(v), int(u)
            fy, fx = v - np.float32(y), u - np.float32(x)
            for dy in range(2):
                for dx in range(2):
                    share = (fy if dy == 1 else 1 - fy) * (fx if dx == 1 else 1 - fx)
                    counts[y + dy, x + dx, 0, bin_l, bin_a, bin_b] += share * mask[b, a]
                    counts[y + dy, x + dx, 1, bin_l, bin_a, bin_b] += share * (1 - mask[b, a])


@njit(cache=True, nogil=True)
def _blur_line(line: Array) -> None:
    before = np.float32(0)
    for k in range(line.size):
        here = line[k]
        after = line[k + 1] if k + 1 < line.size else np.float32(0)
        line[k] = np.float32(0.25) * (before + after) + np.float32(0.5) * here
        before = here


@njit(cache=True, nogil=True)
def _blur_colours(cubes: Array) -> None:
    for cube in cubes:
        if cube.max() <= 0:
            continue
        for p in range(_BINS):
            for q in range(_BINS):
                _blur_line(cube[p, q, :])
        for p in range(_BINS):
            for q in range(_BINS):
                _blur_line(cube[p, :, q])
        for p in range(_BINS):
            for q in range(_BINS):
                _blur_line(cube[:, p, q])


@njit(cache=True, nogil=True, inline="always")
def _bin(position: Any) -> tuple[int, Any]:
    """The bin before a place on an axis of bins, and the share of the one after it."""
    inside: Any = min(max(position, np.float32(0.0)), np.float32(_BINS - 1.001))
    first = int(inside)
    return first, inside - np.float32(first)


@njit(cache=True, nogil=True, fastmath=True)
def _slice(counts: Array, lab: Array, per_px: Any, out: Array) -> None:
    h, w = lab.shape[:2]
    half = np.float32(0.5)
    for i in range(h):
        for j in range(w):
            l0, fl = _bin(np.float32(lab[i, j, 0]) / np.float32(16) - half)
            a0, fa = _bin((np.float32(lab[i, j, 1]) - np.float32(64)) / np.float32(8) - half)
            b0, fb = _bin((np.float32(lab[i, j, 2]) - np.float32(64)) / np.float32(8) - half)
            v, u = np.float32(i + 0.5) * per_px, np.float32(j + 0.5) * per_px
            y, x = int(v), int(u)
            fy, fx = v - np.float32(y), u - np.float32(x)
            actor, background = np.float32(0), np.float32(0)
            for corner in range(32):
                dy, dx, dl, da, db = corner & 1, corner >> 1 & 1, corner >> 2 & 1, corner >> 3 & 1, corner >> 4
                share = (fy if dy == 1 else 1 - fy) * (fx if dx == 1 else 1 - fx) * (fl if dl == 1 else 1 - fl)
                share *= (fa if da == 1 else 1 - fa) * (fb if db == 1 else 1 - fb)
                actor += share * counts[y + dy, x + dx, 0, l0 + dl, a0 + da, b0 + db]
                background += share * counts[y + dy, x + dx, 1, l0 + dl, a0 + da, b0 + db]
            out[i, j, 0] = actor
            out[i, j, 1] = background
