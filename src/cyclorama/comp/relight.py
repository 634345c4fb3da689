"""The first relight layer: exposure and white balance of the place, laid on the actor as one gain per channel."""

from collections.abc import Sequence

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.lighting import Lighting

METER_GREY = 0.127  # what a reflected-light meter takes for an average scene (ISO 2720, K = 12.5)
_STRENGTH = 0.5  # half way, in stops: what a place shows is only partly what it shines
_MAX_STOPS = 1.0


def match_exposure(places: Sequence[Array]) -> Lighting:
    """The gain that takes a stage metered for an average grey under white light half way, in stops, to the place.

    ``places``: set frames of the shot, h w 3 float32 scene-linear. One gain for the whole shot, so nothing flickers.
    """
    if not places:
        raise ValueError("exposure needs at least one set frame, got none")
    logs = [np.log(np.maximum(p[::4, ::4], 0) + 0.005).mean((0, 1)) for p in places]
    mean = np.exp(np.mean(logs, 0)) - 0.005
    stops = _STRENGTH * np.log2(np.maximum(mean, 1e-3) / METER_GREY)
    return Lighting(tuple(float(g) for g in 2.0 ** np.clip(stops, -_MAX_STOPS, _MAX_STOPS)))  # type: ignore[arg-type]
