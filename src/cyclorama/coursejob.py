"""How the light on the actor changes over the shot, with the place and with where he is in it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.interpolate import PchipInterpolator

from cyclorama.comp import COURSE_LONG_SIDE, Moment, cells_hw, clip_course, path_stops, settled, walks
from cyclorama.core.arrays import Array
from cyclorama.core.camera import CameraPath
from cyclorama.core.place import Footage, Place, Wall
from cyclorama.fingerprint import fingerprint
from cyclorama.job import Job
from cyclorama.settings import Settings

Course = tuple[tuple[float, float, float], ...]
COURSE_MOMENTS = 9
"""At which the light along the actor's path is read."""
_LEAST_STOPS = 0.1  # less is no course
_FASTEST = 2.0  # stops a second that a walk changes the light by, at most
_BESIDE = 0.2  # of the picture's longer side, from the actor: where surfaces begin to count less
_FAR = 1e6  # times the wall's unit: at infinity
_SOLID = 0.5
_NOT_OF_THE_LIGHT = ("output", "write", "frames", "film", "drawn", "layers", "work")


@dataclass(frozen=True)
class Looks:
    """``alphas``: the actor's, h w, at the frames that the one light was read from, and the place at these
    ``moments``; ``more``: makes ``COURSE_MOMENTS`` of them."""

    alphas: dict[int, Array]
    moments: tuple[Moment, ...]
    more: Callable[[], tuple[Moment, ...]]


def find_course(backdrop: Place, path: CameraPath, looks: Looks, job: Job, settings: Settings) -> Course:
    """Of ``Relighting``, for every frame of the plate; empty where nothing shows that the light changes."""
    if settings.light.steady_light:
        return ()
    made_from = fingerprint(settings, settings.inputs, without=_NOT_OF_THE_LIGHT)
    if isinstance(backdrop, Footage):
        stops = job.stages("course", made_from, lambda: _of_clip(backdrop, path, looks.alphas, job))
        why = "the clip's, which changes"
    elif not settings.key.is_given and walks(looks.moments):
        stops = job.stages("course", made_from, lambda: _of_walk(looks, len(path), float(job.plate.rate)))
        why = "the place's, which differs along his path"
    else:
        return ()
    if len(stops):
        told = f"the light on the actor follows {why} by {np.ptp(stops, 0).max():.1f} stops"
        job.notes.add("light", f"{told}; --steady-light holds it still")
    return tuple((float(r), float(g), float(b)) for r, g, b in stops)


def _of_walk(looks: Looks, total: int, rate: float) -> Array:
    """Smooth between the moments, and about what was read at ``looks.moments``."""
    found = path_stops(looks.more())
    at = np.linspace(0, total - 1, len(found)).round()
    if len(found) < COURSE_MOMENTS or np.ptp(found, 0).max() < _LEAST_STOPS:
        return np.zeros((0, 3))
    whole = PchipInterpolator(at, found)(np.arange(total))
    whole /= max(1.0, rate * np.abs(np.diff(whole, axis=0)).max() / _FASTEST)
    return np.asarray((whole - whole[sorted(looks.alphas)].mean(0)).round(3))


def _of_clip(clip: Footage, path: CameraPath, alphas: dict[int, Array], job: Job) -> Array:
    small = replace(clip, readers=tuple(reader.proxy(COURSE_LONG_SIDE) for reader in clip.readers))
    total, moves = len(clip.shown), clip.wall is None

    def pictures() -> Iterator[Array]:
        for index in range(total):
            job.progress("light", index + 1, total)
            yield small.picture(index)

    near = _near(small.readers[0].hw, clip.wall, path, alphas)
    return settled(clip_course(pictures(), near, moves=moves), sorted(alphas), moves=moves)


def _near(hw: tuple[int, int], wall: Wall | None, path: CameraPath, alphas: dict[int, Array]) -> Callable[[int], Array]:
    """How much what a clip shows counts at any frame, rows columns: near the actor most."""
    rows, columns = cells_hw(hw)
    v, u = np.mgrid[:rows, :columns] + 0.5
    places = np.stack([u.ravel() / columns, v.ravel() / rows], 1)
    known = {i: _weights(_seen_at(places, wall, path, i), a).reshape(rows, columns) for i, a in alphas.items()}
    at = sorted(known)

    def near(index: int) -> Array:
        later = min(int(np.searchsorted(at, index)), len(at) - 1)
        one, two = at[max(0, later - 1)], at[later]
        share = 1.0 if one == two else (index - one) / (two - one)
        return np.asarray((1 - share) * known[one] + share * known[two])

    return near


def _seen_at(places: Array, wall: Wall | None, path: CameraPath, index: int) -> Array:
    """Where the camera of a frame sees places of a clip (n 2, both 0..1): n 2, of the picture."""
    if wall is None:
        return places
    size = np.array(wall.camera.hw[::-1])
    depth = np.full(len(places), 1 / max(wall.inverse_depth, 1 / _FAR))
    px, ahead = path[index].project(wall.camera.unproject(places * size, depth))
    return np.where((ahead > 0)[:, None], px / np.array(path.hw[::-1]), np.inf)


def _weights(seen: Array, alpha: Array) -> Array:
    """1 at the actor, less beside him, (n,). ``seen``: places in the picture, n 2, 0..1 inside."""
    bare = (alpha <= _SOLID).astype(np.uint8)
    if bare.all():
        return np.ones(len(seen))
    h, w = alpha.shape
    beside = cv2.distanceTransform(bare, cv2.DIST_L2, cv2.DIST_MASK_5)
    inside = np.clip(seen, 0, 1)
    px = np.minimum(inside * [w, h], [w - 1, h - 1]).astype(int)
    outside = np.linalg.norm((seen - inside) * [w, h], axis=1)
    away = (beside[px[:, 1], px[:, 0]] + outside) / max(h, w)
    return np.asarray(1 / (1 + (away / _BESIDE) ** 2))
