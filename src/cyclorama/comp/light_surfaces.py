"""What is seen of a place as surfaces that light falls on: their colours, normals, and how far they are from the
actor."""

from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera
from cyclorama.core.lighting import LUMINANCE

FLOOR = 0.004  # added before a logarithm: about one 8-bit code above black
_FAR = 50.0  # times the actor's distance: beyond is sky
_BELOW = 0.1  # slope under the horizon from which a picture without depth shows ground
_ACTOR_SHOWN = 0.8  # of the distance of the ground at the lower border, where the actor's feet are cut
_TOO_FAR = 2.0  # times as far as the ground at his feet, what is seen there is something else
_SOLID = 0.5
_SKY_LUMINANCE, _SKY_STOPS, _SKY_BLUE = 0.25, 0.5, 0.9  # sky is bright, even within 3 x 3 pixels, not warmer than this


@dataclass(frozen=True)
class Moment:
    """A frame as light is read from it, small: the place, its camera, and the actor's alpha (h w)."""

    place: SetFrame
    camera: Camera
    alpha: Array


@dataclass(frozen=True)
class Surfaces:
    """``color`` n 3 scene-linear; ``normal`` n 3 and ``point`` n 3 in the world; ``distance`` n, from the actor, in
    units of the actor's distance from the camera; ``beside`` n, from his outline in the picture, in units of its longer
    side. ``measured``: the normals come from depth, else from where the horizon is. ``sky``: how much of the pictures
    shows open sky."""

    color: Array
    normal: Array
    distance: Array
    beside: Array
    measured: bool
    sky: float
    point: Array


def surfaces(moments: tuple[Moment, ...]) -> Surfaces:
    """All that the references show at these moments; what was filled or lies in the sky is left out."""
    parts = [_of_moment(m) for m in moments]
    color, normal, distance, beside, point = (
        np.concatenate([getattr(p, n) for p in parts]) for n in ("color", "normal", "distance", "beside", "point")
    )
    sky = float(np.mean([p.sky for p in parts]))
    return Surfaces(color, normal, distance, beside, all(p.measured for p in parts), sky, point)


def up_of(moments: tuple[Moment, ...]) -> Array:
    """Upwards, (3,): against the image's down axis of the middle camera."""
    return -moments[len(moments) // 2].camera.world_from_camera[:3, 1]


def _of_moment(moment: Moment) -> Surfaces:
    camera, inverse_depth = moment.camera, moment.place.inverse_depth
    h, w = inverse_depth.shape
    v, u = np.mgrid[:h, :w] + 0.5
    px = np.stack([u.ravel(), v.ravel()], 1)
    rays = camera.unproject(px, np.ones(len(px))) - camera.center
    depth, ray_row = 1 / np.maximum(inverse_depth.astype(np.float64), 1e-9), rays.reshape(h, w, 3)
    has_depth = bool((inverse_depth > 0).any())
    actor_px, actor_depth = actor_at(moment)
    if has_depth:
        normal, seen = normals_of(ray_row * depth[..., None]), depth < _FAR * actor_depth
    else:
        depth = np.full((h, w), actor_depth)
        normal, seen = _upright(ray_row, -camera.world_from_camera[:3, 1]), np.ones((h, w), bool)
    actor = (camera.unproject(actor_px[None], np.array([actor_depth])) - camera.center)[0]
    away = np.linalg.norm(ray_row * depth[..., None] - actor, axis=-1) / actor_depth
    seen &= moment.place.coverage > 0
    bare = (moment.alpha <= _SOLID).astype(np.uint8)
    beside = cv2.distanceTransform(bare, cv2.DIST_L2, cv2.DIST_MASK_5) if bare.min() == 0 else np.zeros((h, w))
    sky = float(_sky(moment, ray_row).mean())
    point = (ray_row * depth[..., None])[seen] + camera.center
    near = (away[seen], beside[seen] / max(h, w))
    return Surfaces(moment.place.color[seen], normal[seen], *near, has_depth, sky, point)


def _sky(moment: Moment, rays: Array) -> Array:
    """Where open sky is seen, h w bool: bright and even from the upper border down, and blue, white or grey."""
    color = np.maximum(moment.place.color, 0)
    shown = color @ LUMINANCE
    spread = cv2.morphologyEx(np.log2(shown + FLOOR).astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3)))
    like = (shown > _SKY_LUMINANCE) & (spread < _SKY_STOPS) & (color[..., 2] > _SKY_BLUE * color[..., 0])
    like &= (rays @ moment.camera.world_from_camera[:3, 1] < 0) & (moment.place.coverage > 0)
    _, label = cv2.connectedComponents(like.astype(np.uint8))
    return np.isin(label, label[0][like[0]])


def actor_at(moment: Moment) -> tuple[Array, float]:
    """The middle of the actor in pixels, (2,), and how far he is: as the ground at his feet. Without depth: 1."""
    alpha, inverse_depth = moment.alpha, moment.place.inverse_depth
    h, w = alpha.shape
    rows, columns = np.nonzero(alpha > _SOLID)
    if not len(rows):
        rows, columns = np.array([h - 1]), np.array([w // 2])
    middle = np.array([np.median(columns) + 0.5, np.median(rows) + 0.5])
    foot = rows.max()
    under = inverse_depth[foot, np.unique(columns[rows >= foot - max(1, h // 40)])]
    nearness = float(np.median(under))
    if not (inverse_depth > 0).any():
        return middle, 1.0
    ground = _ground_nearness(moment, middle[0], foot + 0.5)
    if ground is not None and nearness < ground / _TOO_FAR:  # he stands before something whose depth is not known
        nearness = ground
    if nearness <= 0:
        return middle, 1.0
    return middle, (_ACTOR_SHOWN if foot >= h - 2 else 1.0) / nearness


def _ground_nearness(moment: Moment, column: float, row: float) -> float | None:
    """One over the depth of the ground at a pixel; None where no ground is known there."""
    if moment.place.ground is None:
        return None
    _, depth = moment.camera.project(moment.place.ground.where(moment.camera, np.array([[column, row]])))
    return float(1 / depth[0]) if depth[0] > 0 else None


def normals_of(points: Array) -> Array:
    """Of a grid of points h w 3 as seen from the origin: unit, towards it."""
    normal = np.cross(np.gradient(points, axis=0), np.gradient(points, axis=1))
    normal /= np.linalg.norm(normal, axis=-1, keepdims=True) + 1e-12
    return normal * -np.sign((normal * points).sum(-1, keepdims=True))


def _upright(rays: Array, up: Array) -> Array:
    """Normals where no depth is known: ground below the horizon, above it upright surfaces that face the camera."""
    rise = rays @ up
    level = rays - rise[..., None] * up
    size = np.linalg.norm(level, axis=-1)
    ground = rise < -_BELOW * size
    return np.where(ground[..., None], up, -level / np.maximum(size, 1e-9)[..., None])
