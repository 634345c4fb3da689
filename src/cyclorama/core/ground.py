"""The ground: a plane of the world."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array, readonly
from cyclorama.core.camera import Camera


@dataclass(frozen=True)
class GroundPlane:
    """The plane ``normal . X = offset``; ``normal`` (3,) of length 1 points up, out of the ground. ``confidence``
    0..1: how much of what was seen where the ground should be lies on it."""

    normal: Array
    offset: float
    confidence: float = 1.0

    def __post_init__(self) -> None:
        normal = np.asarray(self.normal, np.float64)
        if normal.shape != (3,) or not abs(float(np.linalg.norm(normal)) - 1) < 1e-6:
            raise ValueError(f"the normal of the ground must be (3,) of length 1, got {normal.tolist()}")
        if not np.isfinite(self.offset) or not 0 <= self.confidence <= 1:
            raise ValueError(f"offset must be finite, confidence 0..1, got {self.offset} and {self.confidence}")
        object.__setattr__(self, "normal", readonly(normal))

    def height(self, points: Array) -> Array:
        """How far points (..., 3) are over it, negative below."""
        return np.asarray(points @ self.normal - self.offset)

    def where(self, camera: Camera, px: Array) -> Array:
        """Points (n, 3) of the ground seen at pixels (n, 2); NaN from the horizon up."""
        ray = camera.unproject(px, np.ones(len(px))) - camera.center
        with np.errstate(divide="ignore", invalid="ignore"):
            far = -self.height(camera.center) / (ray @ self.normal)
        return np.asarray(camera.center + np.where(far > 0, far, np.nan)[:, None] * ray)

    def horizon(self, camera: Camera, column: float) -> float:
        """The row, in pixels of ``camera``'s pinhole, where the ground ends at ``column``; NaN when it does nowhere."""
        a, b, c = np.linalg.inv(camera.px_from_cam).T @ camera.world_from_camera[:3, :3].T @ self.normal
        return float(-(a * column + c) / b) if abs(b) > 1e-12 else float("nan")
