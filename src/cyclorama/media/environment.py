"""Pictures of all directions round a place."""

from pathlib import Path

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError
from cyclorama.media.exr import finite
from cyclorama.media.gate import MAX_PICTURE_PIXELS, reading, require_file
from cyclorama.media.notes import Notes
from cyclorama.media.pictures import read_picture

_BRIGHTER = 1.5  # an HDR panorama shows its lamps or its sky brighter than white


def read_environment(path: Path, notes: Notes) -> Array:
    """An equirectangular panorama (Radiance .hdr, EXR, or a picture) as h w 3 float32, scene-linear, finite, 0 or more.

    ``InputError`` when it is none, is not twice as wide as high, or is larger than 100 megapixels. What holds nothing
    above white is told: lamps and sun are missing from it.
    """
    path = require_file(path)
    image = _radiance(path, notes) if path.suffix.lower() in (".hdr", ".pic") else read_picture(path, notes=notes)
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


def _radiance(path: Path, notes: Notes) -> Array:
    with reading(path, "copy the picture again"):
        data = np.frombuffer(path.read_bytes(), np.uint8)
    if bytes(data[:2]) != b"#?":
        raise InputError(f"{path}: is no Radiance picture; give an .hdr, an .exr or a picture")
    image = cv2.imdecode(data, cv2.IMREAD_UNCHANGED)
    if image is None or image.ndim != 3:
        raise InputError(f"{path}: the Radiance picture is damaged or cut off; copy or render it again")
    if image.shape[0] * image.shape[1] > MAX_PICTURE_PIXELS:
        raise InputError(f"{path}: is larger than {MAX_PICTURE_PIXELS // 10**6} megapixels; make it smaller")
    return finite(np.ascontiguousarray(image[..., 2::-1], np.float32), path.name, notes)
