"""What training does to the foreground so that the model learns to undo it: wrong light, wrong mattes.

PAI-Studio (arXiv 2606.01399) perturbs the foreground's light; its published inputs show clip-constant casts, exposure,
contrast and one local flare, its operators and ranges are not known: those below are ours. Actors are t h w 3
float32, scene-linear, premultiplied; alphas t h w, 0..1.
"""

import numpy as np

from cyclorama.core.arrays import Array
from cyclorama.core.lighting import LUMINANCE

_EXPOSURE_STOPS = 1.2
_CAST_STOPS = 0.9
"""Of each channel on its own: orange, red, violet, olive."""
_CONTRAST = (0.6, 1.5)
_MIDDLE_GREY = 0.18
_GRADIENT_STOPS = 1.5
_FLARE = 0.5
_SHARE = 0.5
"""Of samples that each operator takes part in."""
_PAINT = np.array([0.1, 1.0, 0.1], np.float32)
"""Linear colour of a proxy of luminance 1 in the truth."""
_UNSEEN = 0.6
_MOVING = 0.3
"""Of perturbations whose strength changes over the clip."""


def perturbed(actor: Array, alpha: Array, rng: np.random.Generator) -> Array:
    """The actor under another light: casts, exposure, contrast, a directional gradient, a local flare."""
    steps = np.linspace(0, 1, len(actor), dtype=np.float32)
    swing = rng.uniform(-1, 1, 2) if rng.random() < _MOVING else np.ones(2)
    strength = (swing[0] + (swing[1] - swing[0]) * steps).astype(np.float32)[:, None, None, None]
    stops = np.zeros((1, *actor.shape[1:3], 3), np.float32)
    if rng.random() < _SHARE:
        stops = stops + rng.uniform(-_EXPOSURE_STOPS, _EXPOSURE_STOPS)
    if rng.random() < _SHARE:
        stops = stops + rng.uniform(-_CAST_STOPS, _CAST_STOPS, 3).astype(np.float32)
    if rng.random() < _SHARE:
        stops = stops + _GRADIENT_STOPS * rng.uniform(0.3, 1) * _slope(actor.shape[1:3], rng)
    out = actor * np.exp2(strength * stops)
    if rng.random() < _SHARE:
        out = _contrasted(out, alpha, float(rng.uniform(*_CONTRAST)))
    if rng.random() < 0.3 * _SHARE:
        out = out + _flare(actor.shape[1:3], rng) * np.maximum(strength, 0) * alpha[..., None]
    return out.astype(np.float32)


def broken(actor: Array, alpha: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    """Actor and alpha of an imperfect matte: a hole, a lost limb or a false occluder, the same place all along."""
    _, h, w = alpha.shape
    covered = np.argwhere(alpha.max(0) > 0.5)
    if not len(covered):
        return actor, alpha
    y, x = covered[rng.integers(len(covered))]
    rows, columns = np.mgrid[:h, :w]
    reach = rng.uniform(0.05, 0.15) * h
    kind = rng.integers(3)
    if kind == 0:  # a hole
        gone = (rows - y) ** 2 + (columns - x) ** 2 < reach**2
    elif kind == 1:  # a limb: everything beyond a line through the point
        angle = rng.uniform(0, 2 * np.pi)
        depth = (rows - y) * np.sin(angle) + (columns - x) * np.cos(angle)
        gone = (depth > 0) & (depth < 2 * reach)
    else:  # something of one colour taken for the actor
        box = (np.abs(rows - y) < reach) & (np.abs(columns - x - rng.uniform(-2, 2) * reach) < reach)
        return np.where(box[..., None], rng.uniform(0.02, 0.6, 3), actor).astype(np.float32), np.where(box, 1.0, alpha)
    keep = (~gone).astype(np.float32)
    return actor * keep[..., None], alpha * keep


def part_of(alpha: Array, rng: np.random.Generator) -> Array:
    """A part of the actor that plays a prop: what lies beyond a line through it, the same line all along; t h w bool as
    float32."""
    covered = np.argwhere(alpha.max(0) > 0.5)
    if not len(covered):
        return np.zeros_like(alpha)
    y, x = covered[rng.integers(len(covered))]
    angle = rng.uniform(0, 2 * np.pi)
    rows, columns = np.mgrid[: alpha.shape[1], : alpha.shape[2]]
    beyond = (rows - y) * np.sin(angle) + (columns - x) * np.cos(angle) > 0
    return np.broadcast_to(beyond, alpha.shape).astype(np.float32)


def turned_away(thw: tuple[int, ...], rng: np.random.Generator) -> Array:
    """What pictures show of a place that the camera turns away from: t h w float32, 0 on a side that grows over the
    clip to at most ``_UNSEEN`` of the picture (our choice)."""
    t, h, w = thw
    grown = np.linspace(0, rng.uniform(0, _UNSEEN), t)[:: int(rng.choice((-1, 1)))]
    along = np.linspace(0, 1, (h, w)[axis := int(rng.integers(2))])[:: int(rng.choice((-1, 1)))]
    seen = (along[None] >= grown[:, None]).astype(np.float32)
    return np.ascontiguousarray(np.broadcast_to(seen[:, :, None] if axis == 0 else seen[:, None], thw))


def as_proxy(actor: Array, proxy: Array) -> Array:
    """The actor, painted green where ``proxy`` is 1: its shading tells its shape, its colours are gone (the green props
    of Cinematic Compositing; the paint is ours)."""
    shading = (actor @ LUMINANCE.astype(np.float32))[..., None] * _PAINT
    return np.asarray(actor + proxy[..., None] * (shading - actor), np.float32)


def window(hw: tuple[int, int], rng: np.random.Generator) -> Array:
    """A box that leaves 60-90 % of the picture masked (DynaScene): h w bool, True where the picture is kept."""
    kept = rng.uniform(0.1, 0.4)
    tall = float(np.clip(np.sqrt(kept) * rng.uniform(0.7, 1.4), kept, 1.0))
    h, w = max(1, round(hw[0] * tall)), max(1, round(hw[1] * kept / tall))
    top, left = rng.integers(hw[0] - h + 1), rng.integers(hw[1] - w + 1)
    out = np.zeros(hw, bool)
    out[top : top + h, left : left + w] = True
    return out


def _slope(hw: tuple[int, int], rng: np.random.Generator) -> Array:
    """A plane of mean 0 in -1..1 rising in a random direction, h w 1."""
    rows, columns = (np.linspace(-1, 1, n, dtype=np.float32) for n in hw)
    angle = rng.uniform(0, 2 * np.pi)
    plane = np.sin(angle) * rows[:, None] + np.cos(angle) * columns[None]
    return (plane / (abs(np.sin(angle)) + abs(np.cos(angle))))[..., None].astype(np.float32)


def _contrasted(actor: Array, alpha: Array, power: float) -> Array:
    """Straight colours raised to a power around middle grey."""
    straight = np.maximum(actor, 0) / np.maximum(alpha, 1e-3)[..., None]
    return np.where(alpha[..., None] > 1e-3, _MIDDLE_GREY * (straight / _MIDDLE_GREY) ** power, 0) * alpha[..., None]


def _flare(hw: tuple[int, int], rng: np.random.Generator) -> Array:
    """A warm blob of light, h w 3."""
    h, w = hw
    rows, columns = np.mgrid[:h, :w]
    y, x, reach = rng.uniform(0, h), rng.uniform(0, w), rng.uniform(0.1, 0.4) * h
    blob = np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / (2 * reach**2))
    return (_FLARE * rng.uniform(0.3, 1) * blob[..., None] * np.array([1.0, 0.7, 0.3])).astype(np.float32)
