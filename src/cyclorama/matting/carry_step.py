"""Carries one mask to the next frame by motion, colours, the background seen before and the given frame."""

from dataclasses import dataclass

import cv2
import numpy as np
from numba import njit

from cyclorama.core.arrays import Array
from cyclorama.core.display import code8_from_linear
from cyclorama.matting.colour_model import ColourModel, Sample, learn
from cyclorama.matting.cut import cut
from cyclorama.matting.flow import background_flow, dense_flow, layer_flow, length, pixel_grid, push, read_at

_TILE_PX = 24.0
"""Side of the tiles that learn the colours along the edge."""
_WHOLE_PX = 1e6
"""A tile side that puts the whole picture in one tile."""
_NEAR, _ANYWHERE, _SHAPE, _REGISTERED, _STATIC, _BEHIND, _SMOOTH = 1.0, 0.7, 1.0, 2.0, 2.0, 1.5, 1.5
"""Say of each evidence, in log odds, and the cut's smoothness."""
_EDGE_PX = 1.2
"""How far off a carried edge may be where the flow agrees both ways; where it does not, by so much further."""
_MOST = 4.0
"""No shape is surer than these log odds."""
_REACH = 0.5
"""Beyond this distance from the carried shape, as a share of the actor's size, finding the actor grows unlikely."""
_FAR = 8.0
"""Log odds taken off for each such distance beyond it."""
_RARE = 0.02
"""No colour is surer than this chance of being wrong."""
_ALIKE = 10.0
"""Lab codes of difference under which a pixel shows the remembered background, over which it shows something else."""
_PATCH = 12.0
"""Summed Lab codes of difference at which a match with the given frame is worth exp(-1/2)."""
_LAYERS = 3.0
"""Say of the question which layer's motion explains a pixel."""
_MOVED = 0.3
"""Pixels that have moved with the background for more than this (see ``_moves_as_background``) do not say how the actor
moves."""
_RIM_SHARE = 0.05
"""Say of a pixel by the edge in its layer's flow, which dense flow blurs over the edge."""
_LAYER_CODES = 12.0
"""Summed Lab codes of difference by which one layer explains a pixel better, worth 1 in log odds."""
_HIDDEN = 24.0
"""Cost, in the same codes, of a place that the other layer hid in the frame before."""
_DECAY = 0.85
"""What is left of the memory of having moved with the background, a frame later."""
_KNOWN = 0.2
"""A background trusted more than this is learnt anew slowly."""
_LEARN = 0.1
"""How much of a colour that a trusted background does not have is taken into it."""
_FORGET = 0.98
"""What is left of the trust in a background that is hidden, a frame later."""
_LEAST_PART = 0.05
"""A part of the mask smaller than this share of the largest is dropped."""
_GONE_PX = 12
"""With fewer pixels the actor has left the picture or is hidden."""


@dataclass(frozen=True)
class Codes:
    """A frame as the analysis sees it: ``lab`` h w 3 and ``grey`` h w, uint8."""

    lab: Array
    grey: Array


def codes_of(frame: Array) -> Codes:
    """``frame``: h w 3 float32 scene-linear."""
    rgb = code8_from_linear(frame)
    return Codes(cv2.cvtColor(rgb, cv2.COLOR_RGB2LAB), cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY))


@dataclass(frozen=True)
class Given:
    """What a given mask teaches: its frame, its mask (h w float32) and how often each colour is whose."""

    codes: Codes
    mask: Array
    colours: ColourModel


@dataclass(frozen=True)
class State:
    """What is known at a frame. ``mask``: h w 0..1. ``places``: of its pixels in the given frame, h w 2. ``behind``:
    the background's Lab, h w 3 float32, and ``trust`` in it, h w 0..1. ``static``: how long each pixel has moved as the
    background does, h w. ``confidence``: 0..1."""

    codes: Codes
    mask: Array
    places: Array
    behind: Array
    trust: Array
    static: Array
    confidence: float


@dataclass(frozen=True)
class _Motion:
    """From the new frame to the one before: the picture's flow and the background's; ``astray``: how far the flow back
    misses, pixels; ``forward``: flow from the frame before."""

    flow: Array
    background: Array
    astray: Array
    forward: Array


def begin(codes: Codes, mask: Array) -> tuple[Given, State]:
    """The start at a given mask (h w float32, 0..1, at the analysis's size)."""
    grid = pixel_grid(mask.shape)
    given = Given(codes, mask, learn([Sample(codes.lab, mask, grid)], _WHOLE_PX))
    trust = cv2.erode((mask < 0.5).astype(np.float32), np.ones((5, 5)))
    return given, State(codes, mask, grid, codes.lab.astype(np.float32), trust, np.zeros_like(mask), 1.0)


def step(given: Given, state: State, codes: Codes, behind: Array) -> State:
    """The state at ``codes``, the frame beside ``state``'s. A frame that repeats it changes nothing.

    ``behind``: what frames further off say, h w log odds of the actor.
    """
    if np.array_equal(codes.lab, state.codes.lab):
        return state
    grid = pixel_grid(state.mask.shape)
    motion = _motion(state, codes, grid)
    carried = _carried(state.mask, motion, grid)
    places, match = _register(given, state, codes, motion, grid)
    static = _moves_as_background(state, motion, carried, grid)
    seen = grid + motion.background
    trust = read_at(state.trust, seen, outside=0.0)
    evidence = _SHAPE * _shape(carried, motion.astray) + _BEHIND * behind
    evidence += _colours(given, Sample(given.codes.lab, given.mask, places), state, codes, grid + motion.flow)
    differs, against = _against_background(state.behind, codes, motion, seen)
    evidence += trust * against - _STATIC * static * (1 - trust * np.maximum(differs, 0))
    evidence += _LAYERS * _layers(state, codes, motion, carried * (static < _MOVED), grid)
    evidence += _REGISTERED * match * (2 * read_at(given.mask, places) - 1)
    mask = _whole_parts(cut(evidence, codes.lab, carried, _SMOOTH))
    bare = cv2.erode((mask < 0.1).astype(np.float32), np.ones((5, 5)))
    remembered = read_at(state.behind, seen)
    remembered += (bare * np.where((differs > 0) & (trust > _KNOWN), _LEARN, 1))[..., None] * (codes.lab - remembered)
    confidence = _confidence(mask, motion.astray, match) if mask.any() else 0.0
    return State(codes, mask, places, remembered, np.maximum(_FORGET * trust, bare), static, confidence)


def _motion(state: State, codes: Codes, grid: Array) -> _Motion:
    flow = dense_flow(codes.grey, state.codes.grey)
    forward = dense_flow(state.codes.grey, codes.grey)
    astray = length(read_at(forward, grid + flow) + flow)
    background = background_flow(flow, read_at(state.mask, grid + flow))
    return _Motion(flow, background, astray, forward)


def _carried(mask: Array, motion: _Motion, grid: Array) -> Array:
    """The mask pulled along the flow; where that is astray, no more of it than is pushed there (the flow smears the
    actor over the background it reveals)."""
    pulled = read_at(mask, grid + motion.flow)
    pushed = np.minimum(1.5 * cv2.blur(push(mask, motion.forward), (3, 3)), 1.0)
    doubt = np.clip((motion.astray - 1) / 2, 0, 1)
    return np.asarray(pulled - doubt * (pulled - np.minimum(pulled, pushed)), np.float32)


def _shape(carried: Array, astray: Array) -> Array:
    """Log odds by the distance to the carried edge."""
    inside = (carried > 0.5).astype(np.uint8)
    if not inside.any():
        return np.full_like(carried, -_MOST)
    distance = cv2.distanceTransform(inside, cv2.DIST_L2, 3) - cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
    reach = _REACH * float(np.sqrt(inside.sum()))
    far = np.maximum(-distance - reach, 0) / reach
    return np.asarray(np.clip(distance / (_EDGE_PX + np.minimum(astray, 10)), -_MOST, _MOST) - _FAR * far)


def _register(given: Given, state: State, codes: Codes, motion: _Motion, grid: Array) -> tuple[Array, Array]:
    """Places in the given frame, the better of chained and found anew, and how good the match is, 0..1."""
    chained = read_at(state.places, grid + motion.flow)
    direct = grid + dense_flow(codes.grey, given.codes.grey, chained - grid)
    costs = [_patch_cost(codes.lab, given.codes.lab, places) for places in (chained, direct)]
    better = cv2.medianBlur((costs[1] < costs[0]).astype(np.uint8), 5)
    places = np.where(better[..., None] > 0, direct, chained)
    match = np.exp(-0.5 * (np.where(better > 0, costs[1], costs[0]) / _PATCH) ** 2)
    limit = np.array(codes.grey.shape[::-1], np.float32) - 1
    return places, np.asarray(match * ((places > 0) & (places < limit)).all(-1), np.float32)


def _patch_cost(lab: Array, other: Array, places: Array) -> Array:
    apart = cv2.absdiff(read_at(other, places), lab).sum(-1, dtype=np.float32)
    return np.asarray(cv2.GaussianBlur(apart, (0, 0), 2.0))


def _moves_as_background(state: State, motion: _Motion, carried: Array, grid: Array) -> Array:
    """A running mean of -1/4 (moves otherwise) to 3/2 (moves with the background), where the actor is on the move."""
    apart = length(motion.flow - motion.background)
    core = carried > 0.9
    speed = float(np.median(apart[core])) if core.any() else 0.0
    strength = min(max(speed - 0.5, 0.0) / 1.5, 1.0)
    now = 2 * np.exp(-0.5 * (apart / max(0.5, 0.35 * speed)) ** 2) - 0.5
    mean = _DECAY * read_at(state.static, grid + motion.flow) + (1 - _DECAY) * strength * now
    return np.asarray(np.maximum(mean, -0.25), np.float32)


def _layers(state: State, codes: Codes, motion: _Motion, carried: Array, grid: Array) -> Array:
    """Log odds by which layer's own motion leads to a pixel of that layer and of that colour in the frame before."""
    inside = (carried > 0.5).astype(np.uint8)
    sure = np.where(motion.astray < 1.5, np.where(cv2.erode(inside, np.ones((5, 5))) > 0, 1, _RIM_SHARE), 0) * inside
    own = grid + layer_flow(motion.flow, sure.astype(np.float32))
    other = grid + motion.background
    costs = []
    for places, mask in ((own, state.mask), (other, 1 - state.mask)):
        apart = cv2.absdiff(read_at(state.codes.lab, places), codes.lab).sum(-1, dtype=np.float32)
        of_layer = read_at(mask, places)
        cost = np.minimum(apart, 2 * _HIDDEN) * of_layer + (1 - of_layer) * _HIDDEN
        costs.append(cv2.GaussianBlur(cost, (0, 0), 1.0))
    return np.asarray(np.clip((costs[1] - costs[0]) / _LAYER_CODES, -2, 2), np.float32)


def _colours(given: Given, anchor: Sample, state: State, codes: Codes, places: Array) -> Array:
    """Log odds of the actor by colour: near the pixel's place, of the frame before and the given one, and anywhere."""
    near = learn([Sample(state.codes.lab, state.mask, places), anchor], _TILE_PX).look_up(codes.lab)
    whole = given.colours.look_up(codes.lab)
    actor = whole[..., 0] / given.mask.sum() + 1e-5
    anywhere = actor / (actor + whole[..., 1] / (1 - given.mask).sum() + 1e-5)
    here = (near[..., 0] + anywhere) / (near.sum(-1) + 1)
    return np.asarray(_NEAR * _log_odds(here) + _ANYWHERE * _log_odds(anywhere), np.float32)


def _log_odds(chance: Array) -> Array:
    held = np.clip(chance, _RARE, 1 - _RARE)
    return np.asarray(np.log(held / (1 - held)))


def _against_background(behind: Array, codes: Codes, motion: _Motion, seen: Array) -> tuple[Array, Array]:
    """How far a pixel is from the remembered background, -1..1; and log odds: -3 where that is seen and moves as it
    should, 1.5 where it is not seen."""
    apart = np.empty(codes.grey.shape, np.float32)
    least_apart(codes.lab, behind, seen, apart)
    differs = np.clip(cv2.blur(apart, (3, 3)) / _ALIKE - 1, -1, 1)
    agree = np.exp(-0.5 * length(motion.flow - motion.background) ** 2)
    return differs, np.asarray(differs * np.where(differs < 0, 3 * (0.3 + 0.7 * agree), 1.5), np.float32)


@njit(cache=True, nogil=True)
def least_apart(lab: Array, other: Array, places: Array, out: Array) -> None:
    """Least distance in Lab (lightness counts a third of colour) to the 3 x 3 pixels around a place."""
    h, w = out.shape
    for i in range(h):
        for j in range(w):
            x, y = int(np.floor(places[i, j, 0] + 0.5)), int(np.floor(places[i, j, 1] + 0.5))
            best = np.float32(3e5)
            for b in range(max(y - 1, 0), min(y + 2, h)):
                for a in range(max(x - 1, 0), min(x + 2, w)):
                    lightness = np.float32(lab[i, j, 0]) - other[b, a, 0]
                    green, blue = np.float32(lab[i, j, 1]) - other[b, a, 1], np.float32(lab[i, j, 2]) - other[b, a, 2]
                    best = min(best, np.float32(0.5) * lightness**2 + np.float32(1.5) * (green**2 + blue**2))
            out[i, j] = np.sqrt(best)


def _whole_parts(mask: Array) -> Array:
    """Without the parts much smaller than the largest; nothing where nearly nothing is left."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats((mask > 0.5).astype(np.uint8), connectivity=8)
    area = stats[:, cv2.CC_STAT_AREA]
    largest = area[1:].max(initial=0)
    if largest < _GONE_PX:
        return np.zeros_like(mask)
    kept = area >= _LEAST_PART * largest
    kept[0] = True
    return np.where(kept[labels], mask, 0).astype(np.float32)


def _confidence(mask: Array, astray: Array, match: Array) -> float:
    """Share of the actor whose motion agrees both ways, or which is still recognised from the given frame."""
    return float(((astray < 1) | (match > 0.5))[mask > 0.5].mean()) if (mask > 0.5).any() else 0.0
