"""The actor in the place: where the feet stand, how large a unit is, and what of the place stands before him."""

import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from scipy.ndimage import gaussian_filter1d, median_filter

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.camera import CameraPath
from cyclorama.core.clip import Clip
from cyclorama.core.errors import InputError
from cyclorama.core.ground import GroundPlane
from cyclorama.core.place import Place
from cyclorama.core.reference import Reference
from cyclorama.core.standing import Standing
from cyclorama.matchmove import Figures, Ground, Matchmove, find_ground, height_on
from cyclorama.scenery import USUAL_DISTANCE_M, find_plane, occluders
from cyclorama.settings import Settings
from cyclorama.standing_place import Feet, placed

_LOOKS_S = 1 / 6
"""Between frames looked at for the feet, where no solve has looked at all of them."""
_MOST_LOOKS = 120
_ORDER_LOOKS = 12  # frames in which things must be before the actor to hide him
_LEAST_SEEN = 0.3  # of the frames looked at must show the feet
_MEDIAN, _SMOOTH = 5, 2.0  # frames
_DEEP = 40.0  # heights of the actor: feet further off are not on this ground


@dataclass(frozen=True)
class Stood:
    """``backdrop``: with its ground, placed as asked. ``metres_per_unit``: None where not known. ``facts``: for the
    report; ``notes``: what a user should read."""

    backdrop: Place
    standing: Standing | None
    occluders: tuple[Array, ...] | None
    metres_per_unit: float | None
    facts: dict[str, Any]
    notes: tuple[str, ...]


def require_sound(settings: Settings) -> None:
    """Refuse, before any work, what cannot be."""
    height = settings.actor_height
    if height is not None and not 0 < height < math.inf:
        raise InputError(f"--actor-height must be a positive number, got {height}")
    if settings.stand_at is not None and settings.stand_at.moment is not None and len(settings.reference) < 2:
        raise InputError("--stand-at X,Y@TIME chooses among several references, and there is one; give X,Y alone")


@dataclass(frozen=True)
class Scene:
    """What is known before the actor is put into it. ``posed``: the references were taken by the plate's own camera,
    which says where they are. ``depth_given``: the depth of every view was measured, not seen by comparing views."""

    backdrop: Backdrop
    references: tuple[Reference, ...]
    matchmove: Matchmove
    figures: Figures
    posed: bool
    depth_given: bool = False


def stand(settings: Settings, place: Scene, plate: Clip) -> Stood:
    """Put the actor in the place. ``plate``: a proxy of it, read only where the feet were not looked for yet."""
    matchmove, seen_before = place.matchmove, place.figures
    notes: list[str] = []
    asked = settings.stand_at is not None or settings.actor_height is not None
    backdrop = place.backdrop
    if backdrop.ground is None:
        backdrop = replace(backdrop, ground=find_plane(backdrop.views))
    sure = backdrop.kind == "layers" and (place.posed or place.depth_given)
    if asked or backdrop.ground is not None:
        frames = looks(place.backdrop, len(matchmove.path), plate.rate)
        place = replace(place, figures=seen_before.look(plate, frames))
    figures = place.figures
    floor = _floor(settings, matchmove, seen_before) if asked else None
    facts: dict[str, Any] = {}
    if settings.stand_at is not None:
        feet = Feet(matchmove, figures, floor, settings.actor_height, USUAL_DISTANCE_M)
        found = placed(settings.stand_at, replace(place, backdrop=backdrop), feet, plate.timestamps_s)
        backdrop = found.backdrop
        notes += found.notes
        facts["stand_at"] = found.facts
    ground = backdrop.ground if backdrop.ground is not None or floor is None else floor.plane
    metres, note = _metres(settings, place, floor, ground)
    notes += note
    standing = None if ground is None else standing_on(ground, matchmove.path, figures)
    hiding = None
    if settings.occlude is not False:
        hiding, word = _order(backdrop, standing, place, sure=sure)
        facts["before_the_actor"] = word
        notes += [f"--occlude was left out: {word}"] if settings.occlude and hiding is None else []
    facts |= _facts(backdrop.ground, standing, metres)
    return Stood(backdrop, standing, hiding, metres, facts, tuple(notes))


def looks(backdrop: Backdrop, total: int, rate: Fraction) -> list[int]:
    """Frames of a plate of ``total`` to look for the feet in: every few, and those about the references'."""
    step = max(1, math.ceil(total / _MOST_LOOKS), round(_LOOKS_S * rate))
    near = {f + d for f in (round(v.time) for v in backdrop.views) for d in (-1, 0, 1)}
    return sorted(set(range(0, total, step)) | {total - 1} | {f for f in near if 0 <= f < total})


def _floor(settings: Settings, matchmove: Matchmove, figures: Figures) -> Ground | None:
    """The plate's own ground, where its solve shows one."""
    if matchmove.solve is None or matchmove.source != "plate":
        return None
    found = find_ground(matchmove.path, matchmove.solve.points, figures, actor_height_m=settings.actor_height)
    return found if isinstance(found, Ground) else None


def _metres(
    settings: Settings, place: Scene, floor: Ground | None, ground: GroundPlane | None
) -> tuple[float | None, list[str]]:
    """Metres in a unit of the path, by the actor's height."""
    if settings.actor_height is None:
        return None, []
    if place.matchmove.source == "given":
        return 1.0, []
    if floor is not None and floor.metres_per_unit is not None:
        return floor.metres_per_unit, []
    if place.posed and ground is not None:
        height = height_on(ground, place.matchmove.path, place.figures)
        if height > 0:
            return settings.actor_height / height, []
    why = "its camera does not see the ground under a whole actor, from head to feet"
    return None, [f"--actor-height gives no metres here: {why}"]


def standing_on(ground: GroundPlane, path: CameraPath, figures: Figures) -> Standing | None:
    """The actor's feet on a ground in every frame; None where they are not seen on it often enough."""
    looked = np.isfinite(figures.covered)
    seen = np.flatnonzero(np.isfinite(figures.feet).all(1))
    height = height_on(ground, path, figures)
    if not len(seen) or len(seen) < _LEAST_SEEN * looked.sum() or not height > 0:
        return None
    points = np.stack([ground.where(path[int(i)], figures.feet[i][None])[0] for i in seen])
    far = np.linalg.norm(points - path.centers[seen], axis=1)
    on = np.isfinite(points).all(1) & (far < _DEEP * height)
    if on.sum() < _LEAST_SEEN * looked.sum():
        return None
    frames = np.arange(len(path))
    every = np.stack([np.interp(frames, seen[on], c) for c in points[on].T], 1)
    steady = median_filter(every, (_MEDIAN, 1), mode="nearest")
    return Standing(gaussian_filter1d(steady, _SMOOTH, axis=0, mode="nearest"), height, ground)


def _order(
    backdrop: Backdrop, standing: Standing | None, place: Scene, *, sure: bool
) -> tuple[tuple[Array, ...] | None, str]:
    """What may hide the actor, and that in words."""
    if not sure:
        return None, "not decided: the depth of the place is not sure enough"
    if standing is None:
        return None, "not decided: the actor's feet on the place's ground are not known"
    looked = np.flatnonzero(np.isfinite(place.figures.covered))
    frames = looked[np.unique(np.linspace(0, len(looked) - 1, _ORDER_LOOKS).round().astype(int))].tolist()
    masks = occluders(backdrop, standing, place.matchmove.path, frames, given=place.depth_given)
    return masks, "nothing" if masks is None else "things of the place"


def _facts(ground: GroundPlane | None, standing: Standing | None, metres: float | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"metres_per_unit": metres}
    if ground is not None:
        facts["ground"] = {
            "normal": [round(v, 6) for v in ground.normal.tolist()],
            "offset": round(ground.offset, 6),
            "confidence": round(ground.confidence, 3),
        }
    if standing is not None:
        facts["actor_height_units"] = round(standing.height, 4)
    return facts
