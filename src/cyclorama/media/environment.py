"""Pictures of all directions round a place."""

from pathlib import Path

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.media.gate import require_file
from cyclorama.media.notes import Notes
from cyclorama.media.pictures import read_picture

_BRIGHTER = 1.5  # an HDR panorama shows its lamps or its sky brighter than white


def read_environment(path: Path, notes: Notes) -> Array:
    """An equirectangular panorama (Radiance .hdr, EXR, or a picture) as h w 3 float32, scene-linear, finite, 0 or more.

    ``InputError`` when it is none, is not twice as wide as high, or is larger than 100 megapixels. What holds nothing
    above white is told: lamps and sun are missing from it.
    """
    path = require_file(path)
    image = read_picture(path, notes=notes)
    h, w, _ = image.shape
    if abs(w - 2 * h) > 0.02 * w:
        raise InputError(
            f"{path}: an environment must be an equirectangular panorama, twice as wide as high, got {w} x {h}; "
            "a photograph of the place is a --reference"
        )
    if float(image.max()) <= 0:
        raise InputError(f"{path}: the environment is black; render it again")
    if float(image.max()) < _BRIGHTER:
        notes.add(
            "colour",
            f"{path.name} holds nothing brighter than white: it is no HDR panorama, and lamps and sun are weaker in it "
            "than they were; the light on the actor is softer for it.",
        )
    return np.maximum(image, 0)
