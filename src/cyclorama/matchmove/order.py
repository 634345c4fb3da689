"""When pictures without times were taken: the frames of a known path from which they see what they share."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.matchmove.match import MIN_MATCHES
from cyclorama.matchmove.views import Views

_MOST = 7  # pictures whose every order is tried
_FRAMES = 25  # of the path that are tried
_SHARE = 75.0  # percentile of a pair's errors: a wrong pose explains a part of them by chance
_CLEARLY = 0.6  # of the error of the order they were given in: a better one beyond doubt
_SURE_PX = 2.0  # of 1000 pixels of width: an order that errs by less needs no other
_LEAN_PX = 0.5  # of the same: what it costs to put all pictures as far as can be from the even spread


@dataclass(frozen=True)
class Placed:
    """``frames``: one a picture, in the order of the pictures; the errors are of 1000 pixels of width: as given, spread
    evenly, and so placed."""

    frames: tuple[int, ...]
    given_px: float
    placed_px: float


def place_pictures(views: Views, path: CameraPath) -> Placed | None:
    """Frames that explain what pictures share clearly better than an even spread in the order given; None where the
    evidence is not clear, or no pair of them shares enough.

    Only what a path itself tells apart is found: along a straight even move every two frames look alike but for their
    order.
    """
    pairs = [k for k, p in views.pairs.items() if len(p) >= MIN_MATCHES]
    num, last = len(views.names), len(path) - 1
    if not pairs or num > _MOST or last < 1 or path.is_locked_off:
        return None
    even = [int(last * i / (num - 1) + 0.5) for i in range(num)]
    grid = sorted({*even, *np.linspace(0, last, min(_FRAMES, last + 1)).round().astype(int).tolist()})
    tables = {pair: _table(views, pair, [path[f] for f in grid]) for pair in pairs}
    at = [grid.index(f) for f in even]

    def error(places: Sequence[int]) -> float:
        return float(np.mean([table[places[i], places[j]] for (i, j), table in tables.items()]))

    def cost(places: Sequence[int]) -> float:
        away = np.mean([abs(grid[p] - f) / last for p, f in zip(places, sorted_even)])
        return error(places) + _LEAN_PX * float(away)

    given = error(at)
    best = min(permutations(at), key=error)
    if error(best) > _CLEARLY * given:
        best = tuple(at)
    sorted_even = [grid[p] for p in best]
    moved = _descended(list(best), len(grid), cost)
    if error(moved) <= _CLEARLY * error(best) and error(best) > _SURE_PX:
        best = tuple(moved)
    found = error(best)
    if given <= _SURE_PX or found > _CLEARLY * given:
        return None
    return Placed(tuple(grid[p] for p in best), given, found)


def _descended(places: list[int], num: int, cost) -> list[int]:  # type: ignore[no-untyped-def]
    """One picture after the other to its best frame, until none moves."""
    best, moved = cost(places), True
    while moved:
        moved = False
        for i in range(len(places)):
            for p in range(num):
                trial = [*places[:i], p, *places[i + 1 :]]
                here = cost(trial)
                if here < best - 1e-9:
                    best, places, moved = here, trial, True
    return places


def _table(views: Views, pair: tuple[int, int], cameras: list[Camera]) -> Array:
    """How far, in 1000ths of the width, the matches of a pair are from where things before both cameras can be, for
    every two cameras."""
    p, q = views.shared_px(*pair)
    out = np.empty((len(cameras), len(cameras)))
    for a, one in enumerate(cameras):
        for b, two in enumerate(cameras):
            both = np.concatenate([off_px(one, two, p, q), off_px(two, one, q, p)])
            out[a, b] = np.percentile(both, _SHARE) * 1000 / one.hw[1]
    return out


def off_px(one: Camera, two: Camera, p: Array, q: Array) -> Array:
    """Distance of ``q`` from the half line on which ``two`` sees what ``one`` sees at ``p``: from infinity nearer."""
    two_from_one = two.camera_from_world @ one.world_from_camera
    ray = np.concatenate([p, np.ones((len(p), 1))], 1) @ np.linalg.inv(one.px_from_cam).T
    far = ray @ (two.px_from_cam @ two_from_one[:3, :3]).T
    step = two.px_from_cam @ two_from_one[:3, 3]
    z = np.where(far[:, 2] > 1e-6, far[:, 2], np.nan)
    start = far[:, :2] / z[:, None]
    along = (step[:2] - start * step[2]) / z[:, None]
    length = np.linalg.norm(along, axis=1, keepdims=True)
    along = along / np.maximum(length, 1e-12)
    offset = q - start
    nearer = np.where(length > 1e-9, np.maximum((offset * along).sum(1, keepdims=True), 0), 0)
    off = np.linalg.norm(offset - nearer * along, axis=1)
    return np.nan_to_num(off, nan=float(one.hw[1]))
