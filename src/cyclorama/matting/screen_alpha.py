"""Alpha against the clean plate at full resolution: colour difference, sharpened by luma."""

from typing import Any

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.matting.chroma import difference_at
from cyclorama.matting.frame import FrameParts
from cyclorama.matting.screen import ScreenModel
from cyclorama.matting.taps import Rgb, channel_at, plane_at, ramp, rgb_at, span, tap

_LUMA_WEIGHT = np.float32(0.6)
"""Say of the luma alpha where actor and screen differ in luma: luma is sharp where 4:2:0 chroma is not."""
_LUMA_LIMIT = np.float32(0.4)
"""The most that luma may move alpha."""
SOLID = 0.999
"""Core above which a pixel is the actor alone."""
_ZERO, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)


def screen_alpha(plate: Array, parts: FrameParts, model: ScreenModel) -> Array:
    """h w float32. ``plate``: h w 3 float32 scene-linear, contiguous. ``parts``: what was read from the same plate."""
    k, i, _, mix = model.difference
    floor = np.float32(np.clip(2.5 * model.noise, 0.02, 0.1))
    shade = np.float32(np.clip(model.shading, floor, 0.25))
    alpha = np.zeros(plate.shape[:2], np.float32)
    fields = (parts.clean, parts.actor, parts.allowed, parts.core)
    _fill_alpha(plate, fields, (k, i, np.float32(mix), floor, shade), parts.steps, alpha)
    return alpha


@njit(cache=True, nogil=True, inline="always")
def luma(rgb: Rgb) -> Any:
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
    a += (full - a) * ramp(a, 0.6, 0.95)
    y_clean, y_actor = luma(clean), luma(actor)
    contrast = abs(y_clean - y_actor) / max(y_clean, y_actor, np.float32(1e-6))
    weight = _LUMA_WEIGHT * ramp(contrast, 0.2, 0.6) * (_ONE - ramp(a, 0.8, 1.0))
    if weight > _ZERO:
        by_luma = (y_clean - luma(pixel)) / (y_clean - y_actor)
        a += weight * min(max(by_luma - a, -_LUMA_LIMIT), _LUMA_LIMIT)
    a = min(max(a, _ZERO), _ONE)
    floor += (shade - floor) * _likeness(pixel, clean, k)
    return a * ramp(a, floor, np.float32(3.0) * floor)


@njit(cache=True, nogil=True, inline="always")
def _likeness(pixel: Rgb, clean: Rgb, k: int) -> Any:
    """1 for a pixel of the clean plate's chroma (a wrinkle is a darker one), 0 for another."""
    gain = pixel[k] / clean[k]
    off = max(pixel[0] - gain * clean[0], pixel[1] - gain * clean[1], pixel[2] - gain * clean[2])
    return _ONE - ramp(off / clean[k], 0.01, 0.04)


@njit(cache=True, nogil=True)
def _fill_alpha(
    plate: Array, fields: tuple[Array, ...], key: tuple[Any, ...], steps: tuple[Any, Any, Any], alpha: Array
) -> None:
    clean_field, actor_field, allowed, core = fields
    fine, clean_step, actor_step = np.float32(steps[0]), np.float32(steps[1]), np.float32(steps[2])
    factor = round(1 / steps[0])
    h, w = alpha.shape
    for y in range(h):
        rows = tap(y, fine, allowed.shape[0])
        clean_rows, actor_rows = tap(y, clean_step, clean_field.shape[0]), tap(y, actor_step, actor_field.shape[0])
        first, last = span(allowed, rows[0], rows[1])
        for x in range(max(0, (first - 1) * factor), min(w, (last + 2) * factor)):
            columns = tap(x, fine, allowed.shape[1])
            may = plane_at(allowed, rows, columns)
            if may <= _ZERO:
                continue
            solid = plane_at(core, rows, columns)
            if solid >= np.float32(SOLID):
                alpha[y, x] = _ONE
                continue
            clean = rgb_at(clean_field, clean_rows, tap(x, clean_step, clean_field.shape[1]))
            at = tap(x, actor_step, actor_field.shape[1])
            actor = rgb_at(actor_field, actor_rows, at)
            spill = channel_at(actor_field, actor_rows, at, 3)
            pixel = plate[y, x, 0], plate[y, x, 1], plate[y, x, 2]
            alpha[y, x] = max(may * _soft_alpha(pixel, clean, actor, spill, key), solid)
