"""The first relight layer: exposure and white balance of the place, laid on the actor as one gain per channel."""

from collections.abc import Sequence

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.lighting import Lighting

METER_GREY = 0.127  # what a reflected-light meter takes for an average scene (ISO 2720, K = 12.5)
_DARKER, _BRIGHTER, _TINT = 0.5, 0.15, 0.25
_MAX_STOPS = 1.0
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def match_exposure(places: Sequence[Array]) -> Lighting:
    """The gain that takes a stage metered for an average grey under white light part of the way to the place.

    ``places``: set frames of the shot, h w 3 float32 scene-linear. One gain for the whole shot, so nothing flickers.
    A place darker than an average scene was meant dark, and takes the actor half way, in stops; a brighter one is
    mostly sky, sand or snow, that says little of what falls on the actor; its tint is partly paint, not light.
    """
    if not places:
        raise ValueError("exposure needs at least one set frame, got none")
    logs = [np.log2(np.maximum(p[::4, ::4], 0) + 0.005).mean((0, 1)) for p in places]
    stops = np.log2(np.maximum(2 ** np.mean(logs, 0) - 0.005, 1e-3) / METER_GREY)
    level = float(stops @ _LUMINANCE)
    moved = level * (_DARKER if level < 0 else _BRIGHTER) + _TINT * (stops - level)
    return Lighting(tuple(float(g) for g in 2.0 ** np.clip(moved, -_MAX_STOPS, _MAX_STOPS)))  # type: ignore[arg-type]
