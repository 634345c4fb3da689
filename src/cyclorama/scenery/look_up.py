"""Pictures sampled at places between their pixels."""

from functools import reduce

import cv2
import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from cyclorama.core.arrays import Array

_LIGHT = 1.5  # linear light that no picture of codes holds, even where the kernel overshoots
_SHARPER = 0.2  # share by which the bicubic kernel may leave the bilinear one beside bright light


def look_up(image: Array, u: Array, v: Array) -> Array:
    """``image`` (h w 3 float32 scene-linear) at places ``u``, ``v`` (centres at whole numbers), bicubic, never
    negative; beside light far brighter than white it is held near the bilinear value, where the kernel would ring
    black."""
    color = cv2.remap(image, u, v, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if color.max() > _LIGHT:
        _hold(color, cv2.remap(image, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    else:
        np.maximum(color, 0, out=color)
    return color


@njit(cache=True, nogil=True)
def _hold(color, near):  # type: ignore[no-untyped-def]
    low, high = np.float32(1 - _SHARPER), np.float32(1 + _SHARPER)
    h, w, num = color.shape
    for y in range(h):
        for x in range(w):
            for c in range(num):
                value = near[y, x, c]
                color[y, x, c] = max(np.float32(0.0), min(max(color[y, x, c], low * value), high * value))


@njit(cache=True, nogil=True, fastmath=True, inline="always")
def _cubic(t):  # type: ignore[no-untyped-def]
    """Keys' bicubic kernel (1981) at distance ``t``, a = -0.75."""
    a = np.float32(-0.75)
    t = abs(t)
    if t <= 1:
        return ((a + 2) * t - (a + 3)) * t * t + np.float32(1.0)
    if t < 2:
        return a * (((t - 5) * t + 8) * t - 4)
    return np.float32(0.0)


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def add_row(image, u, v, amount, sums):  # type: ignore[no-untyped-def]
    """Adds ``image`` (h w 3 float32) at the places ``u``, ``v`` (w float32, centres at one half), bicubic, times
    ``amount`` (w), to ``sums`` (w 3). Beyond its border the picture repeats the outermost pixels."""
    h, w, _ = image.shape
    flat = image.reshape(-1)
    first, k = np.empty(len(u), np.int32), np.empty((8, len(u)), np.float32)
    _weigh(u, v, amount, (h, w), first, k)
    for x in range(len(u)):
        if amount[x] == 0:
            continue
        if first[x] < 0:
            _add_at_border(image, u[x], v[x], amount[x], sums[x])
            continue
        across, down = (k[0, x], k[1, x], k[2, x], k[3, x]), (k[4, x], k[5, x], k[6, x], k[7, x])
        r, g, b = _sum_taps(flat, np.intp(3) * np.intp(first[x]), np.intp(3 * w), across, down)
        sums[x, 0] += r
        sums[x, 1] += g
        sums[x, 2] += b


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _weigh(u, v, amount, hw, first, k):  # type: ignore[no-untyped-def]
    """Of every place the first of its 4 x 4 pixels, counted through the picture (-1 where some lie outside), and the
    kernel's weights across (times ``amount``) and down. Without branches, so that it runs several places at a time."""
    # one more column than is wanted, because pixels are read four values at a time
    wide, least, last_i, last_j = hw[1], np.int32(1), np.int32(hw[1] - 4), np.int32(hw[0] - 3)
    one, half, a = np.float32(1), np.float32(0.5), np.float32(-0.75)
    for x in range(len(u)):
        left, above = np.floor(u[x] - half), np.floor(v[x] - half)
        s, t = u[x] - half - left, v[x] - half - above
        i, j = np.int32(left), np.int32(above)
        inside = (i >= least) & (j >= least) & (i <= last_i) & (j <= last_j)
        first[x] = np.int32((j - 1) * wide + i - 1) if inside else np.int32(-1)
        outer, m = a * s * (one - s), amount[x]
        k[0, x], k[3, x] = m * outer * (one - s), m * outer * s
        k[1, x] = m * (((a + np.float32(2)) * s - (a + np.float32(3))) * s * s + one)
        k[2, x] = m - k[0, x] - k[1, x] - k[3, x]
        outer = a * t * (one - t)
        k[4, x], k[7, x] = outer * (one - t), outer * t
        k[5, x] = ((a + np.float32(2)) * t - (a + np.float32(3))) * t * t + one
        k[6, x] = one - k[4, x] - k[5, x] - k[7, x]


@njit(cache=True, nogil=True, fastmath=True, error_model="numpy")
def _add_at_border(image, u, v, amount, total):  # type: ignore[no-untyped-def]
    h, w, _ = image.shape
    left, above = np.floor(u - np.float32(0.5)), np.floor(v - np.float32(0.5))
    for j in range(-1, 3):
        y = min(h - 1, max(0, int(above) + j))
        down = amount * _cubic(v - np.float32(0.5) - above - np.float32(j))
        for i in range(-1, 3):
            x = min(w - 1, max(0, int(left) + i))
            k = down * _cubic(u - np.float32(0.5) - left - np.float32(i))
            for c in range(3):
                total[c] += k * image[y, x, c]


@intrinsic
def _sum_taps(_, flat, first, stride, across, down):  # type: ignore[no-untyped-def]
    """``(r, g, b)``: the sum of 4 x 4 pixels of three values, the first at ``flat[first]`` and rows ``stride`` apart,
    with four weights ``across`` and four ``down``. Reads four values at a time, which numba does not do by itself."""

    def build(context, b, signature, values):  # type: ignore[no-untyped-def]
        data = context.make_array(signature.args[0])(context, b, values[0]).data
        index, four = ir.IntType(32), ir.VectorType(ir.FloatType(), 4)
        nothing, lanes = ir.Constant(four, ir.Undefined), ir.Constant(ir.VectorType(index, 4), [0] * 4)

        def times(weights, i, value):  # type: ignore[no-untyped-def]
            one = b.insert_element(nothing, b.extract_value(weights, i), index(0))
            return b.fmul(b.shuffle_vector(one, nothing, lanes), value, flags=("fast",))

        def row(first):  # type: ignore[no-untyped-def]
            at = [b.bitcast(b.gep(data, [b.add(first, first.type(3 * i))]), four.as_pointer()) for i in range(4)]
            return summed([times(values[3], i, b.load(pointer, align=4)) for i, pointer in enumerate(at)])

        def summed(terms):  # type: ignore[no-untyped-def]
            return reduce(lambda x, y: b.fadd(x, y, flags=("fast",)), terms)

        at = [b.add(values[1], b.mul(values[2], values[2].type(j))) for j in range(4)]
        total = summed([times(values[4], j, row(first)) for j, first in enumerate(at)])
        return context.make_tuple(b, signature.return_type, [b.extract_element(total, index(c)) for c in range(3)])

    return types.UniTuple(types.float32, 3)(flat, first, stride, across, down), build
