"""Registers the background of one frame to another by the background's own motion, which the actor's does not bend."""

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matting.field import fill
from cyclorama.matting.flow import background_homography, dense_flow, pixel_grid, read_at

_CELL = 8
"""Side, in pixels, of the cells in which a motion's departure from its model is measured."""
_WINDOW = 5
"""Cells, across and down, whose median a cell is held against."""
_ASTRAY, _ASTRAY_PX = 2.5, 0.25
"""A cell further from that median than so many median deviations and pixels is not the background's."""
_MARGIN = np.ones((5, 5), np.uint8)
"""How far around a mask the actor may reach."""
_CLEAR = 0.05
"""Mask under which a pixel is no actor's."""


def clear_of(mask: Array) -> Array:
    """Where neither the actor nor his edge lies: h w bool."""
    return np.asarray(cv2.dilate(mask, _MARGIN) < _CLEAR)


def background_step(flow: Array, mask: Array) -> Array:
    """The background's motion everywhere (h w 2), of a flow and its frame's mask: a homography and parallax."""
    camera = background_homography(flow, clear_of(mask))
    return camera + _robust(flow - camera, clear_of(mask))


def aligned(grey: Array, other: Array, places: Array, bare: Array) -> Array:
    """``places`` (h w 2) of ``grey``'s pixels in ``other``, corrected where ``bare`` by what is seen there."""
    moved = np.where(inside(places), read_at(other, places), grey)
    return places + _robust(dense_flow(grey, moved), bare & inside(places))


def inside(places: Array) -> Array:
    """Which places lie in the picture: h w bool."""
    h, w = places.shape[:2]
    x, y = places[..., 0], places[..., 1]
    return np.asarray((x >= 0) & (y >= 0) & (x <= w - 1) & (y <= h - 1))


def chain(places: Array, motion: Array) -> Array:
    """Places a frame further, whose frame moves by ``motion``."""
    return places + read_at(motion, places)


def start(hw: tuple[int, int]) -> Array:
    """The places of a frame's pixels in itself."""
    return pixel_grid(hw)


def _robust(motion: Array, bare: Array) -> Array:
    """A smooth field through the medians of cells that agree with their neighbours; h w 2."""
    h, w = bare.shape
    median, share = _medians(motion, bare)
    around = _middle(_windows(np.where(share[..., None] > 0, median, np.nan)))
    spread = _middle(np.abs(_windows(np.where(share[..., None] > 0, median, np.nan)) - around[..., None]))
    share[(np.abs(median - around) > _ASTRAY * spread + _ASTRAY_PX).any(-1)] = 0
    low = fill(np.ascontiguousarray(median, np.float32), share, np.zeros(2, np.float32))
    size = (low.shape[1] * _CELL, low.shape[0] * _CELL)
    return np.asarray(cv2.resize(low, size, interpolation=cv2.INTER_LINEAR)[:h, :w])


def _medians(motion: Array, bare: Array) -> tuple[Array, Array]:
    """The median of every cell, of every second pixel, and how surely it is known: from a sixth to a half of it."""
    h, w = bare.shape
    rows, columns, side = -(-h // _CELL), -(-w // _CELL), _CELL // 2
    past = ((0, rows * _CELL - h), (0, columns * _CELL - w))
    known = np.pad(bare, past)[::2, ::2]
    values = np.where(known[..., None], np.pad(motion, (*past, (0, 0)))[::2, ::2], np.nan)
    cells = values.reshape(rows, side, columns, side, 2).transpose(0, 2, 4, 1, 3).reshape(rows, columns, 2, -1)
    count = known.reshape(rows, side, columns, side).sum((1, 3))
    share = np.clip(3 * count / side**2 - 0.5, 0, 1).astype(np.float32)
    return np.where(share[..., None] > 0, _middle(cells), 0), share


def _windows(values: Array) -> Array:
    half = _WINDOW // 2
    padded = np.pad(values, ((half, half), (half, half), (0, 0)), constant_values=np.nan)
    return np.lib.stride_tricks.sliding_window_view(padded, (_WINDOW, _WINDOW), (0, 1)).reshape(*values.shape, -1)


def _middle(values: Array) -> Array:
    """The lower median along the last axis of what is a number; 0 where nothing is."""
    count = np.isfinite(values).sum(-1, keepdims=True)
    return np.nan_to_num(np.take_along_axis(np.sort(values, -1), np.maximum(count - 1, 0) // 2, -1)[..., 0])
