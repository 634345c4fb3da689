"""The ground of the place, from its depth."""

from dataclasses import replace

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import View
from cyclorama.core.ground import GroundPlane
from cyclorama.scenery.single import CAMERA_HEIGHT, single_place

MOST_TILT_DEG = 25.0
"""The ground's normal is at most so far from the cameras' mean up."""
_ACROSS, _DOWN = 64, 40  # places looked at in every view
_NEAR = 0.05
"""Of the camera's height: points so near the plane are on it. It is the share by which a depth may be wrong, too."""
_UNDER = 0.2  # of the camera's height: points so far below a plane say that it is not the ground
_MOST_UNDER = 0.08  # of the points
_LOW = 0.6  # of the picture's height from the top: below, ground is expected
_LEAST_POINTS = 60
_LEAST_SURE = 0.2  # of what is seen low in the pictures must be ground
_TRIALS, _ROUNDS = 500, 5


def find_plane(views: tuple[View, ...]) -> GroundPlane | None:
    """The level plane under the cameras that most of what is seen below them lies on (Fischler and Bolles 1981); None
    where the views have no depth or no such plane is clear."""
    points, centers, low = _points(views)
    if low.sum() < _LEAST_POINTS:
        return None
    up = -np.mean([v.camera.world_from_camera[:3, 1] for v in views], axis=0)
    up /= np.linalg.norm(up)
    on = _most(points, centers, low, up)
    if on is None:
        return None
    for _ in range(_ROUNDS):
        normal, offset = _fitted(points[on], centers[on], up)
        height, camera = points @ normal - offset, centers @ normal - offset
        on = np.abs(height) < _NEAR * camera
        if on.sum() < _LEAST_POINTS or normal @ up < np.cos(np.radians(MOST_TILT_DEG)):
            return None
    sure = float(on[low].mean())
    return GroundPlane(normal, float(offset), sure) if sure >= _LEAST_SURE else None


def guessed_plane(view: View, unit: float) -> GroundPlane:
    """The ground that one picture without depth probably shows, of confidence 0; level under a level camera where the
    picture does not say. ``unit``: how far the actor is."""
    found = shown_plane(view, unit)
    if found is not None:
        return found
    up = -view.camera.world_from_camera[:3, 1]
    return GroundPlane(up, float(up @ view.camera.center) - CAMERA_HEIGHT * unit, 0.0)


def shown_plane(view: View, unit: float) -> GroundPlane | None:
    """As ``guessed_plane``; None where the picture does not say."""
    inverse_depth = single_place(view.image, view.camera, unit).inverse_depth
    hw = (inverse_depth.shape[0], inverse_depth.shape[1])
    small = View(np.zeros((*hw, 3), np.float32), inverse_depth, view.camera.resized(hw), view.time)
    found = find_plane((small,))
    return None if found is None else replace(found, confidence=0.0)


def _points(views: tuple[View, ...]) -> tuple[Array, Array, Array]:
    """Points (n, 3) below the cameras, the centres (n, 3) that saw them, and which were seen low in a picture."""
    points, centers, low = [], [], []
    for view in views:
        h, w = view.camera.hw
        columns = ((np.arange(_ACROSS) + 0.5) * w / _ACROSS).astype(int)
        rows = ((np.arange(_DOWN) + 0.5) * h / _DOWN).astype(int)
        inverse = view.inverse_depth[np.ix_(rows, columns)].ravel().astype(np.float64)
        px = np.stack([x.ravel() + 0.5 for x in np.meshgrid(columns, rows)], 1)
        seen = inverse > 1e-6 * max(float(inverse.max()), 1e-12)
        found = view.camera.unproject(px[seen], 1 / inverse[seen])
        points.append(found)
        centers.append(np.broadcast_to(view.camera.center, found.shape))
        low.append(px[seen, 1] > _LOW * h)
    return np.concatenate(points), np.concatenate(centers), np.concatenate(low)


def _most(points: Array, centers: Array, low: Array, up: Array) -> Array | None:
    """Which points are on the best plane of three low ones."""
    random, least = np.random.default_rng(0), np.cos(np.radians(MOST_TILT_DEG))
    here = np.flatnonzero(low)
    best, held = None, _LEAST_POINTS
    for _ in range(_TRIALS):
        three = points[random.choice(here, 3, replace=False)]
        normal = np.cross(three[1] - three[0], three[2] - three[0])
        length = float(np.linalg.norm(normal))
        if length < 1e-12 or abs(normal @ up) < least * length:
            continue
        normal *= np.sign(normal @ up) / length
        height, camera = (points - three[0]) @ normal, (centers - three[0]) @ normal
        on = np.abs(height) < _NEAR * camera
        if on.sum() > held and camera.min() > 0 and (height < -_UNDER * camera).mean() < _MOST_UNDER:
            best, held = on, int(on.sum())
    return best


def _fitted(points: Array, centers: Array, up: Array) -> tuple[Array, float]:
    """Least squares, where a point counts by how sure its height is: a depth errs by a share of itself."""
    weight = 1 / np.maximum(((points - centers) ** 2).sum(1), 1e-12)
    middle = (weight[:, None] * points).sum(0) / weight.sum()
    normal = np.linalg.svd((points - middle) * np.sqrt(weight)[:, None], full_matrices=False)[2][-1]
    normal = normal * np.sign(normal @ up)
    return normal, float(normal @ middle)
