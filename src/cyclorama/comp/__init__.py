"""Foreground and set frame to a finished picture: light, relight and over."""

from cyclorama.comp.light_given import from_panorama, with_key
from cyclorama.comp.light_read import read_place
from cyclorama.comp.light_surfaces import Moment, up_of
from cyclorama.comp.over import flatten, relit, relit_layers, spread
from cyclorama.comp.relight import gain_field
from cyclorama.comp.shadow import shadow_field

__all__ = [
    "Moment",
    "flatten",
    "from_panorama",
    "gain_field",
    "read_place",
    "relit",
    "relit_layers",
    "shadow_field",
    "spread",
    "up_of",
    "with_key",
]
