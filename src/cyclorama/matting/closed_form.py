"""Alpha in a band of unknown pixels, by the closed form of natural image matting.

A. Levin, D. Lischinski, Y. Weiss, A Closed-Form Solution to Natural Image Matting, PAMI 2008. In every 3 x 3 window w
alpha is taken to be affine in the guide, I; leaving the affine's coefficients out gives a quadratic form a' L a:
    L_ab = sum over the windows that hold both a and b of  delta_ab - (1 + (I_a - mu)' (S + noise^2)^-1 (I_b - mu)) / 9
L has 25 entries a pixel. They are held for the band alone, run by run of its rows, so that the cost follows the band.
"""

from typing import Any

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array, require_picture, require_plane

NOISE = 0.004
"""Standard deviation of the noise of a display-coded 8-bit guide: one code value."""
_TOLERANCE = 1e-3
"""Typical step of alpha that is still to come, at which the solve ends."""
_MOST_ITERATIONS = 200
_REACH = 2
"""How far apart two pixels of one window can be."""
_TAPS = 25
"""Pixels that share a window with a pixel: 5 x 5."""
_MIDDLE = 12
"""The tap of the pixel itself."""
_REORDER = {"reassoc", "contract", "nsz"}
"""What the compiler may do to sums so that they become vector code."""
_LEAST_NOISE = 1e-5
"""Keeps the covariance of an even window invertible."""
_LEAST_DIAGONAL = 1e-6
"""A pixel of no window (a picture less than 3 wide) keeps its value."""


def solve_band(
    guide: Array, alpha: Array, trust: Array, band: Array, *, noise: float = NOISE, tolerance: float = _TOLERANCE
) -> Array:
    """The alpha that minimises a' L a + sum over the band of trust (a - alpha)^2, clipped to 0..1: h w float32.

    ``guide``: h w 3 float32, in which alpha is locally affine (linear light, or display-coded where noise counts).
    ``alpha``: h w float32, 0..1: the data term in the band and the start; fixed outside. ``trust``: h w float32, >= 0,
    on the scale of L, whose diagonal is at most 9; infinite where alpha is known. ``band``: h w uint8, 1 where alpha is
    solved for. ``noise``: standard deviation of the guide's noise, in its units. ``tolerance``: see ``_TOLERANCE``.
    ``ValueError`` for another shape.
    """
    require_picture("guide", guide)
    hw = guide.shape[:2]
    require_plane("alpha", alpha, hw)
    require_plane("trust", trust, hw)
    if band.shape != hw or band.dtype != np.uint8:
        raise ValueError(f"band must be {hw[0]} x {hw[1]} uint8, got {band.shape} {band.dtype}")
    out = alpha.copy()
    x0, y0, width, height = cv2.boundingRect(band)
    rows, columns = (slice(max(0, at - _REACH), at + size + _REACH) for at, size in ((y0, height), (x0, width)))
    trust = trust[rows, columns]
    runs = _runs_of(band[rows, columns], trust)
    if len(runs):
        taps = _laplacian(guide[rows, columns], runs, max(noise, _LEAST_NOISE) ** 2)
        solved = np.pad(alpha[rows, columns], _REACH)
        _conjugate_gradients(taps, runs, trust, solved, (float(tolerance), _MOST_ITERATIONS))
        out[rows, columns] = solved[_REACH:-_REACH, _REACH:-_REACH]
    return out


@njit(cache=True, nogil=True)
def _runs_of(band: Array, trust: Array) -> Array:
    """Runs of unknown pixels along the rows: n 4 int32, row, first column, length, unknowns before it."""
    h, w = band.shape
    count = 0
    for fill in range(2):
        if fill:
            runs = np.empty((count, 4), np.int32)
            count = 0
        before = 0
        for y in range(h):
            x = 0
            while x < w:
                if not band[y, x] or np.isinf(trust[y, x]):
                    x += 1
                    continue
                first = x
                while x < w and band[y, x] and not np.isinf(trust[y, x]):
                    x += 1
                if fill:
                    runs[count, 0], runs[count, 1], runs[count, 2], runs[count, 3] = y, first, x - first, before
                before += x - first
                count += 1
    return runs


@njit(cache=True, nogil=True, inline="always")
def _inverse(s: tuple[float, float, float, float, float, float]) -> tuple[float, float, float, float, float, float]:
    """The inverse of a symmetric 3 x 3 matrix, both as xx xy xz yy yz zz."""
    xx, xy, xz, yy, yz, zz = s
    c0, c1, c2 = yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy
    scale = 1.0 / (xx * c0 + xy * c1 + xz * c2)
    row = (xx * zz - xz * xz) * scale, (xy * xz - xx * yz) * scale
    return c0 * scale, c1 * scale, c2 * scale, row[0], row[1], (xx * yy - xy * xy) * scale


@njit(cache=True, nogil=True, fastmath=_REORDER)
def _window(guide: Array, y: int, x: int, variance: float, off: Array, white: Array) -> None:
    """Of the window around y, x: ``off`` 9 3, I_k - mu, and ``white`` 9 3, (S + variance)^-1 (I_k - mu)."""
    for c in range(3):
        mean = np.float32(0.0)
        for k in range(9):
            off[k, c] = guide[y + k // 3 - 1, x + k % 3 - 1, c]
            mean += off[k, c]
        mean *= np.float32(1.0 / 9.0)
        for k in range(9):
            off[k, c] -= mean
    xx = xy = xz = yy = yz = zz = 0.0
    for k in range(9):
        r, g, b = off[k, 0], off[k, 1], off[k, 2]
        xx, xy, xz = xx + r * r, xy + r * g, xz + r * b
        yy, yz, zz = yy + g * g, yz + g * b, zz + b * b
    ninth = 1.0 / 9.0
    s = xx * ninth + variance, xy * ninth, xz * ninth, yy * ninth + variance, yz * ninth, zz * ninth + variance
    xx, xy, xz, yy, yz, zz = _inverse(s)
    for k in range(9):
        r, g, b = off[k, 0], off[k, 1], off[k, 2]
        white[k, 0] = xx * r + xy * g + xz * b
        white[k, 1] = xy * r + yy * g + yz * b
        white[k, 2] = xz * r + yz * g + zz * b


@njit(cache=True, nogil=True)
def _laplacian(guide: Array, runs: Array, variance: float) -> Array:
    """The rows of L of the unknown pixels: flat float32; per run 25 taps, each of the run's length."""
    h, w = guide.shape[:2]
    owner = np.zeros((h, w), np.int32)  # run + 1 of an unknown pixel
    for run in range(len(runs)):
        for x in range(runs[run, 1], runs[run, 1] + runs[run, 2]):
            owner[runs[run, 0], x] = run + 1
    taps = np.zeros(_TAPS * (runs[-1, 3] + runs[-1, 2]), np.float32)
    seen = np.zeros((h, w), np.uint8)
    off, white = np.empty((9, 3), np.float32), np.empty((9, 3), np.float32)
    for run in range(len(runs)):
        for y in range(max(1, runs[run, 0] - 1), min(h - 1, runs[run, 0] + 2)):
            for x in range(max(1, runs[run, 1] - 1), min(w - 1, runs[run, 1] + runs[run, 2] + 1)):
                if not seen[y, x]:
                    seen[y, x] = 1
                    _window(guide, y, x, variance, off, white)
                    _add(taps, runs, owner, (y, x), (off, white))
    return taps


@njit(cache=True, nogil=True, fastmath=_REORDER)
def _add(taps: Array, runs: Array, owner: Array, at: tuple[int, int], window: tuple[Array, Array]) -> None:
    """Adds one window's entries to the rows of its unknown pixels."""
    off, white = window
    ninth, one = np.float32(1.0 / 9.0), np.float32(1.0)
    for a in range(9):
        y, x = at[0] + a // 3 - 1, at[1] + a % 3 - 1
        run = owner[y, x] - 1
        if run < 0:
            continue
        n = runs[run, 2]
        r, g, b = white[a, 0], white[a, 1], white[a, 2]
        own = _TAPS * runs[run, 3] + x - runs[run, 1]
        first = own + ((2 - a // 3) * 5 + 2 - a % 3) * n  # the tap of the window's first pixel
        for row in range(3):
            for column in range(3):
                k = 3 * row + column
                entry = (one + r * off[k, 0] + g * off[k, 1] + b * off[k, 2]) * ninth
                taps[np.uintp(first + (5 * row + column) * n)] -= entry
        taps[np.uintp(own + _MIDDLE * n)] += one


@njit(cache=True, nogil=True, fastmath=_REORDER)
def _apply(taps: Array, runs: Array, plane: Array, out: Array) -> None:
    """out = L plane, on the unknown pixels. ``plane``: the picture with 2 px of edge around it.

    Unsigned indices cannot mean "from the end", which is what lets the inner loop become vector code (6 times faster).
    """
    flat, width = plane.reshape(-1), plane.shape[1]
    for run in range(len(runs)):
        y, x, n, start = runs[run, 0], runs[run, 1], runs[run, 2], runs[run, 3]
        o, count = np.uintp(start), np.uintp(n)
        for j in range(count):
            out[o + j] = np.float32(0.0)
        for row in range(5):
            t, p = _TAPS * start + 5 * row * n, (y + row) * width + x
            t0, t1, t2, t3, t4 = (
                np.uintp(t),
                np.uintp(t + n),
                np.uintp(t + 2 * n),
                np.uintp(t + 3 * n),
                np.uintp(t + 4 * n),
            )
            p0, p1, p2, p3, p4 = np.uintp(p), np.uintp(p + 1), np.uintp(p + 2), np.uintp(p + 3), np.uintp(p + 4)
            for j in range(count):
                left = taps[t0 + j] * flat[p0 + j] + taps[t1 + j] * flat[p1 + j]
                right = taps[t3 + j] * flat[p3 + j] + taps[t4 + j] * flat[p4 + j]
                out[o + j] += left + taps[t2 + j] * flat[p2 + j] + right


@njit(cache=True, nogil=True)
def _conjugate_gradients(taps: Array, runs: Array, trust: Array, solved: Array, stop: tuple[float, int]) -> None:
    """Solves (L + trust) a = trust alpha in place, from a = alpha; Jacobi preconditioner."""
    num = runs[-1, 3] + runs[-1, 2]
    weight, jacobi = np.empty(num, np.float32), np.empty(num, np.float32)
    for run in range(len(runs)):
        n, start = runs[run, 2], runs[run, 3]
        for j in range(n):
            weight[start + j] = trust[runs[run, 0], runs[run, 1] + j]
            diagonal = taps[_TAPS * start + _MIDDLE * n + j] + weight[start + j]
            jacobi[start + j] = np.float32(1.0) / max(diagonal, np.float32(_LEAST_DIAGONAL))
    residual, product = np.empty(num, np.float32), np.empty(num, np.float32)
    _apply(taps, runs, solved, residual)  # trust (alpha - a) = 0 at the start
    energy = 0.0
    for i in range(num):
        residual[i] = -residual[i]
        energy += jacobi[i] * residual[i] * residual[i]
    direction = np.zeros(solved.shape, np.float32)
    ratio = np.float32(0.0)
    for _ in range(stop[1]):
        if energy <= stop[0] * stop[0] * num:
            break
        _turn(runs, jacobi, residual, ratio, direction)
        _apply(taps, runs, direction, product)
        curvature = _curvature(runs, weight, direction, product)
        if curvature <= 0.0:
            break
        before = energy
        energy = _advance(runs, (jacobi, direction, product), np.float32(energy / curvature), residual, solved)
        ratio = np.float32(energy / before)
    _clip(runs, solved)


@njit(cache=True, nogil=True)
def _turn(runs: Array, jacobi: Array, residual: Array, ratio: Any, direction: Array) -> None:
    """direction = M^-1 residual + ratio direction."""
    for run in range(len(runs)):
        y, x, n, start = runs[run, 0] + _REACH, runs[run, 1] + _REACH, runs[run, 2], runs[run, 3]
        row, own, left = direction[y, x : x + n], jacobi[start : start + n], residual[start : start + n]
        for j in range(n):
            row[j] = own[j] * left[j] + ratio * row[j]


@njit(cache=True, nogil=True, fastmath=_REORDER)
def _curvature(runs: Array, weight: Array, direction: Array, product: Array) -> float:
    """product += trust direction; direction' product."""
    total = 0.0
    for run in range(len(runs)):
        y, x, n, start = runs[run, 0] + _REACH, runs[run, 1] + _REACH, runs[run, 2], runs[run, 3]
        row, image, own = direction[y, x : x + n], product[start : start + n], weight[start : start + n]
        part = np.float32(0.0)
        for j in range(n):
            image[j] += own[j] * row[j]
            part += image[j] * row[j]
        total += float(part)
    return total


@njit(cache=True, nogil=True, fastmath=_REORDER)
def _advance(runs: Array, vectors: tuple[Array, Array, Array], step: Any, residual: Array, solved: Array) -> float:
    """Goes ``step`` along the direction; the preconditioned residual's energy there."""
    jacobi, direction, product = vectors
    total = 0.0
    for run in range(len(runs)):
        y, x, n, start = runs[run, 0] + _REACH, runs[run, 1] + _REACH, runs[run, 2], runs[run, 3]
        row, onward = solved[y, x : x + n], direction[y, x : x + n]
        left, image, own = residual[start : start + n], product[start : start + n], jacobi[start : start + n]
        part = np.float32(0.0)
        for j in range(n):
            row[j] += step * onward[j]
            left[j] -= step * image[j]
            part += own[j] * left[j] * left[j]
        total += float(part)
    return total


@njit(cache=True, nogil=True)
def _clip(runs: Array, solved: Array) -> None:
    for run in range(len(runs)):
        y, x = runs[run, 0] + _REACH, runs[run, 1] + _REACH
        for j in range(runs[run, 2]):
            solved[y, x + j] = min(max(solved[y, x + j], np.float32(0.0)), np.float32(1.0))
