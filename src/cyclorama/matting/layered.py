"""Several actors and props: one key's result divided into numbered layers."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.layers import Foreground, Key
from cyclorama.matting.field import fill, gather
from cyclorama.matting.given import Alphas
from cyclorama.matting.masks import Mask
from cyclorama.matting.straight import CELL, straight_around
from cyclorama.matting.taps import channel_at, tap


class LastFrame:
    """``Alphas`` that remember the frame asked for last, since several readers ask for it in turn."""

    def __init__(self, alphas: Alphas) -> None:
        self._alphas = alphas
        self._index, self._alpha = -1, np.zeros((0, 0), np.float32)

    @property
    def num_frames(self) -> int:
        return self._alphas.num_frames

    @property
    def hw(self) -> tuple[int, int]:
        return self._alphas.hw

    def alpha(self, index: int) -> Array:
        if index != self._index:
            self._index, self._alpha = index, self._alphas.alpha(index)
        return self._alpha


@dataclass(frozen=True)
class JointAlphas:
    """Several mattes of one size and length as one: their sum, at most 1."""

    mattes: tuple[Alphas, ...]

    @property
    def num_frames(self) -> int:
        return self.mattes[0].num_frames

    @property
    def hw(self) -> tuple[int, int]:
        return self.mattes[0].hw

    def alpha(self, index: int) -> Array:
        total = self.mattes[0].alpha(index).copy()
        for matte in self.mattes[1:]:
            total += matte.alpha(index)
        return np.minimum(total, np.float32(1.0), out=total)


@dataclass(frozen=True)
class SplitKey:
    """A ``core.layers.LayeredKey``: the joint ``key``, divided by masks.

    A mask's value is its layer's share of the pixel. The first masks are in front: each takes what it covers of what
    those before it left, min(m_i, 1 - sum of those before). Without ``rest`` the masks are layers 1, 2, ... With it
    they are layers 2, 3, ..., and layer 1 is what no mask covers. Where the joint key has alpha and no mask says whose
    it is (an edge was grown), it goes to the nearest layer.

    Alphas and colours of the layers sum to the joint key's, so that the composite is the one of a single matte. Where
    layers share a pixel, each gets the sure colour of its own surroundings, all scaled to that sum.
    """

    key: Key
    masks: tuple[Mask, ...]
    rest: bool

    @property
    def num_layers(self) -> int:
        return len(self.masks) + self.rest

    def foreground(self, index: int, plate: Array) -> Foreground:
        """The joint key's: all layers as one."""
        return self.key.foreground(index, plate)

    def foregrounds(self, index: int, plate: Array) -> tuple[Foreground, ...]:
        """Every layer, layer 1 first. ``plate``: h w 3 float32 scene-linear."""
        joint = self.key.foreground(index, plate)
        hw = joint.alpha.shape
        shares = np.zeros((self.num_layers, *hw), np.float32)
        for place, mask in enumerate(self.masks, start=int(self.rest)):
            shares[place] = mask.plane(index, (hw[0], hw[1]))
        unknown, mixed = _normalise(shares, joint.alpha, self.rest)
        if unknown:
            _adopt(shares, joint.alpha, _spread_shares(shares, joint.alpha))
        around = np.zeros((self.num_layers, 1, 1, 3), np.float32)
        if mixed or unknown:
            around = np.stack([straight_around(joint.color, joint.alpha, share) for share in shares])
        colors = np.zeros((self.num_layers, *hw, 3), np.float32)
        _divide(joint.color, joint.alpha, shares, around, colors)
        spills = [None if joint.spill is None else _share_of(joint.spill, share) for share in shares]
        shares *= joint.alpha
        return tuple(Foreground(c, a, s) for c, a, s in zip(colors, shares, spills))


@njit(cache=True, nogil=True)
def _normalise(shares: Array, alpha: Array, rest: bool) -> tuple[bool, bool]:
    """Masks to shares that sum to 1, in place, the first in front. Whether some pixel with alpha has none (it is left
    at 0), and whether some pixel has several."""
    count, h, w = shares.shape
    zero, one = np.float32(0.0), np.float32(1.0)
    unknown = mixed = False
    for y in range(h):
        for x in range(w):
            left, several = one, 0
            total = zero
            for i in range(1 if rest else 0, count):
                taken = max(min(shares[i, y, x], left), zero)
                shares[i, y, x] = taken
                left -= taken
                total += taken
                several += 1 if taken > zero else 0
            if rest:
                shares[0, y, x] = left
                several += 1 if left > zero else 0
            elif total > zero:
                for i in range(count):
                    shares[i, y, x] /= total
            if alpha[y, x] > zero:
                unknown = unknown or several == 0
                mixed = mixed or several > 1
    return unknown, mixed


def _spread_shares(shares: Array, alpha: Array) -> Array:
    """Shares by cell, known where there are any, carried outwards: rows columns n."""
    values = np.ascontiguousarray(np.moveaxis(shares, 0, 2))
    known = ((values.sum(2) > 0) & (alpha > 0)).astype(np.uint8)
    first = np.eye(1, len(shares), dtype=np.float32)[0]
    return fill(*gather(values, known, CELL), first)


@njit(cache=True, nogil=True)
def _adopt(shares: Array, alpha: Array, cells: Array) -> None:
    """Shares of pixels that have alpha and none: the cells' ones."""
    count, h, w = shares.shape
    step = np.float32(1.0 / CELL)
    for y in range(h):
        rows = tap(y, step, cells.shape[0])
        for x in range(w):
            total = np.float32(0.0)
            for i in range(count):
                total += shares[i, y, x]
            if alpha[y, x] <= 0 or total > 0:
                continue
            columns = tap(x, step, cells.shape[1])
            for i in range(count):
                shares[i, y, x] = channel_at(cells, rows, columns, i)
                total += shares[i, y, x]
            for i in range(count):
                shares[i, y, x] /= total


@njit(cache=True, nogil=True)
def _divide(color: Array, alpha: Array, shares: Array, around: Array, out: Array) -> None:
    """Premultiplied colours of the layers: color x s_i F_i / sum of s_j F_j by channel. ``out`` is 0 before."""
    count, h, w = shares.shape
    step, one = np.float32(1.0 / CELL), np.float32(1.0)
    for y in range(h):
        rows = tap(y, step, around.shape[1])
        for x in range(w):
            if alpha[y, x] <= 0:
                continue
            single = -1
            for i in range(count):
                if shares[i, y, x] >= one:
                    single = i
            if single >= 0:
                for c in range(3):
                    out[single, y, x, c] = color[y, x, c]
                continue
            columns = tap(x, step, around.shape[2])
            for c in range(3):
                total = np.float32(0.0)
                for i in range(count):
                    out[i, y, x, c] = shares[i, y, x] * max(channel_at(around[i], rows, columns, c), np.float32(1e-4))
                    total += out[i, y, x, c]
                for i in range(count):
                    out[i, y, x, c] *= color[y, x, c] / total


@njit(cache=True, nogil=True)
def _share_of(spill: Array, share: Array) -> Array:
    out = np.zeros_like(spill)
    h, w = share.shape
    for y in range(h):
        for x in range(w):
            if share[y, x] > 0:
                for c in range(3):
                    out[y, x, c] = spill[y, x, c] * share[y, x]
    return out
