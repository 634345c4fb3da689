"""Mattes that say nothing: all black or all white at some frames of a run."""

from collections.abc import Mapping, Sequence
from itertools import groupby

import numpy as np

from cyclorama.core.arrays import Array

_MOST_RUNS = 5
_WHITE = 1 - 1e-6  # what shares of 1 sum to after rounding
_CHECK = "check the mattes, masks and controls that were given"


class Extremes:
    """Told every frame's mattes, it knows which were all black or, all layers together, all white."""

    def __init__(self) -> None:
        self._black: dict[int, tuple[bool, ...]] = {}
        self._white: dict[int, bool] = {}

    def add(self, frame: int, alphas: Sequence[Array]) -> None:
        """``alphas``: of every layer, h w, 0..1; they sum to at most 1."""
        self._black[frame] = tuple(not alpha.max() > 0 for alpha in alphas)
        self._white[frame] = _is_white(alphas)

    def told(self, frames: range) -> dict[str, Array]:
        return {
            "black": np.array([self._black[f] for f in frames], bool),
            "white": np.array([self._white[f] for f in frames], bool),
        }

    def recall(self, frames: range, told: Mapping[str, Array]) -> None:
        self._black |= zip(frames, map(tuple, told["black"].tolist()))
        self._white |= zip(frames, told["white"].tolist())

    def warnings(self, *, given: bool) -> list[str]:
        """``given``: the mattes came from elsewhere, so that every empty frame is worth a word; a key's frame may be
        empty because the actor has not come yet."""
        found = []
        num_layers = max(map(len, self._black.values()), default=0)
        for layer in range(num_layers):
            black = [f for f, blacks in self._black.items() if layer < len(blacks) and blacks[layer]]
            if black and (given or len(black) == len(self._black)):
                whose = f"the matte of layer {layer + 1}" if num_layers > 1 else "the matte"
                found.append(f"{whose} is all black {self._where(black)}: its actor is nowhere there; {_CHECK}")
        white = [f for f, is_white in self._white.items() if is_white]
        if white:
            where = self._where(white)
            found.append(f"the matte is all white {where}: nothing of the place is seen there; {_CHECK}")
        return found

    def _where(self, frames: list[int]) -> str:
        if len(frames) == len(self._white):
            return "in every frame"
        runs = [[f for _, f in run] for _, run in groupby(enumerate(sorted(frames)), lambda p: p[1] - p[0])]
        words = [f"{r[0]}-{r[-1]}" if len(r) > 1 else str(r[0]) for r in runs[:_MOST_RUNS]]
        more = f" and {len(runs) - _MOST_RUNS} more runs" if len(runs) > _MOST_RUNS else ""
        return f"at frame{'s' if len(frames) > 1 else ''} {', '.join(words)}{more}"


def _is_white(alphas: Sequence[Array]) -> bool:
    if len(alphas) == 1:
        return bool(alphas[0].min() >= 1)
    return bool(sum(alphas[1:], alphas[0]).min() >= _WHITE)
