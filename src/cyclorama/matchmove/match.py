"""Features that references share, as tracks over the frames that they show."""

from itertools import combinations

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear
from cyclorama.core.reference import Reference
from cyclorama.matchmove.tracks import Tracks

MIN_MATCHES = 24  # fewer that agree on one geometry is chance
_MAX_FEATURES = 6000
_RATIO = 0.8  # Lowe 2004, section 7.1


def match_references(references: tuple[Reference, ...], hw: tuple[int, int], num_frames: int) -> Tracks:
    """Tracks of the features that two or more references share, each seen at its reference's frame, in px of ``hw``.

    Pairs that do not show the same thing contribute nothing. References at one frame count once.
    """
    features = [_features(r.image, hw) for r in references]
    links = []
    for i, j in combinations(range(len(references)), 2):
        if references[i].frame != references[j].frame:
            links += [((i, a), (j, b)) for a, b in _pair(features[i], features[j])]
    return _chained(links, features, references, hw, num_frames)


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


def _features(image: Array, hw: tuple[int, int]) -> tuple[Array, Array]:
    """SIFT positions (n, 2) in pixels of ``hw`` (centres at .5) and root-normalised descriptors (Arandjelovic 2012)."""
    grey = cv2.cvtColor(code8_from_linear(image), cv2.COLOR_RGB2GRAY)
    scale = min(1.0, 1280 / max(grey.shape))
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else grey
    points, described = cv2.SIFT.create(
        _MAX_FEATURES, contrastThreshold=0.015, enable_precise_upscale=True
    ).detectAndCompute(small, None)
    if described is None or len(points) < 2:
        return np.zeros((0, 2)), np.zeros((0, 128), np.float32)
    at = np.array([p.pt for p in points], np.float64) + 0.5
    described = np.sqrt(described / np.maximum(described.sum(1, keepdims=True), 1e-9))
    return at * np.array([hw[1] / small.shape[1], hw[0] / small.shape[0]]), described.astype(np.float32)


def _pair(one: tuple[Array, Array], two: tuple[Array, Array]) -> list[tuple[int, int]]:
    """Mutual nearest neighbours that pass the ratio test and agree on one epipolar geometry or one homography."""
    if min(len(one[0]), len(two[0])) < MIN_MATCHES:
        return []
    alike = one[1] @ two[1].T  # descriptors have length 1: the larger, the nearer
    ahead, sure_ahead = _nearest(alike)
    back, sure_back = _nearest(alike.T)
    rows = np.arange(len(alike))
    both = np.flatnonzero((back[ahead] == rows) & sure_ahead & sure_back[ahead])
    if len(both) < MIN_MATCHES:
        return []
    agree = both[_consistent(one[0][both], two[0][ahead[both]])]
    return [(int(a), int(ahead[a])) for a in agree] if len(agree) >= MIN_MATCHES else []


def _nearest(alike: Array) -> tuple[Array, Array]:
    """Of every row the best column, and whether it passes the ratio test against the second best."""
    rows = np.arange(len(alike))
    best = alike.argmax(1)
    first = alike[rows, best]
    alike[rows, best] = -1
    second = alike.max(1)
    alike[rows, best] = first
    return best, 1 - first < _RATIO**2 * (1 - second)


def _consistent(p: Array, q: Array) -> Array:
    """(n,) bool. A plane or a pure turn fits a homography better than an epipolar geometry that its outliers bend."""
    cv2.setRNGSeed(0)
    h, on_plane = cv2.findHomography(p, q, cv2.USAC_MAGSAC, 3.0, maxIters=5000, confidence=0.9999)
    f, on_lines = cv2.findFundamentalMat(p, q, cv2.USAC_MAGSAC, 1.5, 0.9999, 10000)
    nothing = np.zeros(len(p), bool)
    flat = nothing if h is None else np.asarray(on_plane)[:, 0] > 0
    deep = nothing if f is None else np.asarray(on_lines)[:, 0] > 0
    return flat if flat.sum() > 0.85 * deep.sum() else deep


def _chained(
    links: list[tuple[tuple[int, int], tuple[int, int]]],
    features: list[tuple[Array, Array]],
    references: tuple[Reference, ...],
    hw: tuple[int, int],
    num_frames: int,
) -> Tracks:
    parent: dict[tuple[int, int], tuple[int, int]] = {}

    def root(node: tuple[int, int]) -> tuple[int, int]:
        while parent.setdefault(node, node) != node:
            node = parent[node]
        return node

    for a, b in links:
        parent[root(a)] = root(b)
    ids: dict[tuple[int, int], int] = {}
    rows: dict[tuple[int, int], Array] = {}
    for reference, feature in parent:
        track = ids.setdefault(root((reference, feature)), len(ids))
        rows.setdefault((track, references[reference].frame), features[reference][0][feature])
    if not rows:
        return Tracks(np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros((0, 2)), hw, num_frames)
    ids_seen, frames_seen = (np.array(x, np.int64) for x in zip(*rows))
    tracks = Tracks(ids_seen, frames_seen, np.stack(list(rows.values())), hw, num_frames)
    return tracks.keep(np.bincount(ids_seen)[ids_seen] >= 2)
