"""A rolling shutter, told from what it does: rows seen later lean the way the picture moves."""

from dataclasses import dataclass, replace

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matchmove.bundle import Bundle, Freedom, adjust, projected
from cyclorama.matchmove.resect import Poses
from cyclorama.matchmove.tracks import Tracks
from cyclorama.matchmove.uncertainty import shared_sigmas

_READOUT = 13
_LEAST_SIGMAS = 5.0
"""By how many of its standard errors a readout must differ from none."""
_LEAST_SHARE = 0.05
"""Of a frame: a faster shutter bends nothing that the eye sees."""
_LEAST_FRAMES = 8
_STEPS = 10


@dataclass(frozen=True)
class Readout:
    """How long the sensor takes from the first row to the last: ``share`` of the time of a frame, negative from the
    last row up, and its standard error ``sigma``."""

    share: float
    sigma: float


def readout_of(
    bundle: Bundle, tracks: Tracks, freedom: Freedom, weights: Array, poses: Poses, key: Array
) -> Readout | None:
    """The readout, if it is seen. ``poses`` are of all frames, of which ``tracks`` has the frames ``key``."""
    if len(poses.centers) < _LEAST_FRAMES or not freedom.turn:
        return None
    free = replace(freedom, readout=_lean(bundle, tracks, poses, key))
    found = adjust(bundle, tracks, free, weights, _STEPS)
    sigma = shared_sigmas(found, tracks, free, weights)[_READOUT]
    seen = abs(found.readout) >= max(_LEAST_SIGMAS * sigma, _LEAST_SHARE)
    return Readout(found.readout, sigma) if seen else None


def _lean(bundle: Bundle, tracks: Tracks, poses: Poses, key: Array) -> Array:
    """(n, 2) pixels: the speed of every observation, a frame, by how far below the middle its row is, of the height."""
    last = len(poses.centers) - 1
    speed = np.zeros((len(tracks.px), 2))
    inside = np.ones(len(tracks.px), bool)
    steps = np.minimum(key + 1, last) - np.maximum(key - 1, 0)
    for sign in (-1, 1):
        at = np.clip(key + sign, 0, last)
        zoom = np.log(poses.focals[at] / bundle.focal_px)
        there = replace(bundle, rotations=poses.rotations[at], centers=poses.centers[at], zoom=zoom)
        px, front = projected(there, tracks)
        speed += sign * px / steps[tracks.frame, None]
        inside &= front
    row = tracks.px[:, 1] / tracks.hw[0] - 0.5
    return np.where(inside[:, None], speed * row[:, None], 0.0)
