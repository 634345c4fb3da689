"""The actor's shadow: whether the place has a ground for it, where he stands there, and which light he keeps off."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt

from cyclorama.comp import Moment, read_place
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.camera import CameraPath
from cyclorama.core.layers import Key
from cyclorama.core.lighting import LUMINANCE, Lighting, Relighting
from cyclorama.core.shadowing import Shadowing
from cyclorama.core.standing import Standing
from cyclorama.job import Job
from cyclorama.lightjob import as_told, place_moments
from cyclorama.matchmove import ANALYSIS_LONG_SIDE, Figures
from cyclorama.scenery import shown_plane
from cyclorama.settings import Settings
from cyclorama.standing import Stood, looks, standing_on

_NO_GROUND = "no ground was found: no shadow is cast; give --stand-at or a depth picture"
_NO_FEET = "the actor's feet are not seen on the ground of the place: no shadow is cast"
_NO_KEY = "no key light was read from the place: the actor darkens the ground at his feet alone; --key casts a shadow"
_RAMP = 4.0  # frames in which a shadow comes and goes where the picture cuts the feet off
_ABOUT = 2.0  # heights about the feet: the ground that says how bright the key makes it
_LIT = 90  # percentile of its luminance


@dataclass(frozen=True)
class Sight:
    """``figures``: the actor as the mattes show him; ``unit``: how far he is, in the path's unit."""

    path: CameraPath
    figures: Figures
    key: Key
    unit: float


def find_shadow(
    stood: Stood, sight: Sight, job: Job, settings: Settings, relighting: Relighting | None
) -> Shadowing | None:
    """None where none is asked for, or nothing to cast it on is known, which is noted."""
    strength = settings.light.shadow_strength
    if strength == 0:
        return None
    if not isinstance(stood.backdrop, Backdrop):
        job.notes.add("light", _NO_GROUND)
        return None
    plate = job.plate.proxy(ANALYSIS_LONG_SIDE)
    figures = sight.figures.look(plate, looks(stood.backdrop, len(sight.path), plate.rate))
    standing, why = _standing(stood.backdrop, stood.standing, sight, figures)
    if standing is None:
        job.notes.add("light", why)
        return None
    seen = feet_seen(figures)
    if not seen.any():
        job.notes.add("light", _NO_FEET)
        return None
    if seen.min() == 0:
        cut = int((seen == 0).sum())
        job.notes.add("light", f"the actor's feet are out of the picture in {cut} frames: no shadow is cast there")
    place = _light(stood, sight, job, settings) if relighting is None else relighting.place
    if place.key is None:
        job.notes.add("light", _NO_KEY)
    nobody = np.zeros(sight.path.hw, np.float32)
    lit = 0.0 if place.key is None else _lit(place_moments(stood.backdrop, sight.path, lambda _: nobody), standing)
    return Shadowing(standing, place, seen, lit, strength)


def _standing(
    backdrop: Backdrop, known: Standing | None, sight: Sight, figures: Figures
) -> tuple[Standing | None, str]:
    if known is not None:
        return known, ""
    views = backdrop.views
    ground = backdrop.ground or shown_plane(views[len(views) // 2], sight.unit)
    return (None, _NO_GROUND) if ground is None else (standing_on(ground, sight.path, figures), _NO_FEET)


def feet_seen(figures: Figures) -> Array:
    """(t,) 0..1: 0 where the picture cuts the feet off, as far as was looked, 1 some frames away."""
    looked = np.flatnonzero(np.isfinite(figures.covered))
    frames = np.arange(len(figures.covered))
    if not len(looked):
        return np.ones(len(frames))
    nearest = looked[np.abs(frames[:, None] - looked).argmin(1)]
    bare = ~np.isfinite(figures.feet[nearest]).all(1)
    if not bare.any():
        return np.ones(len(frames))
    return np.asarray(np.clip(distance_transform_edt(~bare) / _RAMP, 0, 1))


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
