"""The relight layer from a clip that another program relit: its low frequencies, and none of its detail.

With d = log(light + black), of every channel and of the luminance, the gain is exp of what the Gaussian of d changed
by, taken inside the matte alone (normalised convolution: Knutsson and Westin 1993). What the other program repainted,
moved or smoothed is finer than that, and stays the plate's; light is averaged over such detail before its logarithm is
taken, for softer detail is no more light.
"""

import cv2
import numpy as np

from cyclorama.comp.relight import BRIGHTEST_STOPS, DARKEST_STOPS, above_black, blurred, cell_px, cells_of, smooth_cells
from cyclorama.core.arrays import Array
from cyclorama.core.layers import Foreground
from cyclorama.core.lighting import BLACK, LUMINANCE

_SOLID = 0.9  # alpha of a cell and of all about it from which it begins to count
_THIN = 1e-3  # what a cell counts that lies less deep: enough where none that is deep is near
_LEAST = 1e-6
_SAME = 0.015  # change of d, 1.5 %, that is taken for none: what a codec does to a clip that nobody relit
_DETAIL_PX, _MOST_DETAIL, _SHARE = 6.0, 0.025, 0.95  # a gain leaves what is finer in d as it is, so far, in so much
_WIDER, _HALF = 2.0, 0.5
_TELLS = 0.01  # root mean square of what spill changes in d, from which a clip can show whether it is there


def relit_gain(shown: Foreground, relit: Array, strength: float) -> Array:
    """What an actor is multiplied by so that his light is the relit clip's: h' w' 4 float32, small, as ``gain_field``
    gives it; exactly 1 where nothing changed.

    ``shown``: the actor that the clip was made from. ``relit``: h w 3 float32 scene-linear, of any size of his aspect.
    """
    alpha, hw = cells_of(shown.alpha), shown.alpha.shape
    detail, sigma, weight = _DETAIL_PX / cell_px(hw), smooth_cells(hw), _weight(alpha)
    before, after = _cells(shown.color, alpha, premultiplied=True), _cells(relit, alpha)
    changed = _logs(_low(after, weight, detail)) - _logs(_low(before, weight, detail))
    limits = np.log(2.0) * np.array([DARKEST_STOPS, BRIGHTEST_STOPS])
    low = _gentle(strength * np.clip(_low(changed, weight, sigma), *limits), alpha, sigma, detail)
    return np.asarray(np.exp(_firm(above_black(low, shown), strength * _SAME)), np.float32)


def told_spill(actor: Foreground, plate: Array, relit: Array) -> tuple[float, float]:
    """Whether a relit clip has the screen's spill on the actor, as two sums (of several frames: add them up): their
    quotient is 1 where it has it all, 0 where it has none. The second is 0 where there is too little to tell."""
    alpha = cells_of(actor.alpha)
    weight, own = _weight(alpha), _logs(_cells(actor.color, alpha, premultiplied=True))
    spill, other = (_logs(_cells(p, alpha)) - own for p in (plate, relit))
    sigma = smooth_cells(actor.alpha.shape)
    spill, other = (d - _low(d, weight, sigma) for d in (spill, other))
    power = float((weight[..., None] * spill**2).sum())
    if power < _TELLS**2 * max(float(weight.sum()), _LEAST):
        return 0.0, 0.0
    return float((weight[..., None] * spill * other).sum()), power


def likeness(actor: Foreground, relit: Array) -> float:
    """How well the detail of a relit clip agrees with the actor's, -1..1: correlation of what is finer than the gain in
    the luminance. 1 where the actor has none, or is too thin to tell; 0 where the clip has none."""
    alpha = cells_of(actor.alpha)
    weight = _weight(alpha)
    fine = (_logs(_cells(actor.color, alpha, premultiplied=True))[..., 3:], _logs(_cells(relit, alpha))[..., 3:])
    own, other = ((d - _low(d, weight, smooth_cells(actor.alpha.shape)))[..., 0] for d in fine)
    mixed, ours, theirs = (float((weight * p * q).sum()) for p, q in ((own, other), (own, own), (other, other)))
    least = _TELLS**2 * max(float(weight.sum()), _LEAST)
    if ours < least:
        return 1.0
    return mixed / float(np.sqrt(ours * theirs)) if theirs > least else 0.0


def _cells(picture: Array, alpha: Array, *, premultiplied: bool = False) -> Array:
    """A picture, h w 3 of any size, in the cells of ``alpha``, straight."""
    cells = cv2.resize(picture, alpha.shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(cells / np.maximum(alpha, np.float32(_LEAST))[..., None] if premultiplied else cells)


def _logs(cells: Array) -> Array:
    """d of red, green, blue and luminance: h' w' 4."""
    both = np.concatenate([cells, (cells @ LUMINANCE)[..., None]], -1)
    return np.asarray(np.log(np.maximum(both, 0) + BLACK), np.float32)


def _weight(alpha: Array) -> Array:
    """1 well inside the actor, 0 where less than a cell is his."""
    about = cv2.erode(alpha, np.ones((3, 3), np.uint8), borderType=cv2.BORDER_REPLICATE)
    deep, own = (np.clip((a - _SOLID) / (1 - _SOLID), 0, 1) for a in (about, alpha))
    return np.asarray(np.maximum(deep, _THIN * own), np.float32)


def _low(values: Array, weight: Array, sigma: float) -> Array:
    """The Gaussian of values inside a weight; far from it their mean; 0 where there is no weight at all."""
    total = max(float(weight.sum()), _LEAST)
    mean = (values * weight[..., None]).sum((0, 1)) / total
    below = blurred(weight, sigma) + np.float32(_LEAST)
    planes = [blurred((values[..., c] - mean[c]) * weight, sigma) / below + mean[c] for c in range(values.shape[-1])]
    return np.asarray(np.stack(planes, -1), np.float32)


def _gentle(low: Array, alpha: Array, sigma: float, detail: float) -> Array:
    """A change, smoother where the light falls off so fast that it would be detail."""
    steep = _detail(low[..., 3], alpha, detail)
    if steep <= _MOST_DETAIL:
        return low
    wide = _low(low, _weight(alpha), _WIDER * sigma)
    least = _detail(wide[..., 3], alpha, detail)
    if least < _MOST_DETAIL:
        return wide + (low - wide) * np.float32((_MOST_DETAIL - least) / (steep - least))
    mean = (wide * alpha[..., None]).sum((0, 1)) / alpha.sum()
    return np.asarray(mean + (wide - mean) * np.float32(_MOST_DETAIL / least), np.float32)


def _detail(plane: Array, alpha: Array, sigma: float) -> float:
    """How much of a plane is finer than what a gain may change, in 95 % of the actor."""
    inside = (alpha > _HALF).astype(np.float32)
    rest = np.abs(plane - blurred(plane * inside, sigma) / (blurred(inside, sigma) + np.float32(_LEAST)))
    return float(np.quantile(rest[inside > 0], _SHARE)) if inside.any() else 0.0


def _firm(change: Array, none: float) -> Array:
    """Firm shrinkage (Gao and Bruce 1997): nothing up to a change that is taken for none, itself from twice that."""
    size = np.abs(change)
    return np.asarray(np.sign(change) * np.clip(2 * (size - none), 0, size))
