"""The tracks of a solve drawn on frames of the plate: green where the camera explains them, red where it does not."""

from itertools import pairwise

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip
from cyclorama.core.display import code8_from_linear
from cyclorama.matchmove import Tracks
from cyclorama.tiles import captioned, fitted, grid, tile_hw

_AREA = 640 * 360
_COLUMNS = 3
_TAIL = 12
"""Frames before the one that is shown whose places are joined to it."""
_SUBPIXEL = 4
"""Fractional bits of drawn places."""
_LOST, _UNKNOWN = (255, 40, 40), (190, 190, 190)


def track_sheet(plate: Clip, tracks: Tracks, error_px: Array, frames: tuple[int, ...], title: str) -> Array:
    """h w 3 uint8 of some frames. ``error_px`` (n,): of every observation, in pixels of the plate; NaN, drawn grey,
    where no camera explains it."""
    limit = max(1.0, tracks.hw[1] / 1000)
    tiles = [_tile(plate.frame(index), index, tracks, error_px, limit) for index in frames]
    rows = [tiles[i : i + _COLUMNS] for i in range(0, len(tiles), _COLUMNS)]
    return grid(rows, f"{title}: green 0 px, yellow {limit / 2:.2g} px, red {limit:.2g} px or more")


def _tile(picture: Array, index: int, tracks: Tracks, error_px: Array, limit: float) -> Array:
    hw = tile_hw(tracks.hw, _AREA)
    tile = code8_from_linear(fitted(picture, hw))
    scale = np.array([hw[1] / tracks.hw[1], hw[0] / tracks.hw[0]])
    here = np.flatnonzero(tracks.frame == index)
    recent = (tracks.frame > index - _TAIL) & (tracks.frame <= index) & np.isin(tracks.track, tracks.track[here])
    order = np.flatnonzero(recent)[np.lexsort((tracks.frame[recent], tracks.track[recent]))]
    starts = np.flatnonzero(np.diff(tracks.track[order], prepend=-1, append=-1)).tolist()
    for begin, end in pairwise(starts):
        _draw(tile, (tracks.px[order[begin:end]] * scale), float(error_px[order[end - 1]]) / limit)
    return captioned(tile, f"frame {index}: {len(here)} tracks, error {_middle(error_px[here])} px")


def _middle(errors: Array) -> str:
    known = errors[~np.isnan(errors)]
    return f"{np.median(known):.2f}" if len(known) else "-"


def _draw(tile: Array, places: Array, share: float) -> None:
    colour = _colour(share)
    line = np.round((places - 0.5) * 2**_SUBPIXEL).astype(np.int32)
    cv2.polylines(tile, [line], False, colour, 1, cv2.LINE_AA, _SUBPIXEL)
    cv2.circle(tile, line[-1].tolist(), 2 << _SUBPIXEL, colour, -1, cv2.LINE_AA, _SUBPIXEL)


def _colour(share: float) -> tuple[int, int, int]:
    """From green over yellow to red."""
    if np.isnan(share):
        return _UNKNOWN
    if share >= 1:
        return _LOST
    return round(510 * min(share, 0.5)), round(510 * min(1 - share, 0.5)), 40
