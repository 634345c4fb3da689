"""A backdrop as a camera sees it.

Depth goes forward, colour comes back: every view's depth is splatted into the new camera (nearest surface wins), and
each new pixel fetches its colour from the views that saw that surface, so that one pixel has one depth and nothing
ghosts.
"""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, SetFrame, View
from cyclorama.core.camera import Camera
from cyclorama.scenery.fill import fill_holes
from cyclorama.scenery.mapping import mapping

_TOLERANCE = 0.03  # of the nearest inverse depth: surfaces closer than this are one


def draw(backdrop: Backdrop, camera: Camera, time: float) -> SetFrame:
    """The place from ``camera``; ``time``, in frames of the plate, says which references to prefer."""
    views = backdrop.views
    inverse_depth = _depth(views, camera)
    color = np.zeros((*camera.hw, 3), np.float32)
    weight = np.zeros(camera.hw, np.float32)
    for share, view in sorted(zip(time_weights(backdrop, time), views), key=lambda pair: -pair[0]):
        _add_view(view, camera, share, inverse_depth, (color, weight))
    if _normalise(color, weight):
        color = fill_holes(color, weight == 0)
    return SetFrame(color, inverse_depth, weight)


def time_weights(backdrop: Backdrop, time: float) -> list[float]:
    """Nearest reference in time first, 1 / (1 + |dt|)^p, so that a reference's own frame is that reference."""
    weights = [1.0 / (1.0 + abs(v.time - time)) ** backdrop.falloff for v in backdrop.views]
    return [x / sum(weights) for x in weights]


def _depth(views: tuple[View, ...], camera: Camera) -> Array:
    """Inverse depth of the nearest surface that any view puts before the camera, h w float32, holes filled."""
    if not any(view.inverse_depth.any() for view in views):
        return np.zeros(camera.hw, np.float32)
    splatted = np.full(camera.hw, -1.0, np.float32)
    for view in views:
        a, b = (x.astype(np.float32) for x in mapping(view.camera, camera))
        _splat(view.inverse_depth, a, b, splatted)
    whole, holes = _close_cracks(splatted)
    return fill_holes(whole[..., None], whole < 0)[..., 0] if holes else whole


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _splat(inverse_depth, a, b, out):  # type: ignore[no-untyped-def]
    h, w = inverse_depth.shape
    th, tw = out.shape
    half = np.float32(0.5)
    for y in range(h):
        py = np.float32(y) + half
        for x in range(w):
            d = inverse_depth[y, x]
            px = np.float32(x) + half
            z = a[2, 0] * px + a[2, 1] * py + a[2, 2] + b[2] * d
            if z <= np.float32(1e-6):
                continue
            inverse = np.float32(1.0) / z
            u = (a[0, 0] * px + a[0, 1] * py + a[0, 2] + b[0] * d) * inverse
            v = (a[1, 0] * px + a[1, 1] * py + a[1, 2] + b[1] * d) * inverse
            if not (u > -2 and v > -2 and u < tw + 2 and v < th + 2):
                continue
            target = d * inverse
            reach = half * max(np.float32(1.0), inverse)  # a pixel that is magnified covers more
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


def _add_view(view: View, camera: Camera, share: float, depth: Array, sums: tuple[Array, Array]) -> None:
    """Adds one view's colour, bicubic, weighted by ``share`` and by whether it saw the surface. Views come in the order
    of their shares; one that would add less than a fiftieth to a pixel adds nothing there."""
    color, weight = sums
    a, b = (x.astype(np.float32) for x in mapping(camera, view.camera))
    tolerance = np.float32(_TOLERANCE * float(depth.max()) + 1e-9)
    u, v, amount = (np.empty(camera.hw, np.float32) for _ in range(3))
    first, last = _seen_at(view.inverse_depth, depth, a, b, np.float32(share), tolerance, weight, u, v, amount)
    if first > last:
        return
    rows = slice(first, last + 1)
    seen = cv2.remap(view.image, u[rows], v[rows], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    _accumulate(seen, amount[rows], color[rows], weight[rows])


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _seen_at(own_depth, depth, a, b, share, tolerance, weight, u_out, v_out, amount):  # type: ignore[no-untyped-def]
    """Where in the view each pixel's surface lies (pixel centres at integers), and how much the view counts there.
    Returns the first and the last row that it counts in."""
    h, w = own_depth.shape
    th, tw = depth.shape
    half = np.float32(0.5)
    first, last = th, -1
    for y in range(th):
        py = np.float32(y) + half
        any_here = False
        for x in range(tw):
            d = depth[y, x]
            px = np.float32(x) + half
            z = max(a[2, 0] * px + a[2, 1] * py + a[2, 2] + b[2] * d, np.float32(1e-6))
            inverse = np.float32(1.0) / z
            u = (a[0, 0] * px + a[0, 1] * py + a[0, 2] + b[0] * d) * inverse - half
            v = (a[1, 0] * px + a[1, 1] * py + a[1, 2] + b[1] * d) * inverse - half
            spare = share - np.float32(0.02) * weight[y, x]
            if spare <= 0 or not (u >= -half and v >= -half and u <= w - half and v <= h - half):
                u_out[y, x], v_out[y, x], amount[y, x] = 0, 0, 0
                continue
            gap = own_depth[min(h - 1, int(v + half)), min(w - 1, int(u + half))] - d * inverse
            if gap > tolerance:  # the view saw something nearer: hidden
                spare *= np.float32(1e-4)
            elif gap < -tolerance:  # the view saw past it
                spare *= np.float32(0.01)
            u_out[y, x], v_out[y, x], amount[y, x] = u, v, spare
            any_here = True
        if any_here:
            first, last = min(first, y), y
    return first, last


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
