"""What no picture shows is made up once, in the world, so that it stays where it is while the camera moves.

The frame of the path that shows most of it is drawn, what is bare there is completed (depth first, then colour by
patches of what is around it), and kept as a ``MadeView``; then the frame that shows most of the rest, until little is
left. Each is made beside those before, which it therefore continues.
"""

from dataclasses import replace

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop, MadeView, View
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.lens import STRAIGHT
from cyclorama.scenery.draw import draw
from cyclorama.scenery.fill import fill_holes
from cyclorama.scenery.made import lay_made
from cyclorama.scenery.patches import complete

LOW_LONG_SIDE = 256
"""What is bare is looked for on frames of this size."""
_LOOKED_AT = 48  # frames of the path, evenly
_MOST_VIEWS = 8
_CRUMBS = 0.003  # of a frame: less is left to the smooth filling
_SOURCE_PAD = 0.5  # of the frame, on every side: where patches may come from
_MADE_PAD = 0.1  # of the frame, on every side: made at the same time, for the frames beside
_KERNEL_PX = 2
_PREFILTER_PX = 0.45  # patches meet pixel by pixel; finer than this they would flicker between the pixels of a frame
_SEAM_PX = 3  # what is made goes so far under what is known
_BORDER_BAND = 25  # where a gap has one side only, what is nearer in that part of the frame beside it is before it
_BEHIND = (1.25, 0.03)  # times, and of the nearest inverse depth: what is nearer is before it


def complete_backdrop(backdrop: Backdrop, path: CameraPath) -> Backdrop:
    """The backdrop with all that frames of ``path`` see of it and no picture shows, but for crumbs."""
    low = thumbnail(backdrop)
    frames = np.unique(np.linspace(0, len(path) - 1, min(len(path), _LOOKED_AT)).round().astype(int)).tolist()
    cameras = {f: low_camera(path[f]) for f in frames}
    bare = {f: draw(low, cameras[f], float(f)).coverage == 0 for f in frames}
    out = replace(backdrop, made=())
    while len(out.made) < _MOST_VIEWS:
        worst = max(frames, key=lambda f: float(bare[f].mean()))
        if bare[worst].mean() < _CRUMBS:
            break
        view = _made_view(out, path[worst], float(worst))
        if view is None:
            bare[worst][:] = False
            continue
        out = replace(out, made=(*out.made, view))
        small = _low_made(view)
        for f in frames:
            bare[f] = lay_made((small,), cameras[f], _nothing(bare[f].shape), bare[f])
        bare[worst][:] = False
    return out


def thumbnail(backdrop: Backdrop) -> Backdrop:
    """The same place with views of few pixels and nothing made up: to see fast what its pictures show."""
    views = []
    for view in backdrop.views:
        camera = low_camera(view.camera)
        views.append(View(_low(view.image, camera), _low(view.inverse_depth, camera), camera, view.time))
    return replace(backdrop, views=tuple(views), made=())


def _low(plane: Array, camera: Camera) -> Array:
    return cv2.resize(plane, camera.hw[::-1], interpolation=cv2.INTER_NEAREST)


def low_camera(camera: Camera) -> Camera:
    """The same camera on a picture of few pixels."""
    scale = min(1.0, LOW_LONG_SIDE / max(camera.hw))
    return camera.resized((max(1, round(camera.hw[0] * scale)), max(1, round(camera.hw[1] * scale))))


def _low_made(view: MadeView) -> MadeView:
    camera = low_camera(view.camera)
    made = _low(view.made.astype(np.uint8), camera) > 0
    return MadeView(_low(view.image, camera), _low(view.inverse_depth, camera), made, camera)


def _nothing(hw: tuple[int, int]) -> tuple[Array, Array]:
    return np.zeros((*hw, 3), np.float32), np.zeros(hw, np.float32)


def _made_view(backdrop: Backdrop, camera: Camera, time: float) -> MadeView | None:
    """What is bare from ``camera`` and a little around it, completed; None where nothing is, or nothing is known."""
    canvas, frame = _canvas(camera)
    place = draw(replace(backdrop, made=()), canvas, time)
    color, inverse_depth = place.color, place.inverse_depth
    rest = lay_made(backdrop.made, canvas, (color, inverse_depth), place.coverage == 0)
    hole = np.zeros_like(rest)
    hole[frame] = rest[frame]
    if not hole.any() or rest.all():
        return None
    inverse_depth = continued_depth(inverse_depth, ~rest)
    complete(color, inverse_depth, hole, ~rest)
    color[hole] = cv2.GaussianBlur(color, (0, 0), _PREFILTER_PX)[hole]
    window = np.ones((2 * _SEAM_PX + 1,) * 2, np.uint8)
    made = cv2.dilate(hole.astype(np.uint8), window) > 0
    made &= hole | ~rest
    made &= _inner(frame, made.shape)
    if not made.any():
        return None
    return _cropped(MadeView(color, inverse_depth, made, canvas))


def _canvas(camera: Camera) -> tuple[Camera, tuple[slice, slice]]:
    """A straight camera that sees around what ``camera`` sees; and the part of its picture that is to be whole."""
    h, w = camera.hw
    down, across = camera.overscan_px
    pad, keep = ((down + round(p * h), across + round(p * w)) for p in (_SOURCE_PAD, _MADE_PAD))
    px_from_cam = camera.px_from_cam.copy()
    px_from_cam[:2, 2] += pad[::-1]
    canvas = Camera((h + 2 * pad[0], w + 2 * pad[1]), px_from_cam, camera.world_from_camera, STRAIGHT)
    rows, columns = (slice(p - k, p + k + n) for p, k, n in zip(pad, keep, (h, w)))
    return canvas, (rows, columns)


def _inner(frame: tuple[slice, slice], hw: tuple[int, int]) -> Array:
    """The part that is whole without its own border, beyond which nothing was made: what is drawn is mixed of pixels as
    far apart as ``_KERNEL_PX``."""
    out = np.zeros(hw, bool)
    rows, columns = (slice(s.start + _KERNEL_PX, s.stop - _KERNEL_PX) for s in frame)
    out[rows, columns] = True
    return out


def _cropped(view: MadeView) -> MadeView:
    """Without the borders where nothing was made."""
    rows, columns = (np.flatnonzero(view.made.any(axis)) for axis in (1, 0))
    (y0, y1), (x0, x1) = (
        (max(0, int(p[0]) - _KERNEL_PX), min(n, int(p[-1]) + 1 + _KERNEL_PX))
        for p, n in zip((rows, columns), view.made.shape)
    )
    px_from_cam = view.camera.px_from_cam.copy()
    px_from_cam[:2, 2] -= [x0, y0]
    camera = Camera((y1 - y0, x1 - x0), px_from_cam, view.camera.world_from_camera)
    image, depth, made = (np.ascontiguousarray(p[y0:y1, x0:x1]) for p in (view.image, view.inverse_depth, view.made))
    return MadeView(image, depth, made, camera)


def continued_depth(inverse_depth: Array, known: Array) -> Array:
    """Inverse depth, h w float32, with a continuation of the farther surfaces where it is not ``known`` (h w bool).

    A world that stands upright looks much the same along a row (a level ground has one depth there): what rows have in
    common goes on along them, and past the last known row as it went up to it; what is left goes on smoothly.
    """
    if not inverse_depth.any():
        return inverse_depth.copy()
    top = float(inverse_depth[known].max())
    nearer = np.zeros(known.shape, bool)
    _nearer_beside(inverse_depth, known, np.float32(_BEHIND[1] * top), nearer)
    _nearer_beside(inverse_depth.T, known.T, np.float32(_BEHIND[1] * top), nearer.T)
    behind = known & ~nearer
    profile = _row_profile(inverse_depth, behind)[:, None]
    rest = (inverse_depth - profile)[..., None].astype(np.float32)
    fill_holes(rest, ~behind)
    made = np.clip(rest[..., 0] + profile, 0, 1.5 * top).astype(np.float32)
    return np.where(known, inverse_depth, made)


@njit(cache=True, nogil=True)
def _nearer_beside(inverse_depth, known, least, nearer):  # type: ignore[no-untyped-def]
    """Along every row: what is known beside a gap, as far from it as it is wide, and nearer to the camera than the
    farthest surface there, is before what the gap hides; and so is what goes on from it."""
    h, w = known.shape
    for y in range(h):
        x = 0
        while x < w:
            if known[y, x]:
                x += 1
                continue
            begin = x
            while x < w and not known[y, x]:
                x += 1
            open_end = begin == 0 or x == w
            reach = w // _BORDER_BAND if open_end else x - begin + 2
            low, high = max(0, begin - reach), min(w, x + reach)
            far = np.float32(np.inf)
            for k in range(low, high):
                if known[y, k]:
                    far = min(far, inverse_depth[y, k])
            most = np.float32(_BEHIND[0]) * far + least
            for k in range(low, high):
                if known[y, k] and inverse_depth[y, k] > most:
                    nearer[y, k] = True
            while low > 0 and nearer[y, low] and known[y, low - 1] and inverse_depth[y, low - 1] > most:
                low -= 1
                nearer[y, low] = True
            while high < w and nearer[y, high - 1] and known[y, high] and inverse_depth[y, high] > most:
                nearer[y, high] = True
                high += 1


def _row_profile(values: Array, known: Array) -> Array:
    """The usual value of every row, (h,); beyond the known rows it goes on straight."""
    h = len(values)
    rows = np.flatnonzero(known.sum(1) >= 0.05 * known.shape[1])
    if len(rows) < 2:
        return np.full(h, float(np.median(values[known])))
    usual = np.array([float(np.median(values[y][known[y]])) for y in rows])
    usual = np.interp(np.arange(h), rows, usual)
    soft = cv2.GaussianBlur(usual[None], (0, 0), h / 60, borderType=cv2.BORDER_REPLICATE)[0]
    edge = max(2, h // 12)
    for first, step, beyond in ((rows[0], edge, (0, rows[0])), (rows[-1], -edge, (rows[-1] + 1, h))):
        inner = int(np.clip(first + step, rows[0], rows[-1]))
        if inner != first:
            slope = (soft[first] - soft[inner]) / (first - inner)
            soft[slice(*beyond)] = soft[first] + slope * (np.arange(*beyond) - first)
    return np.asarray(soft)
