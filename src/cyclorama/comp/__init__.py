"""Foreground and set frame to a finished picture: light, relight, lens, film and over."""

from cyclorama.comp.blur_read import Sharpness, Shutter, read_sharpness, read_shutter
from cyclorama.comp.film import finished, with_film
from cyclorama.comp.gloss_read import read_gloss
from cyclorama.comp.grade import grade_between, levels_of, through_glass
from cyclorama.comp.grain_read import missing_grain, read_grain
from cyclorama.comp.light_course import COURSE_LONG_SIDE, cells_hw, clip_course, settled
from cyclorama.comp.light_given import from_panorama, with_key
from cyclorama.comp.light_path import path_stops, walks
from cyclorama.comp.light_read import read_place
from cyclorama.comp.light_surfaces import Moment, actor_at, up_of
from cyclorama.comp.mirror import mirror_field
from cyclorama.comp.normals_read import DepthSense, NormalSense, read_relief, read_sense
from cyclorama.comp.over import flatten, relit, relit_layers, spread
from cyclorama.comp.place_key import read_key, with_found
from cyclorama.comp.relight import gain_field
from cyclorama.comp.relight_given import likeness, relit_gain, told_spill
from cyclorama.comp.rim import rim_field, with_rim
from cyclorama.comp.shadow import shadow_field

__all__ = [
    "COURSE_LONG_SIDE",
    "DepthSense",
    "Moment",
    "NormalSense",
    "Sharpness",
    "Shutter",
    "actor_at",
    "cells_hw",
    "clip_course",
    "finished",
    "flatten",
    "from_panorama",
    "gain_field",
    "grade_between",
    "levels_of",
    "likeness",
    "mirror_field",
    "missing_grain",
    "path_stops",
    "read_gloss",
    "read_grain",
    "read_key",
    "read_place",
    "read_relief",
    "read_sense",
    "read_sharpness",
    "read_shutter",
    "relit",
    "relit_gain",
    "relit_layers",
    "rim_field",
    "settled",
    "shadow_field",
    "spread",
    "through_glass",
    "told_spill",
    "up_of",
    "walks",
    "with_film",
    "with_found",
    "with_key",
    "with_rim",
]
