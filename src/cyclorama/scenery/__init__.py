"""Pictures (and a camera path) to a backdrop; a backdrop and a camera to a set frame."""

from cyclorama.scenery.align_views import USUAL_DISTANCE_M
from cyclorama.scenery.build import build_backdrop
from cyclorama.scenery.draw import draw

__all__ = ["USUAL_DISTANCE_M", "build_backdrop", "draw"]
