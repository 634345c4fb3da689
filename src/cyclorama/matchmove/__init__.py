"""Plate (and timed references) to camera path: track, solve, interpolate; camera files in and out."""

from cyclorama.matchmove.camera import Matchmove, SharedPoints, find_camera, triangulate_references
from cyclorama.matchmove.files import camera_json, read_camera

__all__ = ["Matchmove", "SharedPoints", "camera_json", "find_camera", "read_camera", "triangulate_references"]
