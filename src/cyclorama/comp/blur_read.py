"""Sharpness and shutter read from the edges of pictures.

An edge's blur is told by the gradient that a known second blur leaves of it (Zhuo and Sim 2011, eq. 6). Motion adds to
the variance of the blur of edges that move across their own direction, a twelfth of the square of the way: what an edge
that goes v pixels a frame has more than one that stands tells how long the shutter was open.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from scipy.special import erf

from cyclorama.comp.grain_read import shown
from cyclorama.core.arrays import Array
from cyclorama.core.lighting import LUMINANCE

_CALM_PX = 0.7  # of a Gaussian against noise, before all
_AGAIN_PX = 1.5  # of the second blur
_GRADIENT_VARIANCE = 0.37  # square pixels, of the operator's own blur: 1/3 along the axes, 5/12 at 45 degrees
_STRONG = 97.0  # percentile of gradients from which an edge counts
_LEAST_STEP = 4 / 255  # display values a pixel
_LEAST_EDGES = 60
_CLEAR_PX = 5  # on both sides of a step
_MOST_BACK = 0.15  # of the gradient of a step, that goes back within these
_SHARPER = 30.0  # percentile: the sharper edges tell the lens, the others lie out of focus or are soft themselves
_LONGEST_WAY_PX = 24.0  # a frame: further, a flow is not believed
_STEPS_PX = np.array([0, 1, 2, 3, 4, 6, 8, 12, 16, 24.0])  # of the way, for groups of edges
_LEAST_WAY_PX = 3.0  # a frame: edges that go less far than this hardly tell of the shutter
_TRUST = 4.0  # standard errors
_LEAST_SHUTTER = 0.1  # of a frame
_LEAST_PICTURES = 3
_LEAST_SIDE = 32  # pixels, for a flow
_SHARES = np.linspace(0, 1, 101)
_PIXEL_VARIANCE = 1 / 12
_LEAST_DROP = 0.02  # of the squared gradient by the second blur: less is no edge


@dataclass(frozen=True)
class Edges:
    """``at`` n 2: rows and columns; ``across`` n 2: unit, right and down, over the edge; ``variance`` n: of its blur,
    square pixels."""

    at: Array
    across: Array
    variance: Array


def edges_of(picture: Array, where: Array) -> Edges:
    """The strong edges of a picture (h w 3 scene-linear) in ``where`` (h w bool)."""
    luma = shown(picture @ LUMINANCE.astype(np.float32))
    calm = cv2.GaussianBlur(luma, (0, 0), _CALM_PX)
    right, down, first = _gradient(calm)
    again = _gradient(cv2.GaussianBlur(calm, (0, 0), _AGAIN_PX))[2]
    least = max(float(np.percentile(first[where], _STRONG)), _LEAST_STEP) if where.any() else np.inf
    rows, columns = np.nonzero(where & (first >= least) & _ridge(first, right, down))
    step = _alone(np.stack([rows, columns], 1), right, down)
    rows, columns = rows[step], columns[step]
    ratio = first[rows, columns] / np.maximum(again[rows, columns], 1e-6)
    variance = _AGAIN_PX**2 / np.maximum(ratio**2 - 1, _LEAST_DROP) - _CALM_PX**2 - _GRADIENT_VARIANCE
    across = np.stack([right[rows, columns], down[rows, columns]], 1) / first[rows, columns, None]
    return Edges(np.stack([rows, columns], 1), across, variance)


def _gradient(plane: Array) -> tuple[Array, Array, Array]:
    """Rightwards, downwards and length, a pixel."""
    right = cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=0.125)
    down = cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=0.125)
    return right, down, np.hypot(right, down)


def _ridge(size: Array, right: Array, down: Array) -> Array:
    """Where a gradient is the largest across its edge."""
    lying = np.abs(down) > np.abs(right)
    beside = np.maximum(np.roll(size, 1, 1), np.roll(size, -1, 1))
    above = np.maximum(np.roll(size, 1, 0), np.roll(size, -1, 0))
    ridge = size >= np.where(lying, above, beside)
    ridge[[0, -1]] = ridge[:, [0, -1]] = False
    return np.asarray(ridge)


def _alone(at: Array, right: Array, down: Array) -> Array:
    """Which edges (n 2, rows and columns) are steps, (n,) bool: nothing near on either side goes back again, as at the
    other side of a line, whose blur would be told too small."""
    across = np.stack([down[at[:, 0], at[:, 1]], right[at[:, 0], at[:, 1]]], 1)
    peak = np.linalg.norm(across, axis=1, keepdims=True)
    across /= np.maximum(peak, 1e-9)
    alone = np.ones(len(at), bool)
    for away in (*range(-_CLEAR_PX, 0), *range(1, _CLEAR_PX + 1)):
        y, x = np.rint(at + away * across).astype(int).clip(0, [right.shape[0] - 1, right.shape[1] - 1]).T
        alone &= down[y, x] * across[:, 0] + right[y, x] * across[:, 1] > -_MOST_BACK * peak[:, 0]
    return alone


@dataclass(frozen=True)
class Sharpness:
    """``sigma_px``: of the Gaussian that blurs the sharper edges; ``error_px``: its standard error."""

    sigma_px: float
    error_px: float


def read_sharpness(pictures: Sequence[Array], where: Sequence[Array]) -> Sharpness | None:
    """Of some pictures (h w 3 scene-linear) where looked at (h w bool). None where fewer than two show edges."""
    edges = [edges_of(p, w).variance for p, w in zip(pictures, where)]
    found = [max(float(np.percentile(e, _SHARPER)), 0) ** 0.5 for e in edges if len(e) >= _LEAST_EDGES]
    if len(found) < 2:
        return None
    return Sharpness(float(np.median(found)), float(np.std(found, ddof=1) / len(found) ** 0.5))


@dataclass(frozen=True)
class Shutter:
    """``share``: of the time of a frame that the shutter is open; ``error``: its standard error."""

    share: float
    error: float

    @property
    def is_sure(self) -> bool:
        return self.share >= max(_LEAST_SHUTTER, _TRUST * self.error)


def read_shutter(pictures: Sequence[Array], following: Sequence[Array], where: Sequence[Array]) -> Shutter | None:
    """From frames (h w 3 scene-linear) and those after them, where looked at (h w bool). None where too little goes
    fast enough to tell."""
    moved = [_moved_edges(p, f, w) for p, f, w in zip(pictures, following, where)]
    moved = [m for m in moved if len(m)]
    if len(moved) < _LEAST_PICTURES:
        return None
    share = _share(np.concatenate(moved))
    less = [_share(np.concatenate(moved[:i] + moved[i + 1 :])) for i in range(len(moved))]
    told = np.array([s for s in less if s is not None])
    if share is None or len(told) < len(less):
        return None
    error = float(np.sqrt((len(told) - 1) * np.mean((told - told.mean()) ** 2)))  # jackknife (Tukey 1958)
    return Shutter(share, error)


def _moved_edges(picture: Array, after: Array, where: Array) -> Array:
    """For every edge how far it goes across itself, pixels a frame, and its variance: n 2."""
    edges = edges_of(picture, where)
    if min(where.shape) < _LEAST_SIDE:
        return np.empty((0, 2))
    codes = [(255 * shown(p @ LUMINANCE.astype(np.float32))).astype(np.uint8) for p in (picture, after)]
    engine = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    none = np.zeros((*codes[0].shape, 2), np.float32)
    ahead, back = (np.asarray(engine.calc(a, b, none.copy())) for a, b in (codes, codes[::-1]))
    way = ahead[edges.at[:, 0], edges.at[:, 1]]
    h, w = codes[0].shape
    there = np.rint(edges.at + way[:, ::-1]).astype(int).clip(0, [h - 1, w - 1])
    returned = np.linalg.norm(way + back[there[:, 0], there[:, 1]], axis=1) < 1.0
    across = np.abs((way * edges.across).sum(1))
    kept = returned & (across < _LONGEST_WAY_PX)
    return np.stack([across[kept], edges.variance[kept]], 1)


def _share(moved: Array) -> float | None:
    """The shutter by which the blur of the sharper edges grows with their way; None without both slow and fast
    ones."""
    group = np.digitize(moved[:, 0], _STEPS_PX)
    rows = [moved[group == g] for g in np.unique(group)]
    rows = [r for r in rows if len(r) >= _LEAST_EDGES // 3]
    if len(rows) < 3 or rows[-1][:, 0].mean() < _LEAST_WAY_PX or rows[0][:, 0].mean() > 1:
        return None
    way, seen, weight = np.array([(r[:, 0].mean(), np.percentile(r[:, 1], _SHARPER), len(r)) for r in rows]).T
    fits = []
    for share in _SHARES:
        rest = seen - _variance(max(seen[0], _PIXEL_VARIANCE), share * way)
        rest -= np.average(rest, weights=weight)
        fits.append(float((weight * rest**2).sum()))
    return float(_SHARES[int(np.argmin(fits))])


def _variance(still: float, way: Array) -> Array:
    """What ``edges_of`` makes of edges of a variance that also go ``way`` while the shutter is open: the peak of a
    Gaussian edge under a box is erf(way / (2 sqrt 2 sigma)) / way."""
    way = np.maximum(way, 1e-3)
    first = np.sqrt(still + _CALM_PX**2 + _GRADIENT_VARIANCE)
    again = np.sqrt(first**2 + _AGAIN_PX**2)
    ratio = erf(way / (np.sqrt(8) * first)) / erf(way / (np.sqrt(8) * again))
    return np.asarray(_AGAIN_PX**2 / np.maximum(ratio**2 - 1, _LEAST_DROP) - _CALM_PX**2 - _GRADIENT_VARIANCE)
