"""The shadow layer: what the actor takes of the light that falls on the place.

Two parts, over one body of blobs that stands at the feet. What comes from all sides is hidden by as much as the body
fills of the dome over a surface (ambient occlusion: dark at the shoes, and on a wall close behind). What comes from the
key is hidden where the body stands before it, the more softly the further off. Where the place's own things keep the
key away already, nothing is left to take.
"""

import cv2
import numpy as np
from numba import njit

from cyclorama.comp.shadow_body import blobs
from cyclorama.comp.shadow_kernels import block, occlude, surfaces_of
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import SetFrame
from cyclorama.core.camera import Camera
from cyclorama.core.ground import GroundPlane
from cyclorama.core.lighting import LUMINANCE, Lighting, across
from cyclorama.core.shadowing import Shadowing

_LONG_SIDE = 160  # cells of the field
_REACH, _FADE = 3.0, 2.0  # heights of the actor from his feet: no shadow beyond, and whole up to
_CLOSE = 1.5  # heights from his feet: beyond, he hides nothing of the dome that could be seen
_FLAT = 0.06  # of the actor's height: lower things are ground
_NOTHING = 1 / 512
_SOFTEST, _HARDEST = 0.8, 0.01  # radians: sigma of the directions of a key as even as a sky; of the sun and its haze
_SOFTENING = 1.5  # power of a key's softness: what is called hard has an edge
_SMOOTH_CELLS = 0.7
_PAINT_STOPS = 1.0  # by so much less than ground in the key's light shows may be paint; twice as much is shadow
_TAPS = 3  # pixels a side that are looked at in a cell
_Surface = tuple[Array, Array, Array]


def shadow_field(alpha: Array, place: SetFrame, camera: Camera, index: int, shadowing: Shadowing) -> Array:
    """What the place of frame ``index`` is multiplied by: h' w' 3 float32, small, 0..1, 1 where nothing falls; 1 1 3
    where nothing falls at all. ``alpha``: of all actors, h w."""
    strength = shadowing.strength * float(shadowing.seen[index])
    if strength == 0:
        return np.ones((1, 1, 3), np.float32)
    h, w = alpha.shape
    scale = min(1.0, _LONG_SIDE / max(h, w))
    hw = (max(1, round(h * scale)), max(1, round(w * scale)))
    standing = shadowing.standing
    small = np.asarray(cv2.resize(alpha, hw[::-1], interpolation=cv2.INTER_AREA))
    body = blobs(small, camera, standing, index)
    if body is None:
        return np.ones((1, 1, 3), np.float32)
    feet, up = standing.feet[index], standing.ground.normal
    near, close = (np.array([*feet, r * standing.height], np.float32) for r in (_REACH, _CLOSE))
    surface = _surfaces(place, camera, hw, (standing.ground, near))
    points, normals, _ = surface
    hidden, blocked = np.empty(hw, np.float32), np.zeros(hw, np.float32)
    occlude(body, points, normals, up.astype(np.float32), close, hidden)
    ambient, key, toward = _parts(shadowing.place)
    if key.max() > 0:
        block(body, points, normals, _along(shadowing.place, feet - camera.center, up), near, blocked)
    both = np.dstack([hidden, blocked])
    if float(both.max()) < _NOTHING:
        return np.ones((1, 1, 3), np.float32)
    both = cv2.GaussianBlur(both, (0, 0), _SMOOTH_CELLS, borderType=cv2.BORDER_REPLICATE)
    lights = np.stack([ambient, key, toward]).astype(np.float32)
    out = np.empty((*hw, 3), np.float32)
    knobs = np.array([strength, shadowing.lit, _FADE / _REACH], np.float32)
    _weigh(both, surface, lights, place.color, knobs, out)
    return out


def _surfaces(place: SetFrame, camera: Camera, hw: tuple[int, int], where: tuple[GroundPlane, Array]) -> _Surface:
    """What every cell shows. ``where``: the ground; feet and reach (4,)."""
    ground, near = where
    v, u = np.mgrid[: hw[0], : hw[1]] + 0.5
    px = np.stack([u.ravel(), v.ravel()], 1)
    rays = (camera.resized(hw).unproject(px, np.ones(len(px))) - camera.center).reshape(*hw, 3).astype(np.float32)
    rows, columns = (((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(hw, place.inverse_depth.shape))
    inverse = np.ascontiguousarray(place.inverse_depth[np.ix_(rows, columns)])
    points, normals = np.zeros((*hw, 3), np.float32), np.empty((*hw, 3), np.float32)
    plane, tolerance = np.array([*ground.normal, ground.offset], np.float32), np.float32(_FLAT / _REACH) * near[3]
    surfaces_of(rays, inverse, camera.center.astype(np.float32), plane, near, tolerance, points, normals)
    return points, normals, near


def _parts(light: Lighting) -> tuple[Array, Array, Array]:
    """What white shows (3,) without the key, and what the key adds to what faces it; the direction towards it (3,)."""
    if light.key is None:
        return light.mean, np.zeros(3), np.zeros(3)
    toward = np.array(light.key.direction)
    facing, turned = 2.0 ** light.stops(np.stack([toward, -toward]))
    most = max(float((facing - turned) @ LUMINANCE), 0.0)
    return turned, most * np.array(light.key.color), toward


def _along(light: Lighting, view: Array, up: Array) -> Array:
    """The key as ``block`` asks for it, 4 x 3."""
    assert light.key is not None
    toward = np.array(light.key.direction)
    spread = max(_SOFTEST * light.key.softness**_SOFTENING, _HARDEST)
    front, lean = float(toward @ view) ** 2 / float(view @ view), float(toward @ up) ** 2
    return np.vstack([across(toward), [spread, front, lean]]).astype(np.float32)


def softness_of(spread: float) -> float:
    """The softness of a key whose directions have a sigma of ``spread`` radians."""
    return float(min(max(spread / _SOFTEST, 0.0) ** (1 / _SOFTENING), 1.0))


@njit(cache=True, nogil=True)
def _weigh(both, surface, lights, color, knobs, out):  # type: ignore[no-untyped-def]
    """What is left of the light: the dome's without what is hidden, the key's without what is blocked."""
    points, normals, near = surface
    ambient, key, toward = lights[0], lights[1], lights[2]
    strength, lit, fade = knobs[0], knobs[1], knobs[2]
    h, w, _ = out.shape
    one = np.float32(1.0)
    for y in range(h):
        for x in range(w):
            hidden, blocked = both[y, x, 0], both[y, x, 1]
            if max(hidden, blocked) < _NOTHING:
                out[y, x, :] = one
                continue
            n, p = normals[y, x], points[y, x]
            faces = max(n[0] * toward[0] + n[1] * toward[1] + n[2] * toward[2], np.float32(0.0))
            if blocked > 0 and lit > 0:
                faces *= _reached(color, y, x, (h, w), lit)
            dx, dy, dz = p[0] - near[0], p[1] - near[1], p[2] - near[2]
            far = np.sqrt(dx * dx + dy * dy + dz * dz) / near[3]
            part = strength * min(max((one - far) / (one - fade), np.float32(0.0)), one)
            for c in range(3):
                before = ambient[c] + key[c] * faces
                after = ambient[c] * (one - hidden) + key[c] * faces * (one - blocked)
                taken = part * (one - after / before)
                out[y, x, c] = one - taken if taken > _NOTHING else one


@njit(cache=True, nogil=True)
def _reached(color, y, x, cells, lit):  # type: ignore[no-untyped-def]
    """0..1: how far the key reaches a cell of the place already, by what it shows against ground in the key's light."""
    h, w, _ = color.shape
    shown = np.float32(0.0)
    for i in range(_TAPS):
        for j in range(_TAPS):
            row, column = int((y + (i + 0.5) / _TAPS) * h / cells[0]), int((x + (j + 0.5) / _TAPS) * w / cells[1])
            at = color[row, column]
            shown += np.float32(0.2126) * at[0] + np.float32(0.7152) * at[1] + np.float32(0.0722) * at[2]
    shown = max(shown / np.float32(_TAPS * _TAPS), np.float32(1e-4))
    return min(max(np.float32(2.0) - np.log2(lit / shown) / np.float32(_PAINT_STOPS), np.float32(0.0)), np.float32(1.0))
