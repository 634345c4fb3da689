"""The actors' layers and what an engine returns for a frame."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np

from cyclorama.core.arrays import Array, require_picture, require_plane
from cyclorama.core.backdrop import SetFrame


@dataclass(frozen=True)
class Foreground:
    """The actor's own clean colour: ``color`` h w 3 float32 scene-linear, *premultiplied*; ``alpha`` h w float32,
    0..1; ``spill`` h w 3: the screen's light that was taken off the actor, premultiplied (None: not asked for, or no
    screen): ``color + spill`` is the actor as shot. Colour is unclipped: where alpha is 1 it is as negative as the
    plate was."""

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


@runtime_checkable
class LayeredKey(Key, Protocol):
    """A key that tells several actors and props apart; its ``foreground`` is all of them as one."""

    @property
    def num_layers(self) -> int: ...

    def foregrounds(self, index: int, plate: Array) -> tuple[Foreground, ...]:
        """``num_layers`` foregrounds, layer 1 first; their alphas are shares of the pixel and sum to at most 1."""
        ...


def foregrounds_of(key: Key, index: int, plate: Array) -> tuple[Foreground, ...]:
    """Every layer of any key, layer 1 first."""
    return key.foregrounds(index, plate) if isinstance(key, LayeredKey) else (key.foreground(index, plate),)


def joined(actors: tuple[Foreground, ...]) -> Foreground:
    """All layers as one: their sums; the one itself when there is one. At least one."""
    if len(actors) == 1:
        return actors[0]
    color, alpha = np.zeros_like(actors[0].color), np.zeros_like(actors[0].alpha)
    for actor in actors:
        color += actor.color
        alpha += actor.alpha
    spills = [a.spill for a in actors if a.spill is not None]
    spill = np.sum(spills, axis=0) if len(spills) == len(actors) else None
    return Foreground(color, np.minimum(alpha, np.float32(1.0), out=alpha), spill)


def held_out(actor: Foreground, cover: Array) -> Foreground:
    """The actor without what is covered. ``cover``: h w float32, 0..1."""
    seen = (np.float32(1.0) - cover).astype(np.float32)
    spill = None if actor.spill is None else actor.spill * seen[..., None]
    return Foreground(actor.color * seen[..., None], actor.alpha * seen, spill)


@dataclass(frozen=True)
class Layers:
    """A finished frame in its parts. A layer that is switched off is absent.

    ``place``: the set behind the actors. ``actors``: layer 1, 2, ...; premultiplied, and shares of the pixel: where
    they overlap, what is behind has been cut already, so their alphas sum to at most 1. ``relight_gain``: small,
    h' w' 4 float32 over the whole picture, what the actors' red, green, blue and luminance are multiplied by: colour by
    the first three, and then its luminance is set by the fourth. ``cover``: h w float32, 0..1, how much of each pixel
    things of the place hide that stand before the actors; they are held out of ``actors`` already. ``shadow``: small,
    h' w' 3 float32 over the whole picture, 0..1, what the place is multiplied by for the actors' shadow on it.
    ``reflection``: small, h' w' 6 float32 over the whole picture: what the shadowed place is multiplied by where the
    actors hide what its ground mirrors (3), and then the light of their own mirror image that is added to it (3).
    ``laid_gain``: h w 3 float32, what the actors were multiplied by where ``relight_gain`` lies on them already.
    ``wrap``: small, h' w' 3 float32 over the whole picture, the place's light that is added over the actors' alpha.
    ``grain``: h w 3 float32, added to the picture as it is; nothing where the actors are whole.
    """

    place: SetFrame
    actors: tuple[Foreground, ...]
    relight_gain: Array | None = None
    cover: Array | None = None
    shadow: Array | None = None
    reflection: Array | None = None
    laid_gain: Array | None = None
    wrap: Array | None = None
    grain: Array | None = None

    @property
    def joint(self) -> Foreground:
        """All actors as one."""
        if not self.actors:
            nothing = np.zeros_like(self.place.color)
            return Foreground(nothing, nothing[..., 0].copy())
        return joined(self.actors)
