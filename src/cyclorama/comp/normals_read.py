"""How another program wrote an actor's normals or depth, told from the values and from his outline."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from cyclorama.comp.relight import cells_of, field_hw
from cyclorama.comp.relight_normals import inflated_normals
from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError

_DARK = 1.5 / 255  # three codes up to this say that there is no normal
_SHORT = 0.1
_UNIT = 0.15  # by how much the length of a normal may differ from 1
_INSIDE, _SOLID = 0.5, 0.9  # alpha of a cell
_AWAY, _MOST_AWAY = -0.2, 0.2  # z of a surface that nobody sees; the share of the actor that may have it
_STEEP = 4.0  # rise over run of a relief from which it is a jump to something else
_FOLLOWS, _RISES = 0.25, 0.15  # correlation with the outline from which normals and a relief are his


@dataclass(frozen=True)
class NormalSense:
    """``coded``: 0..1 stands for -1..1. ``signs``: what x, y and z are multiplied by, to run right, up and towards the
    camera."""

    coded: bool
    signs: tuple[float, float, float]

    def normals(self, values: Array) -> Array:
        """As ``core.passes.Normals`` gives them, of values as they are stored (NaN: none)."""
        found = 2 * values - 1 if self.coded else values.copy()
        found *= np.array(self.signs, np.float32) * np.array([1, -1, 1], np.float32)
        length = np.linalg.norm(found, axis=-1, keepdims=True)
        known = np.isfinite(length) & (length > _SHORT)
        if self.coded:
            known &= (values > _DARK).any(-1, keepdims=True)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(known, found / length, 0).astype(np.float32)

    @property
    def notes(self) -> tuple[str, ...]:
        """What was turned, in words."""
        way = dict(zip("xyz", ("left", "down (as DirectX has it)", "away from the camera")))
        turned = [f"{axis} ran {way[axis]}" for axis, sign in zip("xyz", self.signs) if sign < 0]
        return (f"the normals' {' and '.join(turned)}, as his outline shows; that was turned.",) if turned else ()


def read_sense(values: Sequence[Array], alphas: Sequence[Array], *, whole_numbers: bool) -> NormalSense:
    """From some frames: values as they are stored, h w 3, and the actor's alpha. ``InputError``, to be led by the name
    of the clip, where they are no normals of his as a camera sees them."""
    coded = whole_numbers or _is_coded(values, alphas)
    plain = NormalSense(coded, (1.0, 1.0, 1.0))
    small = [(_cells(plain.normals(v), a), cells_of(a)) for v, a in zip(values, alphas)]
    own = np.concatenate([n[a > _INSIDE] for n, a in small])
    outline = np.concatenate([inflated_normals(a)[a > _INSIDE] for _, a in small])
    known = np.linalg.norm(own, axis=-1) > _SHORT
    if not known.any():
        raise InputError("holds no normals where the actor is; export them for his matte")
    own, outline = own[known], outline[known]
    like = [_correlation(own[:, c], outline[:, c]) for c in range(2)]
    toward = 1.0 if own[:, 2].mean() >= 0 else -1.0
    away = float((toward * own[:, 2] < _AWAY).mean())
    if away > _MOST_AWAY or abs(like[0]) < _FOLLOWS:
        raise InputError(
            f"its normals do not fit the actor's outline (x agrees with it by {like[0]:.2f} of 1, and {away:.0%} of "
            "him faces away); export them in camera space: x right, y up, z towards the camera"
        )
    return NormalSense(coded, (1.0 if like[0] > 0 else -1.0, -1.0 if like[1] < -_FOLLOWS else 1.0, toward))


@dataclass(frozen=True)
class DepthSense:
    """``scale``: the height towards the camera, in cells of ``field_hw``, that one of the values stands for; negative
    where nearer is smaller."""

    scale: float

    def normals(self, values: Array) -> Array:
        """As ``core.passes.Normals`` gives them, in cells, of values h w (NaN: none); 0 at jumps."""
        slopes = self.scale * _slopes(values)
        known = np.hypot(slopes[..., 0], slopes[..., 1]) < _STEEP
        found = np.dstack([-slopes, np.ones(known.shape)])
        found /= np.linalg.norm(found, axis=-1, keepdims=True)
        return np.where(known[..., None], found, 0).astype(np.float32)


def read_relief(values: Sequence[Array], alphas: Sequence[Array]) -> DepthSense:
    """How high a depth pass is, from some frames: values h w (NaN: none) of any scale, sense and offset, and the
    actor's alpha. Its relief is as steep as the one that his outline tells. ``InputError``, to be led by the name of
    the clip, where it is no depth of his."""
    steep, outline = [], []
    for value, alpha in zip(values, alphas):
        slopes = _slopes(value)
        small = cv2.resize(alpha, slopes.shape[1::-1], interpolation=cv2.INTER_AREA)
        there = (cv2.erode(small, np.ones((3, 3), np.uint8)) > _SOLID) & np.isfinite(slopes).all(-1)
        facing = inflated_normals(small)[there]
        steep.append(slopes[there])
        outline.append(-facing[:, :2] / np.maximum(facing[:, 2:], _SHORT))
    own, wanted = np.concatenate(steep), np.concatenate(outline)
    usual = [float(np.median(np.linalg.norm(s, axis=1))) if len(s) else 0.0 for s in (own, wanted)]
    if usual[0] == 0:
        raise InputError("holds no depth where the actor is; export it for his matte, in 16 bits or floats")
    own *= usual[1] / usual[0]
    size = np.linalg.norm(own, axis=1, keepdims=True)
    sines = own / np.sqrt(1 + size**2) * (size < _STEEP)
    like = _correlation(sines, wanted / np.sqrt(1 + (wanted**2).sum(1, keepdims=True)))
    if abs(like) < _RISES:
        raise InputError(
            f"its relief does not follow the actor's outline (it agrees by {like:.2f} of 1); export his own depth"
        )
    return DepthSense(float(np.copysign(usual[1] / usual[0], like)))


def _slopes(values: Array) -> Array:
    """By how much values, h w, grow from cell to cell to the right and down: h' w' 2, NaN where that is not known."""
    known = np.isfinite(values)
    small = field_hw(values.shape)[::-1]
    share = cv2.resize(known.astype(np.float32), small, interpolation=cv2.INTER_AREA)
    mean = cv2.resize(np.where(known, values, 0).astype(np.float32), small, interpolation=cv2.INTER_AREA)
    with np.errstate(invalid="ignore", divide="ignore"):
        cells = np.where(share > _INSIDE, mean / share, np.nan)
    down, across = np.gradient(cells)
    return np.stack([across, down], -1)


def _cells(normals: Array, alpha: Array) -> Array:
    return np.asarray(cv2.resize(normals, cells_of(alpha).shape[::-1], interpolation=cv2.INTER_AREA))


def _correlation(own: Array, outline: Array) -> float:
    return float((own * outline).sum() / max(np.sqrt((own**2).sum() * (outline**2).sum()), _SHORT))


def _is_coded(values: Sequence[Array], alphas: Sequence[Array]) -> bool:
    """Of floats: whether more of them have length 1 when they are taken as codes. Nothing that is coded is negative."""
    inside = [v[cv2.resize(a, v.shape[1::-1], interpolation=cv2.INTER_AREA) > _INSIDE] for v, a in zip(values, alphas)]
    shown = np.concatenate(inside)
    shown = shown[np.isfinite(shown).all(-1) & (shown != 0).any(-1)]
    if not len(shown) or shown.min() < -_SHORT:
        return False
    unit = [float((np.abs(np.linalg.norm(n, axis=-1) - 1) < _UNIT).mean()) for n in (2 * shown - 1, shown)]
    return unit[0] >= unit[1]
