"""The actor's shadow and mirror image: whether the place has a ground for them, where he stands, in which light."""

from dataclasses import dataclass

import numpy as np

from cyclorama.comp import Moment, read_gloss, read_key, read_place, with_found
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.camera import CameraPath
from cyclorama.core.ground import GroundPlane
from cyclorama.core.layers import Key
from cyclorama.core.lighting import LUMINANCE, Lighting, Relighting
from cyclorama.core.mirroring import Mirroring
from cyclorama.core.place import Place
from cyclorama.core.shadowing import Shadowing
from cyclorama.core.standing import Standing
from cyclorama.footing import Footing, footing_on
from cyclorama.job import Job
from cyclorama.lightjob import as_told, place_moments
from cyclorama.matchmove import ANALYSIS_LONG_SIDE, Figures
from cyclorama.scenery import shown_plane
from cyclorama.settings import Settings
from cyclorama.standing import Stood, looks

_NO_GROUND = "no ground was found: the actor casts no shadow or mirror image; give --stand-at or a depth picture"
_NO_FEET = "the actor's feet are not seen on the ground of the place: he casts no shadow or mirror image"
_NO_KEY = "no key light was read from the place: the actor darkens the ground at his feet alone; --key casts a shadow"
_NO_MIRROR = "no mirror image of the place was found in its ground: it is taken to be matte, and mirrors no actor"
_BESIDE = 4  # frames about one that shows the feet
_ABOUT = 2.0  # heights about the feet: the ground that says how bright the key makes it
_LIT = 90  # percentile of its luminance


@dataclass(frozen=True)
class Sight:
    """``figures``: the actor as the mattes show him; ``unit``: how far he is, in the path's unit."""

    path: CameraPath
    figures: Figures
    key: Key
    unit: float


def find_footing(stood: Stood, sight: Sight, job: Job, settings: Settings) -> Footing | None:
    """Where the actor stands for his shadow and his mirror image; None where neither is asked for, or nothing is known
    of it, which is noted."""
    if settings.light.shadow_strength == 0 and settings.light.reflection_strength == 0:
        return None
    backdrop = stood.backdrop if isinstance(stood.backdrop, Backdrop) else None
    ground = None if backdrop is None else _ground(backdrop, sight.unit)
    if backdrop is None or ground is None:
        job.notes.add("light", _NO_GROUND)
        return None
    total, plate = len(sight.path), job.plate.proxy(ANALYSIS_LONG_SIDE)
    frames = looks(backdrop, total, plate.rate)
    figures = sight.figures.look(plate, frames)
    footing = footing_on(ground, sight.path, figures)
    if footing is None:  # seen whole too seldom: more is looked at about where he is
        seen = np.flatnonzero(np.isfinite(figures.feet).all(1)).tolist()
        near = {f + d for f in seen for d in range(-_BESIDE, _BESIDE + 1)} & set(range(total))
        figures = sight.figures.look(plate, sorted(near | set(frames)))
        footing = footing_on(ground, sight.path, figures)
    if footing is None or not footing.seen.any():
        job.notes.add("light", _NO_FEET)
        return None
    if footing.seen.min() == 0:
        cut = int((footing.seen == 0).sum())
        words = f"the actor's feet are out of the picture in {cut} frames: he casts no shadow or mirror image there"
        job.notes.add("light", words)
    return footing


def _ground(backdrop: Backdrop, unit: float) -> GroundPlane | None:
    return backdrop.ground or shown_plane(backdrop.views[len(backdrop.views) // 2], unit)


def find_shadow(
    footing: Footing | None, stood: Stood, sight: Sight, job: Job, settings: Settings, relighting: Relighting | None
) -> Shadowing | None:
    """None where none is asked for, or nothing to cast it on is known."""
    strength = settings.light.shadow_strength
    if footing is None or strength == 0:
        return None
    place = _light(stood, sight, job, settings) if relighting is None else relighting.place
    bare = bare_moments(stood.backdrop, sight.path)
    told = settings.light.environment is not None or settings.light.key_light is not None
    found = None if told else read_key(bare, footing.standing)
    if found is not None:
        place = with_found(place, found, footing.standing.ground.normal)
    if place.key is None:
        job.notes.add("light", _NO_KEY)
    lit = 0.0 if place.key is None else _lit(bare, footing.standing)
    return Shadowing(footing.standing, place, footing.seen, lit, strength)


def find_mirror(footing: Footing | None, stood: Stood, sight: Sight, job: Job, settings: Settings) -> Mirroring | None:
    """None where none is asked for, or the place's ground shows no mirror image, which is noted."""
    strength = settings.light.reflection_strength
    if footing is None or strength == 0:
        return None
    found = read_gloss(bare_moments(stood.backdrop, sight.path), footing.standing.ground)
    if found is None:
        job.notes.add("light", _NO_MIRROR)
        return None
    gloss, sources = found
    return Mirroring(footing.standing, footing.seen, gloss, sources, strength)


def bare_moments(backdrop: Place, path: CameraPath) -> tuple[Moment, ...]:
    """The place at some moments, with nobody in it."""
    nobody = np.zeros(path.hw, np.float32)
    return place_moments(backdrop, path, lambda _: nobody)


def _light(stood: Stood, sight: Sight, job: Job, settings: Settings) -> Lighting:
    def alpha_of(index: int) -> Array:
        return sight.key.foreground(index, job.plate.frame(index)).alpha

    moments = place_moments(stood.backdrop, sight.path, alpha_of)
    return as_told(read_place(moments), moments, job, settings)


def _lit(moments: tuple[Moment, ...], standing: Standing) -> float:
    """The luminance of ground in the key's light, near where the actor stands in the middle of the shot."""
    feet = standing.feet[len(standing.feet) // 2]
    shown = []
    for moment in moments:
        h, w = moment.alpha.shape
        v, u = np.mgrid[:h, :w] + 0.5
        points = standing.ground.where(moment.camera, np.stack([u.ravel(), v.ravel()], 1))
        near = np.linalg.norm(points - feet, axis=1) < _ABOUT * standing.height
        shown.append((moment.place.color.reshape(-1, 3) @ LUMINANCE)[near & (moment.place.coverage.ravel() > 0)])
    every = np.concatenate(shown)
    return float(max(np.percentile(every, _LIT), 0.0)) if len(every) else 0.0
