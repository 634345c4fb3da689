"""A key whose alpha is a given matte made true at its edges, for ordinary footage."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array, require_picture, require_plane
from cyclorama.core.clip import Clip
from cyclorama.core.layers import Foreground
from cyclorama.matting.closed_form import solve_band
from cyclorama.matting.given import Alphas, alpha_at, foreground_color
from cyclorama.matting.sides import Outline, data_term

BAND = 0.016
"""Half the width of the band in question, as a share of the picture's height: twice the error of a usual matte."""
_NARROWEST_PX = 2.0
_SOFT = 0.02
"""A given alpha that is farther from 0 and from 1 is soft, and in question too."""
_SOFT_EDGE = 0.3
"""Mean of 4 alpha (1 - alpha) within 1.5 px of the outline, from which a matte counts as fully soft."""


_MOST_SAMPLES = 8
_DOUBT, _SOFT_DOUBT = 0.022, 0.05
"""``DataTerm.off`` at which a binary and a soft matte count as half sound. Binary ones that are right to the pixel have
0.01 to 0.03, true soft ones 0.01 to 0.05, those a pixel or two off 0.03 to 0.16."""
_DOUBT_POWER = 8


@dataclass(frozen=True)
class RefinedKey:
    """Takes the actor off ordinary footage by a given matte that may be binary, blocky or some pixels off.

    ``sound``: 0..1, how far the matte's own values are kept (``analyse_matte`` measures it); of a binary one those more
    than a pixel from the outline. ``band``: half the
    width of the band in which alpha is solved for, as a share of the picture's height, above 0 and at most 0.1. Where
    actor and background look alike, and outside the band, the given values stay. Each frame is refined by itself, and
    follows plate and matte smoothly, so that a calm matte stays calm.
    """

    alphas: Alphas
    sound: float = 0.0
    band: float = BAND

    def __post_init__(self) -> None:
        if not 0 < self.band <= 0.1:
            raise ValueError(f"band must be above 0 and at most 0.1 of the picture's height, got {self.band}")
        if not 0 <= self.sound <= 1:
            raise ValueError(f"sound must be 0..1, got {self.sound}")

    def foreground(self, index: int, plate: Array) -> Foreground:
        """``plate``: h w 3 float32 scene-linear; where it is smaller than the matte, the matte is averaged down.

        ``IndexError`` outside the matte's frames; ``ValueError`` for a plate or an alpha of another shape.
        """
        require_picture("plate", plate)
        plate = np.ascontiguousarray(plate)
        alpha = alpha_at(self.alphas, index, plate)
        return foreground_color(plate, refined_alpha(plate, alpha, self.sound, self.band))


def analyse_matte(clip: Clip, alphas: Alphas, band: float = BAND) -> RefinedKey:
    """The key of a given matte, from 8 evenly spaced frames: is the matte sound as it is?

    Of the shot, not of one frame, or it would flicker. ``ValueError`` where clip and matte differ in length.
    """
    if clip.num_frames != alphas.num_frames:
        raise ValueError(f"the matte must have the clip's {clip.num_frames} frames, got {alphas.num_frames}")
    count = min(_MOST_SAMPLES, clip.num_frames)
    doubts = []
    for index in np.unique(np.linspace(0, clip.num_frames - 1, count).round().astype(int)):
        plate = np.ascontiguousarray(clip.frame(int(index)))
        alpha = alpha_at(alphas, int(index), plate)
        outline = outline_of(alpha, _radius_px(alpha, band))
        if outline is not None:
            half = _DOUBT + (_SOFT_DOUBT - _DOUBT) * outline.softness
            doubts.append(data_term(_even_noise(plate), alpha, outline).off / half)
    doubt = float(np.mean(doubts)) if doubts else 0.0
    return RefinedKey(alphas, 1.0 / (1.0 + doubt**_DOUBT_POWER), band)


def refined_alpha(plate: Array, alpha: Array, sound: float = 0.0, band: float = BAND) -> Array:
    """The given alpha, solved again in a band about its outline: h w float32, 0..1.

    ``plate``: h w 3 float32 scene-linear. ``alpha``: h w float32, 0..1. ``sound``, ``band``: see ``RefinedKey``. The
    colours of both sides give a first alpha and the trust in it (``sides.data_term``), the closed form the rest
    (``solve_band``). A matte without an outline comes back as it is.
    """
    require_plane("alpha", alpha, plate.shape[:2])
    outline = outline_of(alpha, _radius_px(alpha, band))
    if outline is None:
        return alpha.copy()
    guide = _even_noise(np.ascontiguousarray(plate))
    data = data_term(guide, np.ascontiguousarray(alpha), outline, sound)
    return solve_band(guide, data.alpha, data.trust, outline.band)


def _radius_px(alpha: Array, band: float) -> float:
    return max(_NARROWEST_PX, band * len(alpha))


def outline_of(alpha: Array, radius_px: float) -> Outline | None:
    """The outline at alpha 0.5; none where a matte is all actor or all background."""
    inside = (alpha >= 0.5).astype(np.uint8)
    if inside.min() == inside.max():
        return None
    depth = np.asarray(cv2.distanceTransform(inside, cv2.DIST_L2, 5), np.float32)
    outside = np.asarray(cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5), np.float32)
    band, edge, soft = _band_of(depth, outside, alpha, np.float32(radius_px))
    return Outline(depth, band, radius_px, min(1.0, soft / (_SOFT_EDGE * edge)))


@njit(cache=True, nogil=True)
def _band_of(depth: Array, outside: Array, alpha: Array, radius: Any) -> tuple[Array, int, float]:
    """The band; pixels within 1.5 px of the outline and the sum of 4 alpha (1 - alpha) over them. ``depth`` becomes
    the signed one, from the outline itself and not from the next pixel's centre."""
    h, w = alpha.shape
    band = np.zeros((h, w), np.uint8)
    edge, soft = 0, 0.0
    half, low, high = np.float32(0.5), np.float32(_SOFT), np.float32(1.0 - _SOFT)
    for y in range(h):
        for x in range(w):
            d, a = depth[y, x] - outside[y, x], alpha[y, x]
            d -= half if d > 0 else -half
            depth[y, x] = d
            if abs(d) < np.float32(1.5):
                edge += 1
                soft += 4.0 * a * (1.0 - a)
            if abs(d) <= radius or (low < a < high):
                band[y, x] = 1
    return band, edge, soft


@njit(cache=True, nogil=True)
def _even_noise(plate: Array) -> Array:
    """Square roots: near enough to a display's coding for its noise to be even from dark to bright, and cheap."""
    out = np.empty(plate.shape, np.float32)
    for y in range(plate.shape[0]):
        for x in range(plate.shape[1]):
            for c in range(3):
                out[y, x, c] = np.sqrt(max(plate[y, x, c], np.float32(0.0)))
    return out
