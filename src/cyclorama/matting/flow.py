"""Dense motion between two frames, and the part of it that is the camera's."""

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.matting.field import fill, gather

_CELL = 12
"""Side, in pixels, of the cells in which the background's parallax is gathered."""
_LAYER_CELL = 6
"""Side, in pixels, of the cells in which the actor's own flow is gathered: limbs move apart."""
_STEP = 8
"""Pixels between the flow vectors that the homography is fitted to."""
_FEWEST = 20
"""Fewest vectors that a homography is fitted to."""
_INLIER_PX = 1.5
"""A vector so near to the homography is the camera's."""
_LEAST_SIDE = 24
"""Smaller pictures are continued beyond their border: the dense search fails on them."""


def pixel_grid(hw: tuple[int, int]) -> Array:
    """x and y of every pixel: h w 2 float32, whole numbers (OpenCV's picture coordinates)."""
    y, x = np.mgrid[: hw[0], : hw[1]].astype(np.float32)
    return np.stack([x, y], -1)


def dense_flow(a: Array, b: Array, start: Array | None = None) -> Array:
    """Where each pixel of ``a`` lies in ``b``, less its place in ``a``: h w 2 float32, pixels.

    ``a``, ``b``: h w uint8. ``start``: flow to begin from. Dense inverse search (Kroeger et al., ECCV 2016).
    """
    if np.array_equal(a, b):
        return np.zeros((*a.shape, 2), np.float32)
    h, w = a.shape
    begin = np.zeros((h, w, 2), np.float32) if start is None else start.copy()
    more = max(0, _LEAST_SIDE - h), max(0, _LEAST_SIDE - w)
    if any(more):
        a, b, begin = (cv2.copyMakeBorder(p, 0, more[0], 0, more[1], cv2.BORDER_REPLICATE) for p in (a, b, begin))
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.ascontiguousarray(search.calc(a, b, begin)[:h, :w])


def read_at(values: Array, places: Array, outside: float | None = None) -> Array:
    """``values`` at ``places`` (h w 2: x, y), bilinear; beyond the border its nearest pixel, or ``outside``."""
    mode = cv2.BORDER_REPLICATE if outside is None else cv2.BORDER_CONSTANT
    got: Array = cv2.remap(
        values, places[..., 0], places[..., 1], cv2.INTER_LINEAR, borderMode=mode, borderValue=outside or 0.0
    )
    return got


def length(vectors: Array) -> Array:
    """h w 2 to h w."""
    return np.asarray(cv2.magnitude(vectors[..., 0], vectors[..., 1]))


def background_flow(flow: Array, actor: Array) -> Array:
    """The background's own flow everywhere, also behind the actor: a homography, and parallax spread by push-pull.

    ``flow``: h w 2. ``actor``: h w, 1 where the flow is not the background's.
    """
    h, w = actor.shape
    bare = cv2.dilate((actor >= 0.05).astype(np.uint8), np.ones((7, 7), np.uint8)) == 0
    camera = background_homography(flow, bare)
    mean, confidence = gather(np.ascontiguousarray(flow - camera), bare.astype(np.uint8), _CELL)
    low = fill(mean, confidence, np.zeros(2, np.float32))
    size = (low.shape[1] * _CELL, low.shape[0] * _CELL)
    parallax = cv2.resize(low, size, interpolation=cv2.INTER_LINEAR)[:h, :w]
    return np.asarray(camera + parallax, np.float32)


def background_homography(flow: Array, bare: Array) -> Array:
    """The homography that most of ``flow`` (h w 2) follows where ``bare`` (h w bool), as a flow; 0 if none is found."""
    grid = pixel_grid(bare.shape)
    some = bare[::_STEP, ::_STEP]
    begin = grid[::_STEP, ::_STEP][some]
    found = None
    if len(begin) >= _FEWEST:
        cv2.setRNGSeed(0)
        end = begin + flow[::_STEP, ::_STEP][some]
        found, _ = cv2.findHomography(begin, end, cv2.RANSAC, _INLIER_PX, maxIters=500)
    matrix = np.eye(3) if found is None else found
    return np.asarray(cv2.perspectiveTransform(grid.reshape(1, -1, 2), matrix).reshape(grid.shape) - grid, np.float32)


def layer_flow(flow: Array, weight: Array) -> Array:
    """The flow of one layer, spread beyond it by push-pull. ``weight``: h w float32, how surely a pixel is of it."""
    h, w = weight.shape
    mean, confidence = gather(np.ascontiguousarray(flow), np.ascontiguousarray(weight), _LAYER_CELL)
    low = fill(mean, confidence, np.zeros(2, np.float32))
    size = (low.shape[1] * _LAYER_CELL, low.shape[0] * _LAYER_CELL)
    return np.asarray(cv2.resize(low, size, interpolation=cv2.INTER_LINEAR)[:h, :w])


@njit(cache=True, nogil=True)
def push(mask: Array, flow: Array) -> Array:
    """``mask`` (h w, 0..1) moved forward along ``flow``, which starts at its own pixels; what is revealed gets 0."""
    h, w = mask.shape
    out = np.zeros((h, w), np.float32)
    for i in range(h):
        for j in range(w):
            if mask[i, j] <= 0.02:
                continue
            x = np.float32(j) + flow[i, j, 0]
            y = np.float32(i) + flow[i, j, 1]
            x0, y0 = int(np.floor(x)), int(np.floor(y))
            fx, fy = x - np.float32(x0), y - np.float32(y0)
            for dy in range(2):
                for dx in range(2):
                    a, b = x0 + dx, y0 + dy
                    if 0 <= a < w and 0 <= b < h:
                        share = (fx if dx == 1 else 1 - fx) * (fy if dy == 1 else 1 - fy)
                        out[b, a] += mask[i, j] * share
    return out
