"""The actor's common motion: one similarity of the picture per frame, and how far the body seems to turn."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matchmove.actor_motion import ROWS, ActorSight

_ROUNDS = 6
_SIGMA_SHARE = 0.006
"""Of the body's height: what differs by more from the common motion counts ever less (Cauchy)."""
_TRUNK = (0.12, 0.55)
"""Of the body's height from the top: where the middle of the outline is the body's upright axis."""
_DEGREE = 3
_FEET = 0.25  # of the body's height: shins and feet
_FEW_AT_FEET = 3.0  # features there must outweigh so many that say that the feet go with the body


@dataclass(frozen=True)
class BodyFit:
    """``similarity`` (t, 4): a, b, u, v, which put a body point (x, y), in pixels of frame ``anchor``, at
    (a x - b y + u, b x + a y + v). ``height``: the body's in pixels at ``anchor``. ``foot`` (2,): between the feet
    then.

    ``points`` (num_tracks, 2), ``residual`` (n,) in body heights for every observation. ``own_way_of_feet`` (t, 2):
    pixels by which the feet are off the common motion.
    ``turn`` (t,): radians that the body seems to turn about its upright, positive when its front moves to the right;
    0 at ``anchor``. ``turn_sigma``: the standard deviation of the turn over the whole shot.
    """

    similarity: Array
    height: float
    foot: Array
    points: Array
    residual: Array
    own_way_of_feet: Array
    turn: Array
    turn_sigma: float
    anchor: int

    @property
    def feet(self) -> Array:
        """The point between the feet in every frame, (t, 2): a lean of the body above them is not in it."""
        return self.at(self.foot) + self.own_way_of_feet

    def at(self, point: Array) -> Array:
        """Where a body point is in every frame, (t, 2)."""
        a, b, u, v = self.similarity.T
        return np.stack([a * point[0] - b * point[1] + u, b * point[0] + a * point[1] + v], 1)

    @property
    def size(self) -> Array:
        """The picture's scale (t,), 1 at the anchor."""
        return np.asarray(np.hypot(self.similarity[:, 0], self.similarity[:, 1]))


def fit_body(sight: ActorSight, anchor: int) -> BodyFit | None:
    """The common motion of all that is followed; None where some step shares too few features."""
    tracks = sight.tracks
    top, bottom = sight.box[anchor, :2]
    height = float(bottom - top)
    similarity = _chained(sight, anchor)
    if similarity is None:
        return None
    sigma = _SIGMA_SHARE * height
    for _ in range(_ROUNDS):
        body = _to_body(similarity, tracks.frame, tracks.px)
        points = _means(tracks.track, body, _weights(body, tracks.track, sigma, tracks.num_tracks), tracks.num_tracks)
        similarity = np.stack(
            [
                _similarity(points[tracks.track[on]], tracks.px[on], sigma)
                for on in (np.flatnonzero(tracks.frame == t) for t in range(tracks.num_frames))
            ]
        )
        similarity = _anchored(similarity, anchor)
    body = _to_body(similarity, tracks.frame, tracks.px)
    weights = _weights(body, tracks.track, sigma, tracks.num_tracks)
    points = _means(tracks.track, body, weights, tracks.num_tracks)
    residual = np.linalg.norm(body - points[tracks.track], axis=1) / height
    foot = np.array([_foot_column(sight, anchor), bottom])
    turn, turn_sigma = _turning(sight, similarity, body, anchor, sigma)
    own = _feet_off(sight, similarity, points, bottom - _FEET * height, sigma)
    return BodyFit(similarity, height, foot, points, residual, own - own[anchor], turn, turn_sigma, anchor)


def _feet_off(sight: ActorSight, similarity: Array, points: Array, above: float, sigma: float) -> Array:
    """By how much what is followed below a height misses the common motion, (t, 2) pixels; little is said by little."""
    tracks = sight.tracks
    low = np.flatnonzero(points[tracks.track, 1] > above)
    frame, body = tracks.frame[low], points[tracks.track[low]]
    a, b, u, v = similarity[frame].T
    expected = np.stack([a * body[:, 0] - b * body[:, 1] + u, b * body[:, 0] + a * body[:, 1] + v], 1)
    off = tracks.px[low] - expected
    out = np.zeros((tracks.num_frames, 2))
    for _ in range(_ROUNDS):
        weight = 1 / (1 + ((off - out[frame]) ** 2).sum(1) / (2 * sigma) ** 2)
        total = np.bincount(frame, weight, tracks.num_frames) + _FEW_AT_FEET
        out = np.stack([np.bincount(frame, weight * o, tracks.num_frames) / total for o in off.T], 1)
    return out


def _foot_column(sight: ActorSight, anchor: int) -> float:
    low = sight.edges[anchor, ROWS * 3 // 4 :]
    return float(np.nanmean(low))


def _chained(sight: ActorSight, anchor: int) -> Array | None:
    """From every frame to the next by what both show, joined from the anchor outwards."""
    tracks = sight.tracks
    n = tracks.num_frames
    rows = [np.flatnonzero(tracks.frame == t) for t in range(n)]
    sigma = _SIGMA_SHARE * float(sight.box[anchor, 1] - sight.box[anchor, 0])
    out = np.zeros((n, 4))
    out[anchor] = 1, 0, 0, 0
    for step in (1, -1):
        for t in range(anchor + step, n if step > 0 else -1, step):
            before, now = rows[t - step], rows[t]
            _, i, j = np.intersect1d(tracks.track[before], tracks.track[now], return_indices=True)
            if len(i) < 4:
                return None
            moved = _similarity(tracks.px[before[i]], tracks.px[now[j]], sigma)
            out[t] = _joined(moved, out[t - step])
    return out


def _joined(later: Array, first: Array) -> Array:
    z, w = complex(later[0], later[1]), complex(first[0], first[1])
    shift = z * complex(first[2], first[3]) + complex(later[2], later[3])
    return np.array([(z * w).real, (z * w).imag, shift.real, shift.imag])


def _anchored(similarity: Array, anchor: int) -> Array:
    """The same motion with no motion at the anchor."""
    a, b, u, v = similarity[anchor]
    z, shift = complex(a, b), complex(u, v)
    back = np.array([(1 / z).real, (1 / z).imag, (-shift / z).real, (-shift / z).imag])
    return np.stack([_joined(s, back) for s in similarity])


def _similarity(one: Array, two: Array, sigma: float) -> Array:
    """(a, b, u, v) from points ``one`` to ``two`` (n, 2): least squares as complex numbers, reweighted (Cauchy)."""
    p, q = one[:, 0] + 1j * one[:, 1], two[:, 0] + 1j * two[:, 1]
    weight = np.ones(len(p))
    z, shift = 1 + 0j, 0j
    for _ in range(8):
        total = weight.sum()
        mp, mq = (weight * p).sum() / total, (weight * q).sum() / total
        spread = (weight * np.abs(p - mp) ** 2).sum()
        z = (weight * np.conj(p - mp) * (q - mq)).sum() / max(spread, 1e-9)
        shift = mq - z * mp
        weight = 1 / (1 + np.abs(q - z * p - shift) ** 2 / sigma**2)
    return np.array([z.real, z.imag, shift.real, shift.imag])


def _to_body(similarity: Array, frame: Array, px: Array) -> Array:
    z = (similarity[:, 0] + 1j * similarity[:, 1])[frame]
    shift = (similarity[:, 2] + 1j * similarity[:, 3])[frame]
    body = (px[:, 0] + 1j * px[:, 1] - shift) / z
    return np.stack([body.real, body.imag], 1)


def _weights(body: Array, track: Array, sigma: float, count: int) -> Array:
    rough = _means(track, body, np.ones(len(track)), count)
    return np.asarray(1 / (1 + ((body - rough[track]) ** 2).sum(1) / sigma**2))


def _means(track: Array, values: Array, weight: Array, count: int) -> Array:
    total = np.maximum(np.bincount(track, weight, count), 1e-12)
    return np.stack([np.bincount(track, weight * v, count) / total for v in values.T], 1)


def _turning(sight: ActorSight, similarity: Array, body: Array, anchor: int, sigma: float) -> tuple[Array, float]:
    """A round body that turns: what stands before the outline's plane slides over it, by its relief times the turn.

    Least squares of sideways places on a place per track, a shift per frame and relief times a polynomial of time;
    the middles of the outline take part as tracks without relief. The standard deviation takes every track for one
    observation (Liang and Zeger 1986).
    """
    tracks = sight.tracks
    n = tracks.num_frames
    axis = _axis(sight, similarity)
    rows, frames = np.nonzero(np.isfinite(axis.T))
    track = np.concatenate([tracks.track, tracks.num_tracks + rows])
    frame = np.concatenate([tracks.frame, frames])
    x = np.concatenate([body[:, 0], axis.T[rows, frames]])
    size = np.hypot(similarity[:, 0], similarity[:, 1])
    relief = np.concatenate([sight.relief / size[sight.born], np.zeros(axis.shape[1])])[track]
    time = (np.arange(n) - anchor) / max(n - 1, 1)
    basis = np.stack([time ** (k + 1) for k in range(_DEGREE)], 1)
    weight = np.ones(len(x))
    columns = relief[:, None] * basis[frame]
    solved = np.zeros(_DEGREE)
    for _ in range(8):
        y, *parts = (_within(c, track, frame, weight) for c in (x, *columns.T))
        design = np.stack(parts, 1)
        normal = (design * weight[:, None]).T @ design
        normal += np.diag([0.0] + [0.02 * normal[0, 0]] * (_DEGREE - 1)) + 1e-9 * np.eye(_DEGREE)
        solved = np.linalg.solve(normal, (design * weight[:, None]).T @ y)
        error = y - design @ solved
        weight = 1 / (1 + (error / sigma) ** 2)
    scores = design * (weight * error)[:, None]
    per_track = np.stack([np.bincount(track, s) for s in scores.T], 1)
    inverse = np.linalg.inv(normal)
    spread = inverse @ (per_track.T @ per_track) @ inverse
    span = basis[-1] - basis[0]
    return basis @ solved, float(np.sqrt(span @ spread @ span))


def _axis(sight: ActorSight, similarity: Array) -> Array:
    """Middle of the trunk's outline at some heights, sideways in body pixels, (t, rows)."""
    first, last = (round(ROWS * s) for s in _TRUNK)
    middle = sight.edges[:, first:last].mean(2)
    top, bottom = sight.box[:, 0], sight.box[:, 1]
    heights = top[:, None] + (bottom - top)[:, None] * (np.arange(first, last) / (ROWS - 1))
    z = (similarity[:, 0] + 1j * similarity[:, 1])[:, None]
    shift = (similarity[:, 2] + 1j * similarity[:, 3])[:, None]
    return np.asarray(((middle + 1j * heights - shift) / z).real)


def _within(values: Array, track: Array, frame: Array, weight: Array) -> Array:
    """What is left of values after a mean per track and a mean per frame (both at once, by turns)."""
    out = values.astype(np.float64)
    for _ in range(6):
        for group in (track, frame):
            total = np.maximum(np.bincount(group, weight), 1e-12)
            out = out - (np.bincount(group, weight * out) / total)[group]
    return out
