"""Where the actor's feet meet the place's ground, also a little below the picture's lower border."""

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import distance_transform_edt, gaussian_filter1d, median_filter

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.ground import GroundPlane
from cyclorama.core.standing import Standing
from cyclorama.matchmove import Figures

_LEAST_WHOLE = 2  # frames that show him from head to feet
_RAMP = 4.0  # frames in which a shadow comes and goes where the feet are lost
_MEDIAN, _SMOOTH = 5, 2.0  # frames
_DEEP = 40.0  # heights of the actor: feet further off are not on this ground
_STOOP = 0.04  # of his height: standard deviation of how high he carries his head
_STEP, _STANCE = 0.03, 0.02  # of his height: how far he moves in a frame, and what is not known of where he stands
_CUT_LITTLE, _CUT_MUCH = 0.15, 0.4  # of his height below the picture: up to the first he is told, from the second not


@dataclass(frozen=True)
class Footing:
    """``seen`` (t,), 0..1: how well the feet of every frame are known, 0 where they are not."""

    standing: Standing
    seen: Array


def footing_on(ground: GroundPlane, path: CameraPath, figures: Figures) -> Footing | None:
    """The feet on a ground in every frame; None where fewer than two frames show him whole on it. Where the picture
    cuts the feet off they are below its border, under his head: as far as the head at his height tells (well where the
    camera looks up or down to it) and near where he stood when they were seen."""
    height = _height(ground, path, figures)
    if not height > 0:
        return None
    feet, known = np.full((len(path), 3), np.nan), np.zeros(len(path))
    for index in np.flatnonzero(np.isfinite(figures.feet).all(1)):
        point = ground.where(path[int(index)], figures.feet[index][None])[0]
        if np.linalg.norm(point - path.centers[index]) < _DEEP * height:
            feet[index], known[index] = point, 1.0
    seen = np.flatnonzero(known)
    if not len(seen):
        return None
    for index in np.flatnonzero(figures.cut & np.isfinite(figures.heads).all(1)):
        nearest = seen[np.abs(seen - index).argmin()]
        stood = Standing(np.stack([feet[nearest]]), height, ground)
        feet[index], known[index] = _below(path[int(index)], figures.heads[index], stood, abs(int(nearest - index)))
    told, frames = np.flatnonzero(known), np.arange(len(path))
    every = np.stack([np.interp(frames, told, c) for c in feet[told].T], 1)
    steady = median_filter(every, (_MEDIAN, 1), mode="nearest")
    standing = Standing(gaussian_filter1d(steady, _SMOOTH, axis=0, mode="nearest"), height, ground)
    return Footing(standing, _ramped(known, np.flatnonzero(np.isfinite(figures.covered))))


def _height(ground: GroundPlane, path: CameraPath, figures: Figures) -> float:
    """The actor's, in units of the world; NaN where he is not seen whole."""
    found = []
    for index in np.flatnonzero(np.isfinite(figures.feet).all(1) & np.isfinite(figures.heads).all(1)):
        camera = path[int(index)]
        foot = ground.where(camera, figures.feet[index][None])[0] - camera.center
        ray = camera.unproject(figures.heads[index][None], np.ones(1))[0] - camera.center
        across = np.cross(ray, np.cross(ground.normal, ray))  # the vertical's point nearest the ray through his head
        rise = ground.normal @ across
        if np.isfinite(foot).all() and abs(rise) > 1e-9:
            found.append(float(-foot @ across / rise))
    return float(np.median(found)) if len(found) >= _LEAST_WHOLE else float("nan")


def _below(camera: Camera, head: Array, stood: Standing, frames: int) -> tuple[Array, float]:
    """The feet (3,) under a head (2,) in pixels, below the picture, and how well they are known. ``stood``: where his
    feet were seen last, so many frames away."""
    ground, height, up = stood.ground, stood.height, stood.ground.normal
    eye = float(ground.height(camera.center))
    border = np.array([head[0], camera.hw[0]])
    rays = camera.unproject(np.stack([head, border]), np.ones(2)) - camera.center
    level = rays - (rays @ up)[:, None] * up
    size = np.maximum(np.linalg.norm(level, axis=1), 1e-9)
    rise = (rays @ up) / size
    last = (stood.feet[0] - camera.center) @ level[0] / size[0]
    near, sure = max(float(last), 0.1 * height), (_STANCE + _STEP * frames) ** -2.0
    if abs(rise[0]) > 1e-6 and (far := (height - eye) / rise[0]) > 0:
        tells = (rise[0] / _STOOP) ** 2
        near = (near * sure + far * tells) / (sure + tells)
    if rise[1] < 0:
        near = min(near, -eye / rise[1])
    foot = camera.center - eye * up + near * level[0] / size[0]
    hidden = max(eye + near * rise[1], 0.0) / height
    return foot, float(np.clip((_CUT_MUCH - hidden) / (_CUT_MUCH - _CUT_LITTLE), 0, 1))


def _ramped(known: Array, looked: Array) -> Array:
    """(t,) 0..1: ``known`` of the frames that were looked at, in all of them, coming and going over some frames."""
    frames = np.arange(len(known))
    nearest = known if not len(looked) else known[looked[np.abs(frames[:, None] - looked).argmin(1)]]
    if (nearest > 0).all():
        return np.asarray(nearest)
    return np.asarray(np.minimum(nearest, np.clip(distance_transform_edt(nearest > 0) / _RAMP, 0, 1)))
