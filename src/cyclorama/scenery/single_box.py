"""The walls of a street or a room, from how the lines of one picture run (Lee, Hebert and Kanade 2009; the box of
Horry et al. 1997).

Places are (x, y, z) to the right, down and into the depth of the place, and lengths are in camera heights: the floor is
y = 1. Seen from inside, the surface of a box is that with the largest inverse distance, so walls that are not there
have inverse distance 0.
"""

from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.scenery.single_lines import Directions, Segments

ACROSS, UPRIGHT, INWARD = 0, 1, 2
_SIDES = (0.0, 1 / 9, 1 / 6.4, 1 / 4.5, 1 / 3.2, 1 / 2.2, 1 / 1.6, 1 / 1.1, 1 / 0.8)
_CEILINGS = (0.0, 1 / 6, 1 / 4, 1 / 2.5, 1 / 1.6, 1 / 1.1, 1 / 0.75, 1 / 0.5)
_BACKS = (1 / 60, 1 / 40, 1 / 27, 1 / 18, 1 / 12, 1 / 8, 1 / 5.5, 1 / 3.7, 1 / 2.5)
"""Inverse distances, in steps of about a half."""
_SPACING_PX = 8.0  # between the places at which a segment is looked at
_BELOW = 0.03  # radians below the horizon: feet nearer to it tell nothing
_FOOT = 1.12  # by so much may the distances of a foot and of the wall above it differ
_STANDS = 0.3  # what it takes off when all upright lines stand on the floor before a wall
_LEAST_KIND = 0.3  # of all evidence: less of a kind counts for less
_PRIOR = 0.02  # of all evidence, that a wall must explain
_ALONG = 0.4  # what a line that runs along the corner of two surfaces takes off
_NEAR_CORNER = 0.02  # of the distance from where the depth vanishes, so near a corner
_GAIN = 0.02  # of all evidence, beside what every wall must explain: less is no box
_REFINED = (0.9, 0.95, 1.05, 1.11)  # steps of the last search
_FINE = 40  # steps in which a backdrop alone is sought
_FEW = 30  # places on lines that tell nothing
_LEAST_STANDING = 0.05  # of all evidence


@dataclass(frozen=True)
class Box:
    """Inverse distances in camera heights; 0 is not there. ``floor`` is 1."""

    left: float = 0.0
    right: float = 0.0
    ceiling: float = 0.0
    back: float = 0.0

    def inverse_depth(self, place: Array) -> Array:
        """Of rays (h, w, 3) to the right, down and into the depth."""
        x, y, z = place[..., 0], place[..., 1], place[..., 2]
        floor_ceiling = np.maximum(y, -self.ceiling * y)
        return np.maximum(np.maximum(floor_ceiling, np.maximum(-self.left * x, self.right * x)), self.back * z)


@dataclass(frozen=True)
class Evidence:
    """Places on lines: ``ray`` (n, 3) to the right, down and into the depth; ``kind`` (n,): which way the line runs.
    ``feet`` (m, 3): rays to the lower ends of upright lines, below the horizon."""

    ray: Array
    kind: Array
    feet: Array

    def __len__(self) -> int:
        return len(self.kind)


def evidence_of(segments: Segments, directions: Directions, px_from_cam: Array) -> Evidence:
    """Every few pixels of every segment that runs along one of the place's three directions."""
    frame = frame_of(directions)
    agree = np.stack([segments.agree(row * [1, -1, 1][i], px_from_cam) for i, row in enumerate(frame)], 1)
    if not directions.depth_seen:
        agree[:, INWARD] = False
    alone = agree.sum(1) == 1
    rays, kinds = [], []
    back = np.linalg.inv(px_from_cam).T @ frame.T
    for row in np.flatnonzero(alone):
        num = max(2, int(segments.length[row] / _SPACING_PX))
        at = ((np.arange(num) + 0.5) / num - 0.5) * segments.length[row]
        px = segments.middle[row] + at[:, None] * segments.along[row]
        rays.append(np.column_stack([px, np.ones(num)]) @ back)
        kinds.append(np.full(num, int(np.argmax(agree[row]))))
    upright = alone & agree[:, UPRIGHT]
    sign = np.sign(segments.along[upright, 1:])
    feet = segments.middle[upright] + sign * segments.along[upright] * segments.length[upright, None] / 2
    feet = np.column_stack([feet, np.ones(len(feet))]) @ back
    feet = feet[feet[:, 1] > _BELOW * feet[:, 2]]
    if not rays:
        return Evidence(np.zeros((0, 3)), np.zeros(0, np.int64), feet)
    return Evidence(np.concatenate(rays), np.concatenate(kinds), feet)


def frame_of(directions: Directions) -> Array:
    """3 x 3, rows: right, down and into the depth, of the camera."""
    down = -directions.up
    return np.stack([np.cross(down, directions.depth), down, directions.depth])


def fitted_box(evidence: Evidence, *, ceiling: bool) -> Box | None:
    """The box that contradicts the fewest lines: none upright lies on a floor, none across lies on a side, none inward
    on a back wall, and upright things stand before a wall. A backdrop alone where more walls explain too little, None
    where hardly anything is upright. ``ceiling``: whether there may be one."""
    upright = int((evidence.kind == UPRIGHT).sum())
    if upright < max(_FEW, _LEAST_STANDING * len(evidence)):
        return None
    weights, fine = _weights(evidence.kind), np.geomspace(_BACKS[0], _BACKS[-1], _FINE)
    backdrop = min((Box(back=float(b)) for b in fine), key=lambda box: _cost_of(box, evidence, weights))
    if not (evidence.kind == INWARD).any():
        return backdrop
    ceilings = np.array(_CEILINGS if ceiling else _CEILINGS[:1])
    given = (evidence.ray, evidence.kind, evidence.feet, weights)
    found = Box(*_searched(*given, np.array(_SIDES), ceilings, np.array(_BACKS)))
    found = _refined(found, _cost_of(found, evidence, weights), evidence, weights)
    better = _cost_of(backdrop, evidence, weights) - _cost_of(found, evidence, weights)
    return found if better > _GAIN and (found.left or found.right or found.ceiling) else backdrop


def _weights(kind: Array) -> Array:
    """(3,) of the kinds of lines: each kind counts about the same, all together 1."""
    count = np.bincount(kind, minlength=3)
    weights = 1 / np.maximum(count, max(1, len(kind) * _LEAST_KIND))
    return np.asarray(weights / (weights @ count))


def _refined(box: Box, cost: float, evidence: Evidence, weights: Array) -> Box:
    for _ in range(3):
        for name in ("left", "right", "ceiling", "back"):
            for step in _REFINED:
                trial = replace(box, **{name: getattr(box, name) * step})
                now = _cost_of(trial, evidence, weights)
                if now < cost:
                    box, cost = trial, now
    return box


def _cost_of(box: Box, evidence: Evidence, weights: Array) -> float:
    return float(_cost(evidence.ray, evidence.kind, evidence.feet, weights, box.left, box.right, box.ceiling, box.back))


@njit(cache=True, nogil=True)
def _searched(ray, kind, feet, weights, sides, ceilings, backs):  # type: ignore[no-untyped-def]
    best = (0.0, 0.0, 0.0, backs[0])
    least = np.inf
    for left in sides:
        for right in sides:
            for ceiling in ceilings:
                for back in backs:
                    cost = _cost(ray, kind, feet, weights, left, right, ceiling, back)
                    if cost < least:
                        least, best = cost, (left, right, ceiling, back)
    return best


@njit(cache=True, nogil=True)
def _cost(ray, kind, feet, weights, left, right, ceiling, back):  # type: ignore[no-untyped-def]
    cost = _PRIOR * ((left > 0) + (right > 0) + (ceiling > 0))
    for i in range(len(feet)):
        x, y, z = feet[i, 0], feet[i, 1], feet[i, 2]
        behind = max(-left * x, right * x, back * z)
        if y < behind * _FOOT and behind < y * _FOOT:
            cost -= _STANDS / len(feet)
    for i in range(len(kind)):
        x, y, z = ray[i, 0], ray[i, 1], ray[i, 2]
        level = max(y, -ceiling * y)
        side = max(-left * x, right * x)
        end = back * z
        if level >= side and level >= end:
            cost += weights[UPRIGHT] * (kind[i] == UPRIGHT)
        elif side >= end:
            cost += weights[ACROSS] * (kind[i] == ACROSS)
        else:
            cost += weights[INWARD] * (kind[i] == INWARD)
            continue
        if kind[i] == INWARD and side > 0 and abs(level - side) < _NEAR_CORNER * (abs(x) + abs(y)):
            cost -= _ALONG * weights[INWARD]
    return cost
