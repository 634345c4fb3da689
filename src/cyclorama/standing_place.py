"""``--stand-at``: which picture, where the feet are, how much of the picture there is."""

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera
from cyclorama.core.errors import InputError
from cyclorama.core.ground import GroundPlane
from cyclorama.matchmove import Figures, Ground, Matchmove
from cyclorama.scenery import Move, guessed_plane, moved, spot_of
from cyclorama.scenery.stand import Spot
from cyclorama.standing_words import StandAt

if TYPE_CHECKING:
    from cyclorama.standing import Scene

EYE_HEIGHT_M = 1.5
"""Most photographs are taken from about here."""
_TOLD = 1.15  # sizes that differ by less are not spoken of
_SOFT = 1.5  # times that a picture may be enlarged without a word
_LEAST_DROP = 0.01  # of the picture's height: nearer the horizon nobody stands


@dataclass(frozen=True)
class Feet:
    """The actor's feet and size in the plate. ``unit``: how far a given camera's actor is where nothing says it."""

    matchmove: Matchmove
    figures: Figures
    floor: Ground | None
    height_m: float | None
    unit: float

    def nearest(self, frame: int) -> int | None:
        """The frame nearest ``frame`` in which the feet are seen."""
        seen = np.flatnonzero(np.isfinite(self.figures.feet).all(1))
        return int(seen[np.argmin(np.abs(seen - frame))]) if len(seen) else None

    def tall_px(self, frame: int) -> float:
        """NaN where the head is not seen."""
        return float(self.figures.feet[frame, 1] - self.figures.heads[frame, 1])

    def depth(self, frame: int) -> float:
        """Along the camera's axis, in units of the path."""
        camera = self.matchmove.path[frame]
        if self.floor is not None:
            point = self.floor.where(camera, self.figures.feet[frame][None])
            if np.isfinite(point).all():
                return float((camera.camera_from_world[2, :3] @ point[0]) + camera.camera_from_world[2, 3])
        if self.matchmove.source != "given":
            return self.matchmove.unit
        if self.height_m is not None and self.tall_px(frame) > 0:
            return float(camera.px_from_cam[1, 1] * self.height_m / self.tall_px(frame))
        return self.unit


@dataclass(frozen=True)
class Placed:
    """``done``: the place was put under the feet."""

    backdrop: Backdrop
    done: bool
    notes: tuple[str, ...]
    facts: dict[str, Any]


def placed(words: StandAt, place: "Scene", feet: Feet, timestamps_s: tuple[Fraction, ...]) -> Placed:
    """The backdrop so that the feet are at the place that was asked for. ``InputError`` for a place that is none."""
    backdrop = place.backdrop
    if place.posed:
        text = (
            "--stand-at was left out: the references were taken by the plate's own camera, which says already where "
            "the actor stands"
        )
        return Placed(backdrop, False, (text,), {"done": False})
    total = len(place.matchmove.path)
    wanted = (total - 1) / 2 if words.moment is None else words.moment.frame(timestamps_s)
    view = min(backdrop.views, key=lambda v: abs(v.time - wanted))
    anchor = round(view.time)
    frame = feet.nearest(anchor)
    if frame is None:
        cut = bool(place.figures.cut.any())
        why = "the picture's lower border cuts the actor off" if cut else "the actor's feet were not found"
        return Placed(backdrop, False, (f"--stand-at was left out: {why}",), {"done": False})
    reference = min(place.references, key=lambda r: abs(r.frame - view.time))
    camera = place.matchmove.path[anchor]
    share = words.share(reference.image.shape[:2])
    ground: GroundPlane | None = backdrop.ground or guessed_plane(view, feet.depth(frame))
    spot = spot_of(view, camera, share, ground)
    above = spot.drop < _LEAST_DROP * camera.hw[0]
    if above and backdrop.ground is None:
        ground, spot = None, spot_of(view, camera, share, None)
    elif above:
        raise InputError(
            f"--stand-at {words.x:g},{words.y:g} lies above the ground's horizon in {reference.name}; give a place on "
            "the ground, further down"
        )
    return _put(replace(place, backdrop=replace(backdrop, ground=ground)), feet, (anchor, frame), spot, reference.name)


def _put(place: "Scene", feet: Feet, when: tuple[int, int], spot: Spot, name: str) -> Placed:
    anchor, frame = when
    camera = place.matchmove.path[anchor].pinhole
    point = place.matchmove.path[frame].unproject(place.figures.feet[frame][None], np.array([feet.depth(frame)]))
    px, depth = camera.project(point)
    tall = feet.tall_px(frame) * feet.depth(frame) / float(depth[0])
    zoom, why = _zoom(feet, camera, spot, (px[0], tall))
    least = spot.least_zoom(px[0], camera.hw)
    notes = []
    if zoom is None:
        zoom, why = least, "as little as fills the frame"
    elif zoom < least:
        if least / zoom > _TOLD:
            notes.append(_too_large(name, least / zoom, why))
        zoom, why = least, "as little as fills the frame"
    pictures = tuple(_picture_of(v, place) for v in place.backdrop.views)
    scale = 1.0 if np.isinf(spot.depth) else float(depth[0]) / spot.depth
    move = Move(camera, spot, px[0], zoom, scale)
    enlarged = zoom * place.backdrop.views[0].camera.hw[1] / max(1, pictures[0].shape[1])
    if enlarged > _SOFT:
        notes.append(f"{name} is enlarged {enlarged:.1f} times and will look soft; give a larger picture")
    notes.insert(0, f"--stand-at: {name} was enlarged {zoom:.2f} times about the actor's feet, {why}")
    facts = {"done": True, "frame": anchor, "zoom": round(zoom, 4), "feet_px": np.round(px[0], 2).tolist()}
    return Placed(moved(place.backdrop, move, pictures), True, tuple(notes), facts)


def _zoom(feet: Feet, camera: Camera, spot: Spot, actor: tuple[Array, float]) -> tuple[float | None, str]:
    """How much the picture must be enlarged for the actor to have its true size there; None where nothing tells.

    Where both horizons are known they must agree. Else a body of height H, standing d pixels below the horizon of a
    picture taken from height e, is H d / e pixels tall.
    """
    feet_px, tall = actor
    if np.isnan(spot.drop):
        return None, ""
    if feet.floor is not None and feet.floor.known == "floor points":
        drop = float(feet_px[1] - feet.floor.plane.horizon(camera, float(feet_px[0])))
        if drop > _LEAST_DROP * camera.hw[0]:
            return drop / spot.drop, "so that the place's horizon is that of the stage"
    if feet.height_m is not None and tall > 0:
        why = (
            f"so that {feet.height_m:g} m are in scale, {EYE_HEIGHT_M:g} m taken as the height of the picture's camera"
        )
        return tall * EYE_HEIGHT_M / (feet.height_m * spot.drop), why
    return None, ""


def _too_large(name: str, times: float, why: str) -> str:
    return (
        f"{name} shows too little to fill the frame {why}: the place is {times:.2f} times too large for the actor; "
        "give a picture that shows more, or stand further from the camera in it (a smaller Y)"
    )


def _picture_of(view: View, place: "Scene") -> Array:
    return min(place.references, key=lambda r: abs(r.frame - view.time)).image
