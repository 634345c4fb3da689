"""Pictures of the place."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array, readonly, require_picture
from cyclorama.core.depth import DepthPicture


@dataclass(frozen=True)
class Reference:
    """One picture of the place: ``image`` h w 3 float32 scene-linear; ``frame``, the frame of the plate whose view it
    shows; ``name`` for messages; ``through_lens``: it was taken through the plate's lens, else it is straight;
    ``zoom``: its focal length over the plate's, of pictures that are scaled to cover the plate's frame; ``depth``: how
    far everything in it is, where that was given."""

    image: Array
    frame: int
    name: str
    through_lens: bool = False
    zoom: float = 1.0
    depth: DepthPicture | None = None

    def __post_init__(self) -> None:
        require_picture("image", self.image)
        if not np.isfinite(self.image).all():
            raise ValueError(f"the image of {self.name} must be finite")
        if not 0 < self.zoom < np.inf:
            raise ValueError(f"the zoom of {self.name} must be positive, got {self.zoom}")
        object.__setattr__(self, "image", readonly(self.image))
