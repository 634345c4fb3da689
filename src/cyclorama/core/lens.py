"""What a lens does to straight lines.

Stated once: the *picture plane* is z = 1 before the camera. A point whose ray meets it at ``(x, y)`` is seen by the
lens at ``(x, y) (1 + k1 r^2 + k2 r^4)``, r = |(x, y)| (Brown 1971; the RADIAL model of COLMAP, OpenCV's k1 and k2).
Pictures from the lens are *distorted*; pictures that a pinhole would take are *straight*.
"""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array

_STEPS = 20
_TOLERANCE = 1e-14


@dataclass(frozen=True)
class Lens:
    """Radial distortion of one or two terms, for coordinates in focal lengths from the principal point."""

    k1: float = 0.0
    k2: float = 0.0

    def __post_init__(self) -> None:
        if not np.isfinite([self.k1, self.k2]).all():
            raise ValueError(f"the distortion of a lens must be finite, got k1 {self.k1}, k2 {self.k2}")

    @property
    def is_straight(self) -> bool:
        return self.k1 == 0 and self.k2 == 0

    def distorted(self, plane: Array) -> Array:
        """Where the lens shows points of the picture plane, ``(..., 2)``."""
        r2 = (plane * plane).sum(-1, keepdims=True)
        return np.asarray(plane * (1 + r2 * (self.k1 + self.k2 * r2)))

    def straightened(self, seen: Array) -> Array:
        """Points of the picture plane that the lens shows at ``seen``, ``(..., 2)``; the inverse of ``distorted``, by
        Newton's steps on the radius. NaN where the lens shows nothing."""
        if self.is_straight:
            return np.asarray(seen, np.float64)
        target = np.linalg.norm(seen, axis=-1, keepdims=True)
        r = np.minimum(target, self.turn)
        for _ in range(_STEPS):
            r2 = r * r
            slope = np.maximum(1 + r2 * (3 * self.k1 + 5 * self.k2 * r2), 1e-6)
            step = (r * (1 + r2 * (self.k1 + self.k2 * r2)) - target) / slope
            r = np.clip(r - step, 0, self.turn)
            if np.abs(step).max(initial=0) < _TOLERANCE:
                break
        with np.errstate(divide="ignore", invalid="ignore"):
            plane = np.where(target > 0, seen * (r / target), seen)
        missed = np.abs(r * (1 + r * r * (self.k1 + self.k2 * r * r)) - target) > 1e-6 * (1 + target)
        return np.where(missed, np.nan, plane)

    @property
    def turn(self) -> float:
        """Radius of the picture plane, in focal lengths, from which on the lens would fold the picture back over itself
        (infinite where it never does)."""
        a, b = 5 * self.k2, 3 * self.k1  # slope of the seen radius: 1 + b r^2 + a r^4
        inside = b * b - 4 * a
        if inside < 0:
            return float("inf")
        q = -(b + np.copysign(np.sqrt(inside), b)) / 2
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            roots = np.array([1.0, q]) / np.array([q, a])
        outward = roots[roots > 0]
        return float(np.sqrt(outward.min())) if len(outward) else float("inf")


STRAIGHT = Lens()
"""The lens of a pinhole."""
