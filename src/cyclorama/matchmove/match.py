"""Features that pictures share: SIFT, matched and checked against one geometry; those of references as tracks."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import cv2
import numpy as np
from numba import njit
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear
from cyclorama.core.reference import Reference
from cyclorama.matchmove.tracks import Tracks

MIN_MATCHES = 24  # fewer that agree on one geometry is chance
_MAX_FEATURES = 6000
_DETECTED_LONG_SIDE = 1280
_RATIO = 0.8  # Lowe 2004, section 7.1
_FLAT = 0.85  # share of the matches of an epipolar geometry from which on a homography explains the pair as well
_LINE_PX, _PLANE_PX = 1.5, 3.0  # widths of MAGSAC's inliers
_LEAST_ROWS = 8  # that a geometry is sought in
_ROWS = 128  # of the table of likeness that are held at once


@dataclass(frozen=True)
class Features:
    """SIFT positions ``px`` (n, 2) (centres at .5) and root-normalised descriptors (n, 128) float32 (Arandjelovic and
    Zisserman 2012); ``size`` (n,) the width of what is described."""

    px: Array
    described: Array
    size: Array

    def __len__(self) -> int:
        return len(self.px)

    def largest(self, num: int) -> "Features":
        """The ``num`` that are seen from afar too."""
        rows = np.argsort(-self.size, kind="stable")[:num]
        return Features(self.px[rows], self.described[rows], self.size[rows])


@dataclass(frozen=True)
class Pair:
    """Matches of two pictures, ``rows`` (m, 2) of their features, that agree on one geometry; whether that is ``flat``,
    one homography: a plane, or a turn without a move. Fewer than ``MIN_MATCHES`` prove nothing."""

    rows: Array
    flat: bool

    def __len__(self) -> int:
        return len(self.rows)


NO_PAIR = Pair(np.zeros((0, 2), np.int64), False)


def features_of(image: Array, hw: tuple[int, int]) -> Features:
    """Features of a picture, h w 3 float32 scene-linear, in pixels of ``hw``."""
    grey = cv2.cvtColor(code8_from_linear(image), cv2.COLOR_RGB2GRAY)
    scale = min(1.0, _DETECTED_LONG_SIDE / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    points, described = cv2.SIFT.create(
        _MAX_FEATURES, contrastThreshold=0.015, enable_precise_upscale=True
    ).detectAndCompute(small, None)
    if described is None or len(points) < 2:
        return Features(np.zeros((0, 2)), np.zeros((0, 128), np.float32), np.zeros(0))
    at = np.array([p.pt for p in points], np.float64) + 0.5
    described = np.sqrt(described / np.maximum(described.sum(1, keepdims=True), 1e-9)).astype(np.float32)
    to_hw = np.array([hw[1] / small.shape[1], hw[0] / small.shape[0]])
    return Features(at * to_hw, described, np.array([p.size for p in points]) * to_hw[0])


def alike(one: Features, two: Features) -> Array:
    """Rows (m, 2) of features that are mutual nearest neighbours and pass the ratio test both ways."""
    n, m = len(one), len(two)
    if min(n, m) < 2:
        return NO_PAIR.rows
    best, back = np.zeros(n, np.int64), np.zeros(m, np.int64)
    near, back_near = np.full((n, 2), -1, np.float32), np.full((m, 2), -1, np.float32)
    for row in range(0, n, _ROWS):  # descriptors have length 1: the larger the product, the nearer
        likeness = one.described[row : row + _ROWS] @ two.described.T
        _nearest_two(likeness, row, best, near, back, back_near)
    sure, back_sure = (1 - x[:, 0] < _RATIO**2 * (1 - x[:, 1]) for x in (near, back_near))
    rows = np.flatnonzero((back[best] == np.arange(n)) & sure & back_sure[best])
    return np.stack([rows, best[rows]], 1)


@njit(cache=True, nogil=True)
def _nearest_two(likeness, first_row, best, near, back, back_near):  # type: ignore[no-untyped-def]
    """The best and the second best of every row, and of every column so far."""
    for i in range(likeness.shape[0]):
        row = first_row + i
        first, second, where = near[row, 0], near[row, 1], best[row]
        for j in range(likeness.shape[1]):
            v = likeness[i, j]
            if v > second:
                if v > first:
                    second, first, where = first, v, j
                else:
                    second = v
            if v > back_near[j, 1]:
                if v > back_near[j, 0]:
                    back_near[j, 1], back_near[j, 0], back[j] = back_near[j, 0], v, row
                else:
                    back_near[j, 1] = v
        near[row, 0], near[row, 1], best[row] = first, second, where


def verified(one: Features, two: Features, rows: Array) -> Pair:
    """The matches that agree on one epipolar geometry, or on one homography: a plane or a pure turn fits that better
    than an epipolar geometry that its outliers bend."""
    if len(rows) < _LEAST_ROWS:
        return NO_PAIR
    p, q = one.px[rows[:, 0]], two.px[rows[:, 1]]
    plane = _agreeing(lambda: cv2.findHomography(p, q, cv2.USAC_MAGSAC, _PLANE_PX, None, 5000, 0.9999), len(p))
    lines = _agreeing(lambda: cv2.findFundamentalMat(p, q, cv2.USAC_MAGSAC, _LINE_PX, 0.9999, 10000), len(p))
    flat = bool(plane.sum() > _FLAT * lines.sum())
    return Pair(rows[plane if flat else lines], flat)


def _agreeing(search: Callable[[], tuple[Any, Any]], num: int) -> Array:
    """(num,) bool: the matches on the geometry that a search finds."""
    model, inlier = searched(search)
    return np.zeros(num, bool) if model is None else np.asarray(inlier)[:, 0] > 0


def searched(search: Callable[[], tuple[Any, Any]]) -> tuple[Any, Any]:
    """What one of OpenCV's random searches finds, the same every time; nothing where all its samples are degenerate,
    for there it raises."""
    cv2.setRNGSeed(0)
    try:
        return search()
    except cv2.error:
        return None, None


def match_references(references: tuple[Reference, ...], hw: tuple[int, int], num_frames: int) -> Tracks:
    """Tracks of the features that two or more references share, each seen at its reference's frame, in px of ``hw``.

    Pairs that do not show the same thing contribute nothing. References at one frame count once.
    """
    return match_features([features_of(r.image, hw) for r in references], [r.frame for r in references], hw, num_frames)


def match_features(features: Sequence[Features], frames: Sequence[int], hw: tuple[int, int], num_frames: int) -> Tracks:
    """The same of features, those of every reference at its frame."""
    pairs = {}
    for i, j in combinations(range(len(features)), 2):
        if frames[i] != frames[j]:
            pair = verified(features[i], features[j], alike(features[i], features[j]))
            if len(pair) >= MIN_MATCHES:
                pairs[i, j] = pair.rows
    track, picture, px = chained(features, pairs)
    frame = np.array(frames, np.int64)[picture]
    _, first = np.unique(np.stack([track, frame]), axis=1, return_index=True)
    tracks = Tracks(track[first], frame[first], px[first], hw, num_frames)
    return tracks.keep(np.bincount(tracks.track)[tracks.track] >= 2) if len(first) else tracks


def chained(features: Sequence[Features], pairs: dict[tuple[int, int], Array]) -> tuple[Array, Array, Array]:
    """Matches of pairs joined to tracks: ``track`` (n,), ``picture`` (n,), ``px`` (n, 2). A track whose matches
    contradict each other shows a picture twice."""
    starts = np.cumsum([0, *map(len, features)])
    links = [rows + starts[list(pair)] for pair, rows in pairs.items()]
    if not links:
        return np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2))
    a, b = np.concatenate(links).T
    graph = coo_array((np.ones(len(a), bool), (a, b)), shape=(starts[-1], starts[-1]))
    label = connected_components(graph, directed=False)[1]
    nodes = np.unique(np.concatenate([a, b]))
    _, track = np.unique(label[nodes], return_inverse=True)
    picture = np.searchsorted(starts, nodes, "right") - 1
    return track, picture, np.concatenate([f.px for f in features])[nodes]


def components(tracks: Tracks) -> list[list[int]]:
    """Frames joined to each other by ``MIN_MATCHES`` tracks or more, each group sorted, groups by first frame."""
    frames = np.unique(tracks.frame)
    seen = {int(f): set(tracks.track[tracks.frame == f].tolist()) for f in frames}
    groups = [{int(f)} for f in frames]
    for a, b in combinations(seen, 2):
        if len(seen[a] & seen[b]) >= MIN_MATCHES:
            one, two = (next(g for g in groups if x in g) for x in (a, b))
            if one is not two:
                groups.remove(two)
                one |= two
    return sorted(sorted(g) for g in groups if len(g) > 1)
