"""Depth order: what of the place stands before the actor.

In doubt nothing does. A surface hides the actor only if it rises from the ground, is nearer than he by more than he can
reach, and was seen at the same depth by a second view while none sees through it (or its depth was given); and such a
thing counts only if it stands on the ground or comes in from outside the picture, and is before him in several frames.
All but the comparison of depths is decided once, in the place, so that it is the same in every frame.
"""

from collections.abc import Sequence

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, SetFrame, View
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.standing import Standing

_REACH, _CLEAR = 0.35, 0.5
"""Of the actor's height, nearer than his feet: from the first on surfaces begin to hide him, from the second they do
altogether. An arm and a step forward reach less than the first."""
_RISES = 0.08  # of the actor's height over the ground: lower things hide no one
_AGREE = 0.04  # share by which two views' depths of one surface may differ
_THROUGH = 0.15  # share by which what a view sees must be further off to say that it sees through a surface
_STANDS = 0.3  # of the actor's height: things that end so low over the ground stand on it
_LONG_SIDE = 640
_LEAST_AREA = 1e-3  # of a view: smaller things are errors
_LEAST_FRAMES = 3  # of those looked at
_SLIM = 0.5  # of the actor's height: how far to either side of his feet he is expected
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_EDGE = 1 / 160  # of the picture's width: within so many pixels a cover's edge follows the picture's
_FLAT = 1e-4  # variance of display-like brightness below which nothing is an edge


def occluders(
    backdrop: Backdrop, standing: Standing, path: CameraPath, frames: Sequence[int], *, given: bool = False
) -> tuple[Array, ...] | None:
    """One mask for every view, of what may hide the actor; None where nothing may. ``frames``: those looked at.
    ``given``: the views' depths were measured, and one is enough."""
    small = [_small(v) for v in backdrop.views]
    sights = [(path[i], standing.depth(path[i], i), standing.feet[i]) for i in frames]
    masks = []
    for index, view in enumerate(small):
        points, near = _points(view), view.inverse_depth > 0
        risen = near & (standing.ground.height(points) > _RISES * standing.height)
        others = [v for i, v in enumerate(small) if i != index]
        sure = risen if given else risen & _confirmed(points, risen, others)
        masks.append(_before(points, sure, sights, standing))
    return tuple(masks) if any(m.any() for m in masks) else None


def cover(
    backdrop: Backdrop, masks: tuple[Array, ...], place: SetFrame, camera: Camera, seen: tuple[Standing, int, Array]
) -> Array | None:
    """How much of each pixel is hidden in one frame, h w float32, 0..1; None where nothing is. ``seen``: where the
    actor stands, the frame, and his alpha."""
    standing, index, alpha = seen
    depth = standing.depth(camera, index)
    near, clear = depth - _REACH * standing.height, depth - _CLEAR * standing.height
    if clear <= 0:
        return None
    radius = max(2, round(_EDGE * alpha.shape[1]))
    box = _box(alpha, 2 * radius)
    if box is None:
        return None
    inverse = place.inverse_depth[box]
    rows, columns = np.nonzero(inverse > 1 / near)
    if not len(rows):
        return None
    px = np.stack([columns + box[1].start + 0.5, rows + box[0].start + 0.5], 1)
    points = camera.unproject(px, 1.0 / inverse[rows, columns].astype(np.float64))
    sure = _seen_solid(points, backdrop.views, masks)
    sure &= standing.ground.height(points) > _RISES * standing.height
    if not sure.any():
        return None
    hard = np.zeros(inverse.shape, np.float32)
    share = (inverse[rows, columns] - 1 / near) / (1 / clear - 1 / near)
    hard[rows, columns] = np.where(sure, np.clip(share, 0, 1), 0)
    out = np.zeros(alpha.shape, np.float32)
    out[box] = _soft(hard, place.color[box], radius)
    return out if float((out * alpha).max()) > 1 / 255 else None


def _box(alpha: Array, margin: int) -> tuple[slice, slice] | None:
    rows, columns = np.flatnonzero(alpha.max(1) > 0), np.flatnonzero(alpha.max(0) > 0)
    if not len(rows):
        return None
    h, w = alpha.shape
    down = slice(max(0, int(rows[0]) - margin), min(h, int(rows[-1]) + 1 + margin))
    return down, slice(max(0, int(columns[0]) - margin), min(w, int(columns[-1]) + 1 + margin))


def _soft(hard: Array, color: Array, radius: int) -> Array:
    """The cover with the picture's own edges: the guided filter of He, Sun and Tang (2010)."""
    guide = np.sqrt(np.maximum(color @ _LUMINANCE, 0)).astype(np.float32)
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(a: Array) -> Array:
        return np.asarray(cv2.boxFilter(a, cv2.CV_32F, size, borderType=cv2.BORDER_REFLECT))

    middle, level = mean(guide), mean(hard)
    slope = (mean(guide * hard) - middle * level) / (mean(guide * guide) - middle * middle + _FLAT)
    soft = mean(slope) * guide + mean(level - slope * middle)
    # Inside and well outside, where all around is one, it stays that.
    soft[level > 1 - 1e-4], soft[level < 1e-4] = 1, 0
    return np.clip(soft, 0, 1).astype(np.float32)


def _small(view: View) -> View:
    h, w = view.camera.hw
    scale = min(1.0, _LONG_SIDE / max(h, w))
    if scale == 1:
        return view
    hw = (round(h * scale), round(w * scale))
    inverse = cv2.resize(view.inverse_depth, hw[::-1], interpolation=cv2.INTER_NEAREST)
    return View(np.zeros((*hw, 3), np.float32), inverse, view.camera.resized(hw), view.time)


def _points(view: View) -> Array:
    """World points h w 3 of every pixel, float64; far out where the depth is infinite."""
    h, w = view.camera.hw
    u, v = np.meshgrid(np.arange(w) + 0.5, np.arange(h) + 0.5)
    depth = 1 / np.maximum(view.inverse_depth.ravel().astype(np.float64), 1e-9)
    return view.camera.unproject(np.stack([u.ravel(), v.ravel()], 1), depth).reshape(h, w, 3)


def _looked_up(points: Array, camera: Camera, hw: tuple[int, int]) -> tuple[Array, Array, Array]:
    """Row, column (of a plane of ``hw``) and depth at which ``camera`` sees points (n, 3); row -1 where it does not."""
    px, depth = camera.project(points)
    with np.errstate(invalid="ignore"):
        px = px * [hw[1] / camera.hw[1], hw[0] / camera.hw[0]]
        inside = (depth > 0) & (px >= 0).all(1) & (px[:, 0] < hw[1]) & (px[:, 1] < hw[0])
    at = np.where(inside[:, None], px, 0).astype(int)
    return np.where(inside, at[:, 1], -1), at[:, 0], depth


def _confirmed(points: Array, among: Array, others: list[View]) -> Array:
    """Which pixels some other view saw at the same depth, and none sees through."""
    out = np.zeros(among.shape, bool)
    ask = points[among]
    found, through = np.zeros(len(ask), bool), np.zeros(len(ask), bool)
    for view in others:
        row, column, depth = _looked_up(ask, view.camera, view.camera.hw)
        beyond = view.inverse_depth[row, column] * depth - 1
        found |= (row >= 0) & (np.abs(beyond) < _AGREE)
        through |= (row >= 0) & (beyond < -_THROUGH)
    out[among] = found & ~through
    return out


def _before(points: Array, sure: Array, sights: list[tuple[Camera, float, Array]], standing: Standing) -> Array:
    """Things, as joined pixels, that are before the actor in enough frames."""
    height = standing.height
    among = np.flatnonzero(sure.ravel())
    ask = points.reshape(-1, 3)[among]
    nearer, hits = np.zeros(len(ask), bool), []
    for camera, depth, feet in sights:
        px, z = camera.project(ask)
        front = (z > 0) & (z < depth - _REACH * height)
        nearer |= front
        at = camera.project(feet[None])[0][0]
        tall = camera.px_from_cam[1, 1] * height / max(depth, 1e-9)
        beside, over = px[:, 0] - at[0], at[1] - px[:, 1]
        hits.append(front & (np.abs(beside) < _SLIM * tall) & (over > 0) & (over < 1.1 * tall))
    plane = np.zeros(sure.size, np.uint8)
    plane[among[nearer]] = 1
    whole = cv2.morphologyEx(plane.reshape(sure.shape), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(whole)
    frames = np.zeros(count, int)
    for hit in hits:
        frames[np.unique(labels.ravel()[among[hit]])] += 1
    kept = (stats[:, cv2.CC_STAT_AREA] >= _LEAST_AREA * sure.size) & (frames >= min(_LEAST_FRAMES, len(hits)))
    kept &= _held_up(labels, standing.ground.height(points) < _STANDS * height, count)
    kept[0] = False
    return np.asarray(cv2.dilate(kept[labels].astype(np.uint8), np.ones((3, 3), np.uint8)).astype(bool))


def _held_up(labels: Array, low: Array, count: int) -> Array:
    """Which of the things (count,) come down to the ground or reach a border of the picture."""
    out = np.zeros(count, bool)
    out[labels[low]] = True
    for edge in (labels[:2], labels[-2:], labels[:, :2], labels[:, -2:]):
        out[edge] = True
    return out


def _seen_solid(points: Array, views: tuple[View, ...], masks: tuple[Array, ...]) -> Array:
    """Which points (n, 3) lie on the masked surfaces of some view."""
    out = np.zeros(len(points), bool)
    for view, mask in zip(views, masks, strict=True):
        row, column, depth = _looked_up(points, view.camera, view.camera.hw)
        same = np.abs(view.inverse_depth[row, column] * depth - 1) < _AGREE
        row, column, _ = _looked_up(points, view.camera, mask.shape)
        out |= (row >= 0) & same & mask[row, column]
    return out
