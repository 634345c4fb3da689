"""An artist's hand on a key: levels, edge, despill, garbage and holdout mattes."""

from dataclasses import dataclass, fields
from typing import Any, NamedTuple

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array, require_picture
from cyclorama.core.keyed import Keyed
from cyclorama.core.layers import Foreground, Key
from cyclorama.matting.edge import UNCHANGED, grow, levels, soften
from cyclorama.matting.masks import Mask, united
from cyclorama.matting.straight import CELL, straight_around
from cyclorama.matting.taps import channel_at, tap

_OWN = 0.25
"""Alpha from which an edited pixel keeps its own straight colour; below, the sure colour around comes in."""

_ZERO, _ONE = Keyed.constant(0.0), Keyed.constant(1.0)


class Adjustment(NamedTuple):
    """The controls at one frame."""

    clip_black: float = 0.0
    clip_white: float = 1.0
    grow: float = 0.0
    soften: float = 0.0
    despill: float = 1.0


@dataclass(frozen=True)
class MatteControls:
    """What an artist sets, each keyed at frames. In the order in which they act:

    ``clip_black``, ``clip_white``: alpha below becomes 0, above becomes 1, and linear between. 0 <= black < white <= 1.
    ``grow``: pixels of the plate by which the edge moves outwards; inwards where negative.
    ``soften``: pixels of the plate, how wide a hard edge becomes.
    ``despill``: how much of the spill that the key found is taken off: 1 all, 0 none, above 1 more than was found.
    """

    clip_black: Keyed = _ZERO
    clip_white: Keyed = _ONE
    grow: Keyed = _ZERO
    soften: Keyed = _ZERO
    despill: Keyed = _ONE

    def __post_init__(self) -> None:
        for frame in (*self.clip_black.frames, *self.clip_white.frames):
            black, white = self.clip_black.at(frame), self.clip_white.at(frame)
            if not 0 <= black < white <= 1:
                raise ValueError(f"clips must be 0 <= black < white <= 1, got {black} and {white} at frame {frame}")
        for name in ("soften", "despill"):
            if min(getattr(self, name).values) < 0:
                raise ValueError(f"{name} must be 0 or more, got {getattr(self, name).values}")

    def at(self, frame: float) -> Adjustment:
        return Adjustment(*(getattr(self, f.name).at(frame) for f in fields(self)))

    @property
    def is_identity(self) -> bool:
        """Whether they change nothing at any frame."""
        return all(getattr(self, f.name).is_always(getattr(Adjustment(), f.name)) for f in fields(self))


@dataclass(frozen=True)
class AdjustedKey:
    """A ``core.layers.Key`` around another.

    ``hw``: the plate's size, in whose pixels the controls are meant; a smaller proxy gets them in proportion.
    ``garbage``: garbage mattes (an outside mask): white is thrown away; alpha is multiplied by 1 - garbage.
    ``holdout``: holdout mattes (an inside mask, a core matte): white is kept solid; alpha is at least holdout. Both are
    soft, both may be several, and garbage has the last word.

    The colour follows the alpha. Where alpha is as the key made it, so is the colour, to the bit. Where the controls
    changed it, the straight colour there, and the farther out the sure colour around, is multiplied by the new alpha.
    The share that a holdout adds shows the plate as shot: what the key took for background there was the actor.
    """

    key: Key
    controls: MatteControls
    hw: tuple[int, int]
    garbage: tuple[Mask, ...] = ()
    holdout: tuple[Mask, ...] = ()

    def foreground(self, index: int, plate: Array) -> Foreground:
        """``plate``: h w 3 float32 scene-linear. The inner key's own result where nothing is asked for.

        ``ValueError`` where despill is asked for and the key does not tell its spill."""
        require_picture("plate", plate)
        own = self.key.foreground(index, plate)
        asked, hw = self.controls.at(index), plate.shape[:2]
        garbage, holdout = united(self.garbage, index, hw), united(self.holdout, index, hw)
        if asked == Adjustment() and garbage is None and holdout is None:
            return own
        if asked.despill != 1.0 and own.spill is None:
            raise ValueError("despill can be set for a key that tells its spill, this one tells none")
        alpha = edited_alpha(own.alpha, asked, plate.shape[1] / self.hw[1])
        return _finish(own, alpha, asked.despill, plate, (garbage, holdout))


def edited_alpha(alpha: Array, asked: Adjustment, scale: float) -> Array:
    """Levels, grow, soften; the same array where none is asked for. ``scale``: pixels of ``alpha`` a plate pixel."""
    if (asked.clip_black, asked.clip_white) != (0.0, 1.0):
        alpha = levels(alpha, asked.clip_black, asked.clip_white)
    if asked.grow != 0:
        alpha = grow(alpha, asked.grow * scale)
    if asked.soften > 0:
        alpha = soften(alpha, asked.soften * scale)
    return alpha


def _finish(
    own: Foreground, alpha: Array, despill: float, plate: Array, masks: tuple[Array | None, Array | None]
) -> Foreground:
    """The colour for an edited alpha, holdout and garbage laid on."""
    back = 1.0 - despill
    spill = own.spill if own.spill is not None else np.zeros((0, 0, 3), np.float32)
    around = np.zeros((1, 1, 3), np.float32) if alpha is own.alpha else _around(own, back)
    garbage, holdout = (np.zeros((0, 0), np.float32) if m is None else m for m in masks)
    told = None if own.spill is None else np.zeros_like(spill)
    out = Foreground(np.zeros_like(own.color), np.zeros_like(own.alpha), told)
    before = (own.color, own.alpha, spill, np.ascontiguousarray(plate))
    after = (out.color, out.alpha, spill if out.spill is None else out.spill)
    _apply(before, (alpha, around, garbage, holdout), np.float32(back), after)
    return out


def _around(own: Foreground, back: float) -> Array:
    """The actor's straight colour, despilled as asked for, where its own is not to be had: by cell."""
    around = straight_around(own.color, own.alpha)
    if back != 0 and own.spill is not None:
        around = np.maximum(around + np.float32(back) * straight_around(own.spill, own.alpha), 0)
    return around


@njit(cache=True, nogil=True)
def _apply(before: tuple[Array, ...], edit: tuple[Array, ...], back: Any, after: tuple[Array, ...]) -> None:
    """One pass: despill, colour of the edited alpha, holdout, garbage. Absent planes are empty."""
    color, alpha, spill, plate = before
    edited, around, garbage, holdout = edit
    to_color, to_alpha, to_spill = after
    h, w = alpha.shape
    zero, one, step = np.float32(0.0), np.float32(1.0), np.float32(1.0 / CELL)
    has_spill, has_garbage, has_holdout = len(spill) > 0, len(garbage) > 0, len(holdout) > 0
    for y in range(h):
        rows = tap(y, step, around.shape[0])
        for x in range(w):
            a, e = alpha[y, x], edited[y, x]
            solid = holdout[y, x] if has_holdout else zero
            keep = one - garbage[y, x] if has_garbage else one
            if (e <= zero and a <= zero and solid <= zero) or keep <= zero:
                continue
            same = abs(e - a) <= np.float32(UNCHANGED)
            own, sure = one, zero
            columns = (0, 0, zero)
            if same:
                e = a
            else:
                weight = min(one, a / np.float32(_OWN))
                own = weight * e / max(a, np.float32(1e-6))
                sure = (one - weight) * e
                columns = tap(x, step, around.shape[1])
            added = max(solid - e, zero)
            to_alpha[y, x] = keep * (e + added)
            for c in range(3):
                value = color[y, x, c]
                if has_spill:
                    value = max(value + back * spill[y, x, c], zero) if back != zero else value
                    to_spill[y, x, c] = keep * own * (one - back) * spill[y, x, c]
                value *= own
                if sure > zero:
                    value += sure * channel_at(around, rows, columns, c)
                to_color[y, x, c] = keep * (value + added * plate[y, x, c])
