"""The place out of focus, in linear light: softened to the plate's sharpness, or by depth as a thin lens does."""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import SetFrame

_REACH = 2.5  # sigmas of the softening filter
_TAPS = 48  # of the disc
_GOLDEN = np.pi * (3 - 5**0.5)
_CELLS = 5.0  # radius, in cells of the smaller picture, of the largest disc
_SHARP, _BLURRED = 0.5, 1.5  # radius in pixels below which a pixel is its own, and from which it is the disc's
_DISC = np.array(
    [[np.sqrt((i + 0.5) / _TAPS) * np.cos(i * _GOLDEN), np.sqrt((i + 0.5) / _TAPS) * np.sin(i * _GOLDEN)]
     for i in range(_TAPS)], np.float32)  # fmt: skip


def softened(color: Array, sigma_px: float) -> Array:
    """``color``, h w 3 float32, under a Gaussian; the same array where sigma is 0."""
    if sigma_px == 0:
        return color
    side = 2 * int(np.ceil(_REACH * sigma_px)) + 1
    return np.asarray(cv2.GaussianBlur(color, (side, side), sigma_px, borderType=cv2.BORDER_REPLICATE))


def out_of_focus(place: SetFrame, far_px: float, focus: float) -> Array:
    """The colour of ``place`` through a thin lens, h w 3 float32: a point at inverse depth q is a disc of diameter
    ``far_px`` |1 - q / ``focus``|, which is ``far_px`` at infinity (Potmesil and Chakravarty 1981). A disc takes in
    only what is blurred that far itself, or lies behind: what is sharp does not smear over what is soft."""
    h, w = place.inverse_depth.shape
    nearness = 0.0 if focus <= 0 else 1 / focus
    largest = far_px / 2 * max(1.0, abs(1 - nearness * float(place.inverse_depth.max())))
    largest = min(largest, h / 8)
    cell = max(1.0, largest / _CELLS)
    size = (max(1, round(w / cell)), max(1, round(h / cell)))
    color = cv2.resize(place.color, size, interpolation=cv2.INTER_AREA)
    depth = cv2.resize(place.inverse_depth, size, interpolation=cv2.INTER_AREA)
    radius = np.minimum(far_px / 2 * np.abs(1 - nearness * depth), largest).astype(np.float32)
    blurred = np.empty_like(color)
    _gather(np.ascontiguousarray(color), np.ascontiguousarray(depth), radius / np.float32(cell), _DISC, blurred)
    large = cv2.resize(blurred, (w, h), interpolation=cv2.INTER_LINEAR)
    spread = cv2.resize(_spread(radius, depth), (w, h), interpolation=cv2.INTER_LINEAR)
    out = np.empty_like(place.color)
    _mix(place.color, np.ascontiguousarray(large), np.ascontiguousarray(spread), np.float32(cell), out)
    return out


def _spread(radius: Array, depth: Array) -> Array:
    """The radius of the disc that shows at a pixel: its own, or that of something nearer and softer beside it."""
    around = np.ones((3, 3), np.uint8)
    nearer = cv2.dilate(np.where(depth >= cv2.dilate(depth, around) * 0.95, radius, 0).astype(np.float32), around)
    return np.asarray(np.maximum(radius, nearer))


@njit(cache=True, nogil=True)
def _gather(color, depth, radius, disc, out):  # type: ignore[no-untyped-def]
    h, w = depth.shape
    reach = np.float32(0.0)
    for y in range(h):
        for x in range(w):
            reach = max(reach, radius[y, x])
    for y in range(h):
        for x in range(w):
            total, own = np.float32(0.0), radius[y, x]
            r = g = b = np.float32(0.0)
            for i in range(disc.shape[0]):
                dx, dy = disc[i, 0] * reach, disc[i, 1] * reach
                u = min(max(int(x + dx + np.float32(0.5)), 0), w - 1)
                v = min(max(int(y + dy + np.float32(0.5)), 0), h - 1)
                there = radius[v, u]
                if depth[v, u] < depth[y, x]:  # it lies behind, and cannot spread further than what is before it
                    there = min(there, own)
                away = np.float32(np.sqrt(dx * dx + dy * dy))
                inside = min(max(there - away + np.float32(0.5), np.float32(0.0)), np.float32(1.0))
                weight = inside / max(there * there, np.float32(0.25))
                total += weight
                r += weight * color[v, u, 0]
                g += weight * color[v, u, 1]
                b += weight * color[v, u, 2]
            if total > 0:
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = r / total, g / total, b / total
            else:
                out[y, x, 0], out[y, x, 1], out[y, x, 2] = color[y, x, 0], color[y, x, 1], color[y, x, 2]


@njit(cache=True, nogil=True)
def _mix(sharp, blurred, radius, cell, out):  # type: ignore[no-untyped-def]
    h, w = radius.shape
    low, high = np.float32(_SHARP) * cell, np.float32(_BLURRED) * cell
    for y in range(h):
        for x in range(w):
            t = min(max((radius[y, x] - low) / (high - low), np.float32(0.0)), np.float32(1.0))
            for c in range(3):
                out[y, x, c] = sharp[y, x, c] + t * (blurred[y, x, c] - sharp[y, x, c])
