"""Where the bundle adjustment starts from: still, turning, zooming, and before one plane."""

from itertools import pairwise

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.lens import Lens
from cyclorama.matchmove.bundle import SIGMA_PX, Bundle
from cyclorama.matchmove.rays import rays_of, turned
from cyclorama.matchmove.resect import pose
from cyclorama.matchmove.tracks import Tracks

_LEAST_SHARED = 6
_LEAST_RHO = 1e-3
"""Of the plane's: what lies at or beyond the plane's horizon starts so near infinity."""
_WIDTHS = np.array([64.0, 16.0, 4.0])
_FRONTAL = np.array([0.0, 0.0, 1.0])
_LEAST_MOTION_PX = 4.0
"""Less between two pictures, and their homography says nothing of a plane."""


def _rays(tracks: Tracks, focals: Array, lens: Lens) -> Array:
    """Unit directions (n, 3) of the observations in their cameras."""
    seen = (tracks.px - np.array([tracks.hw[1] / 2, tracks.hw[0] / 2])) / focals[tracks.frame, None]
    plane = lens.straightened(seen)
    return rays_of(np.where(np.isfinite(plane), plane, seen))  # wrong tracks may lie where the lens shows nothing


def locked(tracks: Tracks, focal_px: float, lens: Lens) -> Bundle:
    """No motion: every track at its median."""
    n = tracks.num_frames
    order = np.argsort(tracks.track, kind="stable")
    starts = np.searchsorted(tracks.track[order], np.arange(1, tracks.num_tracks))
    middle = np.stack([np.median(px, 0) for px in np.split(tracks.px[order], starts)])
    still = Tracks(np.arange(len(middle)), np.zeros(len(middle), np.int64), middle, tracks.hw, 1)
    rays = _rays(still, np.array([focal_px]), lens)
    return Bundle(np.repeat(np.eye(3)[None], n, 0), np.zeros((n, 3)), rays, np.zeros(len(rays)), focal_px, lens=lens)


def spun(tracks: Tracks, focals: Array, lens: Lens, *, turn: bool = True) -> Bundle:
    """Every frame turned on the one before (Kabsch), points at infinity; ``focals`` (n,) pixels."""
    rays = _rays(tracks, focals, lens)
    rotations = [np.eye(3)]
    for index in range(1, tracks.num_frames):
        rotations.append(_turn(rays, tracks, index) @ rotations[-1] if turn else np.eye(3))
    stacked = np.stack(rotations)
    directions = _median_directions(np.einsum("nji,nj->ni", stacked[tracks.frame], rays), tracks)
    zoom = None if np.ptp(focals) == 0 else np.log(focals / focals[0])
    still = np.zeros((len(stacked), 3))
    return Bundle(stacked, still, directions, np.zeros(len(directions)), float(focals[0]), zoom=zoom, lens=lens)


def _common(tracks: Tracks, one: int, two: int) -> tuple[Array, Array]:
    """The observations, in two frames, of the tracks that both see."""
    before, now = np.flatnonzero(tracks.frame == one), np.flatnonzero(tracks.frame == two)
    _, i, j = np.intersect1d(tracks.track[before], tracks.track[now], return_indices=True)
    return before[i], now[j]


def _turn(rays: Array, tracks: Tracks, index: int) -> Array:
    """Rotation index_from_previous of the tracks common to both."""
    i, j = _common(tracks, index - 1, index)
    return turned(rays[i], rays[j])[0] if len(i) >= 3 else np.eye(3)


def zooms(tracks: Tracks) -> Array:
    """Log of the scale of every picture relative to the first, (n,): similarities from frame to frame, added up."""
    steps = [0.0]
    for index in range(1, tracks.num_frames):
        i, j = _common(tracks, index - 1, index)
        found = None
        if len(i) >= _LEAST_SHARED:
            found = cv2.estimateAffinePartial2D(tracks.px[i], tracks.px[j], method=cv2.LMEDS)[0]
        steps.append(0.0 if found is None else float(np.log(max(float(np.linalg.norm(found[:, 0])), 1e-3))))
    return np.cumsum(steps)


def normals(tracks: Tracks, focal_px: float) -> list[Array]:
    """Planes ``a`` to start from: frontal, and what the homography between the first frame and the last that shares
    enough with it decomposes into (Malis and Vargas 2007)."""
    common = (_common(tracks, 0, far) for far in range(tracks.num_frames - 1, 0, -1))
    i, j = next((pair for pair in common if len(pair[0]) >= 2 * _LEAST_SHARED), (np.zeros(0, int),) * 2)
    if not len(i):
        return [_FRONTAL]
    if np.median(np.linalg.norm(tracks.px[i] - tracks.px[j], axis=1)) < _LEAST_MOTION_PX:
        return [_FRONTAL]
    cv2.setRNGSeed(0)
    homography, _ = cv2.findHomography(tracks.px[i], tracks.px[j], cv2.USAC_MAGSAC, 1.5, maxIters=2000)
    if homography is None:
        return [_FRONTAL]
    h, w = tracks.hw
    intrinsics = np.array([[focal_px, 0, w / 2], [0, focal_px, h / 2], [0, 0, 1.0]])
    found = [np.asarray(n) for n in cv2.decomposeHomographyMat(homography, intrinsics)[3]]
    seen = [n.reshape(3) * np.sign(float(n[2, 0])) for n in found]
    unlike = [n / np.linalg.norm(n) for n in seen if n[2] > 0.2 and n @ _FRONTAL < 0.99]
    return [_FRONTAL, *unlike[:1], *(n for n in unlike[1:] if n @ unlike[0] < 0.99)][:3]


def flat(tracks: Tracks, focal_px: float, lens: Lens, plane: Array) -> Bundle:
    """All points on ``plane``, as the first camera has it; camera after camera resected before the points that the
    ones before it put there."""
    n, p = tracks.num_frames, tracks.num_tracks
    rays = _rays(tracks, np.full(n, focal_px), lens)
    rotations, centers = np.repeat(np.eye(3)[None], n, 0), np.zeros((n, 3))
    directions, known = np.repeat(_FRONTAL[None], p, 0), np.zeros(p, bool)
    shared = np.array([lens.k1, lens.k2, 0, 0, 0, 0, 0])
    offset = tracks.px - np.array([tracks.hw[1] / 2, tracks.hw[0] / 2])
    order = np.argsort(tracks.frame, kind="stable")
    starts = np.searchsorted(tracks.frame[order], np.arange(n + 1))
    for c, (begin, end) in enumerate(pairwise(starts)):
        own = order[begin:end]
        if c:
            rotations[c], centers[c] = rotations[c - 1], centers[c - 1]
            old = own[known[tracks.track[own]]]
            at = tracks.track[old]
            if len(old) >= _LEAST_SHARED:
                rho, scale = np.maximum(directions[at] @ plane, _LEAST_RHO), np.full(len(old), 1 / SIGMA_PX)
                points = (directions[at], rho, shared, offset[old], scale)
                start = (rotations[c], centers[c], focal_px)
                rotations[c], centers[c], _ = pose(*start, *points, np.arange(6), _WIDTHS)
        new = own[~known[tracks.track[own]]]
        one = Tracks(tracks.track[new], tracks.frame[new], tracks.px[new], tracks.hw, n)
        directions[tracks.track[new]] = _hits(rays[new], one, rotations, centers, plane)
        known[tracks.track[new]] = True
    directions = _median_directions(_hits(rays, tracks, rotations, centers, plane), tracks)
    return Bundle(rotations, centers, directions, directions @ plane, focal_px, lens=lens, plane=plane)


def _hits(rays: Array, tracks: Tracks, rotations: Array, centers: Array, plane: Array) -> Array:
    """Directions (n, 3) from the world's origin of where the observations' rays meet the plane."""
    along = np.einsum("nji,nj->ni", rotations[tracks.frame], rays)
    center = centers[tracks.frame]
    depth = (1 - center @ plane) / np.maximum(along @ plane, _LEAST_RHO)
    at = center + np.maximum(depth, _LEAST_RHO)[:, None] * along
    return np.asarray(at / np.linalg.norm(at, axis=1, keepdims=True))


def _median_directions(world: Array, tracks: Tracks) -> Array:
    """(p, 3): a wrong observation must not carry its point off to where the others count as wrong."""
    order = np.argsort(tracks.track, kind="stable")
    starts = np.searchsorted(tracks.track[order], np.arange(1, tracks.num_tracks))
    middle = np.stack([np.median(rows, 0) for rows in np.split(world[order], starts)])
    return np.asarray(middle / np.maximum(np.linalg.norm(middle, axis=1, keepdims=True), 1e-12))
