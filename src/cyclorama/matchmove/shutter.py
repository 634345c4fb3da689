"""A rolling shutter, told from what it does: rows seen later lean the way the picture moves."""

from dataclasses import dataclass, replace

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matchmove.bundle import Bundle, Freedom, adjust, projected
from cyclorama.matchmove.tracks import Tracks
from cyclorama.matchmove.uncertainty import shared_sigmas

_READOUT = 13
_LEAST_SIGMAS = 5.0
"""By how many of its standard errors a readout must differ from none."""
_LEAST_SHARE = 0.05
"""Of a frame: a faster shutter bends nothing that the eye sees."""
LEAST_FRAMES = 8
_STEPS = 10


@dataclass(frozen=True)
class Readout:
    """How long the sensor takes from the first row to the last: ``share`` of the time of a frame, negative from the
    last row up, and its standard error ``sigma``."""

    share: float
    sigma: float


def readout_of(bundle: Bundle, tracks: Tracks, freedom: Freedom, weights: Array, frames: Array) -> Readout | None:
    """The readout, if it is seen. ``frames``: the frames of the shot that ``tracks`` numbers 0, 1, ..."""
    if len(frames) < LEAST_FRAMES or not freedom.turn:
        return None
    found, free = fitted(bundle, tracks, freedom, weights, frames)
    sigma = shared_sigmas(found, tracks, free, weights)[_READOUT]
    seen = abs(found.readout) >= max(_LEAST_SIGMAS * sigma, _LEAST_SHARE)
    return Readout(float(found.readout), sigma) if seen else None


def fitted(bundle: Bundle, tracks: Tracks, freedom: Freedom, weights: Array, frames: Array) -> tuple[Bundle, Freedom]:
    """The bundle with the readout that suits it best, and the freedom that it has then. ``frames``: the frames of the
    shot that ``tracks`` numbers 0, 1, ..."""
    free = replace(freedom, readout=_lean(bundle, tracks, frames))
    return adjust(bundle, tracks, free, weights, _STEPS), free


def _lean(bundle: Bundle, tracks: Tracks, frames: Array) -> Array:
    """(n, 2) pixels: the speed of every observation, a frame, by how far below the middle its row is, of the height."""
    last = len(frames) - 1
    own = np.arange(len(frames))
    speed, inside = np.zeros((len(tracks.px), 2)), np.ones(len(tracks.px), bool)
    before, after = np.maximum(own - 1, 0), np.minimum(own + 1, last)
    for sign, at in ((-1, before), (1, after)):
        zoom = np.log(bundle.focals[at] / bundle.focal_px)
        there = replace(bundle, rotations=bundle.rotations[at], centers=bundle.centers[at], zoom=zoom)
        px, front = projected(there, tracks)
        speed += sign * px
        inside &= front
    speed /= (frames[after] - frames[before])[tracks.frame, None]
    row = tracks.px[:, 1] / tracks.hw[0] - 0.5
    return np.where(inside[:, None], speed * row[:, None], 0.0)
