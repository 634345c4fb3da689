"""Completion of a picture by its own patches: what is unknown becomes pieces of what is known that continue it.

Every patch that touches the unknown is given the known patch most like it, found by PatchMatch (Barnes et al. 2009),
and every unknown pixel becomes the mean of what the patches over it say (Wexler et al. 2007, section 3), from coarse to
fine. The offsets of the finest searched level are then carried to the full picture, where they copy it as sharp as it
is.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.scenery.fill import fill_holes

SEARCH_LONG_SIDE = 640
"""Offsets are searched on a picture of at most so many pixels; they are copied at full size."""
_COARSEST_SHORT_SIDE = 20
_REACH = 3  # patches are 7 x 7
_ROUNDS = (3, 10)  # of search and vote: at the finest level, at the coarsest
_SWEEPS = 2  # of PatchMatch in a round
_FADE = 1.25  # a pixel one further into the unknown is trusted so many times less
_NEARER = 20.0  # cost of a source that is nearer to the camera than what is wanted, of the shares squared
_FARTHER = 2.0  # of one that is farther
_BEFORE = 1.15  # times as near: another surface
_SAME_DEPTH = 0.04  # of the nearest inverse depth: no difference
_UP = 0.5  # cost of a source a whole picture higher or lower: the world is upright, its horizon level
_ALONG = 0.02  # and of one a whole picture beside: what is near is alike
_COMMON = 0.5  # of a patch's trust lies where its source is known, too
_RIM_PX = 2
_MOST_MISSED = 0.1  # of display white: more is another thing, not other light
_AROUND = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))  # a cell's own first


class _Level(NamedTuple):
    """``feature``: h w 3, display-like. ``share``: h w, inverse depth of the nearest surface's. ``hole``: to be made;
    ``source``: known, and what is around it; ``wanted``: its patch touches the hole; ``trust``: h w, 1 where it is
    known, less in the hole, 0 where nothing is; ``least``: h w, the trust that a patch must share with its source's."""

    feature: Array
    share: Array
    hole: Array
    source: Array
    wanted: Array
    trust: Array
    least: Array


def complete(picture: Array, inverse_depth: Array, hole: Array, known: Array) -> None:
    """Replaces, in place, the pixels of ``hole`` (h w bool) in ``picture`` (h w 3 float32, scene-linear) by pieces of
    those of ``known`` (h w bool, apart from the hole) that continue it; what is neither is left alone and says nothing.

    ``inverse_depth`` (h w float32) is whole, also in the hole: what is made there is taken from surfaces as far, never
    from nearer ones. Smooth where too little is known to take a patch from. ``ValueError`` when nothing is known.
    """
    fill_holes(picture, ~known & (hole | _around(hole, known)))
    levels = _levels(picture, inverse_depth, hole, known)
    levels = [level for level in levels if level.source.any() and level.hole.any()]
    if not levels:
        return
    field = None
    for place, level in enumerate(levels):
        rounds = _ROUNDS[0] + (_ROUNDS[1] - _ROUNDS[0]) * (len(levels) - 1 - place) // max(1, len(levels) - 1)
        field = _first(level) if field is None else _finer(field, level, levels[place - 1])
        for turn in range(rounds):
            _cost_again(level, field)
            for sweep in range(_SWEEPS):
                _search(*level, *field, 1 + sweep + _SWEEPS * (turn + 100 * place), bool(sweep % 2))
            _vote(level.feature, level.hole, level.trust, *field, _usual(level, field))
    assert field is not None
    share = inverse_depth / max(float(inverse_depth.max()), 1e-12)
    _copy(picture, hole, known, (known & ~_before(share, hole, _RIM_PX)), field, _usual(levels[-1], field))


def _around(hole: Array, known: Array) -> Array:
    """What is not known near a hole: read while a size is reduced."""
    return (cv2.dilate(hole.astype(np.uint8), np.ones((9, 9), np.uint8)) > 0) & ~known


def _levels(picture: Array, inverse_depth: Array, hole: Array, known: Array) -> list[_Level]:
    """From coarse to fine."""
    display = np.sqrt(np.maximum(picture, 0))
    share = inverse_depth / max(float(inverse_depth.max()), 1e-12)
    h, w = hole.shape
    scale = min(1.0, SEARCH_LONG_SIDE / max(h, w))
    out = []
    while True:
        hw = (max(1, round(h * scale)), max(1, round(w * scale)))
        out.append(_level(display, share, hole, known, hw))
        if min(hw) * 0.5 < _COARSEST_SHORT_SIDE:
            return out[::-1]
        scale *= 0.5


def _level(display: Array, share: Array, hole: Array, known: Array, hw: tuple[int, int]) -> _Level:
    def small(values: Array) -> Array:
        return cv2.resize(values, hw[::-1], interpolation=cv2.INTER_AREA)

    there = small(known.astype(np.float32))
    made = (small(hole.astype(np.float32)) > 0) & (there < 0.999)
    sure = (there >= 0.999) & ~made
    share = small(share)
    window = np.ones((2 * _REACH + 1,) * 2, np.uint8)
    inner = np.ones((3, 3), np.uint8)
    source = cv2.erode(sure.astype(np.uint8), inner, borderType=cv2.BORDER_CONSTANT, borderValue=0) > 0
    wanted = (cv2.dilate(made.astype(np.uint8), window) > 0) & (made | sure)
    deep = cv2.distanceTransform((~sure).astype(np.uint8), cv2.DIST_L2, 3)
    trust = np.where(sure, 1, np.where(made, np.maximum(_FADE ** -np.minimum(deep, 30), 0.02), 0)).astype(np.float32)
    least = _COMMON * len(window) ** 2 * cv2.blur(trust, window.shape, borderType=cv2.BORDER_CONSTANT)
    return _Level(small(display), share, made, source, wanted, trust, least)


def _before(share: Array, hole: Array, reach: int) -> Array:
    """What is nearer to the camera than what is made within ``reach`` pixels of it: it stands before that, and says
    nothing of how it goes on."""
    behind = cv2.erode(np.where(hole, share, np.float32(2)), np.ones((2 * reach + 1,) * 2, np.uint8))
    return np.asarray(~hole & (share > behind * np.float32(_BEFORE) + np.float32(_SAME_DEPTH)))


_Field = tuple[Array, Array, Array]
"""Of every wanted pixel the row and column of its source, h w int32, and its cost, h w float32."""


def _first(level: _Level) -> _Field:
    """The best of all sources, from the rim of the hole inwards: each pixel is judged by what is known or made by then
    (Criminisi et al. 2004, without their order of edges). The coarsest level is small."""
    h, w = level.hole.shape
    field = np.zeros((h, w), np.int32), np.zeros((h, w), np.int32), np.full((h, w), np.inf, np.float32)
    trusted = np.where(level.hole, 0, level.trust).astype(np.float32)
    deep = cv2.distanceTransform((trusted == 0).astype(np.uint8), cv2.DIST_L2, 3)
    places = np.argwhere(level.wanted)
    _peel(*level, *field, places[np.argsort(deep[level.wanted], kind="stable")], trusted)
    return field


def _finer(field: _Field, level: _Level, coarse: _Level) -> _Field:
    """Offsets of the level above on this one; colours of the hole from their votes."""
    h, w = level.hole.shape
    rows, columns = np.zeros((h, w), np.int32), np.zeros((h, w), np.int32)
    up = cv2.resize(coarse.feature, (w, h), interpolation=cv2.INTER_CUBIC)
    level.feature[level.hole] = up[level.hole]
    places = np.argwhere(level.source)
    _carry(*field[:2], coarse.wanted, level.source, level.wanted, rows, columns, places)
    finer = rows, columns, np.full((h, w), np.inf, np.float32)
    _cost_again(level, finer)
    _vote(level.feature, level.hole, level.trust, *finer, _usual(level, finer))
    return finer


def _usual(level: _Level, field: _Field) -> np.float32:
    costs = field[2][level.hole]
    return np.float32(max(float(np.percentile(costs[np.isfinite(costs)], 60)), 1e-5))


def _cost_again(level: _Level, field: _Field) -> None:
    _price(*level, *field)


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _prior(share, ty, tx, sy, sx):  # type: ignore[no-untyped-def]
    """What a source costs before it is looked at."""
    h, w = share.shape
    gap = share[sy, sx] - share[ty, tx]
    over = max(abs(gap) - np.float32(_SAME_DEPTH), np.float32(0.0))
    depth = np.float32(_NEARER if gap > 0 else _FARTHER) * over * over
    size = np.float32(max(h, w))
    return depth + np.float32(_UP) * (abs(sy - ty) / size) ** 2 + np.float32(_ALONG) * (abs(sx - tx) / size) ** 2


@njit(cache=True, nogil=True, fastmath=True)
def _cost(feature, trust, share, least, ty, tx, sy, sx, limit):  # type: ignore[no-untyped-def]
    """Mean squared difference of two patches, weighed by trust, and the prior; at least ``limit`` when it is more."""
    h, w = trust.shape
    prior = _prior(share, ty, tx, sy, sx)
    if prior >= limit:
        return prior
    y0, y1 = max(-_REACH, -ty, -sy), min(_REACH, h - 1 - ty, h - 1 - sy)
    x0, x1 = max(-_REACH, -tx, -sx), min(_REACH, w - 1 - tx, w - 1 - sx)
    weight = np.float32(0.0)
    for dy in range(y0, y1 + 1):
        for dx in range(x0, x1 + 1):
            if trust[sy + dy, sx + dx] == 1:
                weight += trust[ty + dy, tx + dx]
    if weight < least[ty, tx]:
        return limit
    most = (limit - prior) * weight
    total = np.float32(0.0)
    for dy in range(y0, y1 + 1):
        for dx in range(x0, x1 + 1):
            if trust[sy + dy, sx + dx] == 1:
                r = feature[ty + dy, tx + dx, 0] - feature[sy + dy, sx + dx, 0]
                g = feature[ty + dy, tx + dx, 1] - feature[sy + dy, sx + dx, 1]
                b = feature[ty + dy, tx + dx, 2] - feature[sy + dy, sx + dx, 2]
                total += trust[ty + dy, tx + dx] * (r * r + g * g + b * b)
        if total >= most:
            return limit
    return total / max(weight, np.float32(1e-6)) + prior


@njit(cache=True, nogil=True)
def _price(feature, share, hole, source, wanted, trust, least, rows, columns, costs):  # type: ignore[no-untyped-def]
    """The costs of a field whose features have changed."""
    h, w = hole.shape
    for y in range(h):
        for x in range(w):
            if wanted[y, x]:
                costs[y, x] = _cost(feature, trust, share, least, y, x, rows[y, x], columns[y, x], np.float32(1e9))


@njit(cache=True, nogil=True)
def _peel(feature, share, hole, source, wanted, trust, least, rows, columns, costs, order, trusted):  # type: ignore[no-untyped-def]
    h, w = hole.shape
    for place in range(len(order)):
        y, x = order[place]
        for sy in range(h):
            for sx in range(w):
                if source[sy, sx]:
                    cost = _cost(feature, trusted, share, least, y, x, sy, sx, costs[y, x])
                    if cost < costs[y, x]:
                        rows[y, x], columns[y, x], costs[y, x] = sy, sx, cost
        if hole[y, x]:
            trusted[y, x] = trust[y, x]
            for c in range(3):
                feature[y, x, c] = feature[rows[y, x], columns[y, x], c]


@njit(cache=True, nogil=True)
def _search(feature, share, hole, source, wanted, trust, least, rows, columns, costs, seed, back):  # type: ignore[no-untyped-def]
    """One sweep: sources of the neighbours before, moved along, and random ones around the best so far."""
    h, w = hole.shape
    state = np.uint32(seed * 2654435761 % 4294967296 | 1)
    step = -1 if back else 1
    for yy in range(h):
        y = h - 1 - yy if back else yy
        for xx in range(w):
            x = w - 1 - xx if back else xx
            if not wanted[y, x]:
                continue
            for ny, nx in ((y, x - step), (y - step, x)):
                if 0 <= ny < h and 0 <= nx < w and wanted[ny, nx]:
                    sy, sx = rows[ny, nx] + y - ny, columns[ny, nx] + x - nx
                    if 0 <= sy < h and 0 <= sx < w and source[sy, sx]:
                        cost = _cost(feature, trust, share, least, y, x, sy, sx, costs[y, x])
                        if cost < costs[y, x]:
                            rows[y, x], columns[y, x], costs[y, x] = sy, sx, cost
            radius = max(h, w)
            while radius >= 1:
                state ^= np.uint32(state << np.uint32(13))
                state ^= np.uint32(state >> np.uint32(17))
                state ^= np.uint32(state << np.uint32(5))
                sy = rows[y, x] + int(state & np.uint32(0xFFFF)) * (2 * radius + 1) // 65536 - radius
                sx = columns[y, x] + int(state >> np.uint32(16)) * (2 * radius + 1) // 65536 - radius
                if 0 <= sy < h and 0 <= sx < w and source[sy, sx]:
                    cost = _cost(feature, trust, share, least, y, x, sy, sx, costs[y, x])
                    if cost < costs[y, x]:
                        rows[y, x], columns[y, x], costs[y, x] = sy, sx, cost
                radius //= 2


@njit(cache=True, nogil=True)
def _vote(feature, hole, trust, rows, columns, costs, usual):  # type: ignore[no-untyped-def]
    """Every pixel of the hole becomes what the patches over it say, the good ones most."""
    h, w = hole.shape
    out = np.zeros(3, np.float32)
    for y in range(h):
        for x in range(w):
            if not hole[y, x]:
                continue
            out[:] = 0
            weight = np.float32(0.0)
            for py in range(max(0, y - _REACH), min(h, y + _REACH + 1)):
                for px in range(max(0, x - _REACH), min(w, x + _REACH + 1)):
                    if costs[py, px] < 1e8:
                        k = np.exp(-costs[py, px] / usual) + np.float32(1e-6)
                        sy, sx = rows[py, px] + y - py, columns[py, px] + x - px
                        if 0 <= sy < h and 0 <= sx < w and trust[sy, sx] == 1:
                            weight += k
                            for c in range(3):
                                out[c] += k * feature[sy, sx, c]
            if weight > 0:
                for c in range(3):
                    feature[y, x, c] = out[c] / weight


@njit(cache=True, nogil=True)
def _carry(rows, columns, had, source, wanted, out_rows, out_columns, places):  # type: ignore[no-untyped-def]
    """The offsets of a coarser level; a place known to be a source where an offset leads to none."""
    ch, cw = had.shape
    h, w = wanted.shape
    for y in range(h):
        for x in range(w):
            if not wanted[y, x]:
                continue
            cy, cx = min(ch - 1, y * ch // h), min(cw - 1, x * cw // w)
            found = False
            for oy, ox in _AROUND:
                ny, nx = cy + oy, cx + ox
                if found or not (0 <= ny < ch and 0 <= nx < cw and had[ny, nx]):
                    continue
                sy = y + int(round((rows[ny, nx] - ny) * h / ch))
                sx = x + int(round((columns[ny, nx] - nx) * w / cw))
                if 0 <= sy < h and 0 <= sx < w and source[sy, sx]:
                    out_rows[y, x], out_columns[y, x], found = sy, sx, True
            if not found:
                pick = places[(y * 7919 + x * 104729) % len(places)]
                out_rows[y, x], out_columns[y, x] = pick[0], pick[1]


@njit(cache=True, nogil=True)
def _copy_field(picture, hole, known, rows, columns, costs, usual):  # type: ignore[no-untyped-def]
    """What the offsets of the four nearest searched pixels say, copied at full size."""
    h, w = hole.shape
    ch, cw = rows.shape
    tall, wide = h / ch, w / cw
    reach = 1 if max(tall, wide) > 1.01 else _REACH - 1
    for y in range(h):
        v = (y + 0.5) / tall - 0.5
        for x in range(w):
            if not hole[y, x]:
                continue
            u = (x + 0.5) / wide - 0.5
            r, g, b, weight = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for py in range(max(0, int(np.floor(v)) - reach + 1), min(ch, int(np.floor(v)) + reach + 1)):
                for px in range(max(0, int(np.floor(u)) - reach + 1), min(cw, int(np.floor(u)) + reach + 1)):
                    if not costs[py, px] < 1e8:
                        continue
                    sy = y + int(round((rows[py, px] - py) * tall))
                    sx = x + int(round((columns[py, px] - px) * wide))
                    if not (0 <= sy < h and 0 <= sx < w and known[sy, sx]):
                        continue
                    near = max(0.0, 1 - abs(py - v) / reach) * max(0.0, 1 - abs(px - u) / reach)
                    k = np.float32((near + 1e-6) * (np.exp(-costs[py, px] / usual) + 1e-6))
                    r += k * picture[sy, sx, 0]
                    g += k * picture[sy, sx, 1]
                    b += k * picture[sy, sx, 2]
                    weight += k
            if weight > 0:
                picture[y, x, 0], picture[y, x, 1], picture[y, x, 2] = r / weight, g / weight, b / weight


def _copy(picture: Array, hole: Array, known: Array, beside: Array, field: _Field, usual: np.float32) -> None:
    """The hole at full size. What the copies would miss of the known pixels at its rim is what their light misses: it is
    taken off, ever smoother inwards (as in Perez et al. 2003)."""
    window = np.ones((2 * _RIM_PX + 1,) * 2, np.uint8)
    rim = (cv2.dilate(hole.astype(np.uint8), window) > 0) & beside
    copied = picture.copy()
    _copy_field(copied, hole | rim, known, *field, usual)
    missed = np.sqrt(picture) - np.sqrt(copied)
    if rim.any():
        np.clip(missed, -_MOST_MISSED, _MOST_MISSED, out=missed)
        fill_holes(missed, ~rim)
        picture[hole] = np.maximum(np.sqrt(copied[hole]) + missed[hole], 0) ** 2
    else:
        picture[hole] = copied[hole]
