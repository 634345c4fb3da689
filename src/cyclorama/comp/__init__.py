"""Foreground and set frame to a finished picture: light, relight, lens, film and over."""

from cyclorama.comp.blur_read import Sharpness, Shutter, read_sharpness, read_shutter
from cyclorama.comp.film import finished, with_film
from cyclorama.comp.gloss_read import read_gloss
from cyclorama.comp.grade import grade_between, levels_of, through_glass
from cyclorama.comp.grain_read import missing_grain, read_grain
from cyclorama.comp.light_given import from_panorama, with_key
from cyclorama.comp.light_read import read_place
from cyclorama.comp.light_surfaces import Moment, actor_at, up_of
from cyclorama.comp.mirror import mirror_field
from cyclorama.comp.over import flatten, relit, relit_layers, spread
from cyclorama.comp.place_key import read_key, with_found
from cyclorama.comp.relight import gain_field
from cyclorama.comp.rim import rim_field, with_rim
from cyclorama.comp.shadow import shadow_field

__all__ = [
    "Moment",
    "Sharpness",
    "Shutter",
    "actor_at",
    "finished",
    "flatten",
    "from_panorama",
    "gain_field",
    "grade_between",
    "levels_of",
    "mirror_field",
    "missing_grain",
    "read_gloss",
    "read_grain",
    "read_key",
    "read_place",
    "read_sharpness",
    "read_shutter",
    "relit",
    "relit_layers",
    "rim_field",
    "shadow_field",
    "spread",
    "through_glass",
    "up_of",
    "with_film",
    "with_found",
    "with_key",
    "with_rim",
]
