"""How far a picture slips against a given camera: rigid points and one shift of the picture a frame, fitted at once.

A point is a direction ``m`` from the camera that first saw it (centre ``C_a``) and an inverse distance ``rho``; camera
t has the rotation ``R_t``, the centre ``C_t``, the intrinsics ``K_t`` and the lens ``d_t``; ``s_t`` is the shift of
picture t:

    y = R_t (m - rho (C_t - C_a)),   seen = K_t d_t((y0, y1) / y2) + s_t.

Depths alone would swallow a slip along the parallax. Shared by all points, the shift is told from depth where the
camera turns, or nears, or points lie at very different places in the picture. Where it only travels sideways, a shift
in step with it looks like other depths: a weak pull toward no shift decides, and ``Fit.sigma_drift_px`` says so.
Cauchy loss, from wide to narrow (graduated non-convexity, Blake and Zisserman 1987, section 7), points eliminated
(Triggs et al. 1999, section 6).
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.matchmove.bundle import SIGMA_PX
from cyclorama.matchmove.bundle_kernels import tangents
from cyclorama.matchmove.tracks import Tracks

PULL_PX = 30.0
"""One standard deviation of what a picture is thought to be off, summed up over a window, before it was looked at."""
_WIDTHS_PX = (60.0, 20.0, 6.0, 2.0, 1.0, 0.6, 0.3)
"""Half-widths of the loss, one after the other."""
_STEPS, _LAST_STEPS = 4, 12
_SIGHTS_OF_TRACK = 2.0
"""The errors of a track go together: it tells no more than so many sights that err each for itself."""
_FLOOR = 1e-3
"""Added to the normal equations of a point, for one of which nothing is known."""
_TURN_DEG = 40.0
"""A point that a camera has turned away from so far is seen no more: a track that goes on is cut there."""
_LEAST_TRAVEL = 1e-6
"""Of the centres' size: a camera that moves less only turns."""
_GOLDEN = 0.618034
_MEDIAN_OF_NORMAL = 0.6745
_SHARED_PX = 0.007
"""What all tracks together may be off, as if they had agreed to: following errs alike in alike pictures."""
_LEAST_DEPTH = 1e-3
"""Cosine to the optical plane under which a point counts as beside the camera."""
_NEAREST = 300.0
"""One standard deviation of the inverse distance of points, 1 for the length of the camera's travel: so wide that it
moves no depth, for together points would push the shift."""


@dataclass(frozen=True)
class Fit:
    """``error``: (n, 2) seen less predicted without the shift, px, of every observation; ``inside``: (n,) whether its
    point lies before the camera; ``shift``: (t, 2) px; ``sigma_drift_px``: one standard deviation of the shift's drift
    a frame, in its least certain direction."""

    error: Array
    inside: Array
    shift: Array
    sigma_drift_px: float


def cut_at_turns(tracks: Tracks, path: CameraPath) -> Tracks:
    """Tracks that outlive a turn of the camera, in pieces, not all cut at one frame."""
    axes = np.stack([c.world_from_camera[:3, 2] for c in path.cameras])
    first = np.full(tracks.num_tracks, tracks.num_frames)
    np.minimum.at(first, tracks.track, tracks.frame)
    cosine = np.einsum("nk,nk->n", axes[first[tracks.track]], axes[tracks.frame])
    turned = np.degrees(np.arccos(np.clip(cosine, -1, 1))) / _TURN_DEG
    piece = np.floor(turned + 0.5 * ((tracks.track * _GOLDEN) % 1.0)).astype(np.int64)
    _, track = np.unique(tracks.track * (piece.max(initial=0) + 1) + piece, return_inverse=True)
    return Tracks(track, tracks.frame, tracks.px, tracks.hw, tracks.num_frames)


def fit_slip(tracks: Tracks, path: CameraPath, pull_px: float = PULL_PX) -> Fit:
    """``tracks``: numbered without gaps; their frames are those of ``path``."""
    order = np.lexsort((tracks.frame, tracks.track))
    track, frame, px = tracks.track[order], tracks.frame[order], tracks.px[order]
    starts = np.searchsorted(track, np.arange(tracks.num_tracks + 1))
    eyes, offset = _eyes(path), _offsets(path, frame[starts[:-1]][track], frame)
    first = rays(path, frame[starts[:-1]], px[starts[:-1]])
    state = first / np.linalg.norm(first, axis=1, keepdims=True), np.zeros(len(first))
    shift = np.zeros((tracks.num_frames, 2))
    data = _Data(eyes, offset, frame, px, starts, pull_px)
    for width in _WIDTHS_PX:
        for _ in range(_LAST_STEPS if width == _WIDTHS_PX[-1] else _STEPS):
            state, shift = _System(state, shift, data, width).step()
    last = _System(state, shift, data, _WIDTHS_PX[-1])
    error, inside = np.empty((len(px), 2)), np.empty(len(px), bool)
    error[order], inside[order] = shift[frame] - last.residual, last.seen
    return Fit(error, inside, shift, last.sigma_drift_px())


def rays(path: CameraPath, frame: Array, px: Array) -> Array:
    """The direction in the world, (n, 3), of what is seen in ``frame`` (n,) at ``px`` (n, 2), straightened."""
    out = np.empty((len(px), 3))
    for index in np.unique(frame):
        here, camera = frame == index, path[int(index)]
        out[here] = camera.unproject(px[here], np.ones(int(here.sum()))) - camera.center
    return out


def _eyes(path: CameraPath) -> "_Eyes":
    cameras = path.cameras
    turns = np.array([c.lens.turn for c in cameras])
    return _Eyes(
        np.stack([c.camera_from_world[:3, :3] for c in cameras]),
        np.stack([c.px_from_cam[:2] for c in cameras]),
        np.column_stack([[c.lens.k1 for c in cameras], [c.lens.k2 for c in cameras], turns * turns]),
    )


def _offsets(path: CameraPath, anchor: Array, frame: Array) -> Array:
    """The centre less the anchor's of every observation (n, 3), in units of the path's size (0 where the camera only
    turns)."""
    centers = path.centers - path.centers[0]
    size = float(np.linalg.norm(centers, axis=1).max())
    if size <= _LEAST_TRAVEL * max(1.0, float(np.abs(path.centers).max())):
        return np.zeros((len(frame), 3))
    return (centers[frame] - centers[anchor]) / size


class _Eyes(NamedTuple):
    """Of every frame: rotation (t, 3, 3) camera from world, ``px_from_plane`` (t, 2, 3), and of the lens k1, k2 and the
    squared radius from which on it shows nothing (t, 3)."""

    rotation: Array
    px_from_plane: Array
    lens: Array


class _Data(NamedTuple):
    """What is seen, by point and frame: observation i is of ``frame`` (n,) at ``px`` (n, 2); those of point p are
    ``starts[p]`` to ``starts[p + 1]``."""

    eyes: _Eyes
    offset: Array
    frame: Array
    px: Array
    starts: Array
    pull_px: float


class _System:
    """Linearised about points (directions (p, 3), inverse distances (p,)) and shifts (t, 2), points eliminated."""

    def __init__(self, points: tuple[Array, Array], shift: Array, data: _Data, width: float) -> None:
        self._points, self._shift, self._data = points, shift, data
        n, num_points = len(data.px), len(data.starts) - 1
        self.residual, self._jacobian, self.seen = np.zeros((n, 2)), np.zeros((n, 2, 3)), np.zeros(n, np.bool_)
        self._basis = np.zeros((num_points, 3, 2))
        _observe(*points, *data[:-1], shift, self.residual, self._jacobian, self.seen, self._basis)
        square = (self.residual**2).sum(1)
        self._weight = np.where(self.seen, 1 / (1 + square / width**2), 0.0) / SIGMA_PX**2
        self._h, self._g = np.eye(shift.size) / data.pull_px**2, shift.reshape(-1) / data.pull_px**2
        self._inverse, self._g_p = np.zeros((num_points, 3, 3)), np.zeros((num_points, 3))
        seen = (self.residual, self._jacobian, self._weight, data.frame, data.starts)
        _reduce(*seen, points[1], self._h, self._g, self._inverse, self._g_p)

    def step(self) -> tuple[tuple[Array, Array], Array]:
        """Points and shifts after one step of Gauss and Newton."""
        move = -np.linalg.solve(self._h, self._g)
        change = np.zeros_like(self._g_p)
        seen = (self._jacobian, self._weight, self._data.frame, self._data.starts)
        _back(*seen, move, self._inverse, self._g_p, change)
        directions = self._points[0] + np.einsum("pij,pj->pi", self._basis, change[:, :2])
        directions /= np.linalg.norm(directions, axis=1, keepdims=True)
        rho = np.maximum(self._points[1] + change[:, 2], 0.0)
        return (directions, rho), self._shift + move.reshape(-1, 2)

    def sigma_drift_px(self) -> float:
        """``Fit.sigma_drift_px``: of the straight line through the shifts, by the noise of the residuals and what
        tracks err alike."""
        num = len(self._shift)
        if num < 2 or not self.seen.any():
            return np.inf
        noise = float(np.median(np.abs(self.residual[self.seen]))) / _MEDIAN_OF_NORMAL
        together = max(1.0, len(self._data.px) / (len(self._data.starts) - 1) / _SIGHTS_OF_TRACK)
        shared = _SHARED_PX * np.sqrt(len(self._data.px))
        scale = float(np.hypot(np.sqrt(together) * noise, shared)) / SIGMA_PX  # of the system's unit of noise
        frames = np.arange(num) - (num - 1) / 2
        slope = np.kron(frames[:, None] / (frames**2).sum(), np.eye(2))
        told = self._h + (scale**2 - 1) * np.eye(2 * num) / self._data.pull_px**2
        variance = slope.T @ np.linalg.solve(told, slope)
        return float(np.sqrt(np.linalg.eigvalsh(variance)[-1]) * scale)


@njit(cache=True, nogil=True)
def _observe(  # type: ignore[no-untyped-def]
    directions, rho, eyes, offset, frame, px, starts, shift, residual, jacobian, seen, basis
):
    """Residuals (predicted less seen, px), their derivatives by two turns of the direction and ``rho``."""
    column = np.zeros((3, 3))
    for p in range(len(starts) - 1):
        m = directions[p]
        tangents(m, basis[p])
        for i in range(starts[p], starts[p + 1]):
            t = frame[i]
            a, k, lens = eyes.rotation[t], eyes.px_from_plane[t], eyes.lens[t]
            y = a @ (m - rho[p] * offset[i])
            column[:, :2] = a @ basis[p]
            column[:, 2] = -(a @ offset[i])
            seen[i] = y[2] > _LEAST_DEPTH and y[0] * y[0] + y[1] * y[1] < lens[2] * y[2] * y[2]
            if not seen[i]:
                continue
            u, v = y[0] / y[2], y[1] / y[2]
            r2 = u * u + v * v
            factor, slope = 1.0 + r2 * (lens[0] + lens[1] * r2), 2.0 * (lens[0] + 2.0 * lens[1] * r2)
            for r in range(2):
                at = k[r, 0] * u * factor + k[r, 1] * v * factor + k[r, 2]
                residual[i, r] = at + shift[t, r] - px[i, r]
            for c in range(3):
                du, dv = (column[0, c] - u * column[2, c]) / y[2], (column[1, c] - v * column[2, c]) / y[2]
                outward = slope * (u * du + v * dv)
                su, sv = factor * du + u * outward, factor * dv + v * outward
                for r in range(2):
                    jacobian[i, r, c] = k[r, 0] * su + k[r, 1] * sv


@njit(cache=True, nogil=True)
def _reduce(  # type: ignore[no-untyped-def]
    residual, jacobian, weight, frame, starts, rho, h, g, inverse, g_p
):
    """Adds the observations to the normal equations of the shifts ``h``, ``g``, points eliminated. Points at infinity
    that would go beyond stay there."""
    for p in range(len(starts) - 1):
        block = np.zeros((3, 3))
        for i in range(starts[p], starts[p + 1]):
            for r in range(2):
                for a in range(3):
                    g_p[p, a] += weight[i] * jacobian[i, r, a] * residual[i, r]
                    for b in range(3):
                        block[a, b] += weight[i] * jacobian[i, r, a] * jacobian[i, r, b]
        block[2, 2] += 1.0 / _NEAREST**2
        g_p[p, 2] += rho[p] / _NEAREST**2
        for a in range(3):
            block[a, a] += _FLOOR
        inverse[p] = np.linalg.inv(block)
        if rho[p] <= 0.0 and (inverse[p] @ g_p[p])[2] > 0.0:
            block[2, :], block[:, 2] = 0.0, 0.0
            block[2, 2] = 1.0
            inverse[p] = np.linalg.inv(block)
            inverse[p, 2, 2], g_p[p, 2] = 0.0, 0.0
        for i in range(starts[p], starts[p + 1]):
            fi = 2 * frame[i]
            carried = (weight[i] * jacobian[i]) @ inverse[p]
            for r in range(2):
                h[fi + r, fi + r] += weight[i]
                g[fi + r] += weight[i] * residual[i, r]
                for a in range(3):
                    g[fi + r] -= carried[r, a] * g_p[p, a]
            for k in range(starts[p], starts[p + 1]):
                fk = 2 * frame[k]
                for r in range(2):
                    for q in range(2):
                        total = 0.0
                        for a in range(3):
                            total += carried[r, a] * jacobian[k, q, a]
                        h[fi + r, fk + q] -= total * weight[k]


@njit(cache=True, nogil=True)
def _back(jacobian, weight, frame, starts, move, inverse, g_p, change):  # type: ignore[no-untyped-def]
    """The points' own steps, once the shifts have theirs."""
    for p in range(len(starts) - 1):
        g = g_p[p].copy()
        for i in range(starts[p], starts[p + 1]):
            for r in range(2):
                for a in range(3):
                    g[a] += weight[i] * jacobian[i, r, a] * move[2 * frame[i] + r]
        change[p] = -(inverse[p] @ g)
