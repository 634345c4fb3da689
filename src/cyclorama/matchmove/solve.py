"""From tracks to cameras: locked-off, pan-tilt or full motion, by evidence."""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.matchmove.bundle import SIGMA_PX, Bundle, Freedom, adjust, residuals_px
from cyclorama.matchmove.resect import resect
from cyclorama.matchmove.tracks import Tracks

Model = Literal["locked-off", "pan-tilt", "full"]
USUAL_FOCAL = 0.95  # of the picture's width: about 56 degrees across
MIN_TRACKS = 8
MAX_KEYFRAMES = 40
MAX_POINTS = 150
_RAYLEIGH_MEDIAN = 1.1774  # of the length of an error of standard deviation 1 in two directions
_LEAST_SIGMA_PX = 0.15
BAD_PX = 1.0  # nine tenths of the observations are nearer than this in a sound solve


@dataclass(frozen=True)
class Solve:
    """A solved camera: the path, the model that the evidence chose, the points ``(p, 3)`` that it saw (far ones
    apart), and the error: median and 95 % of the reprojection in pixels, number of tracks that agree."""

    path: CameraPath
    model: Model
    points: Array
    median_px: float
    p95_px: float
    num_tracks: int


def enough(tracks: Tracks) -> bool:
    """Whether every frame sees enough of the stage to be solved."""
    return tracks.num_tracks >= MIN_TRACKS and int(tracks.per_frame().min()) >= MIN_TRACKS


def solve(tracks: Tracks, focal_px: float | None = None, weights: Array | None = None) -> Solve:
    """The camera of every frame. ``focal_px`` when it is known; ``weights`` (n,) of the observations.

    Raises ``ValueError`` when ``enough`` does not hold.
    """
    if not enough(tracks):
        raise ValueError(f"every frame must see {MIN_TRACKS} tracks, got {int(tracks.per_frame().min())}")
    weights = np.ones(len(tracks.track)) if weights is None else weights
    key = _keyframes(tracks)
    tracks, weights = _longest(tracks, weights)
    on_key = np.isin(tracks.frame, key)
    some = _renumbered(tracks, on_key, key)
    key_tracks, key_weights = some, weights[on_key][_long(tracks, on_key)]
    candidates = _candidates(key_tracks, key_weights, focal_px)
    model = _chosen(candidates, key_tracks, key_weights)
    bundle = candidates[model]
    return _finish(bundle, model, key_tracks, tracks, key)


def _keyframes(tracks: Tracks) -> Array:
    if tracks.num_frames <= MAX_KEYFRAMES:
        return np.arange(tracks.num_frames)
    return np.unique(np.linspace(0, tracks.num_frames - 1, MAX_KEYFRAMES).round().astype(int))


def _longest(tracks: Tracks, weights: Array) -> tuple[Tracks, Array]:
    """At least ``MAX_POINTS`` tracks per frame, where there are so many, the longest first: the rest adds time only."""
    length = np.bincount(tracks.track)
    rank = np.empty(len(length), np.int64)
    rank[np.argsort(-length, kind="stable")] = np.arange(len(length))
    order = np.lexsort((rank[tracks.track], tracks.frame))
    first = np.searchsorted(tracks.frame[order], np.arange(tracks.num_frames))
    place = np.arange(len(order)) - first[tracks.frame[order]]
    wanted = np.zeros(len(length), bool)
    wanted[tracks.track[order[place < MAX_POINTS]]] = True
    chosen = wanted[tracks.track]
    return tracks.keep(chosen), weights[chosen]


def _long(tracks: Tracks, chosen: Array) -> Array:
    """Among the chosen observations, those whose track is seen at least twice."""
    count = np.bincount(tracks.track[chosen], minlength=tracks.num_tracks)
    return count[tracks.track[chosen]] >= 2


def _renumbered(tracks: Tracks, chosen: Array, key: Array) -> Tracks:
    twice = np.zeros(len(chosen), bool)
    twice[np.flatnonzero(chosen)[_long(tracks, chosen)]] = True
    kept = tracks.keep(twice)
    return Tracks(kept.track, np.searchsorted(key, kept.frame), kept.px, kept.hw, len(key))


def _candidates(tracks: Tracks, weights: Array, focal_px: float | None) -> dict[Model, Bundle]:
    usual = USUAL_FOCAL * tracks.hw[1]
    free = focal_px is None
    turn, move = (Freedom(translate=t, focal=free, usual_focal_px=usual) for t in (False, True))
    held = Freedom(translate=False, focal=False, usual_focal_px=usual)
    starts = [usual, 2 * usual, 0.6 * usual] if focal_px is None else [focal_px]
    turned = [adjust(_spun(tracks, f), tracks, held, weights) for f in starts]
    panned = min((adjust(b, tracks, turn, weights) for b in turned), key=lambda b: b.cost)
    moved = _best_moved(turned, tracks, move, weights)
    return {"locked-off": _locked(tracks, starts[0]), "pan-tilt": panned, "full": moved}


def _locked(tracks: Tracks, focal_px: float) -> Bundle:
    """No motion: every track at its median."""
    n = tracks.num_frames
    order = np.argsort(tracks.track, kind="stable")
    starts = np.searchsorted(tracks.track[order], np.arange(1, tracks.num_tracks))
    middle = np.stack([np.median(px, 0) for px in np.split(tracks.px[order], starts)])
    still = Tracks(np.arange(len(middle)), np.zeros(len(middle), np.int64), middle, tracks.hw, 1)
    rotations = np.repeat(np.eye(3)[None], n, 0)
    return Bundle(rotations, np.zeros((n, 3)), _rays(still, focal_px), np.zeros(len(middle)), focal_px)


def _rays(tracks: Tracks, focal_px: float) -> Array:
    offset = tracks.px - np.array([tracks.hw[1] / 2, tracks.hw[0] / 2])
    rays = np.concatenate([offset / focal_px, np.ones((len(offset), 1))], 1)
    return rays / np.linalg.norm(rays, axis=1, keepdims=True)


def _mean_directions(rays: Array, tracks: Tracks, rotations: Array) -> Array:
    world = np.einsum("nji,nj->ni", rotations[tracks.frame], rays)
    total = np.stack([np.bincount(tracks.track, world[:, k], tracks.num_tracks) for k in range(3)], 1)
    return total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)


def _spun(tracks: Tracks, focal_px: float) -> Bundle:
    """A start: every frame turned on the one before (Kabsch), points at infinity."""
    rays = _rays(tracks, focal_px)
    rotations = [np.eye(3)]
    for index in range(1, tracks.num_frames):
        rotations.append(_turn(rays, tracks, index) @ rotations[-1])
    stacked = np.stack(rotations)
    directions = _mean_directions(rays, tracks, stacked)
    return Bundle(stacked, np.zeros((len(stacked), 3)), directions, np.zeros(len(directions)), focal_px)


def _turn(rays: Array, tracks: Tracks, index: int) -> Array:
    """Rotation index_from_previous of the tracks common to both, refitted to the half that agrees best."""
    before, now = np.flatnonzero(tracks.frame == index - 1), np.flatnonzero(tracks.frame == index)
    _, i, j = np.intersect1d(tracks.track[before], tracks.track[now], return_indices=True)
    a, b = rays[before[i]], rays[now[j]]
    if len(a) < 3:
        return np.eye(3)
    chosen = np.ones(len(a), bool)
    rotation = np.eye(3)
    for _ in range(4):
        u, _, vt = np.linalg.svd(b[chosen].T @ a[chosen])
        rotation = u @ np.diag([1, 1, np.sign(np.linalg.det(u @ vt))]) @ vt
        error = np.linalg.norm(b - a @ rotation.T, axis=1)
        chosen = error <= np.median(error) * 1.5 + 1e-12
    return rotation


def _best_moved(turned: list[Bundle], tracks: Tracks, freedom: Freedom, weights: Array) -> Bundle:
    """From the usual focal length; from the others too where that explains the tracks badly, for a sideways move looks
    like a turn of a long lens, and a start from there may not come back."""
    best = _moved(turned[0], tracks, freedom, weights)
    for start in turned[1:]:
        if float(np.percentile(residuals_px(best, tracks), 90)) <= BAD_PX:
            break
        best = min(best, _moved(start, tracks, freedom, weights), key=lambda b: b.cost)
    return best


def _moved(turned: Bundle, tracks: Tracks, freedom: Freedom, weights: Array) -> Bundle:
    """Full motion from a pure turn: all points at one distance at first (Yu and Gallup 2014, section 3)."""
    far = np.ones(len(turned.rho))
    held = replace(freedom, focal=False)
    first = adjust(replace(turned, rho=far), tracks, held, weights, num_steps=40)
    found = adjust(first, tracks, freedom, weights, num_steps=150)
    # A shallow scene and its mirror image (near for far, left for right) look alike: the start may fall into either.
    mirror = adjust(replace(first, centers=-first.centers, rho=far), tracks, held, weights, num_steps=40)
    if mirror.cost < found.cost:
        mirror = adjust(mirror, tracks, freedom, weights, num_steps=150)
    return min(found, mirror, key=lambda b: b.cost)


def _chosen(candidates: dict[Model, Bundle], tracks: Tracks, weights: Array) -> Model:
    """The model of least Bayesian information criterion (Schwarz 1978), by the noise that the richest one leaves."""
    noise = float(np.median(residuals_px(candidates["full"], tracks))) / _RAYLEIGH_MEDIAN
    sigma = min(max(noise, _LEAST_SIGMA_PX), SIGMA_PX)
    return min(candidates, key=lambda name: _evidence(candidates[name], name, tracks, weights / sigma))


def _evidence(bundle: Bundle, model: Model, tracks: Tracks, weights: Array) -> float:
    """Twice the robust cost and log(n) for every parameter."""
    n, p = tracks.num_frames, tracks.num_tracks
    cameras = {"locked-off": 0, "pan-tilt": 3 * (n - 1) + 1, "full": 6 * (n - 1)}[model]
    points = {"locked-off": 2, "pan-tilt": 2, "full": 3}[model] * p
    residual = np.minimum(residuals_px(bundle, tracks), 1e3) * weights
    return float(4 * np.log1p(residual**2 / 4).sum() + np.log(2 * len(tracks.track)) * (cameras + points))


def _finish(bundle: Bundle, model: Model, key_tracks: Tracks, tracks: Tracks, key: Array) -> Solve:
    rotations, centers = resect(bundle, key_tracks, tracks, key, translate=model == "full")
    near = bundle.rho > 1e-4
    scale = float(np.median(1 / bundle.rho[near])) if model == "full" and near.any() else 1.0
    cameras = [
        Camera.from_focal(hw=tracks.hw, focal_px=bundle.focal_px, world_from_camera=rigid(r.T, c / scale))
        for r, c in zip(rotations, centers)
    ]
    error = residuals_px(bundle, key_tracks)
    inlier = error < 3.0
    points = bundle.directions[near] / bundle.rho[near, None] / scale if model == "full" else np.zeros((0, 3))
    return Solve(
        CameraPath(tuple(cameras)),
        model,
        points,
        float(np.median(error)),
        float(np.percentile(error, 95)),
        len(np.unique(key_tracks.track[inlier])),
    )
