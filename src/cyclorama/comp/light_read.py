"""The light of a place, read from the surfaces that it falls on.

A matte surface shows its reflectance times the light that comes to it from all that it faces, so surfaces that face as
the actor does tell what he gets, wherever the lamps are. Reflectance is not known: groups of surfaces that face alike
are taken together, near the actor first, and the lower of them count more, since gloss, lamps, windows and pale walls
only ever make a group brighter than its light (an expectile: Newey and Powell 1987).
"""

import numpy as np

from cyclorama.comp.light_surfaces import FLOOR, Moment, Surfaces, surfaces
from cyclorama.core.arrays import Array
from cyclorama.core.lighting import LUMINANCE, KeyLight, Lighting, even_directions

REFLECTANCE = 2.0**-3.5  # of the darker groups of a place, where white on a stage shows 1
_EXPECTILE = 0.1  # what a group above the fit counts, one below counts 1 less this
_NEAR, _BESIDE = 0.5, 0.2  # of the actor's distance, of the picture: where surfaces begin to count less
_LAMP = 0.95  # of the display's white: brighter is a lamp or clipped
_GROUPS = 42
_LEAST_SHARE, _HALF_SHARE = 1e-3, 0.04  # of all that is seen: a group counts from, and counts half at
_SURFACE_STOPS, _GUESSED_STOPS = 1.0, 1.6  # spread of what groups of one light show; where normals are guessed
_LEVEL_STOPS, _SLOPE_STOPS = 1.5, 0.85  # spread of the light of places about what is usual: level, and by direction
_LAMPLIT = -1.0  # usual level of lamplight, where white on a stage shows 1; of daylight it is 0
_WARM_STOPS = 0.35  # red above blue, from which light is taken for lamplight, unless open sky is seen
_HALF_SKY = 0.002  # of the picture: so much open sky halves that
_OUTLIER_STOPS = 1.0
_ROUNDS = 12
_PAINT = 0.5  # stops by which a colour that is more than half paint differs from neutral
_TINT_TRUST = 0.8  # share of the near-neutral surfaces' tint that is light, the rest is paint
_TINT_GROUP = 0.05
_DARK = 4.0  # of what is added before a logarithm: darker, a colour says little
_UNTOLD = 0.1  # how much of all that is seen speaks for white light, whatever its colour
_KEY_STOPS = 0.25  # a slope from which a direction is called the key's
_HARD_STOPS = 1.5  # a slope as of one lamp alone
_DIRECTIONS = even_directions(_GROUPS)


def read_place(moments: tuple[Moment, ...]) -> Lighting:
    """What the place shines on the actor, from some moments of the shot. One light for all of them."""
    if not moments:
        raise ValueError("light must be read from at least one moment, got none")
    seen = surfaces(moments)
    near = (1 + (seen.distance / _NEAR) ** 2) * (1 + (seen.beside / _BESIDE) ** 2)
    weight = (seen.color.max(1) < _LAMP) / near
    if weight.sum() <= 0:
        return _light(np.zeros(4), np.zeros(3), 0.0, "nothing of the place tells its light; a stage's level is taken")
    tint = _tint(seen, weight)
    fit, spread = _fit(seen, weight, _usual_level(tint, seen.sky))
    confidence = float(1 / (1 + spread**2))
    return _light(fit, tint, confidence, "the surfaces of the place")


def _usual_level(tint: Array, sky: float) -> float:
    """In stops against a stage: lamps are warm, and dimmer than they look, since they stand in the picture."""
    warm = float(np.clip((tint[0] - tint[2]) / _WARM_STOPS, 0, 1))
    return _LAMPLIT * warm * _HALF_SKY / (sky + _HALF_SKY)


def _light(fit: Array, tint: Array, confidence: float, source: str) -> Lighting:
    """``fit``: level and slope in stops against a stage; ``tint``: stops."""
    directions = even_directions(6 * _GROUPS)
    whites = 2.0 ** ((fit[0] + directions @ fit[1:])[:, None] + tint)
    slope = float(np.linalg.norm(fit[1:]))
    key = None
    if slope > _KEY_STOPS:
        color = 2.0**tint / (2.0**tint @ LUMINANCE)
        key = KeyLight(tuple(fit[1:] / slope), tuple(color), float(np.clip(1 - slope / _HARD_STOPS, 0, 1)))
    return Lighting.of_whites(whites, directions, key, (confidence, source))


def _grouped(seen: Surfaces, weight: Array, values: Array) -> tuple[Array, Array]:
    """The group of every surface, and the weighted mean of ``values`` (n, k) of each group."""
    group = np.argmax(seen.normal @ _DIRECTIONS.T, 1)
    total = np.bincount(group, weight, _GROUPS)
    sums = np.stack([np.bincount(group, weight * v, _GROUPS) for v in values.T], 1)
    return group, sums / np.maximum(total, 1e-12)[:, None]


def _fit(seen: Surfaces, weight: Array, usual_level: float) -> tuple[Array, float]:
    """Level and slope (4,) of log2 white = level + slope . normal, and the standard error of the level."""
    shown = np.log2(np.maximum(seen.color, 0) @ LUMINANCE + FLOOR) - np.log2(REFLECTANCE)
    group, means = _grouped(seen, weight, np.column_stack([shown, seen.normal]))
    share = np.bincount(group, weight, _GROUPS) / weight.sum()
    precision = np.where(share > _LEAST_SHARE, share / (share + _HALF_SHARE), 0)
    precision /= (_SURFACE_STOPS if seen.measured else _GUESSED_STOPS) ** 2
    target, design = means[:, 0], np.column_stack([np.ones(_GROUPS), means[:, 1:]])
    prior = np.diag([_LEVEL_STOPS**-2, *[_SLOPE_STOPS**-2] * 3])
    fit = usual = np.array([usual_level, 0.0, 0.0, 0.0])
    for _ in range(_ROUNDS):
        residual = target - design @ fit
        counts = 2 * precision * np.where(residual > 0, _EXPECTILE, 1 - _EXPECTILE)
        counts /= np.maximum(1, np.abs(residual) / _OUTLIER_STOPS)
        normal = (design * counts[:, None]).T @ design + prior
        fit = np.linalg.solve(normal, (design * counts[:, None]).T @ target + prior @ usual)
    return fit, float(np.sqrt(np.linalg.inv(normal)[0, 0]))


def _tint(seen: Surfaces, weight: Array) -> Array:
    """Stops of each channel against the luminance, of the near-neutral surfaces: paint is left out as far as it
    shows."""
    color = np.maximum(seen.color, 0)
    stops = np.log2(color + FLOOR)
    stops -= (stops @ LUMINANCE)[:, None]
    group, _ = _grouped(seen, weight, seen.normal)
    share = np.bincount(group, weight, _GROUPS) / weight.sum()
    tells = (color @ LUMINANCE) / (color @ LUMINANCE + _DARK * FLOOR)
    even = tells * weight / (share + _TINT_GROUP)[group]
    neutral = even * np.exp(-((np.abs(stops).max(1) / _PAINT) ** 2))
    tint = (stops * neutral[:, None]).sum(0) / (neutral.sum() + _UNTOLD * even.sum() + FLOOR)
    return np.asarray(_TINT_TRUST * (tint - tint @ LUMINANCE))
