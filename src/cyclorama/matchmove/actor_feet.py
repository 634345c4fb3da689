"""A camera that follows a walker, read off the feet: one that stands moves in the picture by the camera alone.

The body stays in the picture's place, so it says nothing; but of all that is low at the feet, what stands goes
backwards under the body at one pace from step to step, and what swings goes forwards in bursts.
"""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matchmove.actor_motion import ActorSight

_FOOT = 0.09
"""Of the body's height: what is so near to the outline's lowest point is a foot."""
_TRUNK = 0.55
_DEGREE = 3
"""Of the polynomial that the camera's pace is over the shot: it eases in and out."""
_AGREES = 0.15
"""Of the walker's pace: what differs by less from the ground's goes with the ground."""
_LEAST_PX = 0.4
_LEAST_FRAMES = 0.6
"""Share of the frames in which something must go with the ground."""
_FOLLOWED = 0.6
"""Pace of the body in the picture over its pace on the ground: a camera that follows keeps it below."""
_HALF, _MOST = 0.45, 0.75
"""Share of all that is low at the feet that goes with the ground: where it is believed not at all, and wholly. A
walker's foot stands for 0.6 of the time."""
_ROUNDS = 12


@dataclass(frozen=True)
class Ground:
    """``pace`` (t - 1,): pixels by which the ground goes to the right from each frame to the next; ``belief`` 0..1 that
    it is the ground's and the camera follows; ``agree``: share of what is low at the feet that goes with it;
    ``followed``: pace of the body in the picture over that on the ground."""

    pace: Array
    belief: float
    agree: float
    followed: float


def ground_under(sight: ActorSight) -> Ground | None:
    """None where too little is seen of the feet."""
    frame, low, body = _steps(sight)
    n = len(sight.share) - 1
    if n < _DEGREE + 2 or np.isnan(body).any() or len(np.unique(frame)) < _LEAST_FRAMES * n:
        return None
    return max((_on_one_side(frame, low, body, side) for side in (1, -1)), key=lambda g: g.agree)


def _steps(sight: ActorSight) -> tuple[Array, Array, Array]:
    """Of every step of a feature at the feet the frame and the pixels to the right; and of the trunk (t - 1,)."""
    tracks = sight.tracks
    rows = [np.flatnonzero(tracks.frame == t) for t in range(tracks.num_frames)]
    top, bottom = sight.box[:, 0], sight.box[:, 1]
    height = np.nanmedian(bottom - top)
    frames, low, body = [], [], []
    for t, (before, now) in enumerate(pairwise(rows)):
        _, i, j = np.intersect1d(tracks.track[before], tracks.track[now], return_indices=True)
        at, gone = tracks.px[before[i]], (tracks.px[now[j]] - tracks.px[before[i]])[:, 0]
        foot = at[:, 1] > bottom[t] - _FOOT * height
        trunk = gone[at[:, 1] < top[t] + _TRUNK * height]
        frames.append(np.full(int(foot.sum()), t))
        low.append(gone[foot])
        body.append(np.median(trunk) if len(trunk) else np.nan)
    return np.concatenate(frames), np.concatenate(low), np.array(body)


def _on_one_side(frame: Array, low: Array, body: Array, side: int) -> Ground:
    """The pace of what goes slower (``side`` -1: to the left) than the body, taken for the ground's."""
    n = len(body)
    basis = np.polynomial.legendre.legvander(np.linspace(-1, 1, n), _DEGREE)
    behind = side * (low - body[frame]) > 0
    none = Ground(np.zeros(n), 0.0, 0.0, np.inf)
    if len(np.unique(frame[behind])) < _LEAST_FRAMES * n:
        return none
    middle = np.array([np.median(low[behind & (frame == t)]) for t in np.unique(frame[behind])])
    pace = basis @ np.linalg.lstsq(basis[np.unique(frame[behind])], middle, rcond=None)[0]
    walk = float(np.sqrt(np.mean((body - pace) ** 2)))
    tolerance = max(_AGREES * walk, _LEAST_PX)
    for _ in range(_ROUNDS):
        # Each frame weighs as one, whatever number of features it shows.
        weight = 1 / (1 + ((low - pace[frame]) / tolerance) ** 2) ** 2 / np.bincount(frame, minlength=n)[frame]
        normal = (basis[frame] * weight[:, None]).T @ basis[frame] + 1e-9 * np.eye(_DEGREE + 1)
        pace = basis @ np.linalg.solve(normal, (basis[frame] * weight[:, None]).T @ low)
    near = np.abs(low - pace[frame]) < tolerance
    agree = float(near.mean())
    walk = float(np.sqrt(np.mean((body - pace) ** 2)))
    followed = float(np.sqrt(np.mean(body**2))) / max(walk, 1e-9)
    covered = len(np.unique(frame[near])) >= _LEAST_FRAMES * n
    sure = float(np.clip((agree - _HALF) / (_MOST - _HALF), 0, 1)) * (covered and followed < _FOLLOWED)
    return Ground(pace, sure, agree, followed)
