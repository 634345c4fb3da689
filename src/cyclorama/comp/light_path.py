"""How the light differs along the actor's path through a place that stands still: past a window, out of a corridor.

Of the surfaces that face one way, those near where he is are compared with those near where he is at other moments.
Paint differs too; but what is painted on the floor says nothing of the walls, and light falls on both. So the change
is what all ways to face share, drawn towards none by as much as they differ (James and Stein 1961).
"""

from dataclasses import dataclass

import numpy as np

from cyclorama.comp.light_surfaces import FLOOR, Moment, actor_at, surfaces
from cyclorama.core.arrays import Array
from cyclorama.core.lighting import LUMINANCE, even_directions

_NEAR = 0.2  # of the actor's distance: where surfaces begin to count less
_MOVES, _LOST = 0.5, 20.0  # of his distance: who moves less stays where he is; who moves more was not seen well
_LAMP = 0.95  # of the display's white: brighter is a lamp or clipped
_DIRECTIONS = even_directions(42)
_HALF_SHARE = 0.04  # of all that is near: ways to face count half at
_GROUPS = 2.0  # so many ways to face, at least, must tell
_DOUBT = 4.0  # times the variance of what they say
_PRIOR_STOPS = 0.12  # of paint that all ways to face share
_LIMIT = 1.0  # stops about the one light


def walks(moments: tuple[Moment, ...]) -> bool:
    """Whether the actor is at different places at these moments, and depth says where."""
    return _walk(moments) is not None


def path_stops(moments: tuple[Moment, ...]) -> Array:
    """By how many stops the light at the actor differs at each moment from their mean, k 3; zeros where he stays where
    he is, where depth is not known, or where nothing is told."""
    none, walk = np.zeros((len(moments), 3)), _walk(moments)
    if walk is None:
        return none
    change, weight = _changes(_pooled(moments, walk.unit), walk.places / walk.unit)
    total = weight.sum()
    if total <= 0 or total**2 / (weight**2).sum() < _GROUPS:
        return none
    stops = np.average(change, 1, weight)
    spread = np.average((change - stops[:, None]) ** 2, 1, weight)
    return np.clip(_drawn_in(stops, spread * (weight**2).sum() / total**2), -_LIMIT, _LIMIT)


@dataclass(frozen=True)
class _Walk:
    """``places``: where he is, k 3 in the world; ``unit``: how far he usually is from the camera."""

    places: Array
    unit: float


def _walk(moments: tuple[Moment, ...]) -> _Walk | None:
    if not all((m.place.inverse_depth > 0).any() for m in moments):
        return None
    seen = [actor_at(m) for m in moments]
    found = np.array([m.camera.unproject(px[None], np.array([d]))[0] for m, (px, d) in zip(moments, seen)])
    unit, times = float(np.median([depth for _, depth in seen])), np.linspace(-1, 1, len(found))
    bend = np.polynomial.polynomial.polyfit(times, found, min(2, len(found) - 1))
    places = np.polynomial.polynomial.polyval(times, bend).T
    far = np.linalg.norm(places[:, None] - places, axis=2).max()
    if not _MOVES * unit < far < _LOST * unit or np.linalg.norm(places - found, axis=1).max() > _NEAR * unit:
        return None
    return _Walk(places, unit)


@dataclass(frozen=True)
class _Pooled:
    """Surfaces that any moment shows: ``log`` n 3; ``group`` n, the way they face; ``point`` n 3 in the actor's
    distance; ``area`` n, 0 for lamps."""

    log: Array
    group: Array
    point: Array
    area: Array


def _pooled(moments: tuple[Moment, ...], unit: float) -> _Pooled:
    seen = [surfaces((m,)) for m in moments]
    color, normal, point = (np.concatenate([getattr(s, n) for s in seen]) for n in ("color", "normal", "point"))
    away = [((s.point - m.camera.center) ** 2).sum(1) for m, s in zip(moments, seen)]
    area = np.concatenate(away) * (color.max(1) < _LAMP)
    log = np.log2(np.maximum(color, 0) + FLOOR)
    return _Pooled(log, np.argmax(normal @ _DIRECTIONS.T, 1), point / unit, area / unit**2)


def _changes(seen: _Pooled, actors: Array) -> tuple[Array, Array]:
    """Of every moment and every way to face: stops against the mean of the moments, k g 3, and how much that way
    counts, g."""
    shown, share = [], []
    for actor in actors:
        weight = seen.area / (1 + ((seen.point - actor) ** 2).sum(1) / _NEAR**2) ** 2
        total = np.bincount(seen.group, weight, len(_DIRECTIONS))
        sums = np.stack([np.bincount(seen.group, weight * c, len(_DIRECTIONS)) for c in seen.log.T], 1)
        shown.append(sums / np.maximum(total, 1e-12)[:, None])
        share.append(total / max(total.sum(), 1e-12))
    least = np.min(share, 0)
    change = np.array(shown) - np.mean(shown, 0)
    return change, least / (least + _HALF_SHARE)


def _drawn_in(stops: Array, error: Array) -> Array:
    """``stops`` k 3, level and colour each by how much more they change than ``error`` (variance, k 3) explains."""
    level = (stops @ LUMINANCE)[:, None]
    doubt = _DOUBT * (error @ LUMINANCE).mean() + _PRIOR_STOPS**2
    parts = [np.broadcast_to(level, stops.shape), stops - level]
    return np.asarray(sum(p * max(0.0, 1 - doubt / max((p**2).mean(), 1e-12)) for p in parts))
