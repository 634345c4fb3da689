"""Pixels that are not square."""

from fractions import Fraction

_WIDEST = 4
"""Of a pixel, against its height: anamorphic lenses squeeze by 2, and some files are wrong."""


def square_hw(hw: tuple[int, int], aspect: Fraction | None) -> tuple[int, int]:
    """The size in square pixels of pictures whose pixels are ``aspect`` times as wide as high: one side grows, to an
    even number where it was one; ``hw`` where the aspect is 1 or none that cameras have."""
    if not aspect or not 1 / _WIDEST <= aspect <= _WIDEST:
        return hw
    height, width = hw
    if aspect > 1:
        return height, _near(width * aspect, width % 2)
    return _near(height / aspect, height % 2), width


def _near(length: Fraction, odd: int) -> int:
    return round(length) if odd else 2 * round(length / 2)
