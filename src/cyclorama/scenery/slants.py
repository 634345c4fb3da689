"""What a slanted surface at a pixel costs, and which of a few each pixel takes.

Over a picture the inverse depth of a plane in space is linear; a plane is kept as its inverse depth at the pixel and
its slopes, and is a homography between two pictures (Bleyer et al. 2011, PatchMatch stereo). A choice costs what the
other pictures say against it, and what it breaks from the neighbours' planes: nothing where they are one plane (Taniai
et al. 2018, eq. 5), which therefore continues into what only one picture shows. Costs are summed along four directions
as in semi-global matching (Hirschmueller 2008, eq. 13), over candidates in place of depths.
"""

from typing import NamedTuple

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.scenery.windows import unlike

_UNSEEN = 0.45  # a surface outside the other picture: a little better than windows that have nothing in common
_HIDDEN = 0.5  # a surface behind what the other picture shows there
_BEHIND, _BEFORE = 0.1, 0.4  # more for a surface behind, or before, what the other picture shows
_BREAK = 0.025  # per pixel of parallax between neighbours' planes, at either pixel
_JUMP, _EDGE = 1.2, 20.0  # the most that a break costs, and how an edge of the picture lowers it
_BEST = 0.6  # what the most alike of the other pictures counts; the rest is their mean
_SAME_PX, _ALIKE = 1.5, 0.4  # parallax and unlikeness up to which two pictures show one surface
_EQUAL_PX = 0.1  # candidates nearer to each other than this are one


class Other(NamedTuple):
    """Another picture: ``mapping`` into it, its grey, and its inverse depths, -1 where they are not to be trusted."""

    a: Array
    b: Array
    grey: Array
    depth: Array


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _seen_at(x, y, d, other):  # type: ignore[no-untyped-def]
    """Where a pixel falls in the other picture, and z_there / z_here; (-1, -1, -1) outside."""
    px, py = np.float32(x) + np.float32(0.5), np.float32(y) + np.float32(0.5)
    a, b = other.a, other.b
    th, tw = other.grey.shape
    outside = np.float32(-1)
    z = a[2, 0] * px + a[2, 1] * py + a[2, 2] + b[2] * d
    if z < np.float32(1e-3):
        return outside, outside, outside
    u = (a[0, 0] * px + a[0, 1] * py + a[0, 2] + b[0] * d) / z
    v = (a[1, 0] * px + a[1, 1] * py + a[1, 2] + b[1] * d) / z
    if not (u > 0 and v > 0 and u < tw and v < th):
        return outside, outside, outside
    return u, v, z


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _against(x, y, plane, other, here, unit):  # type: ignore[no-untyped-def]
    """What one other picture says against a plane at a pixel."""
    u, v, z = _seen_at(x, y, plane[0], other)
    if z < 0:
        return np.float32(_UNSEEN)
    cost = unlike(x, y, plane, other, here, (u, v, z))
    shown = other.depth[int(v), int(u)]
    if shown < 0:
        return cost
    gap, one = (plane[0] / z - shown) * unit, np.float32(1)
    beyond = min(one, (abs(gap) - one) * np.float32(0.5))  # a pixel is allowed, three are all
    if gap < -one:
        return min(cost + np.float32(_BEHIND) * beyond, np.float32(_HIDDEN))
    if gap > one:
        return cost + np.float32(_BEFORE) * beyond
    return cost


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def confirm(planes, other, here, unit, out):  # type: ignore[no-untyped-def]
    """``out`` h w bool: also where the other picture shows the pixel's surface at the same place, and alike."""
    h, w, _ = planes.shape
    for y in range(h):
        for x in range(w):
            if out[y, x]:
                continue
            plane = planes[y, x]
            u, v, z = _seen_at(x, y, plane[0], other)
            if z >= 0 and abs(plane[0] / z - other.depth[int(v), int(u)]) * unit <= _SAME_PX:
                out[y, x] = unlike(x, y, plane, other, here, (u, v, z)) < np.float32(_ALIKE)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def add_costs(planes, other, here, unit, least, total):  # type: ignore[no-untyped-def]
    """What one other picture says against the candidates ``planes`` h w k 3: the least so far and the sum, h w k.
    ``unit``: pixels of parallax per inverse depth."""
    h, w, num, _ = planes.shape
    own = np.empty(num, np.float32)
    for y in range(h):
        for x in range(w):
            for k in range(num):
                known = _equal(planes[y, x], k, unit)
                own[k] = own[known] if known >= 0 else _against(x, y, planes[y, x, k], other, here, unit)
                least[y, x, k] = min(least[y, x, k], own[k])
                total[y, x, k] += own[k]


def costs_of(planes: Array, others: list[Other], here: tuple[Array, Array, Array], unit: np.float32) -> Array:
    """Of the candidates ``planes`` h w k 3, h w k: mostly what the best of the other pictures says (a surface hidden
    from one is judged by another)."""
    least, total = np.full(planes.shape[:3], np.inf, np.float32), np.zeros(planes.shape[:3], np.float32)
    for other in others:
        add_costs(planes, other, here, unit, least, total)
    total *= (1 - _BEST) / len(others)
    least *= _BEST
    total += least
    return total


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _equal(planes, k, unit):  # type: ignore[no-untyped-def]
    """The first candidate before ``k`` that is nearly it, over a window; -1 for none."""
    for m in range(k):
        off = abs(planes[m, 0] - planes[k, 0])
        turn = abs(planes[m, 1] - planes[k, 1]) + abs(planes[m, 2] - planes[k, 2])
        if (off + 4 * turn) * unit < np.float32(_EQUAL_PX):
            return m
    return -1


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def pass_messages(planes, costs, edge, unit, total, dy, dx):  # type: ignore[no-untyped-def]
    """One direction, added to ``total``: what the path through the neighbour says against each candidate."""
    h, w, num = costs.shape
    row = np.zeros((w, num), np.float32)  # the path through each column of the row before
    new = np.empty(num, np.float32)
    for yy in range(h):
        y = h - 1 - yy if dy < 0 else yy
        for xx in range(w):
            x = w - 1 - xx if dx < 0 else xx
            if (dx != 0 and xx == 0) or (dy != 0 and yy == 0):
                row[x] = costs[y, x]
                continue
            by, bx = y - dy, x - dx
            low = row[bx].min()
            jump = np.float32(_JUMP) / (np.float32(1) + np.float32(_EDGE) * max(edge[y, x], edge[by, bx]))
            for k in range(num):
                best = low + jump
                d = planes[y, x, k, 0]
                back = d - dx * planes[y, x, k, 1] - dy * planes[y, x, k, 2]
                for m in range(num):
                    if row[bx, m] >= best:
                        continue
                    e = planes[by, bx, m, 0]
                    on = e + dx * planes[by, bx, m, 1] + dy * planes[by, bx, m, 2]
                    best = min(best, row[bx, m] + np.float32(_BREAK) * (abs(on - d) + abs(e - back)) * unit)
                new[k] = best - low
            for k in range(num):
                total[y, x, k] += new[k]
                row[x, k] = costs[y, x, k] + new[k]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def choose(planes, costs, total, out):  # type: ignore[no-untyped-def]
    """``out`` h w 3: the candidate of least cost and total."""
    h, w, num = costs.shape
    for y in range(h):
        for x in range(w):
            best = 0
            for k in range(1, num):
                if total[y, x, k] + costs[y, x, k] < total[y, x, best] + costs[y, x, best]:
                    best = k
            for c in range(3):
                out[y, x, c] = planes[y, x, best, c]
