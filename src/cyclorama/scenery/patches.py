"""Completion of a picture by its own patches: what is unknown becomes pieces of what is known that continue it.

Every patch that touches the unknown is given the known patch most like it, found by PatchMatch (Barnes et al. 2009),
and every unknown pixel becomes the mean of what the patches over it say (Wexler et al. 2007, section 3), from coarse to
fine. The offsets of the finest searched level are then carried to the full picture, where they copy it as sharp as it
is.
"""

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.scenery.fill import fill_holes
from cyclorama.scenery.patch_kernels import (
    NO_COST,
    REACH,
    SAME_DEPTH,
    Field,
    Level,
    carry,
    copy,
    peel,
    price,
    sweep,
    vote,
)

SEARCH_LONG_SIDE = 640
"""Offsets are searched on a picture of at most so many pixels; they are copied at full size."""
_COARSEST_SHORT_SIDE = 20
_WINDOW = np.ones((2 * REACH + 1,) * 2, np.uint8)
_ROUNDS = (3, 10)  # of search and vote: at the finest level, at the coarsest
_SWEEPS = 2  # of PatchMatch in a round
_FADE = 1.25  # a pixel one further into the unknown is trusted so many times less
_LEAST_TRUST = 0.02
_USUAL_PERCENT = 60  # of the costs: patches that cost more count little
_BEFORE = 1.15  # times as near: another surface
_RIM_PX = 2
_MOST_MISSED = 0.1  # of display white: more is another thing, not other light


def complete(picture: Array, inverse_depth: Array, hole: Array, known: Array) -> None:
    """Replaces, in place, the pixels of ``hole`` (h w bool) in ``picture`` (h w 3 float32, scene-linear) by pieces of
    those of ``known`` (h w bool, apart from the hole) that continue it; what is neither says nothing.

    ``inverse_depth`` (h w float32) is whole, also in the hole: what is made there is taken from surfaces as far, not
    from nearer ones. Smooth where too little is known to take a patch from. ``ValueError`` when nothing is known.
    """
    fill_holes(picture, ~known)
    share = inverse_depth / np.float32(max(float(inverse_depth.max()), 1e-12))
    levels = [v for v in _levels(picture, share, hole, known) if v.source.any() and v.hole.any()]
    field: Field | None = None
    for place, level in enumerate(levels):
        field = _first(level) if field is None else _finer(field, levels[place - 1], level)
        rounds = _ROUNDS[0] + (_ROUNDS[1] - _ROUNDS[0]) * (len(levels) - 1 - place) // max(1, len(levels) - 1)
        for turn in range(rounds):
            price(level, field)
            for number in range(_SWEEPS):
                sweep(level, field, 1 + number + _SWEEPS * (turn + _ROUNDS[1] * place), bool(number % 2))
            vote(level, field, _usual(level, field))
    if field is not None:
        rim = (cv2.dilate(hole.astype(np.uint8), np.ones((2 * _RIM_PX + 1,) * 2, np.uint8)) > 0) & known
        _copied(picture, hole, known, rim & ~_before(share, hole), (field, _usual(levels[-1], field)))


def _levels(picture: Array, share: Array, hole: Array, known: Array) -> list[Level]:
    """From coarse to fine."""
    display = np.sqrt(np.maximum(picture, 0))
    h, w = hole.shape
    scale = min(1.0, SEARCH_LONG_SIDE / max(h, w))
    out = []
    while True:
        hw = (max(1, round(h * scale)), max(1, round(w * scale)))
        out.append(_level(display, share, hole, known, hw))
        if min(hw) < 2 * _COARSEST_SHORT_SIDE:
            return out[::-1]
        scale *= 0.5


def _level(display: Array, share: Array, hole: Array, known: Array, hw: tuple[int, int]) -> Level:
    def small(values: Array) -> Array:
        return cv2.resize(values, hw[::-1], interpolation=cv2.INTER_AREA)

    there = small(known.astype(np.float32)) >= 0.999
    made = (small(hole.astype(np.float32)) > 0) & ~there
    source = cv2.erode(there.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    wanted = (cv2.dilate(made.astype(np.uint8), _WINDOW) > 0) & (made | there)
    deep = cv2.distanceTransform((~there).astype(np.uint8), cv2.DIST_L2, 3)
    trust = np.where(there, 1, np.where(made, np.maximum(np.power(_FADE, -deep), _LEAST_TRUST), 0))
    return Level(small(display), small(share), made, source > 0, wanted, trust.astype(np.float32))


def _nowhere(hw: tuple[int, int]) -> Field:
    return Field(np.zeros(hw, np.int32), np.zeros(hw, np.int32), np.full(hw, NO_COST, np.float32))


def _first(level: Level) -> Field:
    """The best of all sources, from the rim of the hole inwards: each pixel is judged by what is known or made by then
    (Criminisi et al. 2004, without their order of edges). The coarsest level is small."""
    field = _nowhere(level.hole.shape)
    trusted = np.where(level.hole, 0, level.trust).astype(np.float32)
    deep = cv2.distanceTransform((trusted == 0).astype(np.uint8), cv2.DIST_L2, 3)
    places = np.argwhere(level.wanted)
    peel(level, field, places[np.argsort(deep[level.wanted], kind="stable")], trusted)
    return field


def _finer(coarse_field: Field, coarse: Level, level: Level) -> Field:
    """Offsets of the level above on this one; colours of the hole from their votes."""
    h, w = level.hole.shape
    up = cv2.resize(coarse.feature, (w, h), interpolation=cv2.INTER_CUBIC)
    level.feature[level.hole] = up[level.hole]
    field = _nowhere((h, w))
    carry(coarse_field, coarse.wanted, level, field, np.argwhere(level.source))
    price(level, field)
    vote(level, field, _usual(level, field))
    return field


def _usual(level: Level, field: Field) -> np.float32:
    costs = field.costs[level.hole]
    costs = costs[costs < NO_COST]
    return np.float32(max(float(np.percentile(costs, _USUAL_PERCENT)), 1e-5) if len(costs) else 1.0)


def _before(share: Array, hole: Array) -> Array:
    """What is nearer to the camera than what is made beside it: it stands before that, and does not tell its light."""
    window = np.ones((2 * _RIM_PX + 1,) * 2, np.uint8)
    behind = cv2.erode(np.where(hole, share, np.float32(2)), window)
    return np.asarray(~hole & (share > behind * np.float32(_BEFORE) + np.float32(SAME_DEPTH)))


def _copied(picture: Array, hole: Array, known: Array, rim: Array, found: tuple[Field, np.float32]) -> None:
    """The hole at full size. By how much copies miss the known pixels of the ``rim`` tells how the light differs: that
    is put right, ever smoother inwards (after Perez et al. 2003)."""
    copied = picture.copy()
    copy(copied, hole | rim, known, *found)
    if not rim.any():
        picture[hole] = copied[hole]
        return
    missed = np.sqrt(np.maximum(picture, 0)) - np.sqrt(np.maximum(copied, 0))
    np.clip(missed, -_MOST_MISSED, _MOST_MISSED, out=missed)
    fill_holes(missed, ~rim)
    picture[hole] = np.maximum(np.sqrt(np.maximum(copied[hole], 0)) + missed[hole], 0) ** 2
