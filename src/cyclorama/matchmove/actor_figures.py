"""The matte's separate figures, each kept apart from the others through the shot."""

import cv2
import numpy as np

from cyclorama.core.arrays import Array

MOST_FIGURES = 6
_LEAST_OF_LARGEST = 0.15
"""Of the largest figure's area: what is smaller is a part of one, a prop or a speck."""


class Split:
    """Numbers the figures of the first frame and finds them again by where they were a frame before."""

    def __init__(self) -> None:
        self._before: Array | None = None
        self.count = 0
        """How many there were in every frame; 1 also where some met, parted, came or left."""

    def look(self, solid: Array) -> Array:
        """The next frame's figures: (h, w) uint8, 0 where none is, else 1, 2, ...; all 0 once they were lost."""
        found, labels, stats, _ = cv2.connectedComponentsWithStats(solid, connectivity=8)
        areas = stats[1:, cv2.CC_STAT_AREA]
        large = 1 + np.flatnonzero(areas >= _LEAST_OF_LARGEST * areas.max(initial=1))
        numbers = np.zeros(found, np.uint8)
        if self._before is None:
            self.count = len(large) if 1 < len(large) <= MOST_FIGURES else 1
            numbers[large] = np.arange(1, len(large) + 1) if self.count > 1 else 0
        elif self.count > 1:
            wide = self.count + 1
            same = np.bincount((labels * wide + self._before).ravel(), minlength=found * wide).reshape(found, wide)
            numbers[large] = 1 + same[large, 1:].argmax(1)
            if sorted(numbers[large].tolist()) != list(range(1, self.count + 1)) or not same[large, 1:].any(1).all():
                self.count, numbers = 1, np.zeros(found, np.uint8)
        self._before = numbers[labels]
        return self._before
