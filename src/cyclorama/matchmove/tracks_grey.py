"""One grey of a plate: the mix of its channels in which the background shows the most corners.

Luma, where it shows them: it is sharper than subsampled chroma. A marker of another hue and the screen's own luma is
seen in the main direction of the background's chroma, or in that and luma together.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear

MIN_CORNER = 3e-4
"""Smallest eigenvalue of the structure tensor, of values 0..1, that is a feature and no compression noise."""
BLOCK = 5
_LUMA = np.array([0.299, 0.587, 0.114])
_STEP = 3  # pixels over which colours differ: beyond the blur of subsampled chroma
_CELL = 0.04  # of the width: corners are counted once in so large a cell
_BETTER = 1.5  # so many times as many cells as in luma make another mix the choice


@dataclass(frozen=True)
class GreyMix:
    """``weights`` (3,) of red, green, blue codes, as long as those of luma so that noise is alike; ``offset``."""

    weights: tuple[float, float, float]
    offset: float = 0.0

    def __call__(self, picture: Array) -> Array:
        """h w 3 scene-linear to h w uint8."""
        codes = code8_from_linear(picture)
        if self == LUMA:
            return cv2.cvtColor(codes, cv2.COLOR_RGB2GRAY)
        mixed = cv2.transform(codes.astype(np.float32), np.array([[*self.weights, self.offset]], np.float32))
        return cv2.convertScaleAbs(np.maximum(mixed, 0))


LUMA = GreyMix((0.299, 0.587, 0.114))


def best_grey(samples: list[tuple[Array, Array]]) -> GreyMix:
    """Of some frames: pictures h w 3 scene-linear with where features may lie, h w uint8."""
    steps, mean = _colour_steps(samples)
    if steps is None:
        return LUMA
    best, most = LUMA, _BETTER * _cells(LUMA, samples)
    for mix in _mixes(steps, mean):
        count = _cells(mix, samples)
        if count > most:
            best, most = mix, count
    return best


def _mixes(steps: Array, mean: Array) -> list[GreyMix]:
    """The main direction of chroma, and luma with it added and taken away."""
    size = np.linalg.norm(_LUMA)
    luma = _LUMA / size
    aside = steps - np.outer(steps @ luma, luma)
    chroma = np.linalg.eigh(aside.T @ aside)[1][:, -1]
    out = []
    for direction in (chroma, (luma + chroma) / np.sqrt(2), (luma - chroma) / np.sqrt(2)):
        red, green, blue = (size * direction).tolist()
        out.append(GreyMix((red, green, blue), 127.5 - float(size * direction @ mean)))
    return out


def _colour_steps(samples: list[tuple[Array, Array]]) -> tuple[Array | None, Array]:
    """(n, 3) differences of codes between neighbours of the background, and the mean code."""
    steps, means = [], []
    for picture, free in samples:
        codes = code8_from_linear(picture).astype(np.float32)
        inside = free > 0
        if not inside.any():
            continue
        means.append(codes[inside].mean(0))
        across = (codes[:, _STEP:] - codes[:, :-_STEP])[inside[:, _STEP:] & inside[:, :-_STEP]]
        down = (codes[_STEP:] - codes[:-_STEP])[inside[_STEP:] & inside[:-_STEP]]
        steps += [across, down]
    if not steps:
        return None, np.zeros(3)
    return np.concatenate(steps).astype(np.float64), np.mean(means, axis=0)


def _cells(mix: GreyMix, samples: list[tuple[Array, Array]]) -> int:
    """How many cells of the background hold a corner."""
    total = 0
    for picture, free in samples:
        strong = (corner_strength(mix(picture)) > MIN_CORNER) & (free > 0)
        side = max(4, round(_CELL * free.shape[1]))
        y, x = np.nonzero(strong)
        total += len(np.unique(y // side * 100_000 + x // side))
    return total


def corner_strength(grey: Array) -> Array:
    """Smallest eigenvalue of the structure tensor (Shi and Tomasi 1994) of h w uint8, of values 0..1."""
    return cv2.cornerMinEigenVal(grey.astype(np.float32) / 255, BLOCK)
