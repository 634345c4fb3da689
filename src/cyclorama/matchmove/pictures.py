"""Cameras of unordered pictures of one place."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cyclorama.core.arrays import Array, readonly, require_picture
from cyclorama.core.camera import Camera, CameraPath, rigid
from cyclorama.core.errors import InputError
from cyclorama.core.lens import STRAIGHT, Lens
from cyclorama.matchmove.mapper import Map, Sightings, mapped
from cyclorama.matchmove.match import MIN_MATCHES, Features, Pair, chained, features_of
from cyclorama.matchmove.pairs import paired
from cyclorama.matchmove.scene import Sights, errors_px
from cyclorama.matchmove.solve import USUAL_FOCAL, Solve
from cyclorama.matchmove.turn import says_more, turn_map

FOCAL_STARTS = [1.0, 0.6, 2.1]  # times the usual: between them all lenses from wide to portrait are near one
_CLEARLY = 0.8  # of the other's error: better beyond doubt
_STILL_PX = 0.3  # motion that is none


@dataclass(frozen=True)
class Picture:
    """One picture, h w 3 float32 scene-linear, and what is known of its camera: ``focal_px``, ``middle_px`` (else the
    middle of the picture), ``lens`` (else one radial term is solved; it is given in focal lengths, so with one)."""

    image: Array
    name: str
    focal_px: float | None = None
    middle_px: tuple[float, float] | None = None
    lens: Lens | None = None

    def __post_init__(self) -> None:
        require_picture("image", self.image)
        if self.focal_px is not None and not (np.isfinite(self.focal_px) and self.focal_px > 0):
            raise ValueError(f"the focal length of {self.name} must be positive pixels, got {self.focal_px}")
        if self.focal_px is None and self.lens is not None and not self.lens.is_straight:
            raise ValueError(f"the lens of {self.name} must come with its focal length: it is given in units of it")
        object.__setattr__(self, "image", readonly(self.image))


@dataclass(frozen=True)
class LeftOut:
    """A picture without a camera: it shares most with ``partner``, ``num_matches`` features that agree with one
    geometry."""

    name: str
    partner: str
    num_matches: int

    def __str__(self) -> str:
        if self.num_matches < MIN_MATCHES:
            return (
                f"{self.name} does not fit: it shares most with {self.partner}, {self.num_matches} features "
                f"({MIN_MATCHES} are needed)"
            )
        return (
            f"{self.name} does not fit: it shares {self.num_matches} features with {self.partner}, but no pose agrees "
            "with where the others see them"
        )


@dataclass(frozen=True)
class PicturesSolve:
    """``cameras`` in the order of the pictures, none for those ``left_out``; the first is the world. ``model`` is
    "pan-tilt" where nothing shows that the camera moved from its place, "locked-off" where it did not turn either.
    ``points`` (p, 3), the middle one at distance 1 from the first camera; the error in pixels of the pictures."""

    cameras: tuple[Camera | None, ...]
    model: Literal["locked-off", "pan-tilt", "full"]
    points: Array
    median_px: float
    p95_px: float
    num_tracks: int
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Seen:
    """What is kept of a picture once its features are known; the rest as in ``Picture``, ``middle`` (2,) pixels."""

    name: str
    hw: tuple[int, int]
    middle: Array
    focal_px: float | None
    lens: Lens | None
    features: Features


def solve_pictures(pictures: Iterable[Picture], *, one_lens: bool = True) -> PicturesSolve:
    """Cameras and points of pictures of one place in any order, taken one at a time.

    Those whose focal length is not given share one, in lengths of the long side, and one radial term; without
    ``one_lens`` each has its own. ``InputError`` for fewer than two pictures, and where no two show the same.
    """
    return solve_seen([_looked_at(p) for p in pictures], one_lens=one_lens)


def solve_seen(seen: Sequence[Seen], *, one_lens: bool = True) -> PicturesSolve:
    """The same from features; positions, focal lengths and ``hw`` in the same pixels."""
    if len(seen) < 2:
        names = ", ".join(s.name for s in seen) or "none"
        raise InputError(f"two pictures of a place or more are needed to solve their cameras, got {names}")
    looked = paired([s.features for s in seen])
    pairs = {k: p for k, p in looked.items() if len(p) >= MIN_MATCHES}
    if not pairs:
        raise InputError(
            f"no two pictures show the same place: {_best(looked, seen)}; give pictures that overlap by half"
        )
    sightings = _sightings(seen, pairs, one_lens)
    found, model = _chosen(sightings, pairs)
    if found is None:
        raise InputError(f"what the pictures share fits no camera: {_best(looked, seen)}; give more that overlap")
    return _answer(found, model, sightings, seen, looked)


def mapped_better(found: Solve, features: Sequence[Features], hw: tuple[int, int], focal_px: float | None) -> Solve:
    """``found`` of pictures with these features, one a camera; or what they say as unordered pictures, where that is a
    motion too and explains them clearly better: far apart, they may have led ``found`` into a wrong minimum."""
    middle = np.array([hw[1] / 2, hw[0] / 2])
    seen = [Seen(f"picture {i}", hw, middle, focal_px, STRAIGHT, f) for i, f in enumerate(features)]
    if found.model != "full":
        return found
    try:
        other = solve_seen(seen)
    except InputError:  # nothing that fits
        return found
    cameras = tuple(c for c in other.cameras if c is not None)
    if other.model != "full" or len(cameras) < len(seen) or other.median_px > _CLEARLY * found.median_px:
        return found
    unknown = np.full(len(cameras), np.nan)
    return replace(
        found,
        path=CameraPath(cameras),
        points=other.points,
        median_px=other.median_px,
        p95_px=other.p95_px,
        num_tracks=other.num_tracks,
        residual_px=unknown,
        num_seen=unknown,
        sigma_px=unknown,
    )


def _looked_at(picture: Picture) -> Seen:
    h, w = picture.image.shape[:2]
    middle = np.array(picture.middle_px or (w / 2, h / 2), np.float64)
    return Seen(picture.name, (h, w), middle, picture.focal_px, picture.lens, features_of(picture.image, (h, w)))


def _best(looked: dict[tuple[int, int], Pair], seen: Sequence[Seen]) -> str:
    if not looked:
        return "they have no features"
    i, j = max(looked, key=lambda k: len(looked[k]))
    return (
        f"{seen[i].name} and {seen[j].name} share most, {len(looked[i, j])} features that agree "
        f"({MIN_MATCHES} are needed)"
    )


def _sightings(seen: Sequence[Seen], pairs: dict[tuple[int, int], Pair], one_lens: bool) -> Sightings:
    """Observations from the middle of every picture, at one length of the long side, lenses that are known undone."""
    track, picture, px = chained([s.features for s in seen], {k: p.rows for k, p in pairs.items()})
    order = np.argsort(track, kind="stable")
    track, picture, px = track[order], picture[order], px[order]
    long_side = max(max(s.hw) for s in seen)
    offset = np.empty_like(px)
    for index, one in enumerate(seen):
        rows = picture == index
        offset[rows] = px[rows] - one.middle
        if one.focal_px and one.lens and not one.lens.is_straight:
            offset[rows] = one.focal_px * one.lens.straightened(offset[rows] / one.focal_px)
        offset[rows] *= long_side / max(one.hw)
    sound = np.isfinite(offset).all(1)
    kinds = [_kind(s, i, long_side, one_lens) for i, s in enumerate(seen)]
    each = sorted(set(kinds), key=kinds.index)
    focal = np.array([k[0] or USUAL_FOCAL * long_side for k in each])
    sights = Sights(track[sound], picture[sound], offset[sound])
    group = np.array([each.index(k) for k in kinds])
    focal_free, lens_free = np.array([k[0] is None for k in each]), np.array([k[1] for k in each])
    return Sightings(len(seen), sights, int(track.max()) + 1, long_side, group, focal, focal_free, lens_free)


def _kind(one: Seen, index: int, long_side: int, one_lens: bool) -> tuple[float | None, bool, int]:
    """Pictures of one kind share a lens: its focal length if known, whether k1 is free."""
    focal = None if one.focal_px is None else one.focal_px * long_side / max(one.hw)
    free = focal is None or one.lens is None
    return focal, one.lens is None, 0 if one_lens or not free else 1 + index


def _chosen(sightings: Sightings, pairs: dict[tuple[int, int], Pair]) -> tuple[Map | None, Literal["pan-tilt", "full"]]:
    """Full motion unless a turn on the spot says as much; that is asked where most pairs are flat."""
    starts = FOCAL_STARTS if sightings.focal_free.any() else [1.0]
    turn = None
    if np.mean([p.flat for p in pairs.values()]) >= 0.5:
        turn = turn_map(sightings, pairs, starts)
    full = mapped(sightings, pairs, starts)
    if turn is not None and (full is None or not says_more(full, turn, sightings)):
        return turn, "pan-tilt"
    return full, "full"


def _answer(
    found: Map,
    model: Literal["pan-tilt", "full"],
    sightings: Sightings,
    seen: Sequence[Seen],
    looked: dict[tuple[int, int], Pair],
) -> PicturesSolve:
    scene, first = found.scene, int(found.posed.argmax())
    base = rigid(scene.rotations[first].T, scene.centers[first])
    points = (scene.points[found.known] - base[:3, 3]) @ base[:3, :3]
    scale = float(np.median(np.linalg.norm(points, axis=1))) if model == "full" else 1.0
    cameras = tuple(_camera(found, sightings, s, i, scale) if found.posed[i] else None for i, s in enumerate(seen))
    long_sides = np.array([max(s.hw) for s in seen]) / sightings.long_side
    error = errors_px(scene, sightings.sights.of(found.agree)) * long_sides[sightings.sights.picture[found.agree]]
    left_out = tuple(_left_out(int(i), seen, looked) for i in np.flatnonzero(~found.posed))
    notes = tuple(map(str, left_out))
    still = model == "pan-tilt" and _most_turned_px(found) < _STILL_PX
    if model == "pan-tilt":
        notes = ("the pictures show no parallax: they were taken from one place, and say nothing of depth", *notes)
    return PicturesSolve(
        cameras,
        "locked-off" if still else model,
        points / scale if model == "full" else np.zeros((0, 3)),
        float(np.median(error)),
        float(np.percentile(error, 95)),
        int(found.known.sum()),
        left_out,
        notes,
    )


def _most_turned_px(found: Map) -> float:
    """How far the middle and the edges of the picture move at most, by the angle of the turns."""
    rotations = found.scene.rotations[found.posed]
    cosines = (np.einsum("nij,ij->n", rotations, rotations[0]) - 1) / 2
    return float(np.arccos(np.clip(cosines, -1, 1)).max() * found.scene.focal[found.scene.group[found.posed]].max())


def _camera(found: Map, sightings: Sightings, one: Seen, index: int, scale: float) -> Camera:
    scene, first = found.scene, int(found.posed.argmax())
    group = scene.group[index]
    focal = one.focal_px or float(scene.focal[group]) * max(one.hw) / sightings.long_side
    lens = one.lens or Lens(float(scene.k1[group])) if sightings.lens_free[group] else one.lens or STRAIGHT
    px_from_cam = np.array([[focal, 0, one.middle[0]], [0, focal, one.middle[1]], [0, 0, 1]])
    rotation = scene.rotations[first] @ scene.rotations[index].T
    center = scene.rotations[first] @ (scene.centers[index] - scene.centers[first]) / scale
    return Camera(one.hw, px_from_cam, rigid(rotation, center), lens)


def _left_out(index: int, seen: Sequence[Seen], looked: dict[tuple[int, int], Pair]) -> LeftOut:
    own = {k: len(p) for k, p in looked.items() if index in k}
    best = max(own, key=lambda k: own[k])
    return LeftOut(seen[index].name, seen[sum(best) - index].name, own[best])
