"""The full-resolution kernel: alpha, unmixing and despill in one pass."""

from typing import Any

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.layers import Foreground
from cyclorama.matting.chroma import difference_at
from cyclorama.matting.frame import FrameParts
from cyclorama.matting.screen import ScreenModel
from cyclorama.matting.spill import REFLECTION, Rgb, bounce_gain, despill

_LUMA_WEIGHT = np.float32(0.6)
"""Say of the luma alpha where actor and screen differ in luma: luma is sharp where 4:2:0 chroma is not."""
_LUMA_LIMIT = np.float32(0.4)
"""The most that luma may move alpha."""
Tap = tuple[int, int, Any]
"""Two cells around a pixel and the share of the second."""
_ZERO, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)


def clean_plate(parts: FrameParts, hw: tuple[int, int]) -> Array:
    """The screen without actor and markers at full size: h w 3 float32."""
    out = np.empty((*hw, 3), np.float32)
    _spread(parts.clean, parts.factor * parts.cell, out)
    return out


@njit(cache=True, nogil=True)
def _spread(cells: Array, cell: int, out: Array) -> None:
    step = np.float32(1.0 / cell)
    for y in range(out.shape[0]):
        rows = tap(y, step, cells.shape[0])
        for x in range(out.shape[1]):
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = _rgb_at(cells, rows, tap(x, step, cells.shape[1]))


def unmix(plate: Array, parts: FrameParts, model: ScreenModel) -> Foreground:
    """Alpha from colour difference and luma against the clean plate, then F alpha = C - (1 - alpha) B, then despill.

    ``plate``: h w 3 float32 scene-linear, contiguous. ``parts``: what was read from the same plate.
    """
    k, i, _, mix = model.difference
    floor = np.float32(np.clip(2.5 * model.noise, 0.02, 0.1))
    color = np.zeros_like(plate)
    alpha = np.zeros(plate.shape[:2], np.float32)
    fields = (parts.clean, parts.actor, parts.allowed, parts.core)
    shade = np.float32(np.clip(model.shading, floor, 0.25))
    gain = bounce_gain(model.bounce, model.rgb)
    light = (gain[0], gain[1], gain[2]), np.float32(REFLECTION * model.rgb[k])
    key = k, i, np.float32(mix), floor, shade
    _unmix(plate, fields, key, light, (parts.factor, parts.cell), (color, alpha))
    return Foreground(color, alpha)


@njit(cache=True, nogil=True, inline="always")
def tap(position: int, step: Any, count: int) -> Tap:
    """The two cells around a pixel and the share of the second."""
    u = min(max((np.float32(position) + _HALF) * step - _HALF, _ZERO), np.float32(count - 1))
    first = min(int(u), max(count - 2, 0))
    return first, min(first + 1, count - 1), u - np.float32(first)


@njit(cache=True, nogil=True, inline="always")
def _plane(field: Array, rows: Tap, columns: Tap) -> Any:
    y0, y1, fy = rows
    x0, x1, fx = columns
    top = field[y0, x0] + (field[y0, x1] - field[y0, x0]) * fx
    low = field[y1, x0] + (field[y1, x1] - field[y1, x0]) * fx
    return top + (low - top) * fy


@njit(cache=True, nogil=True, inline="always")
def channel_at(field: Array, rows: Tap, columns: Tap, c: int) -> Any:
    y0, y1, fy = rows
    x0, x1, fx = columns
    top = field[y0, x0, c] + (field[y0, x1, c] - field[y0, x0, c]) * fx
    low = field[y1, x0, c] + (field[y1, x1, c] - field[y1, x0, c]) * fx
    return top + (low - top) * fy


@njit(cache=True, nogil=True, inline="always")
def _rgb_at(field: Array, rows: Tap, columns: Tap) -> Rgb:
    return channel_at(field, rows, columns, 0), channel_at(field, rows, columns, 1), channel_at(field, rows, columns, 2)


@njit(cache=True, nogil=True, inline="always")
def _ramp(x: Any, low: Any, high: Any) -> Any:
    t = min(max((x - np.float32(low)) / (np.float32(high) - np.float32(low)), _ZERO), _ONE)
    return t * t * (np.float32(3.0) - np.float32(2.0) * t)


@njit(cache=True, nogil=True, inline="always")
def _luma(rgb: Rgb) -> Any:
    return np.float32(0.2126) * rgb[0] + np.float32(0.7152) * rgb[1] + np.float32(0.0722) * rgb[2]


@njit(cache=True, nogil=True, inline="always")
def _soft_alpha(pixel: Rgb, clean: Rgb, actor: Rgb, spill: Any, key: tuple[int, int, Any, Any, Any]) -> Any:
    """Alpha of one pixel outside the core, from the screen's and the nearest solid actor's colour there."""
    k, i, mix, floor, shade = key
    d_clean = max(difference_at(clean[0], clean[1], clean[2], k, i, mix), np.float32(1e-6))
    d = difference_at(pixel[0], pixel[1], pixel[2], k, i, mix)
    # alpha = 1 - d(C) / d(B) takes d(F) = 0; near the core the spill on the actor is allowed for: d(F) = spill.
    a = min(max(_ONE - d / d_clean, _ZERO), _ONE)
    full = min((d_clean - d) / (d_clean - min(spill, _HALF * d_clean)) / np.float32(0.95), _ONE)
    a += (full - a) * _ramp(a, 0.6, 0.95)
    y_clean, y_actor = _luma(clean), _luma(actor)
    contrast = abs(y_clean - y_actor) / max(y_clean, y_actor, np.float32(1e-6))
    weight = _LUMA_WEIGHT * _ramp(contrast, 0.2, 0.6) * (_ONE - _ramp(a, 0.8, 1.0))
    if weight > _ZERO:
        by_luma = (y_clean - _luma(pixel)) / (y_clean - y_actor)
        a += weight * min(max(by_luma - a, -_LUMA_LIMIT), _LUMA_LIMIT)
    a = min(max(a, _ZERO), _ONE)
    floor += (shade - floor) * _likeness(pixel, clean, k)
    return a * _ramp(a, floor, np.float32(3.0) * floor)


@njit(cache=True, nogil=True, inline="always")
def _likeness(pixel: Rgb, clean: Rgb, k: int) -> Any:
    """1 for a pixel of the clean plate's chroma (a wrinkle is a darker one), 0 for another."""
    gain = pixel[k] / clean[k]
    off = max(pixel[0] - gain * clean[0], pixel[1] - gain * clean[1], pixel[2] - gain * clean[2])
    return _ONE - _ramp(off / clean[k], 0.01, 0.04)


@njit(cache=True, nogil=True, inline="always")
def _rechroma(rgb: Rgb, actor: Rgb, share: Any) -> Rgb:
    """``share`` of the way to the chroma of the nearest solid actor, at this pixel's luma."""
    luma, y_actor = _luma(rgb), _luma(actor)
    if y_actor < np.float32(1e-5) or luma > np.float32(4.0) * y_actor:
        return rgb
    scale = luma / y_actor
    r, g, b = rgb
    return r + share * (actor[0] * scale - r), g + share * (actor[1] * scale - g), b + share * (actor[2] * scale - b)


@njit(cache=True, nogil=True)
def _span(allowed: Array, y0: int, y1: int) -> tuple[int, int]:
    """First and last working column where alpha may be above 0 in two working rows."""
    first, last = allowed.shape[1], -1
    for x in range(allowed.shape[1]):
        if allowed[y0, x] > 0 or allowed[y1, x] > 0:
            first, last = min(first, x), x
    return first, last


@njit(cache=True, nogil=True)
def _unmix(
    plate: Array,
    fields: tuple[Array, ...],
    key: tuple[Any, ...],
    light: tuple[Any, Any],
    sizes: tuple[int, int],
    out: tuple[Array, Array],
) -> None:
    clean_field, actor_field, allowed, core = fields
    factor, cell = sizes
    color, alpha = out
    gain, reflection = light
    h, w = alpha.shape
    fine, coarse = np.float32(1.0 / factor), np.float32(1.0 / (factor * cell))
    for y in range(h):
        rows = tap(y, fine, allowed.shape[0])
        cell_rows = tap(y, coarse, actor_field.shape[0])
        first, last = _span(allowed, rows[0], rows[1])
        for x in range(max(0, (first - 1) * factor), min(w, (last + 2) * factor)):
            columns = tap(x, fine, allowed.shape[1])
            may = _plane(allowed, rows, columns)
            if may <= _ZERO:
                continue
            pixel = plate[y, x, 0], plate[y, x, 1], plate[y, x, 2]
            solid = _plane(core, rows, columns)
            if solid >= np.float32(0.999):
                alpha[y, x] = _ONE
                color[y, x, 0], color[y, x, 1], color[y, x, 2] = despill(pixel, key[0], gain, reflection)
                continue
            at = tap(x, coarse, actor_field.shape[1])
            clean = _rgb_at(clean_field, cell_rows, at)
            actor = _rgb_at(actor_field, cell_rows, at)
            spill = channel_at(actor_field, cell_rows, at, 3)
            a = max(may * _soft_alpha(pixel, clean, actor, spill, key), solid)
            if a <= _ZERO:
                continue
            rest = _ONE - a
            r, g, b = pixel[0] - rest * clean[0], pixel[1] - rest * clean[1], pixel[2] - rest * clean[2]
            mixed = max(r, _ZERO), max(g, _ZERO), max(b, _ZERO)
            alpha[y, x] = a
            own = despill(_rechroma(mixed, actor, _ONE - solid), key[0], gain, a * reflection)
            color[y, x, 0], color[y, x, 1], color[y, x, 2] = own
