"""The place put so that the actor's feet are on its ground.

The plate is never resampled: what is shifted and scaled is the picture of the place, and its depth so that the ground
under the feet is as far away as they are. In the axes of the plate's camera at one frame that is one linear map of the
place about the camera, z kept but for its scale: (x, y, z) to s (k x + a z, k y + b z, z).
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from scipy.linalg import rq

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, View
from cyclorama.core.camera import Camera, rigid
from cyclorama.core.ground import GroundPlane


@dataclass(frozen=True)
class Spot:
    """A place of the picture in the plate's frame before anything is moved. ``px`` (2,); ``depth`` of the ground there,
    along the camera's axis, infinite where no ground is known; ``drop``: pixels below the ground's horizon, NaN where
    none is known; ``beside``: how far the picture reaches left, up, right and down of it, in pixels."""

    px: Array
    depth: float
    drop: float
    beside: tuple[float, float, float, float]

    def least_zoom(self, feet_px: Array, hw: tuple[int, int]) -> float:
        """The smallest zoom with which the picture fills the frame when the spot is at ``feet_px``."""
        x, y = feet_px.tolist()
        wanted = (x, y, hw[1] - x, hw[0] - y)
        return max(need / max(has, 1e-9) for need, has in zip(wanted, self.beside))


def spot_of(view: View, camera: Camera, share: tuple[float, float], ground: GroundPlane | None) -> Spot:
    """Where ``camera``, which stands where the view was taken, sees the view's picture at ``share`` (of its width and
    height)."""
    h, w = view.camera.hw
    at = np.array([[share[0] * w, share[1] * h], [0, 0], [w, 0], [0, h], [w, h]], np.float64)
    camera = camera.pinhole
    rays = view.camera.unproject(at, np.ones(5)) - view.camera.center
    px, ahead = camera.project(camera.center + rays)
    if (ahead <= 0).any():
        raise ValueError("the view must look the same way as the camera")
    drop, depth = float("nan"), float("inf")
    if ground is not None:
        drop = float(px[0, 1] - ground.horizon(camera, float(px[0, 0])))
        point = ground.where(camera, px[:1])
        depth = float(camera.project(point)[1][0]) if drop > 0 else depth
    corners = px[1:]
    left, right = corners[[0, 2], 0].max(), corners[[1, 3], 0].min()
    top, bottom = corners[[0, 1], 1].max(), corners[[2, 3], 1].min()
    x, y = px[0]
    return Spot(px[0], depth, drop, (float(x - left), float(y - top), float(right - x), float(bottom - y)))


@dataclass(frozen=True)
class Move:
    """``zoom`` of the picture about the spot, which comes to ``feet_px`` of ``camera``; ``scale`` of the world about
    the camera."""

    camera: Camera
    spot: Spot
    feet_px: Array
    zoom: float
    scale: float

    @property
    def linear(self) -> Array:
        """3 x 3, in the camera's axes."""
        shift = np.eye(3)
        shift[0, 0] = shift[1, 1] = self.zoom
        shift[:2, 2] = self.feet_px - self.zoom * self.spot.px
        k = self.camera.px_from_cam
        out: Array = self.scale * np.linalg.inv(k) @ shift @ k
        return out


def moved(backdrop: Backdrop, move: Move, pictures: tuple[Array, ...] = ()) -> Backdrop:
    """The backdrop so placed. ``pictures``: those of its views (h w 3), of any size, where they are finer than the
    views."""
    r = move.camera.world_from_camera[:3, :3]
    linear = r @ move.linear @ r.T
    given: tuple[Array | None, ...] = pictures or (None,) * len(backdrop.views)
    views = tuple(_moved(v, move, linear, p) for v, p in zip(backdrop.views, given, strict=True))
    return replace(backdrop, views=views, ground=_moved_ground(backdrop.ground, move, linear))


def _moved_ground(ground: GroundPlane | None, move: Move, linear: Array) -> GroundPlane | None:
    if ground is None:
        return None
    center = move.camera.center
    normal = np.linalg.solve(linear.T, ground.normal)
    length = float(np.linalg.norm(normal))
    offset = -ground.height(center) / length + normal @ center / length
    return GroundPlane(normal / length, float(offset), ground.confidence)


def _moved(view: View, move: Move, linear: Array, picture: Array | None) -> View:
    """The view's rays and depths under the map: its pixels show moved rays, which are factored again (RQ) into
    intrinsics and a turn."""
    view = _finer(view, move.zoom, picture)
    own = view.camera
    rows = own.px_from_cam @ own.world_from_camera[:3, :3].T @ np.linalg.inv(linear)
    k, turn = rq(rows)
    signs = np.diag(np.sign(np.diag(k)))
    k, turn = k @ signs, signs @ turn
    center = move.camera.center + linear @ (own.center - move.camera.center)
    camera = Camera(own.hw, k / k[2, 2], rigid(turn.T, center), own.lens)
    return View(view.image, _inverse_depth(view, camera, turn @ linear), camera, view.time)


def _inverse_depth(view: View, camera: Camera, axis: Array) -> Array:
    """1/z along the new axis: a point at z = 1 on an old ray has a new z that is linear in the pixel."""
    own = view.camera
    row = (axis @ own.world_from_camera[:3, :3] @ np.linalg.inv(own.px_from_cam))[2]
    h, w = camera.hw
    x, y = np.arange(w, dtype=np.float64) + 0.5, np.arange(h, dtype=np.float64) + 0.5
    deep = (row[1] * y + row[2])[:, None] + row[0] * x
    return (view.inverse_depth / np.maximum(deep, 1e-9)).astype(np.float32)


def _finer(view: View, zoom: float, picture: Array | None) -> View:
    """The view with as many of its picture's own pixels as the zoom shows."""
    if picture is None:
        return view
    h, w = view.camera.hw
    gain = min(zoom, picture.shape[0] / h, picture.shape[1] / w)
    if gain <= 1 or abs(picture.shape[0] * w / (picture.shape[1] * h) - 1) > 0.01:
        return view
    hw = (round(h * gain), round(w * gain))
    image = np.maximum(cv2.resize(picture, hw[::-1], interpolation=cv2.INTER_AREA), 0)
    inverse = cv2.resize(view.inverse_depth, hw[::-1], interpolation=cv2.INTER_NEAREST)
    return View(image, inverse, view.camera.resized(hw), view.time)
