"""Where the lamp of a room hangs, read from how its light weakens over the floor.

An even floor shows a lamp's light as it falls: with the cosine over the square of the distance. What differs in colour
differs in paint, and is taken off along with it. Every place where a lamp could hang is tried, and the places that fit
are averaged by how well they do.
"""

from dataclasses import dataclass

import numpy as np

from cyclorama.comp.light_surfaces import FLOOR, Moment
from cyclorama.core.arrays import Array
from cyclorama.core.lighting import LUMINANCE
from cyclorama.core.standing import Standing

_REACH, _CELL, _LOW = 3.0, 0.25, 0.08  # of the actor's height: about his feet, a cell of the floor, what is still floor
_CLIPPED = 0.95  # of the display's white
_LEAST_PX, _LEAST_CELLS = 4, 40
_ASIDE, _STEP = 2.5, 0.25  # heights of the actor: how far aside a lamp is looked for, in such steps
_OVER = (0.9, 1.2, 1.6, 2.1, 2.8)  # heights of the actor over the floor
_REST = (0.15, 0.4, 1.0, 2.5)  # of the lamp's light on the floor at his feet: what comes from all sides
_OUTLIER_STOPS = 0.4
_ROUNDS = 3
_ALIKE = 8  # cells that say the same
_LITTLE = 1e-12


@dataclass(frozen=True)
class Lamp:
    """``direction`` (3,) unit, from the feet; ``spread``: of what is not known of it, radians; ``share``: of the light
    on the floor at his feet; ``evidence``: the share of the floor's broad shading that it explains, with its paint
    taken off and without."""

    direction: Array
    spread: float
    share: float
    evidence: float


def floor_lamp(moments: tuple[Moment, ...], standing: Standing) -> Lamp | None:
    """The lamp that explains the floor best, however badly; None where too little of a floor is seen."""
    axes = _axes(moments, standing)
    places, stops = _cells(moments, standing, axes)
    if len(places) < _LEAST_CELLS:
        return None
    aside = np.arange(-_ASIDE, _ASIDE + _STEP / 2, _STEP)
    tried = np.stack(np.meshgrid(aside, aside, _OVER, _REST, indexing="ij"), -1).reshape(-1, 4)
    error, even = _errors(places, stops, tried, paint=True)
    plain, plain_even = _errors(places, stops, tried, paint=False)
    likely = np.exp(-(error - error.min()) / max(2 * error.min() / len(places) * _ALIKE, _LITTLE))
    likely /= likely.sum()
    toward = tried[:, :3] / np.linalg.norm(tried[:, :3], axis=1, keepdims=True)
    mean = likely @ toward
    length = float(np.linalg.norm(mean))
    share = float(likely @ (1 / (1 + tried[:, 3])))
    explained = min(1 - error.min() / max(even, _LITTLE), 1 - plain.min() / max(plain_even, _LITTLE))
    return Lamp(mean / length @ axes, float(np.sqrt(1 - length)), share, float(explained))


def _axes(moments: tuple[Moment, ...], standing: Standing) -> Array:
    """Rows: right, ahead and up, as the middle camera sees it."""
    up, pose = standing.ground.normal, moments[len(moments) // 2].camera.world_from_camera
    ahead = max((c - (c @ up) * up for c in (pose[:3, 2], -pose[:3, 1])), key=np.linalg.norm)  # it may look down
    ahead = ahead / np.linalg.norm(ahead)
    return np.stack([np.cross(ahead, up), ahead, up])


def _cells(moments: tuple[Moment, ...], standing: Standing, axes: Array) -> tuple[Array, Array]:
    """Places n 2 on the floor, in heights of the actor from his feet, and the mean of log2 colour there, n 3."""
    feet, height, ground = standing.feet[len(standing.feet) // 2], standing.height, standing.ground
    places, stops = [], []
    for moment in moments:
        color, inverse = moment.place.color.reshape(-1, 3), moment.place.inverse_depth.ravel().astype(np.float64)
        h, w = moment.place.inverse_depth.shape
        v, u = np.mgrid[:h, :w] + 0.5
        px = np.stack([u.ravel(), v.ravel()], 1)
        local = (ground.where(moment.camera, px) - feet) / height
        over = ground.height(moment.camera.unproject(px, 1 / np.maximum(inverse, 1e-9)))
        with np.errstate(invalid="ignore"):
            on = (np.linalg.norm(local, axis=1) < _REACH) & ((inverse <= 0) | (over < _LOW * height))
        on &= (moment.place.coverage.ravel() > 0) & (color.max(1) < _CLIPPED)
        places.append(local[on] @ axes[:2].T)
        stops.append(np.log2(np.maximum(color[on], 0) + FLOOR))
    every, shown = np.concatenate(places), np.concatenate(stops)
    _, cell, count = np.unique(np.floor(every / _CELL), axis=0, return_inverse=True, return_counts=True)
    sums = [np.bincount(cell.ravel(), c, len(count)) for c in (*every.T, *shown.T)]
    means = (np.stack(sums, 1) / np.maximum(count, 1)[:, None])[count >= _LEAST_PX]
    return means[:, :2], means[:, 2:]


def _errors(places: Array, stops: Array, tried: Array, *, paint: bool) -> tuple[Array, float]:
    """The squared error of every lamp of ``tried`` (m 4: right, ahead, up, rest), and of an even light. ``paint``: what
    goes with the colour is paint, and does not count."""
    x, y, z, rest = tried.T
    apart = (places[:, :1] - x) ** 2 + (places[:, 1:] - y) ** 2 + z * z
    lit = np.log2((x * x + y * y + z * z) ** 1.5 / apart**1.5 + rest)
    left = np.column_stack([stops @ LUMINANCE, (stops @ LUMINANCE)[:, None] - lit])
    free = np.column_stack([np.ones(len(stops)), stops[:, 0] - stops[:, 1], stops[:, 2] - stops[:, 1]])
    free = free if paint else free[:, :1]
    counts = np.ones(len(stops))
    for _ in range(_ROUNDS):
        root = np.sqrt(counts)[:, None]
        base = np.linalg.qr(free * root)[0]
        weighed = left * root
        weighed -= base @ (base.T @ weighed)
        error = (weighed**2).sum(0)
        off = np.abs(weighed[:, 1 + error[1:].argmin()]) / root[:, 0]
        counts = 1 / np.maximum(1, off / _OUTLIER_STOPS)
    return error[1:], float(error[0])
