"""One frame at working resolution: clean plate, the actor's region, its core."""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.matting.chroma import DARKEST, block_mean, difference_plane, screen_like
from cyclorama.matting.field import fill, gather
from cyclorama.matting.regions import Region, actor_region, garbage_free, grown
from cyclorama.matting.screen import ScreenModel
from cyclorama.matting.taps import spread

_WORKING_SIDE = 340.0
"""Square root of the working picture's area, in pixels, at which blocks are averaged."""
CELL = 4
"""Side of a clean plate cell in working pixels."""
_NEAR = 0.05
"""How far around opaque things the screen is read with care, as a share of the picture's height."""
_HARD, _SOFT = 0.8, 0.07
"""Raw alpha above which a pixel near the actor is never read as screen; and where it is uneven (hair)."""
_UNEVEN = 0.06
"""Local standard deviation of raw alpha above which it counts as uneven: hair is, a shadow is not."""


_SURE = 0.15
"""Least d of a given clean plate, as a share of the screen's level, where it counts as screen."""
_LEAST_BOTH = 100
"""Least pixels of screen in both the frame and its clean plate to compare their exposure."""


@dataclass(frozen=True)
class FrameParts:
    """What the full-resolution kernels read. ``factor``: plate pixels a working pixel. ``clean``: the clean plate, one
    linear colour a cell of ``clean_cell`` working pixels. ``actor``: rows columns 4, the nearest solid actor's linear
    colour and the spill on it, max(d, 0), by ``CELL``.
    ``allowed`` and ``core``: h w float32 at working resolution, 1 where alpha may be above 0, 1 where it is 1."""

    factor: int
    clean_cell: int
    clean: Array
    actor: Array
    allowed: Array
    core: Array

    @property
    def steps(self) -> tuple[float, float, float]:
        """Cells a plate pixel of allowed and core, of the clean plate, of the actor's colour."""
        return 1.0 / self.factor, 1.0 / (self.factor * self.clean_cell), 1.0 / (self.factor * CELL)


@njit(cache=True, nogil=True)
def raw_alpha(difference: Array, clean_difference: Array, cell: int) -> Array:
    """1 - d(C) / d(B), clipped to 0..1, with d(B) interpolated from cells."""
    h, w = difference.shape
    rows, columns = clean_difference.shape
    out = np.empty((h, w), np.float32)
    step = np.float32(1.0 / cell)
    half = np.float32(0.5)
    for y in range(h):
        v = min(max((y + half) * step - half, np.float32(0.0)), np.float32(rows - 1))
        y0 = min(int(v), max(rows - 2, 0))
        y1, fy = min(y0 + 1, rows - 1), v - np.float32(y0)
        for x in range(w):
            u = min(max((x + half) * step - half, np.float32(0.0)), np.float32(columns - 1))
            x0 = min(int(u), max(columns - 2, 0))
            x1, fx = min(x0 + 1, columns - 1), u - np.float32(x0)
            top = clean_difference[y0, x0] * (1 - fx) + clean_difference[y0, x1] * fx
            low = clean_difference[y1, x0] * (1 - fx) + clean_difference[y1, x1] * fx
            clean = max(top * (1 - fy) + low * fy, np.float32(1e-6))
            out[y, x] = min(max(np.float32(1.0) - difference[y, x] / clean, np.float32(0.0)), np.float32(1.0))
    return out


def clean_cells(picture: Array, difference: Array, model: ScreenModel) -> Array:
    """The screen as it would be without actor and markers: rows columns 3 float32, one colour a cell.

    Twice: broadly, then again from pixels that agree with the broad field or lie away from everything opaque, so that
    shadows and wrinkles are followed while pixels mixed with the actor are not.
    """
    k, i, _, mix = model.difference
    like = screen_like(picture, difference, model.axis, DARKEST * model.level, model.tolerance)
    like = cv2.erode(like, np.ones((3, 3), np.uint8))
    fallback = np.array(model.rgb, np.float32)
    broad = fill(*gather(picture, like, 4 * CELL), fallback)
    broad = cv2.blur(broad, (3, 3), borderType=cv2.BORDER_REPLICATE)
    alpha = raw_alpha(difference, difference_plane(broad, k, i, mix), 4 * CELL)
    opaque = cv2.morphologyEx((alpha > 0.6).astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    near = grown(opaque, max(2, round(_NEAR * len(picture))))
    mean_alpha = cv2.blur(alpha, (5, 5))
    uneven = cv2.blur(alpha * alpha, (5, 5)) - mean_alpha * mean_alpha > _UNEVEN * _UNEVEN
    careful = (near > 0) | model.is_even
    like[careful & ((alpha > _HARD) | (uneven & (alpha > _SOFT)))] = 0
    mean, confidence = gather(picture, like, CELL)
    return cv2.GaussianBlur(fill(mean, confidence, fallback), (3, 3), 0, borderType=cv2.BORDER_REPLICATE)


def working_factor(hw: tuple[int, int]) -> int:
    return max(1, round((hw[0] * hw[1]) ** 0.5 / _WORKING_SIDE))


def read_frame(plate: Array, model: ScreenModel, given: Array | None = None) -> FrameParts:
    """``plate``: h w 3 float32 scene-linear, any resolution of the shot. ``given``: the clean plate, where the crew
    shot one, of the same size."""
    factor = working_factor(plate.shape[:2])
    picture = _at_work(plate, factor)
    look = look_at(picture, model, None if given is None else _at_work(given, factor))
    region = _region(picture, look, model)
    seen = np.dstack([picture, np.maximum(look.difference, 0.0)])
    mean, confidence = gather(seen, region.solid, CELL)
    actor = fill(mean, confidence, np.zeros(4, np.float32))
    return FrameParts(factor, look.cell, look.clean, actor, region.allowed, region.core)


def solid_actor(picture: Array, model: ScreenModel, given: Array | None) -> Array:
    """Colours of the actor's inside in one frame: n 3. All at working resolution."""
    region = _region(picture, look_at(picture, model, given), model)
    return np.asarray(picture[region.core >= 1], np.float32)


@dataclass(frozen=True)
class Look:
    """A working picture against its clean plate. ``clean``: the clean plate by ``cell`` working pixels. ``difference``:
    d(C), ``alpha``: raw, ``like``: pixels of the screen's chroma, all h w."""

    clean: Array
    cell: int
    difference: Array
    alpha: Array
    like: Array


def look_at(picture: Array, model: ScreenModel, given: Array | None) -> Look:
    """``picture``, ``given``: h w 3, at working resolution."""
    k, i, _, mix = model.difference
    difference = difference_plane(picture, k, i, mix)
    like = screen_like(picture, difference, model.axis, DARKEST * model.level, model.tolerance)
    if given is None:
        clean, cell = clean_cells(picture, difference, model), CELL
    else:
        field = clean_cells(picture, difference, model)
        clean, cell = _given_cells(picture, like, given, field, model), 1
    return Look(clean, cell, difference, raw_alpha(difference, difference_plane(clean, k, i, mix), cell), like)


def _given_cells(picture: Array, like: Array, given: Array, field_cells: Array, model: ScreenModel) -> Array:
    """A clean plate as it was shot, at the exposure of this frame; this frame's own field where it shows no screen."""
    screen = seen_screen(given, model)
    both = (screen & like) > 0
    gain = np.median(picture[both] / np.maximum(given[both], 1e-4), axis=0) if both.sum() >= _LEAST_BOTH else 1.0
    cells = np.ascontiguousarray(given * np.asarray(gain, np.float32))
    if screen.all():
        return cells
    field = np.empty_like(cells)
    spread(field_cells, 1.0 / CELL, field)
    return np.where(screen[..., None] > 0, cells, field)


def seen_screen(picture: Array, model: ScreenModel) -> Array:
    """Where a clean plate shows the screen: h w uint8."""
    k, i, _, mix = model.difference
    return screen_like(picture, difference_plane(picture, k, i, mix), model.axis, _SURE * model.level, model.tolerance)


def _at_work(picture: Array, factor: int) -> Array:
    return picture if factor == 1 else block_mean(picture, factor)


def _region(picture: Array, look: Look, model: ScreenModel) -> Region:
    return actor_region(picture, look.alpha, garbage_free(look.like, model), look.like, model)
