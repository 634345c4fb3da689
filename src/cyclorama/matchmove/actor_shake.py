"""Camera shake read off the actor: fast motion that all parts of the body share, both across and up and down.

A path from a few timed references is smooth between them. What shook between them moved the actor's picture too, and
a body moves its parts each in its own way: what they share above the pace of a stride is the camera's.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.clip import Clip
from cyclorama.matchmove.actor_evidence import smooth
from cyclorama.matchmove.actor_motion import ANALYSIS_LONG_SIDE, ActorSight, see_actor
from cyclorama.matchmove.between import curve_through
from cyclorama.matchmove.bundle import rotation_from_vector

CUTOFF_HZ = 1.0
"""Slower motion is left to the references: bodies sway and drift so slowly themselves."""
SHARED = 0.75
"""Of the fast motion's variance, what the parts must share on the axis that shares less. On real clips, shots held by
hand share 0.80 and more; a dancer, a rider and a runner under a quiet camera 0.6 and less."""
_PARTS = 4
_LEAST_PER_PART = 3
_LEAST_S = 0.75  # a shorter shot has no motion that is fast against it
_LEAST_STEPS = 0.8  # of the frames must show all parts


@dataclass(frozen=True)
class Shake:
    """``shift`` (t, 2): pixels right and down by which the picture shook; ``shared`` (2,): share of the fast motion's
    variance that the parts of the body have in common, across and up and down."""

    shift: Array
    shared: Array

    @property
    def is_camera(self) -> bool:
        return float(self.shared.min()) >= SHARED


def shake_of(sight: ActorSight, rate: float) -> Shake:
    """The fast motion (above ``CUTOFF_HZ``) that the four quarters of the body have in common."""
    steps = _part_steps(sight)
    good = np.isfinite(steps).all((1, 2))
    still = Shake(np.zeros((len(steps) + 1, 2)), np.zeros(2))
    if len(steps) < _LEAST_S * rate or good.mean() < _LEAST_STEPS:
        return still
    steps[~good] = 0.0
    places = np.concatenate([np.zeros((1, _PARTS, 2)), np.cumsum(steps, 0)])
    flat = places.reshape(len(places), -1)
    fast = (flat - smooth(flat, rate, CUTOFF_HZ)).reshape(places.shape)
    shared = np.array([_shared(fast[..., k]) for k in (0, 1)])
    return Shake(fast.mean(1), shared)


def _shared(parts: Array) -> float:
    """Mean covariance of two different parts over the mean variance of one; ``parts`` (t, p)."""
    covariance = np.cov(parts.T)
    own = float(np.trace(covariance))
    count = len(covariance)
    return (float(covariance.sum()) - own) / (count - 1) / max(own, 1e-12)


def _part_steps(sight: ActorSight) -> Array:
    """How far each quarter of the body goes from frame to frame, (t - 1, 4, 2) pixels; NaN where too little is seen."""
    tracks = sight.tracks
    rows = [np.flatnonzero(tracks.frame == t) for t in range(tracks.num_frames)]
    out = np.full((max(0, len(rows) - 1), _PARTS, 2), np.nan)
    for step, (before, now) in enumerate(pairwise(rows)):
        _, i, j = np.intersect1d(tracks.track[before], tracks.track[now], return_indices=True)
        if not len(i):
            continue
        at, gone = tracks.px[before[i]], tracks.px[now[j]] - tracks.px[before[i]]
        right, low = (at > np.median(at, 0)).T
        for part in range(_PARTS):
            own = (right == bool(part & 1)) & (low == bool(part & 2))
            if own.sum() >= _LEAST_PER_PART:
                out[step, part] = np.median(gone[own], 0)
    return out


def refined_by_shake(
    path: CameraPath, clip: Clip, actor: Callable[[int, Array], Array], frames: list[int]
) -> tuple[CameraPath, str]:
    """A path that is known at ``frames``, with the shake between them where the actor shows one; and what was done. One
    that stands still stays: no hand brings a camera back to where it was."""
    if path.is_locked_off:
        return path, "the camera stands still in all references: what shakes between them is the actor's own"
    proxy = clip.proxy(ANALYSIS_LONG_SIDE)
    shake = shake_of(see_actor(proxy, actor), float(clip.rate))
    share = f"{100 * max(0.0, float(shake.shared.min())):.0f} % of the actor's fast motion is common to its whole body"
    if not shake.is_camera:
        return path, f"the camera's shake between the references is not known: {share}, too little to be the camera's"
    note = f"the camera's shake between the references was read off the actor: {share}"
    return shaken(path, shake, frames, clip.hw[1] / proxy.hw[1]), note


def shaken(path: CameraPath, shake: Shake, frames: list[int], scale: float) -> CameraPath:
    """The path with the shake as turns on top, none of it at ``frames``, where the path is known.

    ``scale``: pixels of the path for one of the shake.
    """
    known = curve_through(np.asarray(frames, float), shake.shift[frames], len(path))
    rest = (shake.shift - known) * scale
    return CameraPath(tuple(_turned(camera, *px) for camera, px in zip(path.cameras, rest)))


def _turned(camera: Camera, right: float, down: float) -> Camera:
    """The camera turned so that far things move by so many pixels in the middle of the picture."""
    pan = rotation_from_vector(np.array([0, -np.arctan(right / camera.px_from_cam[0, 0]), 0]))
    tilt = rotation_from_vector(np.array([np.arctan(down / camera.px_from_cam[1, 1]), 0, 0]))
    return Camera(camera.hw, camera.px_from_cam, camera.world_from_camera @ rigid(pan @ tilt, np.zeros(3)), camera.lens)
