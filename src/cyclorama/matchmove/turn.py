"""Unordered pictures from one place: how they are turned, and whether that is all there is to see."""

from dataclasses import replace

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matchmove.mapper import LENS_FROM, Map, Sightings
from cyclorama.matchmove.match import Pair
from cyclorama.matchmove.rays import rays_of, turned
from cyclorama.matchmove.scene import SIGHT_PX, Free, Scene, adjust_scene, errors_px

_MOSTLY = 0.5  # of what is shared: less explained is no model of it
_STEPS = 40
LEAST_SIGMA_PX, RAYLEIGH_MEDIAN = 0.15, 1.1774  # of the length of an error of standard deviation 1 in two directions


def turn_map(all_seen: Sightings, pairs: dict[tuple[int, int], Pair], starts: list[float]) -> Map | None:
    """All pictures that hang together with the best pair, turned about one place; of several ``starts``, times the
    usual focal length, the best. None where that explains less than half of what they share."""
    order = _tree(pairs)
    if not order:
        return None
    posed = np.zeros(all_seen.num, bool)
    posed[[order[0][0], *(child for _, child in order)]] = True
    sights = all_seen.sights
    on = posed[sights.picture]
    width = all_seen.px(4.0)
    best, most = None, _MOSTLY * on.sum()
    for times in starts:
        scene = _adjusted(all_seen, _spun(all_seen, order, times), posed)
        agree = on & (errors_px(scene, sights) < width)
        if agree.sum() > most:
            known = np.bincount(sights.point[agree], minlength=all_seen.num_tracks) >= 2
            best, most = Map(scene, posed, known, agree & known[sights.point], 0.0), agree.sum()
    return best


def says_more(full: Map, turn: Map, all_seen: Sightings) -> bool:
    """Whether a map with a baseline is worth its parameters: of the points it knows, by the geometric robust
    information criterion (Torr 1998, section 4: log 4 for every depth, log of the number of data for the rest), at the
    noise that it leaves. One that knows but a few of them fits what was matched wrongly."""
    if full.agree.sum() < _MOSTLY * turn.agree.sum():
        return False
    sights = all_seen.sights
    shared = sights.of(full.known[sights.point] & full.posed[sights.picture] & turn.posed[sights.picture])
    points, each = int(full.known.sum()), float(np.log(4 * max(len(shared.point), 1)))
    median = float(np.median(errors_px(full.scene, shared)))
    sigma = min(max(median / RAYLEIGH_MEDIAN, LEAST_SIGMA_PX), SIGHT_PX)
    evidence = []
    for found, cameras, depths in ((full, 6 * full.num_posed, points), (turn, 3 * turn.num_posed, 0)):
        error = np.minimum(errors_px(found.scene, shared), all_seen.px(4.0)) / sigma
        evidence.append(float(4 * np.log1p(error**2 / 4).sum()) + each * cameras + np.log(4) * depths)
    return evidence[0] < evidence[1]


def _tree(pairs: dict[tuple[int, int], Pair]) -> list[tuple[int, int]]:
    """Links (known, new) from the best pair on, the strongest first (Prim 1957)."""
    if not pairs:
        return []
    reached = {max(pairs, key=lambda k: len(pairs[k]))[0]}
    order: list[tuple[int, int]] = []
    while True:
        edges = [k for k in pairs if len(reached & set(k)) == 1]
        if not edges:
            return order
        i, j = max(edges, key=lambda k: len(pairs[k]))
        order.append((i, j) if i in reached else (j, i))
        reached |= {i, j}


def _spun(all_seen: Sightings, order: list[tuple[int, int]], times: float) -> Scene:
    sights, group = all_seen.sights, all_seen.group
    focal = all_seen.focal * np.where(all_seen.focal_free, times, 1)
    rotations = np.repeat(np.eye(3)[None], all_seen.num, 0)
    rays = rays_of(sights.offset / focal[group[sights.picture], None])
    for known, new in order:
        one, two = (np.flatnonzero(sights.picture == picture) for picture in (known, new))
        _, i, k = np.intersect1d(sights.point[one], sights.point[two], return_indices=True)
        rotations[new] = turned(rays[one[i]], rays[two[k]])[0] @ rotations[known]
    world = np.einsum("nji,nj->ni", rotations[sights.picture], rays)
    total = np.stack([np.bincount(sights.point, world[:, k], all_seen.num_tracks) for k in range(3)], 1)
    points = total / np.maximum(np.linalg.norm(total, axis=1, keepdims=True), 1e-12)
    return Scene(rotations, np.zeros((all_seen.num, 3)), points, focal, np.zeros(len(focal)), group)


def _adjusted(all_seen: Sightings, scene: Scene, posed: Array) -> Scene:
    """Turns, and focal lengths and lenses where they are free."""
    used = np.isin(np.arange(len(scene.focal)), scene.group[posed])
    movable = posed.copy()
    movable[int(posed.argmax())] = False
    lens = all_seen.lens_free & used & (posed.sum() >= LENS_FROM)
    free = Free(movable, all_seen.focal_free & used, lens, all_seen.focal, turn=True)
    sights = all_seen.sights.of(posed[all_seen.sights.picture])
    found = adjust_scene(scene, sights, free, _STEPS)
    return replace(found, points=found.points / np.maximum(np.linalg.norm(found.points, axis=1, keepdims=True), 1e-12))
