"""Mattes that say nothing: all black or all white at some frames of a run."""

from collections.abc import Sequence
from itertools import groupby

from cyclorama.core.arrays import Array

_MOST_RUNS = 5
_WHITE = 1 - 1e-6  # what shares of 1 sum to after rounding
_CHECK = "check the mattes, masks and controls that were given"


class Extremes:
    """Told every frame's mattes, it knows which were all black or, all layers together, all white."""

    def __init__(self) -> None:
        self._frames: list[int] = []
        self._black: list[list[int]] = []
        self._white: list[int] = []

    def add(self, frame: int, alphas: Sequence[Array]) -> None:
        """``alphas``: of every layer, h w, 0..1; they sum to at most 1."""
        self._frames.append(frame)
        self._black += [[] for _ in alphas[len(self._black) :]]
        for black, alpha in zip(self._black, alphas):
            if not alpha.max() > 0:
                black.append(frame)
        if _is_white(alphas):
            self._white.append(frame)

    def warnings(self, *, given: bool) -> list[str]:
        """``given``: the mattes came from elsewhere, so that every empty frame is worth a word; a key's frame may be
        empty because the actor has not come yet."""
        found = []
        for number, black in enumerate(self._black, start=1):
            if black and (given or len(black) == len(self._frames)):
                whose = f"the matte of layer {number}" if len(self._black) > 1 else "the matte"
                found.append(f"{whose} is all black {self._where(black)}: its actor is nowhere there; {_CHECK}")
        if self._white:
            where = self._where(self._white)
            found.append(f"the matte is all white {where}: nothing of the place is seen there; {_CHECK}")
        return found

    def _where(self, frames: list[int]) -> str:
        if len(frames) == len(self._frames):
            return "in every frame"
        runs = [[f for _, f in run] for _, run in groupby(enumerate(sorted(frames)), lambda p: p[1] - p[0])]
        words = [f"{r[0]}-{r[-1]}" if len(r) > 1 else str(r[0]) for r in runs[:_MOST_RUNS]]
        more = f" and {len(runs) - _MOST_RUNS} more runs" if len(runs) > _MOST_RUNS else ""
        return f"at frame{'s' if len(frames) > 1 else ''} {', '.join(words)}{more}"


def _is_white(alphas: Sequence[Array]) -> bool:
    if len(alphas) == 1:
        return bool(alphas[0].min() >= 1)
    return bool(sum(alphas[1:], alphas[0]).min() >= _WHITE)
