"""Search, vote and copy of patches, in numba: see ``patches``."""

from typing import NamedTuple

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

REACH = 3
"""Patches are 7 x 7."""
NO_COST = np.float32(1e9)
"""Of a pixel that has no source yet."""
SAME_DEPTH = 0.04
"""Of the nearest inverse depth: no difference."""
BEFORE = 1.15
"""Times as near: another surface."""
_NEARER = 20.0  # cost of a source that is nearer to the camera than what is wanted, of the shares squared
_FARTHER = 2.0  # of one that is farther
_UP = 0.5  # cost of a source a whole picture higher or lower: the world is upright, its horizon level
_ALONG = 0.02  # and of one a whole picture beside: what is near is alike
_UNEXPECTED = 0.5  # cost of a source that looks otherwise than expected, of the differences squared
_COMMON = 0.5  # of a patch's trust lies where its source is known, too
_AROUND = ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1))  # a cell's own first


class Level(NamedTuple):
    """One size of the picture. ``feature``: h w 3, display-like. ``share``: h w, inverse depth of the nearest
    surface's. ``hole``: to be made; ``source``: known, and so is what is around it; ``wanted``: its patch touches the
    hole; ``trust``: h w, 1 where it is known, less in the hole, 0 where nothing is; ``calm``: h w 4, the
    colour without detail and how much of that there is, in the hole as they are expected (``expect``); ``against``: h
    w, what a source costs wherever it is used; ``odd``: h w, how far it differs from all around it, squared."""

    feature: Array
    share: Array
    hole: Array
    source: Array
    wanted: Array
    trust: Array
    calm: Array
    against: Array
    odd: Array


class Field(NamedTuple):
    """Of every wanted pixel the row and column of its source, h w int32, and its cost, h w float32."""

    rows: Array
    columns: Array
    costs: Array


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _prior(share, calm, against, ty, tx, sy, sx):  # type: ignore[no-untyped-def]
    """What a source costs before it is looked at."""
    odd = np.float32(0.0)
    for c in range(4):
        odd += (calm[ty, tx, c] - calm[sy, sx, c]) ** 2
    odd = np.float32(_UNEXPECTED) * odd + against[sy, sx]
    h, w = share.shape
    gap = share[sy, sx] - share[ty, tx]
    over = max(abs(gap) - np.float32(SAME_DEPTH), np.float32(0.0))
    depth = np.float32(_NEARER if gap > 0 else _FARTHER) * over * over
    size = np.float32(max(h, w))
    return odd + depth + np.float32(_UP) * (abs(sy - ty) / size) ** 2 + np.float32(_ALONG) * (abs(sx - tx) / size) ** 2


@njit(cache=True, nogil=True, inline="always")
def _is_before(share, ty, tx, sy, sx):  # type: ignore[no-untyped-def]
    """Whether a source is on a surface that stands before what is wanted."""
    return share[sy, sx] > np.float32(BEFORE) * share[ty, tx] + np.float32(SAME_DEPTH)


@njit(cache=True, nogil=True, fastmath=True)
def _trust_around(trust, y, x):  # type: ignore[no-untyped-def]
    """The trust of a whole patch."""
    h, w = trust.shape
    total = np.float32(0.0)
    for py in range(max(0, y - REACH), min(h, y + REACH + 1)):
        for px in range(max(0, x - REACH), min(w, x + REACH + 1)):
            total += trust[py, px]
    return total


@njit(cache=True, nogil=True, fastmath=True)
def _cost(feature, share, calm, against, trust, ty, tx, sy, sx, least, limit):  # type: ignore[no-untyped-def]
    """What the source (sy, sx) costs (ty, tx): mean squared difference of the patches, weighed by trust, and the prior;
    ``limit`` when it is more, or when they share less trust than ``least``."""
    h, w = trust.shape
    prior = _prior(share, calm, against, ty, tx, sy, sx)
    if prior >= limit:
        return limit
    y0, y1 = max(-REACH, -ty, -sy), min(REACH, h - 1 - ty, h - 1 - sy)
    x0, x1 = max(-REACH, -tx, -sx), min(REACH, w - 1 - tx, w - 1 - sx)
    weight = np.float32(0.0)
    for dy in range(y0, y1 + 1):
        for dx in range(x0, x1 + 1):
            if trust[sy + dy, sx + dx] == 1:
                weight += trust[ty + dy, tx + dx]
    if weight < least:
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
        if total > most:
            return limit
    return total / max(weight, np.float32(1e-6)) + prior


@njit(cache=True, nogil=True)
def count_uses(level, field, uses):  # type: ignore[no-untyped-def]
    """How many patches take a source, h w float32."""
    h, w = uses.shape
    uses[:] = 0
    for y in range(h):
        for x in range(w):
            if level.wanted[y, x] and field.costs[y, x] < NO_COST:
                uses[field.rows[y, x], field.columns[y, x]] += 1


@njit(cache=True, nogil=True)
def price(level, field):  # type: ignore[no-untyped-def]
    """The costs of a field whose features have changed."""
    feature, share, _, _, wanted, trust, calm, against, _ = level
    rows, columns, costs = field
    h, w = wanted.shape
    for y in range(h):
        for x in range(w):
            if wanted[y, x] and costs[y, x] < NO_COST:
                sy, sx = rows[y, x], columns[y, x]
                costs[y, x] = _cost(feature, share, calm, against, trust, y, x, sy, sx, np.float32(0), NO_COST)


@njit(cache=True, nogil=True)
def peel(level, field, order, trusted):  # type: ignore[no-untyped-def]
    """Gives each pixel of ``order`` (n, 2) the best of all sources; those of the hole are known from then on."""
    feature, share, hole, source, _, trust, calm, against, _ = level
    rows, columns, costs = field
    h, w = hole.shape
    for place in range(len(order)):
        y, x = order[place]
        least, best = np.float32(_COMMON) * _trust_around(trusted, y, x), NO_COST
        for sy in range(h):
            for sx in range(w):
                if source[sy, sx]:
                    cost = _cost(feature, share, calm, against, trusted, y, x, sy, sx, least, best)
                    if cost < best:
                        rows[y, x], columns[y, x], best = sy, sx, cost
        costs[y, x] = best
        if hole[y, x] and best < NO_COST:
            trusted[y, x] = trust[y, x]
            for c in range(3):
                feature[y, x, c] = feature[rows[y, x], columns[y, x], c]


@njit(cache=True, nogil=True)
def sweep(level, field, seed, back):  # type: ignore[no-untyped-def]
    """Sources of the neighbours before, moved along, and random ones around the best so far."""
    feature, share, _, source, wanted, trust, calm, against, _ = level
    rows, columns, costs = field
    h, w = wanted.shape
    state = np.uint32(seed * 2654435761 % 4294967296 | 1)
    step = -1 if back else 1
    for yy in range(h):
        y = h - 1 - yy if back else yy
        for xx in range(w):
            x = w - 1 - xx if back else xx
            if not wanted[y, x]:
                continue
            least, best = np.float32(_COMMON) * _trust_around(trust, y, x), costs[y, x]
            for ny, nx in ((y, x - step), (y - step, x)):
                if 0 <= ny < h and 0 <= nx < w and wanted[ny, nx]:
                    sy, sx = rows[ny, nx] + y - ny, columns[ny, nx] + x - nx
                    if 0 <= sy < h and 0 <= sx < w and source[sy, sx]:
                        cost = _cost(feature, share, calm, against, trust, y, x, sy, sx, least, best)
                        if cost < best:
                            rows[y, x], columns[y, x], best = sy, sx, cost
            radius = max(h, w)
            while radius >= 1:
                state ^= np.uint32(state << np.uint32(13))  # xorshift: the same numbers on every machine
                state ^= np.uint32(state >> np.uint32(17))
                state ^= np.uint32(state << np.uint32(5))
                sy = rows[y, x] + int(state & np.uint32(0xFFFF)) * (2 * radius + 1) // 65536 - radius
                sx = columns[y, x] + int(state >> np.uint32(16)) * (2 * radius + 1) // 65536 - radius
                if 0 <= sy < h and 0 <= sx < w and source[sy, sx]:
                    cost = _cost(feature, share, calm, against, trust, y, x, sy, sx, least, best)
                    if cost < best:
                        rows[y, x], columns[y, x], best = sy, sx, cost
                radius //= 2
            costs[y, x] = best


@njit(cache=True, nogil=True)
def vote(level, field, usual):  # type: ignore[no-untyped-def]
    """Every pixel of the hole becomes what the patches over it say, the good ones most."""
    feature, share, hole, _, _, trust, _, _, _ = level
    rows, columns, costs = field
    h, w = hole.shape
    out = np.zeros(3, np.float32)
    for y in range(h):
        for x in range(w):
            if not hole[y, x]:
                continue
            out[:] = 0
            weight = np.float32(0.0)
            for py in range(max(0, y - REACH), min(h, y + REACH + 1)):
                for px in range(max(0, x - REACH), min(w, x + REACH + 1)):
                    if costs[py, px] < NO_COST:
                        k = np.exp(-costs[py, px] / usual) + np.float32(1e-6)
                        sy, sx = rows[py, px] + y - py, columns[py, px] + x - px
                        if 0 <= sy < h and 0 <= sx < w and trust[sy, sx] == 1 and not _is_before(share, y, x, sy, sx):
                            weight += k
                            for c in range(3):
                                out[c] += k * feature[sy, sx, c]
            if weight > 0:
                for c in range(3):
                    feature[y, x, c] = out[c] / weight


@njit(cache=True, nogil=True)
def carry(coarse, had, level, field, places):  # type: ignore[no-untyped-def]
    """The offsets of a coarser level; one of ``places`` (n, 2), where sources are, where an offset leads to none."""
    ch, cw = had.shape
    h, w = level.wanted.shape
    for y in range(h):
        for x in range(w):
            if not level.wanted[y, x]:
                continue
            cy, cx = min(ch - 1, y * ch // h), min(cw - 1, x * cw // w)
            field.costs[y, x] = 0
            found = False
            for oy, ox in _AROUND:
                ny, nx = cy + oy, cx + ox
                if found or not (0 <= ny < ch and 0 <= nx < cw and had[ny, nx] and coarse.costs[ny, nx] < NO_COST):
                    continue
                sy = y + round((coarse.rows[ny, nx] - ny) * h / ch)
                sx = x + round((coarse.columns[ny, nx] - nx) * w / cw)
                if 0 <= sy < h and 0 <= sx < w and level.source[sy, sx]:
                    field.rows[y, x], field.columns[y, x], found = sy, sx, True
            if not found:
                pick = places[(y * 7919 + x * 104729) % len(places)]
                field.rows[y, x], field.columns[y, x] = pick[0], pick[1]


@njit(cache=True, nogil=True)
def copy(picture, share, wanted, known, field, usual):  # type: ignore[no-untyped-def]
    """``wanted`` pixels at full size: what the offsets of the nearest searched pixels say, mixed where they differ."""
    h, w = wanted.shape
    rows, columns, costs = field
    ch, cw = rows.shape
    tall, wide = h / ch, w / cw
    reach = 1 if max(tall, wide) > 1.01 else REACH - 1
    for y in range(h):
        v = (y + 0.5) / tall - 0.5
        for x in range(w):
            if not wanted[y, x]:
                continue
            u = (x + 0.5) / wide - 0.5
            r, g, b, weight = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
            for py in range(max(0, int(np.floor(v)) - reach + 1), min(ch, int(np.floor(v)) + reach + 1)):
                for px in range(max(0, int(np.floor(u)) - reach + 1), min(cw, int(np.floor(u)) + reach + 1)):
                    if not costs[py, px] < NO_COST:
                        continue
                    sy = y + round((rows[py, px] - py) * tall)
                    sx = x + round((columns[py, px] - px) * wide)
                    if not (0 <= sy < h and 0 <= sx < w and known[sy, sx]) or _is_before(share, y, x, sy, sx):
                        continue
                    near = max(0.0, 1 - abs(py - v) / reach) * max(0.0, 1 - abs(px - u) / reach)
                    k = np.float32((near + 1e-6) * (np.exp(-costs[py, px] / usual) + 1e-6))
                    r += k * picture[sy, sx, 0]
                    g += k * picture[sy, sx, 1]
                    b += k * picture[sy, sx, 2]
                    weight += k
            if weight > 0:
                picture[y, x, 0], picture[y, x, 1], picture[y, x, 2] = r / weight, g / weight, b / weight
