"""The default engine: the place drawn with the plate's camera behind the plate's own actor. No weights, no painting."""

from cyclorama.comp import gain_field
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.layers import Layers, joined
from cyclorama.core.shot import Shot
from cyclorama.scenery import draw


class GeometryEngine:
    """``engines.Engine`` by projection: exact where a reference saw the place, smooth where none did."""

    def render(self, shot: Shot, backdrop: Backdrop, index: int) -> Layers:
        plate = shot.plate.frame(index)
        place = draw(backdrop, shot.path[index], float(index))
        actors = shot.foregrounds(index, plate)
        light = shot.relighting
        gain = None if light is None or not actors else gain_field(joined(actors), shot.path[index], light)
        return Layers(place, actors, gain)
