"""Alignment of features with the patch of their first sight."""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

RADIUS = 7
"""The window that is aligned reaches so many pixels to each side."""
PATCH_RADIUS = 15
"""A patch is kept this large, so that the window fits into it also at half the size."""
_SIDE = 2 * PATCH_RADIUS + 1
_MEDIAN_OF_NORMAL = 0.6745
_STEPS = 20
_STILL_PX = 0.005
_LEAST_SIGNAL = 0.5
"""Share of a window's variance that is taken for signal at least."""
_LEAST_SEEN = 0.5
"""Share of the window that must be in the picture."""


def cut_patches(grey: Array, at: Array) -> Array:
    """(n, side, side) uint8 about positions (n, 2), whole pixels left out: see ``register``; edges are repeated."""
    padded = np.pad(grey, PATCH_RADIUS + 2, mode="edge")
    out = np.empty((len(at), _SIDE, _SIDE), np.uint8)
    for k, (x, y) in enumerate(np.floor(at).astype(int).tolist()):
        out[k] = padded[y + 2 : y + 2 + _SIDE, x + 2 : x + 2 + _SIDE]
    return out


def warped_template(patch: Array, part: Array, back: Array) -> Array:
    """What a window of the present picture should show: (17, 17) float32, the window and a pixel around it. ``part``
    (2,): the feature's place beyond the patch's middle pixel; ``back`` 2 x 2: patch_from_picture."""
    out = np.empty((2 * RADIUS + 3, 2 * RADIUS + 3), np.float32)
    _warp(patch, part[0], part[1], back, out)
    return out


def noise_of(grey: Array) -> float:
    """Standard deviation of the noise of h w uint8, in codes, by a mask that neither slopes nor edges reach much
    (Immerkaer 1996), and its median."""
    mask = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
    return float(np.median(np.abs(cv2.filter2D(grey, cv2.CV_32F, mask)))) / (6 * _MEDIAN_OF_NORMAL)


def register(
    grey: Array, patches: Array, parts: Array, backs: Array, at: Array, noise: float = 0.0
) -> tuple[Array, Array]:
    """Positions (n, 2) where the patches lie, from the guesses ``at``, and the normalised correlation there (n,).

    Gauss-Newton on the shift (Lucas and Kanade 1981) with gain and offset. ``backs`` (n, 2, 2): patch_from_picture. The
    correlation is that without ``noise`` (codes) in either (Spearman 1904), and -1 where it leaves the picture.
    """
    found, score = at.astype(np.float64), np.full(len(at), -1.0)
    if len(at):
        _register_all(grey, patches, parts.astype(np.float64), backs.astype(np.float64), noise**2, found, score)
    return found, score


@njit(cache=True, nogil=True)
def _sample(picture, x, y):  # type: ignore[no-untyped-def]
    """Bilinear; the pixel's centre is an integer; the caller keeps inside."""
    i, j = int(np.floor(y)), int(np.floor(x))
    a, b = np.float32(y - i), np.float32(x - j)
    one = np.float32(1.0)
    top = (one - b) * picture[i, j] + b * picture[i, j + 1]
    low = (one - b) * picture[i + 1, j] + b * picture[i + 1, j + 1]
    return (one - a) * top + a * low


@njit(cache=True, nogil=True)
def _warp(patch, part_x, part_y, back, out):  # type: ignore[no-untyped-def]
    reach, last = RADIUS + 1, patch.shape[0] - 1.001
    for i in range(-reach, reach + 1):
        for j in range(-reach, reach + 1):
            x = PATCH_RADIUS + part_x + back[0, 0] * j + back[0, 1] * i
            y = PATCH_RADIUS + part_y + back[1, 0] * j + back[1, 1] * i
            out[i + reach, j + reach] = _sample(patch, min(max(x, 0.0), last), min(max(y, 0.0), last))


@njit(cache=True, nogil=True)
def _register_all(grey, patches, parts, backs, noise, at, score):  # type: ignore[no-untyped-def]
    side = 2 * RADIUS + 1
    template = np.empty((side + 2, side + 2), np.float32)
    weight = np.empty((side, side), np.float32)
    seen = np.empty((side, side), np.float32)
    for k in range(len(at)):
        _warp(patches[k], parts[k, 0], parts[k, 1], backs[k], template)
        weight[:] = 1.0
        num = 0
        for _ in range(_STEPS):
            num = _look(grey, at[k, 0], at[k, 1], seen, weight)
            if num < _LEAST_SEEN * side * side:
                break
            gain, offset = _levels(template, seen, weight)
            step_x, step_y = _shift(template, seen, weight, gain, offset)
            at[k, 0] += step_x
            at[k, 1] += step_y
            if step_x * step_x + step_y * step_y < _STILL_PX * _STILL_PX:
                break
        if num >= _LEAST_SEEN * side * side:
            score[k] = _correlation(template, seen, weight, noise)


@njit(cache=True, nogil=True)
def _look(grey, x, y, seen, weight):  # type: ignore[no-untyped-def]
    """The window about a place; outside the picture its weight is 0. How many pixels are inside."""
    num = 0
    for i in range(seen.shape[0]):
        for j in range(seen.shape[1]):
            u, v = x + j - RADIUS, y + i - RADIUS
            if u >= 0 and v >= 0 and u < grey.shape[1] - 1 and v < grey.shape[0] - 1:
                seen[i, j] = _sample(grey, u, v)
                num += 1
            else:
                seen[i, j], weight[i, j] = 0.0, 0.0
    return num


@njit(cache=True, nogil=True)
def _levels(template, seen, weight):  # type: ignore[no-untyped-def]
    """Gain and offset from the template to what is seen."""
    n, t, s, tt, ts = 1e-6, 0.0, 0.0, 0.0, 0.0
    for i in range(seen.shape[0]):
        for j in range(seen.shape[1]):
            w, a, b = weight[i, j], template[i + 1, j + 1], seen[i, j]
            n += w
            t += w * a
            s += w * b
            tt += w * a * a
            ts += w * a * b
    spread = tt - t * t / n
    gain = (ts - t * s / n) / spread if spread > 1e-3 else 1.0
    gain = min(max(gain, 0.3), 3.0)
    return gain, (s - gain * t) / n


@njit(cache=True, nogil=True)
def _shift(template, seen, weight, gain, offset):  # type: ignore[no-untyped-def]
    """One step of Gauss-Newton, at most a pixel and a half."""
    xx, xy, yy, gx, gy = 1e-6, 0.0, 1e-6, 0.0, 0.0
    for i in range(seen.shape[0]):
        for j in range(seen.shape[1]):
            if weight[i, j] == 0.0:
                continue
            r = seen[i, j] - gain * template[i + 1, j + 1] - offset
            dx = 0.5 * gain * (template[i + 1, j + 2] - template[i + 1, j])
            dy = 0.5 * gain * (template[i + 2, j + 1] - template[i, j + 1])
            xx += dx * dx
            xy += dx * dy
            yy += dy * dy
            gx += dx * r
            gy += dy * r
    det = xx * yy - xy * xy
    if det < 1e-9 * (xx + yy) ** 2:
        return 0.0, 0.0
    sx, sy = -(yy * gx - xy * gy) / det, -(xx * gy - xy * gx) / det
    length = np.sqrt(sx * sx + sy * sy)
    limit = 1.5 / length if length > 1.5 else 1.0
    return sx * limit, sy * limit


@njit(cache=True, nogil=True)
def _correlation(template, seen, weight, noise):  # type: ignore[no-untyped-def]
    """Normalised, of all of the window that is in the picture: what is hidden counts against it. ``noise``: its
    variance."""
    n, t, s, tt, ss, ts = 1e-6, 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(seen.shape[0]):
        for j in range(seen.shape[1]):
            if weight[i, j] == 0.0:
                continue
            a, b = template[i + 1, j + 1], seen[i, j]
            n += 1.0
            t += a
            s += b
            tt += a * a
            ss += b * b
            ts += a * b
    one, two = max(tt / n - (t / n) ** 2, 1e-6), max(ss / n - (s / n) ** 2, 1e-6)
    one, two = max(one - noise, _LEAST_SIGNAL * one), max(two - noise, _LEAST_SIGNAL * two)
    return min((ts / n - t * s / n**2) / np.sqrt(one * two), 1.0)
