"""What pictures of a place share: how they fit each other, before any camera is known."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.core.reference import Reference
from cyclorama.matchmove.match import (
    MIN_MATCHES,
    Features,
    Pair,
    alike,
    chained,
    features_of,
    searched,
    verified,
)
from cyclorama.matchmove.tracks import Tracks

_OPPOSED_DEG = 150.0  # a picture turned by more than this against another is upside down
_TELLING = 100  # features of a picture from which it is strange that none is shared
_SAME_VIEW = 0.6  # of a picture, far away: another that shows so much of it should share features
_ASIDE_DEG = 60.0  # and by more than this it lies on its side


@dataclass(frozen=True)
class Views:
    """Pictures as if each had the size ``hw``: ``features`` of each, and of every two the ``pairs`` of them."""

    names: tuple[str, ...]
    hw: tuple[int, int]
    features: tuple[Features, ...]
    pairs: dict[tuple[int, int], Pair]

    def shared_px(self, i: int, j: int) -> tuple[Array, Array]:
        """Where picture ``i`` and picture ``j`` show what they share, (m, 2) each; none where they fit by chance."""
        pair = self.pairs[i, j]
        rows = pair.rows if len(pair) >= MIN_MATCHES else pair.rows[:0]
        return self.features[i].px[rows[:, 0]], self.features[j].px[rows[:, 1]]

    def tracks(self, frames: Sequence[int], num_frames: int) -> Tracks:
        """What two or more show as tracks, each picture at its frame; pictures at one frame count once."""
        good = {(i, j): p.rows for (i, j), p in self.pairs.items() if len(p) >= MIN_MATCHES and frames[i] != frames[j]}
        track, picture, px = chained(self.features, good)
        frame = np.array(frames, np.int64)[picture]
        _, first = np.unique(np.stack([track, frame]), axis=1, return_index=True)
        tracks = Tracks(track[first], frame[first], px[first], self.hw, num_frames)
        return tracks.keep(np.bincount(tracks.track)[tracks.track] >= 2) if len(first) else tracks

    def partner(self, index: int) -> tuple[int, int]:
        """The picture that shares most with picture ``index``, and how many features."""
        own = {i + j - index: len(p) for (i, j), p in self.pairs.items() if index in (i, j)}
        best = max(own, key=lambda k: own[k])
        return best, own[best]

    @property
    def alone(self) -> tuple[int, ...]:
        """The pictures that share nothing with any other."""
        return tuple(i for i in range(len(self.names)) if self.partner(i)[1] < MIN_MATCHES)

    def taken(self, order: Sequence[int]) -> "Views":
        """Some of the pictures, in an order."""
        pairs = {}
        for i, j in combinations(range(len(order)), 2):
            a, b = order[i], order[j]
            pair = self.pairs[min(a, b), max(a, b)]
            pairs[i, j] = pair if a < b else Pair(pair.rows[:, ::-1], pair.flat)
        features = tuple(self.features[i] for i in order)
        return Views(tuple(self.names[i] for i in order), self.hw, features, pairs)

    def turned(self, upside_down: Sequence[bool]) -> "Views":
        """With some pictures turned by half a turn."""
        far = np.array(self.hw[::-1], np.float64)
        features = tuple(
            replace(f, px=far - f.px) if turn else f for f, turn in zip(self.features, upside_down, strict=True)
        )
        return replace(self, features=features)

    def zoomed(self, zooms: Sequence[float]) -> "Views":
        """As pictures of the plate's focal length would show it; ``zooms``: the pictures' own, over it."""
        middle = np.array(self.hw[::-1], np.float64) / 2
        features = tuple(replace(f, px=middle + (f.px - middle) / z) for f, z in zip(self.features, zooms, strict=True))
        return replace(self, features=features)


def views_of(references: Sequence[Reference], hw: tuple[int, int]) -> Views:
    """Two pictures or more."""
    if len(references) < 2:
        raise ValueError(f"two pictures or more can share something, got {len(references)}")
    features = tuple(features_of(r.image, hw) for r in references)
    pairs = {
        (i, j): verified(features[i], features[j], alike(features[i], features[j]))
        for i, j in combinations(range(len(features)), 2)
    }
    return Views(tuple(r.name for r in references), hw, features, pairs)


def upside_down(views: Views) -> tuple[bool, ...]:
    """Which pictures stand on their heads beside those that they share something with: the fewer; of two the second."""
    side = [0] * len(views.names)
    for start in range(len(side)):
        if side[start]:
            continue
        side[start], group = 1, [start]
        for i in group:
            for j in range(len(side)):
                pair = (min(i, j), max(i, j))
                if side[j] or i == j or len(views.pairs[pair]) < MIN_MATCHES:
                    continue
                side[j] = -side[i] if abs(_turn_deg(views, *pair)) > _OPPOSED_DEG else side[i]
                group.append(j)
        if sum(side[i] for i in group) < 0:
            for i in group:
                side[i] = -side[i]
    return tuple(s < 0 for s in side)


def hidden_misfits(views: Views, cameras: Sequence[Camera]) -> tuple[int, ...]:
    """The pictures that share nothing with any other although their cameras look at what others show, while two or more
    of those fit each other: pictures of another place."""
    loose = [i for i in views.alone if len(views.features[i]) >= _TELLING]
    fit = [i for i in range(len(views.names)) if i not in views.alone]
    return tuple(i for i in loose if any(_overlap(cameras[i], cameras[k]) > _SAME_VIEW for k in fit))


def _overlap(one: Camera, two: Camera) -> float:
    """The share of the picture of ``one`` that ``two`` shows too, of things far away."""
    h, w = one.hw
    x, y = np.meshgrid((np.arange(9) + 0.5) / 9 * w, (np.arange(9) + 0.5) / 9 * h)
    ray = np.stack([x.ravel(), y.ravel(), np.ones(x.size)], 1) @ np.linalg.inv(one.px_from_cam).T
    seen = ray @ (two.px_from_cam @ two.camera_from_world[:3, :3] @ one.world_from_camera[:3, :3]).T
    with np.errstate(divide="ignore", invalid="ignore"):
        at = seen[:, :2] / seen[:, 2:]
    return float(((seen[:, 2] > 0) & (at > 0).all(1) & (at < [w, h]).all(1)).mean())


def aside(views: Views) -> tuple[tuple[int, int], ...]:
    """Pairs of pictures of which one lies on its side."""
    pairs = (k for k, p in views.pairs.items() if len(p) >= MIN_MATCHES)
    return tuple(k for k in pairs if _ASIDE_DEG < abs(_turn_deg(views, *k)) <= _OPPOSED_DEG)


def _turn_deg(views: Views, i: int, j: int) -> float:
    """By how much picture ``j`` is turned against picture ``i``, -180..180, of the similarity nearest to their
    matches."""
    p, q = views.shared_px(i, j)
    near = 0.1 * max(views.hw)  # parallax moves things by this much and more; a turn is seen all the same
    found, _ = searched(lambda: cv2.estimateAffinePartial2D(p, q, method=cv2.RANSAC, ransacReprojThreshold=near))
    return 0.0 if found is None else float(np.degrees(np.arctan2(found[1, 0], found[0, 0])))


def loose_sentence(views: Views, index: int) -> str:
    """Why a picture of ``alone`` does not fit."""
    name, num = views.names[index], len(views.features[index])
    if num < MIN_MATCHES:
        return f"{name} shows nothing to know it by ({num} features; is it out of focus?)"
    best, shared = views.partner(index)
    return (
        f"{name} does not fit: it shares most with {views.names[best]}, {shared} features ({MIN_MATCHES} are needed); "
        "another place, or no overlap"
    )
