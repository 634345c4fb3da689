"""Evidence that the frame beside cannot give: whether a pixel looks as the background does in frames before and after.

The background of frames some way off is registered to a frame by the background's own motion. What agrees with it there
is background, what differs from it is the actor, more surely than the registration errs around.
"""

from collections.abc import Callable

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip
from cyclorama.matting.carry_register import aligned, background_step, chain, clear_of, inside, start
from cyclorama.matting.carry_step import Codes, codes_of, least_apart
from cyclorama.matting.flow import dense_flow, read_at

_APART = (4, 8, 14, 22, 32)
"""Frames between a frame and those it is held against, before and after it: an actor that moves slowly has left his
place only in the further ones, and the nearer ones are registered better."""
_BLOCK = 24
"""Frames read at a time, forwards."""
_BACKGROUND = 0.3
"""Mask under which another frame is taken to show its background."""
_AGREE = 0.25
"""Share of the other frames a pixel must agree with: in some of them something else passes there."""
_FLOOR, _NOISE_SHARE = 4.0, 2.0
"""A difference counts in units of so many codes and so often the mean difference of the background around."""
_NOISE_PX, _WIDE_PX, _WIDE = 10.0, 60.0, 0.02
"""How far around, in pixels; and, with little say, far around, for where nothing near is known."""
_EVEN, _STEEP, _LATER = 0.8, 5.0, 1.7
"""Log odds of a difference z, as measured on clips: _STEEP (z - _EVEN) up to z = 1, then growing by _LATER ln z."""
_LEAST, _MOST = -2.0, 3.0
"""Bounds of these log odds."""
_ENOUGH = 2.0
"""With fewer frames to be held against the evidence counts less."""
_SHADE_CODES, _SHADE_SHARE, _DARKEST = 5.0, 0.8, 0.25
"""A pixel darker than the background (not below this share of it) whose colour is this near may be the actor's shadow:
this share of the evidence is taken back."""


class Behind:
    """Log odds of the actor against the background that other frames show, at half a proxy's size.

    ``mask_of``: the masks known by now, by frame: h w float32 of any size. What is kept spans the frames that a frame
    is held against, whatever the length of the shot.
    """

    def __init__(self, proxy: Clip, mask_of: Callable[[int], Array]) -> None:
        self._proxy, self._mask_of = proxy, mask_of
        self._hw = max(1, proxy.hw[0] // 2), max(1, proxy.hw[1] // 2)
        self._codes: dict[int, Codes] = {}
        self._masks: dict[int, Array] = {}
        self._motions: dict[tuple[int, int], Array] = {}

    def evidence(self, index: int) -> Array:
        """Of frame ``index``, h w float32 at the proxy's size, from _LEAST to _MOST; 0 where nothing can be said."""
        self._forget(index)
        samples = [sample for way in (1, -1) for sample in self._samples(index, way)]
        if not samples:
            return np.zeros(self._proxy.hw, np.float32)
        found = _weighed(self._at(index).lab, self._masks[index], *(np.stack(part) for part in zip(*samples)))
        return np.asarray(cv2.resize(found, self._proxy.hw[::-1], interpolation=cv2.INTER_LINEAR))

    def _samples(self, index: int, way: int) -> list[tuple[Array, Array, Array]]:
        """Frames after (1) or before (-1), registered: how far off each pixel is, the colours, and where they are the
        background's."""
        here, places, samples = self._at(index), start(self._hw), []
        bare = clear_of(self._masks[index])
        for apart in range(1, _APART[-1] + 1):
            frame = index + way * apart
            if not 0 <= frame < self._proxy.num_frames:
                break
            places = chain(places, self._motion(frame - way, frame))
            if apart not in _APART:
                continue
            there, mask = self._at(frame), self._masks[frame]
            exact = aligned(here.grey, there.grey, places, bare & clear_of(read_at(mask, places)))
            differs = np.empty(self._hw, np.float32)
            least_apart(here.lab, there.lab, exact, differs)
            usable = inside(exact) & (read_at(mask, exact) < _BACKGROUND)
            samples.append((cv2.blur(differs, (3, 3)), read_at(there.lab, exact), usable))
        return samples

    def _motion(self, frame: int, beside: int) -> Array:
        key = (frame, beside)
        if key not in self._motions:
            flow = dense_flow(self._at(frame).grey, self._at(beside).grey)
            self._motions[key] = background_step(flow, self._masks[frame])
        return self._motions[key]

    def _at(self, index: int) -> Codes:
        if index not in self._codes:
            first = index - index % _BLOCK
            for frame in range(first, min(first + _BLOCK, self._proxy.num_frames)):
                codes = codes_of(self._proxy.frame(frame))
                small = (cv2.resize(p, self._hw[::-1], interpolation=cv2.INTER_AREA) for p in (codes.lab, codes.grey))
                self._codes[frame] = Codes(*small)
                mask = self._mask_of(frame)
                self._masks[frame] = cv2.resize(mask, self._hw[::-1], interpolation=cv2.INTER_AREA)
        return self._codes[index]

    def _forget(self, index: int) -> None:
        far = _APART[-1] + _BLOCK
        for frame in [frame for frame in self._codes if abs(frame - index) > far]:
            del self._codes[frame], self._masks[frame]
        for key in [key for key in self._motions if abs(key[0] - index) > _APART[-1] + 1]:
            del self._motions[key]


def _weighed(lab: Array, mask: Array, differs: Array, colours: Array, usable: Array) -> Array:
    """Log odds from the registered frames: ``differs``, ``usable`` n h w, ``colours`` n h w 3."""
    h, w = mask.shape
    apart, count = np.zeros((h, w), np.float32), np.zeros((h, w), np.float32)
    plate = np.zeros((h, w, 3), np.float32)
    _vote(differs, colours, usable, apart, count, plate)
    known = ((cv2.dilate(mask, np.ones((9, 9), np.uint8)) < 0.1) & (count > 0)).astype(np.float32)
    z = apart / (_FLOOR + _NOISE_SHARE * _noise(apart, known))
    odds = _STEEP * (np.minimum(z, 1) - _EVEN) + _LATER * np.log(np.maximum(z, 1))
    odds = np.clip(odds, _LEAST, _MOST) * np.minimum(count / _ENOUGH, 1)
    return np.asarray(np.where(odds > 0, odds * (1 - _SHADE_SHARE * _shade(lab, plate)), odds), np.float32)


def _noise(apart: Array, known: Array) -> Array:
    """Mean difference of the background around."""
    near, weight = (cv2.GaussianBlur(p, (0, 0), _NOISE_PX) for p in (apart * known, known))
    wide, much = (cv2.GaussianBlur(p, (0, 0), _WIDE_PX) for p in (apart * known, known))
    return np.asarray((near + _WIDE * wide / (much + 1e-6)) / (weight + _WIDE))


def _shade(lab: Array, plate: Array) -> Array:
    """0..1: how like a shadow on the background a pixel is."""
    change = lab.astype(np.float32) - plate
    alike = np.exp(-0.5 * (change[..., 1] ** 2 + change[..., 2] ** 2) / _SHADE_CODES**2)
    darker = (change[..., 0] < 0) & (lab[..., 0] > _DARKEST * plate[..., 0])
    return np.asarray(cv2.blur(np.where(darker, alike, 0).astype(np.float32), (5, 5)))


@njit(cache=True, nogil=True)
def _vote(differs: Array, colours: Array, usable: Array, apart: Array, count: Array, plate: Array) -> None:
    """Per pixel: the difference that a share of the usable frames stays under, their number and median colour."""
    n, h, w = differs.shape
    line = np.empty(n, np.float32)
    for i in range(h):
        for j in range(w):
            k = 0
            for s in range(n):
                if usable[s, i, j]:
                    line[k] = differs[s, i, j]
                    k += 1
            count[i, j] = k
            if k == 0:
                continue
            line[:k].sort()
            apart[i, j] = line[int((k - 1) * _AGREE)]
            for c in range(3):
                m = 0
                for s in range(n):
                    if usable[s, i, j]:
                        line[m] = colours[s, i, j, c]
                        m += 1
                line[:m].sort()
                plate[i, j, c] = line[(m - 1) // 2]
