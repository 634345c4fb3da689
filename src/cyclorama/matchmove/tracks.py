"""Feature tracks: what stays put in the world, followed through the shot in pixels."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip, proxy_hw
from cyclorama.core.display import code8_from_linear

MAX_FEATURES = 400
_WINDOW: dict[str, Any] = {
    "winSize": (15, 15),
    "maxLevel": 4,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 0.003),
}
_MIN_CORNER = 3e-4  # smallest eigenvalue of the structure tensor that is a feature and no compression noise
_MIN_LENGTH = 3
_MATTE_LONG_SIDE = 480
_CLEAR_PX = 8  # the window of a feature reaches so far, and the actor must not drag it


@dataclass(frozen=True)
class Tracks:
    """Observations as parallel arrays: ``track`` and ``frame`` (n,) int64, ``px`` (n, 2) float64 (pixel centres at
    .5)."""

    track: Array
    frame: Array
    px: Array
    hw: tuple[int, int]
    num_frames: int

    def __post_init__(self) -> None:
        sizes = len(self.track), len(self.frame), len(self.px)
        if len(set(sizes)) != 1:
            raise ValueError(f"observations must agree in number, got {sizes}")

    @property
    def num_tracks(self) -> int:
        return int(self.track.max()) + 1 if len(self.track) else 0

    def per_frame(self) -> Array:
        """Number of observations in every frame."""
        return np.bincount(self.frame, minlength=self.num_frames)

    def keep(self, chosen: Array) -> "Tracks":
        """The observations of ``chosen`` (n,) bool, tracks numbered anew."""
        _, track = np.unique(self.track[chosen], return_inverse=True)
        return Tracks(track, self.frame[chosen], self.px[chosen], self.hw, self.num_frames)


@dataclass
class _Live:
    """The features being followed: where each is, and where and in which picture it was first seen."""

    ids: Array
    at: Array
    born_at: Array
    birth: Array


def track_features(
    clip: Clip, actor: Callable[[int, Array], Array], progress: Callable[[int], None] = lambda _: None
) -> Tracks:
    """Follows corners outside the actor forward through the clip.

    ``actor(index, frame)`` is the matte of a frame of any size, h w float32. Every step is checked back and forth,
    then registered again to the picture in which the feature was first seen, so that steps do not add up to drift.
    """
    h, w = clip.hw
    nowhere = np.zeros((0, 2), np.float32)
    live = _Live(np.zeros(0, np.int64), nowhere, nowhere, np.zeros(0, np.int64))
    births: dict[int, Array] = {}
    previous: Array | None = None
    rows: list[tuple[Array, int, Array]] = []
    next_id = 0
    for index in range(clip.num_frames):
        picture = clip.frame(index)
        grey = cv2.cvtColor(code8_from_linear(picture), cv2.COLOR_RGB2GRAY)
        free = _free(actor, index, picture)
        if previous is not None and len(live.ids):
            live = _follow(live, previous, grey, free, births)
        if len(live.ids) < MAX_FEATURES * 0.75 and (index % 4 == 0 or len(live.ids) < 30):
            fresh = _corners(grey, free, live.at, MAX_FEATURES - len(live.ids))
            if len(fresh):
                births[index] = grey
                ids = np.arange(next_id, next_id + len(fresh))
                next_id += len(fresh)
                live = _Live(
                    np.concatenate([live.ids, ids]),
                    np.concatenate([live.at, fresh]),
                    np.concatenate([live.born_at, fresh]),
                    np.concatenate([live.birth, np.full(len(fresh), index)]),
                )
        births = {k: v for k, v in births.items() if (live.birth == k).any()}
        rows.append((live.ids, index, live.at.astype(np.float64) + 0.5))
        previous = grey
        progress(index)
    return _collect(rows, (h, w), clip.num_frames)


def _free(actor: Callable[[int, Array], Array], index: int, picture: Array) -> Array:
    """Where features may lie: away from the actor and from the picture's border. uint8 mask.

    The matte is taken of a small picture: it is grown by more than it loses there.
    """
    h, w = picture.shape[:2]
    small = proxy_hw((h, w), _MATTE_LONG_SIDE)
    reduced = cv2.resize(picture, small[::-1], interpolation=cv2.INTER_AREA) if small != (h, w) else picture
    radius = max(3, round(min(small) * 0.02), math.ceil(_CLEAR_PX * small[0] / h))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    free = 1 - cv2.dilate((actor(index, reduced) > 0.05).astype(np.uint8), kernel)
    free = cv2.resize(free, (w, h), interpolation=cv2.INTER_NEAREST)
    free[:3], free[-3:], free[:, :3], free[:, -3:] = 0, 0, 0, 0
    return free


def _corners(grey: Array, free: Array, taken: Array, wanted: int) -> Array:
    strength = cv2.cornerMinEigenVal(grey.astype(np.float32) / 255, 5)
    mask = free * (strength > _MIN_CORNER)
    distance = max(4, round(min(grey.shape) * 0.02))
    for x, y in taken.astype(int):
        cv2.circle(mask, (int(x), int(y)), distance, 0, -1)
    if not mask.any() or wanted <= 0:
        return np.zeros((0, 2), np.float32)
    found = cv2.goodFeaturesToTrack(grey, wanted, 0.01, distance, mask=mask, blockSize=5)
    if found is None:
        return np.zeros((0, 2), np.float32)
    found = found.reshape(-1, 1, 2)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01)
    return cv2.cornerSubPix(grey, found, (3, 3), (-1, -1), stop)[:, 0]


def _follow(live: _Live, previous: Array, grey: Array, free: Array, births: dict[int, Array]) -> _Live:
    ahead, found = _flow(previous, grey, live.at[:, None], None, _WINDOW)
    back, returned = _flow(grey, previous, ahead, None, _WINDOW)
    good = (found[:, 0] > 0) & (returned[:, 0] > 0) & (np.linalg.norm(back[:, 0] - live.at, axis=1) < 0.7)
    at = ahead[:, 0].copy()
    for birth, picture in births.items():
        own = good & (live.birth == birth)
        if own.any():
            at[own] = _registered(picture, grey, live.born_at[own], at[own])
    good &= _inside(at, free)
    return _Live(live.ids[good], at[good], live.born_at[good], live.birth[good])


def _flow(one: Array, two: Array, at: Array, guess: Array | None, settings: dict[str, Any]) -> tuple[Array, Array]:
    """Pyramidal Lucas-Kanade (Bouguet 2001): positions (n, 1, 2) in the second picture, and (n, 1) whether found."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(one, two, at, cast(Array, guess), **settings)
    return np.asarray(there), np.asarray(found)


def _registered(first: Array, grey: Array, born_at: Array, at: Array) -> Array:
    """The position by alignment with the first sight, where that is near the followed one."""
    settings = {**_WINDOW, "maxLevel": 0, "flags": cv2.OPTFLOW_USE_INITIAL_FLOW}
    direct, found = _flow(first, grey, born_at[:, None], at[:, None].copy(), settings)
    near = (found[:, 0] > 0) & (np.linalg.norm(direct[:, 0] - at, axis=1) < 0.8)
    return np.where(near[:, None], direct[:, 0], at)


def _inside(at: Array, free: Array) -> Array:
    h, w = free.shape
    x, y = np.round(at[:, 0]).astype(int), np.round(at[:, 1]).astype(int)
    inside = (x >= 0) & (x < w) & (y >= 0) & (y < h)
    inside[inside] = free[y[inside], x[inside]] > 0
    return inside


def _collect(rows: list[tuple[Array, int, Array]], hw: tuple[int, int], num_frames: int) -> Tracks:
    track = np.concatenate([ids for ids, _, _ in rows]) if rows else np.zeros(0, np.int64)
    frame = np.concatenate([np.full(len(ids), index) for ids, index, _ in rows])
    px = np.concatenate([at for _, _, at in rows])
    tracks = Tracks(track, frame, px, hw, num_frames)
    length = np.bincount(track, minlength=int(track.max()) + 1 if len(track) else 0)
    return tracks.keep(length[track] >= _MIN_LENGTH) if len(track) else tracks
