"""The surfaces that two or more pictures show: a plane for every pixel of every one, consistent between them.

A plane sweep finds where to begin (``sweep``); then every picture in turn chooses its planes again
(``slants``, ``candidates``) against what the others show now, most rounds at half the size, the last at the full one.
Pictures taken through a lens that bends are straightened first.
"""

from dataclasses import replace
from typing import NamedTuple

import cv2
import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.camera import Camera
from cyclorama.core.lens import STRAIGHT
from cyclorama.scenery.candidates import NUM_OWN, carried, finer, gather, plane_map, tell
from cyclorama.scenery.mapping import mapping
from cyclorama.scenery.slants import Other, choose, confirm, costs_of, pass_messages
from cyclorama.scenery.sweep import edge_strength, swept
from cyclorama.scenery.windows import NUM_SAMPLES, fitted, supports

_ROUNDS, _FINE_ROUNDS = 5, 1
_NEARER = 2.0  # surfaces this much nearer than the nearest looked for are still followed
_Bounds = tuple[np.float32, np.float32, np.random.Generator, bool]
_WAYS = ((0, 1), (0, -1), (1, 0), (-1, 0))


class _Sight(NamedTuple):
    """A straight picture and what is known of it; ``planes`` and ``sure`` are written to.

    ``planes`` h w 3: inverse depth and its slopes per pixel. ``sure`` h w bool: another picture confirms it.
    ``weights``, ``moments``: of its ``supports``.
    """

    picture: Array
    grey: Array
    edge: Array
    camera: Camera
    planes: Array
    sure: Array
    weights: Array
    moments: Array


def surfaces(pictures: list[Array], cameras: list[Camera], nearest: float) -> list[Array]:
    """Of every picture, h w 3 float32: the inverse depth at the pixel, in 1/world units, and its slopes per pixel to
    the right and down.

    ``pictures``: two or more, display-referred h w 3 float32 of their camera's size. ``nearest``: the largest inverse
    depth looked for.
    """
    if len(pictures) < 2:
        raise ValueError(f"a sweep needs two pictures or more, got {len(pictures)}")
    own, length = _own_world(cameras)
    nearest = float(f"{nearest * length:.5e}")
    straight = [_straightened(p, c) for p, c in zip(pictures, own)]
    fine = [_sight(p, c) for p, c in straight]
    coarse = [_sight(*_halved(p, c)) for p, c in straight]
    found = swept([s.grey for s in fine], [s.edge for s in fine], [s.camera for s in fine], nearest)
    unit = _parallax(coarse)
    for sight, inverse_depth in zip(coarse, found):
        fitted(np.ascontiguousarray(inverse_depth[::2, ::2]), sight.weights, unit, sight.planes)
    _refine(coarse, _NEARER * nearest, _ROUNDS)
    for small, sight in zip(coarse, fine):
        finer(small.planes, small.picture, sight.picture, sight.planes)
    _refine(fine, _NEARER * nearest, _FINE_ROUNDS)
    return [_bent(s.planes, s.camera, camera) / np.float32(length) for s, camera in zip(fine, own)]


def _own_world(cameras: list[Camera]) -> tuple[list[Camera], float]:
    """The cameras in a world of their own, and its unit in the given one: the first camera's axes, the longest baseline
    1, rounded. Choices are discrete, so that the last digits of a world's origin would show in the surfaces."""
    centers = np.stack([c.center for c in cameras])
    length = float(np.linalg.norm(centers[:, None] - centers, axis=-1).max()) or 1.0
    first = cameras[0].camera_from_world
    out = []
    for camera in cameras:
        pose = first @ camera.world_from_camera
        pose[:3, 3] /= length
        out.append(replace(camera, world_from_camera=np.round(pose, 8)))
    return out, length


def _sight(picture: Array, camera: Camera) -> _Sight:
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    hw = grey.shape
    weights, moments = np.empty((*hw, NUM_SAMPLES), np.float32), np.empty((*hw, 2), np.float32)
    supports(picture, grey, weights, moments)
    planes, sure = np.zeros((*hw, 3), np.float32), np.zeros(hw, np.bool_)
    return _Sight(picture, grey, edge_strength(grey), camera, planes, sure, weights, moments)


def _halved(picture: Array, camera: Camera) -> tuple[Array, Camera]:
    hw = (-(-camera.hw[0] // 2), -(-camera.hw[1] // 2))
    return cv2.resize(picture, hw[::-1], interpolation=cv2.INTER_AREA), camera.resized(hw)


def _parallax(sights: list[_Sight]) -> np.float32:
    """The most pixels of parallax that an inverse depth of one makes between two of the pictures."""
    centers = np.stack([s.camera.center for s in sights])
    base = np.linalg.norm(centers[:, None] - centers, axis=-1).max()
    return np.float32(max(1e-6, base * max(s.camera.px_from_cam[0, 0] for s in sights)))


def _refine(sights: list[_Sight], limit: float, rounds: int) -> None:
    unit, rng = _parallax(sights), np.random.default_rng(0)
    for index in range(len(sights)):
        _confirm(sights, index, unit)
    for turn in range(rounds):
        for index, sight in enumerate(sights):
            _confirm(sights, index, unit)
            bounds = (np.float32(limit), unit, rng, turn > 0)
            _choose(sight, _candidates(sights, index, bounds), _others(sights, index, trusted=True), unit)


def _confirm(sights: list[_Sight], index: int, unit: np.float32) -> None:
    one = sights[index]
    one.sure[:] = False
    for other in _others(sights, index, trusted=False):
        confirm(one.planes, other, (one.grey, one.weights, one.moments), unit, one.sure)


def _others(sights: list[_Sight], index: int, *, trusted: bool) -> list[Other]:
    """``trusted``: only what is sure of them counts as known."""
    out = []
    for other in sights[:index] + sights[index + 1 :]:
        a, b = mapping(sights[index].camera, other.camera)
        depth = np.where(other.sure, other.planes[..., 0], -1) if trusted else other.planes[..., 0].copy()
        out.append(Other(a.astype(np.float32), b.astype(np.float32), other.grey, depth))
    return out


def _candidates(sights: list[_Sight], index: int, bounds: _Bounds) -> Array:
    one, others = sights[index], sights[:index] + sights[index + 1 :]
    hw = one.grey.shape
    told = np.full((len(others), *hw, 3), -1, np.float32)
    for other, out in zip(others, told):
        tell(other.planes, *mapping(other.camera, one.camera), plane_map(other.camera, one.camera), out)
    fit, carry = np.empty((*hw, 3), np.float32), np.empty((8, *hw, 3), np.float32)
    fitted(one.planes[..., 0].copy(), one.weights, bounds[1], fit)
    carried(one.planes, one.sure, carry)
    planes = np.empty((*hw, NUM_OWN + len(others), 3), np.float32)
    gather(one.planes, fit, told, one.sure, carry, bounds, planes)
    return planes


def _choose(one: _Sight, planes: Array, others: list[Other], unit: np.float32) -> None:
    costs = costs_of(planes, others, (one.grey, one.weights, one.moments), unit)
    total = np.zeros_like(costs)
    for dy, dx in _WAYS:
        pass_messages(planes, costs, one.edge, unit, total, dy, dx)
    choose(planes, costs, total, one.planes)


def _straightened(picture: Array, camera: Camera) -> tuple[Array, Camera]:
    """The picture as a pinhole camera shows it, grown to hold all of it, and that camera."""
    if camera.lens.is_straight:
        return picture, camera
    (h, w), (down, across) = camera.hw, camera.overscan_px
    hw = (h + 2 * down, w + 2 * across)
    px_from_cam = camera.px_from_cam.copy()
    px_from_cam[:2, 2] += (across, down)
    pinhole = replace(camera, hw=hw, px_from_cam=px_from_cam, lens=STRAIGHT)
    at = camera.distorted(_centres(hw) - [across, down]).reshape(*hw, 2) - 0.5
    u, v = np.nan_to_num(at, nan=-1.0).astype(np.float32).transpose(2, 0, 1)
    return cv2.remap(picture, u, v, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), pinhole


def _bent(planes: Array, pinhole: Camera, camera: Camera) -> Array:
    """Planes over the pinhole's picture, as the camera's own lens shows them."""
    if camera.lens.is_straight:
        return planes
    down, across = ((a - b) // 2 for a, b in zip(pinhole.hw, camera.hw))
    at = camera.straightened(_centres(camera.hw)) + np.array([across, down])
    x, y = np.clip(at.astype(int), 0, [pinhole.hw[1] - 1, pinhole.hw[0] - 1]).T
    out = planes[y, x]
    out[:, 0] = np.maximum(out[:, 0] + out[:, 1] * (at[:, 0] - x - 0.5) + out[:, 2] * (at[:, 1] - y - 0.5), 0)
    return np.ascontiguousarray(out.reshape(*camera.hw, 3))


def _centres(hw: tuple[int, int]) -> Array:
    u, v = np.meshgrid(np.arange(hw[1]) + 0.5, np.arange(hw[0]) + 0.5)
    return np.stack([u.ravel(), v.ravel()], 1)
