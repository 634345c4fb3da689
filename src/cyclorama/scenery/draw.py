"""A backdrop as a camera sees it.

Depth goes forward, colour comes back: every view's depth is splatted into the new camera (nearest surface wins), and
each new pixel fetches its colour from the views that saw that surface, so that one pixel has one depth and nothing
ghosts. The new camera's lens is part of both ways (``bend``).
"""

from typing import assert_never

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, SetFrame, View
from cyclorama.core.camera import Camera
from cyclorama.core.place import Footage, Place, Sphere
from cyclorama.scenery.fill import fill_holes
from cyclorama.scenery.footage import draw_footage
from cyclorama.scenery.look_up import add_row
from cyclorama.scenery.made import lay_made
from cyclorama.scenery.panorama import draw_sphere
from cyclorama.scenery.project import project_row, rows_of, way_between
from cyclorama.scenery.splat import carrying_camera, close_cracks, splat

_CRACK = 3  # holes that are narrower are cracks between samples
_TOLERANCE = 0.03  # of the nearest inverse depth: surfaces closer than this are one
_LITTLE = 0.05  # a view that would add less than this part to a pixel adds nothing there
_PIECE = 32  # pixels of a row that are skipped together where nothing would be added
_HIDDEN = 1e-4  # how much a view counts that saw something nearer
_PAST = 0.01  # how much a view counts that saw past the surface


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
    inverse_depth, nearest, bare = _depth(views, camera)
    tolerance = np.float32(_TOLERANCE * nearest + 1e-9)
    color, weight = np.empty((*camera.hw, 3), np.float32), np.empty(camera.hw, np.float32)
    uncovered = False
    order = sorted(zip(time_weights(backdrop, time), views), key=lambda pair: -pair[0])
    for rank, (share, view) in enumerate(order):
        picture = np.ascontiguousarray(view.image), np.ascontiguousarray(view.inverse_depth)
        ends = (rank == 0, rank == len(views) - 1)
        way = way_between(camera, view.camera)
        uncovered = _add_view(picture, way, np.float32(share), inverse_depth, tolerance, (color, weight), ends)
    if uncovered or bare is not None:
        nothing = weight == 0
        if bare is not None:
            weight[bare] = 0  # what views say of it is a guess, kept where nothing was made
        rest = lay_made(backdrop.made, camera, (color, inverse_depth), weight == 0)
        fill_holes(color, rest & nothing)
    return SetFrame(color, inverse_depth, weight, backdrop.ground)


def time_weights(backdrop: Backdrop, time: float) -> list[float]:
    """Nearest reference in time first, 1 / (1 + |dt|)^p, so that a reference's own frame is that reference."""
    weights = [1.0 / (1.0 + abs(v.time - time)) ** backdrop.falloff for v in backdrop.views]
    return [x / sum(weights) for x in weights]


def _depth(views: tuple[View, ...], camera: Camera) -> tuple[Array, float, Array | None]:
    """Inverse depth of the nearest surface that any view puts before the camera, h w float32, holes filled; its
    greatest value; and where the holes were, h w bool, but for cracks that what is around closes: None without any."""
    if not any(view.inverse_depth.any() for view in views):
        return np.zeros(camera.hw, np.float32), 0.0, None
    small, step = carrying_camera(camera)
    splatted = np.full(small.hw, -1.0, np.float32)
    for view in views:
        source = np.ascontiguousarray(view.inverse_depth[step // 2 :: step, step // 2 :: step])
        splat(source, way_between(view.camera.resized(source.shape), small), np.float32(1), splatted)
    whole, holes = close_cracks(splatted)
    bare = None
    if holes:
        hole = whole < 0
        fill_holes(whole[..., None], hole)
        bare = cv2.morphologyEx(hole.view(np.uint8), cv2.MORPH_OPEN, np.ones((_CRACK, _CRACK), np.uint8))
    nearest = float(whole.max())
    if step != 1:
        whole = cv2.resize(whole, camera.hw[::-1], interpolation=cv2.INTER_NEAREST)
        bare = bare if bare is None else cv2.resize(bare, camera.hw[::-1], interpolation=cv2.INTER_NEAREST)
    return whole, nearest, bare if bare is None else np.asarray(bare).view(np.bool_)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _add_view(picture, way, share, depth, tolerance, sums, ends):  # type: ignore[no-untyped-def]
    """Adds one view (image, inverse depth), bicubic, weighted by ``share`` and by whether it saw the surface, to
    ``sums`` of colour and weight. Views come in the order of their shares; ``ends``: whether it is the first, before
    which there is no sum, and the last, after which the colour is divided by the weight, which becomes coverage, 0 or
    1. Returns whether something is uncovered then."""
    image, own_depth = picture
    color, weight = sums
    is_first, is_last = ends
    bare = False
    u, v, inverse, amount = rows_of(depth.shape[1])
    for y in range(depth.shape[0]):
        if is_first:
            color[y] = 0
            weight[y] = 0
        first, stop = _with_room(share, weight[y], 0)
        while stop > first:
            run = slice(first, stop)
            places = u[run], v[run], inverse[run]
            project_row(depth[y, run], (first, y), way, *places)
            _see_row(own_depth, depth[y, run], places, (share, tolerance), weight[y, run], amount[run])
            add_row(image, u[run], v[run], amount[run], color[y, run])
            first, stop = _with_room(share, weight[y], stop)
        if is_last:
            bare |= _normalise_row(color[y], weight[y])
    return bare


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _with_room(share, weight, start):  # type: ignore[no-untyped-def]
    """The next pixels of a row, in whole pieces, to which a view would add more than a little: first, stop; equal where
    there are none."""
    first = stop = start
    while stop < len(weight):
        end = min(stop + _PIECE, len(weight))
        least = weight[stop]
        for x in range(stop, end):
            least = min(least, weight[x])
        if share > np.float32(_LITTLE) * least:
            stop = end
        elif stop > first:
            break
        else:
            first = stop = end
    return first, stop


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _see_row(own_depth, depth, places, most, weight, amount):  # type: ignore[no-untyped-def]
    """How much a view counts at each place of a row, added to ``weight``. Without branches, so that it runs several
    pixels at a time."""
    h, w = own_depth.shape
    flat, own = own_depth.reshape(-1), np.empty(len(depth), np.float32)
    u, v, inverse = places
    share, tolerance = most
    none, wide, high = np.float32(0), np.float32(w), np.float32(h)
    hidden, past, little = np.float32(_HIDDEN), np.float32(_PAST), np.float32(_LITTLE)
    last_x, last_y, stride = np.float32(w - 1), np.float32(h - 1), np.int32(w)
    at = np.empty(len(depth), np.uint32)
    for x in range(len(depth)):
        i, j = np.int32(min(max(u[x], none), last_x)), np.int32(min(max(v[x], none), last_y))
        at[x] = np.uint32(j * stride + i)
    for x in range(len(depth)):
        own[x] = flat[at[x]]
    for x in range(len(depth)):
        inside = (u[x] >= none) & (v[x] >= none) & (u[x] <= wide) & (v[x] <= high)
        gap = own[x] - depth[x] * inverse[x]
        seen = hidden if gap > tolerance else (past if gap < -tolerance else np.float32(1))
        spare = share * seen - little * weight[x]
        spare = spare if inside & (spare > none) else none
        amount[x] = spare
        weight[x] += spare


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _normalise_row(color, weight):  # type: ignore[no-untyped-def]
    flat, inverse = color.reshape(-1), np.empty(3 * len(weight), np.float32)
    none, one = np.float32(0), np.float32(1)
    least = one
    for x in range(len(weight)):
        covered = weight[x] > np.float32(1e-9)
        inverse[3 * x] = inverse[3 * x + 1] = inverse[3 * x + 2] = one / weight[x] if covered else none
        weight[x] = one if covered else none
        least = min(least, weight[x])
    for i in range(len(flat)):
        flat[i] = max(none, flat[i] * inverse[i])
    return least == none
