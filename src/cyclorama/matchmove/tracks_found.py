"""Features lost and found again: where their neighbours' motion puts them, if they look there as at first sight."""

from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.matchmove.tracks_patch import PATCH_RADIUS, RADIUS, cut_patches, register, warped_template

MAX_LOST = 400
"""Features that are looked for; of more, those that were followed longest."""
_NEIGHBOURS = 8
_LEAST_NEIGHBOURS = 5
_SURE = 0.88
"""Normalised correlation from which a feature is found again: more than is asked of one that was never lost."""
_UNIQUE = 0.12
"""By so much the best place must look more alike than any other that is searched."""
_GATE_PX, _GATE_SPREADS, _WIDEST_PX = 2.0, 3.0, 12.0
"""How far a feature may be from its prediction: so much, and so many times its neighbours' own misfit; never more."""
_BACK_PX = 0.5
_MOST_TURN, _MOST_GROWTH = 0.12, 0.1
"""Up to this turn (radians) and growth (natural logarithm of the size) a patch is compared as it is."""
_MOST_LARGER = 3.0
"""A feature that many times as large as at its first sight, or as small, is another."""


@dataclass(frozen=True)
class Features:
    """Parallel arrays of n features. ``at`` (n, 2): the place, or the last one, pixel centres at integers; ``patch``
    (n, side, side) uint8 about the first sight, whose place is ``part`` (n, 2) beyond the patch's middle pixel;
    ``back`` (n, 2, 2): patch_from_picture; ``born``, ``seen``: frames of the first and the last sight; ``sights``;
    ``doubts``: frames since it last looked as at first."""

    ids: Array
    at: Array
    patch: Array
    part: Array
    back: Array
    born: Array
    seen: Array
    sights: Array
    doubts: Array

    @classmethod
    def born_at(cls, grey: Array, at: Array, frame: int, first_id: int) -> "Features":
        n = len(at)
        at = at.astype(np.float64).reshape(-1, 2)
        return cls(
            np.arange(first_id, first_id + n),
            at,
            cut_patches(grey, at),
            at - np.floor(at),
            np.repeat(np.eye(2)[None], n, 0),
            np.full(n, frame),
            np.full(n, frame),
            np.ones(n, np.int64),
            np.zeros(n, np.int64),
        )

    def __len__(self) -> int:
        return len(self.ids)

    def take(self, chosen: Array) -> "Features":
        """Those of a mask or of numbers."""
        return Features(*(getattr(self, name)[chosen] for name in self.__dataclass_fields__))

    def joined(self, other: "Features") -> "Features":
        return Features(*(np.concatenate([getattr(self, n), getattr(other, n)]) for n in self.__dataclass_fields__))


Row = tuple[Array, Array]
"""Of a frame: numbers of its features and their places (n, 2)."""


def find_again(lost: Features, live: Features, rows: list[Row], grey: Array, free: Array) -> tuple[Features, Array]:
    """The lost features that this frame shows, and which of ``lost`` they are (m,) bool. ``rows``: of all frames before
    this one; ``live``: where the others are in this one; ``free``: where features may lie, h w uint8."""
    guess, linear, spread = _predicted(lost, live, rows)
    gate = np.minimum(_GATE_PX + _GATE_SPREADS * spread, _WIDEST_PX)
    known = np.isfinite(spread) & inside(guess, free)
    if not known.any():
        return lost.take(known), known
    back = lost.back.copy()
    back[known] = backs_of(linear[known])  # of the frame of the first sight from this one
    start = guess.copy()
    for k in np.flatnonzero(known):
        place = _searched(grey, warped_template(lost.patch[k], lost.part[k], back[k]), guess[k], float(gate[k]))
        known[k] = place is not None
        if place is not None:
            start[k] = place
    at, score = register(grey, lost.patch, lost.part, back, start)
    known &= (score > _SURE) & (np.linalg.norm(at - guess, axis=1) < gate + 0.5) & inside(at, free)
    if known.any():
        known[known] = _comes_back(lost.take(known), back[known], grey, at[known])
    found = lost.take(known)
    ones = np.ones(len(found), np.int64)
    changed = {"at": at[known], "back": back[known], "sights": found.sights + 1, "doubts": 0 * ones}
    return Features(**{**found.__dict__, **changed}), known


def _predicted(lost: Features, live: Features, rows: list[Row]) -> tuple[Array, Array, Array]:
    """Places (n, 2), patch_from_picture (n, 2, 2), and the misfit of the neighbours (n,) in pixels, infinite where too
    few of them were there."""
    guess, spread = lost.at.copy(), np.full(len(lost), np.inf)
    linear = np.repeat(np.eye(2)[None], len(lost), 0)
    for frame in np.unique(lost.seen):
        own = np.flatnonzero(lost.seen == frame)
        then, now = _common(rows[frame], live)
        if len(then) >= _LEAST_NEIGHBOURS:
            guess[own], _, spread[own] = local_similarity(then, now, lost.at[own])
            linear[own] = lost.back[own] @ local_similarity(now, then, guess[own])[1]
    return guess, linear, spread


def _common(row: Row, live: Features) -> tuple[Array, Array]:
    """Places in an earlier frame and now of the features that both know."""
    _, i, j = np.intersect1d(row[0], live.ids, assume_unique=True, return_indices=True)
    return row[1][i], live.at[j]


def local_similarity(then: Array, now: Array, at: Array) -> tuple[Array, Array, Array]:
    """Where the similarity (shift, turn, growth) of the nearest of ``then`` -> ``now`` (n, 2) takes each of ``at``
    (m, 2): places (m, 2), linear parts (m, 2, 2), and the neighbours' root mean square misfit (m,) in pixels."""
    far = np.linalg.norm(at[:, None] - then[None], axis=2)
    near = np.argsort(far, axis=1)[:, :_NEIGHBOURS]
    z, w = (p[near] @ np.array([1, 1j]) for p in (then, now))
    weight = np.ones(near.shape)
    for _ in range(3):
        total = weight.sum(1, keepdims=True)
        zm, wm = (weight * z).sum(1, keepdims=True) / total, (weight * w).sum(1, keepdims=True) / total
        spread = np.maximum((weight * np.abs(z - zm) ** 2).sum(1, keepdims=True), 1e-9)
        turn = (weight * np.conj(z - zm) * (w - wm)).sum(1, keepdims=True) / spread
        error = np.abs(wm + turn * (z - zm) - w)
        weight = 1 / (1 + (error / np.maximum(2 * np.median(error, 1, keepdims=True), 0.3)) ** 2)
    placed = (wm + turn * ((at @ np.array([1, 1j]))[:, None] - zm))[:, 0]
    a, b = turn[:, 0].real, turn[:, 0].imag
    linear = np.stack([np.stack([a, -b], 1), np.stack([b, a], 1)], 1)
    misfit = np.sqrt((weight * error**2).sum(1) / weight.sum(1))
    return np.stack([placed.real, placed.imag], 1), linear, misfit


def backs_of(linear: Array) -> Array:
    """patch_from_picture (n, 2, 2) as it is used: none where it is small, for then the patch as it is is sharper and
    surer, nor where it cannot be."""
    growth = np.sqrt(np.abs(np.linalg.det(linear)))
    turn = np.arctan2(linear[:, 1, 0], linear[:, 0, 0])
    much = (np.abs(np.log(np.maximum(growth, 1e-6))) > _MOST_GROWTH) | (np.abs(turn) > _MOST_TURN)
    sound = much & (growth > 1 / _MOST_LARGER) & (growth < _MOST_LARGER)
    return np.where(sound[:, None, None], linear, np.eye(2))


def grown(live: Features, rows: list[Row]) -> Features:
    """The features with how their neighbourhood has turned and grown since their first sight."""
    back = live.back.copy()
    for frame in np.unique(live.born):
        own = np.flatnonzero(live.born == frame)
        then, now = _common(rows[frame], live)
        if len(then) > _LEAST_NEIGHBOURS:
            back[own] = backs_of(local_similarity(now, then, live.at[own])[1])
    return Features(**{**live.__dict__, "back": back})


def _searched(grey: Array, template: Array, guess: Array, gate: float) -> Array | None:
    """The place of best correlation about ``guess`` to the pixel, or None where it is poor or not the only one."""
    reach, (x, y) = int(np.ceil(gate)), np.round(guess).astype(int)
    low_x, low_y = x - reach - RADIUS, y - reach - RADIUS
    high_x, high_y = x + reach + RADIUS + 1, y + reach + RADIUS + 1
    if low_x < 0 or low_y < 0 or high_y > grey.shape[0] or high_x > grey.shape[1]:
        return None
    alike = cv2.matchTemplate(
        grey[low_y:high_y, low_x:high_x], cv2.convertScaleAbs(template[1:-1, 1:-1]), cv2.TM_CCOEFF_NORMED
    )
    row, column = divmod(int(alike.argmax()), alike.shape[1])
    best = float(alike[row, column])
    rest = alike.copy()
    rest[max(0, row - 3) : row + 4, max(0, column - 3) : column + 4] = -1
    if best < _SURE - 0.1 or best - float(rest.max()) < _UNIQUE:
        return None
    return np.array([x + column - reach, y + row - reach], np.float64)


def _comes_back(found: Features, back: Array, grey: Array, at: Array) -> Array:
    """(n,) bool: whether the present sight, looked for in the patch of the first one, is found in its middle."""
    good = np.zeros(len(found), bool)
    for k, patch in enumerate(cut_patches(grey, at)):
        part = at[k] - np.floor(at[k])
        middle = (PATCH_RADIUS + found.part[k])[None]
        ahead = np.linalg.inv(back[k])[None]
        place, score = register(found.patch[k], patch[None], part[None], ahead, middle + 0.7)
        good[k] = score[0] > _SURE - 0.05 and float(np.linalg.norm(place - middle)) < _BACK_PX
    return good


def most_followed(lost: Features) -> Features:
    """At most ``MAX_LOST``."""
    if len(lost) <= MAX_LOST:
        return lost
    return lost.take(np.sort(np.argsort(-lost.sights, kind="stable")[:MAX_LOST]))


def inside(at: Array, free: Array) -> Array:
    """(n,) bool: whether a place is in the picture and free."""
    h, w = free.shape
    x, y = np.round(at[:, 0]).astype(int), np.round(at[:, 1]).astype(int)
    good = (x >= 0) & (x < w) & (y >= 0) & (y < h)
    good[good] = free[y[good], x[good]] > 0
    return good
