"""A key whose alpha is given: only the actor's own colour is estimated."""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array, require_picture, require_plane
from cyclorama.core.layers import Foreground
from cyclorama.matting.field import fill, gather
from cyclorama.matting.taps import channel_at, tap

_CELL = 4
"""Side, in pixels, of the cells in which the actor's and the background's colour are gathered."""
_SURE = 0.95
"""Alpha from which a pixel shows the actor alone; below 1 minus it, the background alone."""


class Alphas(Protocol):
    """A matte from elsewhere, frame by frame."""

    @property
    def num_frames(self) -> int: ...

    @property
    def hw(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        ...

    def alpha(self, index: int) -> Array:
        """Frame ``index``: h w float32, 0..1."""
        ...


@dataclass(frozen=True)
class GivenKey:
    """Takes the actor off ordinary footage by a given matte, whose values are kept as they are."""

    alphas: Alphas

    def foreground(self, index: int, plate: Array) -> Foreground:
        """``plate``: h w 3 float32 scene-linear; where it is smaller than the matte, the matte is averaged down.

        ``IndexError`` outside the matte's frames; ``ValueError`` for a plate or an alpha of another shape.
        """
        require_picture("plate", plate)
        return foreground_color(np.ascontiguousarray(plate), alpha_at(self.alphas, index, plate))


def alpha_at(alphas: Alphas, index: int, plate: Array) -> Array:
    """Frame ``index`` of a matte at the plate's resolution: h w float32, contiguous. ``IndexError`` outside its
    frames."""
    if not 0 <= index < alphas.num_frames:
        raise IndexError(f"frame must be 0..{alphas.num_frames - 1}, got {index}")
    alpha = alphas.alpha(index)
    require_plane("alpha", alpha, alphas.hw)
    if alpha.shape != plate.shape[:2]:
        alpha = averaged(alpha, plate.shape[:2])
    return np.ascontiguousarray(alpha)


def averaged(alpha: Array, hw: tuple[int, int]) -> Array:
    """A matte at another size; averaging may round past 1, and that is taken off."""
    return np.asarray(np.minimum(cv2.resize(alpha, hw[::-1], interpolation=cv2.INTER_AREA), np.float32(1.0)))


def foreground_color(plate: Array, alpha: Array) -> Foreground:
    """The actor's premultiplied colour where ``alpha`` is between 0 and 1.

    The nearest sure colours of both sides, F' and B', are spread under the soft edge by push-pull; then both move by
    the least amount that makes alpha F + (1 - alpha) B = C hold: with r = C - alpha F' - (1 - alpha) B',
    F = F' + alpha r / (alpha^2 + (1 - alpha)^2). After Forte, Approximate Fast Foreground Colour Estimation, 2021.
    ``plate``: h w 3, ``alpha``: h w, float32, contiguous.
    """
    sides = []
    for sure in (alpha >= _SURE, alpha <= 1.0 - _SURE):
        mean, confidence = gather(plate, sure.astype(np.uint8), _CELL)
        sides.append(fill(mean, confidence, np.zeros(3, np.float32)))
    color = np.zeros_like(plate)
    _blend(plate, alpha, sides[0], sides[1], _CELL, color)
    return Foreground(color, alpha)


@njit(cache=True, nogil=True)
def _blend(plate: Array, alpha: Array, actor: Array, background: Array, cell: int, color: Array) -> None:
    h, w = alpha.shape
    one = np.float32(1.0)
    step = np.float32(1.0 / cell)
    for y in range(h):
        rows = tap(y, step, actor.shape[0])
        for x in range(w):
            a = alpha[y, x]
            if a <= 0:
                continue
            if a >= one:
                for c in range(3):
                    color[y, x, c] = plate[y, x, c]
                continue
            columns = tap(x, step, actor.shape[1])
            share = a / (a * a + (one - a) * (one - a))
            for c in range(3):
                own = channel_at(actor, rows, columns, c)
                rest = plate[y, x, c] - a * own - (one - a) * channel_at(background, rows, columns, c)
                color[y, x, c] = a * max(own + share * rest, np.float32(0.0))
