"""Colour spaces of the ACES configs that OpenColorIO brings, as a curve and primaries; needs the extra ``ocio``."""

from difflib import get_close_matches
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.errors import InputError, MachineError
from cyclorama.media.curves import Colour

_CONFIG = "ocio://studio-config-latest"
"""It holds every space of the smaller cg configs."""
_REC709 = "lin_rec709"
_RECORDED = ("S-Log3", "V-Log", "CanonLog")
"""Logs that their makers define on recorded codes; the others are defined between black and white."""
_TOLERANCE = 3e-3
"""Of a colour's brightest channel: by how much a curve and a matrix may miss it."""


@cache
def ocio_colour(name: str) -> Colour:
    """A colour space by its name or an alias, in any case. ``InputError`` for one that is not there or is not a curve a
    channel and primaries; ``MachineError`` without the extra."""
    ocio = _package()
    config = ocio.Config.CreateFromFile(_CONFIG)
    found = _found(config, name)
    into = _processor(config, found, _REC709)
    back = _processor(config, _REC709, found)
    matrix = _matrix(into, found)

    def linear(signal: Array) -> Array:
        return _of_grey(into, signal)

    def signal(light: Array) -> Array:
        return _of_grey(back, light)

    recorded, top = found.startswith(_RECORDED), float(linear(np.ones(1))[0])
    return Colour(f"{found} (OpenColorIO)", linear, signal, top=max(top, 1.0), in_codes=recorded, matrix=matrix)


def _package() -> Any:
    try:
        return import_module("PyOpenColorIO")
    except ModuleNotFoundError:
        raise MachineError(
            "colour spaces by ocio: need the package opencolorio; install it: pip install 'cyclorama[ocio]'"
        ) from None


def _found(config: Any, name: str) -> str:
    words: dict[str, str] = {}
    for own in config.getColorSpaceNames():
        space = config.getColorSpace(own)
        if not space.isData():
            words |= {word.lower(): own for word in (own, *space.getAliases())}
    if name.lower() in words:
        return words[name.lower()]
    near = [w for w in words if name.lower() in w] + get_close_matches(name.lower(), words, 5, 0.5)
    names = sorted({words[w] for w in near}) or sorted(set(words.values()))
    raise InputError(f"OpenColorIO's ACES config has no colour space '{name}'; near it are {', '.join(names)}")


def _processor(config: Any, source: str, target: str) -> Any:
    return config.getProcessor(source, target).getDefaultCPUProcessor()


def _through(processor: Any, values: Array) -> Array:
    """(n, 3) of (n, 3)."""
    done = np.ascontiguousarray(values, np.float32).copy()
    processor.applyRGB(done)
    return done.astype(np.float64)


def _of_grey(processor: Any, values: Array) -> Array:
    """The curve: of grey, which every space here keeps grey."""
    values = np.asarray(values, np.float64)
    grey = np.repeat(values.reshape(-1, 1), 3, 1)
    return _through(processor, grey)[:, 1].reshape(values.shape)


def _matrix(into: Any, name: str) -> tuple[tuple[float, ...], ...]:
    """Linear Rec.709 from linear light of the space's own primaries. ``InputError`` where that is not all there is."""
    signals = np.random.default_rng(0).uniform(0.02, 0.98, (64, 3))
    wanted, curved = _through(into, signals), _of_grey(into, signals)
    scale = np.abs(wanted).max(1, keepdims=True)
    matrix = np.linalg.lstsq(curved / scale, wanted / scale)[0].T
    if (np.abs(curved @ matrix.T - wanted) > _TOLERANCE * scale).any():
        raise InputError(f"'{name}' is not a curve for each channel and primaries; convert the plate to ACEScg first")
    return tuple(tuple(row) for row in matrix.tolist())
