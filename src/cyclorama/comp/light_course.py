"""The course of the light in a place that moves: the same surfaces, paired over time, get brighter and darker together.

A surface's reflectance cancels in the ratio of what it shows at two times, so what is left is its light. One ratio may
be a thing that passed; the median of very many, all over the picture and near the actor most, is the light, where most
of the picture agrees with it.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.comp.light_surfaces import FLOOR
from cyclorama.core.arrays import Array
from cyclorama.core.lighting import LUMINANCE

COURSE_LONG_SIDE = 128
"""Pixels of the pictures that are compared."""
CELLS = 32
"""Along the longer side: what counts as one surface."""
_LAMP = 0.95  # of the display's white: brighter is a lamp or clipped
_DARK = 4.0  # times what is added before a logarithm: darker, a change says little
_APART, _APART_SHARE = 0.25, 0.5  # stops, and share of the change, within which a surface agrees with it
_ROUNDS = 3  # of leaving out what does not agree
_MOST = 0.5  # of the picture, and of what is near the actor, must agree
_KNOWN = 0.7  # of all frames must be told, else nothing is
_LEAST_STOPS = 0.2  # a course of which no channel spans so much is none
# Where surfaces are followed small errors add up, slowly: so much of luminance, or in so many frames of any channel.
_LEAST_FOLLOWED_STOPS, _LEAST_STEP_STOPS, _STEP = 0.5, 0.25, 2
_LEARNED = 0.02  # stops a frame by which a surface that keeps its pixel may come to look otherwise
_LIMIT = 2.5  # stops about the one light: further, the gain is cut anyway
_PAINT, _UNTOLD = 0.5, 1e-3  # as light is read (``light_read``): stops from neutral that are half paint
_SMOOTH_PX = 1.0  # before surfaces are followed: where they fall between pixels, nothing is lost
_TEXTURE_PX, _TEXTURE_CODES = 8.0, 60.0  # what is finer is followed, so many codes a stop: light does not change it
_SHARED = 0.9  # of the picture that must be seen in the frame that it is compared with, else that is renewed


def cells_hw(hw: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the surfaces that are compared in a picture."""
    cell = max(1.0, max(hw) / CELLS)
    return max(1, round(hw[0] / cell)), max(1, round(hw[1] / cell))


@dataclass(frozen=True)
class Changes:
    """``stops`` t 3: the place's light in every frame against the first; ``told`` t bool: whether it was told, else it
    is the one before; ``neutral`` t: how much near-neutral colour the place showed in it, 0..1."""

    stops: Array
    told: Array
    neutral: Array


def clip_course(pictures: Iterable[Array], near: Callable[[int], Array], *, moves: bool) -> Changes:
    """What changes in a clip.

    ``pictures``: every frame, small, h w 3 scene-linear. ``near``: how much the surfaces of a frame count, of
    ``cells_hw``. ``moves``: the camera does, and surfaces are followed; else each keeps its pixels.
    """
    pairing: _Still | _Followed = _Followed() if moves else _Still()
    stops, told, neutral = [np.zeros(3)], [], []
    for index, picture in enumerate(pictures):
        paired = pairing.paired(_log(picture), picture.max(2) < _LAMP)
        change, agreed = _agreed(paired, near(index))
        stops.append(pairing.base + change if agreed else stops[-1])
        told.append(agreed)
        neutral.append(_neutral(_log(picture), near(index)))
        pairing.settle(stops[-1])
    return Changes(np.array(stops[1:]), np.array(told), np.array(neutral))


def settled(found: Changes, read_at: list[int], *, moves: bool) -> Array:
    """What changes about the one light, t 3 stops; 0 3 where too little is told, or nothing changes. ``read_at``: the
    frames that the one light was read from: its level is their mean, its colour mostly that of the neutral ones."""
    if found.told.mean() < _KNOWN:
        return np.zeros((0, 3))
    at, frames = np.flatnonzero(found.told), np.arange(len(found.told))
    whole = np.stack([np.interp(frames, at, channel[at]) for channel in found.stops.T], 1)
    level = (whole @ LUMINANCE)[:, None]
    colour = np.average((whole - level)[read_at], 0, found.neutral[read_at] + _UNTOLD)
    whole = np.clip(whole - level[read_at].mean() - colour, -_LIMIT, _LIMIT).round(3)
    if moves:
        steps = np.abs(whole[_STEP:] - whole[:-_STEP])
        changes = np.ptp(whole @ LUMINANCE) >= _LEAST_FOLLOWED_STOPS or bool((steps >= _LEAST_STEP_STOPS).any())
    else:
        changes = np.ptp(whole, 0).max() >= _LEAST_STOPS
    return np.asarray(whole) if changes else np.zeros((0, 3))


@dataclass(frozen=True)
class _Paired:
    """Cells: ``change`` h w 3 in stops; ``told`` h w 3, how much each channel of each says."""

    change: Array
    told: Array


def _log(picture: Array) -> Array:
    return np.log2(np.maximum(picture, 0) + np.float32(FLOOR))


def _paired(log: Array, before: Array, valid: Array) -> _Paired:
    cells = cells_hw(log.shape[:2])[::-1]
    share = valid.astype(np.float32)
    below = cv2.resize(share, cells, interpolation=cv2.INTER_AREA)
    change = cv2.resize((log - before) * share[..., None], cells, interpolation=cv2.INTER_AREA)
    shown = cv2.resize(np.exp2(before), cells, interpolation=cv2.INTER_AREA) - np.float32(FLOOR)
    told = below[..., None] * shown / (shown + np.float32(_DARK * FLOOR))
    return _Paired(change / np.maximum(below, 1e-6)[..., None], np.maximum(told, 0))


def _agreed(paired: _Paired, near: Array) -> tuple[Array, bool]:
    """The change of the light, (3,), and whether most of the picture, and most near the actor, says so."""
    change, told = paired.change.reshape(-1, 3), paired.told.reshape(-1, 3)
    weight = told * near.reshape(-1, 1)
    if not (weight.sum(0) > 0).all():
        return np.zeros(3), False
    level = change @ LUMINANCE
    agrees = np.ones(len(level), bool)
    for _ in range(_ROUNDS):
        middle = np.array([_median(c, w) for c, w in zip(change.T, weight.T * agrees)])
        found = middle @ LUMINANCE
        agrees = np.abs(level - found) <= max(_APART, _APART_SHARE * abs(found))
        shares = [(agrees * w).sum() / w.sum() for w in (told @ LUMINANCE, weight @ LUMINANCE)]
        if min(shares) < _MOST:
            return np.zeros(3), False
    return middle, True


def _neutral(log: Array, near: Array) -> float:
    cells = cv2.resize(log, near.shape[::-1], interpolation=cv2.INTER_AREA)
    stops = np.abs(cells - (cells @ LUMINANCE.astype(np.float32))[..., None]).max(2)
    return float(np.average(np.exp(-((stops / _PAINT) ** 2)), weights=near))


def _median(values: Array, weight: Array) -> float:
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weight[order])
    return float(values[order[np.searchsorted(total, total[-1] / 2)]]) if total[-1] > 0 else 0.0


class _Still:
    """Surfaces keep their pixels: every frame is compared with how the place looked in the light of ``base``, which is
    learned slowly, so that what stood there at first or parks there later is a surface like others."""

    def __init__(self) -> None:
        self.base = np.zeros(3)
        self._usual: Array | None = None
        self._now: Array

    def paired(self, log: Array, valid: Array) -> _Paired:
        self._now = log
        if self._usual is None:
            self._usual = log.copy()
        return _paired(log, self._usual, valid)

    def settle(self, stops: Array) -> None:
        """Learn what the light of this frame does not explain."""
        self._usual += np.clip(self._now - stops.astype(np.float32) - self._usual, -_LEARNED, _LEARNED)


class _Followed:
    """Surfaces move in the picture: each frame is compared with an earlier one, which is renewed once too little of it
    is still seen. ``base``: its light, (3,) stops; forgotten by as much as leaves the picture, so that small errors do
    not add up."""

    def __init__(self) -> None:
        self.base = np.zeros(3)
        self._anchor: tuple[Array, Array, Array] | None = None
        self._now: tuple[Array, Array, Array] | None = None
        self._flow: Array | None = None
        self._shared = self._shared_before = 1.0
        self._search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)

    def paired(self, log: Array, valid: Array) -> _Paired:
        log = cv2.GaussianBlur(log, (0, 0), _SMOOTH_PX)
        self._now = log, valid, _texture(log)
        if self._anchor is None:
            self._anchor = self._now
        if self._flow is None:
            self._flow = np.zeros((*valid.shape, 2), np.float32)
        before, seen, texture = self._anchor
        self._flow = self._search.calc(self._now[2], texture, self._flow)
        h, w = valid.shape
        x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
        u, v = x + self._flow[..., 0], y + self._flow[..., 1]
        there = cv2.remap(before, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        held = cv2.remap(seen.astype(np.float32), u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT) > 0.99
        inside = (u >= 0) & (v >= 0) & (u <= w - 1) & (v <= h - 1)
        self._shared = max(float(inside.mean()), 1e-3)
        return _paired(log, there, valid & held & inside)

    def settle(self, stops: Array) -> None:
        """Renew what the next frames are compared with, where that is due."""
        self.base = self.base * min(1.0, self._shared / self._shared_before)
        self._shared_before = self._shared
        if self._shared < _SHARED:
            self.base = stops
            self._anchor, self._flow, self._shared_before = self._now, None, 1.0


def _texture(log: Array) -> Array:
    """What light does not change, h w uint8."""
    level = log @ LUMINANCE.astype(np.float32)
    fine = level - cv2.GaussianBlur(level, (0, 0), _TEXTURE_PX)
    return np.asarray(np.clip(128 + _TEXTURE_CODES * fine, 0, 255), np.uint8)
