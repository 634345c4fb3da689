"""Layers to one picture: the premultiplied over of Porter and Duff (1984), in scene-linear light."""

from dataclasses import replace

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.layers import Foreground, Layers
from cyclorama.core.lighting import BLACK, LUMINANCE

_RED, _GREEN, _BLUE = (np.float32(x) for x in LUMINANCE)
_DARK = np.float32(1e-6)
_SHOWN = 1e-4  # premultiplied colour from which a gain can be told
_BLACK = np.float32(BLACK)
_LEAST_KEPT, _MOST_KEPT = np.float32(0.25), np.float32(4.0)


def flatten(layers: Layers) -> Array:
    """The finished frame, h w 3 float32 scene-linear: relit actors + (1 - alpha) mirrored place + wrap alpha + grain,
    where the mirrored place is the place times shadow times the first half of reflection, plus its second half.
    Absent layers do nothing.

    Several actors are shares of the pixel, so their colours add and alpha is the sum of theirs.
    """
    out = np.empty_like(layers.place.color)
    actor, backdrop = layers.joint, layers.place.color
    if layers.shadow is not None:
        _times(backdrop, layers.shadow, out)
        backdrop = out
    if layers.reflection is not None:
        if backdrop is not out:
            out[:] = backdrop
        _mirror(out, layers.reflection)
        backdrop = out
    if layers.relight_gain is None:
        _over(actor.color, actor.alpha, backdrop, out)
    else:
        _over_relit(actor.color, actor.alpha, backdrop, layers.relight_gain, out)
    if layers.wrap is not None:
        _add_wrap(actor.alpha, layers.wrap, out)
    if layers.grain is not None:
        out += layers.grain
    return out


def spread(field: Array, hw: tuple[int, int]) -> Array:
    """A small field h' w' 3, as ``Layers`` holds it, at the size of the picture: h w 3 float32."""
    out = np.empty((*hw, 3), np.float32)
    _times(np.ones((*hw, 3), np.float32), field, out)
    return out


def relit(actor: Foreground, gain: Array) -> Array:
    """An actor's colour, h w 3 float32 premultiplied, under the ``relight_gain`` of ``Layers``."""
    out = np.zeros_like(actor.color)
    _over_relit(actor.color, actor.alpha, out, gain, out)
    return out


def relit_layers(layers: Layers) -> Layers:
    """The same with the gain laid on the actors, for who writes them apart."""
    if layers.relight_gain is None:
        return layers
    actors = tuple(Foreground(relit(a, layers.relight_gain), a.alpha) for a in layers.actors)
    own, lit = layers.joint.color, replace(layers, actors=actors).joint.color
    small = cv2.resize(layers.relight_gain[..., :3], own.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    with np.errstate(divide="ignore", invalid="ignore"):
        laid = np.where(own > _SHOWN, lit / own, small).astype(np.float32)
    return replace(layers, actors=actors, relight_gain=None, laid_gain=laid)


@njit(inline="always")
def _along(index, length, cells):  # type: ignore[no-untyped-def]
    """Where the centre of a pixel falls among the cells of a small field: the cell before, the one after, the share of
    the latter."""
    half = np.float32(0.5)
    at = min(
        max((np.float32(index) + half) * np.float32(cells / length) - half, np.float32(0.0)), np.float32(cells - 1)
    )
    before = int(at)
    return before, min(before + 1, cells - 1), at - np.float32(before)


@njit(inline="always")
def _read_row(field, y, h, row):  # type: ignore[no-untyped-def]
    """The row of a small field, h' w' c, at the picture's row ``y`` of ``h``, into ``row``, w' c."""
    y0, y1, t = _along(y, h, field.shape[0])
    for i in range(row.shape[0]):
        for c in range(row.shape[1]):
            row[i, c] = field[y0, i, c] + t * (field[y1, i, c] - field[y0, i, c])


@njit(inline="always")
def _columns(w, cells):  # type: ignore[no-untyped-def]
    """Of every column of the picture its share of the cell after, and where the columns of every cell begin."""
    share, begin = np.empty(w, np.float32), np.zeros(cells + 1, np.int64)
    for x in range(w):
        x0, _, share[x] = _along(x, w, cells)
        begin[x0 + 1 :] = x + 1
    return share, begin


@njit(cache=True, nogil=True)
def _times(color, field, out):  # type: ignore[no-untyped-def]
    """``color`` by a small field that is read bilinearly, a row of it at a time; ``out`` may be ``color``."""
    h, w, _ = color.shape
    fw = field.shape[1]
    one, none = np.float32(1.0), np.float32(0.0)
    row, (share, begin) = np.empty((fw, 3), np.float32), _columns(w, fw)
    for y in range(h):
        _read_row(field, y, h, row)
        for i in range(fw):
            j = min(i + 1, fw - 1)
            r, g, b = row[i, 0], row[i, 1], row[i, 2]
            dr, dg, db = row[j, 0] - r, row[j, 1] - g, row[j, 2] - b
            if r == one and g == one and b == one and dr == none and dg == none and db == none:
                out[y, begin[i] : begin[i + 1]] = color[y, begin[i] : begin[i + 1]]
                continue
            for x in range(begin[i], begin[i + 1]):
                s = share[x]
                out[y, x, 0] = color[y, x, 0] * (r + s * dr)
                out[y, x, 1] = color[y, x, 1] * (g + s * dg)
                out[y, x, 2] = color[y, x, 2] * (b + s * db)


@njit(cache=True, nogil=True)
def _mirror(color, field):  # type: ignore[no-untyped-def]
    """``color`` by the first half of a small field and plus the second, read bilinearly, in place."""
    h, w, _ = color.shape
    fw = field.shape[1]
    one, none = np.float32(1.0), np.float32(0.0)
    row, (share, begin) = np.empty((fw, 6), np.float32), _columns(w, fw)
    same = np.empty(fw, np.bool_)
    for y in range(h):
        _read_row(field, y, h, row)
        for i in range(fw):
            same[i] = True
            for c in range(6):
                same[i] &= row[i, c] == (one if c < 3 else none)
        for i in range(fw):
            j = min(i + 1, fw - 1)
            if same[i] and same[j]:
                continue
            r, g, b, ar, ag, ab = row[i]
            dr, dg, db, dar, dag, dab = row[j] - row[i]
            for x in range(begin[i], begin[i + 1]):
                s = share[x]
                color[y, x, 0] = color[y, x, 0] * (r + s * dr) + (ar + s * dar)
                color[y, x, 1] = color[y, x, 1] * (g + s * dg) + (ag + s * dag)
                color[y, x, 2] = color[y, x, 2] * (b + s * db) + (ab + s * dab)


@njit(cache=True, nogil=True)
def _over(color, alpha, backdrop, out):  # type: ignore[no-untyped-def]
    h, w = alpha.shape
    for y in range(h):
        for x in range(w):
            rest = np.float32(1.0) - alpha[y, x]
            for c in range(3):
                out[y, x, c] = color[y, x, c] + rest * backdrop[y, x, c]


@njit(cache=True, nogil=True)
def _over_relit(color, alpha, backdrop, gain, out):  # type: ignore[no-untyped-def]
    """The field is read bilinearly, a row of it at a time. It multiplies light above black, so that log(luminance +
    black) moves by the field's logarithm alone."""
    h, w = alpha.shape
    gw = gain.shape[1]
    one = np.float32(1.0)
    row = np.empty((gw, 4), np.float32)
    for y in range(h):
        _read_row(gain, y, h, row)
        for x in range(w):
            a = alpha[y, x]
            rest = one - a
            b0, b1, b2 = backdrop[y, x, 0], backdrop[y, x, 1], backdrop[y, x, 2]
            if a == 0 and color[y, x, 0] == 0 and color[y, x, 1] == 0 and color[y, x, 2] == 0:
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = b0, b1, b2
                continue
            x0, x1, s = _along(x, w, gw)
            black = _BLACK * a
            r, g, b = color[y, x, 0], color[y, x, 1], color[y, x, 2]
            by_r = row[x0, 0] + s * (row[x1, 0] - row[x0, 0])
            by_g = row[x0, 1] + s * (row[x1, 1] - row[x0, 1])
            by_b = row[x0, 2] + s * (row[x1, 2] - row[x0, 2])
            bright = row[x0, 3] + s * (row[x1, 3] - row[x0, 3])
            if by_r == one and by_g == one and by_b == one and bright == one:
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = r + rest * b0, g + rest * b1, b + rest * b2
                continue
            own = _RED * r + _GREEN * g + _BLUE * b + black
            lit = _RED * by_r * (r + black) + _GREEN * by_g * (g + black) + _BLUE * by_b * (b + black)
            keep = min(max(own * bright / lit, _LEAST_KEPT), _MOST_KEPT) if own > _DARK and lit > _DARK else one
            out[y, x, 0] = _above_black(r, keep * by_r, black) + rest * b0
            out[y, x, 1] = _above_black(g, keep * by_g, black) + rest * b1
            out[y, x, 2] = _above_black(b, keep * by_b, black) + rest * b2


@njit(inline="always")
def _above_black(value, gain, black):  # type: ignore[no-untyped-def]
    """No gain makes light negative; what is (colours outside Rec.709) is multiplied plainly."""
    return max(gain * (value + black) - black, min(gain * value, np.float32(0.0)))


@njit(cache=True, nogil=True)
def _add_wrap(alpha, wrap, out):  # type: ignore[no-untyped-def]
    """The field is read bilinearly, a row of it at a time."""
    h, w = alpha.shape
    gw = wrap.shape[1]
    row = np.empty((gw, 3), np.float32)
    for y in range(h):
        _read_row(wrap, y, h, row)
        for x in range(w):
            if alpha[y, x] <= 0:
                continue
            x0, x1, s = _along(x, w, gw)
            for c in range(3):
                out[y, x, c] += alpha[y, x] * (row[x0, c] + s * (row[x1, c] - row[x0, c]))
