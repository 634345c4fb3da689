"""The one display curve (IEC 61966-2-1, sRGB), as arrays and as fused kernels.

8-bit video tagged BT.709, sRGB video and sRGB pictures all decode with it, so a still looks in the shot as it looked in
a viewer and a round trip keeps its code values.
"""

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array


def linear_from_display(display: Array) -> Array:
    """Display-referred values (0..1) to scene-linear; odd-symmetric below 0, unclipped above 1."""
    a = np.abs(np.asarray(display, np.float64))
    linear = np.where(a <= 0.04045, a / 12.92, ((a + 0.055) / 1.055) ** 2.4)
    return (np.sign(display) * linear).astype(np.float32)


def display_from_linear(linear: Array) -> Array:
    """Scene-linear to display-referred values; the inverse of ``linear_from_display``."""
    a = np.abs(np.asarray(linear, np.float64))
    display = np.where(a <= 0.0031308, a * 12.92, 1.055 * a ** (1 / 2.4) - 0.055)
    return (np.sign(linear) * display).astype(np.float32)


_LINEAR_OF_CODE8 = linear_from_display(np.arange(256) / 255.0)
# 8-bit code of a linear value in 0..1 in steps of 1/65535: finer than the shortest code step (1/12.92/255) everywhere.
_CODE8_OF_LINEAR = np.round(display_from_linear(np.arange(65536) / 65535.0) * 255.0).astype(np.uint8)


@njit(cache=True, nogil=True)
def _decode(codes: Array, table: Array, out: Array) -> None:
    for i in range(codes.size):
        out[i] = table[codes[i]]


@njit(cache=True, nogil=True)
def _encode(linear: Array, table: Array, out: Array) -> None:
    for i in range(linear.size):
        x = linear[i]
        if x >= 1.0:
            out[i] = table[65535]
        elif x > 0.0:
            out[i] = table[int(x * np.float32(65535.0) + np.float32(0.5))]
        else:  # negatives and NaN
            out[i] = table[0]


def linear_from_code8(codes: Array) -> Array:
    """8-bit sRGB code values, any shape, to scene-linear float32."""
    flat = np.ascontiguousarray(codes).reshape(-1)
    out = np.empty(flat.size, np.float32)
    _decode(flat, _LINEAR_OF_CODE8, out)
    return out.reshape(codes.shape)


def code8_from_linear(linear: Array) -> Array:
    """Scene-linear float32, any shape, to 8-bit sRGB code values, clipped to 0..255; exact on decoded code values."""
    flat = np.ascontiguousarray(linear, np.float32).reshape(-1)
    out = np.empty(flat.size, np.uint8)
    _encode(flat, _CODE8_OF_LINEAR, out)
    return out.reshape(linear.shape)
