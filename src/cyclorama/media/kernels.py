"""Fused pixel kernels: YUV planes to scene-linear pictures and back, one pass, no full-frame temporaries.

    R = Y + 2 (1 - kr) Cr        B = Y + 2 (1 - kb) Cb        G = (Y - kr R - kb B) / (1 - kr - kb)

with Y in 0..1 and Cb, Cr in -0.5..0.5. Values are not clipped on the way in, and clipped to 0..1 on the way out. Chroma
of 4:2:0 and 4:2:2 sits on the left luma sample (MPEG-2, H.264, HEVC) or between the two (JPEG), and between rows; it is
interpolated linearly.

The display curve is evaluated, not looked up: ``u ** 2.4 = u * u * P(sqrt(u))`` with a polynomial P good to 4e-6, which
the compiler turns into vector code (a table costs three times as much). Other curves are tables.
"""

from collections.abc import Callable

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

TABLE_LOW, TABLE_HIGH, TABLE_STEPS = -1.0, 2.0, 12288
ENCODE_STEPS = 16384
_FAST = {"contract", "nsz"}


def transfer_table(linear_from_signal: Callable[[Array], Array]) -> Array:
    """A transfer curve sampled over ``TABLE_LOW..TABLE_HIGH`` of the signal, for linear interpolation."""
    signal = np.linspace(TABLE_LOW, TABLE_HIGH, TABLE_STEPS + 1)
    return np.ascontiguousarray(linear_from_signal(signal), np.float32)


def encode_table(signal_from_linear: Callable[[Array], Array], top: float, limits: tuple[float, float]) -> Array:
    """A transfer curve's inverse for linear values ``-top .. top``, clipped to ``limits`` of the signal, sampled evenly
    in the signed fourth root, which follows the eye's steps from black to the brightest highlight."""
    root = np.linspace(-1, 1, ENCODE_STEPS + 1)
    return np.ascontiguousarray(np.clip(signal_from_linear(np.sign(root) * root**4 * top), *limits), np.float32)


def _polynomial(curve: Callable[[Array], Array], low: float, high: float) -> tuple[np.float32, ...]:
    """Degree 7, small relative error: Chebyshev interpolation of ``curve(t)`` weighted by its reciprocal."""
    nodes = (low + high) / 2 + (high - low) / 2 * np.cos(np.pi * (np.arange(64) + 0.5) / 64)
    value = curve(nodes)
    powers = np.vander(nodes, 8, increasing=True) / value[:, None]
    return tuple(np.float32(c) for c in np.linalg.lstsq(powers, np.ones(64), rcond=None)[0])


# u ** 0.4 for t = sqrt(u), u = (signal + 0.055) / 1.055 with signal up to 1.2; x ** (1 / 2.4) for t = x ** 0.25.
_D = _polynomial(lambda t: t**0.8, (0.095 / 1.055) ** 0.5, (1.255 / 1.055) ** 0.5)
_E = _polynomial(lambda t: t ** (5 / 3), 0.0031**0.25, 1.0)
_D0, _D1, _D2, _D3, _D4, _D5, _D6, _D7 = _D
_E0, _E1, _E2, _E3, _E4, _E5, _E6, _E7 = _E
DISPLAY_TABLE = np.empty(0, np.float32)  # the empty table names the display curve


@njit(cache=True, nogil=True, fastmath=_FAST)
def _linear_of_display_row(row: Array) -> None:
    for x in range(row.size):
        a = abs(row[x])
        u = (a + np.float32(0.055)) * np.float32(1 / 1.055)
        t = np.sqrt(u)
        power = _D0 + t * (_D1 + t * (_D2 + t * (_D3 + t * (_D4 + t * (_D5 + t * (_D6 + t * _D7))))))
        linear = u * u * power if a > np.float32(0.04045) else a * np.float32(1 / 12.92)
        row[x] = linear if row[x] >= np.float32(0.0) else -linear


@njit(cache=True, nogil=True, fastmath=_FAST)
def _linear_of_table_row(row: Array, table: Array) -> None:
    for x in range(row.size):
        position = (row[x] - np.float32(TABLE_LOW)) * np.float32(TABLE_STEPS / (TABLE_HIGH - TABLE_LOW))
        position = min(max(position, np.float32(0.0)), np.float32(TABLE_STEPS - 0.5))
        step = np.int32(position)
        low = table[step]
        row[x] = low + (table[step + 1] - low) * (position - np.float32(step))


@njit(cache=True, nogil=True, fastmath=_FAST)
def _display_of_linear_row(row: Array) -> None:
    """In place, clipped to 0..1; NaN becomes 0."""
    for x in range(row.size):
        linear = row[x] if row[x] > np.float32(0.0) else np.float32(0.0)
        linear = linear if linear < np.float32(1.0) else np.float32(1.0)
        t = np.sqrt(np.sqrt(linear))
        power = _E0 + t * (_E1 + t * (_E2 + t * (_E3 + t * (_E4 + t * (_E5 + t * (_E6 + t * _E7))))))
        curved = np.float32(1.055) * power - np.float32(0.055)
        row[x] = curved if linear > np.float32(0.0031308) else linear * np.float32(12.92)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _chroma_row(plane: Array, row: int, sub: Array, code: tuple[float, float, float], blend: Array, out: Array) -> None:
    """A row of a chroma plane at luma size, -0.5..0.5. ``sub``: (sub_x, sub_y, left); ``code``: zero, scale, shift."""
    zero, scale, shift = code
    sub_x, sub_y, left = sub[0], sub[1], sub[2]
    num_columns = (out.size + sub_x - 1) // sub_x
    near = row // sub_y
    far, weight = near, np.float32(0.0)
    if sub_y == 2:
        far = min(max(near + (1 if row & 1 else -1), 0), plane.shape[0] - 1)
        weight = np.float32(0.25)
    near_row, far_row = plane[near], plane[far]
    for x in range(num_columns):
        a, b = np.float32(near_row[x]), np.float32(far_row[x])
        blend[x + 1] = (a + (b - a) * weight - zero) * scale
    blend[0], blend[num_columns + 1] = blend[1], blend[num_columns]
    if sub_x == 1:
        for x in range(num_columns):
            out[x] = blend[x + 1] + (blend[x + 2] - blend[x + 1]) * shift
        return
    before = np.float32(0.0 if left else 0.25)
    after = np.float32(0.5 if left else 0.25)
    for x in range(out.size // 2):
        here = blend[x + 1]
        out[2 * x] = here + (blend[x] - here) * before
        out[2 * x + 1] = here + (blend[x + 2] - here) * after
    if out.size & 1:
        out[out.size - 1] = blend[num_columns]


@njit(cache=True, nogil=True, fastmath=_FAST)
def linear_from_yuv(planes: tuple[Array, Array, Array], sub: Array, scales: Array, table: Array, out: Array) -> None:
    """Three code planes (rows may be padded) into ``out``, h w 3 float32 scene-linear.

    ``sub``: (sub_x, sub_y, left-sited) int64. ``scales``: float32, zero and scale of luma, of chroma, then the matrix
    (r from cr, g from cb, g from cr, b from cb), and how far right 4:4:4 chroma sits, in pixels. ``table``: a transfer
    table, or ``DISPLAY_TABLE``.
    """
    width = out.shape[1]
    luma_zero, luma_scale, chroma = scales[0], scales[1], (scales[2], scales[3], scales[8])
    r_cr, g_cb, g_cr, b_cb = scales[4], scales[5], scales[6], scales[7]
    blend = np.empty(width + 2, np.float32)
    cb, cr = np.empty(width, np.float32), np.empty(width, np.float32)
    r, g, b = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.float32)
    for row in range(out.shape[0]):
        _chroma_row(planes[1], row, sub, chroma, blend, cb)
        _chroma_row(planes[2], row, sub, chroma, blend, cr)
        codes, target = planes[0][row], out[row]
        for x in range(width):
            level = (np.float32(codes[x]) - luma_zero) * luma_scale
            r[x] = level + r_cr * cr[x]
            g[x] = level + g_cb * cb[x] + g_cr * cr[x]
            b[x] = level + b_cb * cb[x]
        for channel in (r, g, b):
            if table.size == 0:
                _linear_of_display_row(channel)
            else:
                _linear_of_table_row(channel, table)
        for x in range(width):
            target[x, 0] = r[x]
            target[x, 1] = g[x]
            target[x, 2] = b[x]


@njit(cache=True, nogil=True, inline="always")
def _unit(value: np.float32) -> np.float32:
    """Clipped to 0..1; NaN becomes 0."""
    positive = value if value > np.float32(0.0) else np.float32(0.0)
    return positive if positive < np.float32(1.0) else np.float32(1.0)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _signal_of_linear_row(row: Array, table: Array, top: float) -> None:
    """In place, through an ``encode_table``; NaN becomes black."""
    scale, steps = np.float32(1 / top), np.float32(ENCODE_STEPS / 2)
    for x in range(row.size):
        linear = row[x] if row[x] == row[x] else np.float32(0.0)
        part = min(abs(linear) * scale, np.float32(1.0))
        root = np.sqrt(np.sqrt(part)) * steps
        position = steps + root if linear >= np.float32(0.0) else steps - root
        step = np.int32(min(position, np.float32(ENCODE_STEPS - 1)))
        row[x] = table[step] + (table[step + 1] - table[step]) * (position - np.float32(step))


@njit(cache=True, nogil=True, fastmath=_FAST)
def _display_rows(linear: Array, r: Array, g: Array, b: Array) -> None:
    for x in range(linear.shape[0]):
        r[x] = linear[x, 0]
        g[x] = linear[x, 1]
        b[x] = linear[x, 2]
    _display_of_linear_row(r)
    _display_of_linear_row(g)
    _display_of_linear_row(b)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _signal_rows(linear: Array, table: Array, top: float, r: Array, g: Array, b: Array) -> None:
    for x in range(linear.shape[0]):
        r[x] = linear[x, 0]
        g[x] = linear[x, 1]
        b[x] = linear[x, 2]
    _signal_of_linear_row(r, table, top)
    _signal_of_linear_row(g, table, top)
    _signal_of_linear_row(b, table, top)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _store_alpha(
    linear: Array, top: np.float32, premultiply: bool, signal: tuple[Array, Array, Array], codes: Array
) -> None:
    """A row of alpha, full range, and the signal times it."""
    r, g, b = signal
    for x in range(r.size):
        covered = _unit(linear[x, 3])
        codes[x] = np.uint16(covered * top + np.float32(0.5))
        if premultiply:
            r[x], g[x], b[x] = r[x] * covered, g[x] * covered, b[x] * covered


@njit(cache=True, nogil=True, fastmath=_FAST)
def _store_luma(
    signal: tuple[Array, Array, Array], scales: Array, keep: np.float32, sums: tuple[Array, Array], codes: Array
) -> None:
    """A row of luma, and its colour differences added to ``keep`` times those in the padded ``sums``."""
    r, g, b = signal
    blue, red = sums
    zero, gain, kr, kb = scales[0] + np.float32(0.5), scales[1], scales[5], scales[6]
    kg = np.float32(1.0) - kr - kb
    for x in range(r.size):
        luma = kr * r[x] + kg * g[x] + kb * b[x]
        codes[x] = np.uint16(luma * gain + zero)
        blue[x + 1] = blue[x + 1] * keep + (b[x] - luma)
        red[x + 1] = red[x + 1] * keep + (r[x] - luma)


@njit(cache=True, nogil=True, fastmath=_FAST)
def _store_chroma(sums: Array, sub_x: int, gain: np.float32, zero: np.float32, out: Array) -> None:
    """A padded row of differences (of one row, or of the sum of two) into codes: as it is, or left-sited at half width
    with weights 1 2 1."""
    half, low, high = zero + np.float32(0.5), np.float32(1.0), np.float32(2.0) * zero - np.float32(1.0)
    if sub_x == 1:
        for x in range(out.size):
            out[x] = np.uint16(min(max(sums[x + 1] * gain + half, low), high))
        return
    sums[0], sums[sums.size - 1] = sums[1], sums[sums.size - 2]
    for x in range(out.size):
        mean = sums[2 * x] + np.float32(2.0) * sums[2 * x + 1] + sums[2 * x + 2]
        out[x] = np.uint16(min(max(mean * gain + half, low), high))


@njit(cache=True, nogil=True, fastmath=_FAST)
def yuv_from_linear(
    linear: Array,
    planes: tuple[Array, Array, Array],
    layout: tuple[int, int],
    scales: Array,
    table: Array,
    alpha: tuple[Array, float, bool],
) -> None:
    """A scene-linear picture, h w 3 or h w 4 (straight), into limited-range code planes; each value is rounded once,
    from the unrounded signal.

    ``layout``: sub_x, sub_y; chroma is left-sited. ``scales``: float32, zero and gain of luma, zero of chroma, gain of
    blue's and of red's difference, the luma weights of red and blue, and the linear value at the table's end.
    ``table``: an ``encode_table``, or ``DISPLAY_TABLE``. ``alpha``: its plane (empty: none), full range; its largest
    code; whether the signal is multiplied by it.
    """
    y, cb, cr = planes
    sub_x, sub_y = layout
    alpha_codes, alpha_top, premultiply = alpha
    height, width = linear.shape[0], linear.shape[1]
    r, g, b = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.float32)
    blue, red = np.zeros(width + 2, np.float32), np.zeros(width + 2, np.float32)
    share = np.float32(1 / (sub_y if sub_x == 1 else 4 * sub_y))
    num_columns = (width + sub_x - 1) // sub_x
    for row in range(height):
        if table.size == 0:
            _display_rows(linear[row], r, g, b)
        else:
            _signal_rows(linear[row], table, scales[7], r, g, b)
        if alpha_codes.size > 0:
            _store_alpha(linear[row], np.float32(alpha_top), premultiply, (r, g, b), alpha_codes[row])
        _store_luma((r, g, b), scales, np.float32(row % sub_y), (blue, red), y[row])
        last = row + 1 == height
        if sub_y == 1 or row & 1 or last:
            weight = np.float32(2.0 if sub_y == 2 and last and not row & 1 else 1.0) * share  # a row without its pair
            _store_chroma(blue, sub_x, scales[3] * weight, scales[2], cb[row // sub_y, :num_columns])
            _store_chroma(red, sub_x, scales[4] * weight, scales[2], cr[row // sub_y, :num_columns])


@njit(cache=True, nogil=True, fastmath=_FAST)
def bgra16_from_linear(linear: Array, premultiply: bool, out: Array) -> None:
    """A straight scene-linear picture, h w 4, into display-referred blue, green, red and linear alpha, h w 4 uint16."""
    height, width = linear.shape[0], linear.shape[1]
    r, g, b = np.empty(width, np.float32), np.empty(width, np.float32), np.empty(width, np.float32)
    top, half, one = np.float32(65535.0), np.float32(0.5), np.float32(1.0)
    for row in range(height):
        _display_rows(linear[row], r, g, b)
        for x in range(width):
            share = _unit(linear[row, x, 3])
            weight = top * (share if premultiply else one)
            out[row, x, 0] = np.uint16(min(b[x] * weight + half, top))
            out[row, x, 1] = np.uint16(min(g[x] * weight + half, top))
            out[row, x, 2] = np.uint16(min(r[x] * weight + half, top))
            out[row, x, 3] = np.uint16(share * top + half)
