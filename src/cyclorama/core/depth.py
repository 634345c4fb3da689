"""Depth pictures: how far everything in a picture of the place is."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array, readonly, require_plane
from cyclorama.core.depth_sense import DepthSense


@dataclass(frozen=True)
class DepthPicture:
    """``values``: h w float32 of any size, larger where farther ("metric": metres along the optical axis; "depth": up
    to a scale and a shift) or larger where nearer ("inverse": 1/z up to a scale and a shift); ``sense`` None where
    nobody said which. NaN where nothing is known. ``levels``: whether they came as whole numbers. ``name`` for
    messages.
    """

    values: Array
    sense: DepthSense | None
    levels: bool
    name: str

    def __post_init__(self) -> None:
        require_plane("values", self.values)
        if not np.isfinite(self.values).any():
            raise ValueError(f"the depth {self.name} must hold a number, got none")
        object.__setattr__(self, "values", readonly(self.values))
