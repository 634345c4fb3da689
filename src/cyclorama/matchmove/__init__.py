"""Plate (and timed references) to camera path: track, solve, interpolate; camera files in and out; and the proof that
a finished shot moves as its camera does."""

from cyclorama.matchmove.camera import ANALYSIS_LONG_SIDE, Matchmove, SharedPoints, find_camera, triangulate_references
from cyclorama.matchmove.camera_axes import FILM_BACK_MM, CameraShot
from cyclorama.matchmove.camera_files import (
    FORMATS,
    CameraFormat,
    format_of_output,
    read_camera,
    read_shot,
    write_camera,
)
from cyclorama.matchmove.check import SlipCheck, check_slip
from cyclorama.matchmove.colmap import PARTS as COLMAP_PARTS
from cyclorama.matchmove.files import camera_json
from cyclorama.matchmove.ground import USUAL_HEIGHT_M, Figures, Ground, NoGround, find_ground, height_on
from cyclorama.matchmove.move_on import with_moves
from cyclorama.matchmove.move_path import check_times
from cyclorama.matchmove.order import Placed, place_pictures
from cyclorama.matchmove.residuals import track_residuals
from cyclorama.matchmove.tracks import Tracks
from cyclorama.matchmove.views import Views, aside, hidden_misfits, loose_sentence, upside_down, views_of
from cyclorama.matchmove.zooms import zooms_of

__all__ = [
    "ANALYSIS_LONG_SIDE",
    "COLMAP_PARTS",
    "FILM_BACK_MM",
    "FORMATS",
    "USUAL_HEIGHT_M",
    "CameraFormat",
    "CameraShot",
    "Figures",
    "Ground",
    "Matchmove",
    "NoGround",
    "Placed",
    "SharedPoints",
    "SlipCheck",
    "Tracks",
    "Views",
    "aside",
    "camera_json",
    "check_slip",
    "check_times",
    "find_camera",
    "find_ground",
    "format_of_output",
    "height_on",
    "hidden_misfits",
    "loose_sentence",
    "place_pictures",
    "read_camera",
    "read_shot",
    "track_residuals",
    "triangulate_references",
    "upside_down",
    "views_of",
    "with_moves",
    "write_camera",
    "zooms_of",
]
