"""What other programs gave of the actor: the clip that they relit, and a pass of his normals or depth."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from cyclorama.comp import DepthSense, NormalSense, likeness, read_relief, read_sense, told_spill
from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.core.layers import Foreground, Key
from cyclorama.core.passes import Normals, Relit
from cyclorama.job import Job
from cyclorama.light_words import LightSettings
from cyclorama.media import SurfaceClip, is_pattern, open_clip, open_surface
from cyclorama.media.pictures import PICTURE_SUFFIXES
from cyclorama.settings import Settings

_PASSES = {"--relit": "relit", "--normals": "normals", "--actor-depth": "actor_depth"}
_MOMENTS = 3
_ASPECT = 0.01  # share by which an aspect may differ: sizes are whole pixels
_UNLIKE = 0.1  # correlation of the details of two clips of one actor, under which they may not be of the same frames
_HALF = 0.5


def require_passes(settings: Settings, *, strength: float) -> None:
    """Refuse passes that would not be used. ``strength``: of the light on the actor."""
    light = settings.light
    given = [flag for flag, path in _PASSES.items() if getattr(light, path) is not None]
    if given and strength == 0:
        raise InputError(f"{given[0]} tells how the actor is lit, and relighting is off; leave one of them out")
    if "--relit" in given[:-1]:
        raise InputError(f"--relit brings its own light, and {given[1]} tells how the place's falls; leave one out")
    if len(given) == 2:
        raise InputError("--normals and --actor-depth tell the same; leave one of them out")
    if given and given != ["--relit"] and settings.drawn.engine != "geometry":
        engine = settings.drawn.engine
        raise InputError(f"{given[0]} serves --engine geometry, and {engine} lights by itself; leave one out")
    if light.relit is not None and light.shadow_strength == 0 and (light.environment or light.key_light):
        raise InputError(
            "--environment and --key tell of the shadow's light beside --relit, and shadows are off; leave them out"
        )


def find_relit(key: Key, job: Job, light: LightSettings) -> Relit | None:
    """None where none is given. ``InputError`` for one that does not fit the plate."""
    path = light.relit
    if path is None:
        return None
    _require_many(path, "the relit actor")
    folder = path.is_dir() or is_pattern(path)
    clip = open_clip(path, notes=job.notes, rate=job.plate.rate if folder else None, colour=job.plate.asked)
    job.stack.callback(clip.close)
    _require_fit(path, "the relit actor", (clip.num_frames, clip.hw), job)
    alike, spill, power = [], 0.0, 0.0
    for index, actor in _moments(key, job):
        frame = clip.frame(index)
        alike.append(likeness(actor, frame))
        told = told_spill(actor, job.plate.frame(index), frame)
        spill, power = spill + told[0], power + told[1]
    if not any(alike):
        raise InputError(f"{path}: it shows nothing where the actor is; export the whole frame, as the plate frames it")
    if max(alike) < _UNLIKE:
        words = (
            f"the detail of {path.name} is not the plate's ({max(alike):.2f} of 1); see that its frames are the same"
        )
        job.notes.add("light", words)
    with_spill = power > 0 and spill > _HALF * power
    made_from = "; it was made from the plate as shot: the screen's light on him counts for none" if with_spill else ""
    job.notes.add("light", f"the actor's light is that of {path.name}{made_from}.")
    return Relit(clip, 1.0 if light.relight is None else light.relight, with_spill)


@dataclass(frozen=True)
class _Given:
    """Normals of a clip."""

    clip: SurfaceClip
    sense: NormalSense | DepthSense

    def normals(self, index: int) -> Array:
        return self.sense.normals(self.clip.values(index))


def find_normals(key: Key, job: Job, light: LightSettings) -> Normals | None:
    """From a pass of normals or of depth; None where none is given. ``InputError`` for one that does not fit the plate
    or the actor."""
    path, is_depth = light.normals or light.actor_depth, light.normals is None
    if path is None:
        return None
    what = "the actor's depth" if is_depth else "the normals"
    _require_many(path, what)
    clip = open_surface(path, notes=job.notes, depth=is_depth)
    job.stack.callback(clip.close)
    _require_fit(path, what, (clip.num_frames, clip.hw), job)
    seen = [(clip.values(i), a.alpha) for i, a in _moments(key, job) if a.alpha.max() > _HALF]
    if not seen:
        raise InputError(f"{path}: how {what} runs is told from the actor, and he is not seen; leave it out")
    values, alphas = zip(*seen)
    try:
        if is_depth:
            return _Given(clip, read_relief(values, alphas))
        sense = read_sense(values, alphas, whole_numbers=clip.whole_numbers)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None
    for words in sense.notes:
        job.notes.add("light", words)
    return _Given(clip, sense)


def _moments(key: Key, job: Job) -> Iterator[tuple[int, Foreground]]:
    """All actors as one, at the begin, the middle and the end of the shot."""
    for index in np.unique(np.linspace(0, job.plate.num_frames - 1, _MOMENTS).round().astype(int)).tolist():
        yield index, key.foreground(index, job.plate.frame(index))


def _require_many(path: Path, what: str) -> None:
    if path.is_file() and path.suffix.lower() in PICTURE_SUFFIXES:
        raise InputError(f"{path}: {what} must be a clip or a folder of frames, and this is one picture")


def _require_fit(path: Path, what: str, found: tuple[int, tuple[int, int]], job: Job) -> None:
    num_frames, (h, w) = found
    height, width = job.plate.hw
    if num_frames != job.plate.num_frames or abs(w * height / (h * width) - 1) > _ASPECT:
        raise InputError(
            f"{path}: {what} must have the plate's {job.plate.num_frames} frames of {width}x{height}, or of another "
            f"size of that shape, got {num_frames} of {w}x{h}; export it for the whole plate"
        )
