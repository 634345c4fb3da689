"""Mattes drawn or brought by an artist: planes of 0..1 at any size of the shot."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array, require_plane
from cyclorama.core.keyed import span_at
from cyclorama.matting.given import Alphas, averaged

_LINES = 16
"""Scan lines a pixel row in which the coverage of a polygon is exact along x."""


class Mask(Protocol):
    """A plane of the shot, frame by frame."""

    def plane(self, index: int, hw: tuple[int, int]) -> Array:
        """Frame ``index`` at the size ``hw`` (the plate's or a proxy's): h w float32, 0..1."""
        ...


@dataclass(frozen=True)
class ClipMask:
    """A mask from a clip; one frame stands for the whole shot."""

    alphas: Alphas

    def plane(self, index: int, hw: tuple[int, int]) -> Array:
        """``IndexError`` outside the frames of a clip that has several."""
        alpha = self.alphas.alpha(0 if self.alphas.num_frames == 1 else index)
        require_plane("alpha", alpha, self.alphas.hw)
        if alpha.shape != hw:
            alpha = averaged(alpha, hw)
        return np.ascontiguousarray(alpha)


Points = tuple[tuple[float, float], ...]
"""The corners of a polygon: x, y in pixels of the plate, the upper left corner of the picture at 0, 0."""


@dataclass(frozen=True)
class PolygonMask:
    """A closed polygon, white inside, keyed at frames: corners move linearly between keys and are held outside.

    ``frames``: increasing. ``polygons``: one for every frame, all of one number of corners, at least 3. ``hw``: the
    size of the plate that the corners are meant in. Where the outline crosses itself, inside is what it winds around
    an odd number of times.
    """

    frames: tuple[int, ...]
    polygons: tuple[Points, ...]
    hw: tuple[int, int]

    def __post_init__(self) -> None:
        if not self.frames or len(self.frames) != len(self.polygons) or any(a >= b for a, b in pairwise(self.frames)):
            raise ValueError(f"polygons must stand at increasing frames, got {len(self.polygons)} at {self.frames}")
        counts = {len(p) for p in self.polygons}
        if len(counts) > 1 or min(counts) < 3:
            raise ValueError(f"polygons of one mask must have the same 3 or more corners, got {sorted(counts)}")

    def plane(self, index: int, hw: tuple[int, int]) -> Array:
        """Each pixel's covered share, at any size."""
        before, after, share = span_at(self.frames, index)
        first, second = (np.array(self.polygons[i], np.float64) for i in (before, after))
        points = first + share * (second - first)
        points *= (hw[1] / self.hw[1], hw[0] / self.hw[0])
        out = np.zeros(hw, np.float32)
        _cover(np.ascontiguousarray(points), _LINES, out)
        return out


def united(masks: tuple[Mask, ...], index: int, hw: tuple[int, int]) -> Array | None:
    """The greatest of several masks; None when there are none."""
    out: Array | None = None
    for mask in masks:
        plane = mask.plane(index, hw)
        out = plane if out is None else np.maximum(out, plane)
    return out


@njit(cache=True, nogil=True)
def _cover(points: Array, lines: int, out: Array) -> None:
    """Even-odd coverage: ``lines`` scan lines a row, exact along x. ``out`` is 0 before."""
    h, w = out.shape
    count = len(points)
    crossings = np.empty(count)
    share = 1.0 / lines
    low, high = points[:, 1].min(), points[:, 1].max()
    change = np.zeros(w + 2)
    for y in range(max(0, int(np.floor(low))), min(h, int(np.ceil(high)))):
        for line in range(lines):
            level = y + (line + 0.5) * share
            found = 0
            for i in range(count):
                x0, y0 = points[i]
                x1, y1 = points[(i + 1) % count]
                if (y0 <= level) != (y1 <= level):
                    crossings[found] = x0 + (level - y0) / (y1 - y0) * (x1 - x0)
                    found += 1
            ordered = np.sort(crossings[:found])
            for i in range(found - found % 2):
                _step(min(max(ordered[i], 0.0), float(w)), share if i % 2 == 0 else -share, change)
        covered = 0.0
        for x in range(w):
            covered += change[x]
            out[y, x] = min(max(covered, 0.0), 1.0)
        change[:] = 0.0


@njit(cache=True, nogil=True)
def _step(at: float, share: float, change: Array) -> None:
    """Coverage that rises by ``share`` at a place of a row, told by how each pixel's differs from the one before."""
    first = int(at)
    rest = at - first
    change[first] += share * (1.0 - rest)
    change[first + 1] += share * rest
