"""Cameras between keyframes, from the points that the keyframes solved."""

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.matchmove.bundle import SIGMA_PX, Bundle, rotation_from_vector, vector_from_rotation
from cyclorama.matchmove.tracks import Tracks


def resect(bundle: Bundle, key_tracks: Tracks, tracks: Tracks, key: Array, *, translate: bool) -> tuple[Array, Array]:
    """Rotations ``(n, 3, 3)`` and centres ``(n, 3)`` of every frame of ``tracks``; the keyframes ``key`` keep theirs.

    ``key_tracks`` numbers the tracks of ``bundle``; they are found again in ``tracks`` by their first keyed position.
    """
    rotations, centers = _interpolated(bundle, tracks.num_frames, key)
    if len(key) == tracks.num_frames:
        return rotations, centers
    point_of_track = _shared(key_tracks, tracks, key)
    middle = np.array([tracks.hw[1] / 2, tracks.hw[0] / 2])
    keyed = set(key.tolist())
    for index in range(tracks.num_frames):
        seen = (tracks.frame == index) & (point_of_track[tracks.track] >= 0)
        if index in keyed or seen.sum() < 6:
            continue
        points = point_of_track[tracks.track[seen]]
        offset = tracks.px[seen] - middle
        state = (bundle.directions[points], bundle.rho[points], offset, bundle.focal_px)
        rotations[index], centers[index] = _pose(rotations[index], centers[index], *state, translate)
    return rotations, centers


def _interpolated(bundle: Bundle, num_frames: int, key: Array) -> tuple[Array, Array]:
    frames = np.arange(num_frames)
    centers = np.stack([np.interp(frames, key, bundle.centers[:, k]) for k in range(3)], 1)
    rotations = np.empty((num_frames, 3, 3))
    for index in frames:
        k = min(int(np.searchsorted(key, index, "right")) - 1, len(key) - 2) if len(key) > 1 else 0
        if len(key) == 1:
            rotations[index] = bundle.rotations[0]
            continue
        share = (index - key[k]) / (key[k + 1] - key[k])
        turn = vector_from_rotation(bundle.rotations[k + 1] @ bundle.rotations[k].T)
        rotations[index] = rotation_from_vector(turn * share) @ bundle.rotations[k]
    return rotations, centers


def _shared(key_tracks: Tracks, tracks: Tracks, key: Array) -> Array:
    """For each track its point in the bundle, or -1: the same position in the same keyframe is the same track."""
    where = {
        (int(key[f]), float(p[0]), float(p[1])): int(t)
        for t, f, p in zip(key_tracks.track, key_tracks.frame, key_tracks.px)
    }
    found = np.full(tracks.num_tracks, -1, np.int64)
    for t, f, p in zip(tracks.track, tracks.frame, tracks.px):
        point = where.get((int(f), float(p[0]), float(p[1])))
        if point is not None:
            found[t] = point
    return found


def _pose(rotation, center, directions, rho, offset, focal, translate):  # type: ignore[no-untyped-def]
    moved = _pose_steps(rotation, center, directions, rho, offset, focal, 6 if translate else 3, SIGMA_PX)
    u, _, vt = np.linalg.svd(moved[0])
    return u @ vt, moved[1]


@njit(cache=True, nogil=True)
def _pose_steps(rotation, center, directions, rho, offset, focal, num_free, sigma):  # type: ignore[no-untyped-def]
    """Gauss-Newton on one camera, Cauchy loss."""
    rot, cen = rotation.copy(), center.copy()
    for _ in range(15):
        h, g = np.eye(6) * 1e-9, np.zeros(6)
        for i in range(len(rho)):
            x = rot @ (directions[i] - rho[i] * cen)
            if x[2] < 1e-6:
                continue
            z = 1.0 / x[2]
            u, v = focal * x[0] * z, focal * x[1] * z
            ru, rv = (u - offset[i, 0]) / sigma, (v - offset[i, 1]) / sigma
            loss = 1.0 / (1.0 + (ru * ru + rv * rv) / 4.0)
            j = np.zeros((2, 6))
            for k in range(num_free):
                if k < 3:
                    e = np.zeros(3)
                    e[k] = 1.0
                    d = np.cross(e, x)
                else:
                    d = -rho[i] * rot[:, k - 3]
                j[0, k] = focal * z * (d[0] - x[0] * z * d[2]) / sigma
                j[1, k] = focal * z * (d[1] - x[1] * z * d[2]) / sigma
            for a in range(num_free):
                g[a] += loss * (j[0, a] * ru + j[1, a] * rv)
                for b in range(num_free):
                    h[a, b] += loss * (j[0, a] * j[0, b] + j[1, a] * j[1, b])
        for a in range(num_free, 6):
            h[a, a] = 1.0
        step = -np.linalg.solve(h, g)
        w = step[:3]
        k = np.array([[0.0, -w[2], w[1]], [w[2], 0.0, -w[0]], [-w[1], w[0], 0.0]])
        rot = (np.eye(3) + k + 0.5 * (k @ k)) @ rot
        cen = cen + step[3:]
        if (step * step).sum() < 1e-16:
            break
    return rot, cen
