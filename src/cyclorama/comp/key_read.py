"""A place's key light, read from the shadows that its own things cast on its ground and walls.

For a direction, what of the place lies in shadow follows from its depth: a map of what stands nearest to the light
(Williams 1978). The right direction explains where surfaces grow dark better than any other does. Only edges are
looked at, as broad shading and paint tell nothing of it. Of paint, by chance, little is explained, and by too faint a
shadow: so a direction counts by how much darker its shadows are, and how much more it explains than those beside it.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.comp.key_kernels import cast, shaded
from cyclorama.comp.light_surfaces import FLOOR, Moment, normals_of
from cyclorama.core.arrays import Array
from cyclorama.core.lighting import LUMINANCE, across, even_directions
from cyclorama.core.standing import Standing

_REACH = 6.0  # heights of the actor about his feet that are looked at
_CELL, _BIAS = 0.02, 0.06  # of his height: of the map across the light, and what casts no shadow on what is so near
_LOW, _HIGH = 0.06, 0.15  # of his height: what is lower is ground, what is higher is upright
_UPRIGHT = 0.4  # cosine between an upright surface's normal and up, at most
_JUMP = 0.03  # of the depth: more from pixel to pixel is an edge
_CLIPPED = 0.95  # of the display's white
_COVERS = 0.75  # pixels: the radius of what a pixel shows
_FINE_PX = 4  # what is broader than two boxes of this is not looked at
_LEAST = 150  # pixels
_LOWEST = 0.2  # sine of a key's elevation
_DIRECTIONS = 640  # over the sphere
_PEAKS, _ROUNDS, _AROUND = 8, 3, 6  # directions to begin from; rounds about each, each half as wide; looked at in one
_WIDE = np.radians(4.0)  # of the first round
_LITTLE = 1e-6
_BESIDE = np.radians(20.0)  # so far off, a direction is another one


@dataclass(frozen=True)
class CastKey:
    """``direction`` (3,) unit, towards the key; ``stops``: by which its shadows are darker; ``evidence``: the share of
    what varies that they explain; ``margin``: over the most that a direction well beside explains, in times."""

    direction: Array
    stops: float
    evidence: float
    margin: float


@dataclass(frozen=True)
class _Sheet:
    """Surfaces of one moment: ``seen`` h w bool, ``around`` n, the share of it about each, ``points`` n x 6 and
    ``shown`` n, what varies of their log2 luminance."""

    seen: Array
    around: Array
    points: Array
    shown: Array


def cast_key(moments: tuple[Moment, ...], standing: Standing) -> CastKey | None:
    """The best direction, however weak; None where nothing could show a shadow, as in a place without depth."""
    scene = _scene(moments, standing)
    if scene is None:
        return None
    up = standing.ground.normal
    directions = even_directions(_DIRECTIONS)
    directions = directions[directions @ up > _LOWEST]
    found = np.array([scene.explained(d) for d in directions])
    peaks = [directions[i] for i in _apart(directions, found[:, 0])]
    refined = [_refined(scene, d, up) for d in peaks]
    best, explained, stops = max(refined, key=lambda r: r[1])
    beside = [r[1] for r in refined if r[0] @ best < np.cos(_BESIDE)]
    most = max([*beside, *found[directions @ best < np.cos(_BESIDE), 0], _LITTLE])
    return CastKey(best, stops, explained, float(explained / most))


def _apart(directions: Array, found: Array) -> list[int]:
    """The best directions, each the best within ``_BESIDE`` / 2."""
    left, picked = found.copy(), []
    for _ in range(_PEAKS):
        i = int(left.argmax())
        picked.append(i)
        left[directions @ directions[i] > np.cos(_BESIDE / 2)] = -1
    return picked


def _refined(scene: "_Scene", start: Array, up: Array) -> tuple[Array, float, float]:
    best, (explained, stops) = start, scene.explained(start)
    for k in range(_ROUNDS):
        axes = across(best)
        for turn in 2 * np.pi * (np.arange(_AROUND) + 0.5 * (k % 2)) / _AROUND:
            tried = best + _WIDE / 2**k * (np.cos(turn) * axes[0] + np.sin(turn) * axes[1])
            tried /= np.linalg.norm(tried)
            one = scene.explained(tried)
            if one[0] > explained and tried @ up > _LOWEST:
                start, (explained, stops) = tried, one
        best = start
    return best, float(explained), float(stops)


@dataclass(frozen=True)
class _Scene:
    """``casters`` n x 4, heights of the actor from his feet."""

    casters: Array
    sheets: tuple[_Sheet, ...]
    nearest: Array

    def explained(self, direction: Array) -> tuple[float, float]:
        """The share of what varies that the shadows of a key explain, and by how many stops they are darker."""
        axes = across(direction).astype(np.float32)
        cast(self.casters, axes, np.float32(_CELL), self.nearest)
        both = own = every = 0.0
        for sheet in self.sheets:
            shadow = np.zeros(len(sheet.points), np.float32)
            shaded(sheet.points, axes, np.float32(_CELL), np.float32(_BIAS), self.nearest, shadow)
            fine = _fine(shadow, sheet.seen, sheet.around)
            both -= float(fine @ sheet.shown)
            own += float(fine @ fine)
            every += float(sheet.shown @ sheet.shown)
        if both <= 0 or own <= 0:
            return 0.0, 0.0
        return both**2 / (own * every), both / own


def _scene(moments: tuple[Moment, ...], standing: Standing) -> _Scene | None:
    casters, sheets = [], []
    for moment in moments:
        if not (moment.place.inverse_depth > 0).any():
            continue
        found, parts = _of_moment(moment, standing)
        casters.append(found)
        sheets += parts
    if not sheets or not sum(len(c) for c in casters):
        return None
    size = int(2 * _REACH / _CELL)
    return _Scene(np.concatenate(casters), tuple(sheets), np.empty((size, size), np.float32))


def _of_moment(moment: Moment, standing: Standing) -> tuple[Array, list[_Sheet]]:
    """What casts, and the ground and what is upright, which show shadows."""
    camera, ground, height = moment.camera, standing.ground, standing.height
    feet, inverse = standing.feet[len(standing.feet) // 2], moment.place.inverse_depth.astype(np.float64)
    h, w = inverse.shape
    v, u = np.mgrid[:h, :w] + 0.5
    px = np.stack([u.ravel(), v.ravel()], 1)
    depth = 1 / np.maximum(inverse, 1e-9)
    points = camera.unproject(px, depth.ravel()).reshape(h, w, 3)
    below = ((ground.where(camera, px) - feet) / height).reshape(h, w, 3)
    over, local = ground.height(points) / height, (points - feet) / height
    away = np.linalg.norm(local, axis=2)
    known = (moment.place.coverage > 0) & (inverse > 0)
    focal = np.sqrt(abs(np.linalg.det(camera.px_from_cam[:2, :2])))
    stands = known & (over > _LOW) & (away < 2 * _REACH)
    casters = np.column_stack([local[stands], (_COVERS * depth / focal / height)[stands]]).astype(np.float32)
    lum = np.log2(np.maximum(moment.place.color @ LUMINANCE, 0) + FLOOR)
    known &= moment.place.color.max(2) < _CLIPPED
    with np.errstate(invalid="ignore"):
        flat = known & (over < _LOW) & (np.linalg.norm(below, axis=2) < _REACH)
    flat = cv2.erode(flat.astype(np.uint8), np.ones((3, 3))) > 0
    normal = normals_of(points - camera.center)
    jump = np.hypot(*np.gradient(inverse)) / np.maximum(inverse, 1e-9)
    upright = known & (over > _HIGH) & (np.abs(normal @ ground.normal) < _UPRIGHT) & (jump < _JUMP) & (away < _REACH)
    pairs = ((flat, below, np.broadcast_to(ground.normal, below.shape)), (upright, local, normal))
    return casters, [_sheet(s, np.dstack([p, n]), lum) for s, p, n in pairs if s.sum() >= _LEAST]


def _sheet(seen: Array, both: Array, lum: Array) -> _Sheet:
    around = np.maximum(_blur(seen.astype(np.float32)), 1e-3)[seen]
    points = np.ascontiguousarray(both[seen], np.float32)
    return _Sheet(seen, around, points, _fine(lum[seen].astype(np.float32), seen, around))


def _fine(values: Array, seen: Array, around: Array) -> Array:
    """``values`` (n,) without what is broad."""
    plane = np.zeros(seen.shape, np.float32)
    plane[seen] = values
    return np.asarray(values - _blur(plane)[seen] / around)


def _blur(plane: Array) -> Array:
    once = cv2.blur(plane, (_FINE_PX, _FINE_PX), borderType=cv2.BORDER_CONSTANT)
    return np.asarray(cv2.blur(once, (_FINE_PX, _FINE_PX), borderType=cv2.BORDER_CONSTANT))
