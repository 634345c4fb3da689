"""How well a camera explains tracks, whoever solved it: the depth of every track fitted anew."""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.matchmove.tracks import Tracks

_ROUNDS = 4
_ROUGH_PX = 1.0
_TURN_SPREAD = 1e-9  # of the distance to anything: centres that lie nearer together than this turn about one point
_FLAT = 1e-12


def track_residuals(tracks: Tracks, path: CameraPath) -> Array:
    """(n,) pixels by which the camera misses each observation of the best point of its track; infinite behind it.

    Every track is a direction and an inverse distance from the first camera's centre, by linear triangulation
    (Hartley and Zisserman 2003, section 12.2) reweighted robustly.
    """
    if not len(tracks.track):
        return np.zeros(0)
    first = path.centers[0]
    travels = float(np.ptp(path.centers, axis=0).max()) > _TURN_SPREAD
    rotation = np.stack([c.camera_from_world[:3, :3] for c in path.cameras])[tracks.frame]
    focal = np.array([c.px_from_cam[0, 0] for c in path.cameras])[tracks.frame]
    plane = _plane(tracks, path)
    rows = np.stack([plane[:, k, None] * rotation[:, 2] - rotation[:, k] for k in range(2)], 1)
    moved = path.centers[tracks.frame] - first
    rows = np.concatenate([rows, -(rows @ moved[..., None])], 2)  # of (direction, inverse distance)
    scale, weight = focal.copy(), np.ones(len(focal))
    for _ in range(_ROUNDS):
        points = _points(rows * (scale * weight)[:, None, None], tracks, travels)
        offset = points[tracks.track, :3] - points[tracks.track, 3:] * moved
        depth = (rotation[:, 2] * offset).sum(1)
        error = _errors(tracks, path, first, points, depth)
        scale = focal / np.maximum(np.abs(depth), 1e-6)
        weight = 1 / np.sqrt(1 + (np.minimum(error, 1e6) / _ROUGH_PX) ** 2)
    return error


def _plane(tracks: Tracks, path: CameraPath) -> Array:
    """Places on the picture plane of a straight lens, (n, 2), in focal lengths."""
    out = np.empty((len(tracks.px), 2))
    for index, camera in enumerate(path.cameras):
        own = tracks.frame == index
        seen = (tracks.px[own] - camera.px_from_cam[:2, 2]) / np.diag(camera.px_from_cam)[:2]
        out[own] = np.nan_to_num(camera.lens.straightened(seen), nan=1e3)
    return out


def _points(rows: Array, tracks: Tracks, travels: bool) -> Array:
    """(tracks, 4): unit direction and inverse distance 0 or more, in front of the camera that sees it first."""
    normal = np.zeros((tracks.num_tracks, 4, 4))
    np.add.at(normal, tracks.track, np.einsum("nki,nkj->nij", rows, rows))
    turn, cross = normal[:, :3, :3], normal[:, :3, 3]
    alone = np.maximum(normal[:, 3, 3], _FLAT)
    if travels:
        near = turn - cross[:, :, None] * cross[:, None] / alone[:, None, None]
        direction = np.linalg.eigh(near)[1][:, :, 0]
    else:
        direction = np.linalg.eigh(turn)[1][:, :, 0]
    rho = -(cross * direction).sum(1) / alone if travels else np.zeros(len(direction))
    flipped = rho < 0
    direction, rho = np.where(flipped[:, None], -direction, direction), np.abs(rho)
    return np.concatenate([direction, rho[:, None]], 1)


def _errors(tracks: Tracks, path: CameraPath, first: Array, points: Array, depth: Array) -> Array:
    """Distance in pixels; a point whose sign is free is put before the camera."""
    ahead = np.bincount(tracks.track, np.sign(depth), tracks.num_tracks)
    side = np.where((ahead < 0) & (points[:, 3] < _FLAT), -1.0, 1.0)
    points[:, :3] *= side[:, None]
    depth = depth * side[tracks.track]
    error = np.full(len(depth), np.inf)
    for index, camera in enumerate(path.cameras):
        own = np.flatnonzero((tracks.frame == index) & (depth > 1e-9))
        point = points[tracks.track[own]]
        ray = point[:, :3] - point[:, 3:] * (camera.center - first)
        seen, _ = camera.project(ray * 1.0 + camera.center)
        error[own] = np.linalg.norm(seen - tracks.px[own], axis=1)
    return error
