"""What the straight lines of one picture say: which way is up, and where things vanish.

Segments are found by LSD (Grompone von Gioi et al. 2010); vanishing points by the segments that agree with those of
random pairs (Rother 2002 weighs them alike). Directions are (x, y, z) of the camera, OpenCV axes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.core.arrays import Array

LINES_LONG_SIDE = 800
_LEAST_PX = 18.0  # of a segment, on that side
_MOST_SEGMENTS = 1500
_CONTRAST, _SMOOTH_PX = 3.0, 0.8  # what is evened out before segments are sought
_AGREES = np.sin(np.radians(2.0))  # of the angle between a segment and the way to its vanishing point
_UPRIGHT = np.cos(np.radians(20.0))  # segments nearer the vertical than this may be upright things
_LEVEL = np.sin(np.radians(5.0))  # segments nearer the horizontal than this say nothing of depth
_MOST_TILT = np.sin(np.radians(35.0))
_TRIALS = 1000
_LEAST_SEGMENTS = 8  # that prove a direction
_LEAST_LENGTH = 0.5  # of the picture's diagonal, all of them together
_UP_SHARE = 0.4  # of the length of all segments that might
_DEPTH_PROOF = 0.1
"""Length in diagonals times share of the length: of clutter 2 degrees of 90 agree with any point, a share of .02."""
_OFF_LEVEL = np.sin(np.radians(12.0))  # so far from level may depth run: a picture has its own focal length
_BESIDE = 0.3  # of the picture's size: so far outside it may the depth vanish
_SEA_LEVEL, _SEA_PX = np.sin(np.radians(2.0)), 2.5  # a level line is so level, and so thin
_SEA_WIDTH = 0.25  # of the picture's width is the least of it that is seen
_SEA_EDGE = 0.1  # of the height: so near a border no horizon is believed
_BINS = 12  # of the way of a segment: a direction is believed for lines from several sides
_BIN_SHARE = 0.35  # at most so much of the evidence may come from one of them


@dataclass(frozen=True)
class Segments:
    """``middle``, ``along`` (n, 2): pixels, and unit vectors; ``length`` (n,)."""

    middle: Array
    along: Array
    length: Array

    def agree(self, direction: Array, px_from_cam: Array) -> Array:
        """(n,) bool: those that point to where a direction vanishes."""
        u, v, w = px_from_cam @ direction
        way = np.stack([u - w * self.middle[:, 0], v - w * self.middle[:, 1]], 1)
        across = np.abs(way[:, 0] * self.along[:, 1] - way[:, 1] * self.along[:, 0])
        return np.asarray(across < _AGREES * np.linalg.norm(way, axis=1))


@dataclass(frozen=True)
class Directions:
    """``up`` and ``depth`` (3,) unit vectors of the camera, at right angles; ``depth`` points into the picture. Whether
    lines prove each: else ``up`` is what was expected and ``depth`` straight ahead."""

    up: Array
    depth: Array
    up_seen: bool
    depth_seen: bool


def segments_of(grey: Array) -> Segments:
    """Straight edges of a picture, h w uint8, the longest first."""
    even = cv2.createCLAHE(_CONTRAST, (8, 8)).apply(grey)  # lines in the dark count, too
    found = cv2.createLineSegmentDetector(cv2.LSD_REFINE_STD).detect(cv2.GaussianBlur(even, (0, 0), _SMOOTH_PX))[0]
    ends = np.zeros((0, 4)) if found is None else found.reshape(-1, 4).astype(np.float64) + 0.5
    vector = ends[:, 2:] - ends[:, :2]
    length = np.linalg.norm(vector, axis=1)
    rows = np.argsort(-length, kind="stable")[:_MOST_SEGMENTS]
    rows = rows[length[rows] >= _LEAST_PX]
    middle = (ends[rows, :2] + ends[rows, 2:]) / 2
    return Segments(middle, vector[rows] / length[rows, None], length[rows])


def directions_of(segments: Segments, px_from_cam: Array, hw: tuple[int, int], expected_up: Array) -> Directions:
    """Up and depth as the segments of a picture of size ``hw`` prove them. Where depth vanishes, it lies on the
    horizon; without that upright lines alone say how the camera is tilted."""
    upright = np.abs(segments.along[:, 1]) > _UPRIGHT
    up = _vanishing(segments, upright, px_from_cam, hw)
    if up is None:
        level = _level_line(segments, hw)
        if level is None:
            return _ahead(expected_up, False)
        ray = np.linalg.inv(px_from_cam) @ [hw[1] / 2, level, 1.0]
        return _ahead(_unit(expected_up - (expected_up @ ray) * ray / (ray @ ray)), True)
    up = -up if up[1] > 0 else up
    lying = ~segments.agree(up, px_from_cam) & (np.abs(segments.along[:, 1]) > _LEVEL)
    depth = _vanishing(segments, lying, px_from_cam, hw, up)
    if depth is None:
        return _ahead(up, True)
    depth = depth * np.sign(depth[2])
    return Directions(_unit(up - (up @ depth) * depth), depth, True, True)


def _ahead(up: Array, up_seen: bool) -> Directions:
    """Depth straight ahead."""
    ahead = np.array([0.0, 0.0, 1.0])
    return Directions(up, _unit(ahead - (ahead @ up) * up), up_seen, False)


def _level_line(segments: Segments, hw: tuple[int, int]) -> float | None:
    """The row of the longest level line of a picture in which nothing is upright: the sea's, or a plain's; or None."""
    level = np.abs(segments.along[:, 1]) < _SEA_LEVEL
    rows, length = segments.middle[level, 1], segments.length[level]
    if not len(rows):
        return None
    on = np.abs(rows[:, None] - rows) < _SEA_PX
    along = on @ length
    best = int(np.argmax(along))
    inside = _SEA_EDGE * hw[0] < rows[best] < (1 - _SEA_EDGE) * hw[0]
    return float(rows[best]) if along[best] > _SEA_WIDTH * hw[1] and inside else None


def _unit(vector: Array) -> Array:
    return np.asarray(vector / np.linalg.norm(vector))


def _vanishing(
    segments: Segments, chosen: Array, px_from_cam: Array, hw: tuple[int, int], up: Array | None = None
) -> Array | None:
    """The direction (3,) with which most of the chosen segments agree, or None where too few do: of depth where ``up``
    is known, else up."""
    rows = np.flatnonzero(chosen)
    if len(rows) < _LEAST_SEGMENTS:
        return None
    some = Segments(segments.middle[rows], segments.along[rows], segments.length[rows])
    back = np.linalg.inv(px_from_cam)
    chance = some.length / some.length.sum()
    random = np.random.default_rng(0)
    best, most = None, 0.0
    for one, two in random.choice(len(rows), (_TRIALS, 2), p=chance):
        found = back @ np.cross(_line(some, one), _line(some, two))
        size = np.linalg.norm(found)
        if size < 1e-9 or not _allowed(found / size, px_from_cam, hw, up):
            continue
        agree = some.agree(found, px_from_cam)
        if some.length[agree].sum() <= most:
            continue
        support = _support(some, agree, spread=up is not None)
        if support > most:
            best, most = found / size, support
    if best is None:
        return None
    for _ in range(3):
        best = _refined(some, some.agree(best, px_from_cam), px_from_cam)
    agree = some.agree(best, px_from_cam)
    length = float(some.length[agree].sum())
    diagonals, share = length / np.hypot(*hw), length / some.length.sum()
    proven = diagonals > _LEAST_LENGTH and (share > _UP_SHARE if up is None else diagonals * share > _DEPTH_PROOF)
    proven &= _allowed(best, px_from_cam, hw, up) and agree.sum() >= _LEAST_SEGMENTS
    if up is not None:
        proven &= _support(some, agree, spread=True) > 0.5 * length
    return best if proven else None


def _line(segments: Segments, row: int) -> Array:
    (x, y), (a, b) = segments.middle[row], segments.along[row]
    return np.cross([x, y, 1.0], [x + a, y + b, 1.0])


def _allowed(direction: Array, px_from_cam: Array, hw: tuple[int, int], up: Array | None) -> bool:
    """Up is near the picture's own; depth is about level and vanishes in the picture or not far beside it."""
    if up is None:
        return bool(abs(direction[2]) < _MOST_TILT and abs(direction[0]) < _MOST_TILT)
    u, v, w = px_from_cam @ direction
    if abs(w) < 1e-9 or abs(direction @ up) > _OFF_LEVEL:
        return False
    beside, down = _BESIDE * hw[1], _BESIDE * hw[0]
    return bool(-beside < u / w < hw[1] + beside and -down < v / w < hw[0] + down)


def _support(segments: Segments, agree: Array, *, spread: bool) -> float:
    """Length that agrees; with ``spread`` no one way of lines counts for more than its share."""
    length = segments.length[agree]
    if not spread or not len(length):
        return float(length.sum())
    way = np.arctan2(segments.along[agree, 1], segments.along[agree, 0]) % np.pi
    bins = np.bincount((way / np.pi * _BINS).astype(int) % _BINS, length, _BINS)
    return float(np.minimum(bins, _BIN_SHARE * bins.sum()).sum())


def _refined(segments: Segments, agree: Array, px_from_cam: Array) -> Array:
    """The direction nearest to all planes through the camera and the segments that agree, by their length."""
    back = np.linalg.inv(px_from_cam)
    one = np.column_stack([segments.middle[agree], np.ones(agree.sum())]) @ back.T
    other = np.column_stack([segments.middle[agree] + segments.along[agree], np.ones(agree.sum())]) @ back.T
    normal = np.cross(one, other)
    normal *= (segments.length[agree] / np.linalg.norm(normal, axis=1))[:, None]
    return np.asarray(np.linalg.svd(normal)[2][-1])
