"""The light of a shot: read from the place where the actor stands, and from the stage that he was shot on."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import cv2
import numpy as np

from cyclorama.comp import Moment, from_panorama, read_place, up_of, with_key
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import CameraPath
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Key
from cyclorama.core.lighting import Lighting, Relighting, studio
from cyclorama.core.place import Place
from cyclorama.coursejob import COURSE_MOMENTS, Looks, find_course
from cyclorama.job import Job
from cyclorama.keying import screen_key_of
from cyclorama.media import read_environment
from cyclorama.passes import require_passes
from cyclorama.scenery import draw
from cyclorama.settings import Settings

_MOMENTS = 3
_LONG_SIDE = 192
_BARE = 0.05  # alpha up to which a plate shows what is behind the actor


def require_light(settings: Settings) -> None:
    """Refuse a strength that is none, and light that would not be used."""
    light = settings.light
    if light.relight is not None and not 0 <= light.relight <= 1:
        raise InputError(f"--relight must be 0 (not at all) to 1 (whole), got {light.relight:g}")
    if light.shadow is not None and not 0 <= light.shadow <= 1:
        raise InputError(f"--shadow must be 0 (none) to 1 (whole), got {light.shadow:g}")
    if light.reflection is not None and not 0 <= light.reflection <= 1:
        raise InputError(f"--reflection must be 0 (none) to 1 (whole), got {light.reflection:g}")
    off = light.no_relight or light.relight == 0
    require_passes(settings, strength=0.0 if off else 1.0)
    unused = strength_of(settings) == 0 and light.shadow_strength == 0
    if unused and (light.environment is not None or light.key_light is not None):
        words = "--environment and --key say how to light, and relighting and shadows are off; leave one of them out"
        raise InputError(words)


def strength_of(settings: Settings, *, lit: bool = True) -> float:
    """As asked; else whole where the place's light is told, and where the stage's is known. ``lit``: he was keyed off a
    screen that lights shone on."""
    light = settings.light
    if light.no_relight:
        return 0.0
    if light.relight is not None:
        return light.relight
    words = (light.environment, light.key_light, light.normals, light.actor_depth)
    told = any(word is not None for word in words)
    return 1.0 if told or (lit and not settings.key.is_given) else 0.0


def find_light(backdrop: Place, path: CameraPath, key: Key, job: Job, settings: Settings) -> Relighting | None:
    """From the stage's light to the place's; None at strength 0, and where a relit clip brings the light.
    ``InputError`` for an environment that is none."""
    if settings.light.relit is not None:
        return None
    screen = screen_key_of(key)
    lit = screen is not None and not screen.model.is_flat
    strength = strength_of(settings, lit=lit)
    if strength == 0:
        if settings.light.relight is None and not settings.light.no_relight:
            words = "the actor keeps the light that he was shot in, which is not known here; --relight 1 guesses it"
            job.notes.add("light", words)
        return None

    def alpha_of(index: int) -> Array:
        return key.foreground(index, job.plate.frame(index)).alpha

    alphas = {i: alpha_of(i) for i in _at(path)}
    moments = place_moments(backdrop, path, lambda i: alphas[i])
    if settings.key.is_given:
        stage = read_place(tuple(_footage_moments(job, path, alphas)))
        place = read_place(tuple(_without_depth(m) for m in moments))
        job.notes.add("light", "the light that the actor was shot in was read from the footage behind him.")
    else:
        stage, place = studio(up_of(moments)), read_place(moments)
        job.notes.add("light", "the stage was taken to be lit evenly, with white at the display's white.")
    looks = Looks(alphas, moments, lambda: place_moments(backdrop, path, alpha_of, COURSE_MOMENTS))
    course = find_course(backdrop, path, looks, job, settings)
    return Relighting(stage, as_told(place, moments, job, settings), strength, lit, course)


def as_told(place: Lighting, moments: tuple[Moment, ...], job: Job, settings: Settings) -> Lighting:
    """The place's light with what the user gave of it."""
    world_from_camera = moments[len(moments) // 2].camera.world_from_camera[:3, :3]
    if settings.light.environment is not None:
        panorama = read_environment(settings.light.environment, job.notes)
        place = from_panorama(panorama, place, world_from_camera)
    if settings.light.key_light is not None:
        word = settings.light.key_light
        toward = None if word.toward is None else world_from_camera @ np.array(word.toward)
        place = with_key(place, toward, word.warmth_stops, word.softness)
    return place


def _at(path: CameraPath, count: int = _MOMENTS) -> list[int]:
    return [int(i) for i in np.unique(np.linspace(0, len(path) - 1, count).round())]


def place_moments(
    backdrop: Place, path: CameraPath, alpha_of: Callable[[int], Array], count: int = _MOMENTS
) -> tuple[Moment, ...]:
    """The place, small, at ``count`` frames, the first, the middle and the last among them. ``alpha_of``: the actor's
    alpha there, h w."""
    found = []
    for index in _at(path, count):
        alpha = _small(alpha_of(index))
        camera = path[index].resized(alpha.shape)
        found.append(Moment(draw(backdrop, camera, float(index)), camera, alpha))
    return tuple(found)


def _without_depth(moment: Moment) -> Moment:
    return replace(moment, place=replace(moment.place, inverse_depth=np.zeros_like(moment.alpha)))


def _footage_moments(job: Job, path: CameraPath, alphas: dict[int, Array]) -> Iterator[Moment]:
    for index, full in alphas.items():
        alpha, color = _small(full), _small(job.plate.frame(index))
        bare = (alpha < _BARE).astype(np.float32)
        yield Moment(SetFrame(color, np.zeros_like(alpha), bare), path[index].resized(alpha.shape), alpha)


def _small(picture: Array) -> Array:
    h, w = picture.shape[:2]
    scale = min(1.0, _LONG_SIDE / max(h, w))
    size = (max(2, round(w * scale)), max(2, round(h * scale)))
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
