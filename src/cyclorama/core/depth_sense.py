"""Which way the values of a depth picture run."""

from typing import Literal

DepthSense = Literal["metric", "depth", "inverse"]
"""Metres along the optical axis; larger where farther, up to a scale and a shift; larger where nearer: 1/z up to a
scale and a shift."""
