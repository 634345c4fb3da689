"""The screen's light on the actor: how strong it is, and how it is taken off.

A screen lights whoever stands before it. With L the stage's other light and b the screen's share of it, a matt surface
of reflectance rho shows rho (L + b s_c), s the screen's colour with a sum of 1. A neutral wall in the screen's place
would have given rho (L + b / 3): the same light without its colour. The ratio of the two is one gain per channel,

    g_c = (1 + beta / 3) / (1 + beta s_c),  beta = b / L,

which brings back the red and blue that skin lacks, keeps brightness and all detail, and is the same in every frame.
beta is read from the actor's neutral parts (skin is never neutral, so skin alone cannot tell). What is still too green
after it is a reflection, which adds light and is subtracted: the screen's channel is limited by the two others.
"""

from typing import Any

import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.matting.taps import Rgb, ramp

_NEUTRAL = 0.15
"""Greatest difference of the two other channels, as a share of their sum, of what counts as neutral."""
_DARKEST, _BRIGHTEST = 0.015, 0.2
"""Mean of the two other channels, as a share of the screen's level, between which the bounce is read: below it glossy
reflections rule, above it highlights of the lamps."""
_CASTS = (1.0, 1.6)
"""Ratios of the screen's channel to the mean of the others that bounce can explain; above them a thing is painted."""
_QUANTILE = 0.3
_LEAST_SHARE = 0.01
"""Share of the actor that must be neutral for its bounce to be believed wholly."""
_MOST = 0.45
_GREATEST_SHARE = np.float32(0.5)
"""Despill limit between the mean (0) and the greater (1) of the two other channels."""
REFLECTION = 0.08
"""Most light of the screen that a surface reflects, as a share of the screen's own: so much more is taken off, down to
the mean of the two other channels, and no more, so that yellow stays yellow."""
_PAINT_CAST = 1.8, 2.6
_PAINT_EXCESS = 0.08, 0.16
"""A thing is painted in the screen's hue, and keeps it, when its channel is so many times the mean of the others, and
exceeds it by such a share of the screen: each a ramp from no to yes."""
_ZERO, _HALF, _ONE = np.float32(0.0), np.float32(0.5), np.float32(1.0)
_TINY = np.float32(1e-6)


def measure_bounce(actor: Array, screen_rgb: tuple[float, float, float]) -> float:
    """beta of a shot. ``actor``: n 3 scene-linear colours of the solid actor, over the whole shot; 0 when none is
    neutral."""
    k = 1 if screen_rgb[1] >= screen_rgb[2] else 2
    i, j = (c for c in range(3) if c != k)
    mean = (actor[:, i] + actor[:, j]) / 2
    level = screen_rgb[k]
    neutral = np.abs(actor[:, i] - actor[:, j]) < 2 * _NEUTRAL * mean
    neutral &= (mean > _DARKEST * level) & (mean < _BRIGHTEST * level)
    cast = actor[neutral, k] / mean[neutral]
    cast = cast[cast < _CASTS[1]]
    if len(cast) < 20:
        return 0.0
    found = max(float(np.quantile(cast, _QUANTILE)), _CASTS[0])
    s = np.array(screen_rgb) / sum(screen_rgb)
    signal = s[k] - found * (s[i] + s[j]) / 2
    beta = (found - 1) / signal if signal > 0 else _MOST
    belief = min(1.0, len(cast) / (_LEAST_SHARE * len(actor)))
    return float(np.clip(beta * belief, 0.0, _MOST))


def bounce_gain(beta: float, screen_rgb: tuple[float, float, float]) -> Array:
    """g of the module's docstring: (3,) float32."""
    s = np.array(screen_rgb, np.float32) / np.float32(sum(screen_rgb))
    return ((1 + beta / 3) / (1 + beta * s)).astype(np.float32)


@njit(cache=True, nogil=True, inline="always")
def despill(rgb: Rgb, k: int, gain: Rgb, reflection: Any, solid: Any, hue: Rgb) -> Rgb:
    """One pixel without the screen's light. ``reflection``: the most that is subtracted below the softer limit.
    ``solid``: 1 inside the actor, where a thing of nearly the screen's hue is believed to be painted so; 0 at his edge.
    ``hue``: the screen's red and other channel as shares of its own, and how far those stray: what is of that very hue
    is a reflection, or the screen seen between strands.

    What is neutral tells its own bounce by its cast, and gets no more than that taken off: a white shirt in full light
    holds little, and must not turn to the complement.
    """
    shot, beside, own_gain, other_gain = rgb[1], rgb[2], gain[1], gain[2]
    if k != 1:
        shot, beside, own_gain, other_gain = rgb[2], rgb[1], gain[2], gain[1]
    level = max(_HALF * (rgb[0] + beside), _TINY)
    cast = shot / level - _ONE
    colourless = _ONE - ramp(abs(rgb[0] - beside), np.float32(0.2) * level, np.float32(0.6) * level)
    colourless *= ramp(cast, -0.25, -0.1)
    full = _HALF * (gain[0] + other_gain) / own_gain - _ONE
    part = _ONE - colourless * (_ONE - min(max(cast / max(full, _TINY), _ZERO), _ONE))
    r, other = rgb[0] * (_ONE + part * (gain[0] - _ONE)), beside * (_ONE + part * (other_gain - _ONE))
    own = shot * (_ONE + part * (own_gain - _ONE))
    mean = _HALF * (r + other)
    limit = _GREATEST_SHARE * max(r, other) + (_ONE - _GREATEST_SHARE) * mean
    clean = min(own, limit, max(mean, own - reflection))
    excess = (own - mean) * np.float32(REFLECTION) / max(reflection, _TINY)
    painted = ramp(own, _PAINT_CAST[0] * mean, _PAINT_CAST[1] * mean)
    painted *= ramp(excess, _PAINT_EXCESS[0], _PAINT_EXCESS[1])
    off = max(r - hue[0] * own, other - hue[1] * own)
    painted *= ramp(off, np.float32(1.5) * hue[2] * own, np.float32(2.5) * hue[2] * own)
    own = clean + solid * painted * (own - clean)
    if k == 1:
        return r, own, other
    return r, other, own
