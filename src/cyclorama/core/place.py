"""What a place may be besides pictures with depth: a sphere of all directions, or a clip."""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array, readonly, require_picture
from cyclorama.core.backdrop import Backdrop
from cyclorama.core.camera import Camera
from cyclorama.core.clip import Clip


@dataclass(frozen=True)
class Sphere:
    """All directions around one place, at infinity: equirectangular pictures, h 2h 3 float32 scene-linear, finest
    first, each half the one before.

    In the sphere's axes (OpenCV: x right, y down, z forward) the middle column looks along z and columns turn to the
    right; the top row is up. ``world_from_sphere``: 3 x 3 rotation.
    """

    images: tuple[Array, ...]
    world_from_sphere: Array

    def __post_init__(self) -> None:
        if not self.images:
            raise ValueError("a sphere must hold at least one picture, got none")
        for image in self.images:
            require_picture("image", image)
        turn = np.asarray(self.world_from_sphere, np.float64)
        if turn.shape != (3, 3) or not np.allclose(turn @ turn.T, np.eye(3), atol=1e-6) or np.linalg.det(turn) < 0:
            raise ValueError(f"world_from_sphere must be a 3 x 3 rotation, got {turn.tolist()}")
        object.__setattr__(self, "images", tuple(readonly(i) for i in self.images))
        object.__setattr__(self, "world_from_sphere", readonly(turn))

    @property
    def kind(self) -> str:
        return "sphere"

    @property
    def frames(self) -> tuple[float, ...]:
        """The frames of the plate whose view was given: none."""
        return ()


@dataclass(frozen=True)
class Shown:
    """What of a clip is on screen at a frame of the plate: its frame ``index`` in pass ``turn``; and in a seam, with
    the share ``fading`` (0..1), its frame ``last`` in the pass before."""

    index: int
    turn: int = 0
    last: int = 0
    fading: float = 0.0


@dataclass(frozen=True)
class Wall:
    """A picture that stands upright before a camera: ``camera``, whose whole picture it is, and ``inverse_depth``, 1
    over its distance along the optical axis (0 at infinity). ``time``: the frame of the plate that looks there."""

    camera: Camera
    inverse_depth: float
    time: float

    def __post_init__(self) -> None:
        if not 0 <= self.inverse_depth < np.inf:
            raise ValueError(f"inverse_depth must be 0 or more, got {self.inverse_depth}")


@dataclass(frozen=True)
class Footage:
    """A place that moves. ``readers``: one clip opened twice where it comes round (passes take turns, so that a seam
    reads both in order), else once. ``shown``: for every frame of the plate. ``wall``: where its frames stand; None for
    a clip that already moves as the plate's camera does.
    """

    readers: tuple[Clip, ...]
    shown: tuple[Shown, ...]
    wall: Wall | None

    def __post_init__(self) -> None:
        if not self.readers or not self.shown:
            raise ValueError(f"footage must hold a clip and frames, got {len(self.readers)} and {len(self.shown)}")

    @property
    def kind(self) -> str:
        return "footage"

    @property
    def frames(self) -> tuple[float, ...]:
        """The frames of the plate whose view was given."""
        return () if self.wall is None else (self.wall.time,)

    def picture(self, frame: int) -> Array:
        """What the clip shows at a frame of the plate, h w 3 float32, fresh."""
        shown = self.shown[frame]
        picture = self._reader(shown.turn).frame(shown.index)
        if not shown.fading:
            return picture
        last = self._reader(shown.turn - 1).frame(shown.last)
        picture *= np.float32(1 - shown.fading)
        last *= np.float32(shown.fading)
        picture += last
        return picture

    def _reader(self, turn: int) -> Clip:
        return self.readers[turn % len(self.readers)]


Place = Backdrop | Sphere | Footage
"""What an engine draws."""
