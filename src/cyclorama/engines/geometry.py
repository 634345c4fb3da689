"""The default engine: the place drawn with the plate's camera behind the plate's own actor. No weights, no painting."""

from dataclasses import replace

import numpy as np

from cyclorama.comp import gain_field, shadow_field, with_film
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.layers import Foreground, Layers, held_out, joined
from cyclorama.core.place import Place
from cyclorama.core.shot import Shot
from cyclorama.scenery import cover, draw


class GeometryEngine:
    """``engines.Engine`` by projection: exact where a reference saw the place, smooth where none did."""

    def render(self, shot: Shot, backdrop: Place, index: int) -> Layers:
        plate = shot.plate.frame(index)
        place = draw(backdrop, shot.path[index], float(index))
        actors, light = shot.foregrounds(index, plate), shot.relighting
        gain = None if light is None or not actors else gain_field(joined(actors), shot.path[index], light)
        layers = Layers(place, actors, gain)
        if shot.shadowing is not None and actors:
            shadow = shadow_field(joined(actors).alpha, place, shot.path[index], index, shot.shadowing)
            layers = replace(layers, shadow=shadow)
        layers = _in_order(shot, backdrop, index, layers)
        return layers if shot.film is None else with_film(layers, shot.film, shot.path, index)


def _in_order(shot: Shot, backdrop: Place, index: int, layers: Layers) -> Layers:
    """With the actors behind what stands before them."""
    if shot.standing is None or shot.occluders is None or not layers.actors or not isinstance(backdrop, Backdrop):
        return layers
    alpha = joined(layers.actors).alpha
    hidden = cover(backdrop, shot.occluders, layers.place, shot.path[index], (shot.standing, index, alpha))
    if hidden is None:
        return layers
    hidden *= alpha > 0
    actors: tuple[Foreground, ...] = tuple(held_out(a, hidden) for a in layers.actors)
    return replace(layers, actors=actors, cover=np.ascontiguousarray(hidden))
