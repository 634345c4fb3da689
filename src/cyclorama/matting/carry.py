"""A few painted masks carried through a whole shot, without learned weights: footage with no screen."""

import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import cv2
import numpy as np

from cyclorama.core.arrays import Array, shape_words
from cyclorama.core.clip import Clip, proxy_hw
from cyclorama.core.errors import InputError
from cyclorama.matting.carry_behind import Behind
from cyclorama.matting.carry_step import Codes, State, begin, codes_of, step

_LONG_SIDE = 640
"""Longer side of the proxy that the masks are carried at."""
_BLOCK = 24
"""Frames held at a time where a shot is walked backwards, so that a decoder still runs forwards."""
_EDGE_SIGMA_PX = 0.7
"""Softness of the carried edge, in proxy pixels."""
_VOTE_PX = 8.0
"""Distance from its edge at which a mask's vote is full where two carried masks are joined."""
_LEAST_VOTE = 0.05
"""Vote of a carried mask without confidence."""

Progress = Callable[[int, int], None]
"""Called with the steps done and the steps in all."""


@dataclass(frozen=True)
class CarriedMattes:
    """An ``Alphas`` of carried masks. ``hw``: the plate's size; a given mask comes back as it was, to 8 bits.

    ``confidence``: per frame 0..1, how far the masks carried with and without what other frames show overlap, the
    least from the given mask to there, since errors stay; 1 at given frames, 0 from where the actor was lost.
    ``packed``: the mattes, uint8, zlib: 2 to 6 kB a frame.
    """

    hw: tuple[int, int]
    confidence: tuple[float, ...]
    packed: tuple[bytes, ...]
    sizes: tuple[tuple[int, int], ...]

    @property
    def num_frames(self) -> int:
        return len(self.packed)

    def alpha(self, index: int) -> Array:
        """Frame ``index``: h w float32, 0..1; smoothly enlarged from the proxy. ``IndexError`` outside."""
        if not 0 <= index < self.num_frames:
            raise IndexError(f"frame must be 0..{self.num_frames - 1}, got {index}")
        small = _unpack(self.packed[index], self.sizes[index])
        if small.shape == self.hw:
            return small
        large = cv2.resize(small, self.hw[::-1], interpolation=cv2.INTER_CUBIC)
        return np.asarray(np.clip(large, 0, 1))


def carry_masks(plate: Clip, masks: Mapping[int, Array], *, progress: Progress = lambda *_: None) -> CarriedMattes:
    """``masks``: by frame number, h w float32 0..1 at the plate's size, the actor 1. The matte of every frame.

    Before the first and after the last mask it is carried from that one; between two, from both, each having its say
    by nearness in time and by confidence. That is done twice: the second time each frame is also held against the
    background that frames before and after it show, as the masks of the first time tell it.
    ``InputError`` for masks that cannot be used.
    """
    _check(plate, masks)
    proxy = plate.proxy(_LONG_SIDE)
    given = sorted(masks)
    gaps = zip([-1, *given], [*given, plate.num_frames])
    steps = sum((after - before - 1) * (2 if before >= 0 and after < plate.num_frames else 1) for before, after in gaps)
    report = _Counter(progress, 2 * steps)
    nothing = np.zeros(proxy.hw, np.float32)
    first = _carry(proxy, masks, lambda _: nothing, report)
    store = _carry(proxy, masks, Behind(proxy, first.mask).evidence, report)
    agreed = [
        1.0 if index in masks else _overlap(first.mask(index), store.mask(index)) for index in range(proxy.num_frames)
    ]
    return CarriedMattes(plate.hw, _least_since(agreed, given), tuple(store.packed), tuple(store.sizes))


def _overlap(one: Array, other: Array) -> float:
    """Intersection over union; 0 where nothing is left."""
    a, b = one > 0.5, other > 0.5
    return int((a & b).sum()) / max(int((a | b).sum()), 1)


def _least_since(agreed: Sequence[float], given: Sequence[int]) -> tuple[float, ...]:
    """The least from a given frame to each frame; between two given ones the better way."""
    least = [0.0] * len(agreed)
    for before, index, after in zip([-1, *given], given, [*given[1:], len(agreed)]):
        for frames in (range(index, after), range(index, before, -1)):
            for frame, low in zip(frames, accumulate((agreed[frame] for frame in frames), min)):
                least[frame] = max(least[frame], low)
    return tuple(least)


def _carry(proxy: Clip, masks: Mapping[int, Array], behind: Callable[[int], Array], report: "_Counter") -> "_Store":
    """All masks, with the evidence of ``behind`` for every frame."""
    store = _Store(proxy.num_frames, proxy.hw)
    for index, mask in masks.items():
        store.keep(index, mask, 1.0)
    given = sorted(masks)
    for before, index, after in zip([-1, *given], given, [*given[1:], proxy.num_frames]):
        for frame, state in _walk(proxy, masks[index], range(index, after), behind):
            store.keep(frame, _softened(state.mask), state.confidence)
            report.tick()
        for frame, state in _walk(proxy, masks[index], range(index, before, -1), behind):
            soft = _softened(state.mask)
            if before >= 0:
                store.join(frame, soft, state.confidence, (frame - before) / (index - before))
            else:
                store.keep(frame, soft, state.confidence)
            report.tick()
    return store


def _check(plate: Clip, masks: Mapping[int, Array]) -> None:
    if not masks:
        raise InputError("no mask is given; paint the actor on at least one frame")
    for index, mask in masks.items():
        if not 0 <= index < plate.num_frames:
            last = plate.num_frames - 1
            raise InputError(f"the mask of frame {index} lies outside the shot; its frames are 0..{last}")
        if mask.shape != plate.hw or mask.dtype != np.float32:
            wanted = f"{plate.hw[0]} x {plate.hw[1]} float32"
            raise InputError(
                f"the mask of frame {index} must be of the plate's size, {wanted}, got {shape_words(mask)}; "
                "save it at the size of the frame it was painted on"
            )
        if not np.isfinite(mask).all() or mask.min() < 0 or mask.max() > 1:
            raise InputError(f"the mask of frame {index} must hold values from 0 to 1; save it as a grey picture")
        small = cv2.resize(mask, proxy_hw(plate.hw, _LONG_SIDE)[::-1], interpolation=cv2.INTER_AREA) >= 0.5
        if not small.any():
            raise InputError(f"the mask of frame {index} shows no actor (it is black); paint the actor white")
        if small.all():
            raise InputError(f"the mask of frame {index} is white all over; paint what is not the actor black")


def _walk(
    proxy: Clip, mask: Array, frames: Sequence[int], behind: Callable[[int], Array]
) -> Iterator[tuple[int, State]]:
    """The states after the first of ``frames``, whose ``mask`` is given."""
    if len(frames) < 2:
        return
    small = cv2.resize(mask, proxy.hw[::-1], interpolation=cv2.INTER_AREA)
    walk = _codes(proxy, frames)
    given, state = begin(next(walk), small)
    for frame, codes in zip(frames[1:], walk):
        state = step(given, state, codes, behind(frame))
        yield frame, state


def _codes(proxy: Clip, frames: Sequence[int]) -> Iterator[Codes]:
    """Frames in the order asked for, read forwards."""
    if frames[0] < frames[-1]:
        for frame in frames:
            yield codes_of(proxy.frame(frame))
        return
    for first in range(0, len(frames), _BLOCK):
        block = frames[first : first + _BLOCK]
        yield from reversed([codes_of(proxy.frame(frame)) for frame in reversed(block)])


def _softened(mask: Array) -> Array:
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), _EDGE_SIGMA_PX))


def _unpack(packed: bytes, hw: tuple[int, int]) -> Array:
    codes = np.frombuffer(zlib.decompress(packed), np.uint8).reshape(hw)
    return codes.astype(np.float32) / np.float32(255)


class _Store:
    """Mattes and confidences while they are made, packed."""

    def __init__(self, num_frames: int, hw: tuple[int, int]) -> None:
        self.packed = [b""] * num_frames
        self.sizes = [hw] * num_frames
        self.confidence = [0.0] * num_frames

    def keep(self, index: int, mask: Array, confidence: float) -> None:
        self.packed[index] = zlib.compress(np.rint(mask * 255).astype(np.uint8).tobytes(), 4)
        self.sizes[index] = mask.shape
        self.confidence[index] = confidence

    def mask(self, index: int) -> Array:
        return _unpack(self.packed[index], self.sizes[index])

    def join(self, index: int, mask: Array, confidence: float, part: float) -> None:
        """Joins a mask carried from the other side, whose say by time is ``part``, with the one that is kept."""
        votes = (1 - part) * (self.confidence[index] + _LEAST_VOTE), part * (confidence + _LEAST_VOTE)
        share = votes[1] / sum(votes)
        kept = self.mask(index)
        inside = (1 - share) * _signed_px(kept) + share * _signed_px(mask)
        joined = _softened(np.clip(inside + 0.5, 0, 1).astype(np.float32))
        self.keep(index, joined, (1 - share) * self.confidence[index] + share * confidence)


def _signed_px(mask: Array) -> Array:
    """Distance to the edge, positive inside, at most ``_VOTE_PX``."""
    inside = (mask > 0.5).astype(np.uint8)
    if inside.all() or not inside.any():
        return np.where(inside, _VOTE_PX, -_VOTE_PX).astype(np.float32)
    apart = cv2.distanceTransform(inside, cv2.DIST_L2, 5) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    return np.asarray(np.clip(apart - np.sign(apart) * 0.5, -_VOTE_PX, _VOTE_PX))


class _Counter:
    """Counts steps for a progress display."""

    def __init__(self, progress: Progress, steps: int) -> None:
        self._progress, self._steps, self._done = progress, steps, 0

    def tick(self) -> None:
        self._done += 1
        self._progress(self._done, self._steps)
