"""Plate (and timed references) to camera path: track, solve, interpolate; camera files in and out."""
