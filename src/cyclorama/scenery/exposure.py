"""Exposure and white balance of pictures of one place, matched to each other.

Of two pictures the ratio of the linear light about what both show is one gain a channel (cameras differ so in exposure
and white balance); the gains of all follow by least squares on logarithms (as Brown and Lowe 2007, section 6, without
their prior: one picture keeps its own).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.core.arrays import Array

_AROUND = 0.012  # of the width: the neighbourhood of a match that is compared
_DARK, _BRIGHT = 0.003, 0.9  # linear light between which a picture of codes is neither noise nor clipped
_CLIPS = 1.001  # a picture with brighter light than this holds more than codes: nothing in it is clipped
_LEAST = 24  # points that must be comparable
_ANOTHER_LIGHT = 0.5  # mean spread of log ratios: the light itself changed, and one gain explains little
TOLD = 0.06
"""A gain that differs from 1 by less is no difference of exposure."""


@dataclass(frozen=True)
class Seen:
    """What picture ``first`` and picture ``second`` both show: positions (m, 2) in pixels of each."""

    first: int
    second: int
    first_px: Array
    second_px: Array


@dataclass(frozen=True)
class Exposures:
    """``gains`` (n, 3): what each picture is multiplied by, red green blue. ``other_light``: pairs whose light differs
    by more than an exposure."""

    gains: Array
    other_light: tuple[tuple[int, int], ...] = ()

    @property
    def changes(self) -> bool:
        """Whether anything is to be done."""
        return bool(np.abs(self.gains - 1).max() > TOLD)


def match_exposures(images: Sequence[Array], seen: Sequence[Seen], anchor: int) -> Exposures:
    """Gains that bring ``images`` (h w 3 float32 scene-linear) to the exposure of picture ``anchor``, which keeps its
    own; pictures that nothing joins to it keep theirs."""
    smooth = [_smoothed(i) for i in images]
    ratios, other_light = {}, []
    for pair in seen:
        log = _log_ratio(smooth, images, pair)
        if len(log) < _LEAST:
            continue
        middle = np.median(log, 0)
        spread = 1.4826 * np.median(np.abs(log - middle), 0)
        if spread.mean() > _ANOTHER_LIGHT:
            other_light.append((pair.first, pair.second))
        else:
            ratios[pair.first, pair.second] = (middle, len(log) / (spread.mean() + 0.02) ** 2)
    return Exposures(_solved(ratios, len(images), anchor), tuple(other_light))


def _smoothed(image: Array) -> Array:
    side = 2 * round(_AROUND * image.shape[1] / 2) + 1
    return cv2.blur(image, (side, side))


def _log_ratio(smooth: Sequence[Array], images: Sequence[Array], pair: Seen) -> Array:
    """log(first / second) where both can be compared, (k, 3)."""
    light, good = [], np.ones(len(pair.first_px), bool)
    for index, px in ((pair.first, pair.first_px), (pair.second, pair.second_px)):
        at = _sampled(smooth[index], px)
        top = np.inf if images[index].max() > _CLIPS else _BRIGHT
        good &= ((at > _DARK) & (at < top)).all(1)
        light.append(at)
    return np.log(light[0][good] / light[1][good])


def _sampled(image: Array, px: Array) -> Array:
    h, w = image.shape[:2]
    x, y = np.clip(px[:, 0].astype(int), 0, w - 1), np.clip(px[:, 1].astype(int), 0, h - 1)
    return image[y, x].astype(np.float64)


def _solved(ratios: dict[tuple[int, int], tuple[Array, float]], num: int, anchor: int) -> Array:
    """Least squares: log gain of the first minus that of the second is minus their log ratio."""
    gains = np.ones((num, 3))
    joined = {anchor}
    while grown := {k for pair in ratios for k in pair if joined & set(pair)} - joined:
        joined |= grown
    free = sorted(joined - {anchor})
    if not free:
        return gains
    rows, right = [], []
    for (i, j), (log, weight) in ratios.items():
        if i in joined:
            row = np.zeros(num)
            row[i], row[j] = weight**0.5, -(weight**0.5)
            rows.append(row[free])
            right.append(-log * weight**0.5)
    gains[free] = np.exp(np.linalg.lstsq(np.stack(rows), np.stack(right), rcond=None)[0])
    return gains
