"""Grain read from pictures: how strong in every channel at every brightness, how coarse, how alike in the channels.

Told from the calmest blocks of a picture, each less its own slope. Calm blocks are drawn low by chance and a slope
takes coarse noise with it; both are known for noise of a given size and are put right. Where a frame and the next are
both given, noise that stands still is no grain.
"""

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

import numpy as np
from scipy.linalg import toeplitz

from cyclorama.comp.grain import AXES, kernel_of
from cyclorama.core.arrays import Array
from cyclorama.core.display import display_from_linear
from cyclorama.core.film import Grain
from cyclorama.core.lighting import LUMINANCE

_BLOCK = 16
_CALM = ((5.0, -1.6449), (25.0, -0.6745))
"""Percentiles of the blocks of one brightness, with where a normal distribution has them, that would agree if all held
noise alone: the lower is believed."""
_EDGES = np.linspace(0, 1, 9)  # of the levels, display values
_CLIPPED = 0.985  # display value: brighter blocks are cut off
_LEAST_BLOCKS = 24  # at a level
_MOST_BLOCKS = 1500  # of a picture
_SIZES_PX = np.linspace(0.1, 2.5, 49)
_MOST_ALIKE = 0.98
LEAST_SIGMA = 0.3 / 255
"""Below a third of an 8-bit step it is rounding."""


_DISPLAY = display_from_linear(np.linspace(0, 1, 65536))


def shown(picture: Array) -> Array:
    """Display values of a scene-linear picture or plane, clipped to 0..1, to a twentieth of an 8-bit step."""
    return np.asarray(_DISPLAY[(np.clip(picture, 0, 1) * np.float32(65535)).astype(np.uint16)])


def read_grain(pictures: Sequence[Array], where: Sequence[Array], following: Sequence[Array] = ()) -> Grain | None:
    """``pictures``: h w 3 scene-linear; ``where``: h w bool, what of each is looked at; ``following``: the frames after
    them, for moving pictures. None where too little is calm to tell."""
    display = [shown(p) for p in pictures]
    chosen = [_inside(d, w) for d, w in zip(display, where)]
    blocks = np.concatenate([_blocks(d)[c] for d, c in zip(display, chosen)])
    if len(blocks) < _LEAST_BLOCKS:
        return None
    mean, rest = blocks.mean((1, 2)), _sloped(blocks)
    squares = [(rest**2).mean((1, 2))]
    if following:
        steps = [_blocks(shown(f) - d)[c] for d, f, c in zip(display, following, chosen)]
        moving = _sloped(np.concatenate(steps) / np.float32(np.sqrt(2)))
        squares.append((moving**2).mean((1, 2)))
        rest = moving if squares[1].mean() < squares[0].mean() else rest
    size, shared = _texture(rest)
    levels, sigmas = [], []
    for lower, upper in pairwise(_EDGES):
        within = (mean >= lower) & (mean < upper)
        levels.append((lower + upper) / 2)
        sigmas.append([min(_sigma(s[w, c], size, shared) for s in squares) for c, w in enumerate(within.T)])
    return _filled(np.array(levels), np.array(sigmas), size, shared)


def _sigma(squares: Array, size: tuple[float, float], shared: float) -> float:
    """Of grain, from the mean squares of blocks of one brightness; NaN where they are too few."""
    if len(squares) < _LEAST_BLOCKS:
        return float("nan")
    return min(float(np.percentile(squares, p)) / _calm_scale(size, shared, z) for p, z in _CALM) ** 0.5


def _blocks(picture: Array) -> Array:
    """All whole blocks, n b b channels."""
    rows, columns = picture.shape[0] // _BLOCK, picture.shape[1] // _BLOCK
    cut = picture[: rows * _BLOCK, : columns * _BLOCK].reshape(rows, _BLOCK, columns, _BLOCK, picture.shape[2])
    return np.ascontiguousarray(cut.swapaxes(1, 2)).reshape(rows * columns, _BLOCK, _BLOCK, picture.shape[2])


def _inside(display: Array, where: Array) -> Array:
    """The numbers of blocks that lie in ``where`` and are nowhere cut off, evenly among them."""
    fit = where & (display.max(2) < _CLIPPED)
    found = np.flatnonzero(_blocks(fit[..., None]).all((1, 2, 3)))
    return found[:: max(1, len(found) // _MOST_BLOCKS)]


def _sloped(blocks: Array) -> Array:
    """Less the mean and the slope of every block and channel."""
    basis = _basis(np.ones(_BLOCK)).astype(np.float32)
    flat = blocks.reshape(len(blocks), _BLOCK * _BLOCK, 3)
    return np.asarray((flat - basis @ (basis.T @ flat)).reshape(blocks.shape), np.float32)


def _basis(ones: Array) -> Array:
    """Constant and slopes over a block, orthonormal, b*b x 3."""
    ramp = np.arange(_BLOCK) - (_BLOCK - 1) / 2
    planes = np.stack([np.outer(ones, ones), np.outer(ramp, ones), np.outer(ones, ramp)]).reshape(3, -1)
    return np.asarray((planes / np.linalg.norm(planes, axis=1, keepdims=True)).T)


@lru_cache(maxsize=1)
def _tables() -> tuple[Array, Array, Array]:
    """For every size of grain of variance 1: the variance left in a block, its degrees of freedom, and the correlation
    of neighbours there."""
    basis = _basis(np.ones(_BLOCK))
    away = np.eye(_BLOCK**2) - basis @ basis.T
    pairs = np.kron(np.eye(_BLOCK), np.eye(_BLOCK, k=1))  # every pixel and its right neighbour
    found = []
    for size in _SIZES_PX:
        taps = kernel_of(size)
        lags = np.correlate(taps, taps, "full")[len(taps) - 1 :]
        lags = np.concatenate([lags, np.zeros(_BLOCK)])[:_BLOCK]
        alike = away @ np.kron(toeplitz(lags), toeplitz(lags)) @ away
        total = np.trace(alike)
        neighbours = (alike * pairs).sum() / (_BLOCK * (_BLOCK - 1))
        found.append((total / _BLOCK**2, total**2 / (alike**2).sum(), neighbours / (total / _BLOCK**2)))
    share, freedom, near = np.array(found).T
    return share, freedom, near


def _texture(rest: Array) -> tuple[tuple[float, float], float]:
    """The sizes of what the channels share and of what tells them apart, and their correlation: of the calm half."""
    total = (rest**2).sum((1, 2, 3))
    rest = rest[total <= np.median(total)]
    spread = np.sqrt((rest**2).mean((0, 1, 2)))
    if spread.min() < LEAST_SIGMA / 4:
        return (0.0, 0.0), 0.0
    rest = rest / spread
    covered = np.einsum("nxyc,nxyd->cd", rest, rest) / rest[..., 0].size
    shared = float(np.clip((covered.sum() - 3) / 6, 0, _MOST_ALIKE))
    axes = rest @ AXES.T.astype(np.float32)
    near = [((axes[:, 1:] * axes[:, :-1]).mean((0, 1, 2)) + (axes[:, :, 1:] * axes[:, :, :-1]).mean((0, 1, 2))) / 2]
    near = (near[0] / (axes**2).mean((0, 1, 2))).tolist()
    _, _, known = _tables()
    luma, chroma = (float(np.interp(n, known, _SIZES_PX)) for n in (near[0], (near[1] + near[2]) / 2))
    return (luma, chroma), shared


def _calm_scale(size: tuple[float, float], shared: float, sigmas: float) -> float:
    """What the mean square of a block is that lies ``sigmas`` from the middle, where that of the grain is 1 (Wilson and
    Hilferty 1931)."""
    share, freedom, _ = _tables()
    parts = ((1 + 2 * shared) / 3, 2 * (1 - shared) / 3)
    left, free = (sum(p * float(np.interp(s, _SIZES_PX, t)) for p, s in zip(parts, size)) for t in (share, freedom))
    return float(left * (1 - 2 / (9 * free) + sigmas * np.sqrt(2 / (9 * free))) ** 3)


def _filled(levels: Array, sigmas: Array, size: tuple[float, float], shared: float) -> Grain | None:
    """Levels where no channel was seen are left out; a channel that was not seen at one has its nearest."""
    for c in range(3):
        seen = np.isfinite(sigmas[:, c])
        if not seen.any():
            return None
        sigmas[:, c] = np.interp(levels, levels[seen], sigmas[seen, c])
    rows = tuple((float(r), float(g), float(b)) for r, g, b in sigmas)
    return Grain(tuple(levels.tolist()), rows, size, shared)


def missing_grain(plate: Grain, place: Grain | None, strength: float, least: float = LEAST_SIGMA) -> Grain | None:
    """What must be added so that the variances agree, of the plate's texture; None where that is nothing, or its
    luminance nowhere has a sigma of ``least`` (display values). ``place``: None where nothing calm was seen, and then
    nothing is known to be missing."""
    if place is None or strength == 0:
        return None
    lack = np.sqrt(np.maximum(np.square(plate.sigma) - np.square(place.sigma), 0))
    if (lack @ LUMINANCE).max() < least:
        return None
    rows = tuple((float(r), float(g), float(b)) for r, g, b in strength * lack)
    return Grain(plate.levels, rows, plate.size_px, plate.shared)
