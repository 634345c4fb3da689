"""The default engine: the place drawn with the plate's camera behind the plate's own actor. No weights, no painting."""

from cyclorama.core.layers import Layers
from cyclorama.core.place import Place
from cyclorama.core.shot import Shot
from cyclorama.scenery import draw


class GeometryEngine:
    """``engines.Engine`` by projection: exact where a reference saw the place, smooth where none did."""

    def render(self, shot: Shot, backdrop: Place, index: int) -> Layers:
        plate = shot.plate.frame(index)
        place = draw(backdrop, shot.path[index], float(index))
        gain = None if shot.lighting is None else shot.lighting.gain_array
        return Layers(place, shot.foregrounds(index, plate), gain)
