"""Smooth filling of what no picture showed: push-pull (Gortler et al. 1996, section 4.3)."""

import cv2
import numpy as np

from cyclorama.core.arrays import Array


def fill_holes(values: Array, hole: Array) -> Array:
    """``values`` h w c float32 with the pixels of ``hole`` (h w bool) replaced by a smooth continuation of the rest."""
    if hole.all():
        raise ValueError("a picture must have something to fill its holes from, got none")
    weight = (~hole).astype(np.float32)
    filled = _push_pull(values * weight[..., None], weight)
    return np.where(hole[..., None], filled, values).astype(np.float32)


def _push_pull(weighted: Array, weight: Array) -> Array:
    """``weighted`` = value * weight; returns values everywhere."""
    h, w = weight.shape
    value = weighted / np.maximum(weight, 1e-6)[..., None]
    if min(h, w) <= 1 or (weight > 0).all():
        return value
    half = ((w + 1) // 2, (h + 1) // 2)
    small_weight = cv2.resize(weight, half, interpolation=cv2.INTER_AREA)
    small = cv2.resize(weighted, half, interpolation=cv2.INTER_AREA).reshape(half[1], half[0], -1)
    coarse_weight = np.minimum(small_weight * 4, 1)
    coarse = _push_pull(small / np.maximum(small_weight, 1e-6)[..., None] * coarse_weight[..., None], coarse_weight)
    up = cv2.resize(coarse, (w, h), interpolation=cv2.INTER_LINEAR).reshape(h, w, -1)
    return value * weight[..., None] + up * (1 - weight)[..., None]
