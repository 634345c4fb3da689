"""Plate (and timed references) to camera path: track, solve, interpolate; camera files in and out; and the proof that
a finished shot moves as its camera does."""

from cyclorama.matchmove.camera import Matchmove, SharedPoints, find_camera, triangulate_references
from cyclorama.matchmove.check import SlipCheck, check_slip
from cyclorama.matchmove.files import camera_json, read_camera

__all__ = [
    "Matchmove",
    "SharedPoints",
    "SlipCheck",
    "camera_json",
    "check_slip",
    "find_camera",
    "read_camera",
    "triangulate_references",
]
