"""What a depth picture means: which way its values run, and its scale and shift, from points whose depth is known.

The models are z = a v, z = a v + b and 1/z = a v + b (what relative depth is, Ranftl et al. 2022, section 4); each is
fitted by least median of squares (Rousseeuw 1984) in inverse depth, where a pixel of parallax counts the same near and
far, and the simplest that explains the points about as well as any is taken.
"""

from dataclasses import dataclass

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.depth import DepthPicture
from cyclorama.core.depth_sense import DepthSense

MIN_POINTS = 12
"""Fewer known points decide nothing."""
MISFIT = 0.15
"""Median error, as a share of the spread of inverse depth, from which on a depth picture shows something else."""
_AS_GOOD = 1.25  # a simpler model may err by so many times as much
_TRIALS = 500
_INLIER = 2.5 * 1.4826  # medians: 2.5 standard deviations of a normal error
_ROUNDS = 3
_TINY = 1e-9


@dataclass(frozen=True)
class Alignment:
    """1/z = ``slope`` v + ``shift`` (``inverse``) or z = ``slope`` v + ``shift``; ``error``: the median error of
    inverse depth as a share of its spread."""

    inverse: bool
    slope: float
    shift: float
    error: float

    def inverse_depth(self, values: Array) -> Array:
        """Of a depth picture's values; 0 where they are infinite or beyond infinity, NaN where they are unknown."""
        return _inverse(self.inverse, self.slope, self.shift, values)

    @property
    def words(self) -> str:
        kind = "inverse depth" if self.inverse else "depth"
        if not self.inverse and self.shift == 0:
            return "depth in the camera's unit" if self.slope == 1 else f"depth times {self.slope:.3g}"
        return f"{kind}, {self.slope:.3g} v {'-' if self.shift < 0 else '+'} {abs(self.shift):.3g}"


def align(values: Array, inverse_depth: Array, sense: DepthSense | None = None) -> Alignment | None:
    """From known points: the picture's values (n,) and the points' inverse depth (n,). ``sense``: what the user says.

    None with too few points, or where the values are the same at all of them.
    """
    known = np.isfinite(values) & np.isfinite(inverse_depth) & (inverse_depth > 0)
    v, d = values[known].astype(np.float64), inverse_depth[known].astype(np.float64)
    if len(v) < MIN_POINTS or np.ptp(v) < _TINY * max(1.0, np.abs(v).max()):
        return None
    low, high = np.percentile(d, [10, 90])
    spread = max(high - low, 0.1 * float(np.median(d)))
    tried = [_fitted(v, d, spread, *model) for model in _models(sense)]
    if sense in (None, "metric", "depth"):
        tried = [Alignment(False, 1.0, 0.0, _error((False, 1.0, 0.0), v, d) / spread), *tried]
    best = min(found.error for found in tried)
    return next(found for found in tried if found.error <= _AS_GOOD * best + _TINY)


def _models(sense: DepthSense | None) -> list[tuple[bool, bool, tuple[int, ...]]]:
    """(inverse, shifted, signs of the slope), the simplest first."""
    scaled, shifted = (False, False, (1,)), (False, True, (1,))
    if sense == "metric":
        return [scaled]
    if sense == "depth":
        return [scaled, shifted]
    if sense == "inverse":
        return [(True, True, (1,))]
    return [scaled, (True, True, (1, -1)), (False, True, (1, -1))]


def _fitted(v: Array, d: Array, spread: float, inverse: bool, shifted: bool, signs: tuple[int, ...]) -> Alignment:
    target = d if inverse else 1 / d
    random = np.random.default_rng(0)
    one, two = random.integers(0, len(v), (2, _TRIALS))
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = (target[two] - target[one]) / (v[two] - v[one]) if shifted else target[one] / v[one]
    shift = target[one] - slope * v[one] if shifted else np.zeros(_TRIALS)
    right = np.isfinite(slope) & np.isin(np.sign(slope), signs)
    best = (0.0, float(np.median(target)), np.inf)
    for a, b in zip(slope[right], shift[right]):
        error = _error((inverse, a, b), v, d)
        if error < best[2]:
            best = (float(a), float(b), error)
    a, b, error = best
    for _ in range(_ROUNDS):
        near = np.abs(_inverse(inverse, a, b, v) - d) <= _INLIER * max(error, _TINY)
        weight = np.ones(near.sum()) if inverse else d[near] ** 2  # an error of z is d^2 times one of 1/z
        columns = np.stack([v[near], np.ones(near.sum())][: 1 + shifted], 1) * weight[:, None]
        solved = np.linalg.lstsq(columns, target[near] * weight, rcond=None)[0]
        refined = (float(solved[0]), float(solved[1]) if shifted else 0.0)
        now = _error((inverse, *refined), v, d)
        if np.sign(refined[0]) not in signs or now > error * (1 + 1e-6):
            break
        (a, b), error = refined, now
    return Alignment(inverse, a, b, error / spread)


def _error(line: tuple[bool, float, float], v: Array, d: Array) -> float:
    return float(np.median(np.abs(_inverse(*line, v) - d)))


def _inverse(inverse: bool, slope: float, shift: float, values: Array) -> Array:
    line = slope * values + shift
    with np.errstate(divide="ignore", invalid="ignore"):
        out = line if inverse else np.where(line > 0, 1 / line, 0.0)
    return np.where(np.isnan(values), np.nan, np.clip(out, 0, None))


def sampled(depth: DepthPicture, places: Array) -> Array:
    """Values at places (n, 2), in shares of the picture's width and height."""
    h, w = depth.values.shape
    x = np.clip((places[:, 0] * w).astype(int), 0, w - 1)
    y = np.clip((places[:, 1] * h).astype(int), 0, h - 1)
    return np.asarray(depth.values[y, x])
