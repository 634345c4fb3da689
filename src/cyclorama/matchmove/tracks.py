"""Feature tracks: what stays put in the world, followed through the shot in pixels."""

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip, proxy_hw
from cyclorama.matchmove.tracks_found import Features, find_again, grown, inside, most_followed
from cyclorama.matchmove.tracks_grey import BLOCK, MIN_CORNER, GreyMix, best_grey, corner_strength
from cyclorama.matchmove.tracks_patch import RADIUS, noise_of, register

MAX_FEATURES = 400
_WINDOW: dict[str, Any] = {
    "winSize": (15, 15),
    "maxLevel": 4,
    "criteria": (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 30, 0.003),
}
_MIN_LENGTH = 3
_MATTE_LONG_SIDE = 480
_CLEAR_PX = RADIUS + 1  # the window of a feature reaches so far, and the actor must not drag it
_NUM_SAMPLES = 3  # frames by which the grey is chosen
_RETURN_PX = 0.7  # a step forward and back must come home to within this
_NEAR_PX = 0.5  # alignment with the first sight may move a followed feature by so much
_ALIKE = 0.8  # normalised correlation from which a feature looks as at its first sight
_MOST_DOUBTS = 4  # frames in a row in which it may not
_EVERY = 4  # frames between new features
_LOOK_EVERY = 2  # and between looks at how their neighbourhood grew
_WORTH_FINDING = 4  # sights of a lost feature that make it worth looking for
_KNOWN = 8  # frames after which a lost feature is looked for in every second frame only


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

    def resized(self, hw: tuple[int, int]) -> "Tracks":
        """The same places in a picture of another size."""
        scale = np.array([hw[1] / self.hw[1], hw[0] / self.hw[0]])
        return replace(self, px=self.px * scale, hw=hw)

    def keep(self, chosen: Array) -> "Tracks":
        """The observations of ``chosen`` (n,) bool, tracks numbered anew."""
        _, track = np.unique(self.track[chosen], return_inverse=True)
        return Tracks(track, self.frame[chosen], self.px[chosen], self.hw, self.num_frames)


def track_features(
    clip: Clip, actor: Callable[[int, Array], Array], progress: Callable[[int], None] = lambda _: None
) -> Tracks:
    """Follows corners outside the actor forward through the clip.

    ``actor(index, frame)`` is the matte of a frame of any size, h w float32. Every step is checked back and forth,
    then aligned with the feature's first sight, so that steps do not add up to drift. A feature that the actor hides,
    or that leaves the picture, is looked for where its neighbours say, and keeps its number when it is found.
    """
    tracker = _Tracker(_grey_of(clip, actor))
    for index in range(clip.num_frames):
        picture = clip.frame(index)
        tracker.add(index, picture, free_of(actor, index, picture))
        progress(index)
    return _collect(tracker.rows, clip.hw, clip.num_frames)


def _grey_of(clip: Clip, actor: Callable[[int, Array], Array]) -> GreyMix:
    samples = []
    for index in np.unique(np.linspace(0, clip.num_frames - 1, _NUM_SAMPLES).round().astype(int)).tolist():
        picture = clip.frame(index)
        samples.append((picture, free_of(actor, index, picture)))
    return best_grey(samples)


class _Tracker:
    """Features from frame to frame; ``rows``: numbers and places of every frame's."""

    def __init__(self, mix: GreyMix) -> None:
        self.rows: list[tuple[Array, Array]] = []
        self._mix = mix
        self._previous: Array | None = None
        self._live = self._lost = Features.born_at(np.zeros((1, 1), np.uint8), np.zeros((0, 2)), 0, 0)
        self._next_id = 0
        self._noise = 0.0

    def add(self, index: int, picture: Array, free: Array) -> None:
        """The next frame, h w 3, with where features may lie, h w uint8."""
        grey = self._mix(picture)
        if self._previous is None:
            self._noise = noise_of(grey)
        elif len(self._live):
            self._follow(index, grey, free)
            self._find(index, grey, free)
        wanted = MAX_FEATURES - len(self._live)
        if wanted > MAX_FEATURES * 0.25 and (index % _EVERY == 0 or len(self._live) < 30):
            fresh = _corners(grey, free, self._live.at, wanted)
            self._live = self._live.joined(Features.born_at(grey, fresh, index, self._next_id))
            self._next_id += len(fresh)
        self.rows.append((self._live.ids, self._live.at))
        self._previous = grey

    def _follow(self, index: int, grey: Array, free: Array) -> None:
        assert self._previous is not None
        live = self._live if index % _LOOK_EVERY else grown(self._live, self.rows)
        before = live.at.astype(np.float32)[:, None]
        ahead, found = _flow(self._previous, grey, before)
        back, returned = _flow(grey, self._previous, ahead)
        good = (found[:, 0] > 0) & (returned[:, 0] > 0)
        good &= np.linalg.norm((back - before)[:, 0], axis=1) < _RETURN_PX
        followed = ahead[:, 0].astype(np.float64)
        aligned, score = self._aligned(live, grey, followed)
        sure = (score > _ALIKE) & (np.linalg.norm(aligned - followed, axis=1) < _NEAR_PX)
        at = np.where(sure[:, None], aligned, followed)
        doubts = np.where(sure, 0, live.doubts + 1)
        good &= inside(at, free) & (doubts <= _MOST_DOUBTS)
        gone = live.take(~good)
        self._lost = most_followed(self._lost.joined(gone.take(gone.sights >= _WORTH_FINDING)))
        moved = replace(live, at=at, doubts=doubts, sights=live.sights + 1, seen=np.full(len(live), index))
        self._live = moved.take(good)

    def _aligned(self, live: Features, grey: Array, followed: Array) -> tuple[Array, Array]:
        """Places by the first sight and how much they look like it: as it was, or turned and grown as the neighbourhood
        did if that looks better (it misleads where neighbours are nearer or farther)."""
        plain = np.repeat(np.eye(2)[None], len(live), 0)
        aligned, score = register(grey, live.patch, live.part, plain, followed, self._noise)
        changed = np.flatnonzero((live.back != np.eye(2)).any((1, 2)))
        if len(changed):
            own = live.take(changed)
            at, alike = register(grey, own.patch, own.part, own.back, followed[changed], self._noise)
            better = alike > score[changed]
            aligned[changed[better]], score[changed[better]] = at[better], alike[better]
        return aligned, score

    def _find(self, index: int, grey: Array, free: Array) -> None:
        """Looks for what was lost before this frame."""
        due = (self._lost.seen < index - 1) & ((self._lost.seen > index - _KNOWN) | ((self._lost.ids + index) % 2 == 0))
        if not due.any():
            return
        found, which = find_again(self._lost.take(due), self._live, self.rows, grey, free)
        if not len(found):
            return
        due[due] = which
        self._lost = self._lost.take(~due)
        found = replace(found, seen=np.full(len(found), index))
        apart = np.linalg.norm(self._live.at[:, None] - found.at[None], axis=2)
        younger = self._live.born[:, None] > found.born[None]  # born while the other was away
        twin = ((apart < _spacing(grey) / 2) & younger).any(1)
        self._live = self._live.take(~twin).joined(found)


def free_of(actor: Callable[[int, Array], Array], index: int, picture: Array) -> Array:
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


def _spacing(grey: Array) -> int:
    """Pixels between features."""
    return max(4, round(min(grey.shape) * 0.02))


def _corners(grey: Array, free: Array, taken: Array, wanted: int) -> Array:
    mask = free * (corner_strength(grey) > MIN_CORNER)
    distance = _spacing(grey)
    for x, y in taken.astype(int):
        cv2.circle(mask, (int(x), int(y)), distance, 0, -1)
    if not mask.any() or wanted <= 0:
        return np.zeros((0, 2), np.float32)
    found = cv2.goodFeaturesToTrack(grey, wanted, 0.01, distance, mask=mask, blockSize=BLOCK)
    if found is None:
        return np.zeros((0, 2), np.float32)
    found = found.reshape(-1, 1, 2)
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 20, 0.01)
    return cv2.cornerSubPix(grey, found, (3, 3), (-1, -1), stop)[:, 0]


def _flow(one: Array, two: Array, at: Array) -> tuple[Array, Array]:
    """Pyramidal Lucas-Kanade (Bouguet 2001): positions (n, 1, 2) in the second picture, and (n, 1) whether found."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(one, two, at, None, **_WINDOW)  # type: ignore[call-overload]
    return np.asarray(there), np.asarray(found)


def _collect(rows: list[tuple[Array, Array]], hw: tuple[int, int], num_frames: int) -> Tracks:
    track = np.concatenate([ids for ids, _ in rows])
    frame = np.concatenate([np.full(len(ids), index) for index, (ids, _) in enumerate(rows)])
    px = np.concatenate([at for _, at in rows]) + 0.5
    tracks = Tracks(track, frame, px, hw, num_frames)
    length = np.bincount(track, minlength=int(track.max()) + 1 if len(track) else 0)
    return tracks.keep(length[track] >= min(_MIN_LENGTH, num_frames)) if len(track) else tracks
