"""A light that is given: a panorama, or a user's word for the key."""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.lighting import LUMINANCE, KeyLight, Lighting, even_directions, harmonics

_LAMBERT = (np.pi, *[2.0944] * 3, *[0.785398] * 5)  # Ramamoorthi and Hanrahan 2001, eq. 9: a matte surface's response
_ROWS = 64
_KEY_PART = 0.02  # of all directions: the brightest of them are the key
_SOFT_RADIANS = 1.0  # spread of the key from which it is as even as a sky
_KEY_STOPS, _SOFT_STOPS = 1.0, 0.5  # slope of a key that was asked for, hard and soft
_LEAST_FLOOR = 0.05  # of the mean: no direction is darker


def from_panorama(panorama: Array, read: Lighting, world_from_panorama: Array) -> Lighting:
    """The light of an equirectangular picture, h w 3 scene-linear, finite: its directions and colours, at the level
    that was ``read`` from the place (a panorama's own exposure is its maker's). Up is the first row; the middle column
    lies along the z axis of the panorama's frame, y is down, as a camera's. ``world_from_panorama``: 3 x 3."""
    small = _rows_of(panorama)
    h, w, _ = small.shape
    down, across = np.pi * (np.arange(h) + 0.5) / h, 2 * np.pi * ((np.arange(w) + 0.5) / w - 0.5)
    flat = np.sin(down)[:, None]
    local = np.stack([flat * np.sin(across), -np.cos(down)[:, None] + 0 * across, flat * np.cos(across)], -1)
    directions, solid = local.reshape(-1, 3) @ world_from_panorama.T, np.repeat(np.sin(down), w)
    radiance = small.reshape(-1, 3).astype(np.float64)
    solid *= 4 * np.pi / solid.sum()
    moments = (harmonics(directions) * solid[:, None]).T @ radiance
    ambient = moments * np.array(_LAMBERT)[:, None] / np.pi
    even = even_directions(256)
    whites = np.maximum(harmonics(even) @ ambient, _LEAST_FLOOR * np.maximum(ambient[0] * 0.282095, 1e-6))
    found = Lighting.of_whites(whites, even, _key(directions, radiance, solid), (0.9, "the environment picture"))
    return found.moved(read.exposure - found.exposure)


def _rows_of(panorama: Array) -> Array:
    step = max(1, panorama.shape[0] // _ROWS)
    h, w = panorama.shape[0] // step, panorama.shape[1] // step
    cut = np.maximum(panorama[: h * step, : w * step], 0)
    return np.asarray(cut.reshape(h, step, w, step, 3).mean((1, 3)))


def _key(directions: Array, radiance: Array, solid: Array) -> KeyLight | None:
    power = radiance @ LUMINANCE
    order = np.argsort(-power)
    brightest = order[: max(1, np.searchsorted(np.cumsum(solid[order]), _KEY_PART * 4 * np.pi))]
    weight = (power - np.median(power))[brightest] * solid[brightest]
    toward = weight @ directions[brightest]
    length = float(np.linalg.norm(toward))
    if weight.sum() <= 0 or length < 1e-9:
        return None
    color = weight @ radiance[brightest]
    color = np.maximum(color / (color @ LUMINANCE), 1e-3)
    spread = float(np.arccos(np.clip(weight @ (directions[brightest] @ toward / length) / weight.sum(), -1, 1)))
    return KeyLight(tuple(toward / length), tuple(color), min(1.0, spread / _SOFT_RADIANS))


def with_key(read: Lighting, toward: Array | None, warmth: float | None, softness: float | None) -> Lighting:
    """The light that was ``read``, its key replaced where the user said so. ``toward``: (3,) in the world; ``warmth``:
    stops of red above green above blue."""
    directions = even_directions(256)
    stops = read.stops(directions)
    if warmth is not None:
        tint = warmth * np.array([1.0, 0.0, -1.0])
        stops += tint - tint @ LUMINANCE - (stops.mean(0) - stops.mean(0) @ LUMINANCE)
    key, soft = read.key, 0.4 if softness is None else softness
    color = 2.0 ** (stops.mean(0) - stops.mean(0) @ LUMINANCE)
    color = color / (color @ LUMINANCE)
    if toward is not None:
        unit = toward / np.linalg.norm(toward)
        slope = _KEY_STOPS + soft * (_SOFT_STOPS - _KEY_STOPS)
        stops = stops.mean(0) + slope * (directions @ unit)[:, None]
        key = KeyLight(tuple(unit), tuple(color), soft)
    elif key is not None:
        key = KeyLight(key.direction, tuple(color), key.softness if softness is None else softness)
    return Lighting.of_whites(2.0**stops, directions, key, (1.0, f"{read.source}, and the user's word"))
