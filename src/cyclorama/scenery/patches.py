"""Completion of a picture by its own patches: what is unknown becomes pieces of what is known that continue it.

Every patch that touches the unknown is given the known patch most like it, found by PatchMatch (Barnes et al. 2009),
and every unknown pixel becomes the mean of what the patches over it say (Wexler et al. 2007, section 3), from coarse to
fine. The offsets of the finest searched level are then carried to the full picture, where they copy it as sharp as it
is.
"""

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.scenery.expect import Expected, cell_means, enlarged, expected
from cyclorama.scenery.fill import fill_holes
from cyclorama.scenery.patch_kernels import (
    BEFORE,
    NO_COST,
    REACH,
    SAME_DEPTH,
    Field,
    Level,
    carry,
    copy,
    count_uses,
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
_RIM_PX = 2
_EXPECTED = 0.8  # share by which what is made becomes, without its detail, what is expected
_UNIQUE = 1.0  # cost of a source that looks otherwise than what is around it (a sun is not repeated), of ``odd``
_NOTHING_ODD = 0.15  # of display white, squared, over all colours: what differs less is usual
_AGAIN = 0.001  # cost of a source for each patch that takes it, after the first
_SOFT = 1.5  # cells over which that is evened out
_JOIN = 0.02  # of the long side: so far inwards what the rim misses falls to a third


def complete(picture: Array, inverse_depth: Array, hole: Array, known: Array) -> None:
    """Replaces, in place, the pixels of ``hole`` (h w bool) in ``picture`` (h w 3 float32, scene-linear) by pieces of
    those of ``known`` (h w bool, apart from the hole) that continue it; what is neither says nothing.

    ``inverse_depth`` (h w float32) is whole, also in the hole: what is made there is taken from surfaces as far, not
    from nearer ones. Smooth where too little is known to take a patch from. ``ValueError`` when nothing is known.
    """
    fill_holes(picture, ~known)
    share = inverse_depth / np.float32(max(float(inverse_depth.max()), 1e-12))
    display = np.sqrt(np.maximum(picture, 0))
    ahead = expected(display, share, _beside(share, hole, known))
    levels = [v for v in _levels(display, share, hole, known, ahead) if v.source.any() and v.hole.any()]
    field: Field | None = None
    for place, level in enumerate(levels):
        field = _first(level) if field is None else _finer(field, levels[place - 1], level)
        rounds = _ROUNDS[0] + (_ROUNDS[1] - _ROUNDS[0]) * (len(levels) - 1 - place) // max(1, len(levels) - 1)
        for turn in range(rounds):
            _discourage(level, field)
            price(level, field)
            for number in range(_SWEEPS):
                sweep(level, field, 1 + number + _SWEEPS * (turn + _ROUNDS[1] * place), bool(number % 2))
            vote(level, field, _usual(level, field))
    if field is not None:
        _copied(picture, levels[-1], (share, hole, known), field, ahead.means[..., :3])


def _levels(display: Array, share: Array, hole: Array, known: Array, ahead: Expected) -> list[Level]:
    """From coarse to fine."""
    h, w = hole.shape
    scale = min(1.0, SEARCH_LONG_SIDE / max(h, w))
    out = []
    while True:
        hw = (max(1, round(h * scale)), max(1, round(w * scale)))
        out.append(_level((display, share, ahead), hole, known, hw))
        if min(hw) < 2 * _COARSEST_SHORT_SIDE:
            return out[::-1]
        scale *= 0.5


def _level(planes: tuple[Array, Array, Expected], hole: Array, known: Array, hw: tuple[int, int]) -> Level:
    display, share, ahead = planes

    def small(values: Array) -> Array:
        return cv2.resize(values, hw[::-1], interpolation=cv2.INTER_AREA)

    there = small(known.astype(np.float32)) >= 0.999
    made = (small(hole.astype(np.float32)) > 0) & ~there
    source = cv2.erode(there.astype(np.uint8), np.ones((3, 3), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    wanted = (cv2.dilate(made.astype(np.uint8), _WINDOW) > 0) & (made | there)
    deep = cv2.distanceTransform((~there).astype(np.uint8), cv2.DIST_L2, 3)
    trust = np.where(there, 1, np.where(made, np.maximum(np.power(_FADE, -deep), _LEAST_TRUST), 0))
    odd = enlarged(ahead.odd, hw)
    coarse = (enlarged(ahead.means, hw), _against(odd), odd)
    return Level(small(display), small(share), made, source > 0, wanted, trust.astype(np.float32), *coarse)


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


def _against(odd: Array) -> Array:
    return np.asarray(_UNIQUE * np.maximum(odd - np.float32(_NOTHING_ODD), 0))


def _discourage(level: Level, field: Field) -> None:
    """Sources cost the more, the odder they are and the more patches take them already."""
    count_uses(level, field, level.against)
    window = (2 * REACH + 1,) * 2
    uses = cv2.blur(level.against, window, borderType=cv2.BORDER_CONSTANT)
    level.against[:] = _against(level.odd) + _AGAIN * np.maximum(uses - 1, 0)


def _usual(level: Level, field: Field) -> np.float32:
    costs = field.costs[level.hole]
    costs = costs[costs < NO_COST]
    return np.float32(max(float(np.percentile(costs, _USUAL_PERCENT)), 1e-5) if len(costs) else 1.0)


def _before(share: Array, hole: Array) -> Array:
    """What is nearer to the camera than what is made beside it: it stands before that, and does not tell its light."""
    window = np.ones((2 * _RIM_PX + 1,) * 2, np.uint8)
    behind = cv2.erode(np.where(hole, share, np.float32(2)), window)
    return np.asarray(~hole & (share > behind * np.float32(BEFORE) + np.float32(SAME_DEPTH)))


def _beside(share: Array, hole: Array, known: Array) -> Array:
    """What is ``known`` and no nearer to the camera than the hole in its row; if that is nothing, all that is known."""
    usual = np.where(hole, share, np.float32(0)).max(1, keepdims=True)
    behind = known & ((share <= usual * np.float32(BEFORE) + np.float32(SAME_DEPTH)) | ~hole.any(1, keepdims=True))
    return behind if behind.any() else known


def _unexpected(calm: Array, made: Array, hole: Array) -> Array:
    """By how much what is made in the ``hole`` differs from what was expected (gh gw 3), without detail, h w 3."""
    gap = np.where(hole[..., None], enlarged(calm, hole.shape) - made, np.float32(0))
    sums, part = (cv2.GaussianBlur(cell_means(v), (0, 0), _SOFT) for v in (gap, hole.astype(np.float32)))
    return enlarged(sums / np.maximum(part, np.float32(1e-6))[..., None], hole.shape)


def _copied(picture: Array, level: Level, planes: tuple[Array, Array, Array], field: Field, calm: Array) -> None:
    """The hole at full size: the detail of the copies on what is expected; by how much that misses the known pixels
    around it is put right there, less and less inwards (after Perez et al. 2003). ``planes``: share, hole, known."""
    share, hole, known = planes
    rim = (cv2.dilate(hole.astype(np.uint8), np.ones((2 * _RIM_PX + 1,) * 2, np.uint8)) > 0) & known
    rim &= ~_before(share, hole)
    copied = picture.copy()
    copy(copied, share, hole | rim, known, field, _usual(level, field))
    before = np.sqrt(np.maximum(picture, 0))
    made = np.where((hole | rim)[..., None], np.sqrt(np.maximum(copied, 0)), before)
    made += _EXPECTED * _unexpected(calm, made, hole)
    if rim.any():
        missed = before - made
        away = cv2.distanceTransform((~rim).astype(np.uint8), cv2.DIST_L2, 5)
        fill_holes(missed, ~rim)
        missed *= np.exp(away / np.float32(-_JOIN * max(hole.shape)))[..., None]
        made += missed
    picture[hole] = np.maximum(made[hole], 0) ** 2
