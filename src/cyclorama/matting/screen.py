"""What a shot's screen is: found once, fixed for the whole shot."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matting.chroma import Difference

_BAR_EDGE = 0.008
"""How far the soft edge of a black bar reaches, as a share of the picture's height or width."""
_GRAINLESS, _SHADELESS = 1e-3, 5e-3
"""Noise and shading of every screen that a camera saw are above these, compressed ones too."""


@dataclass(frozen=True)
class Marker:
    """Tracking marks on the screen: ``size`` is their greatest extent as a share of the picture's height; ``rgb`` their
    scene-linear colour."""

    size: float
    rgb: tuple[float, float, float]


@dataclass(frozen=True)
class Bars:
    """Constant black borders, as shares of the picture's height (top, bottom) and width (left, right)."""

    top: float = 0.0
    bottom: float = 0.0
    left: float = 0.0
    right: float = 0.0

    @property
    def any(self) -> bool:
        return max(self.top, self.bottom, self.left, self.right) > 0

    def inside(self, picture: Array) -> Array:
        """The part of an h w ... picture that the bars leave (a view)."""
        h, w = picture.shape[:2]
        rows = slice(round(self.top * h), h - round(self.bottom * h))
        return picture[rows, round(self.left * w) : w - round(self.right * w)]

    def grown(self) -> "Bars":
        """Every bar that exists, with the blur of its edge."""
        sides = (self.top, self.bottom, self.left, self.right)
        return Bars(*(side + _BAR_EDGE if side > 0 else 0.0 for side in sides))

    def laid(self, picture: Array) -> Array:
        """The bars in black over an h w ... picture; the picture itself where there are none."""
        if not self.any:
            return picture
        framed = np.zeros_like(picture)
        self.inside(framed)[:] = self.inside(picture)
        return framed


@dataclass(frozen=True)
class ScreenModel:
    """Statistics of the shot's screen, the same for every frame and every resolution.

    ``rgb``: the screen's typical colour, scene-linear Rec.709. ``difference``: the colour difference that keys it.
    ``level``: its value on the typical screen. ``tolerance``: how far the screen's chroma ratios stray from those of
    ``rgb``. ``noise``: standard deviation of the screen's difference as a share of its level. ``shading``: the raw
    alpha that wrinkles and small shadows of the screen reach. ``bounce``: light that the screen throws on the actor, as
    a share of his other light (``spill.py``). ``surround``: the screen ends inside the picture.
    ``notes``: what was assumed, one sentence each.
    """

    screen: Literal["green", "blue"]
    rgb: tuple[float, float, float]
    difference: Difference
    level: float
    tolerance: float
    noise: float
    shading: float
    bounce: float
    marker: Marker | None
    bars: Bars
    surround: bool
    notes: tuple[str, ...]

    @property
    def is_even(self) -> bool:
        """No wrinkles to speak of: what is darker than the screen around it is the actor."""
        return self.shading < 0.08

    @property
    def is_flat(self) -> bool:
        """One colour without grain or shade: filled in by a program, not a lit stage."""
        return self.noise < _GRAINLESS and self.shading < _SHADELESS

    @property
    def axis(self) -> Array:
        """C_i / C_k, C_j / C_k of the screen, then k, i, j: float32 (5,)."""
        k, i, j, _ = self.difference
        rgb = self.rgb
        return np.array([rgb[i] / rgb[k], rgb[j] / rgb[k], k, i, j], np.float32)
