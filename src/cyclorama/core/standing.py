"""Where the actor stands."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array, readonly
from cyclorama.core.camera import Camera
from cyclorama.core.ground import GroundPlane


@dataclass(frozen=True)
class Standing:
    """``feet`` (t, 3): where the actor meets the ground in every frame, in the world; ``height``: the actor's, in units
    of the world; ``ground``: what is stood on."""

    feet: Array
    height: float
    ground: GroundPlane

    def __post_init__(self) -> None:
        feet = np.asarray(self.feet, np.float64)
        if feet.ndim != 2 or feet.shape[1] != 3 or not np.isfinite(feet).all():
            raise ValueError(f"feet must be finite t x 3, got {feet.shape}")
        if not 0 < self.height < np.inf:
            raise ValueError(f"height must be positive, got {self.height}")
        object.__setattr__(self, "feet", readonly(feet))

    def depth(self, camera: Camera, index: int) -> float:
        """How far the feet of frame ``index`` are from ``camera``, along its optical axis."""
        return float(camera.camera_from_world[2, :3] @ self.feet[index] + camera.camera_from_world[2, 3])
