"""The actor's own colour at full resolution: un-mixed from the clean plate, then despilled."""

from typing import Any

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.layers import Foreground
from cyclorama.matting.frame import FrameParts
from cyclorama.matting.screen import ScreenModel
from cyclorama.matting.screen_alpha import SOLID, luma
from cyclorama.matting.spill import REFLECTION, bounce_gain, despill
from cyclorama.matting.taps import Rgb, plane_at, rgb_at, tap

_ZERO, _ONE = np.float32(0.0), np.float32(1.0)


def unmix(plate: Array, alpha: Array, parts: FrameParts, model: ScreenModel, *, with_spill: bool) -> Foreground:
    """F alpha = C - (1 - alpha) B, then despill (``spill.py``).

    ``plate``: h w 3 float32 scene-linear, contiguous. ``alpha``: h w. ``parts``: what was read from the same plate.
    """
    gain = bounce_gain(model.bounce, model.rgb)
    k = model.difference[0]
    r, g, b = (np.float32(c / model.rgb[k]) for c in model.rgb)
    hue = r, (b if k == 1 else g), np.float32(model.tolerance)
    light = k, (gain[0], gain[1], gain[2]), np.float32(REFLECTION * model.rgb[k]), hue
    color = np.zeros_like(plate)
    spill = np.zeros_like(plate) if with_spill else np.zeros((0, 0, 3), np.float32)
    _unmix(plate, alpha, (parts.clean, parts.actor, parts.core), light, parts.steps, (color, spill))
    return Foreground(color, alpha, spill if with_spill else None)


@njit(cache=True, nogil=True, inline="always")
def _rechroma(rgb: Rgb, actor: Rgb, share: Any) -> Rgb:
    """``share`` of the way to the chroma of the nearest solid actor, at this pixel's luma."""
    own, y_actor = luma(rgb), luma(actor)
    if y_actor < np.float32(1e-5) or own > np.float32(4.0) * y_actor:
        return rgb
    scale = own / y_actor
    r, g, b = rgb
    return r + share * (actor[0] * scale - r), g + share * (actor[1] * scale - g), b + share * (actor[2] * scale - b)


@njit(cache=True, nogil=True)
def _unmix(
    plate: Array,
    alpha: Array,
    fields: tuple[Array, Array, Array],
    light: tuple[int, Any, Any, Any],
    steps: tuple[Any, Any, Any],
    out: tuple[Array, Array],
) -> None:
    clean_field, actor_field, core = fields
    color, spill = out
    k, gain, reflection, hue = light
    fine, clean_step, actor_step = np.float32(steps[0]), np.float32(steps[1]), np.float32(steps[2])
    h, w = alpha.shape
    for y in range(h):
        rows = tap(y, fine, core.shape[0])
        clean_rows, actor_rows = tap(y, clean_step, clean_field.shape[0]), tap(y, actor_step, actor_field.shape[0])
        for x in range(w):
            a = alpha[y, x]
            if a <= _ZERO:
                continue
            mixed = plate[y, x, 0], plate[y, x, 1], plate[y, x, 2]
            solid = plane_at(core, rows, tap(x, fine, core.shape[1]))
            if solid < np.float32(SOLID):
                clean = rgb_at(clean_field, clean_rows, tap(x, clean_step, clean_field.shape[1]))
                actor = rgb_at(actor_field, actor_rows, tap(x, actor_step, actor_field.shape[1]))
                rest = _ONE - a
                r, g, b = mixed[0] - rest * clean[0], mixed[1] - rest * clean[1], mixed[2] - rest * clean[2]
                mixed = _rechroma((max(r, _ZERO), max(g, _ZERO), max(b, _ZERO)), actor, _ONE - solid)
            own = despill(mixed, k, gain, a * reflection, solid, hue)
            color[y, x, 0], color[y, x, 1], color[y, x, 2] = own
            if spill.shape[0] > 0:
                spill[y, x, 0] = mixed[0] - own[0]
                spill[y, x, 1] = mixed[1] - own[1]
                spill[y, x, 2] = mixed[2] - own[2]
