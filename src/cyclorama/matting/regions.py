"""Which part of a frame is the actor: connected regions, markers, holes, core."""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.matting.screen import Marker, ScreenModel

_PRESENT, _PRESENT_EVEN = 0.25, 0.12
"""Raw alpha from which a pixel counts as part of a region; and on an even screen without markers."""
_OPAQUE = 0.6
"""Raw alpha that a region must reach somewhere to be a thing, and that the core is made of."""
_REACH = 0.012
"""How far soft edges reach beyond a region, as a share of the picture's height."""
_DEPTH = 0.008
"""How deep inside the outline the core begins, as a share of the picture's height."""
_HULL_EDGE = 0.01
"""How far inside its outline a screen is trusted, as a share of the picture's height."""

_SHADE = 0.012
"""How far from everything of another chroma a darker pixel of the screen's chroma is the actor's soft edge; beyond it
is a wrinkle or a shadow. A share of the picture's height."""

_MARKER_STRETCH = 2.2
"""Greatest extent of one marker in units of the usual one: those on the floor lie in perspective."""
_OFF_LINE = 0.08
"""How far from mixtures of screen and marker a marker's pixel may be, as a share of the screen's level."""
_BROAD = 0.22
"""Radius from which what is opaque is broader than a marker's stroke, as a share of the marker's extent."""
_RIM = 2
"""Width of the actor's soft rim in working pixels."""

_SQUARE = {side: np.ones((side, side), np.uint8) for side in (2, 3, 5)}


@dataclass(frozen=True)
class Region:
    """All h w. ``allowed``, ``core``: float32 in 0..1. ``solid``: uint8, where the actor's own colour is seen."""

    allowed: Array
    core: Array
    solid: Array


def dilate(mask: Array, element: Array) -> Array:
    return np.asarray(cv2.dilate(mask, element), mask.dtype)


def opened(mask: Array, element: Array) -> Array:
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, element), mask.dtype)


def larger(mask: Array, extent_px: float) -> Array:
    """The pieces of ``mask`` that are wider or higher than ``extent_px``."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    keep = stats[:, 2:4].max(1) > extent_px
    keep[0] = False
    return keep[labels].astype(np.uint8)


def ellipse(radius: int) -> Array:
    """A disc for morphology."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def grown(mask: Array, radius: int) -> Array:
    """``mask`` (uint8, 0 or 1) grown by a disc; its cost does not depend on the radius."""
    return (cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5) <= radius + 0.3).astype(np.uint8)


def shrunk(mask: Array, radius: int) -> Array:
    """``mask`` (uint8, 0 or 1) shrunk by a disc; the picture's border does not shrink it."""
    return 1 - grown(1 - mask, radius)


@njit(cache=True, nogil=True)
def peak_colors(labels: Array, alpha: Array, picture: Array, count: int) -> tuple[Array, Array]:
    """Per label: the highest alpha and the mean colour over its pixels of alpha within 0.1 of it."""
    peak = np.zeros(count, np.float32)
    h, w = labels.shape
    for y in range(h):
        for x in range(w):
            label = labels[y, x]
            if label > 0 and alpha[y, x] > peak[label]:
                peak[label] = alpha[y, x]
    color = np.zeros((count, 3), np.float32)
    total = np.zeros(count, np.float32)
    for y in range(h):
        for x in range(w):
            label = labels[y, x]
            if label > 0 and alpha[y, x] > peak[label] - np.float32(0.1):
                total[label] += np.float32(1.0)
                for c in range(3):
                    color[label, c] += picture[y, x, c]
    for label in range(1, count):
        for c in range(3):
            color[label, c] /= max(total[label], np.float32(1.0))
    return peak, color


@njit(cache=True, nogil=True)
def least(labels: Array, alpha: Array, count: int) -> Array:
    """The least alpha of every label."""
    out = np.ones(count, np.float32)
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            out[labels[y, x]] = min(out[labels[y, x]], alpha[y, x])
    return out


def is_marker(extent: Array, peak: Array, color: Array, height: int, marker: Marker | None, level: float) -> Array:
    """Per region: no larger than a marker and of its colour (unmixed from the screen as far as its peak goes)."""
    if marker is None:
        return np.zeros(len(extent), bool)
    small = extent <= _MARKER_STRETCH * marker.size * height + 2
    alike = np.abs(color - np.array(marker.rgb, np.float32)).max(1) < 0.25 * level + (1 - peak) * level
    return small & alike


def attached_markers(mask: Array, alpha: Array, picture: Array, model: ScreenModel) -> tuple[Array, Array]:
    """Markers that touch the actor: uint8, and the rim of the actor beside them, uint8.

    What is thin, small, lies off the actor's rim (whose soft edge can be of any colour) and shows nothing but mixtures
    of the screen and the marker's colour.
    """
    marker = model.marker
    if marker is None:
        return np.zeros_like(mask), np.zeros_like(mask)
    height = len(mask)
    mixed = between(picture, np.array(model.rgb, np.float32), np.array(marker.rgb, np.float32), _OFF_LINE * model.level)
    opaque = mask & (alpha > _OPAQUE).astype(np.uint8)
    broad = opened(opaque, ellipse(max(1, round(_BROAD * marker.size * height))))
    broad = larger(broad, marker.size * height)
    solid = broad | opened(mask & (1 - mixed), _SQUARE[2])
    rim = grown(solid, _RIM)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask & mixed & (1 - rim), connectivity=8)
    peak, color = peak_colors(labels, alpha, picture, count)
    drop = is_marker(stats[:, 2:4].max(1), peak, color, height, marker, model.level) & (peak > 0.4)
    drop &= stats[:, 4] > 2
    drop[0] = False
    dropped = drop[labels].astype(np.uint8)
    beside = dilate(dropped, ellipse(_RIM + 1)) & rim & (1 - solid)
    return dropped | (beside & (1 - grown(solid, 1))), beside


@njit(cache=True, nogil=True)
def between(picture: Array, a: Array, b: Array, tolerance: float) -> Array:
    """Pixels within ``tolerance`` of the segment between two colours: h w uint8."""
    h, w = picture.shape[:2]
    out = np.zeros((h, w), np.uint8)
    d0, d1, d2 = b[0] - a[0], b[1] - a[1], b[2] - a[2]
    length = max(d0 * d0 + d1 * d1 + d2 * d2, np.float32(1e-12))
    for y in range(h):
        for x in range(w):
            e0, e1, e2 = picture[y, x, 0] - a[0], picture[y, x, 1] - a[1], picture[y, x, 2] - a[2]
            t = min(max((e0 * d0 + e1 * d1 + e2 * d2) / length, np.float32(0.0)), np.float32(1.0))
            off = max(abs(e0 - t * d0), abs(e1 - t * d1), abs(e2 - t * d2))
            if off < tolerance:
                out[y, x] = 1
    return out


def garbage_free(like: Array, model: ScreenModel) -> Array:
    """Where the actor can be: uint8, 0 on black bars and outside a screen that ends inside the picture."""
    free = np.zeros_like(like)
    model.bars.grown().inside(free)[:] = 1
    if model.surround:
        free &= shrunk(screen_hull(like & free), max(1, round(_HULL_EDGE * len(like))))
    return free


def actor_region(picture: Array, alpha: Array, free: Array, like: Array, model: ScreenModel) -> Region:
    """``picture``: h w 3. ``alpha``: raw, h w. ``free``: where the actor can be. ``like``: pixels of the screen's
    chroma. All at working resolution."""
    height = len(alpha)
    present = _PRESENT_EVEN if model.is_even and model.marker is None else _PRESENT
    mask = (alpha > present).astype(np.uint8) & free
    if not model.is_even:
        other = opened(mask & (1 - like), _SQUARE[2])
        mask = mask & grown(other, max(2, round(_SHADE * height)))
    dropped, beside = attached_markers(mask, alpha, picture, model)
    kept, marks = _sort(mask & (1 - dropped), alpha, picture, model)
    gone = dilate(marks | dropped, _SQUARE[5]) & (1 - dilate(kept, _SQUARE[3]))
    allowed = grown(kept, max(2, round(_REACH * height))) & (1 - gone) & free
    inside = fill_holes((kept & (alpha > _OPAQUE)).astype(np.uint8), alpha)
    core = shrunk(inside, max(1, round(_DEPTH * height)))
    solid = cv2.erode(inside, _SQUARE[3], borderType=cv2.BORDER_REPLICATE)
    soft = cv2.blur(core.astype(np.float32), (3, 3), borderType=cv2.BORDER_REPLICATE)
    share = allowed.astype(np.float32)
    if beside.any():
        solid_near = cv2.blur(1 - beside.astype(np.float32), (3, 3), borderType=cv2.BORDER_REPLICATE)
        share = np.where(beside > 0, share * solid_near, share)
    return Region(share, soft, solid)


def _sort(mask: Array, alpha: Array, picture: Array, model: ScreenModel) -> tuple[Array, Array]:
    """The regions of ``mask`` that are the actor, with the wisps around him, and those that are markers: uint8."""
    height = len(mask)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    peak, color = peak_colors(labels, alpha, picture, count)
    marks = is_marker(stats[:, 2:4].max(1), peak, color, height, model.marker, model.level)
    thing = (peak > _OPAQUE) & ~marks & (stats[:, 4] >= max(3.0, (0.01 * height) ** 2))
    thing[0] = marks[0] = False
    kept = thing[labels].astype(np.uint8)
    near = grown(kept, max(3, round(2 * _REACH * height)))
    touches = np.zeros(count, bool)
    touches[np.unique(labels[near > 0])] = True
    touches[0] = False
    return (thing | (touches & ~marks))[labels].astype(np.uint8), marks[labels].astype(np.uint8)


def fill_holes(mask: Array, alpha: Array) -> Array:
    """Closes the holes of ``mask`` that hold no clean screen (raw alpha below 0.1)."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(1 - mask, connectivity=4)
    h, w = mask.shape
    low = least(labels, alpha, count)
    border = (
        (stats[:, 0] == 0) | (stats[:, 1] == 0) | (stats[:, 0] + stats[:, 2] == w) | (stats[:, 1] + stats[:, 3] == h)
    )
    close = ~border & (low > 0.1)
    close[0] = False
    return mask | close[labels].astype(np.uint8)


def screen_hull(like: Array) -> Array:
    """Where the screen can be: uint8, 1 inside its convex hull (carried down to the picture's foot, for actors stand
    before its lower edge) and everywhere that is not joined to a top corner of the picture from outside the hull."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(
        cv2.morphologyEx(like, cv2.MORPH_OPEN, _SQUARE[3]), connectivity=8
    )
    large = stats[:, 4] > 0.003 * like.size
    large[0] = False
    screen = large[labels]
    rows = np.flatnonzero(screen.any(1))
    if not rows.size:
        return np.ones_like(like)
    first = screen[rows].argmax(1)
    last = screen.shape[1] - 1 - screen[rows, ::-1].argmax(1)
    ends = np.stack([np.concatenate([first, last]), np.concatenate([rows, rows])], 1).astype(np.int32)
    hull = np.zeros_like(like)
    cv2.fillConvexPoly(hull, cv2.convexHull(ends), 1)
    hull = np.maximum.accumulate(hull, axis=0)
    _, outside = cv2.connectedComponents(1 - hull, connectivity=4)
    corners = [n for n in (outside[0, 0], outside[0, -1]) if n > 0]
    return (~np.isin(outside, corners)).astype(np.uint8)
