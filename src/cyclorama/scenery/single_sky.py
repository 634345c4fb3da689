"""The sky of one picture: smooth, joined to the upper border, blue or brighter than what is below it."""

import cv2
import numpy as np

from cyclorama.core.arrays import Array

_STEP = 6.0  # codes of 255 from one pixel to the next, smoothed: more is an edge
_SMOOTH_PX = 1.5
_ALIKE = 50  # codes by which parts of one sky differ
_AROUND_PX, _UNLIKE = 41, 22  # codes by which a pixel may differ from the sky around it
_GAP_PX = 5  # wide gaps in edges are closed
_LEAST, _LEAST_TOP = 0.04, 0.15  # of the picture, and of its upper border: less is no sky
_LOWEST_SKY = 0.93  # of the height: what reaches further down is no sky alone
_HAZE = 0.85  # of the picture without an edge: nothing in it is near
_BRIGHT_TOP = 0.6  # of the upper border: a sky that is bright alone and not blue has no less, a wall may
_BRIGHTER = 1.25  # than the rest
_BLUE, _BLUE_CODE = 1.4, 90  # times the red, and how blue
_LOWEST = 98  # percentile of the rows of the sky: where it ends


def sky_of(picture: Array) -> Array:
    """h w bool of a display-referred picture, h w 3 uint8; empty where it shows none for certain, all
    of it where haze leaves no edge."""
    smooth = cv2.GaussianBlur(picture.astype(np.float32), (0, 0), _SMOOTH_PX)
    across, down = (cv2.Sobel(smooth, cv2.CV_32F, i, 1 - i, scale=0.125) for i in (1, 0))
    edge = (np.hypot(across, down).max(-1) > _STEP / 2).astype(np.uint8)
    edge = cv2.morphologyEx(edge, cv2.MORPH_CLOSE, np.ones((_GAP_PX, _GAP_PX), np.uint8))
    sky = _joined(edge, smooth)
    if sky.mean() > _HAZE:
        return np.ones(sky.shape, bool)
    grown = cv2.dilate(sky.astype(np.uint8), np.ones((_GAP_PX, _GAP_PX), np.uint8))  # edges are wide: half of them
    sky = (grown > 0) & _of_its_colour(picture, sky)
    nothing = np.zeros(sky.shape, bool)
    if sky.mean() < _LEAST or sky[0].mean() < _LEAST_TOP or lowest_row(sky) > _LOWEST_SKY:
        return nothing
    inside, outside = picture[sky].mean(0), picture[~sky].mean(0)
    bright = inside.mean() > _BRIGHTER * outside.mean() and sky[0].mean() > _BRIGHT_TOP
    blue = inside[2] > _BLUE * inside[0] and inside[2] > _BLUE_CODE
    return sky if bright or blue else nothing


def _joined(edge: Array, smooth: Array) -> Array:
    """The largest part without edges that reaches the upper border, and others there of about its colour."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(1 - edge, connectivity=4)
    top = np.setdiff1d(labels[0], 0)
    if not len(top):
        return np.zeros(edge.shape, bool)
    largest = top[np.argmax(stats[top, cv2.CC_STAT_AREA])]
    colour = smooth[labels == largest].mean(0)
    alike = [n for n in top if np.abs(smooth[labels == n].mean(0) - colour).max() < _ALIKE]
    return np.isin(labels, alike)


def _of_its_colour(picture: Array, sky: Array) -> Array:
    """Pixels like the sky around them: a thin spire is none of it."""
    weight = cv2.blur(sky.astype(np.float32), (_AROUND_PX, _AROUND_PX))[..., None]
    mean = cv2.blur(picture * sky[..., None].astype(np.float32), (_AROUND_PX, _AROUND_PX)) / np.maximum(weight, 1e-6)
    return np.asarray(np.abs(picture - mean).max(-1) < _UNLIKE)


def lowest_row(sky: Array) -> float:
    """The row down to which the sky reaches, as a share of the height; 0 where there is none."""
    rows = np.nonzero(sky)[0]
    return 0.0 if not len(rows) else float(np.percentile(rows, _LOWEST) + 1) / len(sky)
