"""Pictures, a panorama or a clip (and a camera path) to a place; a place and a camera to a set frame."""

from cyclorama.scenery.build import build_backdrop
from cyclorama.scenery.draw import draw
from cyclorama.scenery.footage import screening, seam_s, wall_of
from cyclorama.scenery.panorama import build_sphere, is_panorama, px_per_degree

__all__ = [
    "build_backdrop",
    "build_sphere",
    "draw",
    "is_panorama",
    "px_per_degree",
    "screening",
    "seam_s",
    "wall_of",
]
