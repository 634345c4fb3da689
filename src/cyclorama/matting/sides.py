"""What a pixel's colour says of alpha, from the colours found on both sides of a matte's outline.

Both sides are local Gaussians, as in Y.-Y. Chuang et al., A Bayesian Approach to Digital Matting, CVPR 2001; alpha is
not its maximum but the mean over a grid of values, which follows the frame smoothly.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.matting.field import fill
from cyclorama.matting.taps import Rgb, channel_at, tap

_MOMENTS = 9
"""E[r], E[g], E[b] and E[rr], E[rg], E[rb], E[gg], E[gb], E[bb] of a side's colour."""
_DEEPEST = 5.0
"""How far from the outline a side's colours are read, in band radii."""
_INSIDE = 0.3
"""Weight of a colour inside the band beside one outside it: thin things have no others."""
_STEPS = 11
"""Values of alpha that are tried: 0, 0.1, ... 1."""
_NOISE = 0.02
"""Standard deviation of what the Gaussians leave out (noise, compression), in the guide's units."""
_OUTLIER = 16.0
"""Squared Mahalanobis distance at which a colour stops to count against a value of alpha (Geman and McClure 1985)."""
_STEEPNESS = 6.0
"""Prior log odds of actor against background, deep inside the outline by one band radius."""
_MIXED = 0.1
"""Prior probability of a mixed pixel on the outline."""
_KEPT = 0.7
"""Prior probability that a soft matte is right as it is."""
_BLUR = 0.05
"""Standard deviation of a given alpha that is right; also that of the grid of values."""
_LEARNT = 0.03
"""Trust in the mean, times its variance, where the colours tell all: it outweighs the Laplacian's diagonal (up to 9)
where the variance is that of the grid."""
_BLIND = 0.05
"""Trust in the given alpha where the colours tell nothing."""
_ALIKE = 1.0
"""More of it where both sides are of one colour: it falls as 1 / (1 + d^2)^2 with their Mahalanobis distance d."""
_AGREED = 10.0
"""Trust in a given soft alpha that the colours agree with."""
_SOUND = 30.0
"""Trust in the values of a matte that is known to be sound; of a binary one, in those off the outline."""


@dataclass(frozen=True)
class Outline:
    """A matte's outline. ``depth``: h w float32, pixels inside (+) or outside (-) it. ``band``: h w uint8, where alpha
    is in question. ``radius_px``: half the band's width. ``softness``: 0 for a binary matte, 1 for one with soft edges.
    """

    depth: Array
    band: Array
    radius_px: float
    softness: float


@dataclass(frozen=True)
class DataTerm:
    """``alpha``: h w float32, by colour in the band, the given matte's elsewhere. ``trust`` in it: h w float32, on the
    scale of ``solve_band``. ``off``: mean difference, in the band (of a binary matte: more than a
    pixel from the outline), of the given alpha and that by colour alone."""

    alpha: Array
    trust: Array
    off: float


def data_term(guide: Array, alpha: Array, outline: Outline, sound: float = 0.0) -> DataTerm:
    """What the colours say of alpha in the band.

    ``guide``: h w 3 float32, of even noise. ``alpha``: h w float32, the given matte, kept where colours tell nothing.
    ``sound``: 0..1, how far its values are kept everywhere.
    """
    cell = max(2, round(outline.radius_px))
    radius = np.float32(outline.radius_px)
    moments, weight = _gather(guide, outline.depth, outline.band, (radius, cell))
    front, back = (fill(moments[side], weight[side], np.zeros(_MOMENTS, np.float32)) for side in range(2))
    mean, trust = alpha.copy(), np.zeros_like(alpha)
    given = alpha, outline.depth, outline.band
    softness = np.float32(outline.softness)
    kept = np.float32(_SOUND * sound)
    off = _weigh(guide, given, (front, back), (radius, softness, kept, cell), mean, trust)
    return DataTerm(mean, trust, off)


@njit(cache=True, nogil=True)
def _gather(guide: Array, depth: Array, band: Array, sizes: tuple[Any, int]) -> tuple[Array, Array]:
    """Moments of both sides' colours by cells, and their confidence, full when a quarter of a cell is known."""
    radius, cell = sizes
    h, w = depth.shape
    rows, columns = (h + cell - 1) // cell, (w + cell - 1) // cell
    moments = np.zeros((2, rows, columns, _MOMENTS), np.float32)
    confidence = np.zeros((2, rows, columns), np.float32)
    for y in range(h):
        for x in range(w):
            t = abs(depth[y, x]) / radius
            if t > np.float32(_DEEPEST):
                continue
            weight = np.float32(1.0)
            if band[y, x]:
                weight = np.float32(_INSIDE) * min(t, weight) ** 4
            side = 0 if depth[y, x] > 0 else 1
            confidence[side, y // cell, x // cell] += weight
            m = moments[side, y // cell, x // cell]
            r, g, b = guide[y, x, 0], guide[y, x, 1], guide[y, x, 2]
            m[0] += weight * r
            m[1] += weight * g
            m[2] += weight * b
            m[3] += weight * r * r
            m[4] += weight * r * g
            m[5] += weight * r * b
            m[6] += weight * g * g
            m[7] += weight * g * b
            m[8] += weight * b * b
    for side in range(2):
        for y in range(rows):
            for x in range(columns):
                total = confidence[side, y, x]
                if total > 0:
                    for c in range(_MOMENTS):
                        moments[side, y, x, c] /= total
                confidence[side, y, x] = min(np.float32(1.0), total * np.float32(4.0) / np.float32(cell * cell))
    return moments, confidence


@njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz", "arcp"}, inline="always")
def _mahalanobis(off: Rgb, front: Array, back: Array, f: Any, b: Any) -> tuple[Any, Any]:
    """off' S^-1 off with S = f S_front + b S_back + noise, and the determinant of S."""
    noise = np.float32(_NOISE * _NOISE)
    xx, xy, xz = f * front[3] + b * back[3] + noise, f * front[4] + b * back[4], f * front[5] + b * back[5]
    yy, yz, zz = f * front[6] + b * back[6] + noise, f * front[7] + b * back[7], f * front[8] + b * back[8] + noise
    c0, c1, c2 = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    c3, c4, c5 = xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy
    determinant = max(xx * c0 + xy * c1 + xz * c2, noise * noise * noise)
    cross = c1 * off[0] * off[1] + c2 * off[0] * off[2] + c4 * off[1] * off[2]
    square = c0 * off[0] * off[0] + c3 * off[1] * off[1] + c5 * off[2] * off[2] + np.float32(2.0) * cross
    return max(square, np.float32(0.0)) / determinant, determinant


@njit(cache=True, nogil=True, inline="always")
def _likelihood(pixel: Rgb, front: Array, back: Array, a: Any) -> Any:
    """Of a colour, up to a factor, if alpha were ``a``: the mix of both Gaussians, with outliers forgiven."""
    rest, limit = np.float32(1.0) - a, np.float32(_OUTLIER)
    e0 = pixel[0] - a * front[0] - rest * back[0]
    e1 = pixel[1] - a * front[1] - rest * back[1]
    e2 = pixel[2] - a * front[2] - rest * back[2]
    square, determinant = _mahalanobis((e0, e1, e2), front, back, a * a, rest * rest)
    return np.exp(np.float32(-0.5) * limit * square / (limit + square)) / np.sqrt(determinant)


@njit(cache=True, nogil=True, inline="always")
def _blind_trust(front: Array, back: Array) -> Any:
    """Trust in the given alpha where the pixel's colour tells nothing."""
    one = np.float32(1.0)
    off = front[0] - back[0], front[1] - back[1], front[2] - back[2]
    near = one / (one + _mahalanobis(off, front, back, one, one)[0])
    return np.float32(_BLIND) + np.float32(_ALIKE) * near * near


@njit(cache=True, nogil=True, inline="always")
def _side_at(field: Array, rows: Any, columns: Any, out: Array) -> None:
    """A side's mean colour and its covariance (xx xy xz yy yz zz), of interpolated moments."""
    for c in range(_MOMENTS):
        out[c] = channel_at(field, rows, columns, c)
    r, g, b = out[0], out[1], out[2]
    out[3] -= r * r
    out[4] -= r * g
    out[5] -= r * b
    out[6] -= g * g
    out[7] -= g * b
    out[8] -= b * b


@njit(cache=True, nogil=True)
def _prior(t: Any, given: Any, softness: Any, out: Array) -> None:
    """Probabilities of the values of alpha at ``t`` band radii inside the outline, before the colour is seen."""
    inside = np.float32(1.0) / (np.float32(1.0) + np.exp(np.float32(-_STEEPNESS) * t))
    mixed = np.float32(_MIXED) * max(np.float32(0.0), np.float32(1.0) - t * t)
    right = np.float32(_KEPT) * softness
    total = np.float32(0.0)
    for k in range(_STEPS):
        off = (np.float32(k / (_STEPS - 1)) - given) / np.float32(_BLUR)
        out[k] = np.exp(np.float32(-0.5) * off * off)
        total += out[k]
    for k in range(_STEPS):
        by_place = mixed / np.float32(_STEPS - 2)
        if k == 0:
            by_place = (np.float32(1.0) - mixed) * (np.float32(1.0) - inside)
        elif k == _STEPS - 1:
            by_place = (np.float32(1.0) - mixed) * inside
        out[k] = (np.float32(1.0) - right) * by_place + right * out[k] / total


@njit(cache=True, nogil=True)
def _spread(weights: Array) -> tuple[Any, Any]:
    """Mean and variance of alpha under weights of its values."""
    total = first = second = np.float32(0.0)
    for k in range(_STEPS):
        a = np.float32(k / (_STEPS - 1))
        total += weights[k]
        first += weights[k] * a
        second += weights[k] * a * a
    mean = first / total
    return mean, max(second / total - mean * mean, np.float32(0.0)) + np.float32(_BLUR * _BLUR)


@njit(cache=True, nogil=True)
def _weigh(guide: Array, given: Any, sides: Any, sizes: tuple[Any, Any, Any, int], mean: Array, trust: Array) -> float:
    """Fills ``mean`` and ``trust``; the mean difference of the given alpha and that by colour."""
    alpha, depth, band = given
    radius, softness, sound, cell = sizes
    step = np.float32(1.0 / cell)
    front, back = np.empty(_MOMENTS, np.float32), np.empty(_MOMENTS, np.float32)
    prior, like = np.empty(_STEPS, np.float32), np.empty(_STEPS, np.float32)
    off, count = 0.0, 1e-3
    for y in range(alpha.shape[0]):
        rows = tap(y, step, sides[0].shape[0])
        for x in range(alpha.shape[1]):
            if not band[y, x]:
                continue
            columns = tap(x, step, sides[0].shape[1])
            _side_at(sides[0], rows, columns, front)
            _side_at(sides[1], rows, columns, back)
            pixel = guide[y, x, 0], guide[y, x, 1], guide[y, x, 2]
            a = alpha[y, x]
            _prior(depth[y, x] / radius, a, softness, prior)
            before = _spread(prior)[1]
            best = np.float32(0.0)
            for k in range(_STEPS):
                like[k] = _likelihood(pixel, front, back, np.float32(k / (_STEPS - 1)))
                best = max(best, like[k])
                prior[k] *= like[k]
            value, variance = _spread(prior)
            low = min(int(a * (_STEPS - 1)), _STEPS - 2)
            agreed = (like[low] + (like[low + 1] - like[low]) * (a * (_STEPS - 1) - low)) / best
            learnt = max(np.float32(0.0), np.float32(1.0) - variance / before)
            own = np.float32(_LEARNT) * learnt / variance
            clear = min(max(abs(depth[y, x]) - np.float32(1.0), np.float32(0.0)), np.float32(1.0))
            own_say = max(softness, clear)
            kept = sound * own_say + np.float32(_AGREED) * softness * agreed
            kept += _blind_trust(front, back) * (np.float32(1.0) - learnt)
            mean[y, x] = (own * value + kept * a) / (own + kept)
            trust[y, x] = own + kept
            off += own_say * abs(value - a)
            count += own_say
    return off / count
