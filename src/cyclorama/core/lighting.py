"""What shines where the actor stands."""

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from cyclorama.core.arrays import Array, readonly

LUMINANCE = np.array([0.2126, 0.7152, 0.0722])
"""Of linear Rec.709."""
BLACK = 0.002
"""Luminance that counts as black: the detail of log(luminance + this) is what a gain leaves as it is."""
MAX_STOPS = 16.0
_DARKEST = 2.0**-MAX_STOPS
_DIRECTIONS = 256
STAGE_FROM_ABOVE = 0.3
"""Stops by which a surface that faces up is brighter on a stage than one that faces the camera."""


def harmonics(directions: Array) -> Array:
    """Real spherical harmonics to order 2 of unit directions (..., 3): (..., 9), as Ramamoorthi and Hanrahan (2001)
    order them."""
    x, y, z = np.moveaxis(np.asarray(directions), -1, 0)
    return np.stack(
        [
            np.full_like(x, 0.282095),
            0.488603 * y,
            0.488603 * z,
            0.488603 * x,
            1.092548 * x * y,
            1.092548 * y * z,
            0.315392 * (3 * z * z - 1),
            1.092548 * x * z,
            0.546274 * (x * x - y * y),
        ],
        -1,
    )


def even_directions(count: int) -> Array:
    """Unit vectors spread evenly over the sphere, (count, 3): a Fibonacci lattice."""
    i = np.arange(count) + 0.5
    z, turn = 1 - 2 * i / count, np.pi * (1 + 5**0.5) * i
    flat = np.sqrt(1 - z * z)
    return np.stack([np.cos(turn) * flat, np.sin(turn) * flat, z], 1)


def across(direction: Array) -> Array:
    """Rows: two unit axes across a unit direction, and itself, 3 x 3."""
    first = np.cross(direction, np.eye(3)[int(np.abs(direction).argmin())])
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(direction, first), direction])


@dataclass(frozen=True)
class KeyLight:
    """Where most of the light comes from. ``direction``: unit, towards the light, in the world of the camera path;
    ``color``: red green blue, luminance 1; ``softness``: 0 a point, 1 as even as an overcast sky."""

    direction: tuple[float, float, float]
    color: tuple[float, float, float]
    softness: float

    def __post_init__(self) -> None:
        if len(self.direction) != 3 or not abs(np.linalg.norm(self.direction) - 1) < 1e-3:
            raise ValueError(f"direction must be a unit vector, got {self.direction}")
        if len(self.color) != 3 or not all(0 < c < 100 for c in self.color):
            raise ValueError(f"color must be three numbers in 0..100, got {self.color}")
        if not 0 <= self.softness <= 1:
            raise ValueError(f"softness must be 0..1, got {self.softness}")


@dataclass(frozen=True)
class Lighting:
    """``ambient``: 9 x 3 harmonics of what a white matte surface shows that faces a direction, scene-linear, key and
    all; axes of the camera path's world. ``confidence``: 0 a guess, 1 measured. ``source``: what told it."""

    ambient: tuple[tuple[float, float, float], ...]
    key: KeyLight | None
    confidence: float
    source: str

    def __post_init__(self) -> None:
        array = np.asarray(self.ambient, np.float64)
        if array.shape != (9, 3) or not np.isfinite(array).all() or not (array[0] > 0).all():
            raise ValueError(f"ambient must be finite 9 x 3 with a positive first row, got {self.ambient}")
        if not 0 <= self.confidence <= 1:
            raise ValueError(f"confidence must be 0..1, got {self.confidence}")

    @classmethod
    def of_whites(cls, whites: Array, directions: Array, key: KeyLight | None, told: tuple[float, str]) -> "Lighting":
        """From what white shows towards evenly spread ``directions``: ``whites`` (n, 3), least squares. ``told``:
        confidence and source."""
        found = np.linalg.lstsq(harmonics(directions), whites, rcond=None)[0]
        return cls(_rows(found), key, *told)

    @cached_property
    def coefficients(self) -> Array:
        """``ambient`` as an array, (9, 3) float64."""
        return readonly(np.asarray(self.ambient, np.float64))

    def stops(self, normals: Array) -> Array:
        """log2 of what white shows towards ``normals`` (..., 3): (..., 3)."""
        return np.log2(np.maximum(harmonics(normals) @ self.coefficients, _DARKEST))

    @property
    def mean(self) -> Array:
        """What white shows on average over all directions, (3,)."""
        return self.coefficients[0] * 0.282095

    @property
    def exposure(self) -> float:
        """log2 of the luminance of ``mean``: stops against a white that shows 1."""
        return float(np.log2(max(self.mean @ LUMINANCE, _DARKEST)))

    @property
    def white(self) -> tuple[float, float, float]:
        """The colour of ``mean``, luminance 1."""
        white = self.mean / (self.mean @ LUMINANCE)
        return (float(white[0]), float(white[1]), float(white[2]))

    def moved(self, stops: Array | float) -> "Lighting":
        """With so many more stops, one number or (3,), from every direction."""
        ambient = _rows(self.coefficients * 2.0 ** np.asarray(stops))
        return Lighting(ambient, self.key, self.confidence, self.source)

    def record(self) -> dict[str, Any]:
        """For JSON; exposure and white are for the reader."""
        key = self.key and {
            "direction": list(self.key.direction),
            "color": list(self.key.color),
            "softness": self.key.softness,
        }
        own = {"exposure": round(self.exposure, 3), "white": [round(w, 3) for w in self.white], "key": key}
        return {**own, "ambient": [list(r) for r in self.ambient], "confidence": self.confidence, "source": self.source}

    @classmethod
    def from_record(cls, record: dict[str, Any]) -> "Lighting":
        key = record["key"]
        if key is not None:
            key = KeyLight(tuple(key["direction"]), tuple(key["color"]), key["softness"])
        return cls(tuple(tuple(r) for r in record["ambient"]), key, record["confidence"], record["source"])


def _rows(array: Array) -> tuple[tuple[float, float, float], ...]:
    return tuple((float(r), float(g), float(b)) for r, g, b in array)


def studio(up: Array) -> Lighting:
    """The light of a stage as crews light it: white shows 1, somewhat more from above. ``up``: (3,) of the world."""
    directions = even_directions(_DIRECTIONS)
    whites = 2.0 ** (STAGE_FROM_ABOVE * directions @ up)
    return Lighting.of_whites(np.repeat(whites[:, None], 3, 1), directions, None, (0.5, "a stage as crews light it"))


@dataclass(frozen=True)
class Relighting:
    """From the stage's light to the place's, by a ``strength`` of 0..1. ``rim``: the place shines on his edge, too; not
    where his edge still has the light of the place that he was shot in. ``course``: by how many stops each channel of
    the place's light differs in every frame of the shot, n of 3; empty where it is the same all along."""

    stage: Lighting
    place: Lighting
    strength: float
    rim: bool = True
    course: tuple[tuple[float, float, float], ...] = ()

    def __post_init__(self) -> None:
        wrong = [row for row in self.course if len(row) != 3 or not all(abs(x) <= MAX_STOPS for x in row)]
        if wrong:
            raise ValueError(f"a course must be three stops within {MAX_STOPS:g} a frame, got {wrong[0]}")
        if not 0 < self.strength <= 1:
            raise ValueError(
                f"strength must be above 0 and at most 1 (none at all: no relighting), got {self.strength}"
            )

    def stops(self, normals: Array) -> Array:
        """By how many stops each channel of a surface changes that faces ``normals`` (..., 3): (..., 3)."""
        return np.asarray(self.strength * (self.place.stops(normals) - self.stage.stops(normals)))

    def at(self, index: int) -> "Relighting":
        """The light of a frame, which has no course: this itself where it is the same all along. ``IndexError`` outside
        the course."""
        if not self.course:
            return self
        return replace(self, place=self.place.moved(np.array(self.course[index])), course=())

    def json(self) -> str:
        record: dict[str, Any] = {
            "axes": "the world of camera.json; ambient: real spherical harmonics to order 2 of what a white matte "
            "surface shows that faces a direction, scene-linear Rec.709",
            "strength": self.strength,
            "rim": self.rim,
            "stage": self.stage.record(),
            "place": self.place.record(),
        }
        if self.course:
            record["course"] = [list(row) for row in self.course]
        return json.dumps(record, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Relighting":
        record = json.loads(text)
        stage, place = (Lighting.from_record(record[name]) for name in ("stage", "place"))
        course = tuple(tuple(row) for row in record.get("course", ()))
        return cls(stage, place, record["strength"], record["rim"], course)
