"""What the actor's motion says: how much of it the legs explain, and whether the body turned before the camera."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import diags, eye
from scipy.sparse.linalg import spsolve

from cyclorama.core.arrays import Array
from cyclorama.matchmove.actor_fit import BodyFit
from cyclorama.matchmove.actor_motion import ActorSight

ActorWord = Literal["stands", "walks", "free"]
Stance = Literal["stands", "steps", "walks", "cut off"]

STILL_LEGS, WALKING_LEGS = 1.1, 4.0
"""Change of the legs' picture in parts of it per second: below, they stand; above, they walk. On made-up figures those
that stand change by 0.2 to 0.8 (a camera that goes around them included), those that step on the spot by 1.6 to 1.9,
those that walk at 0.95 m/s by 7 to 9."""
_QUIET_LEGS = 0.8
_TRAVEL_HZ = 2.5  # a camera on wheels shakes no faster
_BOB_HZ = 1.0  # a walk bobs twice a stride
_BOB_M = 0.008
"""Fast motion up and down, root mean square: bodies that walk bob by 0.013 to 0.015, those that stand by 0.001."""
_SITS_STILL = 0.85
"""Belief that a body without a bob, whose feet are not seen, goes nowhere: it may lean, or sit on wheels."""
_FEET_SEEN = 0.4  # of the frames, for the legs to say something
SPEED_OF_LEGS = 0.14
"""Metres a second that a body can go for every unit of change of the legs beyond what quiet ones show."""
GAIN = 0.65
"""What the turn of a round body comes out as: bodies are flatter than their outline is wide, and cloth hides the side
that comes into view. Measured on made-up figures (0.6 to 0.7)."""
OWN_TURN = 0.08
"""Standard deviation, after the gain, of a standing body's own turn and of what arms add, over a second or so."""
LOOSE_TURN = 0.25
"""The same of a body that steps, or whose feet are not seen."""
_USUAL_ORBIT = 0.5  # radians, of a camera that goes around somebody
_ORBIT_PRIOR = 0.25  # among moves that leave the actor in place
UNSEEN_ORBIT = 0.08
"""Belief left for an orbit where no turn is seen, or no more than a body's own: cloth that is glossy or plain does not
show it (a quarter of the orbits, which are a quarter of the moves that leave the actor in place)."""
_RIGID_SHARE = 0.008
"""Of the body's height: a common motion that misses half of the features by more is no motion of one body."""
_NO_FIGURE, _FIGURE, _BUST = 1.2, 2.0, 1.1
"""Height over width: of what is no upright figure from head to feet, of what is, and of what can be a cut off one."""
_GAP_ROWS = 0.3  # of the rows of the legs' lower half must show a gap for two legs
_OPEN, _CLOSED = 0.3, 0.7  # coverage of a gap and of a leg


@dataclass(frozen=True)
class Evidence:
    """``legs``: change per second (see ``STILL_LEGS``), NaN where they are not seen. ``rigid`` 0..1: moves as one body;
    ``upright`` 0..1: is a person's figure.

    ``shift`` (t, 2): radians that the point between the feet moves right and down, less what the change of size alone
    does to it; ``size`` (t,): log of the scale; ``turn`` (t,) radians; all 0 at the anchor, smooth parts and all.
    ``slow`` (t, 2): the smooth part of ``shift``; ``bob``: root mean square of fast motion up and down, radians.
    """

    stance: Stance
    legs: float
    rigid: float
    upright: float
    shift: Array
    slow: Array
    bob: float
    size: Array
    turn: Array
    turn_sigma: float
    duration_s: float


def weigh(sight: ActorSight, fit: BodyFit, focal_px: float, rate: float, hw: tuple[int, int]) -> Evidence:
    """``focal_px`` and ``hw`` of the pictures that were looked at."""
    legs = _change_of_legs(sight) * rate
    foot, size = fit.feet, np.log(fit.size)
    middle = np.array([hw[1], hw[0]]) / 2
    # Towards the actor every point leaves the middle of the picture as the actor grows.
    alone = middle + (foot[fit.anchor] - middle) * fit.size[:, None]
    shift = np.arctan((foot - middle) / focal_px) - np.arctan((alone - middle) / focal_px)
    missed = float(np.median(fit.residual)) / _RIGID_SHARE
    return Evidence(
        stance=stance_of(legs),
        legs=legs,
        rigid=1 / (1 + missed**4),
        upright=upright(sight),
        shift=shift,
        slow=smooth(shift, rate, _TRAVEL_HZ),
        bob=float((shift - smooth(shift, rate, _BOB_HZ))[:, 1].std()),
        size=smooth(size[:, None], rate, _TRAVEL_HZ)[:, 0],
        turn=fit.turn,
        turn_sigma=fit.turn_sigma,
        duration_s=len(size) / rate,
    )


def upright(sight: ActorSight) -> float:
    """Belief that the outline is a person's who stands: what is as wide as tall sits, crouches or is an animal."""
    width, height = sight.box[:, 3] - sight.box[:, 2], sight.box[:, 1] - sight.box[:, 0]
    tall = float(np.nanmedian(height / np.maximum(width, 1)))
    if sight.cut[:, 1].mean() > 1 - _FEET_SEEN:
        return float(tall > _BUST)
    return float(np.clip((tall - _NO_FIGURE) / (_FIGURE - _NO_FIGURE), 0, 1))


def _change_of_legs(sight: ActorSight) -> float:
    """Parts of the legs' picture that change from frame to frame; NaN where no legs are in most frames."""
    whole = ~sight.cut[:, 1]
    pairs = whole[1:] & whole[:-1]
    if pairs.mean() < _FEET_SEEN:
        if not two_legs(sight.legs):
            return float("nan")
        whole, pairs = np.ones(len(whole), bool), np.ones(len(pairs), bool)
    change = np.abs(np.diff(sight.legs, axis=0)).mean((1, 2))[pairs]
    return float(change.mean() / max(float(sight.legs[whole].mean()), 1e-9))


def two_legs(legs: Array) -> bool:
    """Whether the lower part of a body (t, rows, columns) shows a gap between two legs: then the knees are in it."""
    low = legs[:, legs.shape[1] // 2 :]
    solid = np.maximum.accumulate(low > _CLOSED, 2) & np.maximum.accumulate((low > _CLOSED)[..., ::-1], 2)[..., ::-1]
    return bool(((low < _OPEN) & solid).any(2).mean() > _GAP_ROWS)


def stance_of(legs: float) -> Stance:
    """``legs``: their change per second, NaN where they are not seen."""
    if np.isnan(legs):
        return "cut off"
    if legs < STILL_LEGS:
        return "stands"
    return "steps" if legs < WALKING_LEGS else "walks"


def own_way_m(legs: float, duration_s: float) -> float:
    """How far legs that change so can have carried the body."""
    return SPEED_OF_LEGS * max(legs - _QUIET_LEGS, 0.0) * duration_s


def camera_share(seen: Evidence, way_m: float, distance_m: float) -> float:
    """Belief that the camera made a way of the picture and not the actor: by what legs so quiet can have gone; where
    they are not seen, by whether the body bobs as one that walks does."""
    if np.isnan(seen.legs):
        return _SITS_STILL / (1 + (seen.bob * distance_m / _BOB_M) ** 4)
    own = own_way_m(seen.legs, seen.duration_s)
    return way_m**2 / (way_m**2 + 4 * own**2 + 1e-9)


def smooth(values: Array, rate: float, cutoff_hz: float) -> Array:
    """The slow part of (t, k): Whittaker's smoother of the second difference halves what swings at the cutoff."""
    n = len(values)
    if n < 3:
        return values.copy()
    second = diags([np.ones(n - 2), -2 * np.ones(n - 2), np.ones(n - 2)], [0, 1, 2], shape=(n - 2, n))
    stiffness = (2 - 2 * np.cos(2 * np.pi * min(cutoff_hz / rate, 0.5))) ** -2
    solved = spsolve((eye(n) + stiffness * second.T @ second).tocsc(), values)
    return np.asarray(solved).reshape(values.shape)


def net(values: Array) -> float:
    """From the first to the last, signed."""
    return float(values[-1] - values[0])


@dataclass(frozen=True)
class Sideways:
    """Shares of belief: the camera panned, trucked; what is left is an arc of both, as operators make who keep the
    actor in view. ``travel``: the mean travel, as a share of what alone would move the actor so; ``trucks``: it is
    likelier than not more of a truck."""

    pan: float
    truck: float
    travel: float
    trucks: bool


def pan_or_truck(shift: float, turn: float, turn_sigma: float, own_turn: float = OWN_TURN) -> Sideways:
    """By the body's turn: none in a pan, as much as the shift in a truck, anything in an arc, all as likely before.
    ``own_turn``: what the body may have turned by itself, radians after the gain."""
    sigma = float(np.hypot(turn_sigma, own_turn))
    wide = float(np.hypot(sigma, GAIN * _USUAL_ORBIT))
    shares = np.array([density(turn, sigma), density(turn - GAIN * shift, sigma), density(turn, wide)])
    pan, truck, arc = (shares / shares.sum()).tolist()
    around = turn / GAIN * (1 - (sigma / wide) ** 2) / shift
    return Sideways(pan, truck, truck + arc * around, truck + arc * float(around > 0.5) > 0.5)


def turned_or_orbit(turn: float, turn_sigma: float, own_turn: float = OWN_TURN) -> float:
    """Belief that the camera went around an actor who stays in place, and not the body's own turn."""
    sigma = float(np.hypot(turn_sigma, own_turn))
    wide = float(np.hypot(sigma, GAIN * _USUAL_ORBIT))
    orbit, own = _ORBIT_PRIOR * density(turn, wide), (1 - _ORBIT_PRIOR) * density(turn, sigma)
    return orbit / (orbit + own)


def density(x: float, sigma: float) -> float:
    """Student's density with four degrees of freedom: bodies surprise more often than a normal law allows."""
    return float((1 + (x / sigma) ** 2 / 4) ** -2.5 / sigma)
