"""Moving pictures, without knowing a codec."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, runtime_checkable

import numpy as np

from cyclorama.core.arrays import Array, readonly, shape_words


@runtime_checkable
class Clip(Protocol):
    """A run of frames that can be read again, one frame in memory at a time.

    Frames are ``h w 3`` float32, scene-linear Rec.709, unclipped. Implementations are fast when frames are asked for
    in order and correct in any order.
    """

    @property
    def num_frames(self) -> int: ...

    @property
    def hw(self) -> tuple[int, int]:
        """(height, width) in pixels."""
        ...

    @property
    def rate(self) -> Fraction:
        """Nominal frames per second, exact."""
        ...

    @property
    def timestamps_s(self) -> tuple[Fraction, ...]:
        """Presentation time of every frame in seconds, exact, strictly increasing, the first one 0."""
        ...

    def frame(self, index: int) -> Array:
        """Frame ``index`` (0..num_frames-1), a fresh array. ``IndexError`` outside."""
        ...

    def proxy(self, long_side: int) -> "Clip":
        """The same clip with its longer side at most ``long_side`` pixels (itself when it is already that small)."""
        ...


def proxy_hw(hw: tuple[int, int], long_side: int) -> tuple[int, int]:
    """The size of a proxy: aspect kept to the nearest pixel, never enlarged."""
    scale = min(1.0, long_side / max(hw))
    return max(1, round(hw[0] * scale)), max(1, round(hw[1] * scale))


def iterate(clip: Clip) -> Iterator[Array]:
    """Every frame of a clip in order."""
    for index in range(clip.num_frames):
        yield clip.frame(index)


@dataclass(frozen=True)
class ArrayClip:
    """A clip held in memory: ``t h w 3`` float32, scene-linear. For short shots, tests and made-up footage."""

    frames: Array
    rate: Fraction = Fraction(24)

    def __post_init__(self) -> None:
        if self.frames.ndim != 4 or self.frames.shape[3] != 3 or self.frames.dtype != np.float32:
            raise ValueError(f"frames must be t h w 3 float32, got {shape_words(self.frames)}")
        object.__setattr__(self, "frames", readonly(self.frames))

    @property
    def num_frames(self) -> int:
        return len(self.frames)

    @property
    def hw(self) -> tuple[int, int]:
        return self.frames.shape[1], self.frames.shape[2]

    @property
    def timestamps_s(self) -> tuple[Fraction, ...]:
        return tuple(index / self.rate for index in range(self.num_frames))

    def frame(self, index: int) -> Array:
        if not 0 <= index < self.num_frames:
            raise IndexError(f"frame must be 0..{self.num_frames - 1}, got {index}")
        return self.frames[index].copy()

    def proxy(self, long_side: int) -> "ArrayClip":
        import cv2  # only here: core itself is numpy

        hw = proxy_hw(self.hw, long_side)
        if hw == self.hw:
            return self
        small = [cv2.resize(f, hw[::-1], interpolation=cv2.INTER_AREA) for f in self.frames]
        return ArrayClip(np.stack(small), self.rate)
