"""Which pictures show the same place, what two of them share, and how two of them stand to each other."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matchmove.match import Features, Pair, alike, searched, verified

ALL_PAIRS = 10  # so many pictures or fewer are matched each with each
NEIGHBOURS = 14  # else every picture with so many that look most like it
_FIRST_LOOK = 600  # features by which that is told (Wu 2013, section 3.1)
_LEAST_ALIKE = 6
_FARTHEST = 1e4  # of the points by which a pair's pose is told from its mirror images, in baselines
LEAST_POINTS = 15  # that a pose rests on


def paired(features: Sequence[Features]) -> dict[tuple[int, int], Pair]:
    """Of the pairs ``(i, j)``, i < j, that look alike, the matches that agree on one geometry, be they few."""
    return {
        (i, j): verified(features[i], features[j], alike(features[i], features[j])) for i, j in _promising(features)
    }


def _promising(features: Sequence[Features]) -> list[tuple[int, int]]:
    n = len(features)
    if n <= ALL_PAIRS:
        return list(combinations(range(n), 2))
    seen_from_afar = [f.largest(_FIRST_LOOK) for f in features]
    likeness = np.diag(np.full(n, -1))  # itself comes last
    for i, j in combinations(range(n), 2):
        likeness[i, j] = likeness[j, i] = len(alike(seen_from_afar[i], seen_from_afar[j]))
    rank = (-likeness).argsort(1, kind="stable").argsort(1)
    chosen = (np.minimum(rank, rank.T) < NEIGHBOURS) & ((likeness >= _LEAST_ALIKE) | (np.minimum(rank, rank.T) == 0))
    return [(int(i), int(j)) for i, j in np.argwhere(np.triu(chosen, 1))]


@dataclass(frozen=True)
class TwoViews:
    """Pose of the second picture of a pair from the first, ``x2 = rotation (x1 - center)``, |center| = 1."""

    rotation: Array
    center: Array


def two_views(p: Array, q: Array, width: float) -> TwoViews | None:
    """Relative pose of two calibrated pictures from matches (m, 2) in focal lengths from the middle, by the five-point
    method (Nister 2004); ``width`` of an inlier in the same unit. None when there is none."""
    essential, inlier = searched(lambda: cv2.findEssentialMat(p, q, np.eye(3), cv2.USAC_MAGSAC, 0.9999, width))
    if essential is None or essential.shape != (3, 3):
        return None
    good, rotation, move, *_ = cv2.recoverPose(essential, p, q, np.eye(3), _FARTHEST, mask=inlier.copy())
    if good < LEAST_POINTS:
        return None
    return TwoViews(rotation, (-rotation.T @ move)[:, 0])
