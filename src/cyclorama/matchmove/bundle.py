"""Bundle adjustment of a shot's cameras and points, by Levenberg-Marquardt with the points eliminated.

A point is a unit direction ``m`` from the world's origin and an inverse distance ``rho`` (so that infinity is an
ordinary value); a camera is a rotation ``R`` (cam_from_world) and a centre ``C``:

    x = R (m - rho C),   px = f (x0, x1) / x2 + principal point.

One focal length is shared. Residuals are in units of ``SIGMA_PX`` under a Cauchy loss (Triggs et al. 1999, sections 3,
4 and 6).
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.matchmove.tracks import Tracks

SIGMA_PX = 0.3
TOLERANCE = 1e-6  # relative gain of a step below which the minimum is reached
FOCAL_SPREAD = 0.35  # one standard deviation of log(focal / usual focal)


@dataclass(frozen=True)
class Bundle:
    """State of a solve: ``rotations`` (n, 3, 3), ``centers`` (n, 3), ``directions`` (p, 3), ``rho`` (p,), ``focal_px``;
    ``cost`` is half the robust sum of squares."""

    rotations: Array
    centers: Array
    directions: Array
    rho: Array
    focal_px: float
    cost: float = np.inf


@dataclass(frozen=True)
class Freedom:
    """What may move: ``translate`` centres and depths, ``focal`` the shared focal length, weighed by a prior about
    ``usual_focal_px``. The first camera is the world and stays."""

    translate: bool
    focal: bool
    usual_focal_px: float


def adjust(
    bundle: Bundle, tracks: Tracks, freedom: Freedom, weights: Array | None = None, num_steps: int = 60
) -> Bundle:
    """The nearest minimum of the robust cost. ``weights`` (n,) multiply the residuals of the observations."""
    order = np.argsort(tracks.track, kind="stable")
    starts = np.searchsorted(tracks.track[order], np.arange(tracks.num_tracks + 1))
    offset = tracks.px[order] - np.array([tracks.hw[1] / 2, tracks.hw[0] / 2])
    scale = (np.ones(len(order)) if weights is None else weights[order]) / SIGMA_PX
    data = (starts, tracks.frame[order], offset, scale)
    state = replace(bundle, cost=_cost(bundle, data, freedom))
    damping = 1e-3
    for _ in range(num_steps):
        system = _linearise(state, data, freedom)
        for _ in range(8):
            trial = _step(state, system, freedom, damping)
            cost = _cost(trial, data, freedom)
            if cost < state.cost:
                break
            damping *= 4
        else:
            return state
        gain = state.cost - cost
        state, damping = replace(trial, cost=cost), max(damping / 5, 1e-9)
        if gain < TOLERANCE * cost:
            break
    return state


def residuals_px(bundle: Bundle, tracks: Tracks) -> Array:
    """Length of the reprojection error of every observation, (n,) pixels; infinite behind the camera."""
    x = np.einsum(
        "nij,nj->ni",
        bundle.rotations[tracks.frame],
        bundle.directions[tracks.track] - bundle.rho[tracks.track, None] * bundle.centers[tracks.frame],
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        px = bundle.focal_px * x[:, :2] / x[:, 2:] + np.array([tracks.hw[1] / 2, tracks.hw[0] / 2])
    error = np.linalg.norm(px - tracks.px, axis=1)
    return np.where(x[:, 2] > 1e-9, error, np.inf)


def _prior(bundle: Bundle, freedom: Freedom) -> float:
    return float(np.log(bundle.focal_px / freedom.usual_focal_px) / FOCAL_SPREAD) if freedom.focal else 0.0


def _cost(bundle: Bundle, data: tuple[Array, Array, Array, Array], freedom: Freedom) -> float:
    state = (bundle.rotations, bundle.centers, bundle.directions, bundle.rho, bundle.focal_px)
    return float(_robust_cost(*state, *data)) + 0.5 * _prior(bundle, freedom) ** 2


@njit(cache=True, nogil=True)
def _robust_cost(rotations, centers, directions, rho, focal, starts, frames, offset, scale):  # type: ignore[no-untyped-def]
    total = 0.0
    for p in range(len(starts) - 1):
        for i in range(starts[p], starts[p + 1]):
            c = frames[i]
            x = rotations[c] @ (directions[p] - rho[p] * centers[c])
            if x[2] < 1e-6:
                total += 50.0
                continue
            ru = (focal * x[0] / x[2] - offset[i, 0]) * scale[i]
            rv = (focal * x[1] / x[2] - offset[i, 1]) * scale[i]
            total += 2.0 * np.log1p((ru * ru + rv * rv) / 4.0)
    return total


@dataclass(frozen=True)
class _System:
    """Normal equations: cameras (6 each) and focal in ``h_cc``, ``g_c``; per point 3 x 3 blocks and their coupling."""

    h_cc: Array
    g_c: Array
    h_pp: Array
    g_p: Array
    h_cp: Array
    bases: Array


def _linearise(bundle: Bundle, data: tuple[Array, Array, Array, Array], freedom: Freedom) -> _System:
    n, p = len(bundle.rotations), len(bundle.rho)
    h_cc, g_c = np.zeros((6 * n + 1, 6 * n + 1)), np.zeros(6 * n + 1)
    h_pp, g_p, h_cp = np.zeros((p, 3, 3)), np.zeros((p, 3)), np.zeros((p, 6 * n + 1, 3))
    bases = np.zeros((p, 3, 2))
    state = (bundle.rotations, bundle.centers, bundle.directions, bundle.rho, bundle.focal_px)
    _accumulate(*state, *data, h_cc, g_c, h_pp, g_p, h_cp, bases)
    if freedom.focal:
        h_cc[-1, -1] += 1 / FOCAL_SPREAD**2
        g_c[-1] += _prior(bundle, freedom) / FOCAL_SPREAD
    return _System(h_cc, g_c, h_pp, g_p, h_cp, bases)


@njit(cache=True, nogil=True)
def _accumulate(  # type: ignore[no-untyped-def]
    rotations, centers, directions, rho, focal, starts, frames, offset, scale, h_cc, g_c, h_pp, g_p, h_cp, bases
):
    last = len(g_c) - 1
    j = np.zeros((2, 10))  # of one observation: rotation 3, centre 3, log focal 1; point tangent 2, rho 1
    for p in range(len(starts) - 1):
        _tangents(directions[p], bases[p])
        for i in range(starts[p], starts[p + 1]):
            c = frames[i]
            ru, rv, seen = _observe(rotations[c], centers[c], directions[p], rho[p], focal, bases[p], offset[i], j)
            if not seen:
                continue
            ru, rv = ru * scale[i], rv * scale[i]
            for a in range(10):
                j[0, a] *= scale[i]
                j[1, a] *= scale[i]
            loss = 1.0 / (1.0 + (ru * ru + rv * rv) / 4.0)
            for a in range(7):
                ia = 6 * c + a if a < 6 else last
                ja, ka = loss * j[0, a], loss * j[1, a]
                g_c[ia] += ja * ru + ka * rv
                for b in range(7):
                    ib = 6 * c + b if b < 6 else last
                    h_cc[ia, ib] += ja * j[0, b] + ka * j[1, b]
                for b in range(3):
                    h_cp[p, ia, b] += ja * j[0, 7 + b] + ka * j[1, 7 + b]
            for a in range(3):
                ja, ka = loss * j[0, 7 + a], loss * j[1, 7 + a]
                g_p[p, a] += ja * ru + ka * rv
                for b in range(3):
                    h_pp[p, a, b] += ja * j[0, 7 + b] + ka * j[1, 7 + b]


@njit(cache=True, nogil=True)
def _tangents(m, basis):  # type: ignore[no-untyped-def]
    """Two unit vectors at right angles to ``m`` and each other, as the columns of ``basis``."""
    if abs(m[0]) < 0.7:
        x, y, z = 0.0, m[2], -m[1]  # m x e_x
    else:
        x, y, z = -m[2], 0.0, m[0]  # m x e_y
    norm = np.sqrt(x * x + y * y + z * z)
    x, y, z = x / norm, y / norm, z / norm
    basis[0, 0], basis[1, 0], basis[2, 0] = x, y, z
    basis[0, 1] = m[1] * z - m[2] * y
    basis[1, 1] = m[2] * x - m[0] * z
    basis[2, 1] = m[0] * y - m[1] * x


@njit(cache=True, nogil=True)
def _observe(rot, center, m, rho, focal, basis, offset, j):  # type: ignore[no-untyped-def]
    """Residual in pixels of one observation and its derivatives ``j``; whether the point is in front."""
    d0, d1, d2 = m[0] - rho * center[0], m[1] - rho * center[1], m[2] - rho * center[2]
    x = rot[0, 0] * d0 + rot[0, 1] * d1 + rot[0, 2] * d2
    y = rot[1, 0] * d0 + rot[1, 1] * d1 + rot[1, 2] * d2
    z = rot[2, 0] * d0 + rot[2, 1] * d1 + rot[2, 2] * d2
    if z < 1e-6:
        return 0.0, 0.0, False
    w = focal / z
    u, v = w * x, w * y
    a, b = u / z, v / z
    j[0, 0], j[1, 0] = -a * y, -w * z - b * y  # e_x x X = (0, -z, y)
    j[0, 1], j[1, 1] = w * z + a * x, b * x  # e_y x X = (z, 0, -x)
    j[0, 2], j[1, 2] = -w * y, w * x  # e_z x X = (-y, x, 0)
    for k in range(3):
        j[0, 3 + k] = -rho * (w * rot[0, k] - a * rot[2, k])
        j[1, 3 + k] = -rho * (w * rot[1, k] - b * rot[2, k])
    j[0, 6], j[1, 6] = u, v
    for k in range(3):
        if k < 2:
            e0, e1, e2 = basis[0, k], basis[1, k], basis[2, k]
        else:
            e0, e1, e2 = -center[0], -center[1], -center[2]
        f0 = rot[0, 0] * e0 + rot[0, 1] * e1 + rot[0, 2] * e2
        f1 = rot[1, 0] * e0 + rot[1, 1] * e1 + rot[1, 2] * e2
        f2 = rot[2, 0] * e0 + rot[2, 1] * e1 + rot[2, 2] * e2
        j[0, 7 + k], j[1, 7 + k] = w * f0 - a * f2, w * f1 - b * f2
    return u - offset[0], v - offset[1], True


def _step(bundle: Bundle, system: _System, freedom: Freedom, damping: float) -> Bundle:
    n = len(bundle.rotations)
    free = np.ones(6 * n + 1, bool)
    free[:6] = False  # the first camera is the world
    if not freedom.translate:
        free.reshape(-1)[: 6 * n].reshape(n, 6)[:, 3:] = False
    free[-1] = freedom.focal
    point = 3 if freedom.translate else 2
    h_pp = system.h_pp[:, :point, :point].copy()
    diagonal = np.einsum("pii->pi", h_pp)
    diagonal += damping * diagonal + 1e-9
    inverse = np.linalg.inv(h_pp)
    h_cp, g_p = system.h_cp[:, free, :point], system.g_p[:, :point]
    carried = h_cp @ inverse
    flat = h_cp.transpose(1, 0, 2).reshape(h_cp.shape[1], -1)
    reduced = system.h_cc[np.ix_(free, free)] - carried.transpose(1, 0, 2).reshape(flat.shape) @ flat.T
    reduced[np.diag_indices_from(reduced)] += damping * np.diag(system.h_cc)[free] + 1e-9
    right = system.g_c[free] - carried.transpose(1, 0, 2).reshape(flat.shape) @ g_p.reshape(-1)
    move = np.zeros(6 * n + 1)
    move[free] = -np.linalg.solve(reduced, right)
    shift = -np.einsum("pij,pj->pi", inverse, g_p + (move[free] @ flat).reshape(g_p.shape))
    return _moved(bundle, move, shift, system.bases)


def _moved(bundle: Bundle, move: Array, shift: Array, bases: Array) -> Bundle:
    cameras = move[:-1].reshape(-1, 6)
    rotations = np.stack([rotation_from_vector(w) @ r for w, r in zip(cameras[:, :3], bundle.rotations)])
    directions = bundle.directions + np.einsum("pij,pj->pi", bases, shift[:, :2])
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    rho = bundle.rho + shift[:, 2] if shift.shape[1] == 3 else bundle.rho
    focal = bundle.focal_px * float(np.exp(np.clip(move[-1], -0.3, 0.3)))
    return Bundle(rotations, bundle.centers + cameras[:, 3:], directions, np.maximum(rho, 0.0), focal)


def rotation_from_vector(vector: Array) -> Array:
    """Rodrigues' formula: 3 x 3 of an axis times an angle (radians)."""
    angle = float(np.linalg.norm(vector))
    x, y, z = vector
    k = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]])
    if angle < 1e-8:
        return np.eye(3) + k
    return np.eye(3) + np.sin(angle) / angle * k + (1 - np.cos(angle)) / angle**2 * (k @ k)


def vector_from_rotation(rotation: Array) -> Array:
    """Inverse of ``rotation_from_vector``, angle in 0..pi."""
    return np.asarray(cv2.Rodrigues(rotation)[0], np.float64).reshape(3)
