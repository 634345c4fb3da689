"""What the place is, and what it looks like from one camera."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from cyclorama.core.arrays import Array, readonly, require_picture, require_plane
from cyclorama.core.camera import Camera
from cyclorama.core.ground import GroundPlane

BackdropKind = Literal["still", "panorama", "planes", "layers"]


@dataclass(frozen=True)
class View:
    """One reference picture in the world.

    ``image``: h w 3 float32, scene-linear. ``inverse_depth``: h w float32, 1/z along the camera's optical axis, 0 at
    infinity. ``time``: the frame of the plate whose view it shows (a real number).
    """

    image: Array
    inverse_depth: Array
    camera: Camera
    time: float

    def __post_init__(self) -> None:
        require_picture("image", self.image)
        require_plane("inverse_depth", self.inverse_depth, self.camera.hw)
        if self.image.shape[:2] != self.camera.hw:
            raise ValueError(f"image must have its camera's size {self.camera.hw}, got {self.image.shape[:2]}")
        object.__setattr__(self, "image", readonly(self.image))
        object.__setattr__(self, "inverse_depth", readonly(self.inverse_depth))


@dataclass(frozen=True)
class MadeView:
    """What no picture shows, made up once, in the world.

    As a ``View`` without a time; ``made`` (h w bool) are the pixels that count, and only where no picture shows
    anything. The camera's lens is straight.
    """

    image: Array
    inverse_depth: Array
    made: Array
    camera: Camera

    def __post_init__(self) -> None:
        require_picture("image", self.image)
        require_plane("inverse_depth", self.inverse_depth, self.camera.hw)
        if self.image.shape[:2] != self.camera.hw:
            raise ValueError(f"image must have its camera's size {self.camera.hw}, got {self.image.shape[:2]}")
        if self.made.shape != self.camera.hw or self.made.dtype != np.bool_:
            raise ValueError(f"made must be {self.camera.hw} bool, got {self.made.shape} {self.made.dtype}")
        if not self.camera.lens.is_straight:
            raise ValueError(f"the camera of what is made up must have a straight lens, got {self.camera.lens}")
        for name in ("image", "inverse_depth", "made"):
            object.__setattr__(self, name, readonly(getattr(self, name)))


@dataclass(frozen=True)
class Backdrop:
    """The place, rebuilt from its pictures: views with depth, in the plate's world.

    ``falloff``: how fast a view gives way to the next in time, the power p of 1 / (1 + |dt|)^p. ``assumed``:
    sentences for the report, what was taken for granted while it was built. ``made``: what no view shows; the earlier
    one counts where two do. ``ground``: None where it is not known.
    """

    kind: BackdropKind
    views: tuple[View, ...]
    falloff: float = 3.0
    assumed: tuple[str, ...] = ()
    made: tuple[MadeView, ...] = ()
    ground: GroundPlane | None = None

    def __post_init__(self) -> None:
        if not self.views:
            raise ValueError("a backdrop must hold at least one view, got none")

    @property
    def frames(self) -> tuple[float, ...]:
        """The frames of the plate whose views were given."""
        return tuple(v.time for v in self.views)


@dataclass(frozen=True)
class SetFrame:
    """What scenery draws for one frame.

    ``color``: h w 3 float32, scene-linear, whole. ``inverse_depth``: h w float32. ``coverage``: h w float32, 1 where a
    reference showed it, 0 where it was filled. ``ground``: in the world, None where it is not known.
    """

    color: Array
    inverse_depth: Array
    coverage: Array
    ground: GroundPlane | None = None
