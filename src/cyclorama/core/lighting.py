"""What a place shines on the actor."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array


@dataclass(frozen=True)
class Lighting:
    """The first order of it: one gain per channel, constant over the shot, that takes the stage's exposure and white
    point to the place's. Scene-linear, red green blue."""

    gain: tuple[float, float, float]

    def __post_init__(self) -> None:
        if len(self.gain) != 3 or not all(0.0 < g < 100.0 for g in self.gain):
            raise ValueError(f"gain must be three numbers in 0..100, got {self.gain}")

    @property
    def gain_array(self) -> Array:
        """(3,) float32."""
        return np.array(self.gain, np.float32)
