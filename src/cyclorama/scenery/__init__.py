"""Pictures, a panorama or a clip (and a camera path) to a place; a place and a camera to a set frame; what no picture
shows."""

from cyclorama.scenery.align_views import USUAL_DISTANCE_M
from cyclorama.scenery.build import build_backdrop
from cyclorama.scenery.complete import complete_backdrop
from cyclorama.scenery.draw import draw
from cyclorama.scenery.exposure import Exposures, Seen, match_exposures
from cyclorama.scenery.footage import screening, seam_s, wall_of
from cyclorama.scenery.ground import find_plane, guessed_plane, shown_plane
from cyclorama.scenery.order import cover, occluders
from cyclorama.scenery.overscan import SIDES, Unseen, find_unseen
from cyclorama.scenery.panorama import build_sphere, is_panorama, px_per_degree
from cyclorama.scenery.stand import Move, moved, spot_of

__all__ = [
    "SIDES",
    "USUAL_DISTANCE_M",
    "Exposures",
    "Move",
    "Seen",
    "Unseen",
    "build_backdrop",
    "build_sphere",
    "complete_backdrop",
    "cover",
    "draw",
    "find_plane",
    "find_unseen",
    "guessed_plane",
    "is_panorama",
    "match_exposures",
    "moved",
    "occluders",
    "px_per_degree",
    "screening",
    "seam_s",
    "shown_plane",
    "spot_of",
    "wall_of",
]
