"""Poses of unordered pictures one after another: a pair first, then whatever sees most of what is known
(Snavely et al. 2006; Schonberger and Frahm 2016, section 4)."""

from dataclasses import dataclass, replace

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matchmove.match import Pair
from cyclorama.matchmove.pairs import LEAST_POINTS, TwoViews, two_views
from cyclorama.matchmove.rays import rays_of, turned
from cyclorama.matchmove.scene import Free, Scene, Sights, adjust_scene
from cyclorama.matchmove.triangulate import triangulated

MIN_ANGLE = np.radians(1.0)  # under which a point must be seen; less where the pictures offer less
_LEAST_OF_FIRST = 0.1  # of the middle angle of the first pair, if that is small
_FAR = np.radians(0.05)
_GOOD_ANGLE = np.radians(4)  # from which on a first pair with more is no better
_ERROR_PX = 4.0  # of 1000 pixels of length: an observation that is further off is of something else
_FINE_PX = 3.0  # at the end
_POSE_ERROR_PX = 8.0  # while a pose or the lens is only known roughly
_LEAST_SHARE = 0.5  # of the points that a picture shows, for its pose to be believed
_PAIR_PX = 1.5  # between two pictures
_GOOD_PARALLAX = np.radians(2)  # by the same rule, left when the second is turned on the first
_TRIAL = 7  # pictures on which starts are compared
_CLEARLY = 1.1  # times as much, for another start to be better
_FIRST_PAIRS = 10  # that are tried
_TOGETHER = 0.6  # pictures that see so much of what the best sees are posed in one round
FOCAL_FROM, LENS_FROM = 3, 5  # pictures from which on focal length and distortion are solved too


@dataclass(frozen=True)
class Sightings:
    """All that is known of ``num`` pictures: observations sorted by track, and of the groups of pictures with one lens
    the focal lengths, where ``focal_free`` (g,) the usual ones, and whether k1 is to be found."""

    num: int
    sights: Sights
    num_tracks: int
    long_side: int
    group: Array
    focal: Array
    focal_free: Array
    lens_free: Array

    @property
    def split(self) -> tuple[Array, Array, Array]:
        return self.sights.starts(self.num_tracks), self.sights.picture, self.sights.offset

    def px(self, of_a_thousand: float) -> float:
        return of_a_thousand * max(self.long_side, 640) / 1000


@dataclass(frozen=True)
class Map:
    """What is solved so far: which pictures are ``posed`` (n,), which points ``known`` (p,), which observations
    ``agree`` (m,); points are seen under ``angle`` radians or more."""

    scene: Scene
    posed: Array
    known: Array
    agree: Array
    angle: float

    @property
    def num_posed(self) -> int:
        return int(self.posed.sum())


def mapped(all_seen: Sightings, pairs: dict[tuple[int, int], Pair], starts: list[float]) -> Map | None:
    """The map that grows from the best pair. Where the focal length is unknown every one of ``starts``, times the usual
    one, is tried on a few pictures, and goes on if it explains clearly more of them than those before. None where too
    little holds."""
    trials, same = [], pairs
    for times in starts:
        focal = all_seen.focal * np.where(all_seen.focal_free, times, 1)
        first = _first(all_seen, same, focal) or _first(all_seen, pairs, focal)
        if first is not None:
            same = {k: p for k, p in pairs.items() if first.posed[list(k)].all()}
            trials.append(_grown(all_seen, first, _TRIAL) if len(starts) > 1 else first)
    if not trials:
        return None
    best = trials[0]
    for other in trials[1:]:
        (num, share), (others, others_share) = (_explained(all_seen, m) for m in (best, other))
        if (others, others_share) > (num, _CLEARLY * share):
            best = other
    found = _finished(all_seen, _grown(all_seen, best, all_seen.num))
    return found if found.num_posed >= 2 and found.known.sum() >= LEAST_POINTS else None


def _explained(all_seen: Sightings, found: Map) -> tuple[int, float]:
    """Pictures posed; and the share of what two or more of them see that agrees within the width of good
    observations."""
    narrow = _refreshed(all_seen, found, all_seen.px(_ERROR_PX) / 3)
    point = all_seen.sights.point[found.posed[all_seen.sights.picture]]
    seen = np.bincount(point, minlength=all_seen.num_tracks)
    return found.num_posed, float(narrow.agree.sum() / max(seen[seen > 1].sum(), 1))


def _first(all_seen: Sightings, pairs: dict[tuple[int, int], Pair], focal: Array) -> Map | None:
    """Two pictures that share much and see it from well apart."""
    best, worth = None, 0.0
    rays = {k: _shared_rays(all_seen, k, focal) for k in pairs}
    promise = {k: _promise(*r) for k, r in rays.items()}
    for pair in sorted(pairs, key=lambda k: -promise[k])[:_FIRST_PAIRS]:
        trial = _from_pair(all_seen, pair, focal, rays[pair])
        if trial is None:
            continue
        angles = _angles(trial, pair)
        if len(angles) < LEAST_POINTS:
            continue
        value = len(angles) * min(float(np.median(angles)) / _GOOD_ANGLE, 1.0)
        if value > worth:
            angle = min(MIN_ANGLE, float(np.median(angles)) * _LEAST_OF_FIRST)
            best, worth = replace(trial, angle=angle), value
    if best is None:
        return None
    best = _refreshed(all_seen, best, all_seen.px(_POSE_ERROR_PX))
    return _adjusted(all_seen, best, all_seen.px(_POSE_ERROR_PX), 20)


def _shared_rays(all_seen: Sightings, pair: tuple[int, int], focal: Array) -> tuple[Array, Array]:
    """What both pictures of a pair show, (m, 2) each, in focal lengths from the middle."""
    sights = all_seen.sights
    one, two = (np.flatnonzero(sights.picture == picture) for picture in pair)
    _, i, k = np.intersect1d(sights.point[one], sights.point[two], return_indices=True)
    p, q = (sights.offset[rows] / focal[all_seen.group[c]] for rows, c in zip((one[i], two[k]), pair))
    return p, q


def _promise(p: Array, q: Array) -> float:
    """Of a pair as the first: what it shares, less where a turn on the spot nearly explains it."""
    if len(p) < LEAST_POINTS:
        return 0.0
    left = turned(rays_of(p), rays_of(q))[1]
    return len(p) * min(float(np.median(left)) / _GOOD_PARALLAX, 1.0)


def _from_pair(all_seen: Sightings, pair: tuple[int, int], focal: Array, rays: tuple[Array, Array]) -> Map | None:
    width = all_seen.px(_PAIR_PX) / float(focal[all_seen.group[list(pair)]].mean())
    found = two_views(*rays, width) if len(rays[0]) >= LEAST_POINTS else None
    if found is None:
        return None
    return _refreshed(all_seen, _two_posed(all_seen, pair, focal, found), all_seen.px(_ERROR_PX))


def _two_posed(all_seen: Sightings, pair: tuple[int, int], focal: Array, found: TwoViews) -> Map:
    rotations, centers = np.repeat(np.eye(3)[None], all_seen.num, 0), np.zeros((all_seen.num, 3))
    rotations[pair[1]], centers[pair[1]] = found.rotation, found.center
    posed = np.isin(np.arange(all_seen.num), pair)
    points = np.zeros((all_seen.num_tracks, 3))
    scene = Scene(rotations, centers, points, focal.copy(), np.zeros(len(focal)), all_seen.group)
    agree = np.zeros(len(all_seen.sights.point), bool)
    return Map(scene, posed, np.zeros(all_seen.num_tracks, bool), agree, _FAR)


def _angles(found: Map, pair: tuple[int, int]) -> Array:
    """Under which the known points are seen from a pair, radians."""
    rays = [found.scene.points[found.known] - found.scene.centers[c] for c in pair]
    rays = [r / np.linalg.norm(r, axis=1, keepdims=True) for r in rays]
    return np.arccos(np.clip((rays[0] * rays[1]).sum(1), -1, 1))


def _grown(all_seen: Sightings, found: Map, limit: int) -> Map:
    """Poses pictures until none is left that sees enough, or ``limit`` are posed."""
    failed = np.zeros(all_seen.num)  # how much a picture saw when its pose was not found
    adjusted_at = found.num_posed
    while found.num_posed < limit:
        seen = _seen(all_seen, found)
        wanted = ~found.posed & (seen >= LEAST_POINTS) & (seen > 1.2 * failed)
        if not wanted.any():
            break
        most = seen[wanted].max()
        order = np.argsort(-seen * wanted)
        batch = [c for c in order[: max(1, found.num_posed // 3)] if wanted[c] and seen[c] >= _TOGETHER * most]
        for picture in batch:
            posed = _posed(all_seen, found, int(picture))
            failed[picture] = seen[picture] if posed is None else 0
            found = found if posed is None else posed
        error = all_seen.px(_POSE_ERROR_PX if found.num_posed <= LENS_FROM else _ERROR_PX)
        found = _refreshed(all_seen, found, error)
        if found.num_posed > adjusted_at * 1.1:
            adjusted_at = found.num_posed
            found = _adjusted(all_seen, found, error, 8)
    return found


def _seen(all_seen: Sightings, found: Map) -> Array:
    """How many known points every picture shows."""
    on = found.known[all_seen.sights.point]
    return np.bincount(all_seen.sights.picture[on], minlength=all_seen.num)


def _posed(all_seen: Sightings, found: Map, picture: int) -> Map | None:
    """The pose of one more picture from the points it shows (Ke and Roumeliotis 2017, in RANSAC), refined."""
    sights, scene = all_seen.sights, found.scene
    rows = np.flatnonzero((sights.picture == picture) & found.known[sights.point])
    scene = _with_usual_lens(all_seen, found, picture)
    group = scene.group[picture]
    matrix, terms = np.diag([scene.focal[group], scene.focal[group], 1.0]), np.array([scene.k1[group], 0, 0, 0])
    cv2.setRNGSeed(0)
    ok, vector, move, inlier = cv2.solvePnPRansac(
        scene.points[sights.point[rows]],
        sights.offset[rows],
        matrix,
        terms,
        iterationsCount=2000,
        reprojectionError=all_seen.px(_POSE_ERROR_PX),
        confidence=0.9999,
        flags=cv2.SOLVEPNP_AP3P,
    )
    if not ok or inlier is None or len(inlier) < max(LEAST_POINTS, _LEAST_SHARE * len(rows)):
        return None
    rotations, centers, posed = scene.rotations.copy(), scene.centers.copy(), found.posed.copy()
    rotations[picture] = cv2.Rodrigues(vector)[0]
    centers[picture] = -(rotations[picture].T @ move)[:, 0]
    posed[picture] = True
    alone = np.arange(all_seen.num) == picture
    own_lens = all_seen.focal_free & ~np.isin(np.arange(len(scene.focal)), scene.group[found.posed])
    free = Free(alone, own_lens, np.zeros(len(own_lens), bool), all_seen.focal, points=False)
    scene = replace(scene, rotations=rotations, centers=centers)
    scene = adjust_scene(scene, sights.of(rows[inlier[:, 0]]), free)
    return replace(found, scene=scene, posed=posed)


def _with_usual_lens(all_seen: Sightings, found: Map, picture: int) -> Scene:
    """A picture whose lens no posed one has starts from the middle of what the others have."""
    scene = found.scene
    group = scene.group[picture]
    posed_groups = np.unique(scene.group[found.posed])
    if group in posed_groups:
        return scene
    focal, k1 = scene.focal.copy(), scene.k1.copy()
    if all_seen.focal_free[group]:
        focal[group] = np.median(focal[posed_groups])
    if all_seen.lens_free[group]:
        k1[group] = np.median(k1[posed_groups])
    return replace(scene, focal=focal, k1=k1)


def _refreshed(all_seen: Sightings, found: Map, error_px: float) -> Map:
    scene = found.scene
    points, known, agree = triangulated(scene, found.known, found.posed, all_seen.split, error_px, found.angle)
    return replace(found, scene=replace(scene, points=points), known=known, agree=agree)


def _adjusted(all_seen: Sightings, found: Map, error_px: float, num_steps: int) -> Map:
    """All poses, points and lenses at once, by what agrees; then what agrees is told anew."""
    used = np.unique(found.scene.group[found.posed])
    on = np.isin(np.arange(len(found.scene.focal)), used)
    free = Free(
        found.posed & (np.arange(all_seen.num) != int(found.posed.argmax())),
        all_seen.focal_free & on & (found.num_posed >= FOCAL_FROM),
        all_seen.lens_free & on & (found.num_posed >= LENS_FROM),
        all_seen.focal,
    )
    points = np.flatnonzero(found.known)
    number = np.cumsum(found.known) - 1
    sights = all_seen.sights.of(found.agree)
    small = replace(found.scene, points=found.scene.points[points])
    small = adjust_scene(small, replace(sights, point=number[sights.point]), free, num_steps)
    all_points = found.scene.points.copy()
    all_points[points] = small.points
    return _refreshed(all_seen, replace(found, scene=replace(small, points=all_points)), error_px)


def _finished(all_seen: Sightings, found: Map) -> Map:
    """The whole adjusted; what was posed wrongly while little was known gets a second try."""
    found = _adjusted(all_seen, found, all_seen.px(_ERROR_PX), 25)
    sound = _without_doubtful(all_seen, found)
    if sound.num_posed < all_seen.num:
        found = _without_doubtful(all_seen, _grown(all_seen, sound, all_seen.num))
    for _ in range(2):
        found = _adjusted(all_seen, found, all_seen.px(_FINE_PX), 80)
    return found


def _without_doubtful(all_seen: Sightings, found: Map) -> Map:
    """Takes back the poses of pictures that contradict most of the points they show."""
    agree = np.bincount(all_seen.sights.picture[found.agree], minlength=all_seen.num)
    share = agree / np.maximum(_seen(all_seen, found), 1)
    doubtful = found.posed & ((share < _LEAST_SHARE) | (agree < LEAST_POINTS))
    if not doubtful.any():
        return found
    return _refreshed(all_seen, replace(found, posed=found.posed & ~doubtful), all_seen.px(_ERROR_PX))
