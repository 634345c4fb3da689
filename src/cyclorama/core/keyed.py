"""Values that may change over the shot: keyed at frames. Knows no numpy, so that settings stay light."""

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

from cyclorama.core.errors import InputError

_NUMBER = r"[+-]?(?:\d{1,9}(?:\.\d{0,18})?|\.\d{1,18})"
_WORD = re.compile(rf"(?:(\d{{1,9}}):)?({_NUMBER})")


@dataclass(frozen=True)
class KeyPoint:
    """A value, at a frame of the plate or (None) for the whole shot."""

    frame: int | None
    value: float

    @classmethod
    def parse(cls, text: str) -> "KeyPoint":
        """``VALUE`` or ``FRAME:VALUE``; ``InputError`` for anything else."""
        match = _WORD.fullmatch(text.strip())
        if not match:
            raise InputError(f"must be VALUE, or FRAME:VALUE (repeated) for a value that changes, got '{text}'")
        return cls(None if match[1] is None else int(match[1]), float(match[2]))


def span_at(frames: tuple[int, ...], frame: float) -> tuple[int, int, float]:
    """The keys before and after a frame and the share of the later one; the first or the last is held outside."""
    after = bisect_right(frames, frame)
    if after in (0, len(frames)):
        held = min(after, len(frames) - 1)
        return held, held, 0.0
    before = after - 1
    return before, after, (frame - frames[before]) / (frames[after] - frames[before])


@dataclass(frozen=True)
class Keyed:
    """A number keyed at frames: linear between its keys, held before the first and after the last.

    ``frames``: increasing, at least one. ``values``: as many.
    """

    frames: tuple[int, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.frames or len(self.frames) != len(self.values) or any(a >= b for a, b in pairwise(self.frames)):
            raise ValueError(f"keys must be values at increasing frames, got {self.values} at {self.frames}")

    @classmethod
    def of(cls, points: Iterable[KeyPoint]) -> "Keyed":
        """From points in any order. ``InputError`` when one frame has two values, or a constant stands beside keys."""
        given = list(points)
        frames = [p.frame for p in given]
        if None in frames and len(given) > 1:
            raise InputError("give one VALUE, or FRAME:VALUE for every key; both were given")
        twice = next((f for f in frames if frames.count(f) > 1), None)
        if twice is not None:
            raise InputError(f"frame {twice} has two values; give one")
        ordered = sorted((p.frame or 0, p.value) for p in given)
        return cls(tuple(f for f, _ in ordered), tuple(v for _, v in ordered))

    @classmethod
    def constant(cls, value: float) -> "Keyed":
        return cls((0,), (value,))

    def at(self, frame: float) -> float:
        before, after, share = span_at(self.frames, frame)
        return self.values[before] + share * (self.values[after] - self.values[before])

    def is_always(self, value: float) -> bool:
        """Whether it has this value at every frame."""
        return all(v == value for v in self.values)
