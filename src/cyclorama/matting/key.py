"""The screen key: alpha and the actor's own colour, frame by frame."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array, require_picture
from cyclorama.core.layers import Foreground
from cyclorama.matting.clean_plate import CleanPlate
from cyclorama.matting.frame import FrameParts, read_frame
from cyclorama.matting.hair import solve_hair
from cyclorama.matting.screen import ScreenModel
from cyclorama.matting.screen_alpha import screen_alpha
from cyclorama.matting.taps import spread
from cyclorama.matting.unmix import unmix


@dataclass(frozen=True)
class ScreenKey:
    """Takes the actor off the screen that ``model`` describes. ``with_spill``: the foregrounds hold their spill.
    ``clean``: the clean plate, where the crew shot one."""

    model: ScreenModel
    with_spill: bool = False
    clean: CleanPlate | None = None

    def foreground(self, index: int, plate: Array) -> Foreground:
        """``plate``: h w 3 float32 scene-linear, at any resolution of the shot. ``ValueError`` for another shape."""
        require_picture("plate", plate)
        plate = np.ascontiguousarray(plate)
        parts = self._parts(index, plate)
        alpha = solve_hair(plate, screen_alpha(plate, parts, self.model), parts.factor)
        return unmix(plate, alpha, parts, self.model, with_spill=self.with_spill)

    def clean_plate(self, index: int, plate: Array) -> Array:
        """The screen of a frame as it would be without actor and markers: h w 3 float32 scene-linear."""
        require_picture("plate", plate)
        parts = self._parts(index, np.ascontiguousarray(plate))
        out = np.empty_like(plate)
        spread(parts.clean, parts.steps[1], out)
        return out

    def _parts(self, index: int, plate: Array) -> FrameParts:
        given = None if self.clean is None else self.clean.picture(index, plate.shape[:2])
        return read_frame(plate, self.model, given)
