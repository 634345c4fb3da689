"""Pictures (and a camera path) to a backdrop; a backdrop and a camera to a set frame; what no picture shows."""

from cyclorama.scenery.build import build_backdrop
from cyclorama.scenery.complete import complete_backdrop
from cyclorama.scenery.draw import draw
from cyclorama.scenery.overscan import SIDES, Unseen, find_unseen

__all__ = ["SIDES", "Unseen", "build_backdrop", "complete_backdrop", "draw", "find_unseen"]
