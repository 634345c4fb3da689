"""One lens, one film: what is done to the place and to the finished frame so that both look shot at once."""

from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Grain:
    """Noise that a picture has, or that it lacks.

    ``levels`` (n,): display values, increasing, at which it is known; held outside. ``sigma`` (n, 3): its standard
    deviation there, red green blue, in display values (1: white). ``size_px``: sigma of the Gaussian that makes it out
    of white noise, of what the channels share and of what tells them apart. ``shared``: correlation of two channels.
    """

    levels: tuple[float, ...]
    sigma: tuple[tuple[float, float, float], ...]
    size_px: tuple[float, float]
    shared: float

    def __post_init__(self) -> None:
        if not self.levels or len(self.levels) != len(self.sigma) or any(a >= b for a, b in pairwise(self.levels)):
            raise ValueError(
                f"grain must be known at increasing levels, got {self.levels} and {len(self.sigma)} sigmas"
            )
        if any(not s >= 0 for row in self.sigma for s in row) or any(not s >= 0 for s in self.size_px):
            raise ValueError(f"sigmas must be 0 or more, got {self.sigma} and {self.size_px}")
        if not 0 <= self.shared < 1:
            raise ValueError(f"shared must be 0 to below 1, got {self.shared}")


@dataclass(frozen=True)
class Bokeh:
    """A thin lens. ``far_px``: diameter of the disc into which a point at infinity is blurred. ``focus``: inverse depth
    that is sharp, one for every frame, in units of the world; 0 means that depth is not known and all lies at
    infinity."""

    far_px: float
    focus: tuple[float, ...]


@dataclass(frozen=True)
class Grade:
    """The place's colour: ``gain`` of all channels, then ``lift`` (3,) added; scene-linear."""

    gain: float
    lift: tuple[float, float, float]


@dataclass(frozen=True)
class Glass:
    """What a lens does to the finished frame. ``vignette``: share of the light that the corners lose; ``aberration``:
    by how much red is larger than green, and green than blue, of the picture's size."""

    vignette: float
    aberration: float


@dataclass(frozen=True)
class Film:
    """What is done, each part absent (0 or None) where it is off. To the place: ``grade``, ``bokeh``, ``soften_px``
    (sigma of a Gaussian), ``shutter`` (of the time of a frame, how long it is open), ``grain`` (what is added). To the
    actor's edge: ``wrap`` (strength). To the finished frame: ``glass``."""

    grade: Grade | None = None
    bokeh: Bokeh | None = None
    soften_px: float = 0.0
    shutter: float = 0.0
    wrap: float = 0.0
    grain: Grain | None = None
    glass: Glass | None = None
