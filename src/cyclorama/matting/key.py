"""The screen key: alpha and the actor's own colour, frame by frame."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array, require_picture
from cyclorama.core.layers import Foreground
from cyclorama.matting.frame import read_frame
from cyclorama.matting.screen import ScreenModel
from cyclorama.matting.unmix import clean_plate, unmix


@dataclass(frozen=True)
class ScreenKey:
    """Takes the actor off the screen that ``model`` describes."""

    model: ScreenModel

    def foreground(self, index: int, plate: Array) -> Foreground:  # noqa: ARG002  a screen key needs no frame number
        """``plate``: h w 3 float32 scene-linear, at any resolution of the shot. ``ValueError`` for another shape."""
        require_picture("plate", plate)
        plate = np.ascontiguousarray(plate)
        return unmix(plate, read_frame(plate, self.model), self.model)

    def clean_plate(self, index: int, plate: Array) -> Array:  # noqa: ARG002
        """The screen of a frame as it would be without actor and markers: h w 3 float32 scene-linear."""
        require_picture("plate", plate)
        return clean_plate(read_frame(np.ascontiguousarray(plate), self.model), plate.shape[:2])
