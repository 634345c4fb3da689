"""A backdrop as a camera sees it.

Depth goes forward, colour comes back: every view's depth is splatted into the new camera (nearest surface wins), and
each new pixel fetches its colour from the views that saw that surface, so that one pixel has one depth and nothing
ghosts. The new camera's lens is part of both ways (``bend``).
"""

from typing import NamedTuple, assert_never

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, SetFrame, View
from cyclorama.core.camera import Camera
from cyclorama.core.place import Footage, Place, Sphere
from cyclorama.scenery.bend import Bend, bend_of, seen_row, sight_row
from cyclorama.scenery.fill import fill_holes
from cyclorama.scenery.footage import draw_footage
from cyclorama.scenery.look_up import cubic
from cyclorama.scenery.made import FINE_LONG_SIDE, lay_made
from cyclorama.scenery.mapping import mapping
from cyclorama.scenery.panorama import draw_sphere

_SPARSE = 0.3  # a view that counts in fewer pixels than this part is sampled there only
_CRACK = 3  # holes that are narrower are cracks between samples
_TOLERANCE = 0.03  # of the nearest inverse depth: surfaces closer than this are one


class _Way(NamedTuple):
    """From one camera to another: ``mapping`` in float32, and the lenses of both."""

    a: Array
    b: Array
    here: Bend
    there: Bend


def draw(place: Place, camera: Camera, time: float) -> SetFrame:
    """The place from ``camera``; ``time``, in frames of the plate, says which references to prefer and what a clip
    shows."""
    match place:
        case Sphere():
            return draw_sphere(place, camera)
        case Footage():
            return draw_footage(place, camera, round(time))
        case Backdrop():
            return draw_views(place, camera, time)
    assert_never(place)


def draw_views(backdrop: Backdrop, camera: Camera, time: float) -> SetFrame:
    """As ``draw``, of pictures with depth."""
    views = backdrop.views
    inverse_depth, bare = _depth(views, camera)
    color = np.zeros((*camera.hw, 3), np.float32)
    weight = np.zeros(camera.hw, np.float32)
    bend = bend_of(camera)
    for share, view in sorted(zip(time_weights(backdrop, time), views), key=lambda pair: -pair[0]):
        a, b = mapping(camera, view.camera)
        way = _Way(a.astype(np.float32), b.astype(np.float32), bend, bend_of(view.camera))
        _add_view(view, way, share, inverse_depth, (color, weight))
    if _normalise(color, weight) | bare.any():
        nothing = weight == 0
        weight[bare] = 0  # what views say of it is a guess, kept where nothing was made
        rest = lay_made(backdrop.made, camera, (color, inverse_depth), weight == 0)
        fill_holes(color, rest & nothing)
    return SetFrame(color, inverse_depth, weight, backdrop.ground)


def time_weights(backdrop: Backdrop, time: float) -> list[float]:
    """Nearest reference in time first, 1 / (1 + |dt|)^p, so that a reference's own frame is that reference."""
    weights = [1.0 / (1.0 + abs(v.time - time)) ** backdrop.falloff for v in backdrop.views]
    return [x / sum(weights) for x in weights]


def _depth(views: tuple[View, ...], camera: Camera) -> tuple[Array, Array]:
    """Inverse depth of the nearest surface that any view puts before the camera, h w float32, holes filled; and where
    they were, h w bool, but for cracks that what is around closes."""
    if not any(view.inverse_depth.any() for view in views):
        return np.zeros(camera.hw, np.float32), np.zeros(camera.hw, bool)
    step = 2 if max(camera.hw) > FINE_LONG_SIDE else 1
    small = camera.resized((-(-camera.hw[0] // step), -(-camera.hw[1] // step)))
    splatted, bend = np.full(small.hw, -1.0, np.float32), bend_of(small)
    for view in views:
        source = np.ascontiguousarray(view.inverse_depth[step // 2 :: step, step // 2 :: step])
        camera_there = view.camera.resized(source.shape)
        a, b = (x.astype(np.float32) for x in mapping(camera_there, small))
        _splat(source, _Way(a, b, bend_of(camera_there), bend), splatted)
    whole, holes = _close_cracks(splatted)
    bare = (whole < 0).astype(np.uint8)
    if holes:
        fill_holes(whole[..., None], whole < 0)
        bare = np.asarray(cv2.morphologyEx(bare, cv2.MORPH_OPEN, np.ones((_CRACK, _CRACK), np.uint8)))
    if step != 1:
        whole = cv2.resize(whole, camera.hw[::-1], interpolation=cv2.INTER_NEAREST)
        bare = np.asarray(cv2.resize(bare, camera.hw[::-1], interpolation=cv2.INTER_NEAREST))
    return whole, bare > 0


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _project(inverse_depth, y, a, b, u, v, inverse):  # type: ignore[no-untyped-def]
    """Row ``y`` of a plane of depths, mapped: position in the other picture and z_here / z_there. Without branches, so
    that it runs several pixels at a time; behind the camera the position is far outside."""
    py = np.float32(y) + np.float32(0.5)
    u0, v0, z0 = a[0, 1] * py + a[0, 2], a[1, 1] * py + a[1, 2], a[2, 1] * py + a[2, 2]
    a0, a1, a2, b0, b1, b2 = a[0, 0], a[1, 0], a[2, 0], b[0], b[1], b[2]
    for x in range(inverse_depth.shape[1]):
        px = np.float32(x) + np.float32(0.5)
        d = inverse_depth[y, x]
        z = a2 * px + z0 + b2 * d
        k = np.float32(1.0) / max(z, np.float32(1e-6))
        away = np.float32(-1e9) if z <= np.float32(1e-6) else np.float32(0.0)
        u[x] = (a0 * px + u0 + b0 * d) * k + away
        v[x] = (a1 * px + v0 + b1 * d) * k
        inverse[x] = k


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _project_sight(inverse_depth, a, b, u, v, inverse):  # type: ignore[no-untyped-def]
    """As ``_project``, of places ``u``, ``v`` on the picture plane, in place."""
    for x in range(len(inverse_depth)):
        p, q, d = u[x], v[x], inverse_depth[x]
        z = a[2, 0] * p + a[2, 1] * q + a[2, 2] + b[2] * d
        k = np.float32(1.0) / max(z, np.float32(1e-6))
        away = np.float32(-1e9) if z <= np.float32(1e-6) else np.float32(0.0)
        u[x] = (a[0, 0] * p + a[0, 1] * q + a[0, 2] + b[0] * d) * k + away
        v[x] = (a[1, 0] * p + a[1, 1] * q + a[1, 2] + b[1] * d) * k
        inverse[x] = k


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _project_row(inverse_depth, y, way, u, v, inverse):  # type: ignore[no-untyped-def]
    """As ``_project``, from pixels to pixels, through both lenses."""
    if len(way.here.table):
        sight_row(y, way.here, u, v)
        _project_sight(inverse_depth[y], way.a, way.b, u, v, inverse)
    else:
        _project(inverse_depth, y, way.a, way.b, u, v, inverse)
    if len(way.there.table):
        seen_row(way.there, u, v)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _splat(inverse_depth, way, out):  # type: ignore[no-untyped-def]
    h, w = inverse_depth.shape
    th, tw = out.shape
    half = np.float32(0.5)
    us, vs, inverse = np.empty(w, np.float32), np.empty(w, np.float32), np.empty(w, np.float32)
    for y in range(h):
        _project_row(inverse_depth, y, way, us, vs, inverse)
        for x in range(w):
            u, v = us[x], vs[x]
            if not (u > -2 and v > -2 and u < tw + 2 and v < th + 2):
                continue
            target = inverse_depth[y, x] * inverse[x]
            reach = half * max(np.float32(1.0), inverse[x])  # a pixel that is magnified covers more
            y0, y1 = max(0, int(np.ceil(v - reach - half))), min(th - 1, int(np.floor(v + reach - half)))
            x0, x1 = max(0, int(np.ceil(u - reach - half))), min(tw - 1, int(np.floor(u + reach - half)))
            for ty in range(y0, y1 + 1):
                for tx in range(x0, x1 + 1):
                    if target > out[ty, tx]:
                        out[ty, tx] = target


@njit(cache=True, nogil=True)
def _close_cracks(depth):  # type: ignore[no-untyped-def]
    """A hole with five or more neighbours takes their median. Returns the plane, and whether holes are left."""
    h, w = depth.shape
    out = depth.copy()
    near = np.empty(8, np.float32)
    holes = False
    for y in range(h):
        for x in range(w):
            if depth[y, x] >= 0:
                continue
            count = 0
            for dy in range(-1, 2):
                for dx in range(-1, 2):
                    sy, sx = y + dy, x + dx
                    if 0 <= sy < h and 0 <= sx < w and depth[sy, sx] >= 0:
                        near[count] = depth[sy, sx]
                        count += 1
            if count >= 5:
                out[y, x] = np.sort(near[:count])[count // 2]
            else:
                holes = True
    return out, holes


def _add_view(view: View, way: _Way, share: float, depth: Array, sums: tuple[Array, Array]) -> None:
    """Adds one view's colour, bicubic, weighted by ``share`` and by whether it saw the surface. Views come in the order
    of their shares; one that would add less than a fiftieth to a pixel adds nothing there."""
    color, weight = sums
    tolerance = np.float32(_TOLERANCE * float(depth.max()) + 1e-9)
    u, v, amount = (np.empty(depth.shape, np.float32) for _ in range(3))
    count = _seen_at(view.inverse_depth, depth, way, np.float32(share), tolerance, weight, u, v, amount)
    if count > _SPARSE * depth.size:
        seen = cv2.remap(view.image, u, v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        _accumulate(seen, amount, color, weight)
    elif count:
        _accumulate_sparse(view.image, u, v, amount, color, weight)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _seen_at(own_depth, depth, way, share, tolerance, weight, u_out, v_out, amount):  # type: ignore[no-untyped-def]
    """Where in the view each pixel's surface lies (pixel centres at integers), and how much the view counts there.
    Returns in how many it does."""
    h, w = own_depth.shape
    th, tw = depth.shape
    half = np.float32(0.5)
    inverse = np.empty(tw, np.float32)
    count = 0
    for y in range(th):
        _project_row(depth, y, way, u_out[y], v_out[y], inverse)
        for x in range(tw):
            spare = share - np.float32(0.02) * weight[y, x]
            u, v = u_out[y, x], v_out[y, x]
            if spare <= 0 or not (u >= 0 and v >= 0 and u <= w and v <= h):
                u_out[y, x], v_out[y, x], amount[y, x] = 0, 0, 0
                continue
            gap = own_depth[min(h - 1, int(v)), min(w - 1, int(u))] - depth[y, x] * inverse[x]
            if gap > tolerance:  # the view saw something nearer: hidden
                spare *= np.float32(1e-4)
            elif gap < -tolerance:  # the view saw past it
                spare *= np.float32(0.01)
            u_out[y, x], v_out[y, x], amount[y, x] = u - half, v - half, spare
            count += 1
    return count


@njit(cache=True, nogil=True, fastmath=True)
def _accumulate_sparse(image, u, v, amount, color, weight):  # type: ignore[no-untyped-def]
    """As ``cv2.remap`` (bicubic, a = -0.75, borders repeated) and ``_accumulate``, where the view counts."""
    h, w, _ = image.shape
    wx = np.empty(4, np.float32)
    for y in range(amount.shape[0]):
        for x in range(amount.shape[1]):
            share = amount[y, x]
            if share == 0:
                continue
            iu, iv = int(np.floor(u[y, x])), int(np.floor(v[y, x]))
            s = v[y, x] - np.float32(iv)
            for i in range(4):
                wx[i] = share * cubic(u[y, x] - np.float32(iu) - np.float32(i - 1))
            for j in range(4):
                sy = min(h - 1, max(0, iv - 1 + j))
                wy = cubic(s - np.float32(j - 1))
                for i in range(4):
                    sx = min(w - 1, max(0, iu - 1 + i))
                    k = wy * wx[i]
                    for c in range(3):
                        color[y, x, c] += k * image[sy, sx, c]
            weight[y, x] += share


@njit(cache=True, nogil=True, fastmath=True)
def _accumulate(seen, amount, color, weight):  # type: ignore[no-untyped-def]
    h, w = amount.shape
    for y in range(h):
        for x in range(w):
            for c in range(3):
                color[y, x, c] += amount[y, x] * seen[y, x, c]
            weight[y, x] += amount[y, x]


@njit(cache=True, nogil=True)
def _normalise(color, weight):  # type: ignore[no-untyped-def]
    """Divides by the weight, which becomes coverage, 0 or 1. Returns whether something is uncovered."""
    h, w = weight.shape
    bare = False
    for y in range(h):
        for x in range(w):
            if weight[y, x] > 1e-9:
                inverse = np.float32(1.0) / weight[y, x]
                for c in range(3):
                    color[y, x, c] = max(np.float32(0.0), color[y, x, c] * inverse)
                weight[y, x] = 1.0
            else:
                weight[y, x] = 0.0
                bare = True
    return bare
