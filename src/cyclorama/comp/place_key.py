"""The key light of a place, for the shadow that an actor casts in it: the lamp of a room, or the sun."""

from dataclasses import dataclass

import numpy as np

from cyclorama.comp.key_read import cast_key
from cyclorama.comp.lamp_read import floor_lamp
from cyclorama.comp.light_surfaces import Moment
from cyclorama.comp.shadow import softness_of
from cyclorama.core.arrays import Array
from cyclorama.core.lighting import LUMINANCE, KeyLight, Lighting, even_directions
from cyclorama.core.standing import Standing

_ROOM, _WALLS = 8.0, 0.8  # heights of the actor: in a room, so much of what is seen is no further off
_LAMP, _MOST = 0.25, 0.5  # of the floor's broad shading, what a lamp must explain; of its light, what it must give
_CAST_STOPS, _CAST_MARGIN = 0.4, 1.3  # by how much the place's shadows must be darker; over what lies beside
_SUN_SHARE = 0.6  # of the light on the ground: what is explained falls short of it, as depth is never quite right
_SUN_SPREAD, _WHOLE_STOPS = 0.07, 0.5  # radians that the search may be off where shadows are so much darker
_FROM_ABOVE = 0.3  # of what comes from all sides: more from above than level
_DIRECTIONS = 256
_LEAST_RISE = 0.2


@dataclass(frozen=True)
class FoundKey:
    """``direction`` (3,) unit; ``spread``: sigma of its directions, radians; ``share``: of the light on the ground, 0
    to 1."""

    direction: Array
    spread: float
    share: float


def read_key(moments: tuple[Moment, ...], standing: Standing) -> FoundKey | None:
    """The key where the actor stands, from the bare place with depth at some moments; None where none is sure."""
    near = [m.place.inverse_depth.ravel() * standing.height for m in moments]
    if not any((n > 0).any() for n in near):
        return None
    if float((np.concatenate(near) > 1 / _ROOM).mean()) > _WALLS:
        lamp = floor_lamp(moments, standing)
        if lamp is None or lamp.evidence < _LAMP or lamp.share < _MOST:
            return None
        return FoundKey(lamp.direction, lamp.spread, lamp.share)
    sun = cast_key(moments, standing)
    if sun is None or sun.stops < _CAST_STOPS or sun.margin < _CAST_MARGIN:
        return None
    return FoundKey(sun.direction, _SUN_SPREAD * max(1.0, _WHOLE_STOPS / sun.stops), _SUN_SHARE)


def with_found(light: Lighting, found: FoundKey, up: Array) -> Lighting:
    """``light``, as bright and of the same colour, coming from where the key was found. ``up`` (3,)."""
    even = even_directions(_DIRECTIONS)
    key = found.share / max(float(found.direction @ up), _LEAST_RISE)
    shape = (1 - found.share) * (1 + _FROM_ABOVE * even @ up) + key * np.maximum(even @ found.direction, 0)
    whites = shape[:, None] / shape.mean() * light.mean
    color = light.mean / (light.mean @ LUMINANCE)
    d, c = found.direction, np.maximum(color, 1e-3)
    told = KeyLight((d[0], d[1], d[2]), (c[0], c[1], c[2]), softness_of(found.spread))
    return Lighting.of_whites(whites, even, told, (light.confidence, f"{light.source}, and the key of its shadows"))
