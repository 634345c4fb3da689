"""Tiles with captions, for sheets that people look at. Pictures are h w 3 uint8, display-referred red green blue."""

import math
from collections.abc import Sequence

import cv2
import numpy as np

from cyclorama.core.arrays import Array

_BAR = 22
"""Height of a caption, in pixels."""
_INK, _PAPER = (225, 225, 225), 28
_GAP = 6
_FONT, _FONT_SCALE = cv2.FONT_HERSHEY_SIMPLEX, 0.45
_NARROWEST = 300
"""Width of a tile in which any caption can be read."""


def png(picture: Array) -> bytes:
    done, data = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    if not done:
        raise ValueError("a sheet must encode as PNG")
    return data.tobytes()


def fitted(picture: Array, hw: tuple[int, int]) -> Array:
    """A picture or plane averaged down to ``hw``, or blown up to it with its pixels kept sharp."""
    smaller = hw[0] <= picture.shape[0]
    return cv2.resize(picture, hw[::-1], interpolation=cv2.INTER_AREA if smaller else cv2.INTER_NEAREST)


def tile_hw(hw: tuple[int, int], area: float) -> tuple[int, int]:
    """The size of a tile of about ``area`` pixels; pixels of a small picture become whole squares."""
    scale = math.sqrt(area / (hw[0] * hw[1]))
    scale = math.floor(scale) if scale >= 1 else scale
    return max(1, round(hw[0] * scale)), max(1, round(hw[1] * scale))


def captioned(picture: Array, caption: str) -> Array:
    """The picture under its caption, which is set smaller where it is too long for one line."""
    (needed, _), _ = cv2.getTextSize(caption, _FONT, _FONT_SCALE, 1)
    width = max(picture.shape[1], min(needed + 8, _NARROWEST))
    out = np.full((picture.shape[0] + _BAR, width, 3), _PAPER, np.uint8)
    out[_BAR:, : picture.shape[1]] = picture
    write(out, caption, (4, _BAR - 7), room=width - 8)
    return out


def write(picture: Array, text: str, at: tuple[int, int], room: int | None = None) -> None:
    """Text into a picture, its left end of the baseline ``at`` (x, y); no wider than ``room`` pixels."""
    (width, _), _ = cv2.getTextSize(text, _FONT, _FONT_SCALE, 1)
    scale = _FONT_SCALE * min(1.0, (room or width) / max(width, 1))
    cv2.putText(picture, text, at, _FONT, scale, (_PAPER,) * 3, 3, cv2.LINE_AA)
    cv2.putText(picture, text, at, _FONT, scale, _INK, 1, cv2.LINE_AA)


def grid(rows: Sequence[Sequence[Array]], title: str) -> Array:
    """Rows of tiles of any size under a title."""
    bands = [_row(row) for row in rows if row]
    width = max(band.shape[1] for band in bands)
    head = np.full((_BAR + _GAP, width, 3), _PAPER, np.uint8)
    write(head, title, (_GAP, _BAR - 4), room=width - 2 * _GAP)
    wide = [
        cv2.copyMakeBorder(b, 0, _GAP, 0, width - b.shape[1], cv2.BORDER_CONSTANT, value=[_PAPER] * 3) for b in bands
    ]
    return np.concatenate([head, *wide])


def _row(tiles: Sequence[Array]) -> Array:
    height = max(tile.shape[0] for tile in tiles)
    padded = [
        cv2.copyMakeBorder(t, 0, height - t.shape[0], _GAP, 0, cv2.BORDER_CONSTANT, value=[_PAPER] * 3) for t in tiles
    ]
    return np.concatenate([*padded, np.full((height, _GAP, 3), _PAPER, np.uint8)], 1)


def curves(lines: Sequence[tuple[Array, tuple[int, int, int]]], hw: tuple[int, int], top: float, mark: float) -> Array:
    """Lines of values 0..``top`` over the whole width, each in its colour; a faint line at the value ``mark``."""
    out = np.full((*hw, 3), 12, np.uint8)
    level = round((hw[0] - 1) * (1 - mark / top))
    cv2.line(out, (0, level), (hw[1] - 1, level), (90, 90, 90), 1)
    for values, colour in lines:
        x = np.linspace(0, hw[1] - 1, len(values))
        y = (hw[0] - 1) * (1 - np.clip(values, 0, top) / top)
        points = np.stack([x, y], -1).round().astype(np.int32)
        cv2.polylines(out, [points], False, colour, 2, cv2.LINE_AA)
    return out
