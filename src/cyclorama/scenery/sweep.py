"""A first depth of every picture from the others: plane sweep, semi-global aggregation, agreement between the views.

Cost volumes are indexed ``h w k`` with ``k`` even steps of inverse depth from 0 (infinity) to the nearest surface, so
that one step is about the same number of pixels everywhere; they are bytes, 0 (a match) to 255. Aggregation follows
Hirschmueller 2008 (eq. 13), the penalty of a jump lowered where the picture has an edge. After a first round every view
votes for the surfaces that it found in the volumes of the others, and they are aggregated again: what one view cannot
know (it was hidden, or out of frame) it learns from those that saw it.
"""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.scenery.mapping import mapping

NUM_PLANES = 128
NUM_ROUNDS = 2
_UNSEEN = 0.45  # cost of a plane that falls outside the other picture: neither good nor bad
_VOTE = 0.3  # what another view's surface takes off a cost
_STEP, _JUMP = 0.06, 1.2  # penalties of a change by one plane, and by more


def swept(greys: list[Array], edges: list[Array], cameras: list[Camera], nearest: float) -> list[Array]:
    """Inverse depth of every picture, h w float32 each.

    ``greys``: two or more, display-referred h w float32 of their camera's size; the lenses are straight. ``edges``:
    their ``edge_strength``. ``nearest``: the largest inverse depth looked for, in 1/world units.
    """
    planes = np.linspace(0.0, nearest, NUM_PLANES)
    costs = [_cost(greys, cameras, index, planes) for index in range(len(greys))]
    found = [_solve(cost, None, edge, planes[1]) for cost, edge in zip(costs, edges)]
    for _ in range(NUM_ROUNDS):
        found = [_solve(costs[i], _votes(found, cameras, i, planes), edges[i], planes[1]) for i in range(len(greys))]
    return found


def edge_strength(grey: Array) -> Array:
    """Of a picture 0..1, per pixel."""
    return np.hypot(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.25), cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.25))


def _cost(greys: list[Array], cameras: list[Camera], index: int, planes: Array) -> Array:
    """Mostly the best of the other views (a surface hidden from one is judged by another), a little their mean;
    smoothed along the picture's own edges by a guided filter (He et al. 2013)."""
    grey, camera = greys[index], cameras[index]
    others = [i for i in range(len(greys)) if i != index]
    h, w = grey.shape
    u, v = np.meshgrid(np.arange(w, dtype=np.float32) + 0.5, np.arange(h, dtype=np.float32) + 0.5)
    moments = [_moments(g) for g in greys]
    guide_mean = cv2.blur(grey, (7, 7))
    guide_var = cv2.blur(grey * grey, (7, 7)) - guide_mean * guide_mean
    out = np.empty((h, w, len(planes)), np.uint8)
    for k, d in enumerate(planes):
        each = []
        for other in others:
            a, b = mapping(camera, cameras[other])
            seen = _Warp((u, v), a, b * d, cameras[other])
            each.append(_plane_cost(grey, moments[index], greys[other], seen))
        cost = 0.6 * np.minimum.reduce(each) + 0.4 * np.mean(each, 0)
        mean = cv2.blur(cost, (7, 7))
        slope = (cv2.blur(grey * cost, (7, 7)) - guide_mean * mean) / (guide_var + 1e-3)
        smooth = cv2.blur(slope, (7, 7)) * grey + cv2.blur(mean - slope * guide_mean, (7, 7))
        out[..., k] = np.clip(smooth * 255, 0, 255)
    return out


class _Warp:
    """Where the pixels of one picture, on one plane, fall in another."""

    def __init__(self, place: tuple[Array, Array], a: Array, b: Array, other: Camera) -> None:
        (u, v), (h, w) = place, other.hw
        z = a[2, 0] * u + a[2, 1] * v + (a[2, 2] + b[2])
        safe = np.where(z > 1e-6, z, 1).astype(np.float32)
        self.u = ((a[0, 0] * u + a[0, 1] * v + (a[0, 2] + b[0])) / safe).astype(np.float32)
        self.v = ((a[1, 0] * u + a[1, 1] * v + (a[1, 2] + b[1])) / safe).astype(np.float32)
        self.inside = (self.u > 0) & (self.u < w) & (self.v > 0) & (self.v < h) & (z > 1e-6)


def _plane_cost(grey: Array, moments: tuple[Array, Array], other: Array, warp: _Warp) -> Array:
    """(1 - zero-mean normalised correlation) / 2 in a 5 x 5 window, and a little absolute difference."""
    mean, var = moments
    seen = cv2.remap(other, warp.u - 0.5, warp.v - 0.5, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    seen_mean, seen_var = _moments(seen)
    cov = cv2.blur(grey * seen, (5, 5)) - mean * seen_mean
    zncc = cov / np.sqrt(np.maximum(var, 2e-5) * np.maximum(seen_var, 2e-5))
    cost = np.minimum((1 - zncc) * 0.5 + 0.5 * np.minimum(np.abs(grey - seen), 0.2), 0.8)
    cost[~warp.inside] = _UNSEEN
    return cost


def _moments(grey: Array) -> tuple[Array, Array]:
    mean = cv2.blur(grey, (5, 5))
    return mean, cv2.blur(grey * grey, (5, 5)) - mean * mean


def _votes(found: list[Array], cameras: list[Camera], index: int, planes: Array) -> Array:
    votes = np.zeros((*found[index].shape, len(planes)), np.uint8)
    for other, inverse_depth in enumerate(found):
        if other != index:
            way = mapping(cameras[other], cameras[index])
            _vote(inverse_depth, way, planes[1], round(_VOTE * 255), votes)
    return votes


@njit(cache=True, nogil=True)
def _vote(inverse_depth, way, step, amount, votes):  # type: ignore[no-untyped-def]
    a, b = way
    h, w = inverse_depth.shape
    th, tw, num = votes.shape
    for y in range(h):
        for x in range(w):
            d = inverse_depth[y, x]
            px, py = x + 0.5, y + 0.5
            z = a[2, 0] * px + a[2, 1] * py + a[2, 2] + b[2] * d
            if z <= 1e-6:
                continue
            u = (a[0, 0] * px + a[0, 1] * py + a[0, 2] + b[0] * d) / z
            v = (a[1, 0] * px + a[1, 1] * py + a[1, 2] + b[1] * d) / z
            plane = d / z / step
            if u < 0 or v < 0 or u >= tw or v >= th or plane > num:
                continue
            for k in range(max(0, int(plane + 0.5) - 2), min(num, int(plane + 0.5) + 3)):
                share = amount * max(0.0, 1 - abs(k - plane) / 2)
                if share > votes[int(v), int(u), k]:
                    votes[int(v), int(u), k] = share


def _solve(cost: Array, votes: Array | None, edge: Array, step: float) -> Array:
    total = np.zeros(cost.shape, np.float32)
    if votes is None:
        votes = np.zeros((1, 1, 1), np.uint8)
    for dy, dx in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        _scan(cost, votes, edge, total, dy, dx)
    return _least(total, np.float32(step))


@njit(cache=True, nogil=True)
def _scan(cost, votes, edge, total, dy, dx):  # type: ignore[no-untyped-def]
    """One direction of semi-global matching, added to ``total``."""
    h, w, num = cost.shape
    voted = votes.shape[0] == h
    row = np.zeros((w, num), np.float32)  # the path through each column of the row before
    last = np.empty(num, np.float32)
    own = np.empty(num, np.float32)
    for yy in range(h):
        y = h - 1 - yy if dy < 0 else yy
        for xx in range(w):
            x = w - 1 - xx if dx < 0 else xx
            for k in range(num):
                own[k] = np.float32(cost[y, x, k]) * np.float32(1 / 255)
                if voted:
                    own[k] -= np.float32(votes[y, x, k]) * np.float32(1 / 255)
            if (dx != 0 and xx == 0) or (dy != 0 and yy == 0):
                for k in range(num):
                    row[x, k] = own[k]
                    total[y, x, k] += own[k]
                continue
            before = max(edge[y, x], edge[y - dy, x - dx])
            low = np.float32(1e9)
            for k in range(num):
                last[k] = row[x - dx, k]
                low = min(low, last[k])
            jump = low + np.float32(_STEP) + np.float32(_JUMP) / (np.float32(1.0) + np.float32(20.0) * before)
            for k in range(num):
                best = min(last[k], jump)
                if k > 0:
                    best = min(best, last[k - 1] + np.float32(_STEP))
                if k < num - 1:
                    best = min(best, last[k + 1] + np.float32(_STEP))
                row[x, k] = own[k] + best - low
                total[y, x, k] += row[x, k]


@njit(cache=True, nogil=True)
def _least(total, step):  # type: ignore[no-untyped-def]
    """Plane of least cost with a parabola through its neighbours, as inverse depth."""
    h, w, num = total.shape
    out = np.empty((h, w), np.float32)
    for y in range(h):
        for x in range(w):
            k = 0
            for i in range(1, num):
                if total[y, x, i] < total[y, x, k]:
                    k = i
            at = np.float32(k)
            if 0 < k < num - 1:
                left, mid, right = total[y, x, k - 1], total[y, x, k], total[y, x, k + 1]
                bend = left - 2 * mid + right
                if bend > 1e-9:
                    at += np.float32(0.5) * (left - right) / bend
            out[y, x] = at * step
    return out
