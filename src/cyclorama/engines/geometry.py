"""The default engine: the place drawn with the plate's camera behind the plate's own actor. No weights, no painting."""

from dataclasses import replace

import numpy as np

from cyclorama.comp import gain_field, mirror_field, relit_gain, rim_field, shadow_field, with_film, with_rim
from cyclorama.core.arrays import Array
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.generation import EngineOptions
from cyclorama.core.layers import Foreground, Layers, held_out, joined
from cyclorama.core.place import Place
from cyclorama.core.shot import Shot
from cyclorama.scenery import cover, draw


def made(_: EngineOptions) -> "GeometryEngine":
    """The engine; there is nothing to choose."""
    return GeometryEngine()


class GeometryEngine:
    """``engines.Engine`` by projection: exact where a reference saw the place, smooth where none did."""

    def prepare(self, *_: object) -> tuple[str, ...]:
        """There is nothing to prepare."""
        return ()

    def render(self, shot: Shot, backdrop: Place, index: int) -> Layers:
        plate = shot.plate.frame(index)
        place = draw(backdrop, shot.path[index], float(index))
        actors = shot.foregrounds(index, plate)
        gain = relit_as_given(shot, actors, index, plate)
        if gain is None and shot.relighting is not None and actors:
            normals = None if shot.normals is None else shot.normals.normals(index)
            gain = gain_field(joined(actors), shot.path[index], shot.relighting.at(index), normals)
        return completed(shot, backdrop, index, Layers(place, actors, gain))


def relit_as_given(shot: Shot, actors: tuple[Foreground, ...], index: int, plate: Array) -> Array | None:
    """The gain that a relit clip tells; None where there is none, or nobody. ``plate``: the frame."""
    if shot.relit is None or not actors:
        return None
    actor = joined(actors)
    if shot.relit.with_spill:
        actor = Foreground(plate * actor.alpha[..., None], actor.alpha)
    return relit_gain(actor, shot.relit.clip.frame(index), shot.relit.strength)


def completed(shot: Shot, backdrop: Place, index: int, layers: Layers) -> Layers:
    """With the actors' shadow and mirror image on the place, its light at their edge, what stands before them, and the
    plate's lens and film."""
    rim = None
    if shot.relighting is not None and shot.relighting.rim and layers.actors:
        rim = rim_field(layers.joint.alpha, layers.place.color, shot.relighting.strength)
    if shot.shadowing is not None and layers.actors:
        shadow = shadow_field(layers.joint.alpha, layers.place, shot.path[index], index, shot.shadowing)
        layers = replace(layers, shadow=shadow)
    if shot.mirroring is not None and layers.actors:
        layers = replace(layers, reflection=mirror_field(layers, shot.path[index], index, shot.mirroring))
    layers = _in_order(shot, backdrop, index, layers)
    return with_rim(layers if shot.film is None else with_film(layers, shot.film, shot.path, index), rim)


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
