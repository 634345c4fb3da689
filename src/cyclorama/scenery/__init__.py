"""Pictures (and a camera path) to a backdrop; a backdrop and a camera to a set frame."""

from cyclorama.scenery.build import build_backdrop
from cyclorama.scenery.complete import complete_backdrop
from cyclorama.scenery.draw import draw

__all__ = ["build_backdrop", "complete_backdrop", "draw"]
