"""The lens and the film of a shot: read from the plate and from the place, and what follows for the picture."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from cyclorama.comp import (
    Moment,
    actor_at,
    grade_between,
    levels_of,
    missing_grain,
    read_grain,
    read_sharpness,
    read_shutter,
)
from cyclorama.comp.blur_read import Sharpness, Shutter
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import CameraPath
from cyclorama.core.errors import InputError
from cyclorama.core.film import Bokeh, Film, Glass, Grade, Grain
from cyclorama.core.layers import Key
from cyclorama.core.place import Footage
from cyclorama.film_words import DefocusArgument, FilmSettings
from cyclorama.job import Job
from cyclorama.keying import screen_key_of
from cyclorama.matchmove import FILM_BACK_MM
from cyclorama.scenery import draw
from cyclorama.settings import Settings
from cyclorama.standing import Stood

WRAP = 0.08
"""Of a wrap that nothing is said of."""
SEEN_GRAIN = 1 / 255
"""Display values: weaker grain is not added where nothing is said of it; it is lost in an 8-bit picture."""
_LOOKS = 6
_BARE, _WHOLE = 0.001, 0.98  # alpha of what is behind the actor, and of himself
_EDGE_SHARE = 0.01  # of the height, about the actor's outline: what shows his edge
_SHARP_PX = 0.6  # sigma of edges that are as sharp as pixels and their compression allow
_SURE_PX, _SURE_ERRORS = 0.25, 2.0  # by how much a plate must be softer than the place
_MOST_SOFT = 0.0025  # sigma, of the height
_DEGREES = 360.0
_RANGES = {"wrap": 1.0, "sharpness": 1.0, "shutter": _DEGREES, "grain": 2.0, "grade": 1.0, "vignette": 0.9,
           "aberration": 20.0}  # fmt: skip


def require_film(settings: Settings) -> None:
    """Refuse strengths that are none."""
    for name, most in _RANGES.items():
        value = getattr(settings.film, name)
        if value is not None and not 0 <= value <= most:
            raise InputError(f"--{name} must be 0 to {most:g}, got {value:g}")


@dataclass(frozen=True)
class FilmRead:
    """What was measured, None where it cannot be told, and ``film``: what is done."""

    plate_grain: Grain | None
    place_grain: Grain | None
    plate_sharpness: Sharpness | None
    place_sharpness: Sharpness | None
    shutter: Shutter | None
    film: Film

    def record(self) -> dict[str, Any]:
        """For JSON: what was measured of both, and what is done."""
        plate = {"grain": self.plate_grain, "sharpness": self.plate_sharpness, "shutter": self.shutter}
        place = {"grain": self.place_grain, "sharpness": self.place_sharpness}
        return {"plate": _record(plate), "place": _record(place), "done": _record(self.film)}

    def json(self) -> str:
        units = "grain in display values (1 is white), lengths in pixels of the plate, shutter in shares of a frame"
        return json.dumps({"units": units, **self.record()}, indent=1)


def _record(value: Any) -> Any:
    """For JSON, figures to five places."""
    if hasattr(value, "__dataclass_fields__"):
        value = asdict(value)
    if isinstance(value, dict):
        return {k: _record(v) for k, v in value.items()}
    if isinstance(value, (tuple, list)):
        return [_record(v) for v in value]
    return round(value, 5) if isinstance(value, float) else value


@dataclass(frozen=True)
class _Look:
    """A moment of the shot: the plate, its next frame (the one before at the end), the actor, the place."""

    plate: Array
    following: Array
    actor: Array
    alpha: Array
    place: SetFrame


def find_film(stood: Stood, path: CameraPath, key: Key, job: Job, settings: Settings) -> FilmRead:
    """Measure plate and place, and decide what is done. ``InputError`` for a defocus that cannot be."""
    looks = [_look(stood, path, key, job, int(i)) for i in _at(len(path))]
    screen = screen_key_of(key)
    filled = screen is not None and screen.model.is_flat
    bare = [(x.alpha < _BARE) & (not filled) for x in looks]
    plates, following, places = ([getattr(x, n) for x in looks] for n in ("plate", "following", "place"))
    shown = [x.place.coverage > 0 for x in looks]
    pictures = [p.color for p in places]
    asked = settings.film
    plate_grain = read_grain(plates, bare, following) if is_read(settings, asked.grain) else None
    place_grain = read_grain(pictures, shown)
    edge = [_about(x.alpha) for x in looks]
    of_plate = read_sharpness(plates, edge) if is_read(settings, asked.sharpness) else None
    sharp = of_plate, read_sharpness(pictures, shown)
    shutter = None
    if is_read(settings) and not path.is_locked_off and not isinstance(stood.backdrop, Footage):
        shutter = read_shutter(plates, following, [np.ones(x.alpha.shape, bool) for x in looks])
    film = Film(
        grade=_grade(looks, settings, shown) if asked.grade else None,
        bokeh=None if asked.defocus is None else _bokeh(stood, path, looks, asked.defocus),
        soften_px=_strength(asked, asked.sharpness) * softness(*sharp, path.hw[0]),
        shutter=_shutter(asked, shutter, isinstance(stood.backdrop, Footage)),
        wrap=is_read(settings) * WRAP * _strength(asked, None) if asked.wrap is None else asked.wrap,
        grain=_grain(plate_grain, place_grain, asked),
        glass=_glass(asked, path.hw),
    )
    return FilmRead(plate_grain, place_grain, *sharp, shutter, film)


def is_read(settings: Settings, asked: float | None = None) -> bool:
    """Whether a part, of which ``asked`` was said, is read from the plate: of footage the background that goes away
    would tell it, so only what is asked for is."""
    return bool(asked) or not settings.key.is_given


def _strength(asked: FilmSettings, own: float | None) -> float:
    """Of a part that is whole where nothing is said of it."""
    return own if own is not None else 0.0 if asked.no_film else 1.0


def _at(total: int) -> list[int]:
    """Between the frames that are likely to be references' own, where pictures are mixed."""
    return sorted({int((i + 0.5) * total / _LOOKS) for i in range(_LOOKS)})


def _look(stood: Stood, path: CameraPath, key: Key, job: Job, index: int) -> _Look:
    plate = job.plate.frame(index).copy()
    following = job.plate.frame(index + 1 if index + 1 < len(path) else max(index - 1, 0)).copy()
    actor = key.foreground(index, plate)
    return _Look(plate, following, actor.color, actor.alpha, draw(stood.backdrop, path[index], float(index)))


def _about(alpha: Array) -> Array:
    """The actor and what is close to his outline."""
    reach = max(2, round(_EDGE_SHARE * alpha.shape[0]))
    around = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return np.asarray(cv2.dilate((alpha > _BARE).astype(np.uint8), around) > 0)


def softness(plate: Sharpness | None, place: Sharpness | None, height: int) -> float:
    """Sigma of the Gaussian that makes the place as soft as the plate; 0 unless the plate is surely softer."""
    if plate is None or place is None:
        return 0.0
    error, sharp = float(np.hypot(plate.error_px, place.error_px)), max(place.sigma_px, _SHARP_PX)
    if plate.sigma_px - sharp < max(_SURE_PX, _SURE_ERRORS * error):
        return 0.0
    return min(float(np.sqrt(plate.sigma_px**2 - sharp**2)), _MOST_SOFT * height)


def _shutter(asked: FilmSettings, found: Shutter | None, moves_itself: bool) -> float:
    """As told, else as measured where that is sure; a clip that moves by itself was blurred when it was shot."""
    if moves_itself:
        return 0.0
    if asked.shutter is not None:
        return asked.shutter / _DEGREES
    return 0.0 if asked.no_film or found is None or not found.is_sure else found.share


def _grain(plate: Grain | None, place: Grain | None, asked: FilmSettings) -> Grain | None:
    if plate is None:
        return None
    if asked.grain is not None:
        return missing_grain(plate, place, asked.grain)
    return missing_grain(plate, place, _strength(asked, None), SEEN_GRAIN)


def _glass(asked: FilmSettings, hw: tuple[int, int]) -> Glass | None:
    if not asked.vignette and not asked.aberration:
        return None
    return Glass(asked.vignette, asked.aberration / float(np.hypot(*hw) / 2))


def _grade(looks: list[_Look], settings: Settings, shown: list[Array]) -> Grade | None:
    if settings.key.is_given:
        plate = levels_of([x.plate for x in looks], [np.ones(x.alpha.shape, bool) for x in looks])
    else:
        plate = levels_of([x.actor for x in looks], [x.alpha > _WHOLE for x in looks])
    place = levels_of([x.place.color for x in looks], shown)
    return None if plate is None or place is None else grade_between(place, plate, settings.film.grade)


def _bokeh(stood: Stood, path: CameraPath, looks: list[_Look], asked: DefocusArgument) -> Bokeh:
    """Sharp where the actor stands, as his feet tell; at infinity where no depth is known."""
    focus = [0.0] * len(path)
    if stood.standing is not None:
        focus = [1 / max(stood.standing.depth(c, i), 1e-6) for i, c in enumerate(path.cameras)]
    elif any((x.place.inverse_depth > 0).any() for x in looks):
        near = [1 / actor_at(Moment(x.place, path[i], x.alpha))[1] for i, x in zip(_at(len(path)), looks)]
        focus = np.interp(np.arange(len(path)), _at(len(path)), near).tolist()
    if asked.stop is None:
        return Bokeh((asked.percent or 0.0) / 100 * path.hw[0], tuple(focus))
    metres = stood.metres_per_unit
    if metres is None or focus[0] == 0:
        raise InputError(
            "--defocus f/N needs the scale of the place; add --actor-height METRES, or give the disc of a far point "
            "in percent of the height (--defocus 1.5)"
        )
    focal_px = float(path[0].px_from_cam[0, 0])
    focal_m = focal_px / path.hw[1] * FILM_BACK_MM / 1000
    distance_m = metres / float(np.median(focus))
    return Bokeh(focal_px * focal_m / asked.stop / distance_m, tuple(focus))


def tell(read: FilmRead, say: Callable[[str], None]) -> None:
    """``say`` what was measured and laid on the place, one sentence each."""
    film = read.film
    if film.soften_px:
        say(
            f"the place was softened by {film.soften_px:.1f} px to agree with the plate; --sharpness 0 leaves it sharp."
        )
    if film.shutter and read.shutter is not None and film.shutter == read.shutter.share:
        angle = _DEGREES * film.shutter
        say(f"the place was blurred by its motion as the plate was, by {angle:.0f} degrees; --shutter 0: not.")
    if film.grain:
        codes = 255 * float(np.mean(film.grain.sigma))
        say(f"the plate's grain that the place lacks, {codes:.1f} of 255, was added to it; --grain 0 leaves it out.")
