"""What one would take instead of reading a light: match the actor's colours to the place's. Straight scene-linear
pictures in, and out; statistics of the whole shot, of the actor where alpha is above a half."""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.display import display_from_linear, linear_from_display

METER_GREY = 0.127
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722])


def exposure_match(actors: list[Array], _: list[Array], places: list[Array]) -> list[Array]:
    """One gain per channel: half way, in stops, to a darker place, less to a brighter one; a quarter of its tint."""
    logs = [np.log2(np.maximum(p[::4, ::4], 0) + 0.005).mean((0, 1)) for p in places]
    stops = np.log2(np.maximum(2 ** np.mean(logs, 0) - 0.005, 1e-3) / METER_GREY)
    level = float(stops @ _LUMINANCE)
    gain = 2.0 ** np.clip(level * (0.5 if level < 0 else 0.15) + 0.25 * (stops - level), -1, 1)
    return [(a * gain).astype(np.float32) for a in actors]


def mean_and_deviation(actors: list[Array], alphas: list[Array], places: list[Array]) -> list[Array]:
    """Reinhard et al. (2001): mean and standard deviation of each axis of their decorrelated log colour space."""
    own, wanted = _samples(actors, alphas, places)
    a, b = _lab(own), _lab(wanted)
    scale, shift = b.std(0) / np.maximum(a.std(0), 1e-6), b.mean(0)
    return [_from_lab((_lab(x) - a.mean(0)) * scale + shift) for x in actors]


def histogram(actors: list[Array], alphas: list[Array], places: list[Array]) -> list[Array]:
    """Every channel's cumulative histogram becomes the place's, display-referred."""
    own, wanted = (display_from_linear(s) for s in _samples(actors, alphas, places))
    shares = np.linspace(0, 1, 257)
    out = []
    for actor in actors:
        shown = display_from_linear(actor)
        for c in range(3):
            shown[..., c] = np.interp(shown[..., c], np.quantile(own[:, c], shares), np.quantile(wanted[:, c], shares))
        out.append(linear_from_display(shown))
    return out


def principal_axes(actors: list[Array], alphas: list[Array], places: list[Array]) -> list[Array]:
    """Mean and covariance become the place's, display-referred (Xiao and Ma 2006; the symmetric map of Pitie 2007)."""
    own, wanted = (display_from_linear(s).astype(np.float64) for s in _samples(actors, alphas, places))
    a, b = np.cov(own.T) + 1e-6 * np.eye(3), np.cov(wanted.T)
    root = _power(a, 0.5)
    way = _power(a, -0.5) @ _power(root @ b @ root, 0.5) @ _power(a, -0.5)
    shift = wanted.mean(0)
    return [
        linear_from_display(np.clip((display_from_linear(x) - own.mean(0)) @ way + shift, 0, 1)).astype(np.float32)
        for x in actors
    ]


def _power(matrix: Array, power: float) -> Array:
    values, axes = np.linalg.eigh(matrix)
    return np.asarray((axes * np.maximum(values, 1e-9) ** power) @ axes.T)


def _samples(actors: list[Array], alphas: list[Array], places: list[Array]) -> tuple[Array, Array]:
    own = np.concatenate([a[m > 0.5][::7] for a, m in zip(actors, alphas)])
    return own, np.concatenate([p[::5, ::5].reshape(-1, 3) for p in places])


_LMS = np.array([[0.3811, 0.5783, 0.0402], [0.1967, 0.7244, 0.0782], [0.0241, 0.1288, 0.8444]])
_AXES = np.diag([3**-0.5, 6**-0.5, 2**-0.5]) @ np.array([[1, 1, 1], [1, 1, -2], [1, -1, 0]])


def _lab(linear: Array) -> Array:
    return np.asarray(np.log10(np.maximum(linear @ _LMS.T, 1e-3)) @ _AXES.T)


def _from_lab(lab: Array) -> Array:
    linear = 10.0 ** (lab @ np.linalg.inv(_AXES).T) @ np.linalg.inv(_LMS).T
    return np.clip(linear, 0, 1).astype(np.float32)
