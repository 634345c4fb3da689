"""A textured paper doll before flat green, whose every motion is known."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import cv2
import numpy as np
from matchmove_world import texture

from cyclorama.core.clip import ArrayClip

HW = (240, 320)
TALL = 200
"""The doll's height in its own pixels."""
_CANVAS = (TALL + 20, 160)
_MIDDLE = _CANVAS[1] / 2
_GREEN = np.array([0.0, 0.6, 0.05], np.float32)
_SKIN = np.clip((texture((300, 300), 8, blur=2.0) - 0.25) * 2.5 + 0.35, 0.02, 1.0)
_RATE = Fraction(24)


@dataclass(frozen=True)
class Doll:
    """One frame: between the feet in pixels of the frame, height in pixels, the trunk's turn in radians (positive: its
    front moves to the right), the legs' swing, and a lean of the trunk and the head on the legs, radians."""

    foot: tuple[float, float] = (160.0, 220.0)
    height: float = 190.0
    turn: float = 0.0
    swing: float = 0.0
    lean: float = 0.0


Motion = Callable[[float], Doll]


def shot(motion: Motion, num_frames: int = 26) -> tuple[ArrayClip, np.ndarray]:
    """``motion`` of time 0..1 to a plate and its alpha t h w float32."""
    frames = [_frame(motion(t)) for t in np.linspace(0, 1, num_frames)]
    colors = np.stack([c + (1 - a[..., None]) * _GREEN for c, a in frames])
    return ArrayClip(colors.astype(np.float32), _RATE), np.stack([a for _, a in frames]).astype(np.float32)


def _frame(doll: Doll) -> tuple[np.ndarray, np.ndarray]:
    canvas = np.zeros((*_CANVAS, 4), np.float32)
    for side in (-1, 1):
        hip = (_MIDDLE + 9 * side, 112.0)
        _paste(canvas, _limb(side), hip, side * doll.swing)
    upper = np.zeros_like(canvas)
    _put(upper, _drum(20, 92, doll.turn, 40), (_MIDDLE - 20, 28))
    _put(upper, _drum(12, 26, doll.turn, 160), (_MIDDLE - 12, 2))
    _paste(canvas, upper, (_MIDDLE, 112.0), doll.lean, at=(_MIDDLE, 112.0))
    scale = doll.height / TALL
    soft = cv2.GaussianBlur(canvas, (0, 0), 0.4 / scale)
    shift = [doll.foot[0] - scale * _MIDDLE, doll.foot[1] - scale * (TALL + 2)]
    warp = np.array([[scale, 0, shift[0] + (scale - 1) / 2], [0, scale, shift[1] + (scale - 1) / 2]])
    drawn = cv2.warpAffine(soft, warp, HW[::-1])
    return drawn[..., :3], drawn[..., 3]


def _drum(radius: int, height: int, turn: float, offset: int) -> np.ndarray:
    """A round part seen from before: its texture goes around with the turn."""
    x = (np.arange(2 * radius) + 0.5 - radius) / radius
    around = (np.arcsin(x) - turn) * radius + 150
    columns = np.repeat(around[None].astype(np.float32), height, 0)
    rows = np.repeat((np.arange(height, dtype=np.float32) + offset)[:, None], 2 * radius, 1)
    skin = cv2.remap(_SKIN, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)
    return np.dstack([skin, np.ones((height, 2 * radius), np.float32)])


def _limb(side: int) -> np.ndarray:
    out = np.zeros((*_CANVAS, 4), np.float32)
    leg = np.dstack([_SKIN[100:192, 100 + 40 * side : 112 + 40 * side], np.ones((92, 12), np.float32)])
    _put(out, leg, (_MIDDLE - 6, 108))
    return out


def _put(canvas: np.ndarray, part: np.ndarray, at: tuple[float, float]) -> None:
    x, y = int(at[0]), int(at[1])
    canvas[y : y + part.shape[0], x : x + part.shape[1]] = part


def _paste(
    canvas: np.ndarray, part: np.ndarray, to: tuple[float, float], angle: float, at: tuple[float, float] | None = None
) -> None:
    """``part`` turned by an angle about a point of it, which comes to ``to``, over the canvas."""
    center = at or (_MIDDLE, 112.0)
    warp = cv2.getRotationMatrix2D(center, np.degrees(angle), 1.0)
    warp[:, 2] += np.array(to) - center
    moved = cv2.warpAffine(part, warp, _CANVAS[::-1])
    canvas[:] = moved + canvas * (1 - moved[..., 3:])


def jitter(num: int, size: float, seed: int = 3) -> np.ndarray:
    """(num, 2) pixels of fast stray, 0 on the whole."""
    waves = np.random.default_rng(seed).uniform(0, 2 * np.pi, (2, 4))
    t = np.arange(num)[:, None] / 24
    hz = np.array([1.3, 2.1, 3.2, 4.6])
    out = np.stack([np.sin(2 * np.pi * t * hz + w).sum(1) for w in waves], 1)
    return size * (out - out.mean(0)) / out.std()


def shaking(base: Motion, num_frames: int, size: float) -> Motion:
    """A motion with ``jitter`` of the whole picture on top."""
    strays = jitter(num_frames, size)

    def motion(t: float) -> Doll:
        doll = base(t)
        x, y = strays[round(t * (num_frames - 1))]
        return replace(doll, foot=(doll.foot[0] + x, doll.foot[1] + y))

    return motion


def group(motions: list[Motion], num_frames: int = 26) -> tuple[ArrayClip, np.ndarray]:
    """Several dolls in one plate, the first in front."""
    colors = np.broadcast_to(_GREEN, (num_frames, *HW, 3)).copy()
    alpha = np.zeros((num_frames, *HW), np.float32)
    for motion in reversed(motions):
        for k, t in enumerate(np.linspace(0, 1, num_frames)):
            own, cover = _frame(motion(t))
            colors[k] = own + (1 - cover[..., None]) * colors[k]
            alpha[k] = cover + (1 - cover) * alpha[k]
    return ArrayClip(colors, _RATE), alpha
