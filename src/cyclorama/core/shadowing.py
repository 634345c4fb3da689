"""What an actor's shadow in the place is made from."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array, readonly
from cyclorama.core.lighting import Lighting
from cyclorama.core.standing import Standing


@dataclass(frozen=True)
class Shadowing:
    """``standing``: where the actor stands; ``place``: what shines there; ``seen`` (t,), 0..1: whether the feet of
    every frame are in the picture; ``lit``: the luminance of the ground about him where the key reaches it, 0 where
    that is not known; ``strength``: 0..1."""

    standing: Standing
    place: Lighting
    seen: Array
    lit: float
    strength: float

    def __post_init__(self) -> None:
        seen = np.asarray(self.seen, np.float64)
        if seen.shape != (len(self.standing.feet),) or not ((seen >= 0) & (seen <= 1)).all():
            raise ValueError(f"seen must be one number in 0..1 for every frame, got {seen.shape}")
        if not 0 < self.strength <= 1:
            raise ValueError(f"strength must be above 0 and at most 1 (none at all: no shadow), got {self.strength}")
        if not 0 <= self.lit < np.inf:
            raise ValueError(f"lit must be 0 or more, got {self.lit}")
        object.__setattr__(self, "seen", readonly(seen))
