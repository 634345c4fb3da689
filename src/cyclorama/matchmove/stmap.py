"""STMaps: what a lens does, as pictures that Nuke's STMap node and its kin follow; made from a lens and read as one.

Stated once. A map holds, for the centre of each of its pixels, where to take the source: in shares of the source's
width and height from its lower left corner (R to the right, G up), so that the first pixel's centre lies at 0.5 over
the width. ``undistort`` makes the plate straight: it is as large as the straight picture and points into the plate.
``distort`` bends a straight picture: it is as large as the plate and points into the straight picture, which is that of
the camera's pinhole and ``overscan`` (down, across) more pixels on every side. Source: Foundry, reference of STMap.
"""

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera, CameraPath
from cyclorama.core.errors import InputError
from cyclorama.core.lens import Lens

Direction = Literal["undistort", "distort"]
MISFIT_PX = 0.05
"""How far, in pixels of the plate, a lens may be off a map that it is taken for."""
_ROWS = 64  # made at once
_ACROSS = 192  # samples of a map that is read, along each side, evenly


@dataclass(frozen=True)
class MapLens:
    """The lens that explains a map, and how far off it is at worst, in pixels of the plate."""

    lens: Lens
    misfit_px: float


def overscan_of(path: CameraPath) -> tuple[int, int]:
    """Down and across, of all frames."""
    every = np.array([camera.overscan_px for camera in path.cameras])
    return int(every[:, 0].max()), int(every[:, 1].max())


def stmap(camera: Camera, direction: Direction, overscan: tuple[int, int]) -> Array:
    """The map, h w 2 float32."""
    straight_hw = camera.hw[0] + 2 * overscan[0], camera.hw[1] + 2 * overscan[1]
    forth = direction == "undistort"
    own, other = (straight_hw, camera.hw) if forth else (camera.hw, straight_hw)
    border = np.array(overscan[::-1], np.float64)
    out = np.empty((*own, 2), np.float32)
    for top in range(0, own[0], _ROWS):
        px = _centres(np.arange(top, min(top + _ROWS, own[0])), np.arange(own[1]))
        px = camera.distorted(px - border) if forth else camera.straightened(px) + border
        out[top : top + _ROWS] = _shares(px, other).reshape(-1, own[1], 2)
    return out


def lens_of_map(given: Array, camera: Camera, direction: Direction, straight_hw: tuple[int, int] | None) -> MapLens:
    """The lens of a map, h w 2, of the plate that ``camera`` took.

    ``straight_hw``: the size of the straight picture that a ``distort`` map points into; None: the plate's own.
    ``InputError`` when k1 and k2 do not explain the map to ``MISFIT_PX``.
    """
    own = (given.shape[0], given.shape[1])
    straight_hw = own if direction == "undistort" else straight_hw or camera.hw
    _require_sizes(own, straight_hw, camera.hw, direction)
    rows, columns = (np.linspace(0, n - 1, min(n, _ACROSS)).round().astype(int) for n in own)
    here, there = _centres(rows, columns), given[np.ix_(rows, columns)].reshape(-1, 2).astype(np.float64)
    size = np.array(camera.hw[::-1]) if direction == "undistort" else np.array(straight_hw[::-1])
    there = (there * [1, -1] + [0, 1]) * size
    straight, seen = (here, there) if direction == "undistort" else (there, here)
    straight = straight - (np.array(straight_hw[::-1]) - camera.hw[::-1]) / 2
    inside = np.isfinite(there).all(1) & (seen >= 0).all(1) & (seen <= camera.hw[::-1]).all(1)
    return _fitted(camera, straight[inside], seen[inside], len(inside))


def with_lens(path: CameraPath, lens: Lens) -> CameraPath:
    """The same cameras with that lens. ``InputError`` where it cannot be theirs."""
    try:
        return CameraPath(tuple(replace(camera, lens=lens) for camera in path.cameras))
    except ValueError as error:
        raise InputError(f"the lens of the STMap is none of this camera ({error})") from None


def _fitted(camera: Camera, straight: Array, seen: Array, num_samples: int) -> MapLens:
    """Least squares: what is seen less what is straight is k1 and k2 times what they do."""
    if 2 * len(seen) < num_samples:
        raise InputError(
            f"the STMap must point into the plate nearly everywhere, it does at {len(seen)} of {num_samples} places; "
            "render it again, or say which way it goes (undistort:MAP or distort:MAP)"
        )
    pinhole = camera.pinhole
    plane = pinhole.unproject(straight, np.ones(len(straight))) - camera.center
    plane = (plane @ camera.world_from_camera[:3, :3])[:, :2]
    r2 = (plane * plane).sum(1, keepdims=True)
    does = np.stack([(plane * r2 ** (n + 1)) @ camera.px_from_cam[:2, :2].T for n in range(2)], -1)
    k, *_ = np.linalg.lstsq(does.reshape(-1, 2), (seen - straight).reshape(-1), rcond=None)
    misfit = float(np.linalg.norm(straight + does @ k - seen, axis=1).max())
    if not misfit <= MISFIT_PX:
        raise InputError(
            f"the STMap is no lens of two radial terms about this camera's principal point: k1 {k[0]:.5f} and k2 "
            f"{k[1]:.5f} miss it by up to {misfit:.2f} px, {MISFIT_PX} is allowed; undistort the plate with it, or "
            "give one in 32 bits that goes the way that is said (undistort:MAP or distort:MAP)"
        )
    return MapLens(Lens(float(k[0]), float(k[1])), misfit)


def _require_sizes(own: tuple[int, int], straight: tuple[int, int], plate: tuple[int, int], way: Direction) -> None:
    words = f"the plate's {plate[1]}x{plate[0]}"
    if way == "distort" and own != plate:
        raise InputError(f"an STMap that distorts must have {words} pixels, got {own[1]}x{own[0]}")
    if min(straight[0] - plate[0], straight[1] - plate[1]) < 0:
        raise InputError(f"an STMap that undistorts must have {words} pixels or more, got {straight[1]}x{straight[0]}")


def _centres(rows: Array, columns: Array) -> Array:
    return np.stack(np.meshgrid(columns + 0.5, rows + 0.5), -1).reshape(-1, 2)


def _shares(px: Array, hw: tuple[int, int]) -> Array:
    return np.stack([px[:, 0] / hw[1], 1 - px[:, 1] / hw[0]], 1)
