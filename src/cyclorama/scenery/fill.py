"""Smooth filling of what no picture showed: push-pull (Gortler et al. 1996, section 4.3)."""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array

_COARSE = 4  # a smooth filling needs no finer grid than every fourth pixel


def fill_holes(values: Array, hole: Array) -> Array:
    """``values`` h w c float32 with the pixels of ``hole`` (h w bool) replaced by a smooth continuation of the rest."""
    h, w = hole.shape
    if hole.all():
        raise ValueError("a picture must have something to fill its holes from, got none")
    grid = (-(-w // _COARSE), -(-h // _COARSE))
    known = (~hole).astype(np.float32)
    weight = cv2.resize(known, grid, interpolation=cv2.INTER_AREA)
    weighted = cv2.resize(values * known[..., None], grid, interpolation=cv2.INTER_AREA).reshape(grid[1], grid[0], -1)
    coarse = _push_pull(weighted, weight)
    smooth = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_LINEAR).reshape(values.shape)
    out = np.ascontiguousarray(values).copy()
    _replace(out, smooth.astype(np.float32), hole)
    return out


@njit(cache=True, nogil=True)
def _replace(values, smooth, hole):  # type: ignore[no-untyped-def]
    h, w, num = values.shape
    for y in range(h):
        for x in range(w):
            if hole[y, x]:
                for c in range(num):
                    values[y, x, c] = smooth[y, x, c]


def _push_pull(weighted: Array, weight: Array) -> Array:
    """``weighted`` = value * weight; returns values everywhere."""
    h, w = weight.shape
    value = weighted / np.maximum(weight, 1e-6)[..., None]
    if max(h, w) <= 1 or (weight > 0.999).all():
        return value
    half = (max(1, w // 2), max(1, h // 2))
    small_weight = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
    small = cv2.resize(weighted, half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0], -1)
    coarse_weight = np.minimum(small_weight * 4, 1)
    coarse = _push_pull(small / np.maximum(small_weight, 1e-6)[..., None] * coarse_weight[..., None], coarse_weight)
    up = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_LINEAR).reshape(h, w, -1)
    return value * weight[..., None] + up * (1 - weight)[..., None]
