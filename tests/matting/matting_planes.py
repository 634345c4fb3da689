"""Mattes and keys made up for the tests of this folder."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.layers import Foreground


@dataclass(frozen=True)
class HeldAlphas:
    """``Alphas`` in memory: t h w."""

    values: np.ndarray

    @property
    def num_frames(self) -> int:
        return len(self.values)

    @property
    def hw(self) -> tuple[int, int]:
        return self.values.shape[1], self.values.shape[2]

    def alpha(self, index: int) -> np.ndarray:
        return self.values[index]


@dataclass(frozen=True)
class HeldKey:
    """A key that always finds the same."""

    found: Foreground

    def foreground(self, index: int, plate: np.ndarray) -> Foreground:
        del index, plate
        return self.found


def ramp(hw: tuple[int, int], middle: float, width: float, angle: float = 0.0) -> np.ndarray:
    """A straight edge, ``width`` wide, at ``middle`` pixels from the centre along ``angle``: 1 before it, 0 beyond."""
    y, x = np.mgrid[: hw[0], : hw[1]]
    along = (x + 0.5 - hw[1] / 2) * np.cos(angle) + (y + 0.5 - hw[0] / 2) * np.sin(angle)
    return np.clip((middle - along) / width + 0.5, 0, 1).astype(np.float32)


def disc(hw: tuple[int, int], radius: float, soft: float = 1.0) -> np.ndarray:
    y, x = np.mgrid[: hw[0], : hw[1]]
    away = np.hypot(x + 0.5 - hw[1] / 2, y + 0.5 - hw[0] / 2)
    return np.clip((radius - away) / soft + 0.5, 0, 1).astype(np.float32)
