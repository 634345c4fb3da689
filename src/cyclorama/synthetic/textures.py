"""Procedural surfaces: what colour a point of a wall, a floor or a box has, as kernels.

A surface is a row of numbers: ``kind, A r g b, B r g b, scale (m), seed, emission``; see ``surface_row``. Coordinates
``u, v`` and footprints ``fu, fv`` are metres on the surface. Colours are linear Rec.709 albedo.
"""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.synthetic.noise import band, clamp01, fractal, hash01, kernel, pulse

KINDS = ("plain", "brick", "check", "windows", "planks", "foliage", "poster", "stripes", "street", "lawn")
PLAIN, BRICK, CHECK, WINDOWS, PLANKS, FOLIAGE, POSTER, STRIPES, STREET, LAWN = range(10)
EMISSION = 9
NUM_COLUMNS = 10


def surface_row(
    kind: str, first: tuple[float, ...], second: tuple[float, ...], scale: float, seed: int, emission: float = 0.0
) -> Array:
    """One surface: ``first`` and ``second`` are its albedos, ``scale`` the size of its brick, tile or storey (m)."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}")
    return np.array([KINDS.index(kind), *first, *second, scale, seed, emission], np.float64)


@kernel
def _mix(row: Array, weight: float, tone: float) -> tuple[float, float, float]:
    """A to B by ``weight``, brightened by ``1 + tone``."""
    gain = max(0.15, 1.0 + tone)
    return (
        (row[1] + (row[4] - row[1]) * weight) * gain,
        (row[2] + (row[5] - row[2]) * weight) * gain,
        (row[3] + (row[6] - row[3]) * weight) * gain,
    )


@kernel
def one_footprint(fu: float, fv: float) -> float:
    """One width for noise seen at an angle, nearer the longer of the two: a little blur rather than aliasing."""
    return max(fu, fv) ** 0.75 * min(fu, fv) ** 0.25


@kernel
def _litter(u: float, v: float, footprint: float, seed: int) -> float:
    """Spots a hand wide, leaves and stains, in half of the cells of 0.4 m: -1 dark .. 1 bright."""
    iu, iv = int(np.floor(u / 0.4)), int(np.floor(v / 0.4))
    kind = hash01(iu, iv, seed)
    if kind > 0.55:
        return 0.0
    radius = 0.03 + 0.07 * hash01(iu, iv, seed + 1)
    x = u - (iu + 0.3 + 0.4 * hash01(iu, iv, seed + 2)) * 0.4
    y = v - (iv + 0.3 + 0.4 * hash01(iu, iv, seed + 3)) * 0.4
    squeeze = 0.6 + 0.8 * hash01(iu, iv, seed + 4)
    inside = clamp01((radius - np.hypot(x * squeeze, y / squeeze)) / footprint + 0.5)
    return inside * min(1.0, 2.0 * radius / footprint) * (1.0 if kind < 0.28 else -0.7)


@kernel
def _cell_tone(u: float, v: float, cell: float, seed: int) -> float:
    """A random tone in -1..1 per cell, faded where finer than the footprint (``cell``: footprint in cells)."""
    return (2.0 * hash01(int(np.floor(u)), int(np.floor(v)), seed) - 1.0) * clamp01(1.6 - 2.4 * cell)


@kernel
def _brick(row: Array, width: float, u: float, v: float, fu: float, fv: float) -> tuple[float, float, float]:
    height, seed = width * 0.36, int(row[8])
    y = v / height
    x = u / width + 0.5 * (int(np.floor(y)) & 1)
    joint = 1.0 - pulse(x, 0.94, fu / width) * pulse(y, 0.86, fv / height)
    tone = 0.42 * _cell_tone(x, y, max(fu / width, fv / height), seed)
    return _mix(row, joint, (1.0 - joint) * tone + 0.5 * fractal(u, v, 0.7, one_footprint(fu, fv), seed + 5))


@kernel
def _check(row: Array, u: float, v: float, fu: float, fv: float) -> tuple[float, float, float]:
    size, seed = row[7], int(row[8])
    x, y = u / size, v / size
    a = 2.0 * pulse(0.5 * x, 0.5, 0.5 * fu / size) - 1.0
    b = 2.0 * pulse(0.5 * y, 0.5, 0.5 * fv / size) - 1.0
    joint = pulse(x, 0.97, fu / size) * pulse(y, 0.97, fv / size)
    tone = 0.16 * _cell_tone(x, y, max(fu, fv) / size, seed) + 0.3 * fractal(u, v, 1.5, one_footprint(fu, fv), seed + 3)
    return _mix(row, 0.5 - 0.5 * a * b, tone - 0.45 * (1.0 - joint))


@kernel
def _window_box(x: float, y: float, footprint: tuple[float, float], seed: int) -> tuple[float, float]:
    """A coloured thing beside or under a window, different at every one: its coverage and its hue. In cells."""
    iu, iv = int(np.floor(x)), int(np.floor(y))
    wide, high = 0.1 + 0.4 * hash01(iu, iv, seed), 0.06 + 0.1 * hash01(iu, iv, seed + 1)
    left, low = 0.05 + (0.9 - wide) * hash01(iu, iv, seed + 2), 0.03 + 0.06 * hash01(iu, iv, seed + 3)
    there = clamp01(2.0 - 3.0 * max(footprint[0], footprint[1])) * (1.0 if hash01(iu, iv, seed + 4) < 0.7 else 0.0)
    cover = band(x - iu, left, left + wide, footprint[0]) * band(y - iv, low, low + high, footprint[1])
    return cover * there, hash01(iu, iv, seed + 5)


@kernel
def _windows(row: Array, u: float, v: float, fu: float, fv: float) -> tuple[float, float, float]:
    width, height, seed = row[7], row[7] * 1.3, int(row[8])
    x, y = u / width, v / height
    pane = pulse(x - 0.27, 0.46, fu / width) * pulse(y - 0.22, 0.56, fv / height)
    trim = pulse(x - 0.22, 0.56, fu / width) * pulse(y - 0.17, 0.66, fv / height) - pane
    bars = 1.0 - pulse(x - 0.48, 0.04, fu / width) - pulse(y - 0.5, 0.03, fv / height)
    ledge = pulse(y, 0.05, fv / height)
    r, g, b = _brick(row, 0.34, u, v, fu, fv)
    light = hash01(int(np.floor(x)), int(np.floor(y)), seed + 9)
    blind = (
        0.5 * pulse(y / 0.11, 0.6, fv / height / 0.11) * (1.0 if y - np.floor(y) > 0.3 + 0.45 * light else 0.35 * light)
    )
    glass = (
        0.04 + 0.22 * light * light + 0.3 * blind + 0.05 * fractal(u, v, 1.3, one_footprint(fu, fv), seed + 2)
    ) * clamp01(bars)
    warm = 1.0 if light > 0.8 else 0.6
    shade = 1.0 + 0.45 * ledge - 0.3 * band(y - np.floor(y), 0.95, 1.0, fv / height)
    r, g, b = r * shade, g * shade, b * shade
    frame = 0.55 + 0.25 * hash01(3, 5, seed)
    box, hue = _window_box(x, y, (fu / width, fv / height), seed + 20)
    r, g, b = r + (0.75 * hue - r) * box, g + (0.35 * light + 0.05 - g) * box, b + (0.45 * (1.0 - hue) - b) * box
    r = r * (1.0 - pane - trim) + frame * trim + glass * pane
    g = g * (1.0 - pane - trim) + frame * 0.97 * trim + glass * (0.85 + 0.2 * warm) * pane
    b = b * (1.0 - pane - trim) + frame * 0.9 * trim + glass * (1.9 - warm) * pane
    return r, g, b


@kernel
def _planks(row: Array, u: float, v: float, fu: float, fv: float) -> tuple[float, float, float]:
    width, seed = row[7], int(row[8])
    x = u / width
    board = int(np.floor(x))
    y = v / (width * 9.0) + hash01(board, 1, seed)
    joint = pulse(x, 0.95, fu / width) * pulse(y, 0.992, fv / (width * 9.0))
    tone = 0.3 * _cell_tone(x, y, fu / width, seed) + 0.28 * fractal(
        u * 5.0, v * 0.6 + board * 3.7, 1.6, one_footprint(fu, fv), seed + 4
    )
    return _mix(row, 0.5 + 0.5 * tone, tone - 0.6 * (1.0 - joint))


@kernel
def _foliage(row: Array, u: float, v: float, fu: float, fv: float) -> tuple[float, float, float]:
    seed, f = int(row[8]), one_footprint(fu, fv)
    big = fractal(u, v, 1.0 / row[7], f, seed)
    fine = fractal(u, v, 7.0 / row[7], f, seed + 11)
    return _mix(row, clamp01(0.5 + 0.8 * fine), 0.8 * big + 0.9 * fine)


@kernel
def _poster(row: Array, u: float, v: float, fu: float, fv: float) -> tuple[float, float, float]:
    """Coloured patches of two sizes on a ground."""
    size, seed = row[7], int(row[8])
    r, g, b = _mix(row, 0.0, 0.2 * fractal(u, v, 3.0, one_footprint(fu, fv), seed))
    for level in range(2):
        cell = size / (1.0 + 2.0 * level)
        x, y, s = u / cell, v / cell, seed + 31 * level
        iu, iv = int(np.floor(x)), int(np.floor(y))
        if hash01(iu, iv, s) < 0.62:
            inside = (
                pulse(x - 0.08, 0.84, fu / cell)
                * pulse(y - 0.08, 0.84, fv / cell)
                * clamp01(3.0 - 2.0 * max(fu, fv) / cell)
            )
            w = hash01(iu, iv, s + 1)
            r += inside * (row[4] * 1.4 * w + 0.3 * hash01(iu, iv, s + 2) - r)
            g += inside * (row[5] * 1.2 * w + 0.25 * hash01(iu, iv, s + 3) - g)
            b += inside * (row[6] * 1.4 * w + 0.3 * hash01(iu, iv, s + 4) - b)
    return r, g, b


@kernel
def _street(row: Array, u: float, v: float, fu: float, fv: float) -> tuple[float, float, float]:
    """Asphalt (A) with lines to ``u = scale``, paving (B) beyond it on either side."""
    half, seed, f = row[7], int(row[8]), one_footprint(fu, fv)
    side = 1.0 - band(u, -half, half, fu)
    rough = 0.5 * fractal(u, v, 0.35, f, seed) + 0.6 * fractal(u, v, 12.0, f, seed + 3)
    patch = 0.34 * _cell_tone(u / 1.7 + 0.3, v / 1.3, max(fu / 1.7, fv / 1.3), seed + 8)
    stain = max(0.0, fractal(u + 40.0, v, 1.3, f, seed + 12) - 0.25)
    x, y = u / 0.62, v / 0.62
    joint = 1.0 - pulse(x, 0.95, fu / 0.62) * pulse(y, 0.95, fv / 0.62)
    slab = 0.3 * _cell_tone(x, y, max(fu, fv) / 0.62, seed + 1) - 0.5 * joint
    r, g, b = _mix(
        row,
        side,
        rough * (1.0 - 0.4 * side)
        + patch * (1.0 - side)
        + slab * side
        - 1.2 * stain
        + 0.8 * _litter(u, v, f, seed + 30),
    )
    wear = clamp01(0.75 + 0.6 * fractal(u, v, 4.0, f, seed + 6))
    line = band(u, half * 0.14 - 0.07, half * 0.14 + 0.07, fu) * pulse(v / 3.0, 0.55, fv / 3.0)
    line = 0.65 * wear * min(1.0, line + band(abs(u), half - 0.32, half - 0.2, fu))
    return r + (0.78 - r) * line, g + (0.76 - g) * line, b + (0.68 - b) * line


@kernel
def _lawn(row: Array, u: float, v: float, fu: float, fv: float) -> tuple[float, float, float]:
    """Grass (A) with a paved path (B) of half width ``scale`` along v."""
    seed, f = int(row[8]), one_footprint(fu, fv)
    edge = row[7] + 0.12 * fractal(u, v, 1.2, f, seed + 2)
    path = band(u, -edge, edge, fu)
    x, y = u / 0.45, v / 0.3
    stone = x + 0.5 * (int(np.floor(y)) & 1)
    joint = 1.0 - pulse(stone, 0.93, fu / 0.45) * pulse(y, 0.9, fv / 0.3)
    tile = 0.35 * _cell_tone(stone, y, max(fu / 0.45, fv / 0.3), seed + 1) - 0.55 * joint
    grass = 0.9 * fractal(u, v, 0.8, f, seed + 4) + 0.7 * fractal(u * 1.0, v, 14.0, f, seed + 5)
    return _mix(
        row,
        path,
        0.7 * _litter(u, v, f, seed + 30)
        + grass * (1.0 - path)
        + (tile + 0.3 * fractal(u, v, 5.0, f, seed + 7)) * path,
    )


@kernel
def surface_color(row: Array, u: float, v: float, fu: float, fv: float) -> tuple[float, float, float]:
    """Albedo of the surface ``row`` at ``(u, v)``, filtered over ``fu`` x ``fv`` metres."""
    kind = int(row[0])
    if kind == BRICK:
        return _brick(row, row[7], u, v, fu, fv)
    if kind == CHECK:
        return _check(row, u, v, fu, fv)
    if kind == WINDOWS:
        return _windows(row, u, v, fu, fv)
    if kind == PLANKS:
        return _planks(row, u, v, fu, fv)
    if kind == FOLIAGE:
        return _foliage(row, u, v, fu, fv)
    if kind == POSTER:
        return _poster(row, u, v, fu, fv)
    if kind == STREET:
        return _street(row, u, v, fu, fv)
    if kind == LAWN:
        return _lawn(row, u, v, fu, fv)
    f = one_footprint(fu, fv)
    grain = 0.45 * fractal(u, v, 1.0 / row[7], f, int(row[8])) + 0.35 * fractal(u, v, 9.0 / row[7], f, int(row[8]) + 2)
    stripes = pulse(v / row[7], 0.5, fv / row[7]) if kind == STRIPES else clamp01(0.5 + 0.5 * grain)
    return _mix(row, stripes, grain)
