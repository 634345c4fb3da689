"""The actor's layer and what an engine returns for a frame."""

from dataclasses import dataclass
from typing import Protocol

from cyclorama.core.arrays import Array, require_picture, require_plane
from cyclorama.core.backdrop import SetFrame


@dataclass(frozen=True)
class Foreground:
    """The actor's own clean colour: ``color`` h w 3 float32 scene-linear, *premultiplied*; ``alpha`` h w float32,
    0..1; ``spill`` h w 3: the screen's light that was taken off the actor, premultiplied (None: not asked for, or no
    screen): ``color + spill`` is the actor as shot."""

    color: Array
    alpha: Array
    spill: Array | None = None

    def __post_init__(self) -> None:
        require_picture("color", self.color)
        require_plane("alpha", self.alpha, self.color.shape[:2])
        if self.spill is not None:
            require_picture("spill", self.spill)


class Key(Protocol):
    """Takes the actor off a plate, frame by frame."""

    def foreground(self, index: int, plate: Array) -> Foreground:
        """``plate``: frame ``index``, h w 3 float32, scene-linear."""
        ...


@dataclass(frozen=True)
class Layers:
    """A finished frame in its parts. A layer that is switched off is absent.

    ``place``: the set behind the actor. ``actor``: premultiplied. ``relight_gain``: (3,) float32, what the actor's
    colour is multiplied by.
    """

    place: SetFrame
    actor: Foreground
    relight_gain: Array | None = None
