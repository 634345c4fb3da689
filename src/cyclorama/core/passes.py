"""What other programs give of the actor, frame by frame."""

from dataclasses import dataclass
from typing import Protocol

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip


class Normals(Protocol):
    """Which way the actor's surface faces."""

    def normals(self, index: int) -> Array:
        """Of frame ``index``: h w 3 float32 of any size, unit, x right, y down, z towards the camera; 0 where none is
        known. ``IndexError`` outside, ``InputError`` when damaged."""
        ...


@dataclass(frozen=True)
class Relit:
    """The actor under another light. ``clip``: the plate's frames, of any size of its aspect; only what lies well
    inside the matte counts. ``strength``: above 0, at most 1. ``with_spill``: it was made from the plate as shot, so
    that the screen's light is on the actor."""

    clip: Clip
    strength: float
    with_spill: bool = False

    def __post_init__(self) -> None:
        if not 0 < self.strength <= 1:
            raise ValueError(f"strength must be above 0 and at most 1, got {self.strength}")
