"""Pictures (and a camera path) to a backdrop; a backdrop and a camera to a set frame."""

from cyclorama.scenery.build import build_backdrop
from cyclorama.scenery.draw import draw
from cyclorama.scenery.ground import find_plane, guessed_plane
from cyclorama.scenery.order import cover, occluders
from cyclorama.scenery.stand import Move, moved, spot_of

__all__ = ["Move", "build_backdrop", "cover", "draw", "find_plane", "guessed_plane", "moved", "occluders", "spot_of"]
