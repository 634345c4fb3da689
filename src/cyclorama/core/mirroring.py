"""What an actor's mirror image in a glossy ground is made from."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array, readonly
from cyclorama.core.standing import Standing

_NORMAL_REFLECTANCE = 0.04
"""Of the light that falls straight on a surface without metal, the share that it mirrors (index of refraction 1.5)."""


def schlick(cosine: Array) -> Array:
    """The share of light that a smooth surface without metal mirrors to an eye, by the cosine between its direction and
    the surface's (Schlick 1994)."""
    return np.asarray(_NORMAL_REFLECTANCE + (1 - _NORMAL_REFLECTANCE) * (1 - cosine) ** 5)


@dataclass(frozen=True)
class Gloss:
    """How a ground mirrors: ``roughness``, the width of the slopes of its facets (alpha of Walter et al. 2007, GGX),
    above 0, at most 1; ``reflectance``, of what a smooth surface without metal mirrors (Schlick 1994), above 0;
    ``matte`` (3,) scene-linear: what it shows where it mirrors nothing; ``evidence`` 0..1: the share of what varies
    over the ground that its mirror image explains."""

    roughness: float
    reflectance: float
    matte: tuple[float, float, float]
    evidence: float

    def __post_init__(self) -> None:
        if not 0 < self.roughness <= 1 or not 0 < self.reflectance < np.inf:
            words = f"got {self.roughness} and {self.reflectance}"
            raise ValueError(f"roughness must be above 0 and at most 1, reflectance above 0, {words}")
        if not (np.isfinite(self.matte).all() and min(self.matte) >= 0):
            raise ValueError(f"matte must be three numbers of 0 or more, got {self.matte}")


@dataclass(frozen=True)
class Mirroring:
    """``standing``: where the actor stands; ``seen`` (t,), 0..1: how well the feet of every frame are known; ``gloss``
    of the ground; ``sources`` (n, 7) float32: what is mirrored in it: points of the world, their scene-linear light,
    and the areas that they stand for, as the camera faces them; ``strength``: 0..1."""

    standing: Standing
    seen: Array
    gloss: Gloss
    sources: Array
    strength: float

    def __post_init__(self) -> None:
        seen, sources = np.asarray(self.seen, np.float64), np.asarray(self.sources, np.float32)
        if seen.shape != (len(self.standing.feet),) or not ((seen >= 0) & (seen <= 1)).all():
            raise ValueError(f"seen must be one number in 0..1 for every frame, got {seen.shape}")
        if not 0 < self.strength <= 1:
            raise ValueError(f"strength must be above 0 and at most 1 (none at all: no mirror), got {self.strength}")
        if sources.ndim != 2 or sources.shape[1] != 7 or not len(sources) or not np.isfinite(sources).all():
            raise ValueError(f"sources must be finite n x 7, got {sources.shape}")
        object.__setattr__(self, "seen", readonly(seen))
        object.__setattr__(self, "sources", readonly(sources))
