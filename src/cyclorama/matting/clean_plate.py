"""A clean plate that the crew shot: the screen without the actor, as a picture or as a clip."""

from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.clip import Clip


@dataclass(frozen=True)
class CleanPlate:
    """``clip``: one frame, or one for every frame of the plate with the same camera move."""

    clip: Clip

    def picture(self, index: int, hw: tuple[int, int]) -> Array:
        """The clean plate of frame ``index`` at a size: h w 3 float32 scene-linear."""
        picture = self.clip.frame(min(index, self.clip.num_frames - 1))
        if picture.shape[:2] == hw:
            return np.ascontiguousarray(picture)
        return np.asarray(cv2.resize(picture, hw[::-1], interpolation=cv2.INTER_AREA), np.float32)
