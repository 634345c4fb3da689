"""What a plate's pictures are like, measured before the work: grain, blur, clipping, how even the screen is."""

from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear

_LAPLACE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)
"""Answers to grain, hardly to edges (Immerkaer 1996)."""
_LAPLACE_GAIN = 6.0
_BLOCK = 16
_CALM = 10
"""Percentile of blocks that are taken to hold grain alone."""
_REBLUR_PX = 1.5
_STRONG = 98
"""Percentile of gradients from which an edge counts."""
_LEAST_EDGES = 60
_CLIPPED, _CRUSHED = 254, 1
_EVEN = (5, 95)
"""Percentiles of the screen's light that tell how even it is."""


@dataclass(frozen=True)
class PictureLook:
    """One frame's look, of its 8-bit code values. ``grain``: standard deviation of luma noise in code values.
    ``blur_px``: sigma of the Gaussian that would make its sharper edges out of steps (NaN: no edges). ``clipped``,
    ``crushed``: shares of pixels with a channel at the top, or all of them at the bottom."""

    grain: float
    blur_px: float
    clipped: float
    crushed: float


def look_of(picture: Array) -> PictureLook:
    """``picture``: h w 3 float32, scene-linear."""
    codes = code8_from_linear(picture)
    luma = cv2.cvtColor(codes, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return PictureLook(
        grain=grain_of(luma),
        blur_px=blur_of(luma),
        clipped=float((codes.max(2) >= _CLIPPED).mean()),
        crushed=float((codes.max(2) <= _CRUSHED).mean()),
    )


def grain_of(luma: Array) -> float:
    """Standard deviation of the noise in the calmest blocks of a plane, in its own unit (after Immerkaer 1996)."""
    answer = np.abs(cv2.filter2D(luma, cv2.CV_32F, _LAPLACE, borderType=cv2.BORDER_REFLECT))
    h, w = (n // _BLOCK * _BLOCK for n in luma.shape)
    if h == 0 or w == 0:
        blocks, levels = answer.mean()[None], luma.mean()[None]
    else:
        shape = (h // _BLOCK, _BLOCK, w // _BLOCK, _BLOCK)
        blocks = answer[:h, :w].reshape(shape).mean((1, 3)).ravel()
        levels = luma[:h, :w].reshape(shape).mean((1, 3)).ravel()
    alive = blocks[(levels > 4) & (levels < 251)]
    calm = float(np.percentile(alive, _CALM)) if len(alive) else 0.0
    return float(np.sqrt(np.pi / 2)) * calm / _LAPLACE_GAIN


def blur_of(luma: Array) -> float:
    """Sigma in pixels of the edges' blur, by the gradients that a known second blur leaves (Zhuo and Sim 2011, eq. 6):
    R = |grad| / |grad of the reblurred| = sqrt(sigma^2 + s^2) / sigma. NaN without edges."""
    calm = cv2.GaussianBlur(luma, (0, 0), 0.7)
    again = cv2.GaussianBlur(calm, (0, 0), _REBLUR_PX)
    first, second = _gradient(calm), _gradient(again)
    edges = (first >= max(float(np.percentile(first, _STRONG)), 4.0)) & (first >= cv2.dilate(first, np.ones((3, 3))))
    if edges.sum() < _LEAST_EDGES:
        return float("nan")
    ratio = np.maximum(first[edges] / np.maximum(second[edges], 1e-3), 1.02)
    sigma = _REBLUR_PX / np.sqrt(ratio * ratio - 1)
    return float(np.sqrt(max(float(np.percentile(sigma, 30)) ** 2 - 0.7**2, 0.0)))


def _gradient(plane: Array) -> Array:
    return np.hypot(cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=0.125))


@dataclass(frozen=True)
class ScreenLook:
    """The screen in one frame. ``share``: of the picture. ``stops``: between its darker and its brighter parts.
    ``clipped``: share of it whose channel is at the top."""

    share: float
    stops: float
    clipped: float


def screen_look(picture: Array, screen: Array, channel: int) -> ScreenLook:
    """``picture``: h w 3 scene-linear; ``screen``: h w bool, where it is seen; ``channel``: the one that keys."""
    share = float(screen.mean())
    if screen.sum() < _BLOCK:
        return ScreenLook(share, 0.0, 0.0)
    light = cv2.GaussianBlur(picture[..., channel], (0, 0), 2.0)[screen]
    low, high = np.maximum(np.percentile(light, _EVEN), 1e-4)
    clipped = float((picture[..., channel][screen] >= 0.98).mean())
    return ScreenLook(share, float(np.log2(high / low)), clipped)
