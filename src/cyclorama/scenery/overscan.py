"""How much of a shot no picture of the place shows, measured before it is rendered, on small frames."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.scenery.complete import low_camera, thumbnail
from cyclorama.scenery.draw import draw

SIDES = ("left", "right", "top", "bottom")


@dataclass(frozen=True)
class Unseen:
    """What no picture shows of every frame of ``frames``, in percent of it.

    ``outside``: beyond the borders of all pictures, (t,); ``sides``: the same by the nearest border of the frame, in
    the order of ``SIDES``, (t, 4). ``hidden``: behind nearer things, (t,).
    """

    frames: tuple[int, ...]
    outside: Array
    sides: Array
    hidden: Array


def find_unseen(backdrop: Backdrop, path: CameraPath, frames: range) -> Unseen:
    """Measured for ``frames``; a camera that rests is looked through once."""
    low = thumbnail(backdrop)
    rows: list[tuple[float, ...]] = []
    last: Camera | None = None
    for frame in frames:
        if last is None or not _same(path[frame], last):
            rows.append(_shares(low, low_camera(path[frame]), float(frame)))
        else:
            rows.append(rows[-1])
        last = path[frame]
    table = 100 * np.array(rows).reshape(-1, len(SIDES) + 1)
    return Unseen(tuple(frames), table[:, :-1].sum(1), table[:, :-1], table[:, -1])


def _same(one: Camera, other: Camera) -> bool:
    return (
        np.array_equal(one.world_from_camera, other.world_from_camera)
        and np.array_equal(one.px_from_cam, other.px_from_cam)
        and one.lens == other.lens
    )


def _shares(low: Backdrop, camera: Camera, time: float) -> tuple[float, ...]:
    """Shares of one frame: outside at every side, hidden."""
    place = draw(low, camera, time)
    bare = place.coverage == 0
    if not bare.any():
        return (0.0,) * (len(SIDES) + 1)
    y, x = np.nonzero(bare)
    px, (h, w) = np.stack([x, y], 1) + 0.5, camera.hw
    points, far = _points(camera, px, place.inverse_depth[bare])
    outside = np.ones(len(px), bool)
    for view in low.views:
        outside &= ~_inside(view.camera, points, far)
    u, v = px.T / np.array([[w], [h]])
    nearest = np.argmin([u, 1 - u, v, 1 - v], 0)
    counts = np.bincount(nearest[outside], minlength=len(SIDES))
    return (*(counts / bare.size).tolist(), float((~outside).sum() / bare.size))


def _points(camera: Camera, px: Array, inverse_depth: Array) -> tuple[Array, Array]:
    """Where bare pixels lie, (n, 3): in the world, or a direction where they are ``far``, (n,) bool."""
    far = inverse_depth <= 1e-9
    depth = 1 / np.where(far, 1, inverse_depth.astype(np.float64))
    points = camera.unproject(px, depth)
    return np.where(far[:, None], points - camera.center, points), far


def _inside(camera: Camera, points: Array, far: Array) -> Array:
    """Whether the camera's picture shows these places, whatever is before them."""
    px, depth = camera.project(np.where(far[:, None], points + camera.center, points))
    h, w = camera.hw
    with np.errstate(invalid="ignore"):
        return np.asarray((depth > 0) & (px >= 0).all(1) & (px < [w, h]).all(1))
