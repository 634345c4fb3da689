"""Smooth filling of what no picture showed: push-pull (Gortler et al. 1996, section 4.3)."""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

_COARSE = 4  # a smooth filling needs no finer grid than every fourth pixel


def fill_holes(values: Array, hole: Array) -> None:
    """Replaces, in place, the pixels of ``hole`` (h w bool) in ``values`` (h w c float32) by a smooth continuation of
    the rest. ``ValueError`` when all is hole."""
    h, w = hole.shape
    if hole.all():
        raise ValueError("a picture must have something to fill its holes from, got none")
    if not hole.any():
        return
    _clear(values, hole)
    grid = (-(-w // _COARSE), -(-h // _COARSE))
    weight = cv2.resize((~hole).astype(np.float32), grid, interpolation=cv2.INTER_AREA)
    weighted = cv2.resize(values, grid, interpolation=cv2.INTER_AREA).reshape(grid[1], grid[0], -1)
    _sample(_push_pull(weighted, weight), hole, values)


@njit(cache=True, nogil=True)
def _clear(values, hole):  # type: ignore[no-untyped-def]
    h, w, num = values.shape
    for y in range(h):
        for x in range(w):
            if hole[y, x]:
                for c in range(num):
                    values[y, x, c] = 0


@njit(cache=True, nogil=True)
def _sample(coarse, hole, values):  # type: ignore[no-untyped-def]
    """Bilinear, at the holes only."""
    h, w, num = values.shape
    ch, cw, _ = coarse.shape
    for y in range(h):
        v = min(max((y + 0.5) * ch / h - 0.5, 0.0), ch - 1.0)
        y0 = min(int(v), max(0, ch - 2))
        y1, s = min(y0 + 1, ch - 1), np.float32(v - y0)
        for x in range(w):
            if not hole[y, x]:
                continue
            u = min(max((x + 0.5) * cw / w - 0.5, 0.0), cw - 1.0)
            x0 = min(int(u), max(0, cw - 2))
            x1, t = min(x0 + 1, cw - 1), np.float32(u - x0)
            for c in range(num):
                top = coarse[y0, x0, c] + (coarse[y0, x1, c] - coarse[y0, x0, c]) * t
                low = coarse[y1, x0, c] + (coarse[y1, x1, c] - coarse[y1, x0, c]) * t
                values[y, x, c] = top + (low - top) * s


def _push_pull(weighted: Array, weight: Array) -> Array:
    """``weighted`` = value * weight; returns values everywhere."""
    h, w = weight.shape
    if max(h, w) <= 1 or (weight > 0.999).all():
        return np.asarray(weighted / np.maximum(weight, 1e-6)[..., None])
    half = (max(1, w // 2), max(1, h // 2))
    small_weight = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
    small = cv2.resize(weighted, half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0], -1)
    _gain(small, small_weight)
    up = cv2.resize(_push_pull(small, small_weight), (w, h), interpolation=cv2.INTER_LINEAR).reshape(h, w, -1)
    _blend(weighted, weight, up)
    return up


@njit(cache=True, nogil=True)
def _gain(weighted, weight):  # type: ignore[no-untyped-def]
    """One of four cells says enough of all four."""
    h, w, num = weighted.shape
    for y in range(h):
        for x in range(w):
            more = min(np.float32(4), np.float32(1) / max(weight[y, x], np.float32(1e-6)))
            weight[y, x] *= more
            for c in range(num):
                weighted[y, x, c] *= more


@njit(cache=True, nogil=True)
def _blend(weighted, weight, up):  # type: ignore[no-untyped-def]
    h, w, num = up.shape
    for y in range(h):
        for x in range(w):
            for c in range(num):
                up[y, x, c] = weighted[y, x, c] + up[y, x, c] * (np.float32(1) - weight[y, x])
