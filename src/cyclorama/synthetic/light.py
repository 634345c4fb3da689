"""What shines in a place, and the sky behind it."""

from typing import NamedTuple

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.synthetic.noise import clamp01, fractal, hash01, kernel, smooth


class Light(NamedTuple):
    """One key and a dome, scene-linear, in units where a white surface that faces the key shows ``key``.

    ``position``: (3,) metres. ``key``, ``sky``, ``bounce``, ``horizon``: (3,) colours of the key, of the dome above, of
    what comes from below, and of the far haze. ``size``: radius of the key over its distance (softness of shadows).
    ``falloff``: metres at which the key has its nominal strength; 0 when it does not weaken. ``haze``: metres over
    which distance fades to 1/e. ``seed``: of clouds and skyline.
    """

    position: Array
    key: Array
    sky: Array
    bounce: Array
    horizon: Array
    size: float
    falloff: float
    haze: float
    seed: int


@kernel
def toward(light: Light, point: tuple[float, float, float], sample: int) -> tuple[float, float, float, float, float]:
    """From ``point`` to the key: unit direction, distance and strength. ``sample`` 0..3 picks a point of its face, -1
    its middle."""
    x, y, z = light.position[0] - point[0], light.position[1] - point[1], light.position[2] - point[2]
    distance = np.sqrt(x * x + y * y + z * z)
    if sample >= 0:
        reach = light.size * distance * 0.8
        x += reach * (1.0 if sample & 1 else -1.0)
        y += reach * (1.0 if sample & 2 else -1.0)
        z += reach * (1.0 if (sample & 1) == (sample >> 1) else -1.0)
        distance = np.sqrt(x * x + y * y + z * z)
    strength = 1.0 if light.falloff == 0.0 else min(4.0, (light.falloff / distance) ** 2)
    return x / distance, y / distance, z / distance, distance, strength


@kernel
def dome(light: Light, up: float, channel: int) -> float:
    """Light from the dome on a surface whose normal has the vertical part ``up``."""
    return light.sky[channel] * (0.5 + 0.5 * up) + light.bounce[channel] * (0.5 - 0.5 * up)


@kernel
def _skyline(azimuth: float, up: float, footprint: float, seed: int) -> tuple[float, float]:
    """Painted city on the horizon: how much of it covers the ray, and its tone."""
    cover, tone = 0.0, 0.0
    for row in range(2):
        width = 0.055 - 0.02 * row
        x = azimuth / width
        block = int(np.floor(x))
        height = (0.05 + 0.09 * hash01(block, row, seed)) * (1.25 - 0.45 * row)
        edge = clamp01((height - up) / footprint + 0.5)
        window = 0.12 * hash01(int(np.floor(azimuth / 0.008)), int(np.floor(up / 0.012)), seed + 7)
        tone += edge * (0.38 + 0.2 * hash01(block, row + 3, seed) - 0.12 * row + window - tone)
        cover = max(cover, edge)
    return cover, tone


@kernel
def sky_color(light: Light, direction: tuple[float, float, float], footprint: float) -> tuple[float, float, float]:
    """The sky along a direction: gradient, clouds, glow around the key, a painted skyline. ``footprint``: radians."""
    size = np.sqrt(direction[0] ** 2 + direction[1] ** 2 + direction[2] ** 2)
    x, y, z = direction[0] / size, direction[1] / size, direction[2] / size
    lift = smooth(-0.02, 0.55, z)
    high = max(0.05, z + 0.08)
    cloud = smooth(-0.05, 0.55, fractal(x / high, y / high, 0.8, footprint / high, light.seed)) * smooth(0.0, 0.25, z)
    kx, ky, kz = light.position[0], light.position[1], light.position[2]
    facing = max(0.0, (x * kx + y * ky + z * kz) / np.sqrt(kx * kx + ky * ky + kz * kz))
    glow = 0.5 * facing**12 + 3.0 * facing**400
    cover, tone = _skyline(np.arctan2(x, y), z, footprint, light.seed)
    r = light.horizon[0] * (1.0 - lift) + 1.1 * light.sky[0] * lift
    g = light.horizon[1] * (1.0 - lift) + 1.1 * light.sky[1] * lift
    b = light.horizon[2] * (1.0 - lift) + 1.1 * light.sky[2] * lift
    r = r + (0.95 * light.horizon[0] - r) * 0.75 * cloud + glow * light.key[0] * 0.4
    g = g + (0.95 * light.horizon[1] - g) * 0.75 * cloud + glow * light.key[1] * 0.4
    b = b + (0.97 * light.horizon[2] - b) * 0.75 * cloud + glow * light.key[2] * 0.4
    shade = tone * cover
    r = r * (1.0 - cover) + light.horizon[0] * (0.25 * cover + shade)
    g = g * (1.0 - cover) + light.horizon[1] * (0.25 * cover + shade)
    b = b * (1.0 - cover) + light.horizon[2] * (0.28 * cover + shade)
    return r, g, b
