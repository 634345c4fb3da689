"""Which frames and tracks a solve looks at."""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from cyclorama.core.arrays import Array
from cyclorama.matchmove.tracks import Tracks

MIN_TRACKS = 8
MAX_KEYFRAMES = 40
MAX_POINTS = 150
MIN_SHARED = 6
"""Tracks that tie two frames together."""
_MOST_BLIND = 0.5
"""Share of the frames that may see too little."""
_LEAST_SPREAD = 0.02
"""Of the picture's width, one standard deviation of where a frame's tracks lie: nearer together they tell nothing."""


@dataclass(frozen=True)
class Keyed:
    """What is solved at once: the frames ``key`` (k,) and their ``tracks``, numbered anew; the observations of all
    frames, ``whole``; and for each of its tracks the one in ``tracks``, or -1."""

    key: Array
    tracks: Tracks
    weights: Array
    whole: Tracks
    whole_weights: Array
    point_of_track: Array


def keyed(tracks: Tracks, weights: Array) -> Keyed:
    """Up to ``MAX_KEYFRAMES`` of the frames that see enough, and the tracks that they see twice."""
    key = _keyframes(tracks)
    tracks, weights = _longest(tracks, weights)
    on_key = _on_key(tracks, key)
    some = tracks.keep(on_key)
    own = Tracks(some.track, np.searchsorted(key, some.frame), some.px, some.hw, len(key))
    return Keyed(key, own, weights[on_key], tracks, weights, _points(tracks, on_key))


def enough(tracks: Tracks) -> bool:
    """Whether the frames see enough of the stage to be solved: more than half of them, two at least, tied together by
    tracks that they share."""
    good = seeing(tracks)
    return int(good.sum()) >= 2 and bool(good.mean() > _MOST_BLIND) and _tied(tracks, good)


def seeing(tracks: Tracks) -> Array:
    """(n,) frames with enough tracks that do not all lie in one place."""
    counts = np.maximum(tracks.per_frame(), 1)
    mean = np.stack([np.bincount(tracks.frame, tracks.px[:, k], tracks.num_frames) / counts for k in (0, 1)], 1)
    apart = ((tracks.px - mean[tracks.frame]) ** 2).sum(1)
    spread = np.sqrt(np.bincount(tracks.frame, apart, tracks.num_frames) / counts)
    return np.asarray((tracks.per_frame() >= MIN_TRACKS) & (spread >= _LEAST_SPREAD * tracks.hw[1]))


def _tied(tracks: Tracks, good: Array) -> bool:
    on = good[tracks.frame]
    shape = (tracks.num_frames, tracks.num_tracks)
    seen = csr_array((np.ones(int(on.sum())), (tracks.frame[on], tracks.track[on])), shape)
    links = (seen @ seen.T) >= MIN_SHARED
    groups = connected_components(links, directed=False)[1][good]
    return bool((groups == groups[0]).all())


def _keyframes(tracks: Tracks) -> Array:
    """Of the frames that see enough, up to ``MAX_KEYFRAMES``."""
    good = np.flatnonzero(seeing(tracks))
    return good[np.unique(np.linspace(0, len(good) - 1, min(MAX_KEYFRAMES, len(good))).round().astype(int))]


def _longest(tracks: Tracks, weights: Array) -> tuple[Tracks, Array]:
    """At least ``MAX_POINTS`` tracks per frame, where there are so many, the longest first: the rest adds time only."""
    length = np.bincount(tracks.track)
    rank = np.empty(len(length), np.int64)
    rank[np.argsort(-length, kind="stable")] = np.arange(len(length))
    order = np.lexsort((rank[tracks.track], tracks.frame))
    first = np.searchsorted(tracks.frame[order], np.arange(tracks.num_frames))
    place = np.arange(len(order)) - first[tracks.frame[order]]
    wanted = np.zeros(len(length), bool)
    wanted[tracks.track[order[place < MAX_POINTS]]] = True
    kept = wanted[tracks.track]
    return tracks.keep(kept), weights[kept]


def _on_key(tracks: Tracks, key: Array) -> Array:
    """The observations (n,) in keyframes of the tracks that keyframes see at least twice."""
    on_key = np.isin(tracks.frame, key)
    count = np.bincount(tracks.track[on_key], minlength=tracks.num_tracks)
    return np.asarray(on_key & (count[tracks.track] >= 2))


def _points(tracks: Tracks, on_key: Array) -> Array:
    """For each track its point in the bundle of the keyframes, or -1."""
    found = np.full(tracks.num_tracks, -1, np.int64)
    used = np.unique(tracks.track[on_key])
    found[used] = np.arange(len(used))
    return found
